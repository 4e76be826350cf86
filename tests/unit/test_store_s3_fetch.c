/* Objects of a remote store: their facts, and ranges that are fetched. */
#include "test.h"

#include <pthread.h>

#include "s3_world.h"

static void test_head (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 5, "x-amz-storage-class: GLACIER\r\n" }) };
    open_sky (&y, (struct s3_options){ 0 });
    struct store_facts facts;
    assert_ok (store_head (y.s, "bucket", "a", &facts, &y.e), &y.e);
    assert_int_equal (5, facts.size);
    assert_string_equal ("v0", facts.etag);
    assert_string_equal ("GLACIER", facts.storage_class);
    assert_err (NO_OBJECT, store_head (y.s, "bucket", "b", &facts, &y.e));
    y.cloud.buckets[0] = NULL; /* a missing bucket says nothing about its objects */
    assert_err (NO_BUCKET, store_head (y.s, "bucket", "a", &facts, &y.e));
    close_sky (&y);
}

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t came;
    bool is_done;
    enum err code;
    char message[256];
};

static void on_fetched (void *arg, enum err code, const char *message)
{
    struct waiting *w = arg;
    pthread_mutex_lock (&w->lock);
    w->is_done = true;
    w->code = code;
    g_strlcpy (w->message, message, sizeof w->message);
    pthread_cond_signal (&w->came);
    pthread_mutex_unlock (&w->lock);
}

static enum err fetch (struct store_handle *h, uint64_t head, uint64_t tail,
                       const struct store_range *more, size_t n)
{
    struct waiting w = { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER };
    struct error e;
    enum err r = store_fetch (h, head, tail, more, n, on_fetched, &w, &e);
    if (r != ERR_OK)
        return r;
    pthread_mutex_lock (&w.lock);
    while (!w.is_done)
        pthread_cond_wait (&w.came, &w.lock);
    pthread_mutex_unlock (&w.lock);
    return w.code;
}

/* Known bytes are the object's, the others are zeros; nobody can change that by the reader. */
static void assert_bytes (const struct store_handle *h)
{
    int fd;
    struct error e;
    assert_ok (store_handle_reader (h, &fd, &e), &e);
    g_autofree char *bytes = g_malloc0 (h->facts.size + 2);
    assert_int_equal (h->facts.size, pread (fd, bytes, h->facts.size + 1, 0));
    uint64_t known = 0;
    for (unsigned i = 0; i < h->n_known; i++)
        for (uint64_t at = h->known[i].at; at < h->known[i].at + h->known[i].length; at++, known++)
            assert_int_equal (pattern (at), bytes[at]);
    uint64_t zeros = 0;
    for (uint64_t at = 0; at < h->facts.size; at++)
        zeros += bytes[at] == 0;
    assert_int_equal (h->facts.size, known + zeros);
    assert_int_equal (-1, pwrite (fd, "x", 1, 0));
    assert_int_equal (-1, ftruncate (h->fd, (off_t) h->facts.size + 1));
    close (fd);
}

static void test_small_object_is_one_request (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "k", 100, "x-amz-meta-a: b\r\n" }) };
    open_sky (&y, (struct s3_options){ 0 });
    struct store_handle h;
    store_handle_init (&h, y.s, "bucket", "k");
    assert_int_equal (ERR_OK, fetch (&h, 1000, 500, NULL, 0));
    assert_int_equal (1, fake_requests (y.fake));
    assert_true (store_handle_is_whole (&h));
    assert_int_equal (100, h.bytes_fetched);
    assert_int_equal (1, h.rounds);
    assert_string_equal ("b", json_string_value (json_object_get (
                                  json_object_get (h.attributes, "OSSUserMeta"), "x-amz-meta-a")));
    assert_bytes (&h);
    store_handle_clear (&h);
    close_sky (&y);
}

static void test_ranges_of_a_large_object (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "k", 10000, "x-amz-tagging-count: 1\r\n" }) };
    open_sky (&y, (struct s3_options){ 0 });
    struct store_handle h;
    store_handle_init (&h, y.s, "bucket", "k");
    assert_int_equal (ERR_OK, fetch (&h, 1000, 500, NULL, 0));
    assert_int_equal (3, fake_requests (y.fake)); /* head, tail, tags */
    assert_int_equal (2, h.n_known);
    assert_int_equal (9500, h.known[1].at);
    assert_string_equal ("v", json_string_value (json_object_get (
                                  json_object_get (h.attributes, "OSSTagging"), "k")));
    const struct store_range more[] = { { 500, 1000 }, { 9000, 99999 }, { 4000, 10 } };
    assert_int_equal (ERR_OK, fetch (&h, 0, 0, more, 3));
    assert_int_equal (6, fake_requests (y.fake));
    assert_int_equal (3, h.n_known);
    assert_int_equal (1500, h.known[0].length);
    assert_int_equal (1000 + 500 + 500 + 500 + 10, h.bytes_fetched);
    assert_bytes (&h);
    y.cloud.version++; /* replaced: nothing of the new one is mixed in */
    assert_int_equal (ERR_VERSION_CHANGED, fetch (&h, 0, 0, &(struct store_range){ 2000, 5 }, 1));
    assert_int_equal (3, h.n_known);
    assert_bytes (&h);
    store_handle_clear (&h);
    close_sky (&y);
}

