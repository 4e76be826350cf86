/* The two property sets of legacy office documents: what somebody wrote about them. */
#pragma once

#include "worker/document.h"
#include "worker/ole.h"

/* Adds title, author, keywords, times, pages or slides; what is damaged is left out. */
void ole_properties_read (const struct ole *o, struct document *d);

/* Appends text in a code page: 1200 is UTF-16, 65001 UTF-8; what is not known is read as 1252. The
 * text ends at a NUL. */
void ole_append_text (GString *out, const uint8_t *bytes, size_t length, unsigned code_page);
