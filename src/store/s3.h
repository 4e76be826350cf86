/* Remote stores over the protocol of S3 and over that of OSS: one implementation, and a table of
 * what differs.
 *
 * A bucket is named as the store names it, or by an alias; one that has an alias goes by that
 * alone. Objects are read by store_fetch(), never opened. Listings are believed only if they are
 * plausible: a page that contradicts itself, its request or the page before it is STORE_DOWN.
 * Folder markers (size 0, key ends with '/') are no objects. Nothing is written unless the store is
 * writable, and then by store_put() alone. */
#pragma once

#include "store/client.h"
#include "store/store.h"

/* Strings are copied; NULL and empty lists are "not given". */
struct s3_options {
    const char *name;                /* of the store, for people */
    const char *kind;                /* "s3" or "oss" */
    const char *endpoint;            /* "https://HOST[:PORT]" */
    const char *region;              /* buckets of other regions are not served; NULL: of any are */
    bool is_virtual;                 /* http://BUCKET.HOST/KEY in place of http://HOST/BUCKET/KEY */
    const char *ca_file, *proxy;     /* as struct client_options has them */
    struct credentials *credentials; /* taken, also on failure; NULL: nothing is signed */
    char *const *buckets;            /* only these are served, and the aliases; nothing is listed */
    char *const *aliases;            /* "NAME=BUCKET" */
    bool is_writable;
};

/* INVALID_ARGUMENT says which option is wrong. Sends nothing: the store need not be reachable. The
 * thread must outlive the store. */
NODISCARD enum err store_s3_new (struct client_thread *t, const struct s3_options *o,
                                 struct store **ret, struct error *e);

/* Patterns over keys, as store_dir_set_filter() takes them; before threads share the store. */
void store_s3_set_filter (struct store *s, const char *bucket, char **include, char **exclude);

/* Writes an object of at most LIMIT_STORE_BODY bytes, in place of what has the key. STORE_DENIED if
 * the store is not writable. `content_type` may be NULL. */
NODISCARD enum err store_s3_put (struct store *s, const char *bucket, const char *key,
                                 const void *bytes, size_t len, const char *content_type,
                                 struct error *e);

/* Numbers of the client of a remote store. */
void store_s3_stats (struct store *s, struct client_stats *ret);
