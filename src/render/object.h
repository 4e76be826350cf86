/* Objects that are not decoded by a loader of pictures: what extractors say of them, frames of
 * videos, pages of documents.
 *
 * Threads: one. */
#pragma once

#include <jansson.h>

#include "render/render.h"
#include "worker/input.h"

/* All fields that the extractor finds in the source, as meta.def has them. PROCESS_REQUEST if it is
 * not of that media type ("image", "video", "audio"); EXTRACT_FAILED if it is damaged. The caller
 * frees. */
NODISCARD enum err object_extract (const struct source *source, const char *media_type,
                                   json_t **ret, struct error *e);

/* video/info and audio/info: what DetectMediaMeta answers of the object, in r->answer. */
NODISCARD enum err object_media_info (struct render *r, struct error *e);

/* video/snapshot: the first frame that is not before t, or the last one; with m_fast the key frame
 * that is nearest before it. PROCESS_ARGUMENT if t is behind the end. Only codecs of a table are
 * decoded: H.264, H.265, and others whose decoders libav has itself, and AV1. */
NODISCARD enum err object_video_snapshot (struct render *r, struct error *e);

/* doc/snapshot: a page of a PDF on white, two pixels a point (144 DPI), or less if it is larger
 * than a result may be. */
NODISCARD enum err object_doc_snapshot (struct render *r, struct error *e);
