/* What people and cameras wrote about a recording, from the tags of its container. */
#include <math.h>
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/text.h"
#include "worker/civil.h"
#include "worker/exif.h"
#include "worker/media.h"

json_t *media_text (const char *value, size_t limit, bool has_lines)
{
    g_autofree char *text = g_utf8_make_valid (value, (gssize) strnlen (value, limit));
    g_autoptr (GString) out = g_string_new (NULL);
    for (const char *p = text; *p; p = g_utf8_next_char (p)) {
        gunichar c = g_utf8_get_char (p);
        bool is_break = c == '\n' || c == '\t';
        if (c == '\r' || out->len + 6 > limit)
            continue;
        g_string_append_unichar (out, g_unichar_iscntrl (c) && !(is_break && has_lines) ? ' ' : c);
    }
    g_strstrip (out->str);
    return *out->str ? json_string (out->str) : NULL;
}

/* ---- where a tag may be ---- */

/* Ogg has its tags at the streams, and so have films whose container says little. */
static const char *find_in_streams (const AVFormatContext *format, const char *name)
{
    for (unsigned i = 0; i < format->nb_streams; i++) {
        const AVDictionaryEntry *tag = av_dict_get (format->streams[i]->metadata, name, NULL, 0);
        if (tag && *tag->value)
            return tag->value;
    }
    return NULL;
}

static const char *find (const AVFormatContext *format, const char *name)
{
    const AVDictionaryEntry *tag = av_dict_get (format->metadata, name, NULL, 0);
    return tag && *tag->value ? tag->value : NULL;
}

/* The first of the names that there is. */
static const char *find_any (const AVFormatContext *format, const char *const *names)
{
    const char *value = NULL;
    for (; *names && !value; names++)
        value = find (format, *names);
    return value;
}

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* ---- texts ---- */

static const struct {
    const char *member;
    const char *const *names;
    size_t limit;
} texts[] = {
    { "Title", NAMES ("title", "com.apple.quicktime.title"), LIMIT_CAPTION },
    { "Artist", NAMES ("artist", "author", "com.apple.quicktime.artist"), LIMIT_CAPTION },
    { "Album", NAMES ("album", "com.apple.quicktime.album"), LIMIT_CAPTION },
    { "AlbumArtist", NAMES ("album_artist", "albumartist", "album artist"), LIMIT_CAPTION },
    { "Composer", NAMES ("composer"), LIMIT_CAPTION },
    { "Performer", NAMES ("performer"), LIMIT_CAPTION },
    { "Language", NAMES ("language"), LIMIT_MEDIA_WORD },
};

static void report_texts (const AVFormatContext *format, json_t *meta)
{
    bool is_ogg = !strcmp (format->iformat->name, "ogg");
    for (size_t i = 0; i < G_N_ELEMENTS (texts); i++) {
        const char *value = find_any (format, texts[i].names);
        if (!value && is_ogg)
            value = find_in_streams (format, texts[i].names[0]);
        json_t *text = value ? media_text (value, texts[i].limit, false) : NULL;
        if (text)
            json_object_set_new (meta, texts[i].member, text);
    }
}

/* Of the container, else of the first sound that has one, else of any stream. */
static void report_language (const AVFormatContext *format, json_t *meta)
{
    const char *value = NULL;
    if (json_object_get (meta, "Language"))
        return;
    for (unsigned i = 0; i < format->nb_streams && !value; i++) {
        const AVStream *stream = format->streams[i];
        const AVDictionaryEntry *tag = av_dict_get (stream->metadata, "language", NULL, 0);
        if (tag && stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO && strcmp (tag->value, "und"))
            value = tag->value;
    }
    json_t *text = value ? media_text (value, LIMIT_MEDIA_WORD, false) : NULL;
    if (text)
        json_object_set_new (meta, "Language", text);
}

/* ---- time ---- */

/* The epochs of QuickTime and Unix are what cameras without a clock write. */
static bool is_epoch (const char *text)
{
    return g_str_has_prefix (text, "1904-01-01") || g_str_has_prefix (text, "1970-01-01");
}