/* What a caller believes of the size may be wrong in any way. */
static void test_guesses (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "empty", 0 }, { "k", 10000 }) };
    open_sky (&y, (struct s3_options){ 0 });
    const uint64_t guesses[] = { 0, 1, 5000, 9999, 10000, 10001, 1000000 };
    for (size_t i = 0; i < N_ELEMENTS (guesses); i++)
        for (int is_empty = 0; is_empty < 2; is_empty++) {
            struct store_handle h;
            store_handle_init (&h, y.s, "bucket", is_empty ? "empty" : "k");
            h.facts.size = guesses[i];
            g_strlcpy (h.facts.etag, "old", sizeof h.facts.etag);
            assert_int_equal (ERR_OK, fetch (&h, 1000, 500, NULL, 0));
            assert_int_equal (is_empty ? 0 : 10000, h.facts.size);
            assert_string_equal ("v0", h.facts.etag);
            if (!is_empty) {
                assert_int_equal (0, h.known[0].at);
                assert_int_equal (10000, h.known[h.n_known - 1].at + h.known[h.n_known - 1].length);
            }
            assert_bytes (&h);
            store_handle_clear (&h);
        }
    close_sky (&y);
}

static enum err fetch_believing (struct sky *y, uint64_t size, const char *etag,
                                 struct store_handle *ret)
{
    store_handle_init (ret, y->s, "bucket", "k");
    ret->facts.size = size;
    g_strlcpy (ret->facts.etag, etag, sizeof ret->facts.etag);
    return fetch (ret, 1000, 0, NULL, 0);
}

/* One that is believed to be small is asked for without a range; what comes is believed if that was
 * right, and is asked for again if not. */
static void test_small_objects_are_asked_for_whole (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "k", 100 }) };
    open_sky (&y, (struct s3_options){ 0 });
    static const struct {
        uint64_t size;
        const char *etag;
        bool cuts;
        unsigned requests, wholes;
    } rows[] = {
        { 100, "v0", false, 1, 1 },  { 1000, "v0", false, 2, 1 }, { 1001, "v0", false, 1, 0 },
        { 100, "old", false, 2, 1 }, { 50, "v0", false, 2, 1 },   { 100, "v0", true, 2, 1 },
        { 0, "", false, 1, 0 },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        struct store_handle h;
        unsigned before = fake_requests (y.fake);
        y.cloud.wholes = 0;
        y.cloud.cuts = rows[i].cuts;
        assert_int_equal (ERR_OK, fetch_believing (&y, rows[i].size, rows[i].etag, &h));
        assert_int_equal (rows[i].requests, fake_requests (y.fake) - before);
        assert_int_equal (rows[i].wholes, y.cloud.wholes);
        assert_true (store_handle_is_whole (&h));
        assert_int_equal (100, h.facts.size);
        assert_bytes (&h);
        store_handle_clear (&h);
    }
    close_sky (&y);
}

static void test_fetches_that_fail (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "k", 10000 }) };
    open_sky (&y, (struct s3_options){ 0 });
    struct store_handle h;
    store_handle_init (&h, y.s, "bucket", "none");
    assert_int_equal (ERR_NO_OBJECT, fetch (&h, 10, 0, NULL, 0));
    assert_int_equal (-1, h.fd);
    store_handle_clear (&h);
    store_handle_init (&h, y.s, "bucket", "k");
    h.facts.size = 10000;
    g_strlcpy (h.facts.etag, "v0", sizeof h.facts.etag);
    y.cloud.changes = true; /* head and tail are of two versions */
    assert_int_equal (ERR_VERSION_CHANGED, fetch (&h, 1000, 500, NULL, 0));
    assert_int_equal (-1, h.fd);
    store_cancel (y.s);
    assert_int_equal (ERR_CLOSED, fetch (&h, 1000, 500, NULL, 0));
    store_handle_clear (&h);
    close_sky (&y);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_head),
        cmocka_unit_test (test_small_object_is_one_request),
        cmocka_unit_test (test_ranges_of_a_large_object),
        cmocka_unit_test (test_guesses),
        cmocka_unit_test (test_small_objects_are_asked_for_whole),
        cmocka_unit_test (test_fetches_that_fail),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
