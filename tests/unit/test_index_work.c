/* The consistency rules of work, each as the sequence of calls in which it matters. */
#include "test.h"

#include "index_world.h"

static const char *const one[] = { "a.jpg" };

static void a_new_key_is_pending_then_indexed (void **state)
{
    struct world *w = *state;
    put_keys (w, one, 1);
    struct index_entry entry;
    assert_ok (files_get_entry (w->db, BUCKET, "a.jpg", &entry, &w->e), &w->e);
    assert_int_equal (FILE_PENDING, entry.status);
    assert_int_equal (10, stats (w).total_file_size);
    assert_int_equal (1, progress (w).pending);
    check_invariants (w);

    struct work_item *item = take_one (w);
    assert_string_equal ("a.jpg", item->key);
    finish (w, result_of (item, WORK_STORED));
    assert_ok (files_get_entry (w->db, BUCKET, "a.jpg", &entry, &w->e), &w->e);
    assert_int_equal (FILE_INDEXED, entry.status);
    assert_int_equal (EXTRACTOR, entry.extractor);
    assert_int_equal (20, stats (w).total_file_size);
    assert_int_equal (0, progress (w).pending);
    assert_int_equal (1, progress (w).indexed);
    assert_null (take_one (w));
    check_invariants (w);
    work_item_free (item);
}

static void dirty_again_while_in_flight_is_taken_once_more (void **state)
{
    struct world *w = *state;
    const struct work_dirty dirty = { "a.jpg", 0 };
    put_keys (w, one, 1);
    struct work_item *item = take_one (w);
    assert_ok (work_mark_dirty (w->db, BINDING, &dirty, 1, &w->e), &w->e);
    finish (w, result_of (item, WORK_STORED));
    struct work_item *again = take_one (w);
    assert_non_null (again);
    assert_int_equal (item->id, again->id);
    assert_int_equal (item->since_ns, again->since_ns);
    assert_int_equal (WORK_EVENT, again->priority);
    assert_true (again->commit_no > item->commit_no);
    check_invariants (w);
    finish (w, result_of (again, WORK_UNCHANGED));
    assert_null (take_one (w));
    check_invariants (w);
    work_item_free (item);
    work_item_free (again);
}

/* The only item of work that is a text to come; NULL if there is none. */
static struct work_item *take_text (struct world *w)
{
    g_autoptr (GPtrArray) items = NULL;
    int64_t next;
    assert_null (take_one (w));
    assert_ok (work_take (w->db, BINDING, WORK_TEXT, 10000, 2, NULL, &items, &next, &w->e), &w->e);
    assert_in_range (items->len, 0, 1);
    return items->len ? g_ptr_array_steal_index (items, 0) : NULL;
}

/* Stores the row without its text. */
static void finish_without_text (struct world *w)
{
    struct work_item *item = take_one (w);
    struct work_result *r = result_of (item, WORK_STORED);
    r->operators |= FILE_LACKS_TEXT;
    finish (w, r);
    work_item_free (item);
}

static void a_text_follows_its_row (void **state)
{
    struct world *w = *state;
    put_keys (w, one, 1);
    finish_without_text (w);
    assert_int_equal (1, progress (w).indexed);
    assert_int_equal (1, progress (w).pending);
    struct work_item *item = take_text (w);
    assert_non_null (item);
    assert_int_equal (WORK_TEXT, item->priority);
    finish (w, result_of (item, WORK_STORED));
    assert_null (take_text (w));
    assert_int_equal (1, progress (w).indexed);
    assert_int_equal (0, progress (w).pending);
    check_invariants (w);
    work_item_free (item);
}

static void an_event_before_the_text_is_urgent (void **state)
{
    struct world *w = *state;
    const struct work_dirty dirty = { "a.jpg", 0 };
    put_keys (w, one, 1);
    finish_without_text (w);
    struct work_item *text = take_text (w);
    assert_ok (work_mark_dirty (w->db, BINDING, &dirty, 1, &w->e), &w->e);
    finish (w, result_of (text, WORK_STORED));
    struct work_item *event = take_one (w);
    assert_non_null (event);
    assert_int_equal (WORK_EVENT, event->priority);
    finish (w, result_of (event, WORK_GONE));
    assert_null (take_text (w));
    check_invariants (w);
    work_item_free (text);
    work_item_free (event);
}

