/* From the facts of an image to the fields of the answer. */
#include "worker/image.h"

#include <glib.h>

#include "base/clock.h"

void image_init (struct image *image, const char *format)
{
    *image = (struct image){ .format = format };
    exif_init (&image->exif);
}

void image_clear (struct image *image)
{
    exif_clear (&image->exif);
}

/* `n` digits at *p as a number; moves behind them and the one byte that must follow, if any. */
static int take_number (const char **p, int n, const char *separators)
{
    int value = 0;
    for (int i = 0; i < n; i++, (*p)++) {
        if (!g_ascii_isdigit (**p))
            return -1;
        value = value * 10 + (**p - '0');
    }
    if (*separators && (!**p || !strchr (separators, *(*p)++)))
        return -1;
    return value;
}

/* "2020:08:19 17:11:11" as "2020-08-19T17:11:11"; false if it is no time. */
static bool append_time (GString *out, const char *text)
{
    const char *p = text;
    int year = take_number (&p, 4, ":-/.");
    int month = year < 0 ? -1 : take_number (&p, 2, ":-/.");
    int day = month < 0 ? -1 : take_number (&p, 2, " T");
    int hour = day < 0 ? -1 : take_number (&p, 2, ":.");
    int minute = hour < 0 ? -1 : take_number (&p, 2, ":.");
    int second = minute < 0 ? -1 : take_number (&p, 2, "");
    int64_t ns;
    if (second < 0 || second > 59 ||
        !clock_from_civil (year, month, day, hour, minute, second, &ns))
        return false;
    g_string_append_printf (out, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day, hour, minute,
                            second);
    return true;
}

/* Digits of a fraction, without zeros at the end. */
static void append_fraction (GString *out, const char *text)
{
    size_t n = strspn (text, "0123456789");
    n = MIN (n, 9);
    while (n && text[n - 1] == '0')
        n--;
    if (n)
        g_string_append_printf (out, ".%.*s", (int) n, text);
}

static void append_zone (GString *out, const char *text)
{
    int minutes;
    if (!clock_parse_zone (text, &minutes))
        return;
    int east = ABS (minutes);
    g_string_append_printf (out, "%c%02d:%02d", minutes < 0 ? '-' : '+', east / 60, east % 60);
}

/* The first of the three times that is one, with fraction and zone where the file has them. */
static void report_time (const struct exif *x, json_t *meta)
{
    static const char *const names[][3] = {
        { "DateTimeOriginal", "SubSecTimeOriginal", "OffsetTimeOriginal" },
        { "DateTimeDigitized", "SubSecTimeDigitized", "OffsetTimeDigitized" },
        { "DateTime", "SubSecTime", "OffsetTime" },
    };
    g_autoptr (GString) text = g_string_new (NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (names) && !text->len; i++) {
        const char *time = exif_get (x, names[i][0]), *fraction = exif_get (x, names[i][1]),
                   *zone = exif_get (x, names[i][2]);
        if (!time || !append_time (text, time))
            continue;
        append_fraction (text, fraction ? fraction : "");
        append_zone (text, zone ? zone : "");
    }
    if (text->len)
        json_object_set_new (meta, "ProduceTime", json_string (text->str));
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

static void report_position (const struct exif *x, json_t *meta)
{
    if (!x->has_latitude || !x->has_longitude)
        return;
    g_autoptr (GString) text = g_string_new (NULL);
    append_degrees (text, x->latitude);
    g_string_append_c (text, ',');
    append_degrees (text, x->longitude);
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
    unsigned orientation = image->orientation ? image->orientation : image->exif.orientation;
    json_object_set_new (meta, "ImageWidth", json_integer ((json_int_t) image->width));
    json_object_set_new (meta, "ImageHeight", json_integer ((json_int_t) image->height));
    if (orientation)
        json_object_set_new (meta, "Orientation", json_integer (orientation));
    report_info (in, image, meta);
    report_time (&image->exif, meta);
    report_position (&image->exif, meta);
    return ERR_OK;
}
