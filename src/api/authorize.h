/* What the caller of a request may do. The gate asks once for the action itself, before anything
 * else is looked at; handlers of lists ask for each row, and tell no names of what is not seen.
 *
 * Everything is decided on the name (ARN) of a resource, acs:SERVICE:REGION:ACCOUNT:PATH: SERVICE
 * is that of the action ("imm", "bindery"), PATH the template of the action's row with names put
 * in. Names come from parameters that have passed their rules, so none holds what would be read as
 * a part of the ARN or as a wildcard. Root may do everything. */
#pragma once

#include "api/call.h"
#include "api/params.h"
#include "auth/principal.h"

/* One caller, during one request. Everything but `resource` and `denied` is borrowed. */
struct access {
    const struct api *api;
    const struct principal *who;
    struct policy_facts facts;
    char *resource; /* of the call's action, several joined by ' '; NULL: not known yet */
    struct {
        const char *action; /* NULL: nothing was denied */
        char *resource;
        char *shown; /* what the caller is told of it */
        struct policy_decision decision;
    } denied; /* the decision that ended the call, for access_denied_json() */
};
void access_clear (struct access *a);

/* Decides about the action and, for those that make the server read a bucket, whether the caller
 * may read it: access_bucket_rights. NO_PERMISSION naming action and resource; InvalidURI where the
 * bucket comes from one. */
NODISCARD enum err access_check_call (struct access *a, const struct action *action,
                                      const struct params *params, struct error *e);

/* Whether the caller sees the row of a list: a project, or a dataset of it (NULL: none). It does if
 * it may call `action` on the row, "GetDataset". */
bool access_sees (const struct access *a, const char *action, const char *project,
                  const char *dataset);

/* Whether a policy of the caller denies it the action on the dataset; false where none allows. */
bool access_is_denied (const struct access *a, const char *action, const char *project,
                       const char *dataset);

/* AccessDeniedDetail of a refusal; NULL if nothing was denied. Tells the caller nothing about the
 * policies but whether one denies or none allows. */
json_t *access_denied_json (const struct access *a, const char *request_id);

/* The same for the log, with the policy and its statement. Caller frees. */
char *access_denied_text (const struct access *a);

/* What a caller must be allowed on a bucket that an action makes the server read; the resource with
 * ${Bucket}. */
struct access_right {
    const char *action, *resource;
};
extern const struct access_right access_bucket_rights[];
extern const size_t access_n_bucket_rights;

/* The parameter that names the bucket which an action reads; NULL for actions that read none. */
const char *access_bucket_param (const char *action);
