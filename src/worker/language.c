/* Scripts and small words. The words are data, in language_words.def. */
#include "worker/language.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <glib.h>

#include "base/macros.h"

#define LANGUAGES(X)                                                                               \
    X (EN, "en")                                                                                   \
    X (DE, "de")                                                                                   \
    X (FR, "fr")                                                                                   \
    X (ES, "es")                                                                                   \
    X (IT, "it")                                                                                   \
    X (PT, "pt")                                                                                   \
    X (NL, "nl")                                                                                   \
    X (SV, "sv")                                                                                   \
    X (DA, "da")                                                                                   \
    X (NB, "nb")                                                                                   \
    X (FI, "fi")                                                                                   \
    X (PL, "pl")                                                                                   \
    X (CS, "cs")                                                                                   \
    X (HU, "hu")                                                                                   \
    X (RO, "ro")                                                                                   \
    X (TR, "tr")                                                                                   \
    X (VI, "vi")                                                                                   \
    X (ID, "id")                                                                                   \
    X (CA, "ca")                                                                                   \
    X (ET, "et")                                                                                   \
    X (LT, "lt")                                                                                   \
    X (LV, "lv")                                                                                   \
    X (SK, "sk")                                                                                   \
    X (HR, "hr")                                                                                   \
    X (RU, "ru")                                                                                   \
    X (UK, "uk")                                                                                   \
    X (BG, "bg")                                                                                   \
    X (SR, "sr")

#define AS_INDEX(id, code) INDEX_##id,
enum { LANGUAGES (AS_INDEX) N_LANGUAGES };
#define AS_BIT(id, code) id = 1u << INDEX_##id,
enum { LANGUAGES (AS_BIT) };
#define AS_CODE(id, code) code,
static const char *const codes[] = { LANGUAGES (AS_CODE) };

#define WORD_MAX 12

/* A small word, with zeros behind it: two numbers to compare and to spread. */
union key {
    char text[16];
    uint64_t half[2];
};

static const struct word {
    union key key;
    uint32_t languages;
} words[] = {
#define WORD(text, languages) { { text }, languages },
#include "worker/language_words.def"
#undef WORD
};

/* Letters that, among the languages above, only these have; one counts like a word. */
static const struct {
    uint32_t languages;
    const char *letters;
} telling[] = {
    { DE, "ß" },   { ES, "ñ¿¡" },  { PT, "ãõ" },     { DA | NB, "æø" }, { PL, "łąęńś" },
    { CS, "ěřů" }, { HU, "őű" },   { RO, "țşșţ" },   { TR, "ğı" },      { VI, "ơưđạảế" },
    { RU, "ыэё" }, { UK, "іїєґ" }, { SR, "ђљњћџј" }, { LT, "ėįų" },     { LV, "āēīņļķģ" },
    { FR, "œùê" }, { CA, "·" },    { SK, "ľĺŕô" },
};

/* ---- what is looked up: made anew for each text, which costs less than 20 words ---- */

enum { SLOTS = 2048, LETTERS_LOW = 0x530, LETTERS_HIGH = 0x1ea0, LETTERS_END = 0x1f00 };
_Static_assert(N_ELEMENTS (words) < SLOTS / 2, "more slots than words");

struct lexicon {
    uint16_t slots[SLOTS]; /* of a word: its number, from 1 on, or 0 */
    uint32_t letters[LETTERS_LOW + LETTERS_END - LETTERS_HIGH];
};

static size_t slot_of (const union key *key)
{
    uint64_t mixed = (key->half[0] ^ key->half[1] << 7) * UINT64_C (0x9e3779b97f4a7c15);
    return mixed >> 53;
}

static const struct word *find_word (const struct lexicon *l, const union key *key)
{
    for (size_t i = slot_of (key); l->slots[i]; i = (i + 1) % SLOTS) {
        const struct word *row = &words[l->slots[i] - 1];
        if (row->key.half[0] == key->half[0] && row->key.half[1] == key->half[1])
            return row;
    }
    return NULL;
}

/* Where the languages of a letter stand; 0, which is no letter, for all that tell nothing. */
static size_t letter_index (gunichar c)
{
    if (c < LETTERS_LOW)
        return c;
    return c >= LETTERS_HIGH && c < LETTERS_END ? c - LETTERS_HIGH + LETTERS_LOW : 0;
}

static void lexicon_init (struct lexicon *l)
{
    memset (l, 0, sizeof *l);
    for (size_t k = 0; k < N_ELEMENTS (words); k++) {
        size_t i = slot_of (&words[k].key);
        while (l->slots[i])
            i = (i + 1) % SLOTS;
        l->slots[i] = (uint16_t) (k + 1);
    }
    for (size_t k = 0; k < N_ELEMENTS (telling); k++)
        for (const char *p = telling[k].letters; *p; p = g_utf8_next_char (p))
            l->letters[letter_index (g_utf8_get_char (p))] |= telling[k].languages;
}

/* ---- words ---- */

struct tally {
    unsigned tokens, hits[N_LANGUAGES];
};

static void count_languages (struct tally *t, uint32_t languages)
{
    for (; languages; languages &= languages - 1)
        t->hits[__builtin_ctz (languages)]++;
}

static void end_word (const struct lexicon *l, struct tally *t, union key *key, size_t *length)
{
    const struct word *row = *length <= WORD_MAX ? find_word (l, key) : NULL;
    t->tokens++;
    if (row)
        count_languages (t, row->languages);
    *key = (union key){ 0 };
    *length = 0;
}

