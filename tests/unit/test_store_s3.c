/* A remote store: its buckets and their names, and listings. */
#include "test.h"

#include "base/limits.h"
#include "s3_world.h"

/* Keys joined by '|', "!" before rejects; or the message of the error. */
static char *list_with (struct sky *y, const struct store_list_hooks *hooks, const char *after,
                        const char *before, size_t max)
{
    struct store_listing *l;
    struct store_page page;
    store_page_init (&page);
    GString *out = g_string_new ("");
    enum err r = store_list_open (y->s, "bucket", after, before, hooks, &l, &y->e);
    assert_ok (r, &y->e);
    while (r == ERR_OK && !page.is_last) {
        r = store_list_next (l, max, &page, &y->e);
        for (guint i = 0; r == ERR_OK && i < page.objects->len; i++)
            g_string_append_printf (out, "%s|",
                                    g_array_index (page.objects, struct store_object, i).key);
        assert_true (r != ERR_OK || page.is_last == !page.upto);
    }
    if (r != ERR_OK)
        g_string_assign (out, y->e.message);
    store_list_close (l);
    store_page_clear (&page);
    return g_string_free (out, FALSE);
}

static char *list (struct sky *y, const char *after, const char *before, size_t max)
{
    return list_with (y, NULL, after, before, max);
}

static void expect_list (struct sky *y, const char *after, const char *before, size_t max,
                         const char *expected)
{
    g_autofree char *got = list (y, after, before, max);
    if (!strstr (got, expected) || (!*expected && *got))
        fail_msg ("got '%s', expected '%s'", got, expected);
}

/* ---- Listings ---- */

static void test_listings (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "/", 1 }, { "a b+c%", 1 }, { "a/", 0 }, { "a/x", 1 }, { "b//", 3 },
                           { "ä", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    for (size_t max = 1; max < 5; max++) {
        expect_list (&y, NULL, NULL, max, "/|a b+c%|a/x|b//|ä|");
        expect_list (&y, "a b+c%", "b//", max, "a/x|");
        expect_list (&y, "ä", NULL, max, "");
    }
    expect_list (&y, NULL, NULL, LIMIT_PAGE_KEYS, "/|a b+c%|a/x|b//|ä|");
    y.cloud.skips = true; /* pages without a key lead on by their token */
    expect_list (&y, NULL, NULL, 2, "/|a b+c%|a/x|b//|ä|");
    close_sky (&y);
}

static size_t count_known (void *arg, const char *after UNUSED, size_t max)
{
    const size_t *known = arg;
    return MIN (*known, max);
}

/* Behind the keys that the caller knows of comes the one at which the listing ends; if others come,
 * pages are whole. */
static void test_no_more_is_asked_for_than_is_known (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }, { "b", 1 }, { "c", 1 }, { "d", 1 }, { "e", 1 }, { "f", 1 },
                           { "g", 1 }, { "h", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    static const struct {
        size_t known;
        unsigned requests, listed;
    } rows[] = { { 3, 1, 4 }, { 0, 1, 8 }, { 2, 2, 3 + 5 }, { 1, 2, 2 + 6 }, { 5, 1, 6 } };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        size_t known = rows[i].known;
        const struct store_list_hooks hooks = { .arg = &known, .count_known = count_known };
        unsigned before = fake_requests (y.fake);
        y.cloud.listed = 0;
        g_autofree char *got = list_with (&y, &hooks, NULL, "d", LIMIT_STORE_PAGE);
        assert_string_equal ("a|b|c|", got);
        assert_int_equal (rows[i].requests, fake_requests (y.fake) - before);
        assert_int_equal (rows[i].listed, y.cloud.listed);
    }
    close_sky (&y);
}

static void test_patterns_leave_keys_out (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a.jpg", 1 }, { "b.txt", 1 }, { "tmp/c.jpg", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    store_s3_set_filter (y.s, "bucket", (char *[]){ (char *) "*.jpg", NULL },
                         (char *[]){ (char *) "tmp/*", NULL });
    expect_list (&y, NULL, NULL, 10, "a.jpg|");
    struct store_facts facts;
    assert_err (NO_OBJECT, store_head (y.s, "bucket", "b.txt", &facts, &y.e));
    close_sky (&y);
}

static void test_lies_conclude_nothing (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }, { "b", 1 }, { "c", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    y.cloud.lie = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>";
    expect_list (&y, NULL, NULL, 1, "store 'sky': bucket 'bucket': the page is not the last, but");
    assert_int_equal (ERR_STORE_DOWN, y.e.code);
    y.cloud.lie = "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key>"
                  "<LastModified>2024-02-03T04:05:06Z</LastModified><ETag>e</ETag><Size>1</Size>"
                  "</Contents></ListBucketResult>";
    expect_list (&y, NULL, NULL, 1, "keys after 'a' were asked for, 'a' came");
    y.cloud.lie = "<ListBucketResult><IsTruncated>false</IsTruncated>"; /* cut off */
    expect_list (&y, NULL, NULL, 1, "no XML");
    close_sky (&y);
}

/* ---- Buckets ---- */

static char *buckets_of (struct store *s)
{
    g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
    struct error e;
    assert_ok (store_buckets (s, names, &e), &e);
    g_ptr_array_add (names, NULL);
    return g_strjoinv ("|", (char **) names->pdata);
}

