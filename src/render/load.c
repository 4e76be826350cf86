/* Loading: formats as rows, limits, what the decoder may spare. Knows of operations only whether
 * the first one scales down. */
#include "render/load.h"

#include <string.h>

#include "base/limits.h"
#include "process/geometry.h"
#include "render/bmp.h"
#include "render/jpeg_quality.h"
#include "render/png.h"
#include "worker/sniff.h"

/* ---- formats ---- */

/* What to ask of a decoder. */
struct wish {
    int shrink;   /* JPEG: 1, 2, 4 or 8 */
    double scale; /* WebP: at most 1 */
    int n;        /* frames; -1: all */
};

typedef int load_fn (struct source *s, const struct wish *wish, VipsImage **ret);

#define COMMON "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR

static int load_jpeg (struct source *s, const struct wish *wish, VipsImage **ret)
{
    return vips_jpegload_buffer (s->bytes, s->size, ret, COMMON, "shrink", wish->shrink, NULL);
}

static int load_png (struct source *s, const struct wish *wish UNUSED, VipsImage **ret)
{
    return vips_pngload_buffer (s->bytes, s->size, ret, COMMON, NULL);
}

static int load_webp (struct source *s, const struct wish *wish, VipsImage **ret)
{
    return vips_webpload_buffer (s->bytes, s->size, ret, COMMON, "scale", wish->scale, "n", wish->n,
                                 NULL);
}

static int load_gif (struct source *s, const struct wish *wish, VipsImage **ret)
{
    return vips_gifload_buffer (s->bytes, s->size, ret, COMMON, "n", wish->n, NULL);
}

static int load_tiff (struct source *s, const struct wish *wish UNUSED, VipsImage **ret)
{
    return vips_tiffload_buffer (s->bytes, s->size, ret, COMMON, NULL);
}

static int load_heif (struct source *s, const struct wish *wish UNUSED, VipsImage **ret)
{
    return vips_heifload_buffer (s->bytes, s->size, ret, COMMON, NULL);
}

static int load_bmp (struct source *s, const struct wish *wish UNUSED, VipsImage **ret)
{
    return bmp_load (s->bytes, s->size, ret);
}

static const struct row {
    const char *type; /* as sniff() says */
    enum process_format format;
    load_fn *load;
    bool is_turned; /* the decoder delivers pixels upright */
    bool is_eager;  /* it decodes at once: its size has to be known before */
} rows[] = {
    { "image/jpeg", PROCESS_JPG, load_jpeg, false },
    { "image/png", PROCESS_PNG, load_png, false },
    { "image/apng", PROCESS_PNG, load_png, false },
    { "image/webp", PROCESS_WEBP, load_webp, false },
    { "image/gif", PROCESS_GIF, load_gif, false },
    { "image/bmp", PROCESS_BMP, load_bmp, false, true },
    { "image/tiff", PROCESS_TIFF, load_tiff, false },
    { "image/heic", PROCESS_HEIC, load_heif, true },
    { "image/heif", PROCESS_HEIC, load_heif, true },
    { "image/avif", PROCESS_AVIF, load_heif, true },
};

static enum err find_row (const struct source *s, const struct row **ret, struct error *e)
{
    g_autofree struct input *in = g_new (struct input, 1);
    input_of_bytes (in, s->bytes, s->size);
    in->extension = s->extension;
    const char *type = sniff (in);
    for (size_t i = 0; i < N_ELEMENTS (rows); i++)
        if (strcmp (type, rows[i].type) == 0) {
            *ret = &rows[i];
            return ERR_OK;
        }
    return FAIL_ON (e, PROCESS_REQUEST, "0040-00000005", "This image format is not supported.");
}

/* ---- headers ---- */

static int get_int (VipsImage *im, const char *name, int otherwise)
{
    int value;
    return vips_image_get_typeof (im, name) && !vips_image_get_int (im, name, &value) ? value
                                                                                      : otherwise;
}

static bool is_animated (enum process_format format)
{
    return format == PROCESS_GIF || format == PROCESS_WEBP;
}

