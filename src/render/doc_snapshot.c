/* doc/snapshot: poppler draws a page with cairo. No script runs, nothing outside of the object is
 * read but fonts that it does not bring along. */
#include <math.h>
#include <poppler.h>

#include "render/object.h"
#include "render/surface.h"
#include "worker/pdf_stream.h"
#include "worker/sniff.h"

#define PIXELS_A_POINT 2.0 /* 144 DPI */
#define PAGE_POINTS    1e6 /* a side is shorter: 70 times what the format allows */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PopplerDocument, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PopplerPage, g_object_unref)

static enum err open_document (struct input *in, GInputStream *stream, PopplerDocument **ret,
                               struct error *e)
{
    g_autoptr (GError) error = NULL;
    if (in->size > LIMIT_RENDER_SOURCE)
        return FAIL (e, IMAGE_TOO_LARGE, "documents of at most %llu MiB are drawn",
                     LIMIT_RENDER_SOURCE / MIB);
    if (g_strcmp0 (sniff (in), "application/pdf") != 0)
        return FAIL (e, PROCESS_REQUEST, "the object is no PDF");
    in->read_limit = LIMIT_DOCUMENT_READ;
    pdf_stream_set_deadline (stream, pdf_stream_now_us () + LIMIT_PAGE_MS * INT64_C (1000));
    *ret = poppler_document_new_from_stream (stream, (goffset) in->size, NULL, NULL, &error);
    if (!*ret && g_error_matches (error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED))
        return FAIL (e, PROCESS_REQUEST, "the PDF is locked with a password");
    if (!*ret)
        return FAIL (e, EXTRACT_FAILED, "the PDF is damaged: %s",
                     error ? error->message : "no document");
    return ERR_OK;
}

static enum err open_page (PopplerDocument *pdf, int number, PopplerPage **ret, struct error *e)
{
    int n = poppler_document_get_n_pages (pdf);
    if (number > n)
        return FAIL_ON (e, PROCESS_ARGUMENT, "page", "the document has only %d pages", n);
    *ret = poppler_document_get_page (pdf, number - 1);
    return *ret ? ERR_OK : FAIL (e, EXTRACT_FAILED, "page %d of the PDF is damaged", number);
}

/* Pixels a point, so that both sides and the area are within what a result may have. */
static double choose_scale (double width, double height)
{
    double scale = PIXELS_A_POINT;
    scale = MIN (scale, LIMIT_RESULT_SIDE / (MAX (width, height) + 1));
    return MIN (scale, sqrt (LIMIT_RESULT_PIXELS / (width * height + 1)));
}

static enum err draw (PopplerPage *page, VipsImage **ret, struct error *e)
{
    double width, height;
    poppler_page_get_size (page, &width, &height);
    if (!(width > 0 && height > 0 && width < PAGE_POINTS && height < PAGE_POINTS))
        return FAIL (e, EXTRACT_FAILED, "the page has no size");
    double scale = choose_scale (width, height);
    g_autoptr (cairo_surface_t) surface =
        cairo_image_surface_create (CAIRO_FORMAT_RGB24, MAX ((int) ceil (width * scale), 1),
                                    MAX ((int) ceil (height * scale), 1));
    g_autoptr (cairo_t) cairo = cairo_create (surface);
    cairo_set_source_rgb (cairo, 1, 1, 1);
    cairo_paint (cairo);
    cairo_scale (cairo, scale, scale);
    poppler_page_render (page, cairo);
    return surface_to_image (surface, ret, e);
}

enum err object_doc_snapshot (struct render *r, struct error *e)
{
    const struct process_doc_snapshot *s = &r->process->ops[0].doc_snapshot;
    g_autofree struct input *in = g_new (struct input, 1);
    input_init (in, r->source.fd, r->source.size, r->source.extension);
    g_autoptr (GInputStream) stream = pdf_stream_new (in);
    g_autoptr (PopplerDocument) pdf = NULL;
    g_autoptr (PopplerPage) page = NULL;
    g_autoptr (VipsImage) image = NULL;
    enum err err = open_document (in, stream, &pdf, e);
    if (err == ERR_OK)
        err = open_page (pdf, s->page, &page, e);
    if (err == ERR_OK)
        err = draw (page, &image, e);
    if (in->error)
        return FAIL (e, IO, "the object cannot be read: %s", g_strerror (in->error));
    if (err != ERR_OK)
        return err;
    picture_take (&r->picture, g_steal_pointer (&image));
    r->picture.is_kept = true;
    r->picture.format = s->target == PROCESS_SNAPSHOT_PNG ? PROCESS_PNG : PROCESS_JPG;
    return ERR_OK;
}
