/* The visible text of HTML and what its head says. */
#pragma once

#include "worker/body_text.h"

/* `text` is UTF-8. Adds Title, Artist, Labels, ProduceTime, DocumentModifiedTime and Language where
 * the page names them and `meta` has none. */
void html_read (const char *text, size_t length, struct body_text *body, json_t *meta);
