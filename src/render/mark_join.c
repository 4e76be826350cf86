/* A mark of an image and a text. */
#include "render/mark.h"
#include "render/pixels.h"

/* Distance from the top: align is 0 at the top, 1 in the middle, 2 at the bottom. */
static int drop (int align, int height, const VipsImage *image)
{
    return (height - image->Ysize) * align / 2;
}

enum err mark_join (const struct process_watermark *w, VipsImage *image, VipsImage *text,
                    VipsImage **ret, struct error *e)
{
    VipsImage *left = w->order ? text : image, *right = w->order ? image : text;
    int x = left->Xsize + w->interval, width = x + right->Xsize;
    int height = MAX (left->Ysize, right->Ysize);
    g_autoptr (VipsImage) canvas = NULL, with_left = NULL;
    if ((int64_t) width * height > LIMIT_RESULT_PIXELS)
        return FAIL (e, WATERMARK, "image and text together are larger than %d pixels",
                     LIMIT_RESULT_PIXELS);
    if (vips_embed (left, &with_left, 0, drop (w->align, height, left), width, height, NULL) ||
        vips_insert (with_left, right, &canvas, x, drop (w->align, height, right), NULL))
        return picture_failed (e);
    *ret = vips_image_copy_memory (canvas);
    return *ret ? ERR_OK : picture_failed (e);
}
