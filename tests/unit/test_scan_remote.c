/* Remote objects between work and index, with a store in memory whose fetches a test can hold up,
 * fail and outrun. Index and scan are the real ones, and so is the worker. */
#include "test.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "scan_world.h"

/* ---- what is fetched ---- */

static void test_every_object_becomes_a_row (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    assert_int_equal (world_file_count (w), 10);
    assert_int_equal (fake_fetches (w->fake), 10);
    assert_int_equal (fake_opens (w->fake), 0);
    assert_true (world_has_row (w, "k0") && world_has_row (w, "k9"));
}

static void test_unchanged_rescan_fetches_nothing (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    world_rescan (w);
    assert_int_equal (fake_fetches (w->fake), 10);
}

static bool has_size (struct world *w, const char *key, size_t size)
{
    struct index_entry row;
    return world_get_row (w, key, &row) && row.status == FILE_INDEXED && row.version.size == size;
}

static void test_event_of_an_unchanged_object_costs_a_fetch_and_no_row (void **state)
{
    struct world *w = *state;
    struct index_entry before, after;
    world_bind_ten (w);
    assert_true (world_get_row (w, "k5", &before));
    world_dirty (w, "k5");
    wait_for (fake_fetches (w->fake) == 11 && world_is_quiet (w));
    assert_true (world_get_row (w, "k5", &after));
    assert_int_equal (after.commit_no, before.commit_no);
}

/* A TIFF whose directory is far from both ends. */
#define TIFF_SIZE (4 * 1024 * 1024)
#define TIFF_AT   (2 * 1024 * 1024)

static uint8_t *make_tiff (void)
{
    static const uint8_t directory[] = { 2, 0, 0, 1, 3, 0, 1, 0, 0, 0, 7, 0, 0, 0, 1,
                                         1, 3, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0 };
    uint8_t *tiff = g_malloc0 (TIFF_SIZE);
    memcpy (tiff, (uint8_t[]){ 'I', 'I', 42, 0, 0, 0, TIFF_AT >> 16, 0 }, 8);
    memcpy (tiff + TIFF_AT, directory, sizeof directory);
    return tiff;
}

static void test_what_a_worker_needs_is_fetched (void **state)
{
    struct world *w = *state;
    g_autofree uint8_t *tiff = make_tiff ();
    fake_put (w->fake, "far.tif", tiff, TIFF_SIZE);
    world_bind (w);
    wait_for (has_size (w, "far.tif", TIFF_SIZE));
    assert_int_equal (fake_fetches (w->fake), 2);
    assert_in_range (fake_fetched (w->fake), 1, 512 * 1024);
}

static void test_nobody_waits_for_a_fetch (void **state)
{
    struct world *w = *state;
    fake_hold (w->fake, true);
    for (int i = 0; i < 300; i++) {
        g_autofree char *key = g_strdup_printf ("k%03d", i);
        world_put (w, key, "hello");
    }
    world_bind (w);
    wait_for (fake_waiting (w->fake) == 300);
    fake_hold (w->fake, false);
    wait_for (world_is_quiet (w));
    assert_int_equal (world_file_count (w), 300);
}

/* PDFs of that size are fetched whole, and 32 of them are all the memory that there is. */
static void test_memory_is_bounded_before_it_is_used (void **state)
{
    struct world *w = *state;
    static struct step denied;
    denied = (struct step){ .point = FAKE_FETCH, .result = ERR_STORE_DENIED, .always = true };
    fake_set_hook (w->fake, world_step, &denied); /* none of it is used here */
    fake_hold (w->fake, true);
    g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (8 * MIB), 8 * MIB);
    for (int i = 0; i < 40; i++) {
        g_autofree char *key = g_strdup_printf ("k%02d.pdf", i);
        fake_put_bytes (w->fake, key, bytes);
    }
    world_bind (w);
    wait_for (fake_waiting (w->fake) == LIMIT_FETCH_MEMORY / (8 * MIB));
    pthread_mutex_lock (&w->scan->lock);
    uint64_t reserved = w->scan->fetched_bytes;
    pthread_mutex_unlock (&w->scan->lock);
    assert_int_equal (reserved, LIMIT_FETCH_MEMORY);
    fake_hold (w->fake, false);
    wait_for (fake_fetches (w->fake) == 40 && world_progress (w).failed == 40);
    pthread_mutex_lock (&w->scan->lock);
    reserved = w->scan->fetched_bytes;
    pthread_mutex_unlock (&w->scan->lock);
    assert_int_equal (reserved, 0);
}