/* As after an unbind, which drops the work and keeps the rows. */
static void a_listing_queues_a_text_that_lacks_work (void **state)
{
    struct world *w = *state;
    put_keys (w, one, 1);
    finish_without_text (w);
    struct work_item *text = take_text (w);
    struct work_result *gone = result_of (text, WORK_UNCHANGED);
    finish (w, gone);
    assert_null (take_text (w));
    g_autoptr (GArray) puts = g_array_new (FALSE, FALSE, sizeof (struct merge_put));
    struct merge_put put = { .key = "a.jpg", .version = version_of (20), .only_text = true };
    g_array_append_val (puts, put);
    struct range *range = lease (w);
    const struct merge_batch b = { .range = range, .bucket = BUCKET, .puts = puts };
    int64_t deleted, over;
    assert_ok (work_apply_merge (w->db, &b, &deleted, &over, &w->e), &w->e);
    struct work_item *again = take_text (w);
    assert_non_null (again);
    finish (w, result_of (again, WORK_STORED));
    assert_ok (work_apply_merge (w->db, &b, &deleted, &over, &w->e), &w->e);
    assert_null (take_text (w));
    check_invariants (w);
    range_free (range);
    work_item_free (text);
    work_item_free (again);
}

static void a_listing_does_not_delete_what_is_newer_than_it (void **state)
{
    struct world *w = *state;
    int64_t before = dataset_last_commit (w->db);
    put_keys (w, one, 1);
    struct work_item *item = take_one (w);
    finish (w, result_of (item, WORK_STORED));
    work_item_free (item);
    assert_int_equal (0, delete_key (w, "a.jpg", before));
    assert_int_equal (1, stats (w).file_count);
    assert_int_equal (1, delete_key (w, "a.jpg", dataset_last_commit (w->db)));
    assert_int_equal (0, stats (w).file_count);
    assert_int_equal (0, stats (w).total_file_size);
    assert_int_equal (1, progress (w).deleted);
    check_invariants (w);
}

static void sizes_beyond_all_measure_are_counted_back (void **state)
{
    struct world *w = *state;
    const char *const keys[] = { "a", "b", "c" };
    for (size_t i = 0; i < N_ELEMENTS (keys); i++) {
        put_keys (w, &keys[i], 1);
        struct work_item *item = take_one (w);
        struct work_result *result = result_of (item, WORK_STORED);
        result->version.size = INT64_MAX; /* a sparse file that grew */
        finish (w, result);
        work_item_free (item);
    }
    assert_int_equal (3, stats (w).file_count);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal (1, delete_key (w, keys[i], dataset_last_commit (w->db)));
    assert_int_equal (INT64_MAX, stats (w).total_file_size);
    assert_int_equal (1, delete_key (w, keys[2], dataset_last_commit (w->db)));
    assert_int_equal (0, stats (w).total_file_size);
    check_invariants (w);
}

static void a_listing_does_not_delete_what_was_dirtied_since (void **state)
{
    struct world *w = *state;
    const struct work_dirty dirty = { "a.jpg", 0 };
    put_keys (w, one, 1);
    int64_t before = dataset_last_commit (w->db);
    assert_ok (work_mark_dirty (w->db, BINDING, &dirty, 1, &w->e), &w->e);
    assert_int_equal (0, delete_key (w, "a.jpg", before));
    check_invariants (w);
    assert_int_equal (1, delete_key (w, "a.jpg", dataset_last_commit (w->db)));
    assert_int_equal (0, progress (w).pending);
    check_invariants (w);
}

static void a_result_of_a_deleted_key_is_dropped (void **state)
{
    struct world *w = *state;
    put_keys (w, one, 1);
    struct work_item *item = take_one (w);
    assert_int_equal (1, delete_key (w, "a.jpg", dataset_last_commit (w->db)));
    finish (w, result_of (item, WORK_STORED));
    assert_int_equal (0, stats (w).file_count);
    /* Nor does it count for the same key that came back. */
    put_keys (w, one, 1);
    finish (w, result_of (item, WORK_STORED));
    struct index_entry entry;
    assert_ok (files_get_entry (w->db, BUCKET, "a.jpg", &entry, &w->e), &w->e);
    assert_int_equal (FILE_PENDING, entry.status);
    assert_int_equal (1, progress (w).pending);
    check_invariants (w);
    work_item_free (item);
}

