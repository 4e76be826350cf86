/* Ranges: that they cover every key once, cursors, rejects, the end of a scan. */
#include "test.h"

#include "index_world.h"

static bool covers (const struct range *r, const char *key)
{
    return (!r->lo || strcmp (key, r->lo) > 0) && (!r->hi || strcmp (key, r->hi) < 0);
}

static GPtrArray *lease_all (struct world *w)
{
    GPtrArray *all = g_ptr_array_new_with_free_func (range_free);
    struct range *range = NULL;
    while (range_lease (w->db, BINDING, "me", 1, 1000, &range, &w->e) == ERR_OK)
        g_ptr_array_add (all, range);
    return all;
}

static void split_ranges_cover_every_key_once (void **state)
{
    struct world *w = *state;
    const char *const bounds[] = { "b", "m/n", NULL };
    const char *const keys[] = { "a", "b", "b\001", "b/x", "m", "m/n", "m/n\001", "m/n/o", "z" };
    assert_ok (work_start_scan (w->db, BINDING, NULL, bounds, 0, &w->e), &w->e);
    g_autoptr (GPtrArray) all = lease_all (w);
    assert_int_equal (3, all->len);
    for (size_t i = 0; i < N_ELEMENTS (keys); i++) {
        int n = 0;
        for (guint j = 0; j < all->len; j++)
            n += covers (all->pdata[j], keys[i]);
        assert_int_equal (1, n);
    }
}

static void a_long_range_is_split_where_it_stands (void **state)
{
    struct world *w = *state;
    const char *const bounds[] = { "m", NULL }, *const more[] = { "d", "g", NULL };
    const char *const keys[] = { "a", "c", "d", "d\001", "e", "g", "h", "m", "n" };
    assert_ok (work_start_scan (w->db, BINDING, NULL, bounds, RANGE_FORCE, &w->e), &w->e);
    struct range *first = lease (w);
    assert_ok (range_renew (w->db, first, "c", 5000, &w->e), &w->e);
    assert_ok (range_split (w->db, first, more, &w->e), &w->e);
    assert_ok (range_release (w->db, first, false, &w->e), &w->e);
    assert_err (SUPERSEDED,
                range_split (w->db, &(struct range){ .id = first->id, .epoch = 77 }, more, &w->e));
    range_free (first);
    g_autoptr (GPtrArray) all = lease_all (w);
    assert_int_equal (4, all->len);
    for (size_t i = 0; i < N_ELEMENTS (keys); i++) {
        int n = 0;
        for (guint j = 0; j < all->len; j++)
            n += covers (all->pdata[j], keys[i]);
        assert_int_equal (1, n);
    }
    for (guint j = 0; j < all->len; j++) {
        const struct range *r = all->pdata[j];
        assert_int_equal (RANGE_FORCE, r->flags);
        assert_true (r->lo ? !r->cursor : strcmp (r->cursor, "c") == 0);
    }
}

static void a_range_that_rests_is_leased_when_it_is_woken (void **state)
{
    struct world *w = *state;
    const char *const bounds[] = { "m", NULL };
    assert_ok (work_start_scan (w->db, BINDING, NULL, bounds, 0, &w->e), &w->e);
    struct range *first = lease (w), *second = lease (w), *none = NULL;
    assert_ok (range_rest (w->db, first, &w->e), &w->e);
    assert_err (NOT_FOUND, range_lease (w->db, BINDING, "o", 900, 9999, &none, &w->e));
    assert_false (progress (w).ranges_done);
    assert_err (SUPERSEDED,
                range_rest (w->db, &(struct range){ .id = second->id, .epoch = 77 }, &w->e));
    assert_ok (range_wake (w->db, BINDING, &w->e), &w->e);
    struct range *again = NULL;
    assert_ok (range_lease (w->db, BINDING, "o", 900, 9999, &again, &w->e), &w->e);
    assert_int_equal (first->id, again->id);
    assert_err (NOT_FOUND, range_lease (w->db, BINDING, "o", 900, 9999, &none, &w->e));
    range_free (first);
    range_free (second);
    range_free (again);
}

