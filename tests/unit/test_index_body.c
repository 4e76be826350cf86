/* Texts of documents: kept as they are, found by the same rules as every other text, and gone
 * without a trace. */
#include "base/limits.h"
#include "index/body.h"
#include "index/phrase.h"
#include "query_world.h"

#define TEXTS 400

static void write_body (struct sql *s, int64_t id, const char *text, size_t len)
{
    struct error e;
    assert_ok (body_write (s, id, text, len, &e), &e);
}

static int64_t look_int (struct sql *s, const char *statement, const char *value)
{
    struct error e;
    struct sql_stmt *st;
    bool has_row;
    assert_ok (sql_prepare (s, statement, &st, &e), &e);
    if (value)
        sql_bind_text (st, 1, value);
    assert_ok (sql_step (st, &has_row, &e), &e);
    int64_t n = sql_get_int (st, 0);
    sql_finish (st);
    return n;
}

static bool is_found (struct sql *s, int64_t id, const char *phrase)
{
    struct error e;
    struct sql_stmt *st;
    bool has_row;
    g_autofree char *pattern = body_pattern (phrase);
    assert_ok (
        sql_prepare (s, "SELECT 1 FROM body_words WHERE body_words MATCH ? AND rowid = ?", &st, &e),
        &e);
    sql_bind_text (st, 1, pattern);
    sql_bind_int (st, 2, id);
    assert_ok (sql_step (st, &has_row, &e), &e);
    sql_finish (st);
    return has_row;
}

static void assert_no_words (struct sql *s)
{
    struct error e;
    assert_ok (sql_exec (s,
                         "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING"
                         " fts5vocab (main, body_words, row)",
                         &e),
               &e);
    assert_int_equal (look_int (s, "SELECT count (*) FROM vocabulary", NULL), 0);
    assert_int_equal (look_int (s, "SELECT count (*) FROM body", NULL), 0);
}

/* ---- The same rules ---- */

/* Few and short, so that many match: letters with marks, ligatures, digits, several scripts,
 * quotes and operators of the index's own language, bytes that are broken. */
static const char *const pieces[] = {
    "a",      "b",      "A",        "B",      "1",       "2",
    " ",      "-",      "\"",       "'",      "*",       "^",
    ":",      "AND",    "(",        "\u00e9", "e\u0301", "\ufb01",
    "\u00df", "\u03c3", "\u03c2",   "\u4eac", "\u5317",  "\uac00",
    "\u30ab", "\u0301", "\uff21",   "\u2460", "\ufdfa",  "\xf0\x9f\x98\x80",
    "\ue000", "\xff",   "\xe4\xba", "\n",     "\u0130",
};

static char *random_text (struct world *w, int most)
{
    GString *text = g_string_new (NULL);
    for (int n = 1 + pick (w, most); n > 0; n--)
        g_string_append (text, pieces[pick (w, G_N_ELEMENTS (pieces))]);
    return g_string_free (text, FALSE);
}

static void agree (struct sql *s, int64_t id, const char *text, const char *words, int *matches)
{
    struct phrase *p = phrase_new (words, strlen (words));
    if (!phrase_is_empty (p)) {
        bool expected = phrase_matches (p, text, strlen (text));
        if (is_found (s, id, words) != expected)
            fail_msg ("'%s' in '%s': expected %d", words, text, expected);
        *matches += expected;
    }
    phrase_free (p);
}

static void finds_what_phrases_match (void **state)
{
    struct world *w = *state;
    struct sql *s = begin (w);
    int matches = 0;
    g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
    for (int i = 0; i < TEXTS; i++) {
        char *text = random_text (w, 40);
        g_ptr_array_add (texts, text);
        write_body (s, i, text, strlen (text));
    }
    for (int i = 0; i < TEXTS * 20; i++) {
        int id = pick (w, TEXTS);
        const char *text = texts->pdata[id];
        g_autofree char *any = random_text (w, 3);
        size_t from = (size_t) pick (w, (int) strlen (text));
        g_autofree char *part = g_strndup (text + from, (gsize) (1 + pick (w, 8)));
        agree (s, id, text, any, &matches);
        agree (s, id, text, part, &matches);
    }
    assert_true (matches > 1000);
    for (int i = 0; i < TEXTS; i++)
        write_body (s, i, NULL, 0);
    assert_no_words (s);
    end (w);
}

static void tells_long_words_apart (void **state)
{
    struct world *w = *state;
    struct sql *s = begin (w);
    g_autofree char *word = g_strnfill (40000, 'x'), *other = g_strnfill (40001, 'x');
    g_autofree char *text = g_strconcat ("one ", word, " two", NULL);
    g_autofree char *both = g_strconcat (word, " two", NULL);
    write_body (s, 1, text, strlen (text));
    assert_true (is_found (s, 1, word));
    assert_true (is_found (s, 1, both));
    assert_false (is_found (s, 1, other));
    assert_false (is_found (s, 1, "xxx"));
    write_body (s, 1, NULL, 0);
    assert_no_words (s);
    end (w);
}

