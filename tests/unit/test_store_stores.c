/* Which of several stores has a bucket. */
#include "test.h"

#include "s3_world.h"

static void test_finding_costs_little (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    struct stores *all = stores_new ();
    stores_add_take (all, y.s);
    struct store *found;
    for (int i = 0; i < 100; i++) {
        assert_ok (stores_find (all, "bucket", &found, &y.e), &y.e);
        assert_ptr_equal (y.s, found);
        assert_err (NO_BUCKET, stores_find (all, "none", &found, &y.e));
    }
    assert_int_equal (2, fake_requests (y.fake));
    y.cloud.buckets[1] = "none";
    assert_ok (stores_ask (all, "none", &found, &y.e), &y.e); /* a person does not wait */
    assert_ok (stores_find (all, "none", &found, &y.e), &y.e);
    assert_int_equal (3, fake_requests (y.fake));
    stores_free (all);
    y.s = NULL;
    close_sky (&y);
}

static void test_two_stores (void **state)
{
    (void) state;
    struct sky a = { KEYS ({ "a", 1 }) }, b = { KEYS ({ "b", 1 }) };
    a.cloud.buckets[1] = "only-a";
    b.cloud.buckets[1] = "only-b";
    char *const alias[] = { (char *) "other=bucket", NULL };
    open_sky (&a, (struct s3_options){ .name = "a" });
    open_sky (&b, (struct s3_options){ .name = "b" });
    struct stores *all = stores_new ();
    stores_add_take (all, a.s);
    stores_add_take (all, b.s);
    struct store *found;
    assert_ok (stores_find (all, "only-b", &found, &a.e), &a.e);
    assert_ptr_equal (b.s, found);
    assert_err (CONFLICT, stores_find (all, "bucket", &found, &a.e));
    assert_non_null (strstr (a.e.message, "alias"));
    stores_free (all);
    a.s = b.s = NULL;
    close_sky (&a);
    close_sky (&b);

    struct sky c = { KEYS ({ "a", 1 }) }, d = { KEYS ({ "b", 1 }) };
    open_sky (&c, (struct s3_options){ .name = "c" });
    open_sky (&d, (struct s3_options){ .name = "d", .aliases = alias });
    all = stores_new ();
    stores_add_take (all, c.s);
    stores_add_take (all, d.s);
    assert_ok (stores_find (all, "bucket", &found, &c.e), &c.e);
    assert_ptr_equal (c.s, found);
    assert_ok (stores_find (all, "other", &found, &c.e), &c.e);
    assert_ptr_equal (d.s, found);
    stores_free (all);
    c.s = d.s = NULL;
    close_sky (&c);
    close_sky (&d);
}

/* The buckets of one store are found while another cannot be reached, and that is not taken for
 * "no bucket". */
static void test_store_that_cannot_be_reached (void **state)
{
    (void) state;
    struct sky y = { KEYS ({ "a", 1 }) };
    open_sky (&y, (struct s3_options){ 0 });
    const struct s3_options gone = { .name = "gone",
                                     .kind = "s3",
                                     .endpoint = "http://127.0.0.1:1" };
    struct store *s, *found;
    assert_ok (store_s3_new (y.thread, &gone, &s, &y.e), &y.e);
    struct stores *all = stores_new ();
    stores_add_take (all, s);
    stores_add_take (all, y.s);
    assert_ok (stores_find (all, "bucket", &found, &y.e), &y.e);
    assert_ptr_equal (y.s, found);
    assert_err (STORE_DOWN, stores_find (all, "none", &found, &y.e));
    assert_non_null (strstr (y.e.message, "store 'gone'"));
    g_autoptr (GPtrArray) buckets = g_ptr_array_new_with_free_func (store_bucket_free);
    g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func (g_free);
    stores_list (all, buckets, faults);
    assert_int_equal (1, buckets->len);
    assert_int_equal (1, faults->len);
    stores_free (all);
    y.s = NULL;
    close_sky (&y);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_finding_costs_little),
        cmocka_unit_test (test_two_stores),
        cmocka_unit_test (test_store_that_cannot_be_reached),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
