/* Cleans text on its way into DocumentText. Knows nothing of formats. */
#include "worker/body_text.h"

#include <string.h>

#include "base/limits.h"

#define REPLACEMENT 0xfffd
#define SOFT_HYPHEN 0xad

void body_text_init (struct body_text *t)
{
    *t = (struct body_text){ .text = g_string_new (NULL), .limit = LIMIT_BODY_TEXT };
}

void body_text_leave (struct body_text *t, size_t glance)
{
    t->limit = glance;
    t->is_left = true;
    t->is_full = glance == 0;
}

void body_text_clear (struct body_text *t)
{
    if (t->text)
        g_string_free (t->text, TRUE);
    t->text = NULL;
}

/* Makes sure that the gap and `length` bytes fit. */
static bool has_room (struct body_text *t, size_t length)
{
    if (!t->is_full && t->text->len + (t->gap != 0) + length > t->limit)
        t->is_full = true;
    return !t->is_full;
}

static void put (struct body_text *t, const char *bytes, size_t length)
{
    if (!has_room (t, length))
        return;
    if (t->gap && t->text->len)
        g_string_append_c (t->text, t->gap);
    t->gap = 0;
    g_string_append_len (t->text, bytes, (gssize) length);
}

static void put_space (struct body_text *t, gunichar c)
{
    bool is_end = c == '\n' || c == '\r' || c == '\f' || c == 0x85 || c == 0x2028 || c == 0x2029;
    if (is_end)
        t->gap = '\n';
    else if (!t->gap)
        t->gap = ' ';
}

static void put_character (struct body_text *t, gunichar c)
{
    char utf8[6];
    if (g_unichar_isspace (c) || c == 0x85 || c == '\v')
        put_space (t, c);
    else if (!g_unichar_iscntrl (c) && c != SOFT_HYPHEN && c != 0xfeff)
        put (t, utf8, (size_t) g_unichar_to_utf8 (c, utf8));
}

/* Lengths of the characters that go straight into the text, by the byte they begin with and the
 * least one that may follow: letters, that is, and nothing that is white, control or invisible. All
 * others are looked at one by one. */
static size_t plain_length (const uint8_t *p, size_t left)
{
    static const uint8_t least[16] = { 0xa0, 0x9b, 0xff, 0x81, 0x80, 0x80, 0x80, 0x80,
                                       0x80, 0x80, 0x80, 0x80, 0x80, 0xff, 0x80, 0xff };
    if (p[0] < 0x80)
        return p[0] > ' ' && p[0] != 0x7f;
    if (left < 3 || (p[1] & 0xc0) != 0x80)
        return 0;
    if (p[0] >= 0xc3 && p[0] <= 0xdf)
        return 2;
    return p[0] >= 0xe0 && p[0] <= 0xef && p[1] >= least[p[0] & 15] && (p[2] & 0xc0) == 0x80 ? 3
                                                                                             : 0;
}

static size_t plain_run (const char *p, const char *end)
{
    const char *from = p;
    for (size_t n; p < end && (n = plain_length ((const uint8_t *) p, (size_t) (end - p)));)
        p += n;
    return (size_t) (p - from);
}

/* A run, as many characters of it as there is room for. */
static void put_run (struct body_text *t, const char *p, size_t length)
{
    size_t left = t->limit - t->text->len;
    if (length > left && left > 1) {
        size_t fits = left - 1;
        while (fits && (p[fits] & 0xc0) == 0x80)
            fits--;
        put (t, p, fits);
    }
    put (t, p, length);
}

/* Adds bytes to a character begun in the last piece; how many of them it took. */
static size_t finish_carry (struct body_text *t, const char *p, size_t length)
{
    size_t taken = 0;
    while (t->n_carry && taken < length && t->n_carry < sizeof t->carry) {
        t->carry[t->n_carry++] = p[taken++];
        gunichar c = g_utf8_get_char_validated (t->carry, t->n_carry);
        if (c == (gunichar) -2 && t->n_carry < sizeof t->carry)
            continue;
        bool is_bad = c == (gunichar) -1 || c == (gunichar) -2;
        taken -= is_bad; /* it may begin a character of its own */
        t->n_carry = 0;
        put_character (t, is_bad ? REPLACEMENT : c);
    }
    return taken;
}

void body_text_append (struct body_text *t, const void *bytes, size_t length)
{
    const char *p = bytes, *end = p + length;
    p += finish_carry (t, p, length);
    while (p < end && !t->is_full) {
        size_t run = plain_run (p, end);
        if (run) {
            put_run (t, p, run);
            p += run;
            continue;
        }
        if (*p == ' ' || *p == '\n') {
            put_space (t, (uint8_t) *p++);
            continue;
        }
        gunichar c = *p ? g_utf8_get_char_validated (p, end - p) : 0;
        if (c == (gunichar) -2) {
            t->n_carry = (uint8_t) MIN (end - p, (ptrdiff_t) sizeof t->carry - 1);
            memcpy (t->carry, p, t->n_carry);
            return;
        }
        bool is_bad = c == (gunichar) -1;
        put_character (t, is_bad ? REPLACEMENT : c);
        p += is_bad ? 1 : g_utf8_skip[(uint8_t) *p];
    }
}

static void end_carry (struct body_text *t)
{
    if (t->n_carry)
        put_character (t, REPLACEMENT);
    t->n_carry = 0;
}

void body_text_append_break (struct body_text *t)
{
    end_carry (t);
    put_space (t, '\n');
}

void body_text_append_space (struct body_text *t)
{
    end_carry (t);
    put_space (t, ' ');
}

bool body_text_is_full (const struct body_text *t)
{
    return t->is_full;
}

void body_text_report (const struct body_text *t, json_t *meta)
{
    if (t->text->len && !t->is_left)
        json_object_set_new (meta, "DocumentText",
                             json_stringn_nocheck (t->text->str, t->text->len));
}