/* The limits, by what the header says of all of it. */
static enum err check_size (const struct render *r, int width, int height, int frames,
                            struct error *e)
{
    static const struct process none = { .kind = PROCESS_KIND_IMAGE };
    if (frames > LIMIT_RENDER_FRAMES)
        return FAIL (e, IMAGE_TOO_LARGE, "the animation has %d frames, over the limit of %d",
                     frames, LIMIT_RENDER_FRAMES);
    const struct process *p = r->process && !r->main ? r->process : &none;
    return process_check_size (p, (uint32_t) width, (uint32_t) height, (uint32_t) frames, e);
}

/* The picture with nothing but its header known, or all of it where that is not to be had. */
static enum err load_header (struct render *r, const struct row *row, struct error *e)
{
    static const struct wish all = { 1, 1, 1 };
    struct picture *p = &r->picture;
    int width, height;
    enum err err = ERR_OK;
    if (row->is_eager && !bmp_size (r->source.bytes, r->source.size, &width, &height))
        return FAIL (e, EXTRACT_FAILED, "the header of the picture is damaged");
    if (row->is_eager)
        err = check_size (r, width, height, 1, e);
    if (err != ERR_OK)
        return err;
    return row->load (&r->source, &all, &p->image) ? picture_failed (e) : ERR_OK;
}

/* ---- what the decoder may spare ---- */

#define LEFT_TO_SCALE 1.5 /* factor that WebP's decoder leaves to our scaling: its is coarse */

/* What JPEG's decoder divides by, for a factor of at least that: always a little is left to scale.
 */
static const struct {
    double factor;
    int shrink;
} shrinks[] = { { 9, 8 }, { 5, 4 }, { 3, 2 }, { 0, 1 } };

/* The mean of large pictures is that of their blocks. */
#define HUE_SIDE   256
#define HUE_SHRINK 16

/* The factor by which the first operation that looks at pixels scales down, at least 1. Before it
 * only what changes no pixel; turning by the orientation swaps both sides alike. */
static double shrink_of (const struct render *r, VipsImage *header, int orientation)
{
    struct process_size size = { (uint32_t) header->Xsize, (uint32_t) header->Ysize };
    struct process_scaling scaling;
    bool is_turned = false;
    for (size_t i = 0; r->process && i < r->process->n_ops; i++) {
        const struct process_op *op = &r->process->ops[i];
        if (op->id == PROCESS_AUTO_ORIENT) {
            is_turned = is_turned || op->auto_orient.value;
            continue;
        }
        if (op->id == PROCESS_AVERAGE_HUE && MIN (header->Xsize, header->Ysize) >= HUE_SIDE)
            return HUE_SHRINK;
        if (op->id != PROCESS_RESIZE)
            return 1;
        if (is_turned && orientation > 4)
            size = (struct process_size){ size.height, size.width };
        if (process_scale (&op->resize, size, false, r->main, &scaling, NULL) != ERR_OK)
            return 1;
        return MAX (1, MIN ((double) size.width / scaling.scaled.width,
                            (double) size.height / scaling.scaled.height));
    }
    return 1;
}

/* Decoded frames must have been asked for. */
static int frames_wanted (const struct render *r, enum process_format format, int frames)
{
    if (!is_animated (format) || !r->process || frames < 2)
        return 1;
    return is_animated (process_result (r->process, format)) ? -1 : 1;
}

static struct wish make_wish (const struct render *r, const struct row *row, VipsImage *header,
                              int frames, int orientation)
{
    double factor = shrink_of (r, header, orientation);
    size_t i = 0;
    while (factor < shrinks[i].factor)
        i++;
    int n = frames_wanted (r, row->format, frames);
    return (struct wish){ .shrink = shrinks[i].shrink,
                          .scale = n == 1 ? MIN (1, LEFT_TO_SCALE / factor) : 1,
                          .n = n };
}

static bool is_spared (const struct row *row, const struct wish *wish)
{
    return (row->format == PROCESS_JPG && wish->shrink > 1) ||
           (row->format == PROCESS_WEBP && wish->scale < 1) || wish->n != 1;
}

