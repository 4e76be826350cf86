/* Whose request it is: what trusted proxies say counts, what anybody else says does not. */
#include "test.h"

#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "http/forwarded.h"

static char *const trusted[] = { "10.0.0.0/8", "192.168.1.1", "fd00::/8", "::1", NULL };

static void the_client_is_the_last_that_is_not_trusted (UNUSED void **state)
{
    static const struct {
        const char *peer, *header, *client;
    } rows[] = {
        { "10.0.0.1", NULL, "10.0.0.1" },
        { "10.0.0.1", "", "10.0.0.1" },
        { "10.0.0.1", "192.0.2.7", "192.0.2.7" },
        { "::ffff:10.0.0.1", "192.0.2.7", "192.0.2.7" },
        { "::1", "2001:db8::7", "2001:db8::7" },
        { "fd00::1", "[2001:db8::7]", "2001:db8::7" },
        { "fd00::1", "[2001:DB8:0::7]:4711", "2001:db8::7" },
        { "10.0.0.1", "192.0.2.7:4711", "192.0.2.7" },
        { "10.0.0.1", "::ffff:192.0.2.7", "192.0.2.7" },
        { "10.0.0.1", " \t192.0.2.7 ", "192.0.2.7" },
        { "10.0.0.1", "192.0.2.7, 10.2.3.4", "192.0.2.7" },
        { "10.0.0.1", "192.0.2.7,fd00::2 , 192.168.1.1", "192.0.2.7" },
        { "10.0.0.1", "192.0.2.7\n10.2.3.4", "192.0.2.7" },      /* two header lines */
        { "10.0.0.1", "10.9.9.9, 10.2.3.4", "10.9.9.9" },        /* all of them are ours */
        { "10.0.0.1", "198.51.100.1, 192.0.2.7", "192.0.2.7" },  /* the client lied */
        { "10.0.0.1", "10.0.0.9, 192.0.2.7", "192.0.2.7" },      /* so did this one */
        { "10.0.0.1", "192.0.2.7, 192.168.1.2", "192.168.1.2" }, /* next to a trusted one */
        { "192.0.2.9", "192.0.2.7", "192.0.2.9" },               /* not trusted itself */
        { "192.0.2.9", "127.0.0.1, 10.0.0.1", "192.0.2.9" },
        { "11.0.0.1", "192.0.2.7", "11.0.0.1" },
        /* What is no address ends the chain. */
        { "10.0.0.1", "unknown", "10.0.0.1" },
        { "10.0.0.1", "192.0.2.7, unknown", "10.0.0.1" },
        { "10.0.0.1", "192.0.2.7, unknown, 10.2.3.4", "10.2.3.4" },
        { "10.0.0.1", "192.0.2.7,", "10.0.0.1" },
        { "10.0.0.1", "192.0.2.7,,10.2.3.4", "10.2.3.4" },
        { "10.0.0.1", "192.0.2.7:", "10.0.0.1" },
        { "10.0.0.1", "192.0.2.7:65536", "10.0.0.1" },
        { "10.0.0.1", "192.0.2.7:x", "10.0.0.1" },
        { "10.0.0.1", "192.0.2.7/24", "10.0.0.1" },
        { "10.0.0.1", "192.0.2.007", "10.0.0.1" },
        { "10.0.0.1", "192.0.2.7 192.0.2.8", "10.0.0.1" },
        { "10.0.0.1", "[192.0.2.7]", "10.0.0.1" },
        { "10.0.0.1", "[2001:db8::7", "10.0.0.1" },
        { "10.0.0.1", "2001:db8::7]", "10.0.0.1" },
        { "10.0.0.1", "[2001:db8::7]x", "10.0.0.1" },
        { "10.0.0.1", "[2001:db8::7]:", "10.0.0.1" },
        { "10.0.0.1", "[]", "10.0.0.1" },
        { "10.0.0.1", "fe80::1%eth0", "10.0.0.1" },
        { "10.0.0.1", "\"192.0.2.7\"", "10.0.0.1" },
        { "10.0.0.1", "for=192.0.2.7", "10.0.0.1" },
        { "10.0.0.1", "client.example.com", "10.0.0.1" },
        { "10.0.0.1",
          "2001:0db8:0000:0000:0000:0000:0000:0000000000000000000000000000000000000000000007",
          "10.0.0.1" },
    };
    struct proxies *p;
    struct error e;
    assert_ok (proxies_new (trusted, &p, &e), &e);
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        struct net_address peer, client;
        char text[NET_TEXT_SIZE];
        assert_true (net_parse_address (rows[i].peer, &peer));
        forwarded_client (p, &peer, rows[i].header, &client);
        if (strcmp (net_format_address (&client, text), rows[i].client) != 0)
            fail_msg ("'%s' from %s is of %s, not %s", rows[i].header, rows[i].peer, text,
                      rows[i].client);
    }
    proxies_free (p);
}

