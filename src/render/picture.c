/* Pictures. Knows nothing of formats and operations. */
#include "render/picture.h"

#include <glib.h>
#include <string.h>

#include "base/limits.h"
#include "base/macros.h"

enum err picture_failed (struct error *e)
{
    g_autofree char *said = g_utf8_make_valid (vips_error_buffer (), -1);
    vips_error_clear ();
    bool is_memory = strstr (said, "out of memory");
    char *last = strrchr (g_strstrip (said), '\n');
    last = last ? last + 1 : said;
    if (is_memory)
        return FAIL (e, IMAGE_TOO_LARGE, "the picture needs more memory than a job may have");
    return FAIL (e, EXTRACT_FAILED, "the picture cannot be decoded%s%s", *last ? ": " : "", last);
}

void picture_clear (struct picture *p)
{
    g_clear_object (&p->image);
    g_free (p->delays);
    *p = PICTURE_NONE;
}

void picture_take (struct picture *p, VipsImage *image)
{
    g_clear_object (&p->image);
    vips_image_set_progress (image, FALSE); /* of the loader's image, which may be gone by then */
    p->image = image;
    p->is_kept = false;
}

enum err picture_keep (struct picture *p, struct error *e)
{
    if (p->is_kept)
        return ERR_OK;
    VipsImage *kept = vips_image_copy_memory (p->image);
    if (!kept)
        return picture_failed (e);
    picture_take (p, kept);
    p->is_kept = true;
    return ERR_OK;
}

/* The frames of `p`, each through `f`. */
static enum err map_frames (struct picture *p, picture_frame_fn *f, void *arg, GPtrArray *to,
                            struct error *e)
{
    int height = picture_height (p);
    for (int i = 0; i < p->n_frames; i++) {
        g_autoptr (VipsImage) frame = NULL;
        VipsImage *result = NULL;
        if (vips_extract_area (p->image, &frame, 0, i * height, p->image->Xsize, height, NULL))
            return picture_failed (e);
        enum err err = f (frame, arg, &result, e);
        if (err != ERR_OK)
            return err;
        g_ptr_array_add (to, result);
    }
    return ERR_OK;
}

enum err picture_each (struct picture *p, picture_frame_fn *f, void *arg, struct error *e)
{
    VipsImage *joined = NULL;
    if (p->n_frames == 1) {
        enum err err = f (p->image, arg, &joined, e);
        if (err == ERR_OK)
            picture_take (p, joined);
        return err;
    }
    g_autoptr (GPtrArray) frames = g_ptr_array_new_with_free_func (g_object_unref);
    enum err err = map_frames (p, f, arg, frames, e);
    if (err != ERR_OK)
        return err;
    if (vips_arrayjoin ((VipsImage **) frames->pdata, &joined, p->n_frames, "across", 1, NULL))
        return picture_failed (e);
    picture_take (p, joined);
    return ERR_OK;
}

enum err picture_add_alpha (struct picture *p, struct error *e)
{
    VipsImage *with = NULL;
    if (picture_has_alpha (p))
        return ERR_OK;
    if (vips_bandjoin_const1 (p->image, &with, 255, NULL))
        return picture_failed (e);
    picture_take (p, with);
    return ERR_OK;
}

enum err picture_to_rgb (struct picture *p, struct error *e)
{
    VipsImage *rgb = NULL;
    if (p->image->Bands >= 3)
        return ERR_OK;
    if (vips_colourspace (p->image, &rgb, VIPS_INTERPRETATION_sRGB, NULL))
        return picture_failed (e);
    picture_take (p, rgb);
    return ERR_OK;
}

enum err picture_to_srgb (struct picture *p, struct error *e UNUSED)
{
    VipsImage *srgb = NULL;
    if (!p->has_profile)
        return ERR_OK;
    p->has_profile = false;
    if (vips_icc_transform (p->image, &srgb, "srgb", "embedded", TRUE, "input_profile",
                            p->image->Type == VIPS_INTERPRETATION_CMYK ? "cmyk" : "srgb", "depth",
                            8, NULL)) {
        vips_error_clear (); /* a profile that is broken is none */
        return ERR_OK;
    }
    picture_take (p, srgb);
    return ERR_OK;
}

enum err picture_flatten (struct picture *p, struct error *e)
{
    VipsImage *flat = NULL;
    if (!picture_has_alpha (p))
        return ERR_OK;
    VipsArrayDouble *white = vips_array_double_newv (1, 255.0);
    int failed = vips_flatten (p->image, &flat, "background", white, NULL);
    vips_area_unref (VIPS_AREA (white));
    if (failed)
        return picture_failed (e);
    picture_take (p, flat);
    return ERR_OK;
}

enum err picture_first_frame (struct picture *p, struct error *e)
{
    VipsImage *first = NULL;
    if (p->n_frames == 1)
        return ERR_OK;
    if (vips_extract_area (p->image, &first, 0, 0, picture_width (p), picture_height (p), NULL))
        return picture_failed (e);
    picture_take (p, first);
    p->n_frames = 1;
    return ERR_OK;
}
