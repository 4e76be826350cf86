/* Which sidecar belongs to which image, and that images follow: each rule as the sequence of
 * transactions in which it matters. */
#include "test.h"

#include "base/limits.h"
#include "index/sidecar.h"
#include "index_world.h"

static void store_as_listed (struct world *w, const struct work_item *item)
{
    struct work_result *result = result_of (item, WORK_STORED);
    result->version = version_of (10); /* as put_keys() says */
    finish (w, result);
}

/* Settles all work. */
static void settle_all (struct world *w)
{
    for (bool more = true; more;) {
        g_autoptr (GPtrArray) items = NULL;
        int64_t next;
        assert_ok (
            work_take (w->db, BINDING, WORK_SCAN, INT64_MAX / 2, 100, NULL, &items, &next, &w->e),
            &w->e);
        for (guint i = 0; i < items->len; i++)
            store_as_listed (w, g_ptr_array_index (items, i));
        more = items->len > 0;
    }
    check_invariants (w);
}

static void list_one (struct world *w, const char *key)
{
    put_keys (w, &key, 1);
}

static void index_one (struct world *w, const char *key)
{
    list_one (w, key);
    settle_all (w);
}

static struct work_item *take (struct world *w, const char *key)
{
    g_autoptr (GPtrArray) items = NULL;
    int64_t next;
    assert_ok (
        work_take (w->db, BINDING, WORK_SCAN, INT64_MAX / 2, 100, NULL, &items, &next, &w->e),
        &w->e);
    for (guint i = 0; i < items->len; i++)
        if (!strcmp (((struct work_item *) g_ptr_array_index (items, i))->key, key))
            return g_ptr_array_steal_index (items, i);
    return NULL;
}

static bool is_stale (struct world *w, const char *key)
{
    struct index_entry row;
    assert_ok (files_get_entry (w->db, BUCKET, key, &row, &w->e), &w->e);
    return row.extractor == 0;
}

/* Stale and queued, or neither. */
static bool is_dirty (struct world *w, const char *key)
{
    struct work_item *item = take (w, key);
    bool is_queued = item;
    work_item_free (item);
    assert_int_equal (is_stale (w, key), is_queued);
    return is_queued;
}

static void expect (struct world *w, const char *image, const char *sidecar)
{
    g_autofree char *found = NULL;
    assert_ok (sidecar_find (w->db, BUCKET, image, &found, &w->e), &w->e);
    if (g_strcmp0 (found, sidecar))
        fail_msg ("%s has the sidecar %s, not %s", image, found, sidecar);
}

/* As an event finds it: `size` is its version. */
static void change_one (struct world *w, const char *key, uint64_t size)
{
    const struct work_dirty dirty = { key, 0 };
    assert_ok (work_mark_dirty (w->db, BINDING, &dirty, 1, &w->e), &w->e);
    struct work_item *item = take (w, key);
    struct work_result *result = result_of (item, WORK_STORED);
    result->version = version_of (size);
    finish (w, result);
    work_item_free (item);
}

static void remove_one (struct world *w, const char *key)
{
    assert_int_equal (1, delete_key (w, key, dataset_last_commit (w->db)));
}

/* ---- keys ---- */

static void names_tell_what_is_what (void **state)
{
    (void) state;
    static const char *const sidecars[] = { "a.xmp", "d/a.XMP", "a.cr2.xmp", "a..xMp",
                                            "d.e/é.xmp" };
    static const char *const others[] = {
        ".xmp", "d/.xmp", "xmp", "a.xmp/b", "a.xmpx", "a.xmp ", ""
    };
    for (size_t i = 0; i < N_ELEMENTS (sidecars); i++)
        assert_true (sidecar_is_one (sidecars[i]));
    for (size_t i = 0; i < N_ELEMENTS (others); i++)
        assert_false (sidecar_is_one (others[i]));
    assert_true (sidecar_is_raw ("d/a.CR2") && sidecar_is_image ("d/a.CR2"));
    assert_true (sidecar_is_image ("a.jpeg") && !sidecar_is_raw ("a.jpeg"));
    assert_false (sidecar_is_image ("a.txt") || sidecar_is_image (".jpg") ||
                  sidecar_is_image ("a.jpg/b") || sidecar_is_image ("jpg"));
    assert_true (sidecar_may_concern ("d/a", "d/a.jpg"));
    assert_true (sidecar_may_concern ("d/a.jpg", "d/a.jpg"));
    assert_false (
        sidecar_may_concern ("d/a", "d/a.b.jpg") || sidecar_may_concern ("d/a", "d/ab.jpg") ||
        sidecar_may_concern ("d/a", "d/a.d/c.jpg") || sidecar_may_concern ("d/a", "d/a.txt"));
}

