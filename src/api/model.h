/* The shapes of JSON values in the API models: of parameters, to check them, and of answers.
 * The tables are made by api/generate.py; all are constant. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum model_kind {
    MODEL_ANY,
    MODEL_STRING,
    MODEL_INT32,
    MODEL_INT64,
    MODEL_NUMBER,
    MODEL_BOOLEAN,
    MODEL_OBJECT
};

struct model_type;

/* A value: alone, in an array, or as the values of a map with free keys. */
struct model_value {
    enum model_kind kind;
    bool is_array, is_map;
    const struct model_type *type; /* of MODEL_OBJECT; else NULL */
};

struct model_member {
    const char *name;
    struct model_value value;
    bool is_required;
};

/* An object. Types may contain themselves (a query in a query). */
struct model_type {
    const char *name;
    const struct model_member *members;
    size_t n_members;
};
