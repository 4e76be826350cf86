/* PNG and APNG: IHDR, and the chunks of EXIF and of texts, which may stand before or behind the
 * pixels.
 */
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/icc.h"
#include "worker/image.h"
#include "worker/png_text.h"

#define PNG_TAIL (128 * KIB) /* what is known of the end, or wanted, rather than all pixels */

static void read_header (struct input *in, uint64_t at, uint32_t length, struct image *image)
{
    const uint8_t *p = length >= 8 && at == 16 ? input_at (in, at, 8) : NULL;
    if (p) {
        image->width = get_u32be (p);
        image->height = get_u32be (p + 4);
    }
}

static void read_exif (struct input *in, uint64_t at, uint32_t length, struct image *image)
{
    exif_parse (in, at, length, &image->exif);
}

/* How often it is shown stands behind how many pictures there are. */
static void read_animation (struct input *in, uint64_t at, uint32_t length, struct image *image)
{
    const uint8_t *p = length >= 8 ? input_at (in, at, 8) : NULL;
    image->frames = p ? get_u32be (p) : 0;
}

/* The colours are those of sRGB, whatever else is said. */
static void read_srgb (struct input *in UNUSED, uint64_t at UNUSED, uint32_t length UNUSED,
                       struct image *image)
{
    if (!image->profile)
        image->profile = g_strdup ("sRGB");
}

static void read_coded (struct input *in, uint64_t at, uint32_t length, struct image *image)
{
    const uint8_t *p = length >= 4 ? input_at (in, at, 4) : NULL;
    if (p)
        icc_coded (p[0], p[1], &image->profile);
}

enum { N_KINDS = 9 };

static const struct {
    char name[5];
    unsigned most; /* that are read */
    void (*read) (struct input *in, uint64_t at, uint32_t length, struct image *image);
} chunks[N_KINDS] = {
    { "IHDR", 1, read_header },
    { "acTL", 1, read_animation },
    { "cICP", 1, read_coded },
    { "iCCP", 1, png_profile },
    { "sRGB", 1, read_srgb },
    { "eXIf", 1, read_exif },
    { "iTXt", LIMIT_PNG_TEXTS, png_itxt },
    { "tEXt", LIMIT_PNG_TEXTS, png_text },
    { "zTXt", LIMIT_PNG_PACKED, png_ztxt },
};

/* ---- pixels that are not known ---- */

static bool is_pixels (const uint8_t *chunk)
{
    return !memcmp (chunk + 4, "IDAT", 4) || !memcmp (chunk + 4, "fdAT", 4);
}

/* From there on, chunk follows chunk to the very end of the object. */
static bool is_chain (struct input *in, uint64_t at)
{
    const uint8_t *p;
    for (unsigned i = 0; i < LIMIT_CHUNKS && (p = input_at (in, at, 8)); i++) {
        uint32_t length = get_u32be (p);
        if (length > INT32_MAX)
            return false;
        at += 12ull + length;
        if (!memcmp (p + 4, "IEND", 4))
            return at == in->size;
    }
    return false;
}

/* Where not all of the pixels are known, but the end is: the first of their chunks in there. What
 * follows the pixels is behind it. `at` itself if there is none. */
static uint64_t skip_pixels (struct input *in, uint64_t at)
{
    uint64_t first = in->size > PNG_TAIL ? in->size - PNG_TAIL : 0;
    if (first <= at || !input_want (in, first, PNG_TAIL))
        return at;
    const uint8_t *p;
    for (uint64_t i = first; (p = input_at (in, i, INPUT_WINDOW)); i += INPUT_WINDOW - 8) {
        for (unsigned k = 0; k + 8 <= INPUT_WINDOW; k++)
            if (is_pixels (p + k)) {
                if (is_chain (in, i + k))
                    return i + k;
                p = input_at (in, i, INPUT_WINDOW);
            }
    }
    return at;
}

enum err extract_png (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "png");
    uint64_t at = 8;
    unsigned found[N_KINDS] = { 0 };
    for (unsigned i = 0; i < LIMIT_CHUNKS; i++) {
        const uint8_t *p = input_at (in, at, 8);
        if (!p)
            break;
        uint32_t length = get_u32be (p);
        char name[4];
        memcpy (name, p + 4, sizeof name);
        for (size_t k = 0; k < N_ELEMENTS (chunks); k++)
            if (!memcmp (name, chunks[k].name, sizeof name) && found[k]++ < chunks[k].most)
                chunks[k].read (in, at + 8, length, &image);
        if (!memcmp (name, "IEND", 4) || length > INT32_MAX)
            break;
        at += 12ull + length;
        if (!memcmp (name, "IDAT", 4) && !input_knows (in, at, 8))
            at = skip_pixels (in, at);
    }
    return image_report (in, &image, meta, e);
}
