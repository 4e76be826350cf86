/* Signals of the server: which ends it, which has it read its certificate and log again. */
#pragma once

#include <stdbool.h>

struct signals {
    bool ends_with_terminal; /* a hang-up means that, not a wish */
};

/* Call before threads start: they inherit that these are blocked. */
void signals_block (struct signals *s);

/* Waits for the next; true if the server is to stop, else it is to reload. `ret_name` is static. */
bool signals_wait (const struct signals *s, const char **ret_name);

/* From here on a second signal, or the deadline, ends the process. What was in flight is work that
 * the next start takes up, as after a crash. */
void signals_arm_deadline (int ms);
