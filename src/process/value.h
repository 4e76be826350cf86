/* Reads values of parameters. Of src/process only. */
#pragma once

#include "process/table.h"

/* How far a text may go, counted across it and what is nested in it. */
struct process_reading {
    bool is_nested; /* it is that of a watermark's object */
    unsigned n_sources, n_texts;
};

/* Sets the field of `param` to `text`; what it held is freed. `name` is what the message calls it.
 */
NODISCARD enum err process_set (struct process_reading *reading, struct process_op *op,
                                const struct process_param *param, const char *name,
                                const char *text, struct error *e);

/* Operations of a chain behind its type, "resize,w_100/format,png". `type` is "image", `ops` gets
 * `ret_n` operations. */
NODISCARD enum err process_read (struct process_reading *reading, const char *text, size_t len,
                                 struct process **ret, struct error *e);