/* ---- Keeping ---- */

static void keeps_the_text_as_it_is (void **state)
{
    struct world *w = *state;
    struct error e;
    struct sql *s = begin (w);
    static const char text[] = "a\0b \u5317\u4eac";
    char *kept;
    size_t len;
    write_body (s, 5, text, sizeof text - 1);
    assert_ok (body_read (s, 5, &kept, &len, &e), &e);
    assert_int_equal (len, sizeof text - 1);
    assert_memory_equal (kept, text, len);
    g_free (kept);
    assert_ok (body_read (s, 6, &kept, &len, &e), &e);
    assert_null (kept);
    write_body (s, 5, "other words", 11);
    assert_false (is_found (s, 5, "a"));
    assert_true (is_found (s, 5, "words"));
    write_body (s, 5, "", 0);
    assert_no_words (s);
    end (w);
}

/* Short ones are deflated with less memory; what cannot be made smaller takes a little more. */
static void keeps_short_and_long_texts (void **state)
{
    static const size_t sizes[] = { 1, 2, 127, 128, 129, 511, 1023, 1024, 1025, 2048, 70000 };
    struct world *w = *state;
    struct error e;
    struct sql *s = begin (w);
    g_autoptr (GRand) random = g_rand_new_with_seed (7);
    for (size_t i = 0; i < 2 * G_N_ELEMENTS (sizes); i++) {
        size_t kept_len, len = sizes[i / 2];
        g_autofree char *text = g_malloc (len), *kept = NULL;
        for (size_t at = 0; at < len; at++)
            text[at] = (char) (i % 2 ? 'a' + (int) (at % 3) : g_rand_int_range (random, 0, 256));
        write_body (s, 5, text, len);
        assert_ok (body_read (s, 5, &kept, &kept_len, &e), &e);
        assert_int_equal (kept_len, len);
        assert_memory_equal (kept, text, len);
    }
    write_body (s, 5, NULL, 0);
    assert_no_words (s);
    end (w);
}

static void says_when_a_text_is_damaged (void **state)
{
    struct world *w = *state;
    struct error e;
    struct sql *s = begin (w);
    char *kept;
    size_t len;
    write_body (s, 5, "some words", 10);
    assert_ok (sql_exec (s, "UPDATE body SET text = x'00'", &e), &e);
    assert_err (DATABASE, body_read (s, 5, &kept, &len, &e));
    assert_ok (sql_exec (s, "UPDATE body SET size = 1 << 40", &e), &e);
    assert_err (DATABASE, body_read (s, 5, &kept, &len, &e));
    dataset_rollback (w->db);
}

/* The longest text that a worker may answer, of what grows most when its words are spelled out. */
static void takes_the_longest_text (void **state)
{
    struct world *w = *state;
    struct sql *s = begin (w);
    g_autoptr (GString) text = g_string_new ("first ");
    while (text->len < 2 * MIB - 10)
        g_string_append (text, "\ufdfa ");
    g_string_append (text, "last");
    write_body (s, 1, text->str, text->len);
    assert_true (is_found (s, 1, "first"));
    assert_false (is_found (s, 1, "last")); /* past LIMIT_BODY_WORDS */
    g_string_assign (text, "first ");
    while (text->len < 2 * MIB - 10)
        g_string_append (text, "\u4eac");
    g_string_append (text, "last");
    write_body (s, 1, text->str, text->len);
    assert_true (is_found (s, 1, "\u4eac last"));
    write_body (s, 1, NULL, 0);
    assert_no_words (s);
    end (w);
}

/* The longest phrase that a query may have. */
static void takes_the_longest_phrase (void **state)
{
    struct world *w = *state;
    struct sql *s = begin (w);
    g_autoptr (GString) text = g_string_new (NULL);
    while (text->len < LIMIT_QUERY_VALUE - 3)
        g_string_append (text, text->len % 2 ? "\u4eac" : "\u5317");
    write_body (s, 1, text->str, text->len);
    assert_true (is_found (s, 1, text->str));
    g_string_append (text, "x");
    assert_false (is_found (s, 1, text->str));
    write_body (s, 1, NULL, 0);
    end (w);
}

int main (void)
{
#define ON_EMPTY(f) cmocka_unit_test_setup_teardown (f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ON_EMPTY (finds_what_phrases_match),    ON_EMPTY (tells_long_words_apart),
        ON_EMPTY (keeps_the_text_as_it_is),     ON_EMPTY (keeps_short_and_long_texts),
        ON_EMPTY (takes_the_longest_text),      ON_EMPTY (takes_the_longest_phrase),
        ON_EMPTY (says_when_a_text_is_damaged),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