/* ---- pixels ---- */

/* Other kinds of pixels become 8 bit sRGB; 8 bit RGB and grey with a profile wait for the first
 * operation that needs their colours right, when there are fewer of them. */
static enum err normalise (struct picture *p, struct error *e)
{
    VipsImage *im = p->image, *out = NULL;
    bool is_plain = im->BandFmt == VIPS_FORMAT_UCHAR && im->Bands <= 4 &&
                    (im->Type == VIPS_INTERPRETATION_sRGB || im->Type == VIPS_INTERPRETATION_B_W);
    p->has_profile = vips_image_get_typeof (im, VIPS_META_ICC_NAME) != 0;
    if (is_plain)
        return ERR_OK;
    enum err err = picture_to_srgb (p, e);
    if (err != ERR_OK)
        return err;
    if (vips_colourspace (p->image, &out,
                          p->image->Bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB,
                          NULL))
        return picture_failed (e);
    picture_take (p, out);
    if (p->image->Bands > 4) {
        if (vips_extract_band (p->image, &out, 0, "n", 3, NULL))
            return picture_failed (e);
        picture_take (p, out);
    }
    if (vips_cast (p->image, &out, VIPS_FORMAT_UCHAR, NULL))
        return picture_failed (e);
    picture_take (p, out);
    return ERR_OK;
}

static void read_animation (struct picture *p)
{
    int *delays, n;
    p->n_frames = MAX (1, p->image->Ysize / vips_image_get_page_height (p->image));
    p->loop = get_int (p->image, "loop", 0);
    if (p->n_frames < 2 || vips_image_get_array_int (p->image, "delay", &delays, &n) || n < 1)
        return;
    p->delays = g_new (int, p->n_frames);
    for (int i = 0; i < p->n_frames; i++)
        p->delays[i] = delays[MIN (i, n - 1)];
}

static void read_header (struct render *r, const struct row *row)
{
    struct picture *p = &r->picture;
    int orientation = get_int (p->image, VIPS_META_ORIENTATION, 1);
    p->format = row->format;
    p->orientation = row->is_turned || orientation < 1 || orientation > 8 ? 1 : orientation;
    if (row->format == PROCESS_JPG)
        p->quality = jpeg_quality (r->source.bytes, r->source.size);
}

/* Again, with less to decode. */
static enum err load_less (struct render *r, const struct row *row, const struct wish *wish,
                           struct error *e)
{
    struct picture *p = &r->picture;
    VipsImage *less = NULL;
    if (row->load (&r->source, wish, &less))
        return picture_failed (e);
    if (wish->n == 1)
        p->full = picture_size (p);
    picture_take (p, less);
    return ERR_OK;
}

/* All pixels of a plain PNG at once, in place of libpng's. */
static void hurry_png (struct render *r)
{
    VipsImage *pixels;
    if (!png_decode (r->source.bytes, r->source.size, r->picture.image, &pixels))
        return;
    picture_take (&r->picture, pixels);
    r->picture.is_kept = true;
}

enum err load_picture (struct render *r, struct error *e)
{
    const struct row *row = NULL;
    struct picture *p = &r->picture;
    enum err err = source_load (&r->source, e);
    if (err == ERR_OK)
        err = find_row (&r->source, &row, e);
    if (err == ERR_OK)
        err = load_header (r, row, e);
    if (err != ERR_OK)
        return err;
    int frames = is_animated (row->format) ? get_int (p->image, "n-pages", 1) : 1;
    err = check_size (r, p->image->Xsize, p->image->Ysize, frames, e);
    if (err != ERR_OK)
        return err;
    read_header (r, row);
    struct wish wish = make_wish (r, row, p->image, frames, p->orientation);
    if (is_spared (row, &wish))
        err = load_less (r, row, &wish, e);
    if (err != ERR_OK)
        return err;
    if (row->format == PROCESS_PNG)
        hurry_png (r);
    read_animation (p);
    return normalise (p, e);
}
