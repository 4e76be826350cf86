/* The parts of a row that lie in tables of their own: members of arrays and maps, texts of
 * documents. Only for fields.c. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "index/sql.h"

/* Writes those of the row `id`; `is_fresh`: it has none yet. */
NODISCARD enum err children_write (struct sql *s, int64_t id, const json_t *meta, bool is_fresh,
                                   struct error *e);

/* Runs a statement that has the row's id to bind. */
NODISCARD enum err children_run (struct sql *s, const char *text, int64_t id, struct error *e);