static void a_partial_scan_covers_its_prefix (void **state)
{
    struct world *w = *state;
    static const struct {
        const char *prefix, *in[3], *out[2];
    } cases[] = {
        { "a/b/", { "a/b/", "a/b/c", "a/b/\xf4\x8f\xbf\xbf" }, { "a/b0", "a/a" } },
        { "photo", { "photo", "photo1", "photos/x" }, { "photp", "phot" } },
        { "\xed\x9f\xbf", { "\xed\x9f\xbf", "\xed\x9f\xbfx", NULL }, { "\xee\x80\x80", "a" } },
        { "\xf4\x8f\xbf\xbf", { "\xf4\x8f\xbf\xbf", NULL, NULL }, { "a", NULL } },
    };
    for (size_t i = 0; i < N_ELEMENTS (cases); i++) {
        assert_ok (work_start_scan (w->db, BINDING, NULL, NULL, 0, &w->e), &w->e);
        struct range *full = lease (w);
        assert_ok (range_release (w->db, full, true, &w->e), &w->e);
        range_free (full);
        assert_ok (work_start_scan (w->db, BINDING, cases[i].prefix, NULL, 0, &w->e), &w->e);
        struct range *r = lease (w);
        assert_int_equal (RANGE_PARTIAL, r->flags);
        for (size_t j = 0; j < 3 && cases[i].in[j]; j++)
            assert_true (covers (r, cases[i].in[j]));
        for (size_t j = 0; j < 2 && cases[i].out[j]; j++)
            assert_false (covers (r, cases[i].out[j]));
        assert_true (!r->lo || g_utf8_validate (r->lo, -1, NULL));
        assert_true (!r->hi || g_utf8_validate (r->hi, -1, NULL));
        assert_ok (range_release (w->db, r, true, &w->e), &w->e);
        range_free (r);
    }
}

static void the_cursor_is_where_the_last_merge_left_it (void **state)
{
    struct world *w = *state;
    struct range *r = lease (w);
    assert_null (r->cursor);
    const struct merge_batch b = {
        .range = r, .bucket = BUCKET, .cursor = "k", .listed = 5, .unchanged = 4, .until_ns = 9000
    };
    int64_t deleted, over;
    assert_ok (work_apply_merge (w->db, &b, &deleted, &over, &w->e), &w->e);
    world_close (w); /* as after a restart */
    world_open (w);
    struct range *again = NULL;
    assert_err (NOT_FOUND, range_lease (w->db, BINDING, "o", 8999, 9999, &again, &w->e));
    assert_ok (range_lease (w->db, BINDING, "o", 9000, 9999, &again, &w->e), &w->e);
    assert_string_equal ("k", again->cursor);
    assert_int_equal (5, progress (w).listed);
    assert_int_equal (4, progress (w).unchanged);
    range_free (r);
    range_free (again);
}

static void the_last_range_ends_the_scan (void **state)
{
    struct world *w = *state;
    const char *const bounds[] = { "m", NULL };
    assert_ok (work_start_scan (w->db, BINDING, NULL, bounds, RANGE_FORCE, &w->e), &w->e);
    assert_ok (work_start_scan (w->db, BINDING, "x/", NULL, 0, &w->e), &w->e);
    g_autoptr (GPtrArray) all = lease_all (w);
    assert_int_equal (3, all->len);
    assert_ok (range_release (w->db, all->pdata[0], true, &w->e), &w->e);
    assert_int_equal (0, progress (w).scan_end_ns);
    assert_ok (range_release (w->db, all->pdata[1], true, &w->e), &w->e);
    assert_true (progress (w).scan_end_ns >= progress (w).start_ns);
    assert_false (progress (w).ranges_done);
    assert_ok (range_release (w->db, all->pdata[2], true, &w->e), &w->e);
    assert_true (progress (w).ranges_done);
}

static void force_outlives_a_new_scan (void **state)
{
    struct world *w = *state;
    assert_ok (work_start_scan (w->db, BINDING, NULL, NULL, RANGE_FORCE, &w->e), &w->e);
    assert_ok (work_start_scan (w->db, BINDING, NULL, NULL, 0, &w->e), &w->e);
    struct range *r = lease (w);
    assert_int_equal (RANGE_FORCE, r->flags);
    range_free (r);
}

static void reject (struct world *w, const struct range *r, const char *key)
{
    struct work_reject one = { key, "the name is not UTF-8" };
    g_autoptr (GPtrArray) rejects = g_ptr_array_new ();
    g_ptr_array_add (rejects, &one);
    const struct merge_batch b = { .range = r, .bucket = BUCKET, .rejects = rejects };
    int64_t deleted, over;
    assert_ok (work_apply_merge (w->db, &b, &deleted, &over, &w->e), &w->e);
}

