/* Replies against a slow reader: random ones, most nearly as meta.def wants them, and damaged. */
#include "test.h"

#include <stdlib.h>
#include <glib.h>

#include "../fuzz/meta_oracle.h"
#include "base/limits.h"

#define ROUNDS      20000
#define ROUNDS_LONG 5000000

enum structure { FILE_, VIDEO_STREAM_, AUDIO_STREAM_, SUBTITLE_STREAM_, IMAGE_, LABEL_ };

static const struct row {
    enum structure structure;
    const char *name, *kind;
    size_t max;
} rows[] = {
#define META(structure, name, kind, max) { structure##_, #name, #kind, max },
#include "wire/meta.def"
#undef META
};

/* Parts of strings, as they stand between the quotes. */
static const char *const good_parts[] = {
    "a",
    "text ",
    "\\\"",
    "\\\\",
    "\\/",
    "\\b\\f\\n\\r\\t",
    "\\u0041",
    "\\u00e9",
    "\\u20AC",
    "\\ud83d\\ude00",
    "\\uD800\\uDC00",
    "\\udbff\\udfff",
    "\\uffff",
    "\xc3\xa9",
    "\xe2\x82\xac",
    "\xf0\x9f\x98\x80",
    "\xef\xbf\xbf",
    "\xf4\x8f\xbf\xbf",
    "\x7f",
    "{[",
    "]},:",
    "u0000",
};
static const char *const bad_parts[] = {
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "\\ud800\\u0041",
    "\\ud800\\ud800",
    "\\ud83dx",
    "\\u12g4",
    "\\u12",
    "\\x41",
    "\\'",
    "\\U0041",
    "\\\n",
    "\\\xc3\xa9",
    "\n",
    "\x01",
    "\x1f",
    "\"",
    "\\",
    "\x80",
    "\xc3",
    "\xc3\\n\xa9",
    "\\u00e9\xa9",
    "\xc0\xaf",
    "\xe0\x80\xaf",
    "\xed\xa0\x80",
    "\xf4\x90\x80\x80",
    "\xf8\x88\x80\x80\x80",
    "\xff",
};

static const char *const integers[] = {
    "0",
    "-0",
    "1",
    "7",
    "9",
    "10",
    "42",
    "9999",
    "10000",
    "999999999",
    "1000000000",
    "999999999999999",
    "9999999999999999",
    "10000000000000000",
    "999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "-1",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "00",
    "01",
    "-",
    "-01",
    "+1",
    "1x",
    "0x10",
    "1 2",
    "123456789012345678901234567890",
};
static const char *const reals[] = {
    "0.0",
    "-0.0",
    "1.5",
    "-2.25",
    "1e3",
    "1E+3",
    "1e-3",
    "0.1",
    "0e0",
    "3.141592653589793238462643383279",
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    "1e308",
    "1e309",
    "-1e999",
    "4.9e-324",
    "1e-400",
    "2.2250738585072011e-308",
    "0.30000000000000004",
    "9007199254740993.0",
    "00.5",
    "1.",
    ".5",
    "1.e1",
    "1e",
    "1e+",
    "1.5.5",
    "1e1e1",
    "1,5",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e0000000000000000000000000000001",
};
static const char *const others[] = {
    "null",      "true", "false",         "nul",        "{}",
    "[]",        "\"\"", "[[]]",          "{\"a\":{}}", "[{\"Index\":[1]}]",
    "",          "1",    "1.5",           "[1]",        "[null]",
    "[\"a\",1]", "[{}]", "{\"Index\":1}",
};
static const char *const spaces[] = { " ",  "\t",       "\r\n", "  \n",        "\v",
                                      "\f", "\xc2\xa0", "/**/", "\xef\xbb\xbf" };
static const char *const noise[] = { "{",    "}",    "[",    "]",      ",",
                                     ":",    "\"",   "\\",   " ",      "0",
                                     "1",    "-",    ".",    "e",      "\\u0000",
                                     "\x01", "\xff", "null", "Title",  "\"Title\":\"x\",",
                                     "{}",   "[]",   ",,",   "\\ud800" };

#define PICK(list) list[g_rand_int_range (rand, 0, N_ELEMENTS (list))]

/* True once in `n` times. */
static bool once_in (GRand *rand, int n)
{
    return g_rand_int_range (rand, 0, n) == 0;
}

static void add_space (GRand *rand, GString *out)
{
    if (once_in (rand, 20))
        g_string_append (out, once_in (rand, 30) ? PICK (spaces)
                                                 : spaces[g_rand_int_range (rand, 0, 4)]);
}

static void add_token (GRand *rand, GString *out, const char *token)
{
    add_space (rand, out);
    if (!once_in (rand, 2000))
        g_string_append (out, token);
    add_space (rand, out);
}

static void add_string (GRand *rand, GString *out, size_t max)
{
    add_token (rand, out, "\"");
    if (max < 5000 && once_in (rand, 10)) { /* at the limit, or one byte more */
        size_t n = max + (size_t) once_in (rand, 8);
        for (size_t i = 0; i + 1 < n; i++)
            g_string_append_c (out, 'x');
        g_string_append (out, n ? "\\n" : "");
    } else {
        for (int n = g_rand_int_range (rand, 0, 6); n > 0; n--)
            g_string_append (out, once_in (rand, 300) ? PICK (bad_parts) : PICK (good_parts));
    }
    add_token (rand, out, "\"");
}

