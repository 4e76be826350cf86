/* Policy evaluation; see the header. */
#include "auth/policy.h"

#include "auth/principal.h"

enum err policy_check (const struct principal *who, const char *action, const char *resource,
                       struct error *e)
{
    if (who->is_root)
        return ERR_OK;
    return FAIL (e, NO_PERMISSION,
                 "User not authorized to operate on the specified resource: %s on %s", action,
                 resource);
}
