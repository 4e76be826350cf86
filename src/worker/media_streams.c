/* The streams of a container, one row a field. A function answers NULL where nothing is known. */
#include <math.h>
#include <string.h>
#include <glib.h>
#include <libavcodec/avcodec.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>

#include "base/limits.h"
#include "worker/media.h"

struct stream {
    AVFormatContext *format;
    AVStream *av;
    const AVCodecParameters *codec;
    const AVCodecDescriptor *descriptor; /* NULL: a codec that libav does not know */
};

/* ---- forms of values ---- */

static json_t *name_of (const char *name)
{
    return name ? media_text (name, LIMIT_MEDIA_NAME, false) : NULL;
}

/* What is beyond the largest is nonsense of a damaged header. */
static json_t *natural (int64_t number, int64_t most)
{
    return number >= 0 && number <= most ? json_integer (number) : NULL;
}

/* Not 0, which libav says where it does not know. */
static json_t *positive (int64_t number, int64_t most)
{
    return number ? natural (number, most) : NULL;
}

/* Seconds, to the microsecond. */
static json_t *seconds (const struct stream *s, int64_t time)
{
    if (time == AV_NOPTS_VALUE)
        return NULL;
    double value = (double) time * av_q2d (s->av->time_base);
    return isfinite (value) ? json_real (round (value * 1e6) / 1e6) : NULL;
}

static json_t *ratio (AVRational q, char between)
{
    char text[32];
    g_snprintf (text, sizeof text, "%d%c%d", q.num, between, q.den);
    return q.num && q.den ? json_string (text) : NULL;
}

/* ---- of all kinds ---- */

static json_t *get_index (const struct stream *s)
{
    return json_integer (s->av->index);
}

static json_t *get_language (const struct stream *s)
{
    const AVDictionaryEntry *tag = av_dict_get (s->av->metadata, "language", NULL, 0);
    return tag ? media_text (tag->value, LIMIT_MEDIA_WORD, false) : NULL;
}

static json_t *get_codec_name (const struct stream *s)
{
    return name_of (s->descriptor ? s->descriptor->name : NULL);
}

static json_t *get_codec_long_name (const struct stream *s)
{
    return name_of (s->descriptor ? s->descriptor->long_name : NULL);
}

/* As ffprobe said it until it had no such field any more, without its doubling for fields: the
 * inverse of the average frame rate, or of the sample rate. */
static json_t *get_codec_time_base (const struct stream *s)
{
    if (s->codec->codec_type == AVMEDIA_TYPE_AUDIO)
        return ratio ((AVRational){ 1, s->codec->sample_rate }, '/');
    return ratio (av_inv_q (s->av->avg_frame_rate), '/');
}

static json_t *get_codec_tag_string (const struct stream *s)
{
    char text[AV_FOURCC_MAX_STRING_SIZE];
    return json_string (av_fourcc_make_string (text, s->codec->codec_tag));
}

static json_t *get_codec_tag (const struct stream *s)
{
    char text[16];
    g_snprintf (text, sizeof text, "0x%04x", s->codec->codec_tag);
    return json_string (text);
}

static json_t *get_time_base (const struct stream *s)
{
    return ratio (s->av->time_base, '/');
}

static json_t *get_start_time (const struct stream *s)
{
    return seconds (s, s->av->start_time);
}

static json_t *get_duration (const struct stream *s)
{
    return seconds (s, s->av->duration);
}

static json_t *get_bitrate (const struct stream *s)
{
    return positive (s->codec->bit_rate, LIMIT_MEDIA_NUMBER);
}

static json_t *get_frame_count (const struct stream *s)
{
    return positive (s->av->nb_frames, LIMIT_MEDIA_NUMBER);
}

/* ---- pictures ---- */

static json_t *get_profile (const struct stream *s)
{
    if (s->codec->profile == FF_PROFILE_UNKNOWN)
        return NULL;
    const char *name = avcodec_profile_name (s->codec->codec_id, s->codec->profile);
    char number[16];
    g_snprintf (number, sizeof number, "%d", s->codec->profile);
    return name_of (name ? name : number);
}

static json_t *get_width (const struct stream *s)
{
    return positive (s->codec->width, LIMIT_MEDIA_COUNT);
}

static json_t *get_height (const struct stream *s)
{
    return positive (s->codec->height, LIMIT_MEDIA_COUNT);
}

static json_t *get_b_frames (const struct stream *s)
{
    return natural (s->codec->video_delay, LIMIT_MEDIA_COUNT);
}

static json_t *get_sample_ratio (const struct stream *s)
{
    return ratio (av_guess_sample_aspect_ratio (s->format, s->av, NULL), ':');
}

