/* From the facts of an image to the fields of the answer. */
#include "worker/image.h"

#include <string.h>
#include <glib.h>

#include "worker/civil.h"

void image_init (struct image *image, const char *format)
{
    *image = (struct image){ .format = format };
    exif_init (&image->exif);
}

void image_clear (struct image *image)
{
    exif_clear (&image->exif);
    caption_clear (&image->xmp);
    caption_clear (&image->iptc);
}

static const char *text_of (const char *a, const char *b, const char *c)
{
    return a ? a : b ? b : c;
}

/* In the order of caption.h. */
static void report_time (const struct image *image, json_t *meta)
{
    const struct exif *x = &image->exif;
    const struct {
        const char *time, *fraction, *zone;
    } times[] = {
        { exif_get (x, "DateTimeOriginal"), exif_get (x, "SubSecTimeOriginal"),
          exif_get (x, "OffsetTimeOriginal") },
        { exif_get (x, "DateTimeDigitized"), exif_get (x, "SubSecTimeDigitized"),
          exif_get (x, "OffsetTimeDigitized") },
        { image->xmp.time, NULL, NULL },
        { image->iptc.time, NULL, NULL },
        { exif_get (x, "DateTime"), exif_get (x, "SubSecTime"), exif_get (x, "OffsetTime") },
    };
    g_autoptr (GString) text = g_string_new (NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (times) && !text->len; i++)
        if (times[i].time)
            (void) civil_append (text, times[i].time, times[i].fraction, times[i].zone);
    if (text->len)
        json_object_set_new (meta, "ProduceTime", json_string (text->str));
}

static void report_caption (const struct image *image, json_t *meta)
{
    const struct exif *x = &image->exif;
    char *title = NULL, *artist = NULL;
    const char *exif_title = exif_get (x, "XPTitle"),
               *exif_artist = text_of (exif_get (x, "Artist"), exif_get (x, "XPAuthor"), NULL);
    const char *from = text_of (image->xmp.title, image->iptc.title, exif_title);
    caption_set (&title, from ? from : "", from ? strlen (from) : 0);
    from = text_of (image->xmp.artist, image->iptc.artist, exif_artist);
    caption_set (&artist, from ? from : "", from ? strlen (from) : 0);
    if (title)
        json_object_set_new (meta, "Title", json_string (title));
    if (artist)
        json_object_set_new (meta, "Artist", json_string (artist));
    g_free (title);
    g_free (artist);
}

static void append_degrees (GString *out, double value)
{
    char buf[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd (buf, sizeof buf, "%.6f", value);
    size_t n = strlen (buf);
    while (buf[n - 1] == '0')
        n--;
    n -= buf[n - 1] == '.';
    buf[n] = '\0';
    g_string_append (out, strcmp (buf, "-0") ? buf : "0");
}

static void report_position (const struct image *image, json_t *meta)
{
    const struct exif *x = &image->exif;
    const struct caption *c = &image->xmp;
    bool has_exif = x->has_latitude && x->has_longitude;
    if (!has_exif && !(c->has_latitude && c->has_longitude))
        return;
    g_autoptr (GString) text = g_string_new (NULL);
    append_degrees (text, has_exif ? x->latitude : c->latitude);
    g_string_append_c (text, ',');
    append_degrees (text, has_exif ? x->longitude : c->longitude);
    json_object_set_new (meta, "LatLong", json_string (text->str));
}

static void set_number (struct exif *x, const char *name, uint64_t value)
{
    char buf[32];
    g_snprintf (buf, sizeof buf, "%" G_GUINT64_FORMAT, value);
    exif_set (x, name, buf);
}

/* The answer of image/info: the tags, and four facts that are the image's own whatever the tags
 * say. */
static void report_info (const struct input *in, struct image *image, json_t *meta)
{
    struct exif *x = &image->exif;
    set_number (x, "FileSize", in->size);
    set_number (x, "ImageWidth", image->width);
    set_number (x, "ImageHeight", image->height);
    exif_set (x, "Format", image->format);
    char *text = json_dumps (x->tags, JSON_COMPACT | JSON_SORT_KEYS);
    json_object_set_new (meta, "EXIF", json_string (text));
    g_free (text);
}

enum err image_report (const struct input *in, struct image *image, json_t *meta, struct error *e)
{
    if (!image->width || !image->height || image->width > INT32_MAX || image->height > INT32_MAX)
        return FAIL (e, EXTRACT_FAILED, "no width and height in the header of the %s",
                     image->format);
    unsigned orientation = image->orientation        ? image->orientation
                           : image->exif.orientation ? image->exif.orientation
                                                     : image->xmp.orientation;
    json_object_set_new (meta, "ImageWidth", json_integer ((json_int_t) image->width));
    json_object_set_new (meta, "ImageHeight", json_integer ((json_int_t) image->height));
    if (orientation)
        json_object_set_new (meta, "Orientation", json_integer (orientation));
    report_info (in, image, meta);
    report_time (image, meta);
    report_position (image, meta);
    report_caption (image, meta);
    return ERR_OK;
}
