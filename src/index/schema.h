/* The tables of the catalogue and of dataset files. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "index/sql.h"

/* Make the tables in a new file; in another, check that they are those of this program. Between
 * sql_open() and the first use.
 *
 * The catalogue of an older program is changed in place and keeps all it has; that of a newer one
 * is DATABASE, with what to do about it. A dataset file that an older program made is made anew, in
 * one transaction: *ret_anew says so. Its rows are gone then, and so are its bindings: who begins
 * them again scans the whole bucket. That of a newer program is DATABASE. */
NODISCARD enum err schema_make_catalog (struct sql *s, struct error *e);
NODISCARD enum err schema_make_dataset (struct sql *s, bool *ret_anew, struct error *e);
