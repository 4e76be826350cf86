/* Documents of policies: whatever is read, it decides, and alike wherever it stands in a set. */
#include <assert.h>

#include "auth/policy.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const struct policy_facts facts[] = {
    { "192.0.2.10", "curl/8.1", INT64_C (1795356000500000000), true },
    { "2001:db8::1%eth0", "\xff\xe2", INT64_MIN, false },
    { NULL, NULL, INT64_MAX, false },
};

static const struct policy_request requests[] = {
    { "imm:GetBinding", "acs:imm:local:1:project/demo/dataset/d", &facts[0] },
    { "IMM:ListProjects", "acs:imm:local:1:*", &facts[1] },
    { "oss:GetObject", "acs:oss:local:1:b/\xc3\xa9\xff", &facts[2] },
    { "", "", &facts[2] },
};

static void decide (struct policy *p, const struct policy_request *r)
{
    struct policy_named named[] = { { (char *) "a", p }, { (char *) "b", p } };
    struct policy_decision once = policy_decide (&(struct policy_set){ named, 1, NULL }, r);
    struct policy_decision twice = policy_decide (&(struct policy_set){ named, 2, p }, r);
    assert (once.effect == twice.effect && once.statement == twice.statement);
    assert (once.policy == twice.policy && !once.is_session && !twice.is_session);
    assert ((once.statement < 0) == (once.effect == POLICY_IMPLICIT_DENY));
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    _cleanup_policy_ struct policy *p = NULL;
    struct error e = { 0 };
    if (policy_parse ((const char *) data, size, &p, &e) != ERR_OK) {
        assert (!p && *e.message);
        return 0;
    }
    for (size_t i = 0; i < N_ELEMENTS (requests); i++)
        decide (p, &requests[i]);
    return 0;
}
