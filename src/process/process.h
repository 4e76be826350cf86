/* x-oss-process: the text of a request, checked and understood.
 *
 *     image/resize,w_100/format,png|sys/saveas,o_cGFuZGEucG5n
 *
 * Used on both sides: by the server, which refuses here what numbers alone can refuse, and by the
 * renderer, which gets the canonical text and parses it again. Nothing here knows of pixels or of
 * objects. process.def lists operations and parameters, with ranges and defaults.
 *
 * Errors are those of the vendor: PROCESS_ARGUMENT, PROCESS_MISSING, PROCESS_REQUEST,
 * IMAGE_TOO_LARGE, WATERMARK, NOT_IMPLEMENTED. Where the vendor has a page for one, the subject of
 * the error is its number, "0040-00000312"; otherwise it is empty.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"
#include "base/limits.h"

/* enum process_mode, process_gravity, process_format, ... */
#define WORDS(list)                                                                                \
    enum process_##list                                                                            \
    {
#define WORD(id, word) PROCESS_##id,
#define WORDS_END(list)                                                                            \
    }                                                                                              \
    ;
#include "process/process_words.def"

/* What a rendition is if it is no image. */
#define PROCESS_JSON ((enum process_format) (PROCESS_AVIF + 1))

/* The object of an image watermark. */
struct process_source {
    char *key;               /* UTF-8, not empty */
    struct process *process; /* what is done with it before it is laid; NULL: nothing */
};

#define PROCESS_TYPE_INT(min, max)                int32_t
#define PROCESS_TYPE_WORD(list)                   enum process_##list
#define PROCESS_TYPE_WORD64(list)                 enum process_##list
#define PROCESS_TYPE_COLOR                        uint32_t /* 0xRRGGBB */
#define PROCESS_TYPE_TEXT(most)                   char *   /* decoded UTF-8; NULL: not given */
#define PROCESS_TYPE_SOURCE                       struct process_source * /* NULL: not given */

#define OP(id, name, kind, wire, flags, ec, help) struct process_##name {
#define REQUIRED(field, key, kind, ec, help)      PROCESS_TYPE_##kind field;
#define OPTIONAL(field, key, kind, ec, help)                                                       \
    PROCESS_TYPE_##kind field;                                                                     \
    bool has_##field;
#define DEFAULT(field, key, kind, preset, ec, help) PROCESS_TYPE_##kind field;
#define END(name)                                                                                  \
    }                                                                                              \
    ;
#include "process/process.def"

#define OP(id, name, kind, wire, flags, ec, help) PROCESS_##id,
enum process_op_id {
#include "process/process.def"
    PROCESS_N_OPS
};

enum process_kind {
    PROCESS_KIND_IMAGE,
    PROCESS_KIND_VIDEO_SNAPSHOT,
    PROCESS_KIND_VIDEO_INFO,
    PROCESS_KIND_AUDIO_INFO,
    PROCESS_KIND_DOC_SNAPSHOT,
};

struct process_op {
    enum process_op_id id;
    union {
#define OP(id, name, kind, wire, flags, ec, help) struct process_##name name;
#include "process/process.def"
    };
};

/* Subject of an error: the number of the vendor's page about it, "0040-00000312" for 312,
 * "0053-00000104" for 53000104, "" for 0; `buf` is returned. And back. */
const char *process_ec (unsigned ec, char buf[16]);
unsigned process_ec_number (const char *subject);

/* Where the result is to be stored. */
struct process_saveas {
    char *object; /* NULL: nowhere, it is answered */
    char *bucket; /* NULL: where the source is */
};

/* Every kind but IMAGE has exactly one operation; an image has one or more, in their order. An
 * operation that answers JSON (info, average-hue) is the last one. */
struct process {
    enum process_kind kind;
    struct process_op *ops;
    size_t n_ops;
    struct process_saveas saveas;
};

/* Reads `len` bytes, percent-decoded already. The caller frees. Whatever `text` holds, it takes no
 * longer than linear time. A text of `style/NAME` is for process_style(); here it is refused. */
NODISCARD enum err process_parse (const char *text, size_t len, struct process **ret,
                                  struct error *e);

void process_free (struct process *p);
#define _cleanup_process_ __attribute__ ((cleanup (process_freep)))
static inline void process_freep (struct process **p)
{
    process_free (*p);
}

/* True if the text is "style/NAME", with or without "|sys/saveas,...": `ret_name` is the name
 * (freed by the caller), `ret_rest` what follows it in `text`, "" or "|sys/saveas,...". The caller
 * parses the style's text with the rest appended. */
bool process_style (const char *text, size_t len, char **ret_name, const char **ret_rest);

/* The one text of all that mean the same: parameters in the order of their rows, none that is at
 * its default, numbers without leading zeros; without saveas. Parsing it gives the same operations,
 * and its canonical text is itself. The caller frees. */
char *process_canonical (const struct process *p);

/* The objects of its image watermarks, in the order of the text, which is that of the renderer's
 * descriptors; borrowed. Returns their number. */
size_t process_sources (const struct process *p,
                        const struct process_source *ret[LIMIT_PROCESS_SOURCES]);

/* True if it takes fonts: a watermark has a text, or a document may lack a font. */
bool process_needs_fonts (const struct process *p);

/* Format of the rendition of a source of that format; PROCESS_JSON for what is answered as JSON. */
enum process_format process_result (const struct process *p, enum process_format source);

/* Content type of a format: "image/jpeg". */
const char *process_content_type (enum process_format format);

/* Refuses what the dimensions alone forbid: source, and the result of each operation. `frames` is 1
 * for what is not animated; 0 for sides that are not known, which are then not looked at. They are
 * those of the pixels as they are stored, before any EXIF orientation. Only for PROCESS_KIND_IMAGE;
 * all else is accepted. */
NODISCARD enum err process_check_size (const struct process *p, uint32_t width, uint32_t height,
                                       uint32_t frames, struct error *e);

/* The reference as Markdown, for docs/reference/processing.md. The caller frees. */
char *process_markdown (void);
