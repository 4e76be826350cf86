/* Inside of auth only: what a request to the OSS endpoint claims of its signature. */
#pragma once

#include "auth/oss_signature.h"
#include "auth/signing.h"

struct oss_claim {
    char *key_id, *signature; /* owned, as the rest but for family and token */
    const char *token;        /* NULL: none */
    bool is_url;
    int64_t from_ns, until_ns;           /* when it may be sent */
    GString *to_sign;                    /* V1: the text; V4: the canonical request */
    const struct signing_family *family; /* NULL: V1 */
    char *stamp, *day;                   /* V4: "20231203T121212Z", "20231203" */
};
void oss_claim_clear (struct oss_claim *c);

/* Reads what the request claims. *ret_is_signed false: nothing. The caller clears. */
NODISCARD enum err oss_claim_read (const struct oss_request *r, struct oss_claim *c,
                                   bool *ret_is_signed, struct error *e);

/* V1 signs keys and parameters as they are, not encoded. SIGNATURE_INCOMPLETE for what another key,
 * or other parameters, would be written as: one signature would be good for both. */
NODISCARD enum err oss_check_unambiguous (const struct oss_request *r, struct error *e);
