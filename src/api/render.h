/* Answers: the body of a success or a refusal, as JSON or XML. */
#pragma once

#include "api/call.h"

enum render_format { RENDER_JSON, RENDER_XML };

/* Begins an answer: clears it and gives it a request id. */
void render_begin (struct call_answer *a);

/* {"RequestId": ..., members of the reply}; in XML below <ActionResponse>, arrays as repeated
 * elements. */
void render_reply (struct call_answer *a, enum render_format format, const struct action *action,
                   const struct reply *reply);

/* The refusal that `why` stands for: status, code, message, host id, and AccessDeniedDetail if
 * `denied` (borrowed) is one. A failure of the server itself
 * is told as InternalError without its message, which goes to a->detail only. */
void render_error (struct call_answer *a, enum render_format format, const char *host_id,
                   const struct error *why, json_t *denied);