static json_t *get_display_ratio (const struct stream *s)
{
    AVRational pixel = av_guess_sample_aspect_ratio (s->format, s->av, NULL), display = { 0, 1 };
    if (pixel.num)
        av_reduce (&display.num, &display.den, s->codec->width * (int64_t) pixel.num,
                   s->codec->height * (int64_t) pixel.den, 1024 * 1024);
    return ratio (display, ':');
}

static json_t *get_pixel_format (const struct stream *s)
{
    return name_of (av_get_pix_fmt_name ((enum AVPixelFormat) s->codec->format));
}

static json_t *get_level (const struct stream *s)
{
    return natural (s->codec->level, LIMIT_MEDIA_COUNT);
}

static json_t *get_frame_rate (const struct stream *s)
{
    return ratio (s->av->r_frame_rate, '/');
}

static json_t *get_average_frame_rate (const struct stream *s)
{
    return ratio (s->av->avg_frame_rate, '/');
}

/* Degrees clockwise, as the tag `rotate` had them: 0 to 359. A picture that is not turned has none.
 */
static json_t *get_rotate (const struct stream *s)
{
    size_t size = 0;
    const uint8_t *matrix = av_stream_get_side_data (s->av, AV_PKT_DATA_DISPLAYMATRIX, &size);
    double turn = matrix && size >= 36 ? av_display_rotation_get ((const int32_t *) matrix) : NAN;
    if (isnan (turn))
        return NULL;
    char text[16];
    g_snprintf (text, sizeof text, "%ld", (lrint (-turn) + 360) % 360);
    return strcmp (text, "0") ? json_string (text) : NULL;
}

static json_t *get_bit_depth (const struct stream *s)
{
    const AVPixFmtDescriptor *pixels = av_pix_fmt_desc_get ((enum AVPixelFormat) s->codec->format);
    int bits = s->codec->bits_per_raw_sample;
    return positive (bits > 0 || !pixels ? bits : pixels->comp[0].depth, LIMIT_MEDIA_COUNT);
}

static json_t *get_color_space (const struct stream *s)
{
    bool is_known = s->codec->color_space != AVCOL_SPC_UNSPECIFIED;
    return name_of (is_known ? av_color_space_name (s->codec->color_space) : NULL);
}

static json_t *get_color_range (const struct stream *s)
{
    bool is_known = s->codec->color_range != AVCOL_RANGE_UNSPECIFIED;
    return name_of (is_known ? av_color_range_name (s->codec->color_range) : NULL);
}

static json_t *get_color_transfer (const struct stream *s)
{
    bool is_known = s->codec->color_trc != AVCOL_TRC_UNSPECIFIED;
    return name_of (is_known ? av_color_transfer_name (s->codec->color_trc) : NULL);
}

static json_t *get_color_primaries (const struct stream *s)
{
    bool is_known = s->codec->color_primaries != AVCOL_PRI_UNSPECIFIED;
    return name_of (is_known ? av_color_primaries_name (s->codec->color_primaries) : NULL);
}

/* ---- sound ---- */

/* Of the stream, or of a container that has only one lyric for all. */
static json_t *get_lyric (const struct stream *s)
{
    const AVDictionary *const tags[] = { s->av->metadata, s->format->metadata };
    for (size_t i = 0; i < G_N_ELEMENTS (tags); i++) {
        const AVDictionaryEntry *tag = av_dict_get (tags[i], "lyrics", NULL, AV_DICT_IGNORE_SUFFIX);
        tag = tag ? tag : av_dict_get (tags[i], "unsyncedlyrics", NULL, 0);
        json_t *text = tag ? media_text (tag->value, LIMIT_MEDIA_LYRIC, true) : NULL;
        if (text)
            return text;
    }
    return NULL;
}

static json_t *get_sample_format (const struct stream *s)
{
    return name_of (av_get_sample_fmt_name ((enum AVSampleFormat) s->codec->format));
}

static json_t *get_sample_rate (const struct stream *s)
{
    return positive (s->codec->sample_rate, LIMIT_MEDIA_COUNT);
}

static json_t *get_channels (const struct stream *s)
{
    return positive (s->codec->ch_layout.nb_channels, LIMIT_MEDIA_COUNT);
}

static json_t *get_channel_layout (const struct stream *s)
{
    char text[LIMIT_MEDIA_NAME];
    bool is_known = s->codec->ch_layout.order != AV_CHANNEL_ORDER_UNSPEC &&
                    av_channel_layout_describe (&s->codec->ch_layout, text, sizeof text) > 0;
    return name_of (is_known ? text : NULL);
}

/* ---- the tables ---- */

struct field {
    const char *name;
    json_t *(*get) (const struct stream *s);
};

