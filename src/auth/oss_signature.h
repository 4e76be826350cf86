/* Signatures of requests to the OSS endpoint: OSS V1 (HMAC-SHA1), OSS V4 (OSS4-HMAC-SHA256) and AWS
 * Signature Version 4 as S3 has it, each in the Authorization header or in the query of a presigned
 * URL. The request comes decoded; what was signed is made again from that. */
#pragma once

#include "auth/signature.h"

#define OSS_EXPIRES_MAX_S (7 * 24 * 60 * 60) /* of a presigned URL of the V4 schemes */

struct oss_request {
    const char *method;
    const char *bucket, *key;      /* decoded, UTF-8; NULL: none */
    bool is_virtual;               /* the bucket is in Host, not in the path */
    GHashTable *headers;           /* lower-case name -> value; repeated ones joined by "\n" */
    const struct auth_pair *query; /* decoded; a value of "" may be none at all */
    size_t n_query;
    const uint8_t *body;
    size_t body_len;
    const char *region; /* that V4 credentials must be for */
};

/* Verifies when the request may be sent, its signature, that the key may be used now and that a
 * security token is its own, and the digests of the body that it claims. *ret NULL: nothing claims
 * to be signed. Else the caller unrefs. *ret_claimed is the key id that is claimed, also after an
 * error; NULL: none. The caller frees it.
 *
 * SIGNATURE_INCOMPLETE: it cannot be understood; SIGNATURE_MISMATCH says what the server would have
 * signed, never a secret or a token; TIME_FORMAT; TIME_EXPIRED: the clocks differ; NO_PERMISSION:
 * the URL has expired; KEY_*, TOKEN_*; INVALID_ARGUMENT: another region; BAD_DIGEST;
 * NOT_IMPLEMENTED: a body in signed chunks. */
NODISCARD enum err oss_verify (const struct oss_request *r, struct keys *keys, int64_t now_ns,
                               struct principal **ret, char **ret_claimed, struct error *e);
