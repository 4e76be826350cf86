/* ListRegions: a server is one region. */
#include "api/common.h"
#include "api/handlers.h"

enum err api_list_regions (struct call *c, const void *params UNUSED, struct reply *reply,
                           struct error *e)
{
    const char *region = c->api->region;
    return reply_take (
        reply, json_pack ("{s:[{s:s, s:s}]}", "Regions", "RegionId", region, "LocalName", region),
        e);
}
