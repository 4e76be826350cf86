/* The rules for asking for more. Knows nothing of who fetches it. */
#include "wire/need.h"

#include <inttypes.h>

static bool is_known (const struct frame_range *range, const struct frame_job *job)
{
    bool is = false;
    for (uint32_t i = 0; i < job->n_known && !is; i++)
        is = range->at < job->known[i].at + job->known[i].length &&
             job->known[i].at < range->at + range->length;
    return is;
}

enum err need_check (const struct frame_need *need, const struct frame_job *job, struct error *e)
{
    if (!job->n_known || job->is_final)
        return FAIL (e, WORKER_PROTOCOL, "asks for more of an object than there is");
    if (need->n == 0 || need->n > FRAME_NEEDS)
        return FAIL (e, WORKER_PROTOCOL, "asks for %" PRIu32 " ranges", need->n);
    uint64_t end = 0;
    for (uint32_t i = 0; i < need->n; i++) {
        const struct frame_range *r = &need->ranges[i];
        if (!r->length || r->at > job->size || r->length > job->size - r->at)
            return FAIL (e, WORKER_PROTOCOL, "asks for bytes that are not inside the object");
        if (i && r->at < end)
            return FAIL (e, WORKER_PROTOCOL, "asks for ranges that are not in order");
        if (is_known (r, job))
            return FAIL (e, WORKER_PROTOCOL, "asks for bytes that it has");
        end = r->at + r->length;
    }
    return ERR_OK;
}
