/* libvips, started before the jail.
 *
 * Threads: call once, before the jail; none is started. */
#pragma once

#include <stdbool.h>

/* False if libvips does not start. */
bool render_init (void);
