/* Renditions of which renderers died or did not get done: after LIMIT_MEDIA_STRIKES of them that
 * one is refused for LIMIT_MEDIA_STRUCK_MS, so that nobody keeps the renderers busy with it. Others
 * of the same object are not: who may ask for costly ones must not deny the object to everybody.
 *
 * Threads: any. */
#pragma once

#include "media/wanted.h"

struct strikes;
struct strikes *strikes_new (void);
void strikes_free (struct strikes *s);

void strikes_add (struct strikes *s, const struct wanted *w);

/* PROCESS_REQUEST if it has too many. */
NODISCARD enum err strikes_check (struct strikes *s, const struct wanted *w, struct error *e);
