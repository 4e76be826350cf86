/* Small text files that hold a secret, and the random words that go into them. Who reads one wipes
 * the text after use (explicit_bzero). */
#pragma once

#include <stddef.h>

#include "base/error.h"

#define KEYFILE_MAX 1024 /* bytes */

/* Reads the whole file, and takes it from others who may read it (mode 0600). NOT_FOUND if there is
 * none; INVALID_ARGUMENT for what is no regular file (nor followed to one) or too long; IO. */
NODISCARD enum err keyfile_read (const char *path, char ret[KEYFILE_MAX + 1], struct error *e);

/* Replaces the file: mode 0600, complete or as it was, safe from a power cut on return. IO. */
NODISCARD enum err keyfile_write (const char *path, const char *text, struct error *e);

/* `len` letters and digits, each equally likely, and a NUL. IO. */
NODISCARD enum err keyfile_random_word (char *ret, size_t len, struct error *e);
