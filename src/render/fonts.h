/* Fonts: the names that the vendor's requests know, and families that are free to have.
 *
 * Threads: one. */
#pragma once

#include <pango/pangocairo.h>

#include "process/process.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PangoContext, g_object_unref)

/* Finds out which fonts there are, and opens those of the table: before the jail, for it reads
 * configuration and caches. Within it nothing but font files is read, where a text has characters
 * that none of those has, or a document a font that it does not bring along. */
void fonts_init (void);

/* A layout of `text` in such a font, of `size` pixels. The caller unrefs. */
PangoLayout *fonts_layout (enum process_font font, int size, const char *text);
