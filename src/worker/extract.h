/* Extractors: a table from media types to functions. The type comes from the content (sniff.h). A
 * new family is a row in extract.c and a function here, in an extract_*.c of its own. Its row also
 * says how large a source it takes, and how much of it a job may read.
 *
 * Every function adds fields of meta.def to `meta`; on EXTRACT_FAILED what it added stays. */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "worker/input.h"

/* Everything about one object; nothing that counts if input_is_waiting() then. ContentType and
 * MediaType are always answered. EXTRACT_FAILED if the type is known but its header is damaged or
 * it is too large; IO if the object could not be read, which says nothing about it. */
NODISCARD enum err extract (struct input *in, json_t *meta, struct error *e);

NODISCARD enum err extract_jpeg (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_png (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_gif (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_webp (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_tiff (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_bmff (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_bmp (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_ico (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_psd (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_jp2 (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_jxl (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_svg (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_cr2 (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_rw2 (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_raf (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_cr3 (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_media (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_mrw (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_iiq (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_crw (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_simple (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_pcx (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_pnm (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_hdr (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_fits (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_exr (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_pdf (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_ooxml (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_epub (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_odf (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_ole (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_plain (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_html (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_xml (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_rtf (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_mail (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_zip (struct input *in, json_t *meta, struct error *e);
NODISCARD enum err extract_archive (struct input *in, json_t *meta, struct error *e);
