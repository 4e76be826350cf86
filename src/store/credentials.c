/* Credentials: given, or read from a file again and again. */
#include "store/credentials.h"

#include <glib.h>

struct credential *credential_ref (struct credential *x)
{
    return x;
}

void credential_unref (struct credential *x UNUSED)
{
}

enum err credentials_new (const char *id UNUSED, const char *secret UNUSED,
                          const char *token UNUSED, struct credentials **ret UNUSED,
                          struct error *e)
{
    return FAIL (e, NOT_IMPLEMENTED, "stores over HTTP are not built in");
}

struct credentials *credentials_new_file (const char *path UNUSED, const char *section UNUSED)
{
    return NULL;
}

void credentials_free (struct credentials *c UNUSED)
{
}

enum err credentials_get (struct credentials *c UNUSED, int64_t now_s UNUSED,
                          struct credential **ret UNUSED, struct error *e)
{
    return FAIL (e, NOT_IMPLEMENTED, "stores over HTTP are not built in");
}

bool credentials_refused (struct credentials *c UNUSED, uint64_t number UNUSED,
                          int64_t now_s UNUSED)
{
    return false;
}
