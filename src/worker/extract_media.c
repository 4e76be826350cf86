/* Video and audio: what libav says of the container, and the order of the rest. */
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/media.h"
#include "worker/sniff.h"

static void report_container (const AVFormatContext *format, json_t *meta)
{
    const AVInputFormat *demuxer = format->iformat;
    json_object_set_new (meta, "FormatName", json_string (demuxer->name));
    json_object_set_new (meta, "FormatLongName", json_string (demuxer->long_name));
    json_object_set_new (meta, "StreamCount", json_integer (format->nb_streams));
    json_object_set_new (meta, "ProgramCount", json_integer (format->nb_programs));
    if (format->start_time != AV_NOPTS_VALUE)
        json_object_set_new (meta, "StartTime",
                             json_real ((double) format->start_time / AV_TIME_BASE));
    if (format->duration != AV_NOPTS_VALUE)
        json_object_set_new (meta, "Duration",
                             json_real ((double) format->duration / AV_TIME_BASE));
    if (format->bit_rate > 0 && format->bit_rate <= LIMIT_MEDIA_NUMBER)
        json_object_set_new (meta, "Bitrate", json_integer (format->bit_rate));
}

/* Containers whose first bytes do not say that there is no picture in them. */
static const struct {
    const char *type, *sound;
} sound_types[] = {
    { "video/mp4", "audio/mp4" },
    { "video/quicktime", "audio/mp4" },
    { "video/x-matroska", "audio/x-matroska" },
    { "video/webm", "audio/webm" },
    { "video/x-ms-wmv", "audio/x-ms-wma" },
    { "video/x-ms-asf", "audio/x-ms-wma" },
    { "video/3gpp", "audio/3gpp" },
    { "video/3gpp2", "audio/3gpp2" },
    { "application/vnd.rn-realmedia", "audio/x-pn-realaudio" },
};

static bool is_sound_only (const AVFormatContext *format)
{
    bool has_sound = false;
    for (unsigned i = 0; i < format->nb_streams; i++) {
        const AVStream *stream = format->streams[i];
        enum AVMediaType kind = stream->codecpar->codec_type;
        if (kind == AVMEDIA_TYPE_VIDEO && !media_is_attached (stream))
            return false;
        has_sound = has_sound || kind == AVMEDIA_TYPE_AUDIO;
    }
    return has_sound;
}

static void refine_type (const AVFormatContext *format, json_t *meta)
{
    const char *type = json_string_value (json_object_get (meta, "ContentType")), *sound = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS (sound_types) && !sound; i++)
        if (!strcmp (type, sound_types[i].type))
            sound = sound_types[i].sound;
    if (!sound || !is_sound_only (format))
        return;
    json_object_set_new (meta, "ContentType", json_string (sound));
    json_object_set_new (meta, "MediaType", json_string (sniff_media_type (sound)));
}

enum err extract_media (struct input *in, json_t *meta, struct error *e)
{
    const char *type = json_string_value (json_object_get (meta, "ContentType"));
    _cleanup_media_ struct media media;
    enum err err = media_open (in, type, &media, e);
    if (err != ERR_OK)
        return err;
    report_container (media.format, meta);
    media_report_streams (&media, meta);
    media_report_tags (&media, meta);
    media_report_covers (&media, meta);
    refine_type (media.format, meta);
    return ERR_OK;
}
