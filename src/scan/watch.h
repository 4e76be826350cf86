/* The watcher: tells which keys of directory buckets are dirty, by inotify. It carries no state of
 * objects, only "look at this": the receiver asks the store and compares.
 *
 * How nothing is lost: the listing calls watch_folder() for each folder before it reads the names,
 * so what changes later is told. A new or moved folder is told as WATCH_FOLDER: the receiver scans
 * that prefix, and its listing sets the watches below. What cannot be watched (network and FUSE
 * file systems, no watches left, no permission) is kept as a list of prefixes to poll.
 *
 * Threads: any thread may call any function, but watch_remove() and watch_free() not from within
 * the callback. One thread of the watcher's own reads events and calls back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"

enum watch_kind {
    WATCH_CLOSED,    /* a file was written and closed, or moved here: look at it now */
    WATCH_SETTLE,    /* made, touched or written to: look after LIMIT_SETTLE_MS of quiet; told once
                      * in that time, however many writes there are; CLOSED comes if it has a writer */
    WATCH_GONE,      /* deleted or moved away */
    WATCH_FOLDER,    /* a folder came, went or was moved: scan the prefix, "a/b/" */
    WATCH_UNMOUNT,   /* the file system of a folder was unmounted: check mounts, scan the prefix */
    WATCH_MOUNTS,    /* something was mounted or unmounted on this machine: check the mounts */
    WATCH_ROOT_GONE, /* the bucket's own folder was deleted, moved or unmounted */
    WATCH_OVERFLOW,  /* events were lost: scan everything */
};

struct watch_event {
    enum watch_kind kind;
    const char *key; /* a key, a prefix ("a/b/") or "" (the last three); for the call */
};

/* Events of one binding in the order in which they happened, at most LIMIT_WATCH_BATCH. */
typedef void (*watch_fn) (void *arg, int64_t binding, const struct watch_event *events, size_t n);

struct watch;

/* IO if the system has no inotify instance left. */
NODISCARD enum err watch_new (watch_fn on_events, void *arg, struct watch **ret, struct error *e);
void watch_free (struct watch *w);

/* Begins to take folders of a binding. */
void watch_add (struct watch *w, int64_t binding);

/* Forgets a binding and its watches. After it returns no callback for it runs. */
void watch_remove (struct watch *w, int64_t binding);

/* Watches a folder, given open and with its prefix ("" for the bucket's own): to be called before
 * its names are read, also when it is watched already (a few us). False if it has to be polled.
 * Nothing happens for a binding that is not there. */
bool watch_folder (struct watch *w, int64_t binding, int dir_fd, const char *prefix);

/* Prefixes to poll: adds them as char * (caller frees) in byte order, without those that lie below
 * another one; just "" when there are too many to know. `ret` may be NULL. Returns the number of
 * folders that are not watched (LIMIT_UNWATCHED: at least so many). */
size_t watch_unwatched (struct watch *w, int64_t binding, GPtrArray *ret);

/* A full scan begins: what cannot be watched is found out anew. */
void watch_forget_unwatched (struct watch *w, int64_t binding);

/* Folders that are watched for a binding. */
size_t watch_count (struct watch *w, int64_t binding);
