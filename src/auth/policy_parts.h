/* Inside of auth only: what a parsed policy is made of. */
#pragma once

#include <stdatomic.h>

#include "auth/conditions.h"

struct patterns {
    char **list;    /* ends with NULL */
    bool is_except; /* NotAction, NotResource: all but these */
};

struct statement {
    bool is_deny;
    struct patterns actions; /* in small letters */
    struct patterns resources;
    struct condition *conditions;
    size_t n_conditions;
};

struct policy {
    atomic_uint refs;
    struct statement *statements;
    size_t n_statements;
};
