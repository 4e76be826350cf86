/* The gate: decode, action known, signature, parameters, policy, handler, answer. */
#include "api/call.h"

#include <string.h>

#include "api/audit.h"
#include "api/authorize.h"
#include "api/keyring.h"
#include "api/params.h"
#include "api/rates.h"
#include "api/render.h"
#include "api/rules.h"
#include "auth/signature.h"
#include "base/clock.h"

#define API_VERSION "2020-09-30"

/* One request on its way through the gate. */
struct gate {
    const struct api *api;
    const struct call_request *request;
    struct params params;
    struct auth_request signed_request;
    enum render_format format;
    const struct action *action;
    struct principal *principal;
    struct access access;
    void *values;
    struct reply reply;
    struct call_answer *answer;
    int64_t retry_ms; /* of a request over a rate */
};

void call_answer_clear (struct call_answer *a)
{
    if (a->body)
        g_string_free (a->body, TRUE);
    a->body = NULL;
    g_clear_pointer (&a->audit.user, g_free);
    g_clear_pointer (&a->audit.key_id, g_free);
    g_clear_pointer (&a->audit.resource, g_free);
    g_clear_pointer (&a->audit.target, g_free);
}

static const char *header (const struct call_request *r, const char *name)
{
    return r->headers ? g_hash_table_lookup (r->headers, name) : NULL;
}

/* A common parameter: from the x-acs- header when the Authorization header signs the request, else
 * (or in addition) from the parameters. */
static enum err common (const struct gate *g, const char *name, const char *header_name,
                        const char **ret, struct error *e)
{
    const char *value = params_get (&g->params, name);
    const char *in_header =
        auth_is_by_header (&g->signed_request) ? header (g->request, header_name) : NULL;
    if (in_header && value && strcmp (in_header, value) != 0)
        return FAIL_ON (e, INVALID_PARAM, name,
                        "%s is given twice and differs: in the header %s and as a parameter.", name,
                        header_name);
    value = in_header && *in_header ? in_header : value;
    if (!value)
        return FAIL_ON (e, MISSING_PARAM, name, "%s is mandatory for this action.", name);
    *ret = value;
    return ERR_OK;
}

static enum err choose_format (struct gate *g, struct error *e)
{
    const char *format = params_get (&g->params, "Format");
    if (!format || g_ascii_strcasecmp (format, "JSON") == 0)
        return ERR_OK;
    if (g_ascii_strcasecmp (format, "XML") != 0) {
        g_autofree char *shown = rules_shorten (format);
        return FAIL (e, BAD_FORMAT, "Format is '%s', expected JSON or XML.", shown);
    }
    g->format = RENDER_XML;
    return ERR_OK;
}

static enum err check_method (const struct gate *g, struct error *e)
{
    const char *method = g->request->method;
    if (strcmp (method, "GET") == 0 || strcmp (method, "POST") == 0)
        return ERR_OK;
    return FAIL (e, BAD_METHOD, "The method %.16s is not supported; use GET or POST.", method);
}

/* The form is chosen first, so that whatever else is wrong is told in it. */
static enum err decode (struct gate *g, struct error *e)
{
    const struct call_request *r = g->request;
    enum err decoded =
        params_decode (r->raw_uri, header (r, "content-type"), r->body, r->body_len, &g->params, e);
    struct error ignored;
    enum err code = choose_format (g, decoded == ERR_OK ? e : &ignored);
    if (decoded != ERR_OK)
        return decoded;
    if (code != ERR_OK)
        return code;
    const struct auth_pair *pairs = (const struct auth_pair *) g->params.pairs->data;
    g->signed_request = (struct auth_request){
        .method = r->method,
        .headers = r->headers,
        .query = pairs,
        .n_query = g->params.n_query,
        .form = pairs + g->params.n_query,
        .n_form = g->params.pairs->len - g->params.n_query,
        .body = r->body,
        .body_len = r->body_len,
    };
    return check_method (g, e);
}

static enum err find_action (struct gate *g, struct error *e)
{
    const char *name, *version;
    enum err r = common (g, "Action", "x-acs-action", &name, e);
    if (r != ERR_OK)
        return r;
    const struct action *action = action_find (name);
    if (!action || (action->face == CALL_ADMIN && g->request->face != CALL_ADMIN)) {
        g_autofree char *shown = rules_shorten (name);
        return FAIL (e, NO_API,
                     "Specified api is not found, please check your url and method: '%s'.", shown);
    }
    g_strlcpy (g->answer->action, action->name, sizeof g->answer->action);
    r = common (g, "Version", "x-acs-version", &version, e);
    if (r != ERR_OK)
        return r;
    if (strcmp (version, API_VERSION) != 0) {
        g_autofree char *shown = rules_shorten (version);
        return FAIL (e, BAD_VERSION,
                     "Specified parameter Version is not valid: '%s', expected " API_VERSION ".",
                     shown);
    }
    g->action = action;
    return ERR_OK;
}

