/* One folder of a listing: open, with a window of its names in the order of keys. Private to the
 * directory store. */
#pragma once

#include <dirent.h>

#include "store/names.h"
#include "store/store.h"

struct dir_frame {
    int fd;            /* -1: closed for a while */
    size_t prefix_len; /* of the listing's prefix */
    uint64_t device, inode;
    struct names names;
    size_t at;     /* next of names */
    bool is_later; /* not the first window of this folder */
};

/* Which names are wanted, relative to the folder: above `after` and below `before` (NULL: no
 * bound). `is_seek`: folders that `after` leads into, too. */
struct dir_bounds {
    const char *after, *before;
    bool is_seek;
};

/* What reading needs besides: a buffer of DIR_BUFFER_SIZE, and whom to ask for stopping. */
#define DIR_BUFFER_SIZE (64 * 1024u)
struct dir_reader {
    char *buffer;
    const struct store_list_hooks *hooks; /* may be NULL */
};

static inline bool dir_is_stopped (const struct store_list_hooks *hooks)
{
    return hooks && hooks->is_stopped && hooks->is_stopped (hooks->arg);
}

/* Fills the window with at most `limit` bytes of the smallest wanted names, sorted. 0, or an errno:
 * ECANCELED if stopped; then the window is empty. */
int dir_frame_load (struct dir_frame *f, const struct dir_reader *reader,
                    const struct dir_bounds *bounds, size_t limit);

/* Closes the folder and gives back what it holds. */
void dir_frame_leave (struct dir_frame *f);

static inline bool dir_name_is_folder (const struct name *name)
{
    return name->type == DT_DIR;
}
