/* The rows of process.def as tables, for those who read, write and describe texts. Of src/process
 * only. */
#pragma once

#include "process/process.h"

#define PROCESS_NEEDS_ANY    1
#define PROCESS_TAKES_BARE   2
#define PROCESS_ANSWERS_JSON 4

enum process_value {
    PROCESS_VALUE_INT,
    PROCESS_VALUE_WORD,
    PROCESS_VALUE_COLOR,
    PROCESS_VALUE_TEXT,
    PROCESS_VALUE_SOURCE,
};

enum process_need {
    PROCESS_NEED_REQUIRED,
    PROCESS_NEED_OPTIONAL,
    PROCESS_NEED_DEFAULT,
};

struct process_param {
    const char *key; /* "": a bare value; NULL ends the list */
    enum process_value value;
    enum process_need need;
    int32_t min, max;          /* of an INT; of a TEXT, max is its most characters */
    const char *const *words;  /* of a WORD, NULL ends the list */
    bool is_encoded;           /* the words come as base64url */
    size_t offset, offset_has; /* of the field and of has_<field> in struct process_op */
    int64_t preset;
    unsigned ec;
    const char *help;
};

struct process_row {
    const char *name; /* on the wire */
    enum process_kind kind;
    unsigned flags, ec;
    const char *help;
};

const struct process_row *process_row (enum process_op_id id);

/* Its parameters, in their order. */
const struct process_param *process_params (enum process_op_id id);

/* The parameter with that key; NULL if there is none. */
const struct process_param *process_param (enum process_op_id id, const char *key);

/* Type of a kind on the wire: "image". */
const char *process_type (enum process_kind kind);

/* The operation `type`/`name`; PROCESS_N_OPS if there is none. */
enum process_op_id process_find (const char *type, const char *name);

/* True if "type/name" or "type/name,value" is known and not built. */
bool process_is_later (const char *text);

/* All of these, NULL at the end. */
const char *const *process_later (void);

/* Number, word or color of an operation's field. */
static inline int32_t *process_field (struct process_op *op, const struct process_param *param)
{
    return (int32_t *) ((char *) op + param->offset);
}

/* Text or source. */
static inline void **process_pointer (struct process_op *op, const struct process_param *param)
{
    return (void **) ((char *) op + param->offset);
}

static inline bool *process_field_has (struct process_op *op, const struct process_param *param)
{
    return (bool *) ((char *) op + param->offset_has);
}

/* An operation to which nothing is given. */
void process_op_init (struct process_op *op, enum process_op_id id);

/* Back to what it is when it is not given. Not for TEXT and SOURCE. */
void process_forget (struct process_op *op, const char *key);

/* True if the parameter is as if it had not been given. */
bool process_is_preset (struct process_op *op, const struct process_param *param);

/* Base64 with '-' and '_', padded or not, '+' and '/' taken as well. False where it is none; the
 * result has a NUL behind its end. The caller frees. */
bool process_decode (const char *text, char **ret, size_t *ret_len);

/* Without padding. The caller frees. */
char *process_encode (const char *text);

void process_source_free (struct process_source *source);

/* Takes away what has no effect, so that all that mean the same are the same. */
void process_settle (struct process_op *op);