static void a_result_of_an_ended_binding_is_dropped (void **state)
{
    struct world *w = *state;
    const struct work_dirty dirty = { "b.jpg", 0 };
    put_keys (w, one, 1);
    struct work_item *item = take_one (w);
    assert_ok (work_fence_binding (w->db, BINDING, &w->e), &w->e);
    finish (w, result_of (item, WORK_STORED));
    assert_int_equal (0, query_int (w, "SELECT count(*) FROM doc"));
    assert_err (SUPERSEDED, work_mark_dirty (w->db, BINDING, &dirty, 1, &w->e));
    assert_err (SUPERSEDED, work_start_scan (w->db, BINDING, NULL, NULL, 0, &w->e));
    struct range *range = NULL;
    assert_err (NOT_FOUND, range_lease (w->db, BINDING, "me", 1000, 2000, &range, &w->e));
    work_item_free (item);
}

static void ending_keeps_what_was_extracted_only (void **state)
{
    struct world *w = *state;
    const char *const two[] = { "b.jpg", "c.jpg" };
    put_keys (w, one, 1);
    struct work_item *item = take_one (w);
    finish (w, result_of (item, WORK_STORED));
    work_item_free (item);
    put_keys (w, two, 2);
    assert_ok (work_end_binding (w->db, BINDING, &w->e), &w->e);
    assert_ok (work_end_binding (w->db, BINDING, &w->e), &w->e);
    assert_int_equal (1, stats (w).file_count);
    assert_int_equal (0, query_int (w, "SELECT count(*) FROM work"));
    struct work_progress p;
    assert_err (NOT_FOUND, work_get_progress (w->db, BINDING, &p, &w->e));
    check_invariants (w);
}

static void a_crash_between_fence_and_end_is_swept (void **state)
{
    struct world *w = *state;
    g_autoptr (GArray) keep = g_array_new (FALSE, FALSE, sizeof (int64_t));
    put_keys (w, one, 1);
    assert_ok (work_fence_binding (w->db, BINDING, &w->e), &w->e);
    g_autoptr (GArray) left = g_array_new (FALSE, FALSE, sizeof (int64_t));
    assert_ok (work_fence_others (w->db, keep, left, &w->e), &w->e);
    assert_int_equal (1, left->len);
    assert_ok (work_end_binding (w->db, g_array_index (left, int64_t, 0), &w->e), &w->e);
    assert_int_equal (0, query_int (w, "SELECT count(*) FROM binding"));
    assert_int_equal (0, stats (w).file_count);
    check_invariants (w);
}

static void binding_again_ends_the_old_one_and_counts_failures (void **state)
{
    struct world *w = *state;
    put_keys (w, one, 1);
    struct work_item *item = take_one (w);
    struct work_result *r = result_of (item, WORK_STORED);
    r->status = FILE_FAILED;
    r->reason = g_strdup ("broken");
    finish (w, r);
    work_item_free (item);
    assert_int_equal (1, progress (w).failed);
    assert_ok (work_begin_binding (w->db, BINDING + 1, BUCKET, &w->e), &w->e);
    assert_int_equal (1, query_int (w, "SELECT count(*) FROM binding"));
    struct work_progress p;
    assert_ok (work_get_progress (w->db, BINDING + 1, &p, &w->e), &w->e);
    assert_int_equal (1, p.failed);
    check_invariants (w);
}

static void a_lost_lease_is_superseded (void **state)
{
    struct world *w = *state;
    struct range *mine = lease (w), *theirs = NULL;
    assert_err (NOT_FOUND, range_lease (w->db, BINDING, "other", 1999, 3000, &theirs, &w->e));
    assert_ok (range_lease (w->db, BINDING, "other", 2000, 3000, &theirs, &w->e), &w->e);
    g_autoptr (GArray) puts = g_array_new (FALSE, FALSE, sizeof (struct merge_put));
    struct merge_put put = { .key = "a.jpg", .version = version_of (10) };
    g_array_append_val (puts, put);
    const struct merge_batch b = { .range = mine, .bucket = BUCKET, .puts = puts, .listed = 1 };
    int64_t deleted, over;
    assert_err (SUPERSEDED, work_apply_merge (w->db, &b, &deleted, &over, &w->e));
    assert_err (SUPERSEDED, range_renew (w->db, mine, "k", 5000, &w->e));
    assert_err (SUPERSEDED, range_release (w->db, mine, true, &w->e));
    assert_int_equal (0, stats (w).file_count);
    assert_int_equal (0, progress (w).listed);
    check_invariants (w);
    range_free (mine);
    range_free (theirs);
}

