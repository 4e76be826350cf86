/* Tokens of JSON. */
#include "base/json_reader.h"

#include <string.h>
#include <glib.h>

#include "base/text.h"

#define INTEGER_SIZE 24 /* more than the bytes of any int64 */

void json_reader_init (struct json_reader *r, const char *text, size_t length)
{
    *r = (struct json_reader){ .at = text, .end = text + length, .why = "" };
}

void json_reader_clear (struct json_reader *r)
{
    g_clear_pointer (&r->room, g_free);
}

static bool fail (struct json_reader *r, const char *why)
{
    r->why = why;
    return false;
}

char json_reader_peek (struct json_reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
    return r->at < r->end ? *r->at : '\0';
}

bool json_reader_take (struct json_reader *r, char what)
{
    bool is_next = json_reader_peek (r) == what;
    r->at += is_next;
    return is_next;
}

bool json_reader_is_done (struct json_reader *r)
{
    json_reader_peek (r);
    return r->at == r->end || fail (r, "more follows its end");
}

/* ---- Strings ---- */

/* The four digits of \uXXXX from `text` on; false if there are fewer before `end`. */
static bool read_unit (const char *text, const char *end, uint32_t *ret)
{
    if (end - text < 4)
        return false;
    *ret = 0;
    for (int i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value (text[i]);
        if (digit < 0)
            return false;
        *ret = *ret << 4 | (uint32_t) digit;
    }
    return true;
}

static bool is_high_surrogate (uint32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate (uint32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Behind "\u" at `*text`: one unit, or the two of a pair. Moves both pointers on. */
static bool decode_unit (const char **text, const char *end, char **out)
{
    uint32_t c, low;
    if (!read_unit (*text, end, &c) || c == 0 || is_low_surrogate (c))
        return false;
    *text += 4;
    if (is_high_surrogate (c)) {
        const char *pair = *text;
        if (end - pair < 2 || pair[0] != '\\' || pair[1] != 'u' ||
            !read_unit (pair + 2, end, &low) || !is_low_surrogate (low))
            return false;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        *text += 6;
    }
    *out += g_unichar_to_utf8 (c, *out); /* at most 4 bytes for 6 or 12 */
    return true;
}

/* Writes the string from `text` to `end`, which holds escapes, to `out`: never more bytes than it
 * has. */
static bool decode (const char *text, const char *end, char *out, size_t *ret_length)
{
    static const char plain[256] = { ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                     ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t' };
    const char *begin = out;
    while (text < end) {
        if (*text != '\\') {
            *out++ = *text++;
            continue;
        }
        unsigned char what = (unsigned char) text[1]; /* there is one: the string did not end */
        text += 2;
        if (plain[what])
            *out++ = plain[what];
        else if (what != 'u' || !decode_unit (&text, end, &out))
            return false;
    }
    *ret_length = (size_t) (out - begin);
    return true;
}

static void make_room (struct json_reader *r, size_t size)
{
    if (r->room_size >= size)
        return;
    g_free (r->room);
    r->room = g_malloc (size);
    r->room_size = size;
}

/* Finds the quote that ends the string from `r->at` on; says whether it holds escapes, and bytes
 * outside of ASCII. */
static const char *find_quote (struct json_reader *r, bool *ret_escaped, bool *ret_wide)
{
    unsigned char all = 0;
    *ret_escaped = false;
    for (const char *p = r->at; p < r->end; p++) {
        unsigned char c = (unsigned char) *p;
        if (c == '"') {
            *ret_wide = all & 0x80;
            return p;
        }
        if (c < ' ')
            return NULL;
        all |= c;
        if (c == '\\') {
            *ret_escaped = true;
            p++; /* what is not an escape is seen when it is decoded */
        }
    }
    return NULL;
}

bool json_reader_string (struct json_reader *r, const char **ret, size_t *ret_length)
{
    bool escaped, wide;
    if (!json_reader_take (r, '"'))
        return fail (r, "a string is missing");
    const char *text = r->at, *quote = find_quote (r, &escaped, &wide);
    if (!quote)
        return fail (r, "a string does not end, or holds a control character");
    size_t length = (size_t) (quote - text);
    if (escaped) {
        make_room (r, length);
        if (!decode (r->at, quote, r->room, &length))
            return fail (r, "a string holds a bad escape");
        text = r->room;
    }
    if (wide && !text_is_utf8 (text, length))
        return fail (r, "a string is not UTF-8");
    r->at = quote + 1;
    *ret = text;
    *ret_length = length;
    return true;
}

/* ---- Numbers ---- */

/* Takes the byte if it is one of `which`. */
static bool skip_one (struct json_reader *r, const char *which)
{
    bool is_next = r->at < r->end && *r->at && strchr (which, *r->at);
    r->at += is_next;
    return is_next;
}

/* Takes digits; false if there are none. */
static bool skip_digits (struct json_reader *r)
{
    const char *begin = r->at;
    while (r->at < r->end && g_ascii_isdigit (*r->at))
        r->at++;
    return r->at > begin;
}

/* Takes what the grammar calls a number. */
static bool skip_number (struct json_reader *r, bool *ret_is_real)
{
    skip_one (r, "-");
    if (!skip_one (r, "0") && !skip_digits (r))
        return false;
    bool has_fraction = skip_one (r, ".");
    if (has_fraction && !skip_digits (r))
        return false;
    bool has_exponent = skip_one (r, "eE");
    if (has_exponent) {
        skip_one (r, "+-");
        if (!skip_digits (r))
            return false;
    }
    *ret_is_real = has_fraction || has_exponent;
    return true;
}

static bool parse_integer (const char *text, size_t length, int64_t *ret)
{
    char number[INTEGER_SIZE];
    if (length >= sizeof number)
        return false;
    memcpy (number, text, length);
    number[length] = '\0';
    return text_parse_i64 (number, ret);
}

static bool parse_real (const char *text, size_t length, double *ret)
{
    g_autofree char *number = g_strndup (text, length);
    return text_parse_double (number, ret);
}

bool json_reader_number (struct json_reader *r, struct json_number *ret)
{
    struct json_number number = { 0 };
    json_reader_peek (r);
    const char *begin = r->at;
    if (!skip_number (r, &number.is_real))
        return fail (r, "a number is missing or malformed");
    size_t length = (size_t) (r->at - begin);
    if (!(number.is_real ? parse_real (begin, length, &number.real)
                         : parse_integer (begin, length, &number.integer)))
        return fail (r, "a number is out of range");
    *ret = number;
    return true;
}
