/* Policy documents as the command line takes them: read, and looked over for what a server would
 * take although nobody can mean it. */
#pragma once

#include "base/error.h"

/* `where` is a file, "-" for standard input, or the document itself, from its '{' on. It is not
 * looked into. The caller frees. */
NODISCARD enum err document_read (const char *where, char **ret, struct error *e);

/* Says on standard error which actions of a document no server has: a statement that denies a
 * misspelt action denies nothing. */
void document_warn (const char *text);
