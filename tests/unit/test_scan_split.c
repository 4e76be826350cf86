/* Where a listing is split that nothing is known of: bounds are few, in order, inside of what is
 * split, and make parts of about the same size, whatever the keys look like. */
#include "test.h"

#include <string.h>

#include "base/limits.h"
#include "scan/split.h"
#include "store_fake.h"

#define WANT 8

struct bucket {
    struct fake *fake;
    struct store *store;
    GPtrArray *keys; /* in order */
    struct error e;
};

static int setup (void **state)
{
    struct bucket *b = g_new0 (struct bucket, 1);
    b->fake = fake_new (1000);
    b->store = fake_store (b->fake);
    b->keys = g_ptr_array_new_with_free_func (g_free);
    *state = b;
    return 0;
}

static int teardown (void **state)
{
    struct bucket *b = *state;
    store_free (b->store);
    g_ptr_array_unref (b->keys);
    g_free (b);
    return 0;
}

static gint compare (gconstpointer a, gconstpointer b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Takes the key. */
static void put (struct bucket *b, char *key)
{
    fake_put (b->fake, key, "", 0);
    g_ptr_array_add (b->keys, key);
}

static GPtrArray *split_between (struct bucket *b, const char *after, const char *before)
{
    GPtrArray *bounds = g_ptr_array_new_with_free_func (g_free);
    const struct split s = { b->store, "fake", after, before, WANT, NULL, NULL };
    assert_ok (split_sample (&s, bounds, &b->e), &b->e);
    assert_in_range (bounds->len, 0, WANT - 1);
    assert_in_range (fake_pages (b->fake), 1, LIMIT_SPLIT_REQUESTS);
    const char *last = after ? after : "";
    for (guint i = 0; i < bounds->len; i++) {
        assert_true (strcmp (last, bounds->pdata[i]) < 0);
        assert_true (g_utf8_validate (bounds->pdata[i], -1, NULL));
        last = bounds->pdata[i];
    }
    assert_true (!before || strcmp (last, before) < 0);
    return bounds;
}

/* The most keys that one part has, as a share of all, in percent. */
static guint largest_part (struct bucket *b, const GPtrArray *bounds)
{
    guint most = 0, part = 0, at = 0;
    g_ptr_array_sort (b->keys, compare);
    for (guint i = 0; i < b->keys->len; i++) {
        while (at < bounds->len && strcmp (b->keys->pdata[i], bounds->pdata[at]) > 0) {
            at++;
            part = 0;
        }
        part++;
        most = MAX (most, part);
    }
    return most * 100 / b->keys->len;
}

/* Of parts of the same size, each would have 12 %. */
static void assert_balanced (struct bucket *b)
{
    g_autoptr (GPtrArray) bounds = split_between (b, NULL, NULL);
    assert_in_range (bounds->len, 3, WANT - 1);
    assert_in_range (largest_part (b, bounds), 12, 20);
}

static void test_one_page_is_one_part (void **state)
{
    struct bucket *b = *state;
    g_autoptr (GPtrArray) none = split_between (b, NULL, NULL);
    assert_int_equal (none->len, 0);
    for (int i = 0; i < LIMIT_STORE_PAGE - 1; i++)
        put (b, g_strdup_printf ("k%04d", i));
    g_autoptr (GPtrArray) still_none = split_between (b, NULL, NULL);
    assert_int_equal (still_none->len, 0);
    assert_int_equal (fake_pages (b->fake), 2);
}

static void test_running_numbers (void **state)
{
    struct bucket *b = *state;
    for (int i = 0; i < 30000; i++)
        put (b, g_strdup_printf ("photos/IMG_%08d.jpg", i));
    assert_balanced (b);
}

static void test_hashes (void **state)
{
    struct bucket *b = *state;
    for (int i = 0; i < 30000; i++)
        put (b, g_strdup_printf ("%08x%08x", g_random_int (), g_random_int ()));
    assert_balanced (b);
}

static void test_folders_by_day (void **state)
{
    struct bucket *b = *state;
    for (int i = 0; i < 30000; i++)
        put (b, g_strdup_printf ("archive/20%02d/%02d/%02d/scan-%d.pdf", i % 6 + 18, i % 12 + 1,
                                 i % 28 + 1, i));
    assert_balanced (b);
}

static void test_one_folder_that_has_nearly_all (void **state)
{
    struct bucket *b = *state;
    for (int i = 0; i < 500; i++)
        put (b, g_strdup_printf ("%c/few-%d", 'a' + i % 26, i));
    for (int i = 0; i < 30000; i++)
        put (b, g_strdup_printf ("m/many/%06x", g_random_int () >> 8));
    assert_balanced (b);
}

static void test_characters_of_several_bytes (void **state)
{
    struct bucket *b = *state;
    for (int i = 0; i < 30000; i++) {
        GString *key = g_string_new ("写真/");
        g_string_append_unichar (key, 0x4e00 + (gunichar) (i % 300));
        g_string_append_unichar (key, 0x1f300 + (gunichar) (i % 7));
        g_string_append_printf (key, "%d", i);
        put (b, g_string_free (key, FALSE));
    }
    assert_balanced (b);
}

static void test_keys_that_begin_others (void **state)
{
    struct bucket *b = *state;
    GString *key = g_string_new (NULL);
    for (int i = 0; i < 800; i++) {
        g_string_append_c (key, 'a');
        put (b, g_strdup (key->str));
    }
    for (int i = 0; i < 5000; i++)
        put (b, g_strdup_printf ("%.*sb%d", i % 800, key->str, i));
    g_string_free (key, TRUE);
    g_autoptr (GPtrArray) bounds = split_between (b, NULL, NULL);
}

static void test_part_of_a_bucket (void **state)
{
    struct bucket *b = *state;
    for (int i = 0; i < 30000; i++)
        put (b, g_strdup_printf ("%05d", i));
    g_autoptr (GPtrArray) bounds = split_between (b, "12345", "23456");
    assert_in_range (bounds->len, 3, WANT - 1);
}

/* Whatever keys there are, it comes to an end, and says nothing wrong. */
static void test_random_keys (void **state)
{
    struct bucket *b = *state;
    static const char *const letters[] = { "a", "b", "/", "0", "é", "日", "\U0010ffff", " " };
    for (int i = 0; i < 12000; i++) {
        GString *key = g_string_new (NULL);
        for (int n = g_random_int_range (1, 12); n > 0; n--)
            g_string_append (key, letters[g_random_int_range (0, 1 + i % 8)]);
        put (b, g_string_free (key, FALSE));
    }
    g_autoptr (GPtrArray) bounds = split_between (b, NULL, NULL);
}

static enum err fail_third (void *arg, struct fake *f, enum fake_point point, const char *key,
                            int page)
{
    (void) f;
    (void) key;
    (void) page;
    return point == FAKE_LIST_PAGE && ++*(int *) arg == 3 ? ERR_STORE_DOWN : ERR_OK;
}

static void test_store_that_fails (void **state)
{
    struct bucket *b = *state;
    int calls = 0;
    for (int i = 0; i < 5000; i++)
        put (b, g_strdup_printf ("%05d", i));
    fake_set_hook (b->fake, fail_third, &calls);
    g_autoptr (GPtrArray) bounds = g_ptr_array_new_with_free_func (g_free);
    const struct split s = { b->store, "fake", NULL, NULL, WANT, NULL, NULL };
    assert_err (STORE_DOWN, split_sample (&s, bounds, &b->e));
    assert_int_equal (bounds->len, 0);
}

static bool always (void *arg)
{
    (void) arg;
    return true;
}

static void test_scan_that_stops (void **state)
{
    struct bucket *b = *state;
    g_autoptr (GPtrArray) bounds = g_ptr_array_new_with_free_func (g_free);
    const struct split s = { b->store, "fake", NULL, NULL, WANT, always, NULL };
    assert_ok (split_sample (&s, bounds, &b->e), &b->e);
    assert_int_equal (fake_pages (b->fake), 0);
}

int main (void)
{
#define SPLIT(f) cmocka_unit_test_setup_teardown (f, setup, teardown)
    const struct CMUnitTest tests[] = {
        SPLIT (test_one_page_is_one_part),
        SPLIT (test_running_numbers),
        SPLIT (test_hashes),
        SPLIT (test_folders_by_day),
        SPLIT (test_one_folder_that_has_nearly_all),
        SPLIT (test_characters_of_several_bytes),
        SPLIT (test_keys_that_begin_others),
        SPLIT (test_part_of_a_bucket),
        SPLIT (test_random_keys),
        SPLIT (test_store_that_fails),
        SPLIT (test_scan_that_stops),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
