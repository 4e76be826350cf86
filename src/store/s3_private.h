/* What the files of the remote stores share, and nobody else includes. */
#pragma once

#include "base/limits.h"
#include "store/s3.h"

/* What differs between the protocols. */
struct s3_dialect {
    const char *kind; /* "s3" */
    enum sign_scheme scheme;
    const char *prefix;        /* of its own headers, "x-amz-" */
    const char *default_class; /* what headers without a storage class mean; NULL: not known */
    /* ListBuckets: parameters of a page's size and begin, element with the begin of the next. */
    const char *page_size, *page_from, *page_next;
    const char *virtual_suffix; /* hosts that take no other addressing; NULL: none */
    bool has_head_bucket;
};

struct store_s3 {
    struct store base;
    const struct s3_dialect *dialect;
    struct client *client;
    char *region;        /* NULL: buckets of any are served */
    char *host;          /* HOST[:PORT] of the endpoint: with the bucket, its identity */
    char **buckets;      /* NULL: all */
    GHashTable *aliases; /* name -> bucket */
    GHashTable *aliased; /* set of the buckets that have one; borrows from `aliases` */
    GHashTable *filters; /* name -> struct store_filter */
    bool is_writable;
};

/* ---- s3.c ---- */

/* What the store calls a bucket: NO_BUCKET if it does not serve that name. */
NODISCARD enum err s3_bucket (const struct store_s3 *s, const char *name, const char **ret,
                              struct error *e);

/* Passes a fault of an answer's content on: "store 's3': bucket 'photos': ...". */
enum err s3_blame (const struct store_s3 *s, const char *bucket, const struct error *why,
                   struct error *e);

/* Carries out a request and waits; tells which store it was that failed. */
NODISCARD enum err s3_call (const struct store_s3 *s, const struct client_request *request,
                            struct client_response *ret, struct error *e);

/* ---- s3_list.c, s3_object.c, s3_fetch.c: operations ---- */

enum err s3_list_open (struct store *s, const char *bucket, const char *after, const char *before,
                       const struct store_list_hooks *hooks, struct store_listing **ret,
                       struct error *e);
enum err s3_list_next (struct store_listing *l, size_t max, struct store_page *page,
                       struct error *e);
void s3_list_close (struct store_listing *l);
enum err s3_mounts (struct store *s, const char *bucket, GPtrArray *ret, struct error *e);
/* The bucket as the store names it; NO_OBJECT for keys that a filter leaves out. */
NODISCARD enum err s3_object_bucket (const struct store_s3 *s, const char *bucket, const char *key,
                                     const char **ret, struct error *e);
/* Folder markers are no objects, whoever names them. */
bool s3_is_marker (const char *key, uint64_t size);
enum err s3_head (struct store *s, const char *bucket, const char *key, struct store_facts *ret,
                  struct error *e);
enum err s3_fetch (struct store_handle *h, uint64_t head, uint64_t tail,
                   const struct store_range *more, size_t n, store_fetched_fn *done, void *arg,
                   struct error *e);

/* ---- s3_notify.c ---- */

enum err s3_notify (struct store *s, const char *bucket, const struct store_notify *n,
                    char **ret_target, struct error *e);

/* ---- s3_page.c: one page of a listing as the store tells it ---- */

struct s3_entry {
    char *key; /* NUL-terminated; owned by the page */
    size_t len;
    struct store_facts facts;
};

struct s3_page {
    GArray *entries; /* struct s3_entry, in the order of the page */
    GStringChunk *keys;
    char *name, *token; /* NULL: not told */
    uint64_t key_count; /* UINT64_MAX: not told */
    bool is_truncated, is_encoded, has_truncated, has_prefixes;
};

/* STORE_DOWN if it is no page. The caller clears `ret`, also after a failure. */
NODISCARD enum err s3_page_read (const void *text, size_t len, struct s3_page *ret,
                                 struct error *e);
void s3_page_clear (struct s3_page *p);

/* What was asked for. */
struct s3_asked {
    const char *bucket, *after; /* as the store names it; `after` NULL: from the begin */
    size_t max;
};

/* STORE_DOWN if the page contradicts itself or what was asked for. */
NODISCARD enum err s3_page_check (const struct s3_page *p, const struct s3_asked *asked,
                                  struct error *e);

/* ---- s3_facts.c: what headers and texts say of objects ---- */

/* An ETag without quotes and mark of weakness; false if it is none, or too long. */
bool s3_etag (const char *text, char ret[STORE_ETAG_SIZE]);

/* "Sun, 06 Nov 1994 08:49:37 GMT". */
bool s3_http_time (const char *text, int64_t *ret_ns);

/* "2009-10-12T17:50:30.000Z", to the second. */
bool s3_iso_time (const char *text, int64_t *ret_ns);

/* Facts of the object that was answered; STORE_DOWN if one is missing or cannot be. */
NODISCARD enum err s3_facts_read (const struct s3_dialect *d, const struct client_response *r,
                                  struct store_facts *ret, struct error *e);

/* File members that the headers tell; never NULL. */
json_t *s3_attributes (const struct s3_dialect *d, const struct client_response *r,
                       const struct store_facts *facts);

/* Tags of an object, from the answer to GetObjectTagging. */
NODISCARD enum err s3_tags_read (const void *text, size_t len, json_t **ret, struct error *e);

/* ---- s3_known.c: what is known of an object, as ranges in ascending order, apart ---- */

/* Adds a range, joined with those that it touches. False if there is no room: nothing changed. */
bool s3_known_add (struct store_range known[STORE_RANGES], unsigned *n, struct store_range r);

/* The parts of `r` that are not known: how many, at most STORE_RANGES + 1. */
unsigned s3_known_missing (const struct store_range *known, unsigned n, struct store_range r,
                           struct store_range ret[STORE_RANGES + 1]);
