/* A chapter of an e-book: XHTML as it is found, which is not always XML, nor without the entities
 * of HTML. libxml2's parser of HTML reads it: no document type is loaded, nothing is opened. */
#pragma once

#include "worker/body_text.h"
#include "worker/zip.h"

/* Adds the text of the member, as far as it can be unpacked and LIMIT_CHAPTER goes. EXTRACT_FAILED
 * if it is damaged, LIMIT if the book is too large. */
NODISCARD enum err chapter_read (struct zip *z, const struct zip_member *member,
                                 struct body_text *text, struct error *e);