static enum err sign_in (struct gate *g, struct error *e)
{
    const struct call_request *r = g->request;
    int64_t now_ns = clock_now_ns ();
    enum err code =
        auth_verify (&g->signed_request, g->api->keys, g->api->nonces, now_ns, &g->principal, e);
    keyring_tick (g->api->keyring, now_ns);
    g->access = (struct access){
        .api = g->api,
        .who = g->principal,
        .facts = { .source_ip = r->peer,
                   .user_agent = header (r, "user-agent"),
                   .now_ns = now_ns,
                   .is_secure = r->is_secure },
    };
    return code;
}

static enum err count_user (struct gate *g, struct error *e)
{
    return rates_take_user (g->api->rates, g->principal, clock_now_ns (), &g->retry_ms, e);
}

static enum err count_project (struct gate *g, struct error *e)
{
    return rates_take_project (g->api->rates, g->principal, params_get (&g->params, "ProjectName"),
                               clock_now_ns (), &g->retry_ms, e);
}

static enum err run_handler (struct gate *g, struct error *e)
{
    if (!g->action->run)
        return FAIL (e, NOT_IMPLEMENTED, "%s is known, but this server does not have it yet.",
                     g->action->name);
    struct call call = {
        .api = g->api,
        .request_id = g->answer->request_id,
        .action = g->action,
        .access_key_id = g->principal->id,
        .access = &g->access,
    };
    return g->action->run (&call, g->values, &g->reply, e);
}

static enum err pass (struct gate *g, struct error *e)
{
    enum err r = decode (g, e);
    if (r == ERR_OK)
        r = find_action (g, e);
    if (r == ERR_OK)
        r = sign_in (g, e);
    if (r == ERR_OK)
        r = count_user (g, e);
    if (r == ERR_OK)
        r = params_bind (&g->params, g->action, &g->values, e);
    if (r == ERR_OK)
        r = access_check_call (&g->access, g->action, &g->params, e);
    if (r == ERR_OK)
        r = count_project (g, e);
    return r == ERR_OK ? run_handler (g, e) : r;
}

/* The endpoint as the client knows it, if what it says looks like one. */
static char *host_id (const struct api *api, const struct call_request *r)
{
    const char *host = header (r, "host");
    size_t len = host ? strlen (host) : 0;
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isalnum (host[i]) && !strchr (".-:[]", host[i]))
            len = 0;
    return len && len < 256 ? g_strdup (host) : g_strdup_printf ("imm.%s", api->region);
}

static void gate_clear (struct gate *g)
{
    access_clear (&g->access);
    principal_unref (g->principal);
    if (g->values)
        params_free (g->action, g->values);
    params_clear (&g->params);
    json_decref (g->reply.body);
    if (g->reply.raw)
        g_string_free (g->reply.raw, TRUE);
    g_free (g->reply.made);
}

static void answer_refusal (struct gate *g, const struct error *why)
{
    g_autofree char *host = host_id (g->api, g->request);
    json_auto_t *denied = NULL;
    if (why->code == ERR_NO_PERMISSION)
        denied = access_denied_json (&g->access, g->answer->request_id);
    render_error (g->answer, g->format, host, why, denied);
    if (g->retry_ms)
        g->answer->retry_after_ms = g->retry_ms;
    if (!denied)
        return;
    g_autofree char *text = access_denied_text (&g->access);
    g_strlcpy (g->answer->detail, text, sizeof g->answer->detail);
}

void call_run (const struct api *api, const struct call_request *r, struct call_answer *ret)
{
    struct gate g = { .api = api, .request = r, .answer = ret };
    struct error e = { 0 };
    render_begin (ret);
    if (pass (&g, &e) == ERR_OK) {
        render_reply (ret, g.format, g.action, &g.reply);
        params_list_unknown (&g.params, g.action, ret->detail, sizeof ret->detail);
    } else {
        answer_refusal (&g, &e);
    }
    audit_note (&ret->audit, ret->code, g.action, &g.params, &g.signed_request, &g.access,
                g.reply.made);
    gate_clear (&g);
}

void call_refuse (const struct api *api, const struct call_request *r, const struct error *why,
                  struct call_answer *ret)
{
    g_autofree char *host = host_id (api, r);
    bool is_xml = r->raw_uri && strcasestr (r->raw_uri, "Format=XML");
    render_begin (ret);
    render_error (ret, is_xml ? RENDER_XML : RENDER_JSON, host, why, NULL);
}
