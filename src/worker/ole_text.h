/* The body text of legacy office documents, each kind from its main stream, and the number of
 * slides. Damage ends the text; no kind is Failed for it.
 *
 * False if the document is encrypted, and has no text. */
#pragma once

#include "worker/document.h"
#include "worker/ole.h"

typedef bool ole_text_fn (const struct ole *o, struct document *d);

ole_text_fn ole_text_doc, ole_text_xls, ole_text_ppt;
