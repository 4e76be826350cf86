/* The walk behind a listing: a stack of folders, what was seen, and what could not be. Private to
 * the directory store. */
#pragma once

#include "store/dir_frame.h"
#include "store/dir_private.h"

struct dir_listing {
    struct store_listing base;
    struct store_dir *store;
    const struct dir_bucket *bucket;
    const struct store_list_hooks *hooks;
    struct dir_reader reader;
    int root;
    char *after, *before;
    GPtrArray *frames; /* struct dir_frame; the first `depth` are in use */
    guint depth;
    size_t held;       /* bytes of names in all frames */
    GString *key;      /* begins with the prefix of the top frame */
    GString *mark;     /* everything up to this key was seen */
    GPtrArray *gaps;   /* struct store_gap that reach beyond the mark */
    GPtrArray *mounts; /* struct store_mount for the next page */
    struct store_page *page;
    guint extras; /* folders entered and gaps made for this page: they bound it, too */
    unsigned steps;
    bool is_started;
};

/* Puts the bucket's folder on the stack. Fails as dir_walk_step() does. */
NODISCARD enum err dir_walk_start (struct dir_listing *l, struct error *e);

/* Looks at the next entry: adds it to the page, or goes into it; or reads the next names. CLOSED if
 * stopped; STORE_DENIED or STORE_DOWN if the bucket's own folder cannot be read. */
NODISCARD enum err dir_walk_step (struct dir_listing *l, struct error *e);

/* Leaves the folders that are done. False: that were all. */
bool dir_walk_has_more (struct dir_listing *l);

void dir_walk_add_gap (struct dir_listing *l, const char *lo, char *take_hi, enum err code,
                       const char *message);

/* The mount that was known at the prefix, or NULL. */
const struct store_mount *dir_walk_known_mount (const struct dir_listing *l, const char *prefix);

/* Tells a mount with the next page. */
void dir_walk_report_mount (struct dir_listing *l, const struct store_mount *m, const char *prefix);
