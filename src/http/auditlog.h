/* The audit log: one line for every change, done or refused, and for failed sign-ins, of which only
 * so many a minute (LIMIT_AUDIT_SIGN_INS) have one; the next line says how many had none.
 *
 * A line is one JSON object, appended by one write() before the answer leaves: an answered change
 * has its line, also when the process is killed right then. What strangers wrote is escaped, so it
 * cannot make lines. A line that cannot be written goes to the server's log instead, as an error.
 * Thread-safe. */
#pragma once

#include "api/call.h"

struct auditlog;

/* Appends to the file, made if needed (mode 0600); "" or NULL: lines go to the server's log, at
 * level info, with event=audit. INVALID_ARGUMENT if it cannot be opened. */
NODISCARD enum err auditlog_open (const char *path, struct auditlog **ret, struct error *e);
void auditlog_close (struct auditlog *l); /* NULL is fine */

/* Opens the file anew, after it was renamed. On failure the old one stays in use. */
NODISCARD enum err auditlog_reopen (struct auditlog *l, struct error *e);

/* Writes what answer->audit holds; nothing for AUDIT_NOTHING. `peer`: the client's address. */
void auditlog_write (struct auditlog *l, const struct call_answer *answer, const char *peer);
