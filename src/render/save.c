/* Saving: formats as rows. Nothing of the source's metadata goes along but its orientation, where
 * the pixels still have it. */
#include "render/save.h"

#include <string.h>

#include "base/limits.h"
#include "render/bmp.h"
#include "render/png.h"
#include "worker/input.h"

#define QUALITY_MOST 90 /* of a JPEG for which nobody asked for one */
#define QUALITY_WEBP 80 /* the same of a WebP, on its own scale */
#define QUALITY_HEIF 60 /* of HEIC and AVIF, on their own scale */
#define EFFORT_HEIF  2
#define EFFORT_WEBP  2 /* half the time of 4, for a fiftieth more bytes */
#define EFFORT_GIF   3

/* ---- what to ask of an encoder ---- */

struct options {
    int quality;
    bool is_interlaced, has_metadata;
};

/* An absolute quality never exceeds the source's, a relative one is a share of it. */
static int quality_of (const struct render *r, enum process_format to)
{
    int source = r->picture.quality ? r->picture.quality : QUALITY_MOST;
    bool is_jpeg = r->picture.format == PROCESS_JPG && to == PROCESS_JPG;
    if (r->save.absolute)
        return is_jpeg ? MIN (r->save.absolute, r->picture.quality ? source : 100)
                       : r->save.absolute;
    if (r->save.relative)
        return is_jpeg ? MAX (1, (source * r->save.relative + 50) / 100) : r->save.relative;
    if (to == PROCESS_WEBP)
        return QUALITY_WEBP;
    if (to == PROCESS_HEIC || to == PROCESS_AVIF)
        return QUALITY_HEIF;
    return MIN (source, QUALITY_MOST);
}

/* ---- encoders ---- */

typedef int save_fn (VipsImage *in, void **bytes, size_t *size, const struct options *o);

static int save_jpeg (VipsImage *in, void **bytes, size_t *size, const struct options *o)
{
    return vips_jpegsave_buffer (in, bytes, size, "Q", o->quality, "interlace", o->is_interlaced,
                                 "strip", !o->has_metadata, NULL);
}

static int save_png (VipsImage *in, void **bytes, size_t *size, const struct options *o UNUSED)
{
    return png_encode (in, bytes, size);
}

enum { RIFF = 12, CHUNK = 8, WEBP_FLAGS = 20, WEBP_HAS_EXIF = 8 };

/* Takes the EXIF out of a WebP: libvips writes one even if it is told to strip all. */
static void drop_exif (uint8_t *bytes, size_t *size)
{
    for (size_t at = RIFF; at + CHUNK <= *size;) {
        size_t length = CHUNK + ((get_u32le (bytes + at + 4) + 1ull) & ~1ull);
        if (length > *size - at)
            return;
        if (memcmp (bytes + at, "EXIF", 4) != 0) {
            at += length;
            continue;
        }
        *size -= length;
        memmove (bytes + at, bytes + at + length, *size - at);
        bytes[WEBP_FLAGS] &= (uint8_t) ~WEBP_HAS_EXIF;
        uint32_t rest = GUINT32_TO_LE ((uint32_t) *size - CHUNK);
        memcpy (bytes + 4, &rest, sizeof rest);
    }
}

static int save_webp (VipsImage *in, void **bytes, size_t *size, const struct options *o)
{
    if (vips_webpsave_buffer (in, bytes, size, "Q", o->quality, "effort", EFFORT_WEBP, "strip",
                              !o->has_metadata, NULL))
        return -1;
    if (!o->has_metadata)
        drop_exif (*bytes, size);
    return 0;
}

static int save_gif (VipsImage *in, void **bytes, size_t *size, const struct options *o UNUSED)
{
    return vips_gifsave_buffer (in, bytes, size, "effort", EFFORT_GIF, "reuse", TRUE, NULL);
}

static int save_tiff (VipsImage *in, void **bytes, size_t *size, const struct options *o)
{
    return vips_tiffsave_buffer (in, bytes, size, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_LZW,
                                 "predictor", VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, "strip",
                                 !o->has_metadata, NULL);
}

static int save_heic (VipsImage *in, void **bytes, size_t *size, const struct options *o)
{
    return vips_heifsave_buffer (in, bytes, size, "Q", o->quality, "compression",
                                 VIPS_FOREIGN_HEIF_COMPRESSION_HEVC, "effort", EFFORT_HEIF,
                                 "bitdepth", 8, "strip", TRUE, NULL);
}

