/* Decides by parsed policies. */
#include <string.h>
#include <glib.h>

#include "auth/policy_parts.h"
#include "base/limits.h"
#include "base/text.h"

#define ARN_FIELDS 5 /* acs:SERVICE:REGION:ACCOUNT:NAME */

static bool has (const struct patterns *p, const char *text)
{
    bool is_listed = false;
    for (char **pattern = p->list; *pattern && !is_listed; pattern++)
        is_listed = text_glob_match (*pattern, text);
    return is_listed != p->is_except;
}

/* Whether the pattern fits anything that begins with the first `len` bytes of `text`. */
static bool overlaps (const char *pattern, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++, pattern++) {
        if (*pattern == '*')
            return true;
        if (*pattern != '?' && *pattern != text[i])
            return false;
    }
    return true;
}

/* The same, field by field, of ARNs: a star for the region is not meant to reach into names. A
 * pattern that has fewer fields is taken as a whole. */
static bool overlaps_arn (const char *pattern, const char *text, size_t len)
{
    g_auto (GStrv) fields = g_strsplit (pattern, ":", ARN_FIELDS);
    g_auto (GStrv) given = g_strsplit (text, ":", ARN_FIELDS);
    if (g_strv_length (fields) < ARN_FIELDS || g_strv_length (given) < ARN_FIELDS)
        return overlaps (pattern, text, len);
    for (size_t i = 0; i < ARN_FIELDS - 1; i++)
        if (!text_glob_match (fields[i], given[i]))
            return false;
    const char *name = given[ARN_FIELDS - 1];
    return overlaps (fields[ARN_FIELDS - 1], name, strlen (name) - 1);
}

static bool denies_within (const struct patterns *p, const char *resource)
{
    for (char **pattern = p->list; *pattern; pattern++)
        if (overlaps_arn (*pattern, resource, strlen (resource) - 1))
            return true;
    return false;
}

static bool has_resource (const struct statement *s, const struct policy_request *r)
{
    if (r->is_tree && s->is_deny && !s->resources.is_except)
        return denies_within (&s->resources, r->resource);
    return has (&s->resources, r->resource);
}

static bool applies (const struct statement *s, const struct policy_request *r)
{
    if (!has (&s->actions, r->action) || !has_resource (s, r))
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
    struct policy_request folded = { action, r->resource, r->facts, r->is_tree };
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
