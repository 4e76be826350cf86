/* Inside of the OSS endpoint only: one request, from its decoding to its answer.
 *
 * Owned by its exchange: by a network thread, or by the one that the exchange is parked with. */
#pragma once

#include "api/call.h"
#include "http/calls.h"
#include "http/oss.h"
#include "http/oss_query.h"

struct oss_domain {
    char *host, *bucket; /* NULL: buckets are labels before it */
};

struct oss {
    const struct api *api;
    GPtrArray *domains;    /* struct oss_domain */
    GHashTable *is_public; /* names of buckets */
    char *const *origins;  /* that pages may be of; of the configuration */
    struct calls *calls;
    atomic_int n_streams; /* of objects of remote stores */
};

struct oss_call;
struct rendition;

/* What may be done, and who may. */
struct oss_operation {
    const char *name; /* for the log */
    const char *method;
    const char *param;  /* that the query must have; NULL: none */
    const char *policy; /* action on the object */
    bool is_public;     /* of a public bucket, without a signature */
    bool is_blocking;   /* is run on a thread of the endpoint */
    bool is_change;     /* the audit log has a line of it */
    /* Answers by oss_answer_...(); or sets is_parked, and somebody else will. */
    enum err (*run) (struct oss_call *c, struct error *e);
};

struct oss_call {
    struct exchange *x;
    struct oss *oss;
    const struct oss_operation *op;
    struct oss_query *query;
    GHashTable *headers;
    char *bucket, *key;    /* NULL: none */
    bool is_virtual;       /* the bucket is in Host */
    struct principal *who; /* NULL: nobody has signed */
    struct policy_facts facts;
    bool is_parked;
    struct rendition *rendition; /* of oss_rendition.c */

    uint64_t unsatisfied;          /* by a range: the size of the whole, and 1; 0: none */
    struct MHD_Response *response; /* NULL: there is an error in x->answer */
};

/* ---- oss_request.c: decoding ---- */

/* Fills query, headers, bucket, key. BAD_BUCKET, BAD_KEY, and what the query has. */
NODISCARD enum err oss_decode (struct oss_call *c, struct error *e);

/* NULL if absent or empty. */
const char *oss_header (const struct oss_call *c, const char *name);

/* "HOST" or "HOST=BUCKET" of the option oss-domain. */
NODISCARD enum err oss_domain_new (const char *text, struct oss_domain **ret, struct error *e);
void oss_domain_free (void *domain);

/* ---- oss_gate.c: who, and may he ---- */

/* Signature, rate, attachment, policy of the operation. Fills who and facts. */
NODISCARD enum err oss_admit (struct oss_call *c, struct error *e);

/* Whether the caller may also do this: "oss:PutObject" on a bucket's object, or on the bucket
 * (`key` NULL). NO_PERMISSION. */
NODISCARD enum err oss_check (const struct oss_call *c, const char *action, const char *bucket,
                              const char *key, struct error *e);

/* NO_PERMISSION: the bucket belongs to no project. */
NODISCARD enum err oss_check_attached (const struct oss_call *c, const char *bucket,
                                       struct error *e);

/* ---- oss_object.c, oss_rendition.c: what is done ---- */

enum err oss_get_object (struct oss_call *c, struct error *e);
enum err oss_get_rendition (struct oss_call *c, struct error *e);
enum err oss_save_rendition (struct oss_call *c, struct error *e);
void oss_rendition_free (struct oss_call *c);

/* ---- oss_answer.c: what goes out ---- */

/* What is answered with, and what conditions and ranges are decided on. */
struct oss_body {
    int fd;                /* taken; -1: a stream, or nothing */
    uint64_t offset, size; /* of the whole */
    const char *etag;      /* without quotes; "": it has no version, and no ranges */
    int64_t mtime_ns;
    const char *content_type;
    /* Gives the response of bytes [at, at + length) in place of `fd`; NULL: there is one. */
    struct MHD_Response *(*open) (void *arg, uint64_t at, uint64_t length);
    void *arg;
};

/* Answers with it whole, with a part, or with 304. PRECONDITION, OUT_OF_RANGE. */
NODISCARD enum err oss_answer_body (struct oss_call *c, struct oss_body *body, struct error *e);

/* Answers with a short text. */
void oss_answer_text (struct oss_call *c, unsigned status, const char *content_type,
                      const char *text);

/* True if the request says that its client has that ETag already (If-None-Match). */
bool oss_has_etag (const struct oss_call *c, const char *etag);

/* What a preflight request of a browser asks for. */
NODISCARD enum err oss_answer_preflight (struct oss_call *c, struct error *e);

/* Queues the answer. */
enum MHD_Result oss_answer (struct exchange *x);

/* ---- oss_error.c ---- */

void oss_begin (struct call_answer *a); /* gives it a request id */
void oss_refuse (const struct api *api, const struct call_request *r, const struct error *why,
                 struct call_answer *ret);
