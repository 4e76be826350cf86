/* Replies of workers, read the slow way: all of it into a tree by jansson, then the tree against
 * meta.def. What meta_parse() accepts and gives must be what this does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Asserts that meta_parse() says the same of these bytes: the decision, and the contents down to
 * types, order and the last bit of a number. Gives whether they are accepted. */
bool meta_oracle_agrees (const char *text, size_t length);
