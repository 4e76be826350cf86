/* Inside of http only: the library's own refusals, as JSON. */
#pragma once

#include <stdbool.h>

/* False if the library would answer by itself after all: then the listeners must not start. */
bool refusal_is_active (void);
