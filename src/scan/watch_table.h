/* Which inotify watch stands for which folders. One watch may stand for several: the same folder
 * can be reached by two bindings, or by two mounts. Private to the watcher, which locks it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

/* A bound bucket. */
struct watch_binding {
    int64_t id;
    GTree *spots;          /* prefix -> struct watch_spot */
    GHashTable *unwatched; /* set of prefixes */
    bool has_more;         /* than `unwatched` may hold */
};

/* A folder of a binding that a watch stands for. */
struct watch_spot {
    struct watch_spot *next; /* with the same watch */
    struct watch_binding *binding;
    int wd;
    bool is_remote; /* changes that other machines make are not told */
    bool is_stale;  /* not seen since events were lost */
    char prefix[];
};

struct watch_table {
    int inotify;          /* borrowed: watches that stand for nothing are removed from it */
    GHashTable *bindings; /* id -> struct watch_binding */
    GHashTable *spots;    /* wd -> struct watch_spot */
    size_t n;             /* spots */
};

void watch_table_init (struct watch_table *t, int inotify);
void watch_table_clear (struct watch_table *t);

void watch_table_add_binding (struct watch_table *t, int64_t id);
void watch_table_remove_binding (struct watch_table *t, int64_t id);

/* NULL if there is none. */
struct watch_binding *watch_table_binding (const struct watch_table *t, int64_t id);
struct watch_spot *watch_table_spot (const struct watch_table *t, int wd);

/* Lets a watch stand for a folder, the prefix of which no other one has. */
struct watch_spot *watch_table_put (struct watch_table *t, struct watch_binding *b,
                                    const char *prefix, int wd, bool is_remote);

/* Drops the folder with the prefix and those below, watched or not. */
void watch_table_drop (struct watch_table *t, struct watch_binding *b, const char *prefix);

/* A watch is gone from the kernel: drops what it stood for. */
void watch_table_drop_wd (struct watch_table *t, int wd);

/* Events were lost: what is not seen again until they are lost the next time is dropped then. */
void watch_table_age (struct watch_table *t);

/* The folder has to be polled. */
void watch_table_put_unwatched (struct watch_binding *b, const char *prefix);
