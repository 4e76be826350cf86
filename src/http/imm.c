/* Dispatch of API calls. */
#include "http/imm.h"

#include <string.h>

#include "http/calls.h"

/* A full queue is throttling to the client. */
static void refuse_unqueued (struct exchange *x, enum err code)
{
    struct error e;
    if (code == ERR_BUSY)
        FAIL (&e, THROTTLED, "The server is busy: too many calls are waiting.");
    else
        FAIL (&e, UNAVAILABLE, "The server is stopping.");
    exchange_refuse (x, &e);
}

bool imm_dispatch (struct exchange *x)
{
    struct http *h = x->listener->http;
    struct error e;
    g_autofree char *path = exchange_path (x);
    if (strcmp (path, "/") != 0) {
        FAIL (&e, NO_API,
              "Specified api is not found, please check your url and method: the path "
              "of every call is '/'.");
        exchange_refuse (x, &e);
        return true;
    }
    x->is_running = true; /* counted before the look at is_draining: http_stop() sees one of both */
    atomic_fetch_add (&h->n_running, 1);
    if (atomic_load (&h->is_draining)) {
        refuse_unqueued (x, ERR_CLOSED);
        return true;
    }
    MHD_suspend_connection (x->connection);
    enum err code = calls_push (h->calls, x, NULL);
    if (code != ERR_OK) {
        refuse_unqueued (x, code);
        MHD_resume_connection (x->connection);
    }
    return false;
}
