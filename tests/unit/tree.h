/* A tree of real files for tests: made in a new folder under /tmp, removed with everything in it.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib.h>

#include "test.h"

struct tree {
    char *path;
    int fd;
};

static inline void tree_init (struct tree *t)
{
    char path[] = "/tmp/bindery-test-XXXXXX";
    assert_non_null (mkdtemp (path));
    t->path = g_strdup (path);
    t->fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true (t->fd >= 0);
}

static inline int tree_remove_one (const char *path, const struct stat *st, int type,
                                   struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;
    return remove (path);
}

/* nftw opens by whole paths, so what is deeper than PATH_MAX has to be cut down before. */
static inline void tree_clear (struct tree *t)
{
    close (t->fd);
    assert_int_equal (nftw (t->path, tree_remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT), 0);
    g_free (t->path);
}

/* Makes a folder and those above it. */
static inline void tree_mkdir (struct tree *t, const char *path)
{
    g_autofree char *whole = g_build_filename (t->path, path, NULL);
    assert_int_equal (g_mkdir_with_parents (whole, 0755), 0);
}

/* Writes a file; makes the folders that it is in. */
static inline void tree_write (struct tree *t, const char *path, const char *content)
{
    g_autofree char *folder = g_path_get_dirname (path);
    tree_mkdir (t, folder);
    int fd = openat (t->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true (fd >= 0);
    assert_int_equal (write (fd, content, strlen (content)), strlen (content));
    close (fd);
}