/* Only so many are looked at, however long the header is. */
static void the_chain_is_bounded (UNUSED void **state)
{
    g_autoptr (GString) header = g_string_new ("192.0.2.7");
    struct net_address peer, client;
    struct proxies *p;
    struct error e;
    char text[NET_TEXT_SIZE];
    assert_ok (proxies_new (trusted, &p, &e), &e);
    assert_true (net_parse_address ("10.0.0.1", &peer));
    for (int i = 1; i < LIMIT_FORWARDED; i++)
        g_string_append (header, ",10.0.0.2");
    forwarded_client (p, &peer, header->str, &client);
    assert_string_equal (net_format_address (&client, text), "192.0.2.7");
    g_string_append (header, ",10.0.0.2");
    forwarded_client (p, &peer, header->str, &client);
    assert_string_equal (net_format_address (&client, text), "10.0.0.2");
    proxies_free (p);
}

static void nobody_is_trusted_unless_named (UNUSED void **state)
{
    char *const none[] = { NULL };
    struct net_address peer, client;
    struct proxies *p;
    struct error e;
    assert_ok (proxies_new (none, &p, &e), &e);
    assert_true (net_parse_address ("127.0.0.1", &peer));
    forwarded_client (p, &peer, "192.0.2.7", &client);
    assert_memory_equal (&client, &peer, sizeof peer);
    proxies_free (p);
}

static void what_is_no_address_cannot_be_trusted (UNUSED void **state)
{
    static char *const bad[] = { "", "10.0.0.0/33", "proxy.example.com", "10.0.0.0-10.0.0.9",
                                 "[::1]" };
    struct proxies *p = NULL;
    struct error e;
    for (size_t i = 0; i < N_ELEMENTS (bad); i++) {
        assert_err (INVALID_ARGUMENT, proxies_new ((char *[]){ "::1", bad[i], NULL }, &p, &e));
        assert_non_null (strstr (e.message, bad[i]));
        assert_null (p);
    }
    g_autofree char **many = g_new0 (char *, LIMIT_TRUSTED_PROXIES + 2);
    for (size_t i = 0; i <= LIMIT_TRUSTED_PROXIES; i++)
        many[i] = "::1";
    assert_err (INVALID_ARGUMENT, proxies_new (many, &p, &e));
}

static void secure_is_what_was_so_all_the_way (UNUSED void **state)
{
    static const struct {
        const char *header;
        bool is_secure, expected;
    } rows[] = {
        { NULL, false, false },
        { NULL, true, true },
        { "https", false, true },
        { "HTTPS", false, true },
        { " https ", false, true },
        { "https, https", false, true },
        { "https\nhttps", false, true },
        { "http", true, false },
        { "https,http", false, false },
        { "http, https", false, false },
        { "", true, false },
        { "httpsx", false, false },
        { "https,", false, false },
        { "wss", true, false },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++)
        if (forwarded_is_secure (rows[i].header, rows[i].is_secure) != rows[i].expected)
            fail_msg ("'%s' over %s", rows[i].header, rows[i].is_secure ? "TLS" : "plain HTTP");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_client_is_the_last_that_is_not_trusted),
        cmocka_unit_test (the_chain_is_bounded),
        cmocka_unit_test (nobody_is_trusted_unless_named),
        cmocka_unit_test (what_is_no_address_cannot_be_trusted),
        cmocka_unit_test (secure_is_what_was_so_all_the_way),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