static int save_avif (VipsImage *in, void **bytes, size_t *size, const struct options *o)
{
    return vips_heifsave_buffer (in, bytes, size, "Q", o->quality, "compression",
                                 VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "effort", EFFORT_HEIF,
                                 "bitdepth", 8, "strip", TRUE, NULL);
}

static int save_bmp (VipsImage *in, void **bytes, size_t *size, const struct options *o UNUSED)
{
    return bmp_save (in, bytes, size);
}

static const struct row {
    save_fn *save;
    bool has_alpha, is_animated, has_orientation;
} rows[] = {
    [PROCESS_JPG] = { save_jpeg, false, false, true },
    [PROCESS_PNG] = { save_png, true, false, false },
    [PROCESS_WEBP] = { save_webp, true, true, true },
    [PROCESS_GIF] = { save_gif, true, true, false },
    [PROCESS_BMP] = { save_bmp, true, false, false },
    [PROCESS_TIFF] = { save_tiff, true, false, true },
    [PROCESS_HEIC] = { save_heic, true, false, false },
    [PROCESS_AVIF] = { save_avif, true, false, false },
};

/* ---- what goes with the pixels ---- */

/* EXIF of one entry. */
static void put_orientation (VipsImage *im, int orientation)
{
    const uint8_t exif[] = { 'E', 'x',  'i', 'f', 0,
                             0,   'I',  'I', '*', 0,
                             8,   0,    0,   0,   1,
                             0,   0x12, 1,   3,   0,
                             1,   0,    0,   0,   (uint8_t) orientation,
                             0,   0,    0,   0,   0,
                             0,   0 };
    vips_image_set_blob_copy (im, VIPS_META_EXIF_NAME, exif, sizeof exif);
    vips_image_set_int (im, VIPS_META_ORIENTATION, orientation);
}

static void put_animation (VipsImage *im, const struct picture *p)
{
    vips_image_set_int (im, VIPS_META_PAGE_HEIGHT, picture_height (p));
    vips_image_set_int (im, VIPS_META_N_PAGES, p->n_frames);
    vips_image_set_int (im, "loop", p->loop);
    if (p->delays)
        vips_image_set_array_int (im, "delay", p->delays, p->n_frames);
}

/* A copy whose metadata is what the result shall have. */
static enum err dress (const struct picture *p, bool has_orientation, VipsImage **ret,
                       struct error *e)
{
    if (vips_copy (p->image, ret, "xres", 1.0, "yres", 1.0, NULL))
        return picture_failed (e);
    g_auto (GStrv) fields = vips_image_get_fields (*ret);
    for (size_t i = 0; fields[i]; i++)
        vips_image_remove (*ret, fields[i]);
    if (p->n_frames > 1)
        put_animation (*ret, p);
    if (has_orientation)
        put_orientation (*ret, p->orientation);
    return ERR_OK;
}

enum err save_picture (struct render *r, struct render_result *ret, struct error *e)
{
    struct picture *p = &r->picture;
    enum process_format to = process_result (r->process, p->format);
    const struct row *row = &rows[to];
    enum err err = process_check_result (r->process, p->format, picture_size (p), e);
    if (err == ERR_OK)
        err = picture_to_srgb (p, e);
    if (err == ERR_OK && !row->is_animated)
        err = picture_first_frame (p, e);
    if (err == ERR_OK && !row->has_alpha)
        err = picture_flatten (p, e);
    struct options options = { .quality = quality_of (r, to),
                               .is_interlaced = r->save.is_interlaced,
                               .has_metadata = row->has_orientation && p->orientation != 1 };
    g_autoptr (VipsImage) dressed = NULL;
    if (err == ERR_OK)
        err = dress (p, options.has_metadata, &dressed, e);
    if (err != ERR_OK)
        return err;
    void *bytes;
    size_t size;
    if (row->save (dressed, &bytes, &size, &options))
        return picture_failed (e);
    *ret = (struct render_result){ bytes,
                                   size,
                                   to,
                                   (uint32_t) picture_width (p),
                                   (uint32_t) picture_height (p),
                                   (uint32_t) p->n_frames };
    return ERR_OK;
}
