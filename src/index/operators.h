/* Operators: what a workflow template asks to be found out about an object, as bits, and the
 * official templates as sets of them (spec section 4). Each looks at objects of some MediaTypes
 * only: the ProduceTime of a document is none that EXIF asks for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum file_operators {
    OP_OSSMETA = 1 << 0,      /* the object's own facts: Filename, ETag, FileModifiedTime ... */
    OP_MIME = 1 << 1,         /* ContentType, MediaType */
    OP_MEDIA_META = 1 << 2,   /* what is known of a recording: Duration, VideoStreams ... */
    OP_EXIF = 1 << 3,         /* what is known of a picture: EXIF, ImageWidth, ProduceTime ... */
    OP_EXTRACT_TEXT = 1 << 4, /* what is known of a document: PageCount, Language, its text ... */
    OP_REGEO = 1 << 5,
    OP_FACE = 1 << 6,
    OP_LABELS = 1 << 7,
    OP_SCORING = 1 << 8,
    OP_EMBEDDINGS = 1 << 9
};

/* The operators of a template by its id ("Official:AllFunction"). NOT_FOUND if there is none. */
NODISCARD enum err operators_of_template (const char *id, uint32_t *ret, struct error *e);

/* Ids of the templates, one after the other; NULL past the last. */
const char *operators_template_id (size_t i);

/* Those of `operators` that look at objects of a MediaType; all of them if it is not known. */
uint32_t operators_for_media (uint32_t operators, const char *media_type);

/* Whether they ask for anything that the content of such an object has to yield: more than its own
 * facts and its type. */
bool operators_want_content (uint32_t operators, const char *media_type);

/* The operators of which any one yields a member of an answer document, such as "EXIF"; 0 if it is
 * always there, or none yields it. */
uint32_t operators_of_member (const char *name);
