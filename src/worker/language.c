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
static const struct word {
    char text[WORD_MAX + 1];
    uint32_t languages;
} words[] = {
#define WORD(text, languages) { text, languages },
#include "worker/language_words.def"
#undef WORD
};

/* ---- words ---- */

struct tally {
    unsigned tokens, hits[N_LANGUAGES];
};

static int compare (const void *key, const void *row)
{
    return strcmp (key, ((const struct word *) row)->text);
}

static void count_word (struct tally *t, const char *word)
{
    const struct word *row = bsearch (word, words, N_ELEMENTS (words), sizeof words[0], compare);
    t->tokens++;
    for (unsigned i = 0; row && i < N_LANGUAGES; i++)
        t->hits[i] += row->languages >> i & 1;
}

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

static void count_letter_of (struct tally *t, gunichar c)
{
    for (size_t i = 0; c >= 0x80 && i < N_ELEMENTS (telling); i++)
        if (g_utf8_strchr (telling[i].letters, -1, c))
            for (unsigned l = 0; l < N_LANGUAGES; l++)
                t->hits[l] += telling[i].languages >> l & 1;
}

static void count_words (const char *p, const char *end, struct tally *t)
{
    char word[WORD_MAX + 6];
    size_t length = 0;
    for (; p < end; p = g_utf8_next_char (p)) {
        gunichar c = g_utf8_get_char (p);
        if (g_unichar_isalpha (c)) {
            count_letter_of (t, c);
            if (length <= WORD_MAX)
                length += (size_t) g_unichar_to_utf8 (g_unichar_tolower (c), word + length);
            continue;
        }
        word[length] = '\0';
        if (length)
            count_word (t, word);
        length = 0;
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
    GUnicodeScript script = c < 0x80 ? G_UNICODE_SCRIPT_LATIN : g_unichar_get_script (c);
    l->all++;
    l->latin += script == G_UNICODE_SCRIPT_LATIN;
    l->cyrillic += script == G_UNICODE_SCRIPT_CYRILLIC;
    l->han += script == G_UNICODE_SCRIPT_HAN;
    l->kana += script == G_UNICODE_SCRIPT_HIRAGANA || script == G_UNICODE_SCRIPT_KATAKANA;
    l->arabic += script == G_UNICODE_SCRIPT_ARABIC;
    l->persian += c == 0x67e || c == 0x686 || c == 0x698 || c == 0x6af || c == 0x6cc;
    for (size_t i = 0; c >= 0x80 && i < N_ELEMENTS (scripts); i++)
        l->of[i] += script == scripts[i].script;
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
    for (const char *p = text; p < end; p = g_utf8_next_char (p)) {
        gunichar c = g_utf8_get_char (p);
        if (g_unichar_isalpha (c))
            count_script (&l, c);
    }
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
