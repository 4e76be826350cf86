/* The gate: every call of an action, from whichever listener, goes through call_run(): action
 * known, signature, parameters against the model and the rules, policy, handler, answer. Handlers
 * repeat none of it. Parameters come before the policy, which decides on the names in them; what is
 * wrong with them is told from the request alone, so it tells a stranger nothing of what there is.
 *
 * The model (api/imm-2020-09-30.json, and api/admin.json for our own administration actions) is
 * turned into tables by api/generate.py at build time: for each action a `struct <action>_params`
 * (snake_case) in params.gen.h, with const char *project_name;            string; NULL if absent
 *   struct opt_int max_results;          integer: .is_set, .value
 *   struct opt_number sensitivity;       fraction: .is_set, .value
 *   struct opt_bool with_statistics;     boolean
 *   json_t *query;                       JSON-encoded; NULL if absent; borrowed
 * and a row in actions.gen.h. What is built is listed in actions.def; every other action of the
 * model is validated and answered NotImplemented. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "base/config.h"
#include "base/error.h"
#include "api/model.h"
#include "index/catalog.h"
#include "index/dataset.h"
#include "scan/scan.h"
#include "store/store.h"

struct opt_int {
    bool is_set;
    int64_t value;
};
struct opt_number {
    bool is_set;
    double value;
};
struct opt_bool {
    bool is_set, value;
};

/* What all handlers work on; lives as long as the server. */
struct api {
    const struct config *config;
    struct catalog *catalog;
    struct datasets *datasets;
    struct stores *stores;
    struct scan *scan;
    struct keys *keys;       /* auth/keys.h */
    struct keyring *keyring; /* api/keyring.h */
    struct nonces *nonces;   /* auth/nonces.h */
    struct rates *rates;     /* api/rates.h */
    struct media *media;     /* media/media.h */
    const char *region, *account_id;
    int timezone_min;
    int64_t start_ns;
};

/* Which listener a call came in by: administration actions are known on the admin listener only. */
enum call_face { CALL_IMM = 1, CALL_ADMIN = 2 };

struct call_request {
    enum call_face face;
    const char *method;  /* "GET", "POST" */
    const char *raw_uri; /* undecoded request target: "/?Action=..." */
    const char *path;    /* of that, undecoded too: "/" */
    GHashTable *headers; /* lower-case name -> value; repeated ones joined by "\n", in order */
    const uint8_t *body;
    size_t body_len;
    const char *peer; /* address of the client, "192.0.2.7" or "2001:db8::7", as a trusted proxy
                         says or as it connected; "?" if that is not known */
    bool is_secure;   /* it came over TLS, to us or to a trusted proxy */
};

/* What of a call is put into the audit log. */
enum audit_event {
    AUDIT_NOTHING,
    AUDIT_CHANGE, /* an action that changes something, done or refused */
    AUDIT_SIGN_IN /* a request that nobody known has signed, though it says so */
};
struct call_audit {
    enum audit_event event;
    char *user;     /* as people call it; NULL: nobody is known */
    char *key_id;   /* as the request says; never a secret. Text of a stranger, any bytes */
    char *resource; /* ARN; NULL: the request was refused before there was one */
    char *target;   /* what else the request names: "URI=oss://photos"; or NULL */
    char code[96];  /* the result, as on the wire; "OK" */
};

struct call_answer {
    unsigned status;
    GString *body;            /* JSON or XML */
    const char *content_type; /* static */
    char request_id[40];      /* upper-case UUID */
    int64_t retry_after_ms;   /* -1: none; else the headers that say so */
    char action[64];          /* "" if unknown; for logs */
    enum err code;
    char detail[256]; /* for logs: what really failed, which parameters were ignored; or "" */
    struct call_audit audit;
};
void call_answer_clear (struct call_answer *a);

/* Runs one request to its end; always gives an answer. Blocking; called from API threads. */
void call_run (const struct api *api, const struct call_request *r, struct call_answer *ret);

/* An answer for what never became a call: the HTTP layer's own refusals (413, 414, 503 ...). */
void call_refuse (const struct api *api, const struct call_request *r, const struct error *why,
                  struct call_answer *ret);

/* ---- For handlers ---- */

struct access;

struct call {
    const struct api *api;
    const char *request_id;
    const struct action *action;
    const char *access_key_id;   /* who */
    const struct access *access; /* what the caller may do and see (api/authorize.h) */
};

/* What a handler answers: an object without RequestId. A handler that has documents ready as text
 * sets `raw_name` and `raw` (joined by ','): they become an array member. */
struct reply {
    json_t *body;
    const char *raw_name;
    GString *raw;
    char *made; /* for the audit: what it made and only the answer names, "AccessKeyId=LTAI..." */
};

typedef enum err action_fn (struct call *c, const void *params, struct reply *reply,
                            struct error *e);

struct action_param {
    const char *name; /* on the wire */
    char kind;        /* 's' string, 'i' integer, 'f' number, 'b' boolean, 'j' JSON */
    bool is_required;
    size_t offset;            /* in the action's params struct */
    struct model_value value; /* what it must look like: of JSON ones all of it, of int32 ones the
                                 range */
};

/* In the template of a resource: the project that the bucket OSSBucket is attached to. */
#define ATTACHED_PROJECT "Attached"

/* RAM's access levels: what an action does to what there is. */
enum access_level {
    ACCESS_NONE,
    ACCESS_GET,
    ACCESS_LIST,
    ACCESS_CREATE,
    ACCESS_UPDATE,
    ACCESS_DELETE,
};

struct action {
    const char *name;
    enum call_face face;
    const struct action_param *params;
    size_t n_params, params_size;
    const struct model_type *reply; /* what it answers, without RequestId */
    action_fn *run;                 /* NULL: not built yet */
    enum access_level access;
    const char *policy_action;   /* "imm:CreateDataset" */
    const char *policy_resource; /* "project/${ProjectName}/dataset/${DatasetName}", "*"; several,
                                    all of which must be allowed, joined by ' ' */
};

/* True for one that creates, updates or deletes. */
static inline bool action_is_change (const struct action *a)
{
    return a->access >= ACCESS_CREATE;
}

/* The row of an action; NULL if no model knows it. Case-sensitive. */
const struct action *action_find (const char *name);
/* All of them, for the reference and the tests; *ret_n counts. */
const struct action *action_table (size_t *ret_n);
