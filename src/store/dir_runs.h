/* The names of a folder that do not fit one window: each full window is put aside as a sorted run,
 * and what is read back is the merge of all runs. Private to the directory store.
 *
 * One merge takes at most LIMIT_DIR_MERGE runs, fewer if memory is short: more are merged into
 * longer ones before. All fail with STORE_DOWN if the temporary file does, and with CLOSED if the
 * listing is stopped. */
#pragma once

#include "store/names.h"
#include "store/spill.h"
#include "store/store.h"

struct dir_runs;

/* The runs are put on top of what `spill` holds, and may take `memory` bytes while they are read
 * (a few KiB are taken in any case). Both are borrowed. */
struct dir_runs *dir_runs_new (struct spill *spill, size_t memory,
                               const struct store_list_hooks *hooks);

/* Gives the space in the temporary file back, so the last made is freed first. NULL is fine. */
void dir_runs_free (struct dir_runs *r);

/* Puts a sorted window aside. */
NODISCARD enum err dir_runs_add (struct dir_runs *r, const struct names *x, struct error *e);

/* All runs are there: from now on they are read. */
NODISCARD enum err dir_runs_start (struct dir_runs *r, struct error *e);

/* Fills a window that was begun with the next names, in order and without doubles. */
NODISCARD enum err dir_runs_read (struct dir_runs *r, struct names *x, struct error *e);

/* True if all was read. */
bool dir_runs_is_done (const struct dir_runs *r);

/* Bytes that reading takes up. */
size_t dir_runs_held (const struct dir_runs *r);