/* A phone's own time knows its zone, the container's is UTC. A year alone is no time. */
static void report_time (const AVFormatContext *format, json_t *meta)
{
    const char *created = find (format, "creation_time");
    const char *const values[] = {
        find (format, "com.apple.quicktime.creationdate"),
        created ? created : find_in_streams (format, "creation_time"),
        find_any (format, NAMES ("date_recorded", "date", "tdrc", "tdrl")),
        !strcmp (format->iformat->name, "ogg") ? find_in_streams (format, "date") : NULL,
    };
    g_autoptr (GString) text = g_string_new (NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (values) && !text->len; i++)
        if (values[i] && !is_epoch (values[i]))
            (void) civil_append (text, values[i], NULL, NULL);
    if (text->len)
        json_object_set_new (meta, "ProduceTime", json_string (text->str));
}

/* ---- place ---- */

/* A signed angle of ISO 6709 at *p, with `n` digits of degrees, then none, two or four more of
 * minutes and seconds; moves *p behind it. */
static bool take_angle (const char **p, size_t n, double *ret)
{
    const char *start = *p;
    if (*start != '+' && *start != '-')
        return false;
    size_t digits = strspn (start + 1, "0123456789"), tail = 0;
    if (start[1 + digits] == '.')
        tail = 1 + strspn (start + 2 + digits, "0123456789");
    if ((digits != n && digits != n + 2 && digits != n + 4) || tail > 16)
        return false;
    double parts[3] = { 0 }; /* degrees, minutes, seconds; the last one has the fraction */
    const char *at = start + 1;
    for (size_t i = 0, left = digits; left; i++) {
        size_t take = i == 0 ? n : 2;
        left -= take;
        g_autofree char *part = g_strndup (at, take + (left ? 0 : tail));
        if (!text_parse_double (part, &parts[i]))
            return false;
        at += take;
    }
    double value = parts[0] + parts[1] / 60 + parts[2] / 3600;
    *p = start + 1 + digits + tail;
    *ret = *start == '-' ? -value : value;
    return true;
}

static void append_degrees (GString *out, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd (text, sizeof text, "%.6f", value);
    size_t n = strlen (text);
    while (text[n - 1] == '0')
        n--;
    text[text[n - 1] == '.' ? n - 1 : n] = '\0';
    g_string_append (out, strcmp (text, "-0") ? text : "0");
}

json_t *media_position (const char *text)
{
    double latitude, longitude;
    if (!take_angle (&text, 2, &latitude) || !take_angle (&text, 3, &longitude) ||
        fabs (latitude) > 90 || fabs (longitude) > 180)
        return NULL;
    g_autoptr (GString) out = g_string_new (NULL);
    append_degrees (out, latitude);
    g_string_append_c (out, ',');
    append_degrees (out, longitude);
    return json_string (out->str);
}

static void report_position (const AVFormatContext *format, json_t *meta)
{
    const char *text =
        find_any (format, NAMES ("com.apple.quicktime.location.iso6709", "location"));
    json_t *position = text ? media_position (text) : NULL;
    if (position)
        json_object_set_new (meta, "LatLong", position);
}

/* ---- the camera ---- */

static const struct {
    const char *tag;
    const char *const *names;
} camera[] = {
    { "Make", NAMES ("com.apple.quicktime.make", "com.android.manufacturer", "make") },
    { "Model", NAMES ("com.apple.quicktime.model", "com.android.model", "model") },
    { "Software", NAMES ("com.apple.quicktime.software", "com.android.version") },
};

/* In the form in which the tags of an image are answered. */
static void report_camera (const AVFormatContext *format, json_t *meta)
{
    struct exif x;
    exif_init (&x);
    for (size_t i = 0; i < G_N_ELEMENTS (camera); i++) {
        const char *value = find_any (format, camera[i].names);
        json_auto_t *text = value ? media_text (value, LIMIT_CAPTION, false) : NULL;
        if (text)
            exif_set (&x, camera[i].tag, json_string_value (text));
    }
    if (exif_get (&x, "Make") || exif_get (&x, "Model")) {
        char *text = json_dumps (x.tags, JSON_COMPACT | JSON_SORT_KEYS);
        json_object_set_new (meta, "EXIF", json_string (text));
        g_free (text);
    }
    exif_clear (&x);
}

void media_report_tags (const struct media *media, json_t *meta)
{
    report_texts (media->format, meta);
    report_language (media->format, meta);
    report_time (media->format, meta);
    report_position (media->format, meta);
    report_camera (media->format, meta);
}