/* A letter; of words that are too long for the table only that they are. */
static void add_letter (union key *key, size_t *length, gunichar c)
{
    char utf8[6];
    size_t n = c < 0x80 ? 1 : (size_t) g_unichar_to_utf8 (c, utf8);
    if (*length + n > WORD_MAX)
        *length = WORD_MAX + 1;
    else if (c < 0x80)
        key->text[(*length)++] = (char) c;
    else
        for (size_t i = 0; i < n; i++)
            key->text[(*length)++] = utf8[i];
}

/* What the text ends with may be half a word, and does not count. */
static void count_words (const char *p, const char *end, struct tally *t)
{
    struct lexicon l;
    union key key = { 0 };
    size_t length = 0;
    lexicon_init (&l);
    while (p < end) {
        gunichar c = (uint8_t) *p < 0x80 ? (uint8_t) *p : g_utf8_get_char (p);
        p += g_utf8_skip[(uint8_t) *p];
        if (c < 0x80 ? g_ascii_isalpha (c) : g_unichar_isalpha (c)) {
            if (c >= 0x80)
                count_languages (t, l.letters[letter_index (c)]);
            add_letter (&key, &length, c < 0x80 ? (c | 0x20) : g_unichar_tolower (c));
        } else if (length) {
            end_word (&l, t, &key, &length);
        }
    }
}

/* The one with the most hits: at least every sixth word, and clearly before the next. */
static const char *by_words (const char *text, const char *end)
{
    struct tally t = { 0 };
    unsigned best = 0, second = 0;
    count_words (text, end, &t);
    for (unsigned i = 1; i < N_LANGUAGES; i++)
        best = t.hits[i] > t.hits[best] ? i : best;
    for (unsigned i = 0; i < N_LANGUAGES; i++)
        second = i != best ? MAX (second, t.hits[i]) : second;
    unsigned hits = t.hits[best];
    bool is_sure = hits >= 6 && hits * 6 >= t.tokens && hits * 10 >= second * 11 + 10;
    return is_sure ? codes[best] : NULL;
}

/* ---- scripts ---- */

/* Scripts that one language has, or one by far more than others. */
static const struct {
    GUnicodeScript script;
    const char *code;
} scripts[] = {
    { G_UNICODE_SCRIPT_HANGUL, "ko" },   { G_UNICODE_SCRIPT_GREEK, "el" },
    { G_UNICODE_SCRIPT_HEBREW, "he" },   { G_UNICODE_SCRIPT_THAI, "th" },
    { G_UNICODE_SCRIPT_GEORGIAN, "ka" }, { G_UNICODE_SCRIPT_ARMENIAN, "hy" },
    { G_UNICODE_SCRIPT_TAMIL, "ta" },    { G_UNICODE_SCRIPT_TELUGU, "te" },
    { G_UNICODE_SCRIPT_KANNADA, "kn" },  { G_UNICODE_SCRIPT_MALAYALAM, "ml" },
    { G_UNICODE_SCRIPT_GUJARATI, "gu" }, { G_UNICODE_SCRIPT_GURMUKHI, "pa" },
    { G_UNICODE_SCRIPT_SINHALA, "si" },  { G_UNICODE_SCRIPT_KHMER, "km" },
    { G_UNICODE_SCRIPT_LAO, "lo" },      { G_UNICODE_SCRIPT_MYANMAR, "my" },
};

struct letters {
    unsigned all, latin, cyrillic, han, kana, arabic, persian, of[N_ELEMENTS (scripts)];
};

static void count_script (struct letters *l, gunichar c)
{
    GUnicodeScript script = g_unichar_get_script (c);
    l->all++;
    l->latin += script == G_UNICODE_SCRIPT_LATIN;
    l->cyrillic += script == G_UNICODE_SCRIPT_CYRILLIC;
    l->han += script == G_UNICODE_SCRIPT_HAN;
    l->kana += script == G_UNICODE_SCRIPT_HIRAGANA || script == G_UNICODE_SCRIPT_KATAKANA;
    l->arabic += script == G_UNICODE_SCRIPT_ARABIC;
    l->persian += c == 0x67e || c == 0x686 || c == 0x698 || c == 0x6af || c == 0x6cc;
    for (size_t i = 0; i < N_ELEMENTS (scripts); i++)
        l->of[i] += script == scripts[i].script;
}

static void count_scripts (struct letters *l, const char *p, const char *end)
{
    while (p < end) {
        if ((uint8_t) *p < 0x80) {
            bool is_letter = g_ascii_isalpha (*p++);
            l->all += is_letter;
            l->latin += is_letter;
            continue;
        }
        gunichar c = g_utf8_get_char (p);
        if (g_unichar_isalpha (c))
            count_script (l, c);
        p = g_utf8_next_char (p);
    }
}

/* Urdu, Pashto and others share the letters of Persian: then nothing is said. */
static const char *by_arabic (const struct letters *l)
{
    return l->persian == 0 ? "ar" : l->persian * 20 > l->arabic ? "fa" : NULL;
}

const char *language_guess (const char *text, size_t length)
{
    struct letters l = { 0 };
    const char *end = text + MIN (length, LANGUAGE_SAMPLE);
    while (end > text && end < text + length && (*end & 0xc0) == 0x80)
        end--;
    count_scripts (&l, text, end);
    /* A character of Chinese says as much as a word. */
    unsigned east = l.han + l.kana;
    if (east >= 6 && east * 4 > l.all)
        return l.kana * 10 > east ? "ja" : l.kana == 0 || l.kana * 50 < east ? "zh" : NULL;
    if (l.all < 20)
        return NULL;
    if ((l.latin + l.cyrillic) * 2 > l.all)
        return by_words (text, end);
    if (l.arabic * 2 > l.all)
        return by_arabic (&l);
    for (size_t i = 0; i < N_ELEMENTS (scripts); i++)
        if (l.of[i] * 2 > l.all)
            return scripts[i].code;
    return NULL;
}
