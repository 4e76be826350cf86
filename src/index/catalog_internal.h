/* What the files of the catalogue share. One session under one lock: the data is small. */
#pragma once

#include <pthread.h>
#include <glib.h>

#include "index/catalog.h"
#include "index/sql.h"

struct catalog {
    pthread_mutex_t lock;
    struct sql *sql;
    pthread_rwlock_t attached_lock;
    GHashTable *attached; /* names of the attached buckets, as the table has them */
    pthread_rwlock_t styles_lock;
    GHashTable *styles; /* "BUCKET/NAME": struct style, as the table has them */
    pthread_rwlock_t known_lock;
    GHashTable *known; /* key -> row, see catalog_recall() */
};

typedef void *catalog_copy_fn (const void *row);

void catalog_known_init (struct catalog *c);
void catalog_known_clear (struct catalog *c);

/* A copy of the row that is kept under `key`, or NULL: then it has to be read. Takes no lock of the
 * caller's. */
void *catalog_recall (struct catalog *c, const char *key, catalog_copy_fn *copy);

/* Keeps a copy of a row that was read, until the next transaction ends. Under the lock, since
 * before the row was read. */
void catalog_keep (struct catalog *c, const char *key, const void *row, catalog_copy_fn *copy,
                   GDestroyNotify free_row);

/* Under the lock: rows may have changed. */
void catalog_forget (struct catalog *c);

static inline struct catalog *catalog_lock (struct catalog *c)
{
    pthread_mutex_lock (&c->lock);
    return c;
}
static inline void catalog_unlockp (struct catalog **c)
{
    pthread_mutex_unlock (&(*c)->lock);
}
/* Holds the lock until the end of the block. */
#define CATALOG_LOCK(c)                                                                            \
    struct catalog *held_ UNUSED __attribute__ ((cleanup (catalog_unlockp))) = catalog_lock (c)

/* Ends the transaction that sql_begin() began: commits if `r` is OK, else rolls back. Returns `r`,
 * or why it could not be committed. */
NODISCARD enum err catalog_end (struct catalog *c, enum err r, struct error *e);

/* Runs a query of one integer with up to one text or id bound to its '?'. */
NODISCARD enum err catalog_count (struct catalog *c, const char *query, int64_t id, int64_t *ret,
                                  struct error *e);
NODISCARD enum err catalog_count_text (struct catalog *c, const char *query, const char *text,
                                       int64_t *ret, struct error *e);

/* LIMIT if the count that `query` gives for `value` is `max` or more. Under the lock, as the rest.
 */
NODISCARD enum err catalog_check_room (struct catalog *c, const char *query, int64_t value,
                                       unsigned max, const char *what, struct error *e);

/* Runs and finishes a change of one row; NOT_FOUND if there was none. */
NODISCARD enum err catalog_run_one (struct catalog *c, struct sql_stmt *st, const char *what,
                                    struct error *e);

/* All rows of a statement, as `read` makes them. */
NODISCARD enum err catalog_rows (struct sql_stmt *st, void *(*read) (struct sql_stmt *st),
                                 GDestroyNotify free_row, GPtrArray **ret, struct error *e);

/* Takes the lock: the row that `query` finds for one text, as `read` makes it. NOT_FOUND naming
 * `what`. */
NODISCARD enum err catalog_row (struct catalog *c, const char *query, const char *text,
                                const char *what, void *(*read) (struct sql_stmt *st), void **ret,
                                struct error *e);

/* Takes the lock: a page of rows. `query` takes the name that it begins with (NULL: the first) and
 * how many. */
NODISCARD enum err catalog_page (struct catalog *c, const char *query, const char *from,
                                 unsigned max, void *(*read) (struct sql_stmt *st),
                                 GDestroyNotify free_row, GPtrArray **ret, struct error *e);

/* As catalog_set_setting(), within a transaction of the caller. */
NODISCARD enum err catalog_write_setting (struct catalog *c, const char *key, const char *value,
                                          struct error *e);

/* Fills c->attached, before threads share the catalogue. */
NODISCARD enum err catalog_load_attached (struct catalog *c, struct error *e);

/* Fills c->styles, before threads share the catalogue. */
NODISCARD enum err catalog_load_styles (struct catalog *c, struct error *e);

/* A column of text, "" if it is null. Caller frees. */
char *catalog_text (struct sql_stmt *st, int column);

/* Binds the five quotas from value `i` on, reads them from column `i` on. */
void catalog_bind_quotas (struct sql_stmt *st, int i, const struct quotas *q);
void catalog_get_quotas (struct sql_stmt *st, int i, struct quotas *ret);

/* Bounds of the names that begin with `prefix` and are not before `from` (both may be NULL):
 * [lo, hi). Caller frees both. */
void catalog_name_bounds (const char *prefix, const char *from, char **ret_lo, char **ret_hi);

/* NOT_FOUND if no project (dataset) has this id. Under the lock. */
NODISCARD enum err catalog_need (struct catalog *c, const char *query, int64_t id, const char *what,
                                 struct error *e);
