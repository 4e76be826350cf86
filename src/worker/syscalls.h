/* The system calls of the jail, as a table: what a row allows, goes; what a row refuses, fails with
 * its error, as if the machine had nothing there; what no row names ends the process with
 * SYSCALLS_EXIT and the number of the call on stderr, or kills it if it came by another ABI.
 *
 * Threads: call once, with no other thread; there is no way back. */
#pragma once

#include <stdbool.h>

#include "wire/profile.h"

#define SYSCALLS_EXIT 159 /* 128 + SIGSYS */

/* False if the filter cannot be set up. */
bool syscalls_enter (enum profile_id profile);
