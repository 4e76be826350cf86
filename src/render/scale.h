/* Scales rows of 8-bit samples: Lanczos with three lobes, after averaging whole boxes of samples
 * where it scales down to a quarter or less. Rows are put in one after the other, so a decoder
 * that delivers them in order needs to keep none; memory is a few rows and the result.
 *
 * Samples are computed in 16 bits, ten of them before the point: fast, and exact to a tenth of a
 * step. Threads: one for each scaler. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "process/geometry.h"

struct scaler;

/* From pictures of `from` to pictures of `to`, which are not empty and no side larger, with 1 to 4
 * bands interleaved. The last of 2 or 4 bands is alpha: colours are weighed by it, so that those of
 * transparent pixels do not bleed. `result` (borrowed) has room for to.height rows of to.width
 * pixels without gaps. The caller frees. */
struct scaler *scaler_new (struct process_size from, struct process_size to, unsigned bands,
                           uint8_t *result);
void scaler_free (struct scaler *s); /* NULL is fine */

static inline void scaler_freep (struct scaler **s)
{
    scaler_free (*s);
}
#define _cleanup_scaler_ __attribute__ ((cleanup (scaler_freep)))

/* The next row of from.width pixels. With the last of from.height rows the result is complete. */
void scaler_put (struct scaler *s, const uint8_t *row);
