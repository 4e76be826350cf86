/* The key that a raw request names. */
#include "test.h"

#include <string.h>

#include "auth/claimed.h"

static void finds_the_key_wherever_it_is_named (void **state)
{
    (void) state;
    static const struct {
        const char *authorization, *uri, *body, *user;
    } rows[] = {
        { "ACS3-HMAC-SHA256 Credential=rootkey,SignedHeaders=a,Signature=b", "/?x=1", NULL,
          "root" },
        { "ACS3-HMAC-SHA256 Signature=b,Credential=rootkey", "/", NULL, "root" },
        { NULL, "/?Action=a&AccessKeyId=rootkey&x=1", NULL, "root" },
        { NULL, "/?AccessKeyId=rootkey", NULL, "root" },
        { NULL, "/?AccessKeyId=alicekey", NULL, "77" },
        { NULL, "/", "AccessKeyId=alicekey&x=1", "77" },
        { NULL, "/", "x=1&AccessKeyId=alicekey", "77" },
        { NULL, "/?XAccessKeyId=alicekey", NULL, "" },
        { NULL, "/?AccessKeyId=stranger", NULL, "" },
        { NULL, "/?AccessKeyId=", NULL, "" },
        { NULL, "/", NULL, "" },
        { "Basic abc", "/?AccessKeyId=rootkey", NULL, "" },
        { "", "/", "", "" },
    };
    struct keys *k;
    struct error e;
    assert_ok (keys_open ("/nowhere", "rootkey", "secret", &k, &e), &e);
    struct principal *alice = principal_new ();
    assert_ok (principal_set_key (alice, "alicekey", "secret", "test", &e), &e);
    alice->user_name = g_strdup ("alice");
    alice->user_id = g_strdup ("77");
    keys_add (k, alice);
    principal_unref (alice);
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
        char user[AUTH_CLAIMED_SIZE];
        const struct auth_claim claim = { rows[i].authorization, rows[i].uri, rows[i].body,
                                          rows[i].body ? strlen (rows[i].body) : 0 };
        auth_claimed_user (k, &claim, user);
        assert_string_equal (user, rows[i].user);
    }
    keys_close (k);
}

int main (void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test (finds_the_key_wherever_it_is_named) };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
