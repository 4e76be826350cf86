/* Addresses and blocks of them. */
#include "test.h"

#include "base/macros.h"
#include "base/net.h"

struct row {
    const char *block, *address;
    bool is_in;
};

static const struct row rows[] = {
    { "192.0.2.1", "192.0.2.1", true },
    { "192.0.2.1", "192.0.2.2", false },
    { "192.0.2.0/24", "192.0.2.255", true },
    { "192.0.2.0/24", "192.0.3.0", false },
    { "192.0.2.77/24", "192.0.2.1", true },
    { "192.0.2.128/25", "192.0.2.127", false },
    { "192.0.2.128/25", "192.0.2.128", true },
    { "10.0.0.0/8", "10.255.0.1", true },
    { "10.0.0.0/7", "11.255.0.1", true },
    { "10.0.0.0/7", "12.0.0.1", false },
    { "0.0.0.0/0", "203.0.113.9", true },
    { "192.0.2.1/32", "192.0.2.1", true },
    { "192.0.2.1/32", "192.0.2.0", false },
    { "192.0.2.0/31", "192.0.2.1", true },
    { "2001:db8::/32", "2001:db8:1::5", true },
    { "2001:db8::/32", "2001:db9::", false },
    { "2001:db8::8/125", "2001:db8::f", true },
    { "2001:db8::8/125", "2001:db8::10", false },
    { "2001:db8::1", "2001:0DB8:0:0::0001", true },
    { "fe80::/10", "fe80::1%eth0", true },
    { "::/0", "2001:db8::1", true },
    /* A mapped address is the IPv4 one. */
    { "192.0.2.0/24", "::ffff:192.0.2.7", true },
    { "::ffff:192.0.2.0/120", "192.0.2.7", true },
    { "::ffff:192.0.2.0/120", "192.0.3.7", false },
    { "::ffff:c000:207", "192.0.2.7", true },
    /* Otherwise the families are apart. */
    { "::/0", "192.0.2.7", false },
    { "0.0.0.0/0", "2001:db8::1", false },
    { "::ffff:0:0/95", "192.0.2.7", false },
};

static void test_contains (UNUSED void **state)
{
    for (const struct row *r = rows; r < rows + N_ELEMENTS (rows); r++) {
        struct net_block block;
        struct net_address address;
        if (!net_parse_block (r->block, &block) || !net_parse_address (r->address, &address))
            fail_msg ("%s or %s does not parse", r->block, r->address);
        if (net_contains (&block, &address) != r->is_in)
            fail_msg ("%s in %s", r->address, r->block);
    }
}

static void test_refuses (UNUSED void **state)
{
    static const char *const neither[] = {
        "",           "x",
        "1.2.3",      "1.2.3.4.5",
        "256.1.1.1",  "1.2.3.04",
        " 1.2.3.4",   "1.2.3.4 ",
        "0x1.2.3.4",  "1:2",
        ":::",        "[::1]",
        "1.2.3.4:80", "::1::",
        "12345::",    "2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8",
    };
    static const char *const no_block[] = {
        "1.2.3.4/",
        "1.2.3.4/33",
        "1.2.3.4/-1",
        "1.2.3.4/a",
        "1.2.3.4/24/24",
        "1.2.3.4/255.0.0.0",
        "::/129",
        "/8",
        "1.2.3.4/ 8",
        "::1%lo",
        "1.2.3.4/18446744073709551617",
    };
    struct net_block block;
    struct net_address address;
    for (size_t i = 0; i < N_ELEMENTS (neither); i++)
        if (net_parse_address (neither[i], &address) || net_parse_block (neither[i], &block))
            fail_msg ("'%s' was taken", neither[i]);
    for (size_t i = 0; i < N_ELEMENTS (no_block); i++)
        if (net_parse_block (no_block[i], &block))
            fail_msg ("'%s' was taken", no_block[i]);
    assert_false (net_parse_address ("192.0.2.0/24", &address));
}

static void test_formats (UNUSED void **state)
{
    static const char *const forms[][2] = {
        { "192.0.2.1", "192.0.2.1" },
        { "::ffff:192.0.2.1", "192.0.2.1" },
        { "2001:DB8:0:0::1", "2001:db8::1" },
        { "::", "::" },
    };
    for (size_t i = 0; i < N_ELEMENTS (forms); i++) {
        struct net_address address;
        char text[NET_TEXT_SIZE];
        assert_true (net_parse_address (forms[i][0], &address));
        assert_string_equal (net_format_address (&address, text), forms[i][1]);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_contains),
        cmocka_unit_test (test_refuses),
        cmocka_unit_test (test_formats),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
