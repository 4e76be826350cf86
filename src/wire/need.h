/* What a worker asks for when a part of an object is not enough (FRAME_NEED), checked: it is as
 * untrusted as any answer. */
#pragma once

#include "wire/frame.h"

/* WORKER_PROTOCOL unless the job may ask at all, and asks for 1 to FRAME_NEEDS ranges, ascending,
 * apart, not empty, inside the object, of which no byte is known. */
NODISCARD enum err need_check (const struct frame_need *need, const struct frame_job *job,
                               struct error *e);
