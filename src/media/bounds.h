/* What the index knows of an object's dimensions, so that a picture which is too large is refused
 * before a byte of it is read. */
#pragma once

#include "index/catalog.h"
#include "index/dataset.h"
#include "media/wanted.h"

struct bounds;
struct bounds *bounds_new (struct catalog *catalog, struct datasets *datasets);
void bounds_free (struct bounds *b);

/* Refuses as process_check_size() does. What is not indexed, or in another version, is accepted:
 * the renderer looks for itself. */
NODISCARD enum err bounds_check (struct bounds *b, const struct wanted *w, const struct process *p,
                                 struct error *e);
