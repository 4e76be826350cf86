#include "test.h"

#include "base/queue.h"

static void test_bounded_and_in_order (void **state)
{
    (void) state;
    static int items[3];
    struct queue *q = queue_new (2);
    struct error e;
    assert_ok (queue_push (q, &items[0], &e), &e);
    assert_ok (queue_push (q, &items[1], &e), &e);
    assert_err (BUSY, queue_push (q, &items[2], &e));
    assert_ptr_equal (queue_pop (q, 0), &items[0]);
    queue_close (q);
    assert_err (CLOSED, queue_push (q, &items[2], &e));
    assert_ptr_equal (queue_pop (q, -1), &items[1]);
    assert_null (queue_pop (q, -1));
    queue_free (q);
}

static void *push_many (void *arg)
{
    static int item;
    for (int i = 0; i < 10000; i++)
        if (queue_push_wait (arg, &item, NULL) != ERR_OK)
            break;
    return NULL;
}

static void test_waits_for_room_between_threads (void **state)
{
    (void) state;
    struct queue *q = queue_new (3);
    pthread_t a = thread_start ("a", push_many, q), b = thread_start ("b", push_many, q);
    for (int i = 0; i < 20000; i++)
        assert_non_null (queue_pop (q, -1));
    assert_null (queue_pop (q, 1));
    pthread_join (a, NULL);
    pthread_join (b, NULL);
    queue_free (q);
}

static void test_many_at_once (void **state)
{
    (void) state;
    static int items[5];
    void *taken[4];
    bool urgent;
    struct queue *q = queue_new (5);
    struct error e;
    for (int i = 0; i < 5; i++)
        assert_ok (queue_push (q, &items[i], &e), &e);
    assert_int_equal (queue_pop_many (q, taken, 4, 60000, &urgent), 4);
    assert_ptr_equal (taken[3], &items[3]);
    assert_false (urgent);
    assert_int_equal (queue_pop_many (q, taken, 4, 1, &urgent), 1); /* the time is over */
    assert_ok (queue_push_urgent (q, &items[0], &e), &e);
    assert_int_equal (queue_pop_many (q, taken, 4, 60000, &urgent), 1); /* does not wait for more */
    assert_true (urgent);
    queue_close (q);
    assert_int_equal (queue_pop_many (q, taken, 4, 60000, &urgent), 0);
    queue_free (q);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_bounded_and_in_order),
        cmocka_unit_test (test_many_at_once),
        cmocka_unit_test (test_waits_for_room_between_threads),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
