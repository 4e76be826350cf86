/* Inside of http only: how many connections of a listener are open from each address, so that none
 * takes them all. Threads: any. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/net.h"

struct crowd;

/* At most `max` from one address; 0: any number. */
struct crowd *crowd_new (size_t max);
void crowd_free (struct crowd *c); /* NULL is fine */

/* Whether one more may come from there. */
bool crowd_has_room (struct crowd *c, const struct net_address *from);

/* One has come; one has gone. */
void crowd_enter (struct crowd *c, const struct net_address *from);
void crowd_leave (struct crowd *c, const struct net_address *from);
