/* What the audit log is told of a call: who, from where, what, with which result. Filled in by the
 * gate when the call has ended; the HTTP layer writes it before the answer leaves. */
#pragma once

#include "api/authorize.h"
#include "auth/signature.h"

/* One call that has ended with `code`. Changes are noted, refused ones too, but for those that were
 * throttled: nothing was looked at then, and a flood would fill the log. Of other calls, those that
 * claim a key and cannot prove it. Reads cost nothing. `action` NULL: it was not known, and nothing
 * is noted; access->who NULL: nobody signed in. `made`: what reply.made says, or NULL. */
void audit_note (struct call_audit *ret, enum err code, const struct action *action,
                 const struct params *params, const struct auth_request *request,
                 const struct access *access, const char *made);
