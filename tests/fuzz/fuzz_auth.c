/* Signatures: a request as text, verified at the time when the seeds were signed. First line:
 * method and target; then headers as name:value; an empty line; the body. */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "../unit/golden.h"
#include "api/params.h"
#include "base/clock.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static GHashTable *parse_headers (const char *text)
{
    GHashTable *headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
    for (char **line = lines; *line; line++) {
        char *colon = strchr (*line, ':');
        if (colon)
            g_hash_table_replace (headers, g_strndup (*line, (gsize) (colon - *line)),
                                  g_strdup (colon + 1));
    }
    return headers;
}

static void verify (const char *method, const char *uri, GHashTable *headers, const char *body)
{
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
    if (params_decode (uri, g_hash_table_lookup (headers, "content-type"), (const uint8_t *) body,
                       strlen (body), &p, &e) == ERR_OK) {
        const struct auth_pair *pairs = (const struct auth_pair *) p.pairs->data;
        const struct auth_request a = { .method = method,
                                        .headers = headers,
                                        .query = pairs,
                                        .n_query = p.n_query,
                                        .form = pairs + p.n_query,
                                        .n_form = p.pairs->len - p.n_query,
                                        .body = (const uint8_t *) body,
                                        .body_len = strlen (body) };
        r = auth_verify (&a, keys, nonces, now_ns, &holder, &e);
        assert (r == ERR_OK || *e.message);
        principal_unref (holder);
    }
    params_clear (&p);
    nonces_close (nonces);
    keys_close (keys);
    unlink (path);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup ((const char *) data, size);
    g_auto (GStrv) parts = g_strsplit (text, "\n\n", 2);
    if (!parts[0])
        return 0;
    char *line_end = strchr (parts[0], '\n');
    const char *rest = line_end ? line_end + 1 : "";
    if (line_end)
        *line_end = '\0';
    char *space = strchr (parts[0], ' ');
    if (!space)
        return 0;
    *space = '\0';
    g_autoptr (GHashTable) headers = parse_headers (rest);
    verify (parts[0], space + 1, headers, parts[1] ? parts[1] : "");
    return 0;
}
