/* The directory store: each folder below `root` with a legal bucket name is a bucket, and so is
 * each folder added by name. Keys are paths relative to the bucket's folder, '/' between parts.
 *
 * A key's byte order is the order of the walk: entries of a folder are sorted by name with '/'
 * appended to folders. Only regular files are objects, and links to regular files that stay inside
 * the bucket all the way (absolute links do not); links to folders are not followed, so no loop
 * arises. Mount points below the bucket are walked. ETag: upper-case hex of size, mtime and inode
 * mixed; no file is read for it. */
#pragma once

#include "store/store.h"

/* `root` may be NULL (only named buckets). INVALID_ARGUMENT if root is no readable folder. Buckets
 * and filters are added before threads share the store. */
NODISCARD enum err store_dir_new (const char *name, const char *root, struct store **ret,
                                  struct error *e);

/* Makes `path` the bucket `bucket`. INVALID_ARGUMENT for an illegal or used name or a path that is
 * no folder. */
NODISCARD enum err store_dir_add_bucket (struct store *s, const char *bucket, const char *path,
                                         struct error *e);

/* Patterns (text_glob_match) over keys: if `include` is not empty, only keys that match one of it
 * are objects; keys that match one of `exclude` are not. NULL-terminated, copied. Folders that an
 * exclude pattern "x/" + "*" covers whole are not walked. */
void store_dir_set_filter (struct store *s, const char *bucket, char **include, char **exclude);

/* What lies loose in `root` and is no bucket: one sentence each (char *, caller frees), for
 * warnings. */
void store_dir_strays (struct store *s, GPtrArray *ret);

/* Lets store_put() write: files appear whole, folders are made as they are needed, both for the
 * people that the folder around them is for, though never for all the world to write. Set before
 * threads share the store. */
void store_dir_set_writable (struct store *s);

/* The folder for temporary files, in place of the system's: the names of a folder that do not fit
 * memory are sorted there. The files have no name, and end with the listing. Set before threads
 * share the store. */
void store_dir_set_spill (struct store *s, const char *folder);

/* Bytes that a listing may hold of names, in place of LIMIT_DIR_WINDOW: for tests. */
void store_dir_set_window (struct store *s, size_t bytes);