static void test_bucket_names (void **state)
{
    (void) state;
    struct sky y = { .cloud = { .objects = (const struct object[]){ { "a", 1 }, { NULL } },
                                .buckets = { "one", "bucket", "My.Photos", "two", "three" } } };
    char *const aliases[] = { (char *) "photos=My.Photos", NULL };
    open_sky (&y, (struct s3_options){ .aliases = aliases });
    g_autofree char *names = buckets_of (y.s);
    assert_string_equal ("bucket|one|photos|three|two", names);
    assert_ok (store_check (y.s, "bucket", &y.e), &y.e);
    assert_ok (store_check (y.s, "photos", &y.e), &y.e);
    assert_err (NO_BUCKET, store_check (y.s, "My.Photos", &y.e)); /* goes by its alias alone */
    assert_err (NO_BUCKET, store_check (y.s, "none", &y.e));
    assert_string_equal ("My.Photos", store_own_name (y.s, "photos"));
    close_sky (&y);
}

static void test_only_named_buckets (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }) };
    char *const only[] = { (char *) "two", (char *) "bucket", NULL };
    open_sky (&y, (struct s3_options){ .buckets = only });
    g_autofree char *names = buckets_of (y.s);
    assert_string_equal ("bucket|two", names);
    assert_int_equal (0, fake_requests (y.fake)); /* nothing was listed */
    assert_err (NO_BUCKET, store_check (y.s, "one", &y.e));
    assert_int_equal (0, fake_requests (y.fake));
    close_sky (&y);
}

static void test_identity (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    g_autoptr (GPtrArray) now = g_ptr_array_new_with_free_func (store_mount_free);
    assert_ok (store_mounts (y.s, "bucket", now, &y.e), &y.e);
    struct store_list_hooks hooks = { .known_mounts = now };
    struct store_listing *l;
    assert_ok (store_list_open (y.s, "bucket", NULL, NULL, &hooks, &l, &y.e), &y.e);
    store_list_close (l);
    ((struct store_mount *) now->pdata[0])->fsid++;
    assert_err (STORE_CHANGED, store_list_open (y.s, "bucket", NULL, NULL, &hooks, &l, &y.e));
    close_sky (&y);
}

static void test_nothing_is_written_unless_writable (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    assert_err (STORE_DENIED, store_s3_put (y.s, "bucket", "k", "x", 1, NULL, &y.e));
    close_sky (&y);
    open_sky (&y, (struct s3_options){ .is_writable = true });
    store_s3_set_filter (y.s, "bucket", (char *[]){ (char *) "*.jpg", NULL }, NULL);
    assert_err (STORE_DENIED, store_s3_put (y.s, "bucket", "k", "x", 1, NULL, &y.e));
    assert_int_equal (0, fake_requests (y.fake));
    close_sky (&y);
}

static void test_bad_options (void **state)
{
    (void) state;
    struct client_thread *t;
    struct store *s;
    struct error e;
    assert_ok (client_thread_new (&t, &e), &e);
    char *const bad[] = { (char *) "x", NULL }, *const upper[] = { (char *) "X=a", NULL };
    char *const twice[] = { (char *) "one=a", (char *) "two=a", NULL };
    struct s3_options o = { .name = "n", .kind = "gcs", .endpoint = "http://h" };
    assert_err (INVALID_ARGUMENT, store_s3_new (t, &o, &s, &e));
    o = (struct s3_options){ .name = "n", .kind = "s3", .endpoint = "ftp://h" };
    assert_err (INVALID_ARGUMENT, store_s3_new (t, &o, &s, &e));
    char *const *const wrong[] = { bad, upper, twice };
    for (size_t i = 0; i < N_ELEMENTS (wrong); i++) {
        o = (struct s3_options){
            .name = "n", .kind = "oss", .endpoint = "http://h", .aliases = wrong[i]
        };
        assert_err (INVALID_ARGUMENT, store_s3_new (t, &o, &s, &e));
        assert_non_null (strstr (e.message, "store 'n'"));
    }
    client_thread_free (t);
}

static void test_region (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }) };
    struct credentials *key;
    assert_ok (credentials_new ("id", "secret", NULL, &key, &y.e), &y.e);
    open_sky (&y, (struct s3_options){ .region = "eu-north-1", .credentials = key });
    assert_ok (store_check (y.s, "bucket", &y.e), &y.e);
    y.cloud.region = "eu-west-1";
    assert_err (NO_BUCKET, store_check (y.s, "bucket", &y.e));
    assert_non_null (strstr (y.e.message, "eu-west-1"));
    assert_non_null (strstr (y.e.message, "eu-north-1"));
    close_sky (&y);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_listings),
        cmocka_unit_test (test_no_more_is_asked_for_than_is_known),
        cmocka_unit_test (test_patterns_leave_keys_out),
        cmocka_unit_test (test_lies_conclude_nothing),
        cmocka_unit_test (test_bucket_names),
        cmocka_unit_test (test_only_named_buckets),
        cmocka_unit_test (test_identity),
        cmocka_unit_test (test_nothing_is_written_unless_writable),
        cmocka_unit_test (test_bad_options),
        cmocka_unit_test (test_region),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
