/* Signatures of requests to stores. */
#include "store/sign.h"

void sign_cache_clear (struct sign_cache *c)
{
    g_free (c->region);
    g_free (c->secret);
    *c = (struct sign_cache){ 0 };
}
