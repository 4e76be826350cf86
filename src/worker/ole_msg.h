/* A message of Outlook. */
#pragma once

#include <jansson.h>

#include "worker/document.h"
#include "worker/ole.h"

/* Adds subject, time and body to `d`; answers MailFrom and MailTo. */
void ole_msg_read (const struct ole *o, struct document *d, json_t *meta);
