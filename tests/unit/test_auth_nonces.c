/* Replay protection across restarts, damage and floods. */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/nonces.h"
#include "auth/signature.h"
#include "auth_folder.h"
#include "base/macros.h"

#define NS  1000000000ll
#define NOW (1790000000ll * NS + 500)

static int setup (void **state)
{
    return auth_folder_setup (state, "nonces");
}

static struct nonces *must_open (const struct auth_folder *f, size_t n_buckets, int64_t now_ns)
{
    struct nonces *n = NULL;
    struct error e;
    assert_ok (nonces_open_sized (f->path, n_buckets, now_ns, &n, &e), &e);
    return n;
}

static void refuses_what_it_knows (void **state)
{
    struct auth_folder *f = *state;
    struct error e;
    struct nonces *n = must_open (f, 16, NOW);
    assert_ok (nonces_use (n, "key", "one", NOW, NOW, &e), &e);
    assert_err (NONCE_USED, nonces_use (n, "key", "one", NOW, NOW, &e));
    assert_ok (nonces_use (n, "key", "two", NOW, NOW, &e), &e);
    assert_ok (nonces_use (n, "other", "one", NOW, NOW, &e), &e);
    assert_ok (nonces_use (n, "keyo", "ne", NOW, NOW, &e), &e);
    nonces_close (n);
}

/* A request from the future is acceptable longer, so it is remembered longer. */
static void remembers_until_the_request_is_too_old (void **state)
{
    struct auth_folder *f = *state;
    struct error e;
    struct nonces *n = must_open (f, 16, NOW);
    int64_t skew = AUTH_SKEW_S * NS, date = NOW + skew;
    assert_ok (nonces_use (n, "key", "one", date, NOW, &e), &e);
    assert_err (NONCE_USED, nonces_use (n, "key", "one", date, date + skew, &e));
    assert_ok (nonces_use (n, "key", "one", date, date + skew + 2 * NS, &e), &e);
    nonces_close (n);
}

static void survives_a_restart (void **state)
{
    struct auth_folder *f = *state;
    struct error e;
    struct nonces *n = must_open (f, 16, NOW);
    assert_ok (nonces_use (n, "key", "one", NOW, NOW, &e), &e);
    nonces_close (n);
    n = must_open (f, 16, NOW + NS);
    assert_err (NONCE_USED, nonces_use (n, "key", "one", NOW, NOW + NS, &e));
    assert_ok (nonces_use (n, "key", "two", NOW, NOW + NS, &e), &e);
    nonces_close (n);
}

static void survives_being_killed (void **state)
{
    struct auth_folder *f = *state;
    struct error e;
    pid_t child = fork ();
    if (child == 0) {
        struct nonces *n = NULL;
        if (nonces_open_sized (f->path, 16, NOW, &n, &e) != ERR_OK ||
            nonces_use (n, "key", "one", NOW, NOW, &e) != ERR_OK)
            _exit (1);
        raise (SIGKILL);
    }
    int status;
    assert_int_equal (waitpid (child, &status, 0), child);
    assert_true (WIFSIGNALED (status));
    struct nonces *n = must_open (f, 16, NOW + NS);
    assert_err (NONCE_USED, nonces_use (n, "key", "one", NOW, NOW + NS, &e));
    nonces_close (n);
}

static void damage (const struct auth_folder *f, off_t at)
{
    _cleanup_close_ int fd = open (f->path, O_WRONLY);
    assert_int_equal (pwrite (fd, "damage", 6, at), 6);
}

/* What may have been forgotten is refused: everything dated before the file was made anew. */
static void a_damaged_file_is_made_anew (void **state)
{
    struct auth_folder *f = *state;
    struct error e;
    for (off_t at = 0; at <= 16; at += 16) {
        nonces_close (must_open (f, 16, NOW));
        damage (f, at);
        int64_t later = NOW + 10 * NS;
        struct nonces *n = must_open (f, 16, later);
        assert_err (TIME_EXPIRED, nonces_use (n, "key", "one", NOW, later, &e));
        int64_t same_second = later / NS * NS;
        assert_ok (nonces_use (n, "key", "one", same_second, later, &e), &e);
        nonces_close (n);
        n = must_open (f, 16, later + NS);
        assert_err (TIME_EXPIRED, nonces_use (n, "key", "two", NOW, later + NS, &e));
        nonces_close (n);
        unlink (f->path);
    }
}

static void another_size_is_made_anew (void **state)
{
    struct auth_folder *f = *state;
    struct error e;
    nonces_close (must_open (f, 16, NOW));
    assert_int_equal (truncate (f->path, 100), 0);
    struct nonces *n = must_open (f, 16, NOW + 10 * NS);
    assert_err (TIME_EXPIRED, nonces_use (n, "key", "one", NOW, NOW + 10 * NS, &e));
    nonces_close (n);
}

static void a_full_bucket_throttles_and_recovers (void **state)
{
    struct auth_folder *f = *state;
    struct error e;
    struct nonces *n = must_open (f, 1, NOW);
    char nonce[16];
    for (int i = 0; i < 64; i++) {
        g_snprintf (nonce, sizeof nonce, "n%d", i);
        assert_ok (nonces_use (n, "key", nonce, NOW, NOW, &e), &e);
    }
    assert_err (THROTTLED, nonces_use (n, "key", "more", NOW, NOW, &e));
    assert_err (NONCE_USED, nonces_use (n, "key", "n7", NOW, NOW, &e));
    int64_t later = NOW + (AUTH_SKEW_S + 2) * NS;
    assert_ok (nonces_use (n, "key", "more", later, later, &e), &e);
    nonces_close (n);
}

static void the_file_is_private (void **state)
{
    struct auth_folder *f = *state;
    struct stat st;
    nonces_close (must_open (f, 16, NOW));
    assert_int_equal (stat (f->path, &st), 0);
    assert_int_equal (st.st_mode & 0777, 0600);
}

int main (void)
{
#define TEST(t) cmocka_unit_test_setup_teardown (t, setup, auth_folder_teardown)
    const struct CMUnitTest tests[] = {
        TEST (refuses_what_it_knows),
        TEST (remembers_until_the_request_is_too_old),
        TEST (survives_a_restart),
        TEST (survives_being_killed),
        TEST (a_damaged_file_is_made_anew),
        TEST (another_size_is_made_anew),
        TEST (a_full_bucket_throttles_and_recovers),
        TEST (the_file_is_private),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
