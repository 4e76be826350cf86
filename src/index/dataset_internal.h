/* What dataset.c and datasets.c share. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "index/dataset.h"

struct dataset_db {
    int64_t id;
    char *path;

    struct datasets *all; /* these five under all->lock */
    unsigned refs;
    uint64_t last_use;
    bool is_dropped;
    bool is_untidy; /* its log is to be moved into the file */

    pthread_mutex_t open_lock; /* while the file is being opened */
    bool is_open, is_made_anew;

    pthread_mutex_t tidy_lock; /* `tidier`, a session that moves the log into the file */
    struct sql *tidier;

    pthread_mutex_t lock; /* all below but `uncommitted`, which is the writer's */
    pthread_cond_t turn, reader;
    struct sql *writer;
    bool is_writing, is_urgent; /* who writes */
    GQueue waiting[2];          /* for their turn to write: background, urgent */
    struct sql *idle[LIMIT_READERS];
    unsigned n_idle, n_readers;
    struct dataset_totals totals, uncommitted;
    atomic_int_fast64_t commit_no;
};

/* Takes `path`. */
struct dataset_db *dataset_db_new (int64_t id, char *path);
void dataset_db_free (struct dataset_db *db);
NODISCARD enum err dataset_db_open (struct dataset_db *db, struct error *e);
/* Moves the log of committed changes into the file. This takes long. */
void dataset_db_tidy (struct dataset_db *db);
/* Lets the thread of all files do that. */
void datasets_tidy_soon (struct dataset_db *db);
