/* A guess at the encoding of text that does not say. Bytes with the high bit stand alone between
 * ASCII letters in Latin scripts and in runs in all others; that splits the candidates. */
#include <string.h>

#include "base/macros.h"
#include "worker/charset.h"

#define SAMPLE 16384 /* bytes that the statistics look at */
#define ENOUGH 4     /* characters beyond ASCII, without which an East Asian guess is none */

/* What is seen of one encoding of two bytes. */
struct pairs {
    unsigned bad, pairs, common, special;
};

/* ---- UTF ---- */

static bool is_utf8 (const uint8_t *p, size_t length, bool is_cut)
{
    const char *end;
    if (g_utf8_validate ((const char *) p, (gssize) length, &end))
        return true;
    size_t left = length - (size_t) (end - (const char *) p);
    return is_cut && left < 4 && g_utf8_get_char_validated (end, (gssize) left) == (gunichar) -2;
}

/* Text in UTF-16 has many characters below 256, whose upper byte is zero. */
static const char *utf16_name (const uint8_t *p, size_t length)
{
    size_t zeros[2] = { 0, 0 }, n = MIN (length, SAMPLE) & ~(size_t) 1;
    for (size_t i = 0; i < n; i++)
        zeros[i & 1] += !p[i];
    if (n < 8)
        return NULL;
    if (zeros[1] * 3 > n / 2 && !zeros[0])
        return "UTF-16LE";
    return zeros[0] * 3 > n / 2 && !zeros[1] ? "UTF-16BE" : NULL;
}

/* ---- two bytes ---- */

static bool within (uint8_t c, uint8_t low, uint8_t high)
{
    return c >= low && c <= high;
}

/* Whether `a` begins a pair, and what the pair `a` `b` is. */
typedef bool lead_fn (uint8_t a);
typedef void judge_fn (uint8_t a, uint8_t b, struct pairs *s);

static bool lead_euc (uint8_t a)
{
    return within (a, 0xa1, 0xfe) || a == 0x8e;
}

static bool lead_double (uint8_t a)
{
    return within (a, 0x81, 0xfe);
}

static bool lead_sjis (uint8_t a)
{
    return within (a, 0x81, 0x9f) || within (a, 0xe0, 0xfc);
}

/* Special: kana, of which Japanese is full. */
static void judge_euc_jp (uint8_t a, uint8_t b, struct pairs *s)
{
    s->bad += !within (b, 0xa1, 0xfe);
    s->special += a == 0xa4 || a == 0xa5;
    s->common += within (a, 0xa1, 0xa5) || within (a, 0xb0, 0xcf);
}

static void judge_sjis (uint8_t a, uint8_t b, struct pairs *s)
{
    bool is_kana = (a == 0x82 && b >= 0x9f) || a == 0x83;
    s->bad += !within (b, 0x40, 0xfc) || b == 0x7f;
    s->special += is_kana;
    s->common += is_kana || a == 0x81 || within (a, 0x88, 0x97);
}

/* Special: syllables, which take the lower half of what Chinese uses. */
static void judge_euc_kr (uint8_t a, uint8_t b, struct pairs *s)
{
    s->bad += !within (b, 0xa1, 0xfe);
    s->special += within (a, 0xb0, 0xc8);
    s->common += within (a, 0xb0, 0xc8) || a == 0xa1;
}

/* Special: characters of the first level beyond those where Korean has its syllables. */
static void judge_gb (uint8_t a, uint8_t b, struct pairs *s)
{
    bool is_four = within (b, 0x30, 0x39);
    s->bad += !is_four && (b < 0x40 || b == 0x7f || b == 0xff);
    bool is_first_level = within (a, 0xb0, 0xd7) && b >= 0xa1;
    s->special += is_first_level && a > 0xc8;
    s->common += is_first_level || (a == 0xa1 && b >= 0xa1) || (a == 0xa3 && b >= 0xa1);
}

static void judge_big5 (uint8_t a, uint8_t b, struct pairs *s)
{
    s->bad += !(within (b, 0x40, 0x7e) || within (b, 0xa1, 0xfe));
    s->special += within (b, 0x40, 0x7e);
    s->common += within (a, 0xa4, 0xc6) || a == 0xa1;
}

/* Percents of the pairs that must be common and special, and the most that may be special. */
static const struct east {
    const char *name;
    lead_fn *is_lead;
    judge_fn *judge;
    uint8_t common, special, most_special;
} easts[] = {
    { "EUC-JP", lead_euc, judge_euc_jp, 85, 25, 100 },
    { "EUC-KR", lead_euc, judge_euc_kr, 90, 60, 100 },
    { "Shift_JIS", lead_sjis, judge_sjis, 80, 20, 100 },
    { "GB18030", lead_double, judge_gb, 75, 8, 100 },
    { "Big5", lead_double, judge_big5, 80, 10, 80 },
};

static bool fits (const struct east *row, const uint8_t *p, size_t length)
{
    struct pairs s = { 0 };
    size_t i = 0;
    while (i + 1 < length) {
        if (p[i] < 0x80) {
            i++;
        } else if (row->is_lead (p[i])) {
            row->judge (p[i], p[i + 1], &s);
            s.pairs++;
            i += 2;
        } else {
            /* half-width kana of Shift_JIS, or nothing */
            s.bad += !(row->judge == judge_sjis && within (p[i], 0xa1, 0xdf));
            i++;
        }
    }
    return s.pairs >= ENOUGH && s.bad * 200 <= s.pairs && s.common * 100 >= s.pairs * row->common &&
           s.special * 100 >= s.pairs * row->special &&
           s.special * 100 <= s.pairs * row->most_special;
}

