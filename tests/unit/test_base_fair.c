/* Who gets threads and room in a queue that others flood. */
#include "test.h"

#include <glib.h>

#include "base/fair.h"
#include "base/queue.h"

static char *text (char who, int i)
{
    return g_strdup_printf ("%c%d", who, i);
}

static void push (struct fair *f, const char *where, char who, int i)
{
    const char name[] = { who, '\0' };
    void *dropped;
    struct error e;
    assert_ok (fair_push (f, where, name, text (who, i), &dropped, &e), &e);
    assert_null (dropped);
}

static struct fair_turn *pop (struct fair *f, const char *expected)
{
    struct fair_turn *turn;
    g_autofree char *item = fair_pop (f, &turn);
    assert_string_equal (item, expected);
    return turn;
}

/* Runs all that is left, one after the other. */
static void drain (struct fair *f)
{
    struct fair_turn *turn;
    fair_close (f);
    for (char *item; (item = fair_pop (f, &turn)); g_free (item))
        fair_end (f, turn);
    fair_free (f);
}

static void one_user_is_served_in_order (void **state)
{
    (void) state;
    struct fair *f = fair_new (1, 8);
    for (int i = 0; i < 4; i++)
        push (f, "here", 'a', i);
    static const char *const expected[] = { "a0", "a1", "a2", "a3" };
    for (size_t i = 0; i < 4; i++)
        fair_end (f, pop (f, expected[i]));
    drain (f);
}

static void users_take_turns_and_so_do_places (void **state)
{
    (void) state;
    struct fair *f = fair_new (1, 100);
    for (int i = 0; i < 3; i++)
        push (f, "here", 'a', i);
    for (int i = 0; i < 3; i++)
        push (f, "here", 'b', i);
    for (int i = 0; i < 3; i++)
        push (f, "there", 'c', i);
    static const char *const expected[] = { "a0", "c0", "b0", "c1", "a1", "c2", "b1", "a2", "b2" };
    for (size_t i = 0; i < G_N_ELEMENTS (expected); i++)
        fair_end (f, pop (f, expected[i]));
    drain (f);
}

static void a_flood_leaves_threads_for_others (void **state)
{
    (void) state;
    struct fair *f = fair_new (8, 100);
    struct fair_turn *turns[8];
    for (int i = 0; i < 20; i++)
        push (f, "here", 'a', i);
    static const char *const alone[] = { "a0", "a1", "a2", "a3" };
    for (size_t i = 0; i < 4; i++)
        turns[i] = pop (f, alone[i]);
    push (f, "here", 'b', 0);
    turns[4] = pop (f, "b0"); /* not a4: half of the threads are enough for one */
    push (f, "there", 'a', 0);
    turns[5] = pop (f, "a0"); /* of the same name at another place */
    for (size_t i = 0; i < 6; i++)
        fair_end (f, turns[i]);
    drain (f);
}

static void who_fills_the_queue_makes_room_for_others (void **state)
{
    (void) state;
    struct fair *f = fair_new (1, 4);
    void *dropped;
    struct error e;
    for (int i = 0; i < 4; i++)
        push (f, "here", 'a', i);
    g_autofree char *more = text ('a', 4);
    assert_err (BUSY, fair_push (f, "here", "a", more, &dropped, &e));
    assert_ok (fair_push (f, "here", "b", text ('b', 0), &dropped, &e), &e);
    assert_string_equal (dropped, "a3");
    g_free (dropped);
    assert_ok (fair_push (f, "there", "c", text ('c', 0), &dropped, &e), &e);
    assert_string_equal (dropped, "a2");
    g_free (dropped);
    fair_close (f);
    assert_err (CLOSED, fair_push (f, "here", "b", more, &dropped, &e));
    drain (f);
}

static void *run_all (void *arg)
{
    struct fair_turn *turn;
    size_t n = 0;
    for (void *item; (item = fair_pop (arg, &turn)); n++) {
        g_free (item);
        fair_end (arg, turn);
    }
    return GSIZE_TO_POINTER (n);
}

static void loses_nothing_between_threads (void **state)
{
    (void) state;
    struct fair *f = fair_new (3, 10000);
    pthread_t threads[3];
    size_t sum = 0;
    for (size_t i = 0; i < 3; i++)
        threads[i] = thread_start ("fair", run_all, f);
    for (int i = 0; i < 9999; i++)
        push (f, i % 5 ? "here" : "there", (char) ('a' + i % 7), i);
    fair_close (f);
    for (size_t i = 0; i < 3; i++) {
        void *n;
        pthread_join (threads[i], &n);
        sum += GPOINTER_TO_SIZE (n);
    }
    assert_int_equal (sum, 9999);
    fair_free (f);
}

/* A turn that waits until another one has had its turn, too: whatever the number of processors. */
static void those_who_wait_for_something_hold_up_nobody (void **state)
{
    (void) state;
    enum { N = 16 };
    struct fair *f = fair_new (N, 100);
    struct fair_turn *turns[N];
    for (int i = 0; i < N; i++) {
        char where[] = { (char) ('a' + i), '\0' };
        push (f, where, 'x', i);
    }
    for (int i = 0; i < N; i++) {
        g_autofree char *name = g_strdup_printf ("x%d", i);
        turns[i] = pop (f, name);
    }
    for (int i = 0; i < N; i++)
        fair_end (f, turns[i]);
    drain (f);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (one_user_is_served_in_order),
        cmocka_unit_test (users_take_turns_and_so_do_places),
        cmocka_unit_test (a_flood_leaves_threads_for_others),
        cmocka_unit_test (who_fills_the_queue_makes_room_for_others),
        cmocka_unit_test (those_who_wait_for_something_hold_up_nobody),
        cmocka_unit_test (loses_nothing_between_threads),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
