/* Signatures of requests to stores: AWS Signature Version 4 as S3 wants it, OSS V4
 * (OSS4-HMAC-SHA256) and OSS V1 (HMAC-SHA1), in headers or in a presigned URL. For every key that
 * UTF-8 allows: a key is never normalised, and the text that is signed is made by the same
 * functions as the text that is sent.
 *
 * Pure functions over their arguments; any thread. Nothing here knows of curl or of a clock. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sign_scheme { SIGN_S3, SIGN_OSS4, SIGN_OSS1 };

#define SIGN_UNSIGNED "UNSIGNED-PAYLOAD"

/* A query parameter or a header. UTF-8 without NUL; headers without line breaks. */
struct sign_pair {
    const char *name;
    const char *value; /* NULL: a parameter without one, "?acl" */
};

struct sign_key {
    const char *id, *secret;
    const char *token; /* NULL: none */
};

struct sign_request {
    const char *method; /* "GET" */
    const char *host;   /* as it is sent: in lower case, with the port unless it is the default */
    const char *bucket; /* NULL: the service */
    const char *key;    /* NULL: the bucket */
    bool is_virtual;    /* the bucket is the first label of `host`, not of the path */
    const struct sign_pair *query;
    size_t n_query;
    const struct sign_pair *headers; /* beside Host: all of them are signed, where the scheme can */
    size_t n_headers;
    const char *payload; /* SHA-256 of the body in hex, or SIGN_UNSIGNED; OSS4 ignores it */
    const char *region;  /* "us-east-1", "cn-hangzhou"; OSS1 ignores it */
    int64_t now_s;       /* by the store's clock, seconds since 1970 */
};

/* The derived key of a day, so that it is not computed anew for each request. Zeroed is empty. One
 * thread at a time. */
struct sign_cache {
    enum sign_scheme scheme;
    char date[16];
    char *region, *secret;
    uint8_t key[32];
};
void sign_cache_clear (struct sign_cache *c);

/* Lower-case hex of the SHA-256 of `len` bytes. */
#define SIGN_HEX_SIZE 65
void sign_sha256 (const void *bytes, size_t len, char ret[SIGN_HEX_SIZE]);
extern const char sign_sha256_of_nothing[SIGN_HEX_SIZE];

/* Appends the request target as it is sent, path and query: "/bucket/a%20b?acl=&max-keys=2". For S3
 * the query is sorted and always has '='; for OSS a parameter without value has none. */
void sign_append_target (enum sign_scheme scheme, const struct sign_request *r, GString *out);

/* Takes one header. `value` is valid during the call only. */
typedef void sign_header_fn (void *arg, const char *name, const char *value);

/* Tells each header that is to be sent beside r->headers and Host: Authorization, the date, the
 * payload's hash and the token. r->headers must not have any of those. `key` NULL: a request
 * without a signature, nothing is told. `cache` may be NULL. */
void sign_headers (enum sign_scheme scheme, const struct sign_request *r,
                   const struct sign_key *key, struct sign_cache *cache, sign_header_fn *add,
                   void *arg);

/* Appends the target of a URL that anybody may use for `expires_s` seconds from r->now_s on, with
 * r->headers (all signed: who uses it must send them) and no body hash. */
void sign_append_presigned (enum sign_scheme scheme, const struct sign_request *r,
                            const struct sign_key *key, uint32_t expires_s,
                            struct sign_cache *cache, GString *out);
