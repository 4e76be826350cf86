/* The reference page of the actions, made from the tables that the gate works by. */
#pragma once

/* All actions with their parameters, rules, and what a policy must allow, as Markdown. Caller
 * frees. */
char *actions_markdown (void);
