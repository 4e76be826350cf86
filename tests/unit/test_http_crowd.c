/* Connections per address. */
#include "test.h"

#include "http/crowd.h"

static struct net_address address (const char *text)
{
    struct net_address a;
    assert_true (net_parse_address (text, &a));
    return a;
}

static void counts_each_address_by_itself (void **state)
{
    (void) state;
    struct crowd *c = crowd_new (2);
    struct net_address a = address ("192.0.2.1"), b = address ("192.0.2.2");
    crowd_enter (c, &a);
    assert_true (crowd_has_room (c, &a));
    crowd_enter (c, &a);
    assert_false (crowd_has_room (c, &a));
    assert_true (crowd_has_room (c, &b));
    crowd_leave (c, &a);
    assert_true (crowd_has_room (c, &a));
    crowd_leave (c, &a);
    crowd_free (c);
}

/* Who has a network of IPv6 has more addresses than can be counted. */
static void a_subscriber_is_one_address (void **state)
{
    (void) state;
    struct crowd *c = crowd_new (1);
    struct net_address a = address ("2001:db8:1:2::1"), b = address ("2001:db8:1:2:ffff::9"),
                       other = address ("2001:db8:1:3::1");
    crowd_enter (c, &a);
    assert_false (crowd_has_room (c, &b));
    assert_true (crowd_has_room (c, &other));
    crowd_leave (c, &b);
    assert_true (crowd_has_room (c, &a));
    crowd_free (c);
}

static void zero_is_no_limit (void **state)
{
    (void) state;
    struct crowd *c = crowd_new (0);
    struct net_address a = address ("192.0.2.1");
    for (int i = 0; i < 100; i++)
        crowd_enter (c, &a);
    assert_true (crowd_has_room (c, &a));
    crowd_free (c);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (counts_each_address_by_itself),
        cmocka_unit_test (a_subscriber_is_one_address),
        cmocka_unit_test (zero_is_no_limit),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