/* A number of which most fit. */
static void add_number (GRand *rand, GString *out, const struct row *row)
{
    bool real = !strcmp (row->kind, "REAL") ? !once_in (rand, 3) : once_in (rand, 100);
    if (!once_in (rand, 20))
        g_string_append (out, real ? reals[g_rand_int_range (rand, 0, 10)]
                                   : integers[g_rand_int_range (rand, 0, 4)]);
    else if (once_in (rand, 3))
        g_string_append_printf (out, "%0*d", (int) row->max + 1, 1);
    else if (once_in (rand, 3))
        g_string_append_printf (out, "9%0*d", (int) row->max, 1);
    else
        g_string_append (out, real ? PICK (reals) : PICK (integers));
}

static void add_object (GRand *rand, GString *out, enum structure structure);

static const char *const structures[] = { "FILE",         "VIDEO_STREAM",
                                          "AUDIO_STREAM", "SUBTITLE_STREAM",
                                          "IMAGE",        "LABEL" };

static void add_entry (GRand *rand, GString *out, const char *kind)
{
    for (size_t i = 0; i < N_ELEMENTS (structures); i++)
        if (g_str_has_suffix (kind, structures[i])) {
            add_object (rand, out, (enum structure) i);
            return;
        }
    add_string (rand, out, LIMIT_META_STRING);
}

static void add_list (GRand *rand, GString *out, const struct row *row)
{
    bool full = once_in (rand, 40);
    size_t n =
        full ? row->max + (size_t) once_in (rand, 3) : (size_t) g_rand_int_range (rand, 0, 3);
    add_token (rand, out, "[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            add_token (rand, out, ",");
        if (full)
            g_string_append (out, !strcmp (row->kind, "STRINGS") ? "\"\"" : "{}");
        else
            add_entry (rand, out, row->kind);
    }
    add_token (rand, out, once_in (rand, 500) ? ",]" : "]");
}

static void add_value (GRand *rand, GString *out, const struct row *row)
{
    if (once_in (rand, 500))
        g_string_append (out, PICK (others));
    else if (!strcmp (row->kind, "STRING"))
        add_string (rand, out, row->max);
    else if (!strcmp (row->kind, "INTEGER") || !strcmp (row->kind, "REAL"))
        add_number (rand, out, row);
    else
        add_list (rand, out, row);
}

/* Mostly as it stands in the table; else with its first letter escaped, or as another. */
static void add_name (GRand *rand, GString *out, const char *name)
{
    add_token (rand, out, "\"");
    if (once_in (rand, 50))
        g_string_append_printf (out, "\\u%04x%s", (unsigned) name[0], name + 1);
    else if (once_in (rand, 400))
        g_string_append_printf (out, "%s%s", name, PICK (bad_parts));
    else
        g_string_append (out, name);
    add_token (rand, out, "\"");
}

static void add_object (GRand *rand, GString *out, enum structure structure)
{
    int sparse = g_rand_int_range (rand, 1, 30);
    size_t from = (size_t) g_rand_int_range (rand, 0, N_ELEMENTS (rows));
    bool first = true;
    add_token (rand, out, "{");
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        const struct row *row = &rows[(from + i) % N_ELEMENTS (rows)];
        bool twice = once_in (rand, 3000);
        for (int n = row->structure == structure ? once_in (rand, sparse) + twice
                                                 : once_in (rand, 50000);
             n > 0; n--) {
            if (!first)
                add_token (rand, out, ",");
            first = false;
            add_name (rand, out, row->name);
            add_token (rand, out, ":");
            add_value (rand, out, row);
        }
    }
    add_token (rand, out, once_in (rand, 500) ? ",}" : "}");
}

/* One place of the text is cut away, written over, doubled or interrupted. */
static void damage (GRand *rand, GString *text)
{
    gssize at = text->len ? g_rand_int_range (rand, 0, (int) text->len) : 0;
    gssize left = (gssize) text->len - at, n = g_rand_int_range (rand, 1, 9);
    n = MIN (n, left);
    g_autofree char *piece = g_strndup (text->str + at, (gsize) n);
    switch (g_rand_int_range (rand, 0, 8)) {
    case 0:
        g_string_truncate (text, (gsize) at);
        break;
    case 1:
        g_string_erase (text, at, n);
        break;
    case 2:
        g_string_insert_len (text, at, piece, n);
        break;
    case 3:
        g_string_insert (text, at, PICK (noise));
        break;
    case 4:
        if (n)
            text->str[at] = (char) g_rand_int (rand);
        break;
    default:
        if (n)
            text->str[at] = (char) g_rand_int_range (rand, '0', 'z');
    }
}

/* Of a copy that ends where the text does, so that a sanitizer sees a byte more that is read. */
static bool agrees (const GString *text)
{
    g_autofree char *exact = g_malloc (MAX (text->len, 1));
    memcpy (exact, text->str, text->len);
    return meta_oracle_agrees (exact, text->len);
}

static void test_random_replies (void **state UNUSED)
{
    int rounds = getenv ("BINDERY_TEST_LONG") ? ROUNDS_LONG : ROUNDS, accepted = 0, survived = 0;
    const char *seed = getenv ("BINDERY_TEST_SEED");
    g_autoptr (GRand) rand =
        g_rand_new_with_seed (seed ? (guint32) g_ascii_strtoull (seed, NULL, 10) : 1);
    for (int i = 0; i < rounds; i++) {
        g_autoptr (GString) text = g_string_new (NULL);
        add_object (rand, text, FILE_);
        accepted += agrees (text);
        for (int n = g_rand_int_range (rand, 1, 3); n > 0; n--)
            damage (rand, text);
        survived += agrees (text);
    }
    print_message ("%d replies: %d accepted, %d when damaged\n", rounds, accepted, survived);
    assert_in_range (accepted, rounds / 4, rounds - rounds / 10);
    assert_in_range (survived, rounds / 50, rounds - rounds / 10);
}

int main (void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test (test_random_replies) };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
