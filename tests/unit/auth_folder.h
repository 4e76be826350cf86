/* A folder of its own for a test of a file in it. */
#pragma once

#include <unistd.h>
#include <glib.h>

struct auth_folder {
    char *folder, *path; /* of the file, which is not there yet */
};

static inline int auth_folder_setup (void **state, const char *file)
{
    struct auth_folder *f = g_new0 (struct auth_folder, 1);
    f->folder = g_dir_make_tmp ("bindery-auth-XXXXXX", NULL);
    f->path = g_build_filename (f->folder, file, NULL);
    *state = f;
    return 0;
}

static inline int auth_folder_teardown (void **state)
{
    struct auth_folder *f = *state;
    unlink (f->path);
    rmdir (f->folder);
    g_free (f->folder);
    g_free (f->path);
    g_free (f);
    return 0;
}