/* ---- rows first, texts then ---- */

static atomic_bool may_list_on;

static void wait_to_list_on (struct world *w UNUSED)
{
    for (int i = 0; i < WAIT_MS / 2 && !atomic_load (&may_list_on); i++)
        usleep (2000);
}

static bool lacks_text (struct world *w, const char *key)
{
    struct index_entry row;
    return world_get_row (w, key, &row) && row.status == FILE_INDEXED &&
           row.operators & FILE_LACKS_TEXT;
}

static unsigned count_kept (struct world *w, uint64_t *ret_bytes)
{
    pthread_mutex_lock (&w->scan->lock);
    unsigned n = w->scan->n_kept;
    bool is_same = n == g_hash_table_size (w->scan->kept);
    *ret_bytes = w->scan->fetched_bytes;
    pthread_mutex_unlock (&w->scan->lock);
    assert_true (is_same);
    return n;
}

/* Lists a letter and a picture, a page each, until the letter's row is there; its text waits for
 * the end of the listing. */
static void bind_letter (struct world *w)
{
    static struct step second_page;
    g_autoptr (GString) text = g_string_new (NULL);
    while (text->len < 5000)
        g_string_append (text, "Dear reader, ");
    second_page = (struct step){
        .w = w, .point = FAKE_LIST_PAGE, .page = 1, .act = wait_to_list_on, .result = ERR_OK
    };
    atomic_store (&may_list_on, false);
    fake_set_page_size (w->fake, 1);
    fake_set_hook (w->fake, world_step, &second_page);
    world_put (w, "letter.doc", text->str);
    world_put (w, "picture.jpg", "hello");
    world_bind (w);
    wait_for (lacks_text (w, "letter.doc"));
    uint64_t bytes;
    assert_int_equal (count_kept (w, &bytes), 1);
    assert_int_equal (bytes, text->len);
}

