/* From the facts of an image to the fields of the answer. */
#include "worker/image.h"

#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/text.h"
#include "worker/civil.h"

void image_init (struct image *image, const char *format)
{
    *image = (struct image){ .format = format, .frames = 1 };
    exif_init (&image->exif);
}

void image_clear (struct image *image)
{
    exif_clear (&image->exif);
    g_clear_pointer (&image->profile, g_free);
    caption_clear (&image->xmp);
    caption_clear (&image->iptc);
}

static const char *text_of (const char *a, const char *b, const char *c)
{
    return a ? a : b ? b : c;
}

/* Whether digits of `text` are those that `time` begins with, fractions and zones aside. */
static bool repeats (const char *text, const char *time)
{
    const char *end = text + strnlen (text, strlen ("2020-08-19T17:11:11"));
    for (; time && text < end; text++) {
        if (!g_ascii_isdigit (*text))
            continue;
        while (*time && !g_ascii_isdigit (*time))
            time++;
        if (*time++ != *text)
            return false;
    }
    return time;
}

/* When the picture was taken, as the sidecar says. What it leaves out of EXIF's time, EXIF knows.
 */
static void append_edited_time (GString *out, const struct caption *sidecar, const struct exif *x)
{
    bool is_date = sidecar->time && !strpbrk (sidecar->time, "T ");
    bool is_same = sidecar->time && repeats (sidecar->time, exif_get (x, "DateTimeOriginal"));
    if (!sidecar->time || sidecar->is_created || (is_same && is_date))
        return;
    (void) civil_append (out, sidecar->time, is_same ? exif_get (x, "SubSecTimeOriginal") : NULL,
                         is_same ? exif_get (x, "OffsetTimeOriginal") : NULL);
}

/* The zone of the time at which the picture was taken; NULL: not known. `buffer` keeps it. */
static const char *find_zone (const struct exif *x, GString *buffer)
{
    const char *zone = exif_get (x, "OffsetTimeOriginal"), *time = exif_get (x, "DateTimeOriginal");
    const char *date = exif_get (x, "GPSDateStamp"), *clock = exif_get (x, "GPSTimeStamp");
    if (!zone && time && date && clock)
        civil_append_zone (buffer, time, date, clock);
    return zone ? zone : buffer->len ? buffer->str : NULL;
}

/* In the order of caption.h. */
static void report_time (const struct image *image, const struct caption *sidecar, json_t *meta)
{
    const struct exif *x = &image->exif;
    g_autoptr (GString) zone = g_string_new (NULL);
    const struct {
        const char *time, *fraction, *zone;
    } times[] = {
        { exif_get (x, "DateTimeOriginal"), exif_get (x, "SubSecTimeOriginal"),
          find_zone (x, zone) },
        { exif_get (x, "DateTimeDigitized"), exif_get (x, "SubSecTimeDigitized"),
          exif_get (x, "OffsetTimeDigitized") },
        { sidecar->time, NULL, NULL },
        { image->xmp.time, NULL, NULL },
        { image->iptc.time, NULL, NULL },
        { exif_get (x, "DateTime"), exif_get (x, "SubSecTime"), exif_get (x, "OffsetTime") },
    };
    g_autoptr (GString) text = g_string_new (NULL);
    append_edited_time (text, sidecar, x);
    for (size_t i = 0; i < G_N_ELEMENTS (times) && !text->len; i++)
        if (times[i].time)
            (void) civil_append (text, times[i].time, times[i].fraction, times[i].zone);
    if (text->len)
        json_object_set_new (meta, "ProduceTime", json_string (text->str));
}

static void report_caption (const struct image *image, const struct caption *sidecar, json_t *meta)
{
    const struct exif *x = &image->exif;
    char *title = NULL, *artist = NULL;
    const char *exif_title = exif_get (x, "XPTitle"),
               *exif_artist = text_of (exif_get (x, "Artist"), exif_get (x, "XPAuthor"), NULL);
    const char *from =
        text_of (sidecar->title, image->xmp.title, text_of (image->iptc.title, exif_title, NULL));
    caption_set (&title, from ? from : "", from ? strlen (from) : 0);
    from = text_of (sidecar->artist, image->xmp.artist,
                    text_of (image->iptc.artist, exif_artist, NULL));
    caption_set (&artist, from ? from : "", from ? strlen (from) : 0);
    if (title)
        json_object_set_new (meta, "Title", json_string (title));
    if (artist)
        json_object_set_new (meta, "Artist", json_string (artist));
    g_free (title);
    g_free (artist);
}

static void add_labels (GPtrArray **all, GPtrArray *keywords)
{
    for (unsigned i = 0; keywords && i < keywords->len; i++) {
        const char *keyword = g_ptr_array_index (keywords, i);
        caption_add_keyword (all, keyword, strlen (keyword));
    }
}

