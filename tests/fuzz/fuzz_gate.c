/* The gate, from a raw request to its answer. First line: method and target; then headers as
 * name:value; an empty line; the body. A method of SIGN makes a signed GET of the target, which is
 * then ACTION?PARAMETERS, so that damage gets past the signature. */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "../unit/sign.h"
#include "api/actions.gen.h"
#include "auth/keys.h"
#include "auth/nonces.h"
#include "request.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static enum err echo (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    (void) c, (void) params, (void) e;
    reply->body = json_pack ("{s:[s]}", "Files", "<&\"\x01");
    return ERR_OK;
}

static const struct action actions[] = {
    { MODEL_SimpleQuery, .run = echo, .policy_resource = "project/${ProjectName}" },
    { MODEL_BatchGetFileMeta, .run = echo, .policy_resource = "*" },
    { MODEL_CreateProject, .run = echo, .policy_resource = "project/${ProjectName}" },
    { MODEL_AddImageMosaic, .policy_resource = "*" },
};

const struct action *action_find (const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS (actions); i++)
        if (strcmp (actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

const struct action *action_table (size_t *ret_n)
{
    *ret_n = G_N_ELEMENTS (actions);
    return actions;
}

/* Made once: the file of nonces is flushed when it is made. */
static const struct api *the_api (void)
{
    static const struct config config;
    static struct api api = { .config = &config, .region = "local", .account_id = "1234" };
    struct error e;
    if (api.keys)
        return &api;
    g_autofree char *path =
        g_strdup_printf ("%s/bindery-fuzz-gate.%d", g_get_tmp_dir (), (int) getpid ());
    enum err r = keys_open ("/", SIGN_KEY_ID, SIGN_SECRET, &api.keys, &e);
    if (r == ERR_OK)
        r = nonces_open_sized (path, 1024, clock_now_ns (), &api.nonces, &e);
    assert (r == ERR_OK);
    unlink (path);
    return &api;
}

/* Whatever came, there is one answer, no failure of our own, and its text is UTF-8. */
static void run (const struct request *request, const char *uri)
{
    const struct call_request call = { .face = CALL_IMM,
                                       .method = request->method,
                                       .raw_uri = uri,
                                       .path = "/",
                                       .headers = request->headers,
                                       .body = (const uint8_t *) request->body,
                                       .body_len = strlen (request->body),
                                       .peer = "192.0.2.1" };
    struct call_answer answer;
    call_run (the_api (), &call, &answer);
    assert (answer.status >= 200 && answer.status < 500);
    assert (g_utf8_validate (answer.body->str, (gssize) answer.body->len, NULL));
    call_answer_clear (&answer);
}

static void run_signed (struct request *request)
{
    g_auto (GStrv) parts = g_strsplit (request->uri, "?", 2);
    if (!parts[0])
        return;
    g_autofree char *query = sign_query ("GET", parts[0], parts[1] ? parts[1] : "");
    g_autofree char *uri = g_strconcat ("/?", query, NULL);
    g_free (request->method);
    request->method = g_strdup ("GET");
    run (request, uri);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct request request;
    if (!request_parse (data, size, &request))
        return 0;
    if (strcmp (request.method, "SIGN") == 0)
        run_signed (&request);
    else
        run (&request, request.uri);
    request_clear (&request);
    return 0;
}