/* ---- one byte ---- */

/* The letters beyond ASCII that are frequent in what is written in the encoding. */
static const struct west {
    const char *name, *letters;
    bool is_dense; /* a script of its own */
} wests[] = {
    { "windows-1251", "оеаинтсрвлкмдпуяыьгзбчйОЕАИНТСРВЛКМДПіїє", true },
    { "KOI8-R", "оеаинтсрвлкмдпуяыьгзбчйОЕАИНТСРВЛКМДП", true },
    { "IBM866", "оеаинтсрвлкмдпуяыьгзбчйОЕАИНТСРВЛКМДП", true },
    { "ISO-8859-5", "оеаинтсрвлкмдпуяыьгзбчйОЕАИНТСРВЛКМДП", true },
    { "windows-1253", "αοιετσνηυρπκμλωάίόήέύώΑΟΙΕΤΣΝ", true },
    { "windows-1255", "יוהלאתרמבשנםעכדקחפץןףךצגזטס", true },
    { "windows-1256", "ايلمنوترةبسعدكهفقحأىشج", true },
    { "windows-874", "านรอกเงยมลวดทสตะปบคหแจพชขใไโั่้ิีืึุูำ์", true },
    { "windows-1252", "éèàùâêîôûçëïüöäßñáíóúåæøãõìòœ’“”–«»°§©®ÄÖÜÉÅØ€", false },
    { "windows-1250", "ąćęłńóśźżáčďéěíňřšťúůýžőűöüľĺŕăîşţŁŚŻČŠŽŘ’„”–", false },
    { "ISO-8859-2", "ąćęłńóśźżáčďéěíňřšťúůýžőűöüľĺŕăîşţŁŚŻČŠŽŘ", false },
    { "windows-1254", "ğışçöüİĞŞÇÖÜâ’“”", false },
};

/* How well decoded text looks: frequent letters count, signs within words count against it. */
static int score (const struct west *row, const char *text)
{
    int points = 0;
    gunichar before = ' ';
    for (const char *p = text; *p; p = g_utf8_next_char (p)) {
        gunichar c = g_utf8_get_char (p);
        bool is_broken =
            g_unichar_isalpha (before) && g_unichar_islower (before) && g_unichar_isupper (c);
        if (c >= 0x80) {
            bool is_frequent = g_utf8_strchr (row->letters, -1, c) != NULL;
            points += is_frequent ? 3 : g_unichar_isalpha (c) ? 0 : -1;
            points -= c == 0xfffd || (c < 0xa0) ? 20 : 0;
            points -= is_broken ? 6 : 0;
        }
        before = c;
    }
    return points;
}

static const char *best_west (const uint8_t *p, size_t length, bool is_dense)
{
    const char *best = NULL;
    int best_points = 0;
    for (size_t i = 0; i < N_ELEMENTS (wests); i++) {
        if (wests[i].is_dense != is_dense)
            continue;
        g_autoptr (GString) text = g_string_new (NULL);
        charset_convert (charset_find (wests[i].name, strlen (wests[i].name)), p,
                         MIN (length, 4096), SIZE_MAX / 2, text);
        int points = score (&wests[i], text->str);
        if (points > best_points) {
            best = wests[i].name;
            best_points = points;
        }
    }
    return best;
}

/* ---- all of it ---- */

static bool has_range (const uint8_t *p, size_t length, uint8_t low, uint8_t high)
{
    for (size_t i = 0; i < length; i++)
        if (within (p[i], low, high))
            return true;
    return false;
}

/* High bytes mostly have a high neighbour. */
static bool is_dense (const uint8_t *p, size_t length)
{
    size_t high = 0, paired = 0;
    for (size_t i = 0; i < length; i++) {
        bool has_neighbour = (i && p[i - 1] >= 0x80) || (i + 1 < length && p[i + 1] >= 0x80);
        high += p[i] >= 0x80;
        paired += p[i] >= 0x80 && has_neighbour;
    }
    return paired * 10 >= high * 6;
}

static const char *eight_bit_name (const uint8_t *p, size_t length)
{
    bool dense = is_dense (p, length);
    for (size_t i = 0; dense && i < N_ELEMENTS (easts); i++)
        if (fits (&easts[i], p, length))
            return easts[i].name;
    const char *name = best_west (p, length, dense);
    if (!name)
        name = best_west (p, length, !dense);
    if (name && !strcmp (name, "windows-1252") && !has_range (p, length, 0x80, 0x9f))
        return "ISO-8859-1";
    return name;
}

/* The part of a long text that begins a little before its first byte beyond ASCII. */
static size_t sample_start (const uint8_t *p, size_t length)
{
    size_t i = 0;
    while (i < length && p[i] < 0x80)
        i++;
    return i > 64 ? i - 64 : 0;
}

const struct charset *charset_detect (const uint8_t *bytes, size_t length, bool is_cut)
{
    size_t mark;
    const struct charset *marked = charset_of_mark (bytes, length, &mark);
    const char *name = marked ? NULL : utf16_name (bytes, length);
    if (marked)
        return marked;
    if (!name && is_utf8 (bytes, length, is_cut)) {
        bool is_jis = memmem (bytes, length, "\x1b$B", 3) && memmem (bytes, length, "\x1b(", 2);
        bool is_ascii = !has_range (bytes, length, 0x80, 0xff);
        name = !is_ascii ? "UTF-8" : is_jis ? "ISO-2022-JP" : "US-ASCII";
    }
    if (!name) {
        size_t start = sample_start (bytes, length);
        name = eight_bit_name (bytes + start, MIN (length - start, SAMPLE));
    }
    return name ? charset_find (name, strlen (name)) : NULL;
}