/* A sidecar has all keywords: one that is not in it was taken away. XPKeywords are one text, with
 * semicolons between. */
static void report_labels (const struct image *image, const struct caption *sidecar, json_t *meta)
{
    g_autoptr (GPtrArray) all = NULL;
    const char *text = exif_get (&image->exif, "XPKeywords");
    g_auto (GStrv) parts = g_strsplit (text ? text : "", ";", LIMIT_KEYWORDS);
    add_labels (&all, sidecar->keywords);
    add_labels (&all, sidecar->keywords ? NULL : image->xmp.keywords);
    add_labels (&all, sidecar->keywords ? NULL : image->iptc.keywords);
    for (char **p = parts; *p && !sidecar->keywords; p++)
        caption_add_keyword (&all, *p, strlen (*p));
    if (!all)
        return;
    json_t *labels = json_array ();
    for (unsigned i = 0; i < all->len; i++)
        json_array_append_new (
            labels, json_pack ("{s:s, s:f}", "LabelName", all->pdata[i], "LabelConfidence", 1.0));
    json_object_set_new (meta, "Labels", labels);
}

static void report_rating (const struct image *image, const struct caption *sidecar, json_t *meta)
{
    const char *text = exif_get (&image->exif, "Rating");
    uint64_t rating;
    if (sidecar->has_rating)
        json_object_set_new (meta, "Rating", json_integer (sidecar->rating));
    else if (image->xmp.has_rating)
        json_object_set_new (meta, "Rating", json_integer (image->xmp.rating));
    else if (text && text_parse_u64 (text, &rating) && rating <= 5)
        json_object_set_new (meta, "Rating", json_integer ((json_int_t) rating));
}

static void report_kind (const struct image *image, const struct caption *sidecar, json_t *meta)
{
    const char *language = text_of (sidecar->language, image->xmp.language, NULL);
    if (image->frames)
        json_object_set_new (meta, "FrameCount", json_integer ((json_int_t) image->frames));
    if (image->profile)
        json_object_set_new (meta, "ColorProfile", json_string (image->profile));
    if (language)
        json_object_set_new (meta, "Language", json_string (language));
    if (image->is_motion || image->xmp.is_motion || exif_get (&image->exif, "ContentIdentifier"))
        json_object_set_new (meta, "MotionPhoto", json_string ("true"));
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

static void report_position (const struct image *image, const struct caption *sidecar, json_t *meta)
{
    const struct exif *x = &image->exif;
    const struct caption *c = &image->xmp;
    const struct {
        bool is_there;
        double latitude, longitude;
    } positions[] = {
        { sidecar->has_latitude && sidecar->has_longitude, sidecar->latitude, sidecar->longitude },
        { x->has_latitude && x->has_longitude, x->latitude, x->longitude },
        { c->has_latitude && c->has_longitude, c->latitude, c->longitude },
    };
    size_t i = 0;
    while (i < G_N_ELEMENTS (positions) && !positions[i].is_there)
        i++;
    if (i == G_N_ELEMENTS (positions))
        return;
    g_autoptr (GString) text = g_string_new (NULL);
    append_degrees (text, positions[i].latitude);
    g_string_append_c (text, ',');
    append_degrees (text, positions[i].longitude);
    json_object_set_new (meta, "LatLong", json_string (text->str));
}

static void set_number (struct exif *x, const char *name, uint64_t value)
{
    char buf[32];
    g_snprintf (buf, sizeof buf, "%" G_GUINT64_FORMAT, value);
    exif_set (x, name, buf);
}

/* The answer of image/info: the tags, and five facts that are the image's own whatever the tags
 * say. */
static void report_info (const struct input *in, struct image *image, json_t *meta)
{
    struct exif *x = &image->exif;
    set_number (x, "FileSize", in->size);
    set_number (x, "ImageWidth", image->width);
    set_number (x, "ImageHeight", image->height);
    if (image->frames)
        set_number (x, "FrameCount", image->frames);
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
    if (image->frames > LIMIT_FRAMES)
        image->frames = 0;
    static const struct caption none;
    const struct caption *sidecar = in->sidecar ? in->sidecar : &none;
    unsigned orientation = image->orientation        ? image->orientation
                           : sidecar->orientation    ? sidecar->orientation
                           : image->exif.orientation ? image->exif.orientation
                                                     : image->xmp.orientation;
    json_object_set_new (meta, "ImageWidth", json_integer ((json_int_t) image->width));
    json_object_set_new (meta, "ImageHeight", json_integer ((json_int_t) image->height));
    if (orientation)
        json_object_set_new (meta, "Orientation", json_integer (orientation));
    report_info (in, image, meta);
    report_time (image, sidecar, meta);
    report_position (image, sidecar, meta);
    report_caption (image, sidecar, meta);
    report_labels (image, sidecar, meta);
    report_rating (image, sidecar, meta);
    report_kind (image, sidecar, meta);
    return ERR_OK;
}
