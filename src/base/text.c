/* Text helpers; see the header. */
#include "base/text.h"

#include <math.h>
#include <string.h>

bool text_parse_u64 (const char *text, uint64_t *ret)
{
    if (!*text)
        return false;
    uint64_t v = 0;
    for (; *text; text++) {
        if (!g_ascii_isdigit (*text) || __builtin_mul_overflow (v, 10u, &v) ||
            __builtin_add_overflow (v, (uint64_t) (*text - '0'), &v))
            return false;
    }
    *ret = v;
    return true;
}

bool text_parse_i64 (const char *text, int64_t *ret)
{
    bool negative = *text == '-';
    uint64_t v;
    if (!text_parse_u64 (text + negative, &v) || v > (uint64_t) INT64_MAX + negative)
        return false;
    *ret = negative ? (int64_t) (0 - v) : (int64_t) v;
    return true;
}

bool text_parse_double (const char *text, double *ret)
{
    for (const char *c = text; *c; c++)
        if (!g_ascii_isdigit (*c) && !strchr ("+-.eE", *c))
            return false;
    char *end;
    double v = g_ascii_strtod (text, &end);
    if (end == text || *end || !isfinite (v))
        return false;
    *ret = v;
    return true;
}

bool text_parse_size (const char *text, uint64_t *ret)
{
    static const char units[] = "kMGT";
    size_t len = strlen (text);
    if (!len)
        return false;
    const char *unit = strchr (units, text[len - 1]);
    g_autofree char *digits = g_strndup (text, unit ? len - 1 : len);
    uint64_t v;
    if (!text_parse_u64 (digits, &v))
        return false;
    for (const char *u = units; unit && u <= unit; u++)
        if (__builtin_mul_overflow (v, 1024u, &v))
            return false;
    *ret = v;
    return true;
}

void text_hex (const uint8_t *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

static bool is_kept (char c, const char *keep)
{
    return g_ascii_isalnum (c) || (c && (strchr ("-_.~", c) || strchr (keep, c)));
}

void text_percent_encode (GString *out, const char *text, size_t len, const char *keep)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        if (is_kept (text[i], keep))
            continue;
        unsigned char c = (unsigned char) text[i];
        const char escape[3] = { '%', digits[c >> 4], digits[c & 15] };
        g_string_append_len (out, text + from, (gssize) (i - from));
        g_string_append_len (out, escape, sizeof escape);
        from = i + 1;
    }
    g_string_append_len (out, text + from, (gssize) (len - from));
}

bool text_percent_decode (const char *text, size_t len, bool plus, char **ret, size_t *ret_len)
{
    g_autofree char *out = g_malloc (len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%') {
            if (len - i < 3 || !g_ascii_isxdigit (text[i + 1]) || !g_ascii_isxdigit (text[i + 2]))
                return false;
            out[n++] = (char) (g_ascii_xdigit_value (text[i + 1]) * 16 +
                               g_ascii_xdigit_value (text[i + 2]));
            i += 2;
        } else {
            out[n++] = plus && text[i] == '+' ? ' ' : text[i];
        }
    }
    out[n] = '\0';
    *ret = g_steal_pointer (&out);
    *ret_len = n;
    return true;
}

bool text_is_utf8 (const char *text, size_t len)
{
    return g_utf8_validate_len (text, len, NULL);
}

size_t text_utf8_length (const char *text)
{
    return (size_t) g_utf8_strlen (text, -1);
}

bool text_equal_constant_time (const char *a, size_t a_len, const char *b, size_t b_len)
{
    volatile unsigned char difference = a_len != b_len;
    for (size_t i = 0; i < a_len && i < b_len; i++)
        difference |= (unsigned char) (a[i] ^ b[i]);
    return difference == 0;
}

/* Behind the character at `text`, which may be cut short. */
static const char *next_character (const char *text)
{
    text++;
    while ((*text & 0xc0) == 0x80)
        text++;
    return text;
}

bool text_glob_match (const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern == '?') {
            pattern++;
            text = next_character (text);
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = retry = next_character (retry);
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

const char *text_format_size (uint64_t bytes, char buf[32])
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    double v = (double) bytes;
    size_t unit = 0;
    for (; v >= 1024 && unit + 1 < G_N_ELEMENTS (units); unit++)
        v /= 1024;
    g_snprintf (buf, 32, unit ? "%.1f %s" : "%.0f %s", v, units[unit]);
    return buf;
}

#define NEAREST_MAX 63 /* longer words are no typing errors */

/* Edits (insert, delete, replace) that turn `a` into `b`, both at most NEAREST_MAX bytes. */
static size_t edit_distance (const char *a, const char *b)
{
    size_t row[NEAREST_MAX + 1];
    size_t b_len = strlen (b);
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; *a; a++, i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            bool is_same = g_ascii_tolower (*a) == g_ascii_tolower (b[j - 1]);
            size_t replaced = diagonal + !is_same;
            diagonal = row[j];
            row[j] = MIN (replaced, MIN (row[j], row[j - 1]) + 1);
        }
    }
    return row[b_len];
}

const char *text_nearest (const char *word, const char *const *words)
{
    size_t len = strlen (word);
    if (!len || len > NEAREST_MAX)
        return NULL;
    const char *nearest = NULL;
    size_t least = len / 3 + 1;
    for (; *words; words++) {
        if (strlen (*words) > NEAREST_MAX)
            continue;
        size_t distance = edit_distance (word, *words);
        if (distance <= least && (!nearest || distance < least)) {
            nearest = *words;
            least = distance;
        }
    }
    return nearest;
}
