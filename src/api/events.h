/* /events/BINDING: where stores say that objects of a bound bucket have changed. BINDING is the
 * binding's number, which is never used again.
 *
 * POST of a notification (api/notification.h) answers 200 when every key that it names is work on
 * disk, so that who sends it may forget it; 503 with Retry-After when it should be sent again. GET
 * and HEAD, by which senders and people see whether somebody is there, take the same secret and
 * change nothing. No signature: the binding's secret lets in, by `?secret=`, as password of
 * `Authorization: Basic`, or in `Authorization` with or without `Bearer`. */
#pragma once

#include "api/call.h"

/* Runs one request whose path begins with EVENTS_PATH to its end; always gives an answer. Blocking;
 * called from API threads. */
#define EVENTS_PATH "/events/"
void events_run (const struct api *api, const struct call_request *r, struct call_answer *ret);
