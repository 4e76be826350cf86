/* Signatures: a request as text, verified at the time when the seeds were signed. First line:
 * method and target; then headers as name:value; an empty line; the body. */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "../unit/golden.h"
#include "api/params.h"
#include "auth/claimed.h"
#include "base/clock.h"
#include "request.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void verify (const struct request *request)
{
    GHashTable *headers = request->headers;
    const char *body = request->body;
    struct params p = { 0 };
    struct error e;
    struct keys *keys = NULL;
    struct nonces *nonces = NULL;
    int64_t now_ns = 0;
    struct principal *holder = NULL;
    g_autofree char *path =
        g_strdup_printf ("%s/bindery-fuzz-nonces.%d", g_get_tmp_dir (), (int) getpid ());
    bool is_time = clock_parse (GOLDEN_TIME, &now_ns, NULL);
    assert (is_time);
    enum err r = keys_open ("/", GOLDEN_KEY_ID, GOLDEN_SECRET, &keys, &e);
    if (r == ERR_OK)
        r = nonces_open_sized (path, 1, now_ns, &nonces, &e);
    assert (r == ERR_OK);
    if (params_decode (request->uri, g_hash_table_lookup (headers, "content-type"),
                       (const uint8_t *) body, strlen (body), &p, &e) == ERR_OK) {
        const struct auth_pair *pairs = (const struct auth_pair *) p.pairs->data;
        const struct auth_request a = { .method = request->method,
                                        .headers = headers,
                                        .query = pairs,
                                        .n_query = p.n_query,
                                        .form = pairs + p.n_query,
                                        .n_form = p.pairs->len - p.n_query,
                                        .body = (const uint8_t *) body,
                                        .body_len = strlen (body) };
        r = auth_verify (&a, keys, nonces, now_ns, &holder, &e);
        assert (r == ERR_OK || *e.message);
        const struct auth_claim claim = { g_hash_table_lookup (headers, "authorization"),
                                          request->uri, body, strlen (body) };
        char user[AUTH_CLAIMED_SIZE];
        auth_claimed_user (keys, &claim, user);
        assert (r != ERR_OK || strcmp (user, "root") == 0); /* who signs is who claims to */
        principal_unref (holder);
    }
    params_clear (&p);
    nonces_close (nonces);
    keys_close (keys);
    unlink (path);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct request request;
    if (!request_parse (data, size, &request))
        return 0;
    verify (&request);
    request_clear (&request);
    return 0;
}
