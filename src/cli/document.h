/* Policy documents as the command line takes them. */
#pragma once

#include "base/error.h"

/* `where` is a file, "-" for standard input, or the document itself, from its '{' on. It is not
 * looked into. The caller frees. */
NODISCARD enum err document_read (const char *where, char **ret, struct error *e);
