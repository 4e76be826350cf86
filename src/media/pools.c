/* The pools of renderers: one for each profile, started when it is first needed. */
#include "base/clock.h"
#include "media/media_priv.h"

/* With start_lock. */
static enum err start (struct media *m, enum profile_id profile, struct pool **ret, struct error *e)
{
    const struct pool_options o = {
        .worker_path = m->o.render_path,
        .profile = profile,
        .workers = profile == PROFILE_RENDER ? m->o.renderers : MAX (m->o.renderers / 2, 1),
        .sandbox_required = m->o.sandbox_required,
        .queue_max = m->slots + 1,
        .is_interactive = true,
        .on_failed_worker = m->o.on_failed_worker,
    };
    struct pool *p;
    if (clock_mono_ms () < m->start_again_ms)
        return FAIL (e, UNAVAILABLE, "%s", m->start_error.message);
    enum err r = pool_new (&o, &p, &m->start_error);
    if (r != ERR_OK) {
        m->start_again_ms = clock_mono_ms () + LIMIT_MEDIA_START_MS;
        if (m->o.on_failed_worker)
            m->o.on_failed_worker (m->start_error.message);
        return FAIL (e, UNAVAILABLE, "%s", m->start_error.message);
    }
    m->pools[profile] = p;
    *ret = p;
    return ERR_OK;
}

enum err pools_get (struct media *m, enum profile_id profile, struct pool **ret, struct error *e)
{
    enum err r = ERR_OK;
    struct pool *p = m->pools[profile];
    if (!p) {
        pthread_mutex_lock (&m->start_lock);
        p = m->pools[profile];
        r = p ? ERR_OK : start (m, profile, &p, e);
        pthread_mutex_unlock (&m->start_lock);
    }
    if (r == ERR_OK)
        *ret = p;
    return r;
}

void pools_warm (struct media *m)
{
    struct pool *ignored;
    enum err r = pools_get (m, PROFILE_RENDER, &ignored, NULL);
    (void) r; /* whoever needs one is told */
}
