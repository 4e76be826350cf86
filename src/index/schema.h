/* The tables of the catalogue and of dataset files. */
#pragma once

#include "base/error.h"
#include "index/sql.h"

/* Make the tables in a new file; in another, check that they are those of this program: DATABASE
 * with what to do about it if not. Between sql_open() and the first use. */
NODISCARD enum err schema_make_catalog (struct sql *s, struct error *e);
NODISCARD enum err schema_make_dataset (struct sql *s, struct error *e);
