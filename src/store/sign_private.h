/* What the files of the signatures share. */
#pragma once

#include "store/sign.h"

/* Pairs that own their memory, to be sorted. */
struct sign_list {
    GArray *pairs; /* struct sign_pair */
    GStringChunk *memory;
};

void sign_list_init (struct sign_list *l);
void sign_list_clear (struct sign_list *l);

/* Copies. */
void sign_list_add (struct sign_list *l, const char *name, const char *value);

/* By the bytes of the name, then of the value. */
void sign_list_sort (struct sign_list *l);

/* Adds r->headers with names in lower case and values without space around them; with `squeeze`,
 * runs of space inside become one. */
void sign_list_add_headers (struct sign_list *l, const struct sign_request *r, bool squeeze);

/* Appends "/bucket/key". With `with_bucket`, also where the bucket is in the host. */
void sign_append_path (const struct sign_request *r, bool with_bucket, bool bucket_slash,
                       GString *out);

/* Appends r->query and `more` (encoded and sorted), without a '?'. */
void sign_append_query (enum sign_scheme scheme, const struct sign_request *r,
                        const struct sign_pair *more, size_t n_more, GString *out);

/* The two families. */
void sign_v4_headers (enum sign_scheme scheme, const struct sign_request *r,
                      const struct sign_key *key, struct sign_cache *cache, sign_header_fn *add,
                      void *arg);
void sign_v4_presigned (enum sign_scheme scheme, const struct sign_request *r,
                        const struct sign_key *key, uint32_t expires_s, struct sign_cache *cache,
                        GString *out);
void sign_v1_headers (const struct sign_request *r, const struct sign_key *key, sign_header_fn *add,
                      void *arg);
void sign_v1_presigned (const struct sign_request *r, const struct sign_key *key,
                        uint32_t expires_s, GString *out);
