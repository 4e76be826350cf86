/* Versions of objects, as their stores tell them. Of a directory they are asked for each time,
 * which costs a few system calls; what a remote store said is believed for LIMIT_MEDIA_FACTS_MS.
 *
 * Threads: any. */
#pragma once

#include "store/store.h"

struct facts;
struct facts *facts_new (struct stores *stores);
void facts_free (struct facts *f);

/* *ret_known false: they would have to be waited for, and may not (`may_wait`). NO_OBJECT and all
 * that stores say; 0 bytes are as good as no object can be. */
NODISCARD enum err facts_get (struct facts *f, const char *bucket, const char *key, bool may_wait,
                              struct store_facts *ret, bool *ret_known, struct error *e);

/* It is not that version any more: the next one who asks waits. */
void facts_forget (struct facts *f, const char *bucket, const char *key);
