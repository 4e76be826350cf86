/* A mark of text, drawn by pango and cairo. */
#include <math.h>

#include "process/geometry.h"
#include "render/fonts.h"
#include "render/mark.h"
#include "render/surface.h"

#define SHADOW_PART 20 /* the shadow falls that part of the size to the right and down */

/* What is drawn where: the box of the text, which has room for its shadow. */
struct drawing {
    const struct process_watermark *w;
    PangoLayout *layout;
    int x, y, width, height; /* the text begins at (x, y) of the box */
    int shadow;              /* by how much it is off; 0: there is none */
};

static void measure (struct drawing *d)
{
    PangoRectangle ink, box;
    pango_layout_get_pixel_extents (d->layout, &ink, &box);
    int left = MIN (ink.x, box.x), top = MIN (ink.y, box.y);
    d->shadow = d->w->shadow ? MAX (1, d->w->size / SHADOW_PART) : 0;
    d->x = -left;
    d->y = -top;
    d->width = MAX (ink.x + ink.width, box.x + box.width) - left + d->shadow;
    d->height = MAX (ink.y + ink.height, box.y + box.height) - top + d->shadow;
}

static void draw (const struct drawing *d, cairo_t *cairo, struct process_size canvas)
{
    uint32_t color = d->w->color;
    cairo_translate (cairo, canvas.width / 2.0, canvas.height / 2.0);
    cairo_rotate (cairo, d->w->rotate * G_PI / 180);
    cairo_translate (cairo, d->x - d->width / 2.0, d->y - d->height / 2.0);
    if (d->shadow) {
        cairo_move_to (cairo, d->shadow, d->shadow);
        cairo_set_source_rgba (cairo, 0, 0, 0, d->w->shadow / 100.0);
        pango_cairo_show_layout (cairo, d->layout);
    }
    cairo_move_to (cairo, 0, 0);
    cairo_set_source_rgb (cairo, (color >> 16) / 255.0, (color >> 8 & 255) / 255.0,
                          (color & 255) / 255.0);
    pango_cairo_show_layout (cairo, d->layout);
}

enum err mark_text (const struct process_watermark *w, VipsImage **ret, struct error *e)
{
    g_autoptr (PangoLayout) layout = fonts_layout (w->type, w->size, w->text);
    struct drawing d = { .w = w, .layout = layout };
    measure (&d);
    *ret = NULL;
    if (d.width <= 0 || d.height <= 0)
        return ERR_OK;
    struct process_size canvas = process_rotated (
        w->rotate, (struct process_size){ (uint32_t) d.width, (uint32_t) d.height });
    if ((uint64_t) canvas.width * canvas.height > LIMIT_RESULT_PIXELS ||
        MAX (canvas.width, canvas.height) > LIMIT_RESULT_SIDE)
        return FAIL (e, PROCESS_REQUEST, "font content is too large");
    g_autoptr (cairo_surface_t) surface =
        cairo_image_surface_create (CAIRO_FORMAT_ARGB32, (int) canvas.width, (int) canvas.height);
    g_autoptr (cairo_t) cairo = cairo_create (surface);
    draw (&d, cairo, canvas);
    return surface_to_image (surface, ret, e);
}
