/* The type of an object by its content. The extension only refines what is plain text, JSON or
 * a package, so a wrong one misleads nobody. */
#pragma once

#include "worker/input.h"

/* "image/jpeg"; "application/octet-stream" if nothing is recognised. A constant. */
const char *sniff (struct input *in);

/* image, video, audio, document, archive or other. A constant. */
const char *sniff_media_type (const char *type);

/* A pattern with a star at its end, "text/" and a star, stands for all types that begin like it. */
bool sniff_is_of (const char *type, const char *pattern);
