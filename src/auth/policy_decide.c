/* Decides by parsed policies. */
#include <string.h>
#include <glib.h>

#include "auth/policy_parts.h"
#include "base/limits.h"
#include "base/text.h"

static bool has (const struct patterns *p, const char *text)
{
    bool is_listed = false;
    for (char **pattern = p->list; *pattern && !is_listed; pattern++)
        is_listed = text_glob_match (*pattern, text);
    return is_listed != p->is_except;
}

static bool applies (const struct statement *s, const struct policy_request *r)
{
    if (!has (&s->actions, r->action) || !has (&s->resources, r->resource))
        return false;
    for (size_t i = 0; i < s->n_conditions; i++)
        if (!condition_holds (&s->conditions[i], r->facts))
            return false;
    return true;
}

/* The first statement that denies, else the first one that allows. */
static struct policy_decision decide_by (const struct policy *p, const struct policy_request *r)
{
    struct policy_decision d = { .effect = POLICY_IMPLICIT_DENY, .statement = -1 };
    for (size_t i = 0; i < p->n_statements && d.effect != POLICY_EXPLICIT_DENY; i++) {
        const struct statement *s = &p->statements[i];
        if ((!s->is_deny && d.effect == POLICY_ALLOW) || !applies (s, r))
            continue;
        d.effect = s->is_deny ? POLICY_EXPLICIT_DENY : POLICY_ALLOW;
        d.statement = (int) i;
    }
    return d;
}

static struct policy_decision decide_by_identity (const struct policy_set *set,
                                                  const struct policy_request *r)
{
    struct policy_decision d = { .effect = POLICY_IMPLICIT_DENY, .statement = -1 };
    for (size_t i = 0; i < set->n_identity && d.effect != POLICY_EXPLICIT_DENY; i++) {
        struct policy_decision by = decide_by (set->identity[i].policy, r);
        by.policy = set->identity[i].name;
        if (by.effect > d.effect)
            d = by;
    }
    return d;
}

struct policy_decision policy_decide (const struct policy_set *set, const struct policy_request *r)
{
    struct policy_decision nothing = { .effect = POLICY_IMPLICIT_DENY, .statement = -1 };
    if (strnlen (r->resource, LIMIT_POLICY_RESOURCE + 1) > LIMIT_POLICY_RESOURCE ||
        strnlen (r->action, LIMIT_POLICY_RESOURCE + 1) > LIMIT_POLICY_RESOURCE)
        return nothing;
    g_autofree char *action = g_ascii_strdown (r->action, -1);
    struct policy_request folded = { action, r->resource, r->facts };
    struct policy_decision d = decide_by_identity (set, &folded);
    if (!set->session || d.effect == POLICY_EXPLICIT_DENY)
        return d;
    struct policy_decision session = decide_by (set->session, &folded);
    session.is_session = true;
    return session.effect == POLICY_EXPLICIT_DENY ||
                   (session.effect == POLICY_IMPLICIT_DENY && d.effect == POLICY_ALLOW)
               ? session
               : d;
}
