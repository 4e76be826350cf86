/* The two property sets of legacy office documents: what somebody wrote about them. */
#pragma once

#include "worker/document.h"
#include "worker/ole.h"

enum { OLE_WINDOWS = 1252, OLE_UTF16 = 1200 };

/* Adds title, author, keywords, times, pages or slides, and the code page of its texts; what is
 * damaged is left out. */
void ole_properties_read (const struct ole *o, struct document *d);

/* Appends text in a code page, what is damaged as U+FFFD; one that is not known is read as
 * OLE_WINDOWS. The text ends at a NUL. */
void ole_append_text (GString *out, const uint8_t *bytes, size_t length, unsigned code_page);
