/* What the files of the fake share. */
#pragma once

#include <pthread.h>
#include <glib.h>

#include "store_fake.h"

struct object {
    struct store_facts facts;
    GBytes *bytes;
};

struct fake {
    struct store base;
    pthread_mutex_t lock;
    GTree *objects;
    size_t page_size;
    char *gap_lo, *gap_hi;
    uint64_t root, versions;
    fake_hook *hook;
    void *hook_arg;
    unsigned opens, listings, pages, fetches;
    uint64_t fetched;

    pthread_t thread; /* that fetches, if the store is remote */
    pthread_cond_t wake;
    GQueue waiting; /* struct job */
    bool is_held, is_ending, is_missing;
};

enum err fake_call_hook (struct fake *f, enum fake_point point, const char *key, int page,
                         struct error *e);

/* A counter of `f`, read under its lock. */
unsigned fake_count (struct fake *f, const unsigned *count);

/* store_fake_fetch.c */
void *fake_run_fetches (void *fake);
enum err fake_fetch (struct store_handle *h, uint64_t head, uint64_t tail,
                     const struct store_range *more, size_t n, store_fetched_fn *done, void *arg,
                     struct error *e);
void fake_cancel (struct store *s);