static void test_text_follows_without_another_fetch (void **state)
{
    struct world *w = *state;
    uint64_t bytes;
    bind_letter (w);
    atomic_store (&may_list_on, true);
    wait_for (world_is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    assert_false (lacks_text (w, "letter.doc"));
    assert_int_equal (fake_fetches (w->fake), 2);
    assert_int_equal (count_kept (w, &bytes), 0);
    assert_int_equal (bytes, 0);
}

/* What was kept is of another version then. */
static void test_replaced_document_is_fetched_anew (void **state)
{
    struct world *w = *state;
    uint64_t bytes;
    bind_letter (w);
    world_put (w, "letter.doc", "another text");
    world_dirty (w, "letter.doc");
    wait_for (has_size (w, "letter.doc", strlen ("another text")));
    assert_int_equal (count_kept (w, &bytes), 0);
    atomic_store (&may_list_on, true);
    wait_for (world_is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    assert_true (has_size (w, "letter.doc", strlen ("another text")));
    assert_false (lacks_text (w, "letter.doc"));
    assert_int_equal (fake_fetches (w->fake), 3);
}

static void test_unbinding_forgets_what_was_kept (void **state)
{
    struct world *w = *state;
    uint64_t bytes;
    bind_letter (w);
    world_unbind (w);
    assert_int_equal (count_kept (w, &bytes), 0);
    assert_int_equal (bytes, 0);
    atomic_store (&may_list_on, true);
}

/* ---- objects that change, go, or cannot be had ---- */

static void replace_tiff (struct world *w)
{
    g_autofree uint8_t *tiff = make_tiff ();
    fake_put (w->fake, "far.tif", tiff, TIFF_SIZE - 1);
}

static void test_object_replaced_between_rounds_is_never_mixed (void **state)
{
    struct world *w = *state;
    static struct step second;
    second = (struct step){ .w = w, .point = FAKE_FETCH, .key = "far.tif", .page = 1 };
    g_autofree uint8_t *tiff = make_tiff ();
    fake_put (w->fake, "far.tif", tiff, TIFF_SIZE);
    fake_hold (w->fake, true);
    world_bind (w);
    wait_for (fake_waiting (w->fake) == 1);
    fake_set_hook (w->fake, world_step, &second);
    second.act = replace_tiff;
    fake_hold (w->fake, false);
    wait_for (has_size (w, "far.tif", TIFF_SIZE - 1));
    struct index_entry row;
    assert_true (world_get_row (w, "far.tif", &row));
    assert_string_equal (row.version.etag, "V2");
    assert_int_equal (world_progress (w).failed, 0);
}

static void test_object_that_is_gone_loses_its_row (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    fake_remove (w->fake, "k4");
    world_dirty (w, "k4");
    wait_for (!world_has_row (w, "k4"));
    assert_int_equal (world_file_count (w), 9);
}

static void test_denied_object_fails_and_the_others_go_on (void **state)
{
    struct world *w = *state;
    static struct step denied;
    denied = (struct step){ .point = FAKE_FETCH, .key = "k4", .result = ERR_STORE_DENIED };
    denied.always = true;
    fake_set_hook (w->fake, world_step, &denied);
    world_bind_ten (w);
    struct index_entry row;
    assert_true (world_get_row (w, "k4", &row));
    assert_int_equal (row.status, FILE_FAILED);
    assert_int_equal (world_progress (w).failed, 1);
    unsigned fetches = fake_fetches (w->fake);
    world_rescan (w); /* it is known as it is listed */
    assert_int_equal (fake_fetches (w->fake), fetches);
}

static void test_archived_object_is_indexed_as_it_is_listed (void **state)
{
    struct world *w = *state;
    static struct step archived;
    archived = (struct step){ .point = FAKE_FETCH, .key = "k4", .result = ERR_STORE_ARCHIVED };
    archived.always = true;
    fake_set_hook (w->fake, world_step, &archived);
    world_bind_ten (w);
    assert_true (has_size (w, "k4", strlen ("hello")));
}

/* A store that denies k4, and takes its time to say what it is. */
static struct {
    atomic_bool is_asked, may_answer;
} slow;

static enum err deny_slowly (void *arg UNUSED, struct fake *f UNUSED, enum fake_point point,
                             const char *key, int page UNUSED)
{
    if (g_strcmp0 (key, "k4") != 0)
        return ERR_OK;
    if (point == FAKE_FETCH)
        return ERR_STORE_DENIED;
    if (point == FAKE_HEAD)
        atomic_store (&slow.is_asked, true);
    while (point == FAKE_HEAD && !atomic_load (&slow.may_answer))
        usleep (1000);
    return ERR_OK;
}

static bool has_failed_with_size (struct world *w, const char *key, size_t size)
{
    struct index_entry row;
    return world_get_row (w, key, &row) && row.status == FILE_FAILED && row.version.size == size;
}

static void test_nobody_waits_for_the_facts_of_a_denied_object (void **state)
{
    struct world *w = *state;
    world_bind_ten (w);
    atomic_store (&slow.is_asked, false);
    atomic_store (&slow.may_answer, false);
    fake_set_hook (w->fake, deny_slowly, NULL);
    world_put (w, "k4", "changed");
    world_dirty (w, "k4");
    wait_for (atomic_load (&slow.is_asked));
    world_put (w, "k5", "new");
    world_dirty (w, "k5");
    wait_for (has_size (w, "k5", strlen ("new")));
    atomic_store (&slow.may_answer, true);
    wait_for (has_failed_with_size (w, "k4", strlen ("changed")));
    assert_int_equal (world_file_count (w), 10);
}

/* ---- a store that fails ---- */

static struct step down;

static void fail_all (struct world *w, enum err code)
{
    (void) w;
    down = (struct step){ .point = FAKE_FETCH, .result = code, .always = true };
    fake_set_hook (w->fake, world_step, &down);
}

static void recovers_from (struct world *w, enum err code)
{
    fail_all (w, code);
    for (int i = 0; i < 10; i++)
        world_put (w, (char[]){ 'k', (char) ('0' + i), 0 }, "hello");
    world_bind (w);
    wait_for (world_is_in_state (w, BINDING_RETRYING, BINDING_FULL_SCANNING));
    assert_int_equal (world_progress (w).failed, 0);
    fake_set_hook (w->fake, NULL, NULL);
    wait_for (world_is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    wait_for (world_is_quiet (w));
    assert_true (world_has_row (w, "k0") && world_has_row (w, "k9"));
}

static void test_binding_waits_while_credentials_are_refused (void **state)
{
    recovers_from (*state, ERR_STORE_CREDENTIALS);
}

static void test_binding_waits_while_the_store_is_down (void **state)
{
    recovers_from (*state, ERR_STORE_DOWN);
}

static void test_one_object_that_the_store_cannot_give_holds_up_nobody (void **state)
{
    struct world *w = *state;
    static struct step one;
    one = (struct step){ .point = FAKE_FETCH, .key = "k4", .result = ERR_STORE_DOWN };
    one.always = true;
    fake_set_hook (w->fake, world_step, &one);
    for (int i = 0; i < 10; i++)
        world_put (w, (char[]){ 'k', (char) ('0' + i), 0 }, "hello");
    world_bind (w);
    for (int i = 0; i < 10; i++)
        wait_for (i == 4 || world_has_row (w, (char[]){ 'k', (char) ('0' + i), 0 }));
    assert_true (world_is_in_state (w, BINDING_RUNNING, BINDING_FULL_SCANNING));
    fake_set_hook (w->fake, NULL, NULL);
    wait_for (world_has_row (w, "k4"));
}

/* ---- the end ---- */

static void test_stopping_ends_what_is_under_way (void **state)
{
    struct world *w = *state;
    fake_hold (w->fake, true);
    for (int i = 0; i < 100; i++) {
        g_autofree char *key = g_strdup_printf ("k%03d", i);
        world_put (w, key, "hello");
    }
    world_bind (w);
    wait_for (fake_waiting (w->fake) == 100);
    int64_t start = clock_mono_ms ();
    scan_free (w->scan);
    assert_in_range (clock_mono_ms () - start, 0, 4000);
    fake_hold (w->fake, false);
    world_start_scan (w);
    wait_for (world_is_quiet (w));
    assert_int_equal (world_file_count (w), 100);
}

static void test_what_comes_after_unbinding_is_dropped (void **state)
{
    struct world *w = *state;
    fake_hold (w->fake, true);
    world_put (w, "k", "hello");
    world_bind (w);
    wait_for (fake_waiting (w->fake) == 1);
    world_unbind (w);
    fake_hold (w->fake, false);
    wait_for (fake_fetches (w->fake) == 1);
    struct index_entry row;
    wait_for (!world_get_row (w, "k", &row)); /* Pending, and never read */
}

/* As the server does it. */
static void allow_many_files (void)
{
    struct rlimit files;
    if (getrlimit (RLIMIT_NOFILE, &files) != 0)
        abort ();
    files.rlim_cur = files.rlim_max;
    if (setrlimit (RLIMIT_NOFILE, &files) != 0 || files.rlim_cur <= LIMIT_REMOTE_FILES)
        abort ();
}

int main (void)
{
    allow_many_files ();
#define REMOTE(f) cmocka_unit_test_setup_teardown (f, world_setup_remote, world_teardown)
    const struct CMUnitTest tests[] = {
        REMOTE (test_every_object_becomes_a_row),
        REMOTE (test_unchanged_rescan_fetches_nothing),
        REMOTE (test_event_of_an_unchanged_object_costs_a_fetch_and_no_row),
        REMOTE (test_what_a_worker_needs_is_fetched),
        REMOTE (test_nobody_waits_for_a_fetch),
        REMOTE (test_memory_is_bounded_before_it_is_used),
        REMOTE (test_text_follows_without_another_fetch),
        REMOTE (test_replaced_document_is_fetched_anew),
        REMOTE (test_unbinding_forgets_what_was_kept),
        REMOTE (test_object_replaced_between_rounds_is_never_mixed),
        REMOTE (test_object_that_is_gone_loses_its_row),
        REMOTE (test_denied_object_fails_and_the_others_go_on),
        REMOTE (test_nobody_waits_for_the_facts_of_a_denied_object),
        REMOTE (test_archived_object_is_indexed_as_it_is_listed),
        REMOTE (test_binding_waits_while_credentials_are_refused),
        REMOTE (test_binding_waits_while_the_store_is_down),
        REMOTE (test_one_object_that_the_store_cannot_give_holds_up_nobody),
        REMOTE (test_stopping_ends_what_is_under_way),
        REMOTE (test_what_comes_after_unbinding_is_dropped),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
