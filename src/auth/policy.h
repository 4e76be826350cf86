/* Access policies: documents of RAM's policy language, Version "1", and the decision that a set of
 * them makes about one request. Pure: no I/O, no clock but the one in the facts. A parsed policy is
 * immutable and counted; any thread may decide with it and hold it.
 *
 * The language: {"Version": "1", "Statement": [{"Effect": "Allow" or "Deny", "Action" or
 * "NotAction", "Resource" or "NotResource", and, if wanted, "Condition": {operator: {key:
 * value}}}]}. Wherever a list of strings may stand, one string may. Wildcards are '*' (any run,
 * also across '/' and ':') and '?' (one character). Letter case counts in resources and in the
 * values of conditions, except by the operators that ignore it; not in actions, nor in the names of
 * condition keys. Operators and keys are the rows of conditions.def.
 *
 * What is wrong is refused, unknown elements and operators included; a key that is unknown, though
 * well formed, is absent from every request, as in RAM. Negated operators hold for what is absent.
 *
 * A statement applies if its action, its resource and all its conditions match. One that denies
 * and applies wins; else one that allows; else nothing is allowed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct policy;

/* Errors are INVALID_ARGUMENT and name the path: "Statement[2].Condition.IpAddress: ...". LIMIT for
 * a document beyond LIMIT_POLICY_*. */
NODISCARD enum err policy_parse (const char *text, size_t len, struct policy **ret,
                                 struct error *e);

struct policy *policy_ref (struct policy *p);
void policy_unref (struct policy *p); /* NULL is fine */

static inline void policy_unrefp (struct policy **p)
{
    policy_unref (*p);
}
#define _cleanup_policy_ __attribute__ ((cleanup (policy_unrefp)))

/* What conditions look at; what is NULL is absent from the request. */
struct policy_facts {
    const char *source_ip; /* IPv4 or IPv6, no port */
    const char *user_agent;
    int64_t now_ns;
    bool is_secure; /* it came over TLS */
};

/* A star in a resource is matched as text, for it means that nothing was named; but one at the end
 * of an oss resource stands for all that is there: what allows must allow all of it, and what
 * denies any of it denies. */
struct policy_request {
    const char *action;   /* "imm:CreateDataset" */
    const char *resource; /* "acs:imm:local:123:project/p" */
    const struct policy_facts *facts;
};

enum policy_effect {
    POLICY_IMPLICIT_DENY, /* nothing allows it */
    POLICY_ALLOW,
    POLICY_EXPLICIT_DENY,
};

struct policy_named {
    char *name;
    struct policy *policy;
};

struct policy_set {
    struct policy_named *identity; /* one of them must allow */
    size_t n_identity;
    const struct policy *session; /* must allow too; NULL: there is none */
};

struct policy_decision {
    enum policy_effect effect;
    const char *policy; /* name in the set, borrowed; NULL: none, or the session's */
    int statement;      /* that decided, counted from 0; -1: none applies */
    bool is_session;    /* the session policy decided */
};

/* Of several statements that would decide alike, the first one of the first policy is named. */
struct policy_decision policy_decide (const struct policy_set *set, const struct policy_request *r);

/* Policies that every server has; nobody can change them. Those of RAM and IMM say what they say
 * there: AliyunIMMReadOnlyAccess allows no queries, BinderyReadOnlyAccess does. */
struct policy_builtin {
    const char *name, *description, *document;
};

extern const struct policy_builtin policy_builtins[];
extern const size_t policy_n_builtins;

/* NULL if there is none of that name. */
const struct policy_builtin *policy_builtin_find (const char *name);
