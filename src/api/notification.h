/* What stores post when something happened to their objects: which keys of a bucket a message
 * names. It says nothing more: whatever the event was called, the key is to be looked at.
 *
 * Understood, by where the records are and where they name bucket and key:
 *   Records[]: s3.bucket.name, s3.object.key     AWS S3, MinIO, Ceph and most others
 *   detail: bucket.name, object.key              S3 through Amazon EventBridge
 *   events[], data: oss.bucket.name, oss.object.key   OSS through SMQ (MNS), through EventBridge
 *   the message itself: bucket, object.key       R2
 * bare, several in an array, or as text in the `Message` of an SNS or SMQ envelope.
 *
 * Keys are URL-encoded by some senders and not by others, and the names of events and senders do
 * not tell for sure which. So every reading of a key that differs from the others counts as named:
 * a key that no object has costs a look and changes nothing. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct notification {
    GPtrArray *keys;            /* char *: no two the same */
    GHashTable *seen;           /* the same as a set; borrowed from `keys` */
    size_t records;             /* in the message */
    size_t foreign;             /* of those, records about other buckets */
    size_t unusable;            /* and records without bucket and key, or with an impossible key */
    bool is_sns;                /* it came in an envelope of SNS */
    char *topic, *confirmation; /* SNS wants its subscription confirmed: ARN and token; or NULL */
};

/* Reads a message of `len` bytes (a NUL follows them) for `bucket`. INVALID_JSON, or BAD_REQUEST if
 * it is of no known kind; BODY_TOO_LARGE for more than LIMIT_EVENT_RECORDS. Test messages name
 * nothing. `ret` is to be cleared in any case. */
NODISCARD enum err notification_read (const char *text, size_t len, const char *bucket,
                                      struct notification *ret, struct error *e);
void notification_clear (struct notification *n);
