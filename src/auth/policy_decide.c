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

/* A request while it is decided. */
struct question {
    const char *action; /* in small letters */
    const char *resource;
    char *probes[2]; /* names of one character and of two where the resource has its star; NULL: it
                        is no tree. What fits both of them fits all names: no pattern has the
                        character, and one with two question marks is too long for the first. */
    const struct policy_facts *facts;
};

#define PROBE '\x01'

static bool is_tree (const char *resource)
{
    return g_str_has_prefix (resource, "acs:oss:") && g_str_has_suffix (resource, "*");
}

static void question_open (struct question *q, const struct policy_request *r, const char *action)
{
    *q = (struct question){ .action = action, .resource = r->resource, .facts = r->facts };
    int len = (int) strlen (r->resource) - 1;
    for (int i = 0; i < 2 && is_tree (r->resource); i++)
        q->probes[i] = g_strdup_printf ("%.*s%c%.*s", len, r->resource, PROBE, i, "\x01");
}

static void question_close (struct question *q)
{
    g_free (q->probes[0]);
    g_free (q->probes[1]);
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

/* Of a tree, what allows must allow all of it, and what denies any of it denies. */
static bool has_tree (const struct statement *s, const struct question *q)
{
    const struct patterns *p = &s->resources;
    bool is_any = s->is_deny != p->is_except, is_listed = false;
    for (char **pattern = p->list; *pattern && !is_listed; pattern++)
        is_listed = is_any ? overlaps_arn (*pattern, q->resource, strlen (q->resource) - 1)
                           : text_glob_match (*pattern, q->probes[0]) &&
                                 text_glob_match (*pattern, q->probes[1]);
    return is_listed != p->is_except;
}

static bool has_resource (const struct statement *s, const struct question *q)
{
    return q->probes[0] ? has_tree (s, q) : has (&s->resources, q->resource);
}

static bool applies (const struct statement *s, const struct question *q)
{
    if (!has (&s->actions, q->action) || !has_resource (s, q))
        return false;
    for (size_t i = 0; i < s->n_conditions; i++)
        if (!condition_holds (&s->conditions[i], q->facts))
            return false;
    return true;
}

/* The first statement that denies, else the first one that allows. */
static struct policy_decision decide_by (const struct policy *p, const struct question *q)
{
    struct policy_decision d = { .effect = POLICY_IMPLICIT_DENY, .statement = -1 };
    for (size_t i = 0; i < p->n_statements && d.effect != POLICY_EXPLICIT_DENY; i++) {
        const struct statement *s = &p->statements[i];
        if ((!s->is_deny && d.effect == POLICY_ALLOW) || !applies (s, q))
            continue;
        d.effect = s->is_deny ? POLICY_EXPLICIT_DENY : POLICY_ALLOW;
        d.statement = (int) i;
    }
    return d;
}

static struct policy_decision decide_by_identity (const struct policy_set *set,
                                                  const struct question *q)
{
    struct policy_decision d = { .effect = POLICY_IMPLICIT_DENY, .statement = -1 };
    for (size_t i = 0; i < set->n_identity && d.effect != POLICY_EXPLICIT_DENY; i++) {
        struct policy_decision by = decide_by (set->identity[i].policy, q);
        by.policy = set->identity[i].name;
        if (by.effect > d.effect)
            d = by;
    }
    return d;
}

static struct policy_decision decide (const struct policy_set *set, const struct question *q)
{
    struct policy_decision d = decide_by_identity (set, q);
    if (!set->session || d.effect == POLICY_EXPLICIT_DENY)
        return d;
    struct policy_decision session = decide_by (set->session, q);
    session.is_session = true;
    return session.effect == POLICY_EXPLICIT_DENY ||
                   (session.effect == POLICY_IMPLICIT_DENY && d.effect == POLICY_ALLOW)
               ? session
               : d;
}

struct policy_decision policy_decide (const struct policy_set *set, const struct policy_request *r)
{
    struct policy_decision nothing = { .effect = POLICY_IMPLICIT_DENY, .statement = -1 };
    if (strnlen (r->resource, LIMIT_POLICY_RESOURCE + 1) > LIMIT_POLICY_RESOURCE ||
        strnlen (r->action, LIMIT_POLICY_RESOURCE + 1) > LIMIT_POLICY_RESOURCE)
        return nothing;
    g_autofree char *action = g_ascii_strdown (r->action, -1);
    struct question q;
    question_open (&q, r, action);
    struct policy_decision d = decide (set, &q);
    question_close (&q);
    return d;
}