static void quotas_hold_for_new_rows_only (void **state)
{
    struct world *w = *state;
    g_autoptr (GArray) puts = g_array_new (FALSE, FALSE, sizeof (struct merge_put));
    const char *const keys[] = { "a.jpg", "b.jpg", "c.jpg" };
    for (size_t i = 0; i < N_ELEMENTS (keys); i++) {
        struct merge_put put = { .key = keys[i], .version = version_of (10) };
        g_array_append_val (puts, put);
    }
    struct range *range = lease (w);
    struct merge_batch b = { .range = range, .bucket = BUCKET, .puts = puts, .max_file_count = 2 };
    int64_t deleted, over;
    assert_ok (work_apply_merge (w->db, &b, &deleted, &over, &w->e), &w->e);
    assert_int_equal (1, over);
    assert_int_equal (2, stats (w).file_count);
    assert_int_equal (2, progress (w).pending);
    b.max_file_count = 0;
    b.max_total_size = 29;
    assert_ok (work_apply_merge (w->db, &b, &deleted, &over, &w->e), &w->e);
    assert_int_equal (1, over);
    b.max_total_size = 30;
    assert_ok (work_apply_merge (w->db, &b, &deleted, &over, &w->e), &w->e);
    assert_int_equal (0, over);
    assert_int_equal (3, stats (w).file_count);
    check_invariants (w);
    range_free (range);
}

static void a_quota_stops_new_rows_of_events (void **state)
{
    struct world *w = *state;
    const struct work_dirty dirty = { "new.jpg", 0 };
    put_keys (w, one, 1);
    struct work_item *old = take_one (w);
    finish (w, result_of (old, WORK_STORED));
    assert_ok (work_mark_dirty (w->db, BINDING, &dirty, 1, &w->e), &w->e);
    struct work_item *item = take_one (w);
    g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (work_result_free);
    g_ptr_array_add (results, result_of (item, WORK_STORED));
    const struct merge_batch quotas = { .max_file_count = 1 };
    assert_ok (work_finish (w->db, &w->ctx, true, results, &quotas, &w->e), &w->e);
    assert_int_equal (1, stats (w).file_count);
    assert_int_equal (0, progress (w).pending);
    check_invariants (w);
    work_item_free (old);
    work_item_free (item);
}

static void failed_counts_what_is_failed_now (void **state)
{
    struct world *w = *state;
    const struct work_dirty dirty = { "a.jpg", 0 };
    put_keys (w, one, 1);
    struct work_item *item = take_one (w);
    struct work_result *r = result_of (item, WORK_STORED);
    r->status = FILE_FAILED;
    r->reason = g_strdup ("it is damaged");
    finish (w, r);
    work_item_free (item);
    assert_int_equal (1, progress (w).failed);
    check_invariants (w);
    int64_t n = 0;
    assert_ok (work_retry_failures (w->db, BINDING, BUCKET, &n, &w->e), &w->e);
    assert_int_equal (1, n);
    struct index_entry entry;
    assert_ok (files_get_entry (w->db, BUCKET, "a.jpg", &entry, &w->e), &w->e);
    assert_int_equal (0, entry.extractor);
    item = take_one (w);
    finish (w, result_of (item, WORK_STORED));
    work_item_free (item);
    assert_int_equal (0, progress (w).failed);
    assert_ok (work_mark_dirty (w->db, BINDING, &dirty, 1, &w->e), &w->e);
    item = take_one (w);
    finish (w, result_of (item, WORK_GONE));
    work_item_free (item);
    assert_int_equal (1, progress (w).deleted);
    assert_int_equal (0, stats (w).file_count);
    check_invariants (w);
}

static void later_keeps_what_it_must (void **state)
{
    struct world *w = *state;
    const struct work_dirty closed = { "a.jpg", 0 };
    put_keys (w, one, 1);
    struct work_item *item = take_one (w);
    struct work_result *r = result_of (item, WORK_LATER);
    r->not_before_ns = 20000;
    r->strikes = 1;
    finish (w, r);
    g_autoptr (GPtrArray) items = NULL;
    int64_t next;
    assert_ok (work_take (w->db, BINDING, WORK_SCAN, 10000, 2, NULL, &items, &next, &w->e), &w->e);
    assert_int_equal (0, items->len);
    assert_int_equal (20000, next);
    assert_ok (work_mark_dirty (w->db, BINDING, &closed, 1, &w->e), &w->e);
    struct work_item *again = take_one (w);
    assert_non_null (again);
    assert_int_equal (1, again->strikes);
    assert_int_equal (1, again->attempts);
    assert_int_equal (item->since_ns, again->since_ns);
    check_invariants (w);
    work_item_free (item);
    work_item_free (again);
}

