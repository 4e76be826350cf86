/* Sidecars: objects that say something about an image, named after it. `dir/a.xmp` belongs to the
 * raw files `dir/a.*`, or, if there is none, to the other images of that name (Lightroom, Adobe);
 * `dir/a.cr2.xmp` to `dir/a.cr2` alone, if there is such an image, before `dir/a.xmp` (darktable,
 * digiKam). Extensions are compared without case, of ASCII letters; nothing else is.
 *
 * A sidecar is a row like every object. Which belongs to which follows from the keys that are rows
 * at the moment; work_internal.h says how images follow. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "index/dataset.h"

/* By the key alone. */
bool sidecar_is_one (const char *key);
bool sidecar_is_image (const char *key); /* of a type that may have one */
bool sidecar_is_raw (const char *key);   /* image, too */

/* "dir/a" of "dir/a.xmp": what a sidecar is named after. The caller frees. */
char *sidecar_base (const char *key);

/* Whether an image may have a sidecar of that base: "dir/a" is one of "dir/a.cr2", and of
 * "dir/a". */
bool sidecar_may_concern (const char *base, const char *image);

/* Whether the bucket has any, so that nobody looks for them one by one where there are none. */
NODISCARD enum err sidecar_is_used (struct dataset_db *db, const char *bucket, bool *ret,
                                    struct error *e);
NODISCARD enum err sidecar_has_any (struct sql *s, const char *bucket, bool *ret, struct error *e);

/* The key of an image's sidecar (the caller frees), or NULL. An image whose name begins that of
 * more than LIMIT_SIDECAR_SIBLINGS objects may miss that there is a raw file among them. */
NODISCARD enum err sidecar_find (struct dataset_db *db, const char *bucket, const char *image,
                                 char **ret, struct error *e);

/* Whether there is a sidecar with one of the two bases, or that base (NULL: none). */
NODISCARD enum err sidecar_exists (struct sql *s, const char *bucket, const char *base,
                                   const char *other, bool *ret, struct error *e);
