/* The loop of a worker: one job after the other, until the server closes the socket. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"
#include "wire/frame.h"
#include "worker/input.h"
#include "worker/sandbox.h"

/* Says READY, then works. Returns the exit status of the process. */
int job_loop (const struct profile *profile, const struct sandbox_report *report);

/* Fills the frame that answers a job and gives its type; `why` is NULL if all went well. Metadata
 * over LIMIT_RESULT is a FAIL that says so and has the object's type alone. */
enum frame_type job_reply (uint64_t job, const struct input *in, const json_t *meta,
                           const struct error *why, GString *body);