static void a_restless_file_is_stored_and_stays_dirty (void **state)
{
    struct world *w = *state;
    put_keys (w, one, 1);
    struct work_item *item = take_one (w);
    struct work_result *r = result_of (item, WORK_STORED);
    r->keep_dirty = r->reset_since = true;
    r->not_before_ns = 9000;
    finish (w, r);
    struct work_item *again = take_one (w);
    assert_int_equal (item->id, again->id);
    assert_int_equal (9000, again->not_before_ns);
    assert_true (again->since_ns > item->since_ns);
    assert_int_equal (1, progress (w).indexed);
    check_invariants (w);
    work_item_free (item);
    work_item_free (again);
}

static void a_pending_row_is_never_left_without_work (void **state)
{
    struct world *w = *state;
    put_keys (w, one, 1);
    struct work_item *item = take_one (w);
    finish (w, result_of (item, WORK_UNCHANGED));
    assert_int_equal (1, progress (w).pending);
    check_invariants (w);
    work_item_free (item);
}

static void work_is_taken_in_order (void **state)
{
    struct world *w = *state;
    const char *const keys[] = { "1", "2", "3", "4" };
    const struct work_dirty dirty[] = { { "3", 500 }, { "5", 200 } };
    put_keys (w, keys, 4);
    assert_ok (work_mark_dirty (w->db, BINDING, dirty, 2, &w->e), &w->e);
    g_autoptr (GPtrArray) items = NULL;
    g_autoptr (GHashTable) skip = g_hash_table_new (g_int64_hash, g_int64_equal);
    int64_t next;
    assert_ok (work_take (w->db, BINDING, WORK_SCAN, 1000, 3, NULL, &items, &next, &w->e), &w->e);
    const char *const wanted[] = { "3", "5", "1" }; /* the merge's 0 is earlier than 500 */
    assert_int_equal (3, items->len);
    for (guint i = 0; i < 3; i++) {
        struct work_item *item = g_ptr_array_index (items, i);
        assert_string_equal (wanted[i], item->key);
        g_hash_table_add (skip, &item->id);
    }
    assert_int_equal (1000, next);
    g_autoptr (GPtrArray) rest = NULL;
    assert_ok (work_take (w->db, BINDING, WORK_SCAN, 1000, 9, skip, &rest, &next, &w->e), &w->e);
    assert_int_equal (2, rest->len);
    assert_int_equal (INT64_MAX, next);
    g_autoptr (GPtrArray) urgent = NULL;
    assert_ok (work_take (w->db, BINDING, WORK_EVENT, 100, 9, NULL, &urgent, &next, &w->e), &w->e);
    assert_int_equal (1, urgent->len);
    assert_int_equal (200, next);
}

#define T(f) cmocka_unit_test_setup_teardown (f, world_setup, world_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        T (a_new_key_is_pending_then_indexed),
        T (dirty_again_while_in_flight_is_taken_once_more),
        T (a_text_follows_its_row),
        T (an_event_before_the_text_is_urgent),
        T (a_listing_queues_a_text_that_lacks_work),
        T (a_listing_does_not_delete_what_is_newer_than_it),
        T (sizes_beyond_all_measure_are_counted_back),
        T (a_listing_does_not_delete_what_was_dirtied_since),
        T (a_result_of_a_deleted_key_is_dropped),
        T (a_result_of_an_ended_binding_is_dropped),
        T (ending_keeps_what_was_extracted_only),
        T (a_crash_between_fence_and_end_is_swept),
        T (binding_again_ends_the_old_one_and_counts_failures),
        T (a_lost_lease_is_superseded),
        T (quotas_hold_for_new_rows_only),
        T (a_quota_stops_new_rows_of_events),
        T (failed_counts_what_is_failed_now),
        T (later_keeps_what_it_must),
        T (a_restless_file_is_stored_and_stays_dirty),
        T (a_pending_row_is_never_left_without_work),
        T (work_is_taken_in_order),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
