/* Dispatch of what API threads answer. */
#include "http/imm.h"

#include <string.h>

#include "api/events.h"
#include "base/limits.h"
#include "http/calls.h"

#define RETRY_MS 1000

/* What may be asked for, by path. */
static const struct route {
    const char *path;
    bool is_folder;  /* what begins with it, too */
    bool is_patient; /* who asks tries again later if it is told so, and gives up otherwise */
    exchange_fn *run;
} routes[] = {
    { "/", false, false, call_run },
    { EVENTS_PATH, true, true, events_run },
};

static const struct route *find_route (const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS (routes); i++)
        if (strcmp (path, routes[i].path) == 0 ||
            (routes[i].is_folder && g_str_has_prefix (path, routes[i].path)))
            return &routes[i];
    return NULL;
}

/* A full queue is throttling to the client. */
static void refuse_unqueued (struct exchange *x, const struct route *route, enum err code)
{
    struct error e;
    if (code != ERR_BUSY)
        FAIL (&e, UNAVAILABLE, "The server is stopping.");
    else if (route->is_patient)
        FAIL (&e, UNAVAILABLE, "The server is busy: too many calls of yours are waiting.");
    else
        FAIL (&e, THROTTLED, "The server is busy: too many calls of yours are waiting.");
    exchange_refuse (x, &e);
    if (route->is_patient)
        x->answer.retry_after_ms = RETRY_MS;
}

const struct manner manner_imm = {
    .id_header = "x-acs-request-id",
    .body_max = LIMIT_REQUEST_BODY,
    .dispatch = imm_dispatch,
    .run = exchange_run,
    .refuse = call_refuse,
    .answer = exchange_answer,
};

bool imm_dispatch (struct exchange *x)
{
    struct http *h = x->listener->http;
    struct error e;
    x->path = exchange_path (x);
    const struct route *route = find_route (x->path);
    if (!route) {
        FAIL (&e, NO_API,
              "Specified api is not found, please check your url and method: the path "
              "of every call is '/'.");
        exchange_refuse (x, &e);
        return true;
    }
    x->run = route->run;
    if (!exchange_enter (x)) {
        refuse_unqueued (x, route, ERR_CLOSED);
        return true;
    }
    struct exchange *dropped = NULL;
    MHD_suspend_connection (x->connection);
    enum err code = calls_push (h->calls, x, &dropped, NULL);
    if (code != ERR_OK)
        dropped = x;
    if (dropped) {
        refuse_unqueued (dropped, find_route (dropped->path), code == ERR_OK ? ERR_BUSY : code);
        MHD_resume_connection (dropped->connection);
    }
    return false;
}
