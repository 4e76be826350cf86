/* Health of the server, for whatever watches it. Unsigned on purpose: they tell nothing. */
#include "http/imm.h"

#include <string.h>

#include "api/render.h"
#include "base/limits.h"

static void plain (struct exchange *x, unsigned status, const char *text)
{
    render_begin (&x->answer);
    g_string_append_printf (x->answer.body, "%s\n", text);
    x->answer.status = status;
    x->answer.content_type = "text/plain; charset=utf-8";
    x->answer.code = status == 200 ? ERR_OK : ERR_UNAVAILABLE;
    x->is_answered = true;
}

static void live (struct exchange *x)
{
    plain (x, 200, "ok");
}

static void ready (struct exchange *x)
{
    const struct http *h = x->listener->http;
    char reason[256] = "";
    if (atomic_load (&h->is_draining))
        plain (x, 503, "stopping");
    else if (h->hooks.is_ready && !h->hooks.is_ready (h->hooks.arg, reason, sizeof reason))
        plain (x, 503, *reason ? reason : "starting");
    else
        plain (x, 200, "ok");
}

static bool dispatch (struct exchange *x)
{
    static const struct {
        const char *path;
        void (*run) (struct exchange *x);
    } probes[] = { { "/livez", live }, { "/readyz", ready } };
    g_autofree char *path = exchange_path (x);
    bool is_probe = strcmp (x->method, "GET") == 0 || strcmp (x->method, "HEAD") == 0;
    for (size_t i = 0; is_probe && i < G_N_ELEMENTS (probes); i++)
        if (strcmp (path, probes[i].path) == 0) {
            probes[i].run (x);
            return true;
        }
    return imm_dispatch (x);
}

const struct manner manner_admin = {
    .id_header = "x-acs-request-id",
    .body_max = LIMIT_REQUEST_BODY,
    .dispatch = dispatch,
    .run = exchange_run,
    .refuse = call_refuse,
    .answer = exchange_answer,
};