static void both_namings_are_found (void **state)
{
    struct world *w = *state;
    static const char *const keys[] = { "a.cr2", "a.xmp", "b.cr2", "b.cr2.xmp", "b.xmp",
                                        "c.dng", "c.XMP", "d.jpg", "d.jpg.XmP", "d/e.jpg",
                                        "e.xmp", "f.jpg", "f.txt" };
    put_keys (w, keys, N_ELEMENTS (keys));
    expect (w, "a.cr2", "a.xmp");
    expect (w, "b.cr2", "b.cr2.xmp");
    expect (w, "c.dng", "c.XMP");
    expect (w, "d.jpg", "d.jpg.XmP");
    expect (w, "d/e.jpg", NULL);
    expect (w, "f.jpg", NULL);
}

static void raw_files_come_first (void **state)
{
    struct world *w = *state;
    static const char *const keys[] = { "a.cr2", "a.jpg", "a.nef", "a.xmp",     "b.jpg",
                                        "b.tif", "b.xmp", "c.cr2", "c.cr2.jpg", "c.cr2.xmp" };
    put_keys (w, keys, N_ELEMENTS (keys));
    expect (w, "a.cr2", "a.xmp");
    expect (w, "a.nef", "a.xmp");
    expect (w, "a.jpg", NULL);
    expect (w, "b.jpg", "b.xmp");
    expect (w, "b.tif", "b.xmp");
    expect (w, "c.cr2", "c.cr2.xmp");
    expect (w, "c.cr2.jpg", NULL);
}

static void other_buckets_do_not_matter (void **state)
{
    struct world *w = *state;
    g_autofree char *found = NULL;
    index_one (w, "a.xmp");
    assert_ok (sidecar_find (w->db, "photo", "s/a.jpg", &found, &w->e), &w->e);
    assert_null (found);
    assert_ok (sidecar_find (w->db, "other", "a.jpg", &found, &w->e), &w->e);
    assert_null (found);
}

/* ---- following ---- */

static void new_changed_and_gone_sidecars_dirty_their_image (void **state)
{
    struct world *w = *state;
    index_one (w, "a.cr2");
    index_one (w, "ab.cr2");
    list_one (w, "a.xmp");
    assert_true (is_dirty (w, "a.cr2"));
    assert_false (is_dirty (w, "ab.cr2"));
    settle_all (w);
    assert_false (is_dirty (w, "a.cr2"));
    change_one (w, "a.xmp", 10); /* as it is */
    assert_false (is_dirty (w, "a.cr2"));
    change_one (w, "a.xmp", 21);
    assert_true (is_dirty (w, "a.cr2"));
    settle_all (w);
    remove_one (w, "a.xmp");
    assert_true (is_dirty (w, "a.cr2"));
    expect (w, "a.cr2", NULL);
    settle_all (w);
    assert_false (is_dirty (w, "a.cr2"));
}

static void an_event_for_a_sidecar_that_is_gone_dirties_its_image (void **state)
{
    struct world *w = *state;
    index_one (w, "a.cr2");
    index_one (w, "a.cr2.xmp");
    const struct work_dirty dirty = { "a.cr2.xmp", 0 };
    assert_ok (work_mark_dirty (w->db, BINDING, &dirty, 1, &w->e), &w->e);
    struct work_item *item = take (w, "a.cr2.xmp");
    finish (w, result_of (item, WORK_GONE));
    work_item_free (item);
    assert_true (is_dirty (w, "a.cr2"));
}

static void images_do_not_dirty_sidecars (void **state)
{
    struct world *w = *state;
    index_one (w, "a.cr2");
    index_one (w, "a.xmp");
    change_one (w, "a.cr2", 30);
    struct work_item *item = take (w, "a.xmp");
    assert_null (item);
    assert_null (take (w, "a.cr2"));
    assert_int_equal (0, progress (w).pending);
}

static void a_first_scan_extracts_everything_once (void **state)
{
    struct world *w = *state;
    static const char *const keys[] = { "a.cr2", "a.jpg", "a.xmp", "b.cr2", "b.cr2.xmp" };
    put_keys (w, keys, N_ELEMENTS (keys));
    settle_all (w);
    assert_int_equal (N_ELEMENTS (keys), progress (w).indexed);
}