static const struct field video_fields[] = {
    { "Index", get_index },
    { "Language", get_language },
    { "CodecName", get_codec_name },
    { "CodecLongName", get_codec_long_name },
    { "Profile", get_profile },
    { "CodecTimeBase", get_codec_time_base },
    { "CodecTagString", get_codec_tag_string },
    { "CodecTag", get_codec_tag },
    { "Width", get_width },
    { "Height", get_height },
    { "HasBFrames", get_b_frames },
    { "SampleAspectRatio", get_sample_ratio },
    { "DisplayAspectRatio", get_display_ratio },
    { "PixelFormat", get_pixel_format },
    { "Level", get_level },
    { "FrameRate", get_frame_rate },
    { "AverageFrameRate", get_average_frame_rate },
    { "TimeBase", get_time_base },
    { "StartTime", get_start_time },
    { "Duration", get_duration },
    { "Bitrate", get_bitrate },
    { "FrameCount", get_frame_count },
    { "Rotate", get_rotate },
    { "BitDepth", get_bit_depth },
    { "ColorSpace", get_color_space },
    { "ColorRange", get_color_range },
    { "ColorTransfer", get_color_transfer },
    { "ColorPrimaries", get_color_primaries },
};

static const struct field audio_fields[] = {
    { "Index", get_index },
    { "Language", get_language },
    { "CodecName", get_codec_name },
    { "CodecLongName", get_codec_long_name },
    { "CodecTimeBase", get_codec_time_base },
    { "CodecTagString", get_codec_tag_string },
    { "CodecTag", get_codec_tag },
    { "TimeBase", get_time_base },
    { "StartTime", get_start_time },
    { "Duration", get_duration },
    { "Bitrate", get_bitrate },
    { "FrameCount", get_frame_count },
    { "Lyric", get_lyric },
    { "SampleFormat", get_sample_format },
    { "SampleRate", get_sample_rate },
    { "Channels", get_channels },
    { "ChannelLayout", get_channel_layout },
};

/* No Content: it lies among the packets of the whole file. */
static const struct field subtitle_fields[] = {
    { "Index", get_index },
    { "Language", get_language },
    { "CodecName", get_codec_name },
    { "CodecLongName", get_codec_long_name },
    { "CodecTagString", get_codec_tag_string },
    { "CodecTag", get_codec_tag },
    { "StartTime", get_start_time },
    { "Duration", get_duration },
    { "Bitrate", get_bitrate },
    { "Width", get_width },
    { "Height", get_height },
};

/* Covers stand among the streams of pictures, as libav and the model's answers have them. */
static const struct kind {
    enum AVMediaType type;
    const char *member;
    const struct field *fields;
    size_t n;
} kinds[] = {
    { AVMEDIA_TYPE_VIDEO, "VideoStreams", video_fields, G_N_ELEMENTS (video_fields) },
    { AVMEDIA_TYPE_AUDIO, "AudioStreams", audio_fields, G_N_ELEMENTS (audio_fields) },
    { AVMEDIA_TYPE_SUBTITLE, "Subtitles", subtitle_fields, G_N_ELEMENTS (subtitle_fields) },
};

static json_t *answer_stream (const struct stream *s, const struct kind *kind)
{
    json_t *out = json_object ();
    for (size_t i = 0; i < kind->n; i++) {
        json_t *value = kind->fields[i].get (s);
        if (value)
            json_object_set_new (out, kind->fields[i].name, value);
    }
    return out;
}

static void report_kind (const struct media *media, const struct kind *kind, json_t *meta)
{
    json_t *list = json_array ();
    AVFormatContext *format = media->format;
    for (unsigned i = 0; i < format->nb_streams; i++) {
        struct stream s = { format, format->streams[i], format->streams[i]->codecpar };
        if (s.codec->codec_type != kind->type || json_array_size (list) >= LIMIT_MEDIA_LISTED)
            continue;
        s.descriptor = avcodec_descriptor_get (s.codec->codec_id);
        json_array_append_new (list, answer_stream (&s, kind));
    }
    if (json_array_size (list))
        json_object_set_new (meta, kind->member, list);
    else
        json_decref (list);
}

/* Of the first moving picture. */
static void report_size (const AVFormatContext *format, json_t *meta)
{
    for (unsigned i = 0; i < format->nb_streams; i++) {
        const AVStream *stream = format->streams[i];
        const AVCodecParameters *codec = stream->codecpar;
        if (codec->codec_type != AVMEDIA_TYPE_VIDEO || media_is_attached (stream) ||
            codec->width <= 0 || codec->height <= 0)
            continue;
        json_object_set_new (meta, "VideoWidth", json_integer (codec->width));
        json_object_set_new (meta, "VideoHeight", json_integer (codec->height));
        return;
    }
}

void media_report_streams (const struct media *media, json_t *meta)
{
    report_size (media->format, meta);
    for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
        report_kind (media, &kinds[i], meta);
}
