/* What OSS V1 cannot sign: keys and parameters that read as others. */
#include <string.h>

#include "auth/oss_claim.h"

/* Whether after a `mark` something stands that would read as a parameter of its own. */
static bool hides_parameter (const char *text, char mark)
{
    for (const char *at = strchr (text, mark); at; at = strchr (at + 1, mark)) {
        g_autofree char *name = g_strndup (at + 1, strcspn (at + 1, "=&"));
        if (signing_is_sub_resource (name))
            return true;
    }
    return false;
}

enum err oss_check_unambiguous (const struct oss_request *r, struct error *e)
{
    if (r->key && hides_parameter (r->key, '?'))
        return FAIL (e, SIGNATURE_INCOMPLETE,
                     "A key with '?' and the name of a parameter cannot be signed by V1; use V4.");
    for (size_t i = 0; i < r->n_query; i++) {
        const struct auth_pair *p = &r->query[i];
        if (!signing_is_sub_resource (p->name))
            continue;
        if (p->name[strspn (p->name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-")])
            return FAIL (e, SIGNATURE_INCOMPLETE, "'%.64s' is no name of a parameter.", p->name);
        if (hides_parameter (p->value, '&'))
            return FAIL (e, SIGNATURE_INCOMPLETE,
                         "A value of %.64s with '&' and the name of a parameter cannot be signed "
                         "by V1; use V4.",
                         p->name);
    }
    return ERR_OK;
}
