#include "test.h"

#include <glib.h>

#include "store/names.h"

static uint64_t next_random (uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static int compare_texts (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

/* `n` texts with `common` equal bytes in front and few different ones behind, with doubles. */
static GPtrArray *make_texts (size_t n, size_t common, unsigned letters, uint64_t seed)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func (g_free);
    for (size_t i = 0; i < n; i++) {
        size_t len = common + 1 + next_random (&seed) % 24;
        char *text = g_strnfill (len, 'c');
        for (size_t at = common; at < len; at++)
            text[at] = (char) (255 - next_random (&seed) % letters);
        g_ptr_array_add (texts, text);
    }
    return texts;
}

/* Adds them from `from` on; returns the first that does not fit any more. */
static guint add_all (struct names *x, const GPtrArray *texts, guint from)
{
    for (; from < texts->len; from++) {
        const char *text = texts->pdata[from];
        if (!names_add (x, text, strlen (text), (uint8_t) (strlen (text) % 7)))
            break;
    }
    return from;
}

static void sort_without_doubles (GPtrArray *texts)
{
    g_ptr_array_sort (texts, compare_texts);
    for (guint i = 1; i < texts->len;)
        if (strcmp (texts->pdata[i - 1], texts->pdata[i]) == 0)
            g_ptr_array_remove_index (texts, i);
        else
            i++;
}

/* The window holds just these, with their types. */
static void assert_holds (const struct names *x, const GPtrArray *sorted)
{
    assert_int_equal (x->n, sorted->len);
    for (size_t i = 0; i < x->n; i++) {
        assert_string_equal (names_text (x, i), sorted->pdata[i]);
        assert_int_equal (x->v[i].len, strlen (sorted->pdata[i]));
        assert_int_equal (x->v[i].type, x->v[i].len % 7);
    }
}

static void test_sorts_any_shape (void **state)
{
    (void) state;
    static const size_t sizes[] = { 1, 2, 63, 64, 65, 1000, 20000 };
    static const size_t commons[] = { 0, 3, 8, 200 };
    struct names x = { 0 };
    for (size_t s = 0; s < G_N_ELEMENTS (sizes); s++)
        for (size_t c = 0; c < G_N_ELEMENTS (commons); c++)
            for (unsigned letters = 1; letters <= 200; letters = letters * 5 + 1) {
                GPtrArray *texts = make_texts (sizes[s], commons[c], letters, s + c);
                names_begin (&x, 64 << 20);
                assert_int_equal (add_all (&x, texts, 0), texts->len);
                names_sort (&x);
                sort_without_doubles (texts);
                assert_holds (&x, texts);
                g_ptr_array_unref (texts);
            }
    names_clear (&x);
}

/* It says when it is full, and is as good as new when it was emptied. */
static void test_as_many_as_fit (void **state)
{
    (void) state;
    struct names x = { 0 };
    for (size_t limit = NAMES_MIN_LIMIT; limit < (1 << 20); limit *= 3) {
        GPtrArray *texts = make_texts (30000, 5, 200, limit);
        names_begin (&x, limit);
        for (guint from = 0, to; from < texts->len; from = to) {
            names_empty (&x);
            to = add_all (&x, texts, from);
            assert_true (to > from);
            assert_true (names_held (&x) <= limit);
            assert_true (to == texts->len || names_held (&x) > limit - 100);
            names_sort (&x);
            g_autoptr (GPtrArray) part = g_ptr_array_new ();
            for (guint i = from; i < to; i++)
                g_ptr_array_add (part, texts->pdata[i]);
            sort_without_doubles (part);
            assert_holds (&x, part);
        }
        g_ptr_array_unref (texts);
    }
    names_clear (&x);
}

static void test_longest_text_fits_least_window (void **state)
{
    (void) state;
    struct names x = { 0 };
    g_autofree char *text = g_strnfill (NAMES_TEXT_MAX, 'x');
    names_begin (&x, NAMES_MIN_LIMIT);
    assert_true (names_add (&x, text, NAMES_TEXT_MAX, 0));
    assert_string_equal (names_text (&x, 0), text);
    names_clear (&x);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_sorts_any_shape),
        cmocka_unit_test (test_as_many_as_fit),
        cmocka_unit_test (test_longest_text_fits_least_window),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
