/* Who may do what. Today there is only the root key, which may do everything; users with policies
 * join behind this function. */
#pragma once

#include "auth/keys.h"
#include "base/error.h"

/* `action` as in "imm:CreateDataset", `resource` as in "acs:imm:local:123:project/p". NO_PERMISSION
 * naming both. */
NODISCARD enum err policy_check (const struct key *who, const char *action, const char *resource,
                                 struct error *e);
