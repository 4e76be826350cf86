/* Which requests have a line in the log, and what it says. */
#include "http/accesslog.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "http/exchange.h"

/* One more refusal: whether it has a line. The first of a second tells of the one before. */
static bool take_line (struct accesslog *l, int64_t now_ms)
{
    int64_t now = now_ms / 1000, before = atomic_load (&l->second);
    if (now != before && atomic_compare_exchange_strong (&l->second, &before, now)) {
        int n = atomic_exchange (&l->n_refused, 0) - LIMIT_LOG_REFUSALS;
        if (n > 0)
            LOG (LOG_WARN, "http", "requests were refused without a line each",
                 LOG_NUM ("count", n));
    }
    return atomic_fetch_add (&l->n_refused, 1) < LIMIT_LOG_REFUSALS;
}

void accesslog_write (struct accesslog *l, const struct exchange *x,
                      enum MHD_RequestTerminationCode why)
{
    const struct call_answer *a = &x->answer;
    int64_t now_ms = clock_mono_ms ();
    bool is_sent = why == MHD_REQUEST_TERMINATED_COMPLETED_OK;
    bool is_refused = a->status >= 400 && a->status < 500;
    enum log_level level = a->status == 500 ? LOG_ERROR : a->status >= 400 ? LOG_INFO : LOG_DEBUG;
    if (is_refused && !take_line (l, now_ms))
        return;
    LOG (level, "http", is_sent ? "request" : "request, connection lost",
         LOG_STR ("peer", x->client), LOG_STR ("method", x->method), LOG_STR ("action", a->action),
         LOG_NUM ("status", a->status), LOG_STR ("code", error_name (a->code)),
         LOG_NUM ("ms", now_ms - x->start_ms), LOG_STR ("request", a->request_id),
         LOG_STR ("detail", a->detail));
}
