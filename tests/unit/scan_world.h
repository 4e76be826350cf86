/* A dataset, a bucket in memory (store_fake.h) and a real scan over them with the real worker: what
 * the tests of scanning share. Functions fail the test when something goes wrong that the test is
 * not about. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "base/clock.h"
#include "index/catalog.h"
#include "index/dataset.h"
#include "scan/internal.h"
#include "store_fake.h"

#define WAIT_MS 60000

struct world {
    char dir[64];
    struct catalog *catalog;
    struct datasets *datasets;
    struct stores *stores;
    struct fake *fake;
    struct scan *scan;
    int64_t dataset, binding;
};

/* For cmocka: *state is a struct world with a scan that runs and nothing bound. */
void world_start_scan (struct world *w);
int world_setup (void **state);
int world_setup_remote (void **state); /* the same with a remote store */
int world_teardown (void **state);
/* Makes or replaces an object. */
void world_put (struct world *w, const char *key, const char *text);
void world_bind (struct world *w);
void world_unbind (struct world *w);
struct work_progress world_progress (struct world *w);
bool world_is_quiet (struct world *w);
struct binding *world_binding (struct world *w);
bool world_is_in_state (struct world *w, enum binding_state state, enum binding_phase phase);
bool world_get_row (struct world *w, const char *key, struct index_entry *ret);
bool world_has_row (struct world *w, const char *key);
int64_t world_last_commit (struct world *w);
int64_t world_file_count (struct world *w);
/* The dataset of the world; dataset_db_unref when done. */
struct dataset_db *world_open_db (struct world *w);
/* The first column of the first row of a query. */
int64_t world_query (struct world *w, const char *text);
void world_dirty (struct world *w, const char *key);
void world_rescan (struct world *w);
void world_bind_ten (struct world *w);

/* What the hook of a test does, once, at a point for a key or page. They are static, because a
 * thread of the scan may still be in the hook when the test has ended. */
struct step {
    struct world *w;
    enum fake_point point;
    const char *key;
    int page;
    void (*act) (struct world *w);
    enum err result;
    bool always;
    atomic_int times;
};
/* The hook: `arg` is a struct step. */
enum err world_step (void *arg, struct fake *f, enum fake_point point, const char *key, int page);

/* Polls a condition; the test fails if it does not come true. */
#define wait_for(condition)                                                                        \
    do {                                                                                           \
        int64_t until = clock_mono_ms () + WAIT_MS;                                                \
        while (!(condition)) {                                                                     \
            if (clock_mono_ms () > until)                                                          \
                fail_msg ("waited in vain: %s", #condition);                                       \
            usleep (2000);                                                                         \
        }                                                                                          \
    } while (0)
