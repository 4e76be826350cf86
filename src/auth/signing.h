/* What the signatures of object stores are made of, for those who sign (store/sign.h) and for those
 * who check (auth/oss_signature.h). Pure functions; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"

/* AWS Signature Version 4 and OSS V4: one construction, in two families of words. */
struct signing_family {
    const char *algorithm, *secret_prefix, *service, *terminator;
    const char *date, *hash, *token; /* headers */
    const char *header_prefix;       /* of all headers that mean something to the protocol */
};
extern const struct signing_family signing_s3, signing_oss4;

#define SIGNING_KEY_SIZE 32 /* also of a signature, before it is written as hex */

void signing_hmac (const void *key, size_t key_len, const char *text,
                   uint8_t ret[SIGNING_KEY_SIZE]);

/* The key of a day ("20231203") and a region. */
void signing_derive_key (const struct signing_family *f, const char *date, const char *region,
                         const char *secret, uint8_t ret[SIGNING_KEY_SIZE]);

/* OSS V1: a signature in base64; the caller frees. */
char *signing_hmac_sha1 (const char *secret, const char *text, size_t len);

/* OSS V1: whether a parameter of the query is part of the resource, and so of what is signed. */
bool signing_is_sub_resource (const char *name);

/* The headers that a request says it has signed ("host;x-amz-date"; NULL: none), in lower case and
 * sorted; the caller frees. SIGNATURE_INCOMPLETE, saying `what` ("SignedHeaders"), unless each is
 * among `headers`, and once, and they are not too many. */
NODISCARD enum err signing_read_listed (GHashTable *headers, const char *what, const char *text,
                                        char ***ret, struct error *e);
