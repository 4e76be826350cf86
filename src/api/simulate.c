/* SimulatePolicy: what the policies of a user, or documents that are no policies yet, say of a
 * request, and which statement decides. */
#include <string.h>

#include "api/handlers.h"
#include "api/users.h"
#include "base/clock.h"
#include "base/net.h"

#define DOCUMENTS "PolicyDocuments"

/* The policies that decide; clear it. */
struct trial {
    struct policy_list *own, *given; /* of the user; of the call; NULL: none */
    struct policy_set set;           /* both */
    struct policy *session;
};

static void trial_clear (struct trial *t)
{
    g_free (t->set.identity);
    policy_list_unref (t->own);
    policy_list_unref (t->given);
    policy_unref (t->session);
}
#define _cleanup_trial_ __attribute__ ((cleanup (trial_clear)))

static enum err add_user (const struct api *api, const char *name, struct trial *t, struct error *e)
{
    _cleanup_user_ struct user *u = NULL;
    KEYRING_LOCK (api->keyring);
    enum err r = users_find (api, name, &u, e);
    if (r == ERR_OK)
        t->own = keyring_policies (api->keyring, u->id);
    return r;
}

static enum err add_documents (const json_t *array, struct trial *t, struct error *e)
{
    t->given = policy_list_new (json_array_size (array));
    for (size_t i = 0; i < json_array_size (array); i++) {
        g_autofree char *name = g_strdup_printf (DOCUMENTS "[%zu]", i);
        struct policy *p;
        enum err r =
            users_parse_policy (json_string_value (json_array_get (array, i)), DOCUMENTS, &p, e);
        if (r != ERR_OK)
            return r;
        t->given->named[i] = (struct policy_named){ g_steal_pointer (&name), p };
    }
    return ERR_OK;
}

static enum err collect (const struct api *api, const struct simulate_policy_params *p,
                         struct trial *t, struct error *e)
{
    enum err r = ERR_OK;
    if (!is_given (p->user_name) && !json_array_size (p->policy_documents))
        return FAIL_ON (e, MISSING_PARAM, "UserName",
                        "UserName or " DOCUMENTS " is mandatory for this action.");
    if (is_given (p->user_name))
        r = add_user (api, p->user_name, t, e);
    if (r == ERR_OK)
        r = add_documents (p->policy_documents, t, e);
    if (r == ERR_OK && is_given (p->session_policy))
        r = users_parse_policy (p->session_policy, "SessionPolicy", &t->session, e);
    if (r != ERR_OK)
        return r;
    size_t n_own = t->own ? t->own->n : 0, n = t->given->n;
    t->set = (struct policy_set){ g_new0 (struct policy_named, n_own + n), n_own + n, t->session };
    for (size_t i = 0; i < n_own + n; i++)
        t->set.identity[i] = i < n_own ? t->own->named[i] : t->given->named[i - n_own];
    return ERR_OK;
}

static enum err read_facts (const struct simulate_policy_params *p, struct policy_facts *ret,
                            struct error *e)
{
    *ret = (struct policy_facts){ .source_ip = is_given (p->source_ip) ? p->source_ip : NULL,
                                  .user_agent = p->user_agent,
                                  .now_ns = clock_now_ns (),
                                  .is_secure = p->secure_transport.value };
    struct net_address ignored;
    if (ret->source_ip && !net_parse_address (ret->source_ip, &ignored))
        return FAIL_ON (e, INVALID_PARAM, "SourceIp",
                        "Specified parameter SourceIp is not valid. Expected an address such as "
                        "192.0.2.1, got '%.100s'.",
                        p->source_ip);
    if (is_given (p->current_time) && !clock_parse (p->current_time, &ret->now_ns, NULL))
        return FAIL_ON (e, INVALID_PARAM, "CurrentTime",
                        "Specified parameter CurrentTime is not valid. Expected a time such as "
                        "2026-01-02T03:04:05Z, got '%.100s'.",
                        p->current_time);
    return ERR_OK;
}

static const char *type_of (const struct trial *t, const struct policy_decision *d)
{
    if (d->is_session)
        return "Session";
    if (!d->policy)
        return "";
    for (size_t i = 0; i < t->given->n; i++)
        if (t->given->named[i].name == d->policy)
            return "Document";
    return policy_builtin_find (d->policy) ? "System" : "Custom";
}

enum err api_simulate_policy (struct call *c, const void *params, struct reply *reply,
                              struct error *e)
{
    static const char *const words[] = { [POLICY_IMPLICIT_DENY] = "ImplicitDeny",
                                         [POLICY_ALLOW] = "Allow",
                                         [POLICY_EXPLICIT_DENY] = "ExplicitDeny" };
    const struct simulate_policy_params *p = params;
    _cleanup_trial_ struct trial trial = { 0 };
    struct policy_facts facts;
    enum err r = collect (c->api, p, &trial, e);
    if (r == ERR_OK)
        r = read_facts (p, &facts, e);
    if (r != ERR_OK)
        return r;
    const struct policy_request request = { p->action_name, p->resource_arn, &facts };
    struct policy_decision d = policy_decide (&trial.set, &request);
    return reply_take (reply,
                       json_pack ("{s:s, s:s, s:s, s:i}", "Decision", words[d.effect], "PolicyName",
                                  d.policy ? d.policy : "", "PolicyType", type_of (&trial, &d),
                                  "Statement", d.statement),
                       e);
}
