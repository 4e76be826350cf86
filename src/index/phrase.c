/* Words of a text as a stream of symbols, and a phrase found in it by Knuth, Morris and Pratt. A
 * symbol is a folded character; the first of a word is marked, so a match can only begin at a word.
 */
#include "index/phrase.h"

#include <glib.h>

#define WORD_START (1u << 31)

struct phrase {
    guint32 *symbols;
    size_t *borders; /* borders[i]: longest proper border of the first i + 1 symbols */
    size_t len;
    size_t ascii; /* symbols of the first word, if all of them are ASCII; else 0 */
};

enum letter_class { APART, LETTER, DIGIT, IDEOGRAPH, MARK };

static enum letter_class class_of (gunichar c)
{
    if (c < 0x80)
        return g_ascii_isalpha (c) ? LETTER : g_ascii_isdigit (c) ? DIGIT : APART;
    if (g_unichar_ismark (c))
        return MARK;
    if (g_unichar_isdigit (c))
        return DIGIT;
    if (!g_unichar_isalnum (c))
        return APART;
    GUnicodeScript s = g_unichar_get_script (c);
    return s == G_UNICODE_SCRIPT_HAN || s == G_UNICODE_SCRIPT_HIRAGANA ||
                   s == G_UNICODE_SCRIPT_KATAKANA || s == G_UNICODE_SCRIPT_HANGUL ||
                   s == G_UNICODE_SCRIPT_BOPOMOFO
               ? IDEOGRAPH
               : LETTER;
}

/* By way of upper case: letters with two lower-case forms (final sigma) become one. */
static gunichar fold (gunichar c)
{
    if (c < 0x80)
        return g_ascii_isupper (c) ? c | 0x20 : c;
    return g_unichar_tolower (g_unichar_toupper (c));
}

/* Reads symbols from text. */
struct reader {
    const char *at, *end;
    enum letter_class last;
};

static gunichar next_char (struct reader *r)
{
    unsigned char first = (unsigned char) *r->at;
    if (first < 0x80) {
        r->at++;
        return first;
    }
    gunichar c = g_utf8_get_char_validated (r->at, r->end - r->at);
    if (c & WORD_START) { /* broken or cut off */
        r->at++;
        return 0;
    }
    r->at = g_utf8_next_char (r->at);
    return c;
}

/* False at the end. */
static bool next_symbol (struct reader *r, guint32 *ret)
{
    while (r->at < r->end) {
        gunichar c = next_char (r);
        enum letter_class class = class_of (c);
        bool continues = class == MARK || (class == r->last && class != IDEOGRAPH);
        if (class == APART || (class == MARK && r->last == APART)) {
            r->last = APART;
            continue;
        }
        *ret = fold (c) | (continues ? 0 : WORD_START);
        if (class != MARK)
            r->last = class;
        return true;
    }
    return false;
}

static bool is_ascii (const char *text, size_t len)
{
    char bits = 0;
    for (size_t i = 0; i < len; i++)
        bits |= text[i];
    return !(bits & 0x80);
}

static size_t ascii_run (const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && !(text[n] & 0x80))
        n++;
    return n;
}

/* In compatibility form; NULL if it is broken. Only what is not ASCII is looked at, each piece with
 * the letter before it, with which its first mark may become one: no ASCII character ever becomes
 * one with what stands before it. */
static char *normalize (const char *text, size_t len)
{
    g_autoptr (GString) out = g_string_sized_new (len + len / 8);
    for (size_t at = 0; at < len;) {
        size_t ascii = ascii_run (text + at, len - at);
        size_t plain = at + ascii < len && ascii ? ascii - 1 : ascii;
        g_string_append_len (out, text + at, (gssize) plain);
        at += plain;
        size_t end = at + ascii - plain;
        while (end < len && text[end] & 0x80)
            end++;
        if (end == at)
            break;
        g_autofree char *piece =
            g_utf8_normalize (text + at, (gssize) (end - at), G_NORMALIZE_ALL_COMPOSE);
        if (!piece)
            return NULL;
        g_string_append (out, piece);
        at = end;
    }
    return g_string_free (g_steal_pointer (&out), FALSE);
}

/* A text that is ASCII, or broken, stays as it stands. */
static struct reader read_text (const char *text, size_t len, char **normal)
{
    *normal = is_ascii (text, len) ? NULL : normalize (text, len);
    if (*normal) {
        text = *normal;
        len = strlen (text);
    }
    return (struct reader){ .at = text, .end = text + len, .last = APART };
}

