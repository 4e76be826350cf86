/* Renditions. */
#include "http/oss_call.h"

enum err oss_get_rendition (struct oss_call *c, struct error *e)
{
    (void) c;
    return FAIL (e, NOT_IMPLEMENTED, "x-oss-process is not there yet.");
}

enum err oss_save_rendition (struct oss_call *c, struct error *e)
{
    return oss_get_rendition (c, e);
}

void oss_rendition_free (struct oss_call *c)
{
    (void) c;
}