static void a_sidecar_that_comes_during_extraction_is_not_missed (void **state)
{
    struct world *w = *state;
    static const char *const keys[] = { "b.cr2" };
    const struct work_dirty dirty = { "a.cr2", 0 };
    assert_ok (work_mark_dirty (w->db, BINDING, &dirty, 1, &w->e), &w->e); /* no row yet */
    put_keys (w, keys, 1);
    struct work_item *a = take (w, "a.cr2"), *b = take (w, "b.cr2");
    list_one (w, "a.xmp");
    list_one (w, "b.xmp");
    finish (w, result_of (a, WORK_STORED));
    finish (w, result_of (b, WORK_STORED));
    assert_true (is_dirty (w, "a.cr2"));
    assert_true (is_dirty (w, "b.cr2"));
    settle_all (w);
    assert_false (is_dirty (w, "a.cr2"));
    work_item_free (a);
    work_item_free (b);
}

static void a_sidecar_that_changes_during_extraction_is_not_missed (void **state)
{
    struct world *w = *state;
    index_one (w, "a.cr2");
    index_one (w, "a.xmp");
    const struct work_dirty dirty = { "a.cr2", 0 };
    assert_ok (work_mark_dirty (w->db, BINDING, &dirty, 1, &w->e), &w->e);
    struct work_item *item = take (w, "a.cr2");
    change_one (w, "a.xmp", 40);
    struct work_result *unchanged = result_of (item, WORK_UNCHANGED);
    finish (w, unchanged); /* judged before the change */
    assert_true (is_dirty (w, "a.cr2"));
    work_item_free (item);
    item = take (w, "a.cr2");
    change_one (w, "a.xmp", 41);
    finish (w, result_of (item, WORK_STORED));
    assert_true (is_dirty (w, "a.cr2"));
    work_item_free (item);
}

static void a_raw_file_takes_the_sidecar_and_gives_it_back (void **state)
{
    struct world *w = *state;
    index_one (w, "a.jpg");
    index_one (w, "a.xmp");
    list_one (w, "a.nef");
    assert_true (is_dirty (w, "a.jpg"));
    expect (w, "a.jpg", NULL);
    settle_all (w);
    remove_one (w, "a.nef");
    assert_true (is_dirty (w, "a.jpg"));
    expect (w, "a.jpg", "a.xmp");
    settle_all (w);
    list_one (w, "a.png"); /* takes nothing from anybody */
    assert_false (is_dirty (w, "a.jpg"));
}

static void a_binding_that_ends_leaves_no_image_behind (void **state)
{
    struct world *w = *state;
    index_one (w, "a.cr2");
    index_one (w, "a.xmp");
    index_one (w, "b.cr2");
    change_one (w, "a.xmp", 50); /* its image is queued, which is forgotten */
    list_one (w, "b.xmp");       /* never more than listed, but b.cr2 was read with it */
    struct work_item *item = take (w, "b.cr2");
    finish (w, result_of (item, WORK_STORED));
    work_item_free (item);
    assert_false (is_stale (w, "b.cr2"));
    assert_ok (work_end_binding (w->db, BINDING, &w->e), &w->e);
    assert_true (is_stale (w, "a.cr2"));
    assert_true (is_stale (w, "b.cr2"));
    assert_int_equal (0, query_int (w, "SELECT count(*) FROM work"));
    check_invariants (w);
}

static void of_very_many_siblings_some_are_left_alone (void **state)
{
    struct world *w = *state;
    const char *names[LIMIT_SIDECAR_SIBLINGS + 10];
    g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
    for (size_t i = 0; i < N_ELEMENTS (names); i++) {
        names[i] = g_strdup_printf ("a.%04zu.jpg", i);
        g_ptr_array_add (keys, (char *) names[i]);
    }
    put_keys (w, names, N_ELEMENTS (names));
    index_one (w, "a.cr2");
    index_one (w, "a.cr2.xmp");
    list_one (w, "a.xmp");
    assert_false (is_dirty (w, "a.cr2"));
    change_one (w, "a.cr2.xmp", 60);
    assert_true (is_dirty (w, "a.cr2")); /* its very own is always found */
}

int main (void)
{
#define T(f) cmocka_unit_test_setup_teardown (f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        T (names_tell_what_is_what),
        T (both_namings_are_found),
        T (raw_files_come_first),
        T (other_buckets_do_not_matter),
        T (new_changed_and_gone_sidecars_dirty_their_image),
        T (an_event_for_a_sidecar_that_is_gone_dirties_its_image),
        T (images_do_not_dirty_sidecars),
        T (a_first_scan_extracts_everything_once),
        T (a_sidecar_that_comes_during_extraction_is_not_missed),
        T (a_sidecar_that_changes_during_extraction_is_not_missed),
        T (a_raw_file_takes_the_sidecar_and_gives_it_back),
        T (a_binding_that_ends_leaves_no_image_behind),
        T (of_very_many_siblings_some_are_left_alone),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