static void rejects_live_until_a_scan_does_not_see_them (void **state)
{
    struct world *w = *state;
    struct range *r = lease (w);
    reject (w, r, "bad\\xff");
    reject (w, r, "worse\\xff");
    reject (w, r, "bad\\xff"); /* seen twice counts once */
    assert_int_equal (2, progress (w).failed);
    assert_ok (range_release (w->db, r, true, &w->e), &w->e);
    assert_int_equal (2, progress (w).failed);
    range_free (r);
    assert_ok (work_start_scan (w->db, BINDING, NULL, NULL, 0, &w->e), &w->e);
    r = lease (w);
    reject (w, r, "worse\\xff");
    check_invariants (w);
    assert_ok (range_release (w->db, r, true, &w->e), &w->e);
    assert_int_equal (1, progress (w).failed);
    g_autoptr (GPtrArray) list = NULL;
    assert_ok (work_list_failures (w->db, BINDING, BUCKET, NULL, 9, &list, &w->e), &w->e);
    assert_int_equal (1, list->len);
    const struct work_failure *f = list->pdata[0];
    assert_string_equal ("worse\\xff", f->key);
    assert_false (f->is_row);
    check_invariants (w);
    range_free (r);
}

static void failures_are_one_list_in_byte_order (void **state)
{
    struct world *w = *state;
    const char *const keys[] = { "a", "c" };
    put_keys (w, keys, 2);
    g_autoptr (GPtrArray) items = NULL;
    int64_t next;
    assert_ok (work_take (w->db, BINDING, WORK_SCAN, 1, 9, NULL, &items, &next, &w->e), &w->e);
    for (guint i = 0; i < items->len; i++) {
        struct work_result *failed = result_of (items->pdata[i], WORK_STORED);
        failed->status = FILE_FAILED;
        failed->reason = g_strdup ("broken");
        finish (w, failed);
    }
    struct range *r = lease (w);
    reject (w, r, "b");
    range_free (r);
    g_autoptr (GPtrArray) list = NULL, rest = NULL;
    assert_ok (work_list_failures (w->db, BINDING, BUCKET, NULL, 2, &list, &w->e), &w->e);
    assert_int_equal (2, list->len);
    assert_string_equal ("a", ((struct work_failure *) list->pdata[0])->key);
    assert_string_equal ("broken", ((struct work_failure *) list->pdata[0])->reason);
    assert_string_equal ("b", ((struct work_failure *) list->pdata[1])->key);
    assert_ok (work_list_failures (w->db, BINDING, BUCKET, "b", 9, &rest, &w->e), &w->e);
    assert_int_equal (2, rest->len);
    assert_int_equal (3, progress (w).failed);
}

static void mounts_are_replaced_whole (void **state)
{
    struct world *w = *state;
    struct work_mount a = { "", UINT64_MAX, 2, 3 }, b = { "x/", 4, 5, 6 };
    g_autoptr (GPtrArray) mounts = g_ptr_array_new (), found = NULL, one = NULL;
    g_ptr_array_add (mounts, &b);
    g_ptr_array_add (mounts, &a);
    assert_ok (work_set_mounts (w->db, BINDING, mounts, &w->e), &w->e);
    assert_ok (work_get_mounts (w->db, BINDING, &found, &w->e), &w->e);
    assert_int_equal (2, found->len);
    assert_true (((struct work_mount *) found->pdata[0])->device == UINT64_MAX);
    g_ptr_array_remove_index (mounts, 0);
    assert_ok (work_set_mounts (w->db, BINDING, mounts, &w->e), &w->e);
    assert_ok (work_get_mounts (w->db, BINDING, &one, &w->e), &w->e);
    assert_int_equal (1, one->len);
    assert_err (SUPERSEDED, work_set_mounts (w->db, 99, mounts, &w->e));
}

#define T(f) cmocka_unit_test_setup_teardown (f, world_setup, world_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        T (split_ranges_cover_every_key_once),
        T (a_long_range_is_split_where_it_stands),
        T (a_range_that_rests_is_leased_when_it_is_woken),
        T (a_partial_scan_covers_its_prefix),
        T (the_cursor_is_where_the_last_merge_left_it),
        T (the_last_range_ends_the_scan),
        T (force_outlives_a_new_scan),
        T (rejects_live_until_a_scan_does_not_see_them),
        T (failures_are_one_list_in_byte_order),
        T (mounts_are_replaced_whole),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