/* How much of the phrase is matched after one more symbol, when `matched` were before. */
static size_t advance (const struct phrase *p, size_t matched, guint32 symbol)
{
    while (matched > 0 && (matched == p->len || p->symbols[matched] != symbol))
        matched = p->borders[matched - 1];
    return p->symbols[matched] == symbol ? matched + 1 : 0;
}

static size_t first_ascii_word (const struct phrase *p)
{
    size_t n = 0;
    while (n < p->len && (n == 0 || !(p->symbols[n] & WORD_START))) {
        if ((p->symbols[n] & ~WORD_START) >= 0x80)
            return 0;
        n++;
    }
    return n;
}

/* A quick look, which most texts do not pass: whether an ASCII text holds the letters of the first
 * word anywhere. */
static bool holds_first_word (const struct phrase *p, const char *text, size_t len)
{
    char first = (char) (p->symbols[0] & 0x7f);
    for (size_t i = 0; i + p->ascii <= len; i++) {
        if ((text[i] | 0x20) != first)
            continue;
        size_t n = 1;
        while (n < p->ascii && (guint32) (text[i + n] | 0x20) == p->symbols[n])
            n++;
        if (n == p->ascii)
            return true;
    }
    return false;
}

struct phrase *phrase_new (const char *text, size_t len)
{
    g_autofree char *normal = NULL;
    struct reader r = read_text (text, len, &normal);
    g_autoptr (GArray) symbols = g_array_new (FALSE, FALSE, sizeof (guint32));
    guint32 symbol;
    while (next_symbol (&r, &symbol))
        g_array_append_val (symbols, symbol);
    struct phrase *p = g_new0 (struct phrase, 1);
    p->len = symbols->len;
    p->symbols = (guint32 *) (void *) g_array_free (g_steal_pointer (&symbols), FALSE);
    p->borders = g_new0 (size_t, p->len);
    for (size_t i = 1; i < p->len; i++)
        p->borders[i] = advance (p, p->borders[i - 1], p->symbols[i]);
    p->ascii = first_ascii_word (p);
    return p;
}

void phrase_free (void *phrase)
{
    struct phrase *p = phrase;
    if (!p)
        return;
    g_free (p->symbols);
    g_free (p->borders);
    g_free (p);
}

bool phrase_is_empty (const struct phrase *p)
{
    return p->len == 0;
}

bool phrase_matches (const struct phrase *p, const char *text, size_t len)
{
    if (p->len == 0)
        return false;
    if (p->ascii && is_ascii (text, len) && !holds_first_word (p, text, len))
        return false;
    g_autofree char *normal = NULL;
    struct reader r = read_text (text, len, &normal);
    size_t matched = 0;
    guint32 symbol;
    while (next_symbol (&r, &symbol)) {
        if (matched == p->len && (symbol & WORD_START))
            return true; /* the phrase ended where a word ended */
        matched = advance (p, matched, symbol);
    }
    return matched == p->len;
}

/* U+E000 is no letter: no word of a text is spelled like that. */
static void shorten_word (GString *out, gsize start)
{
    if (out->len - start <= PHRASE_WORD_MAX)
        return;
    g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, out->str + start,
                                                          (gssize) (out->len - start));
    g_string_truncate (out, start);
    g_string_append (out, "\ue000");
    g_string_append (out, sum);
}

char *phrase_words (const char *text, size_t len, size_t max, size_t *ret_len)
{
    g_autofree char *normal = NULL;
    struct reader r = read_text (text, len, &normal);
    g_autoptr (GString) out = g_string_sized_new (MIN (len + len / 4, max));
    gsize start = 0; /* of the word */
    guint32 symbol;
    while (next_symbol (&r, &symbol)) {
        if ((symbol & WORD_START) && out->len > start) {
            shorten_word (out, start);
            if (out->len > max)
                break;
            g_string_append_c (out, ' ');
            start = out->len;
        }
        if ((symbol & ~WORD_START) < 0x80)
            g_string_append_c (out, (char) symbol);
        else
            g_string_append_unichar (out, symbol & ~WORD_START);
    }
    shorten_word (out, start);
    if (out->len > max)
        g_string_truncate (out, start > 0 ? start - 1 : 0);
    *ret_len = out->len;
    return g_string_free (g_steal_pointer (&out), FALSE);
}
