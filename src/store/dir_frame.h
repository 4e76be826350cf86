/* One folder of a listing: open, with a window of its names in the order of keys. Private to the
 * directory store. */
#pragma once

#include <dirent.h>

#include "store/dir_runs.h"
#include "store/names.h"
#include "store/store.h"

struct dir_frame {
    int fd;            /* -1: closed for a while */
    size_t prefix_len; /* of the listing's prefix */
    uint64_t device, inode;
    struct names names;
    size_t at;             /* next of names */
    struct dir_runs *runs; /* the names after these; NULL: there are none */
};

/* Which names are wanted, relative to the folder: above `after` and below `before` (NULL: no
 * bound), and folders that `after` leads into. */
struct dir_bounds {
    const char *after, *before;
};

/* What reading needs besides: a buffer of DIR_BUFFER_SIZE, whom to ask for stopping (may be NULL),
 * and where names are put that are too many. */
#define DIR_BUFFER_SIZE (64 * 1024u)
struct dir_reader {
    char *buffer;
    const struct store_list_hooks *hooks;
    struct spill spill;
};

/* Reads the wanted names and fills the window, of at most `limit` bytes, with the first of them.
 * `ret_errno` tells if the folder could not be read: then there are no names. CLOSED if stopped,
 * STORE_DOWN if the temporary file fails. */
NODISCARD enum err dir_frame_load (struct dir_frame *f, struct dir_reader *reader,
                                   const struct dir_bounds *bounds, size_t limit, int *ret_errno,
                                   struct error *e);

/* Fills the window with the next names; there must be some. Fails as dir_frame_load() does. */
NODISCARD enum err dir_frame_more (struct dir_frame *f, struct error *e);

/* Bytes that its names take up. */
size_t dir_frame_held (const struct dir_frame *f);

/* Closes the folder and gives back what it holds. */
void dir_frame_leave (struct dir_frame *f);
