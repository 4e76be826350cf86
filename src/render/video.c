/* Finding a frame: seek to the key frame before it, decode from there. */
#include "render/video.h"

#include <math.h>
#include <libavutil/display.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/sniff.h"

/* What is decoded. Each of them libav's own, but for the one library of AV1; none is given more
 * than one thread. */
static const char *const decoders[] = {
    "h264", "hevc",       "libdav1d",  "vp8",   "vp9",    "mpeg4",  "mpeg1video",
    "h263", "mpeg2video", "msmpeg4v3", "mjpeg", "prores", "theora", "flv",
};

static const AVCodec *find_decoder (enum AVCodecID id)
{
    for (size_t i = 0; i < N_ELEMENTS (decoders); i++) {
        const AVCodec *codec = avcodec_find_decoder_by_name (decoders[i]);
        if (codec && codec->id == id)
            return codec;
    }
    return NULL;
}

static enum err choose_stream (struct video *v, struct error *e)
{
    int best = av_find_best_stream (v->media.format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    v->stream = best >= 0 ? v->media.format->streams[best] : NULL;
    if (!v->stream || media_is_attached (v->stream))
        return FAIL (e, PROCESS_REQUEST, "the object has no moving pictures");
    for (unsigned i = 0; i < v->media.format->nb_streams; i++)
        if (v->media.format->streams[i] != v->stream)
            v->media.format->streams[i]->discard = AVDISCARD_ALL;
    return ERR_OK;
}

static enum err open_decoder (struct video *v, struct error *e)
{
    const AVCodecParameters *parameters = v->stream->codecpar;
    const AVCodec *codec = find_decoder (parameters->codec_id);
    if (!codec)
        return FAIL (e, PROCESS_REQUEST, "videos of the codec %s are not decoded",
                     avcodec_get_name (parameters->codec_id));
    if ((int64_t) parameters->width * parameters->height > LIMIT_VIDEO_PIXELS)
        return FAIL (e, IMAGE_TOO_LARGE,
                     "the video has frames of %d x %d; those of at most %d "
                     "pixels are decoded",
                     parameters->width, parameters->height, LIMIT_VIDEO_PIXELS);
    v->codec = avcodec_alloc_context3 (codec);
    v->packet = av_packet_alloc ();
    v->frame = av_frame_alloc ();
    if (!v->codec || !v->packet || !v->frame ||
        avcodec_parameters_to_context (v->codec, parameters) < 0)
        return FAIL (e, EXTRACT_FAILED, "out of memory");
    v->codec->thread_count = 1;
    v->codec->max_pixels = LIMIT_VIDEO_PIXELS;
    v->codec->pkt_timebase = v->stream->time_base;
    if (avcodec_open2 (v->codec, codec, NULL) < 0)
        return FAIL (e, EXTRACT_FAILED, "the decoder of %s does not take its parameters",
                     codec->name);
    return ERR_OK;
}

enum err video_open (struct input *in, struct video *ret, struct error *e)
{
    *ret = (struct video){ 0 };
    const char *type = sniff (in);
    if (in->error)
        return FAIL (e, IO, "the object cannot be read: %s", g_strerror (in->error));
    if (!sniff_is_of (type, "video/*"))
        return FAIL (e, PROCESS_REQUEST, "the object is no video");
    in->read_limit = LIMIT_VIDEO_READ;
    enum err err = media_open (in, type, &ret->media, e);
    if (err == ERR_OK)
        err = choose_stream (ret, e);
    return err == ERR_OK ? open_decoder (ret, e) : err;
}

void video_clear (struct video *v)
{
    av_frame_free (&v->frame);
    av_packet_free (&v->packet);
    avcodec_free_context (&v->codec);
    media_clear (&v->media);
}

int video_rotation (const struct video *v)
{
    size_t size = 0;
    const uint8_t *matrix = av_stream_get_side_data (v->stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    double turn = matrix && size >= 36 ? av_display_rotation_get ((const int32_t *) matrix) : NAN;
    return isnan (turn) ? 0 : (int) ((lrint (-turn / 90) % 4 + 4) % 4) * 90;
}

/* ---- finding ---- */

/* Where `ms` is in the units of the stream. */
static int64_t target_of (const struct video *v, int64_t ms)
{
    int64_t start = v->stream->start_time != AV_NOPTS_VALUE ? v->stream->start_time : 0;
    return start + av_rescale_q (ms, (AVRational){ 1, 1000 }, v->stream->time_base);
}

static enum err check_end (const struct video *v, int64_t ms, struct error *e)
{
    int64_t whole = v->media.format->duration;
    if (whole == AV_NOPTS_VALUE || whole <= 0)
        return ERR_OK;
    int64_t end = (whole + 999) / 1000;
    if (ms <= end)
        return ERR_OK;
    return FAIL_ON (e, PROCESS_ARGUMENT, "t", "the video is only %" G_GINT64_FORMAT " ms long",
                    end);
}

/* What is looked for. */
struct search {
    int64_t target;   /* a frame at that time, or the first behind it */
    int64_t near;     /* up to there nothing is decoded that no other frame needs */
    bool takes_first; /* whichever frame comes first will do */
    bool takes_key;   /* the last key frame that is not behind the target is looked for */
    int64_t first;    /* when the first that was found is shown */
};

/* The next packet goes to the decoder; its end does, too. False: there is nothing more. */
static bool feed (struct video *v, const struct search *search)
{
    int code;
    av_packet_unref (v->packet);
    while ((code = av_read_frame (v->media.format, v->packet)) >= 0 &&
           v->packet->stream_index != v->stream->index)
        av_packet_unref (v->packet);
    if (code < 0)
        return avcodec_send_packet (v->codec, NULL) >= 0;
    bool is_far = v->packet->pts != AV_NOPTS_VALUE && v->packet->pts < search->near;
    v->codec->skip_frame = search->takes_key ? AVDISCARD_NONKEY
                           : is_far          ? AVDISCARD_NONREF
                                             : AVDISCARD_DEFAULT;
    (void) avcodec_send_packet (v->codec, v->packet);
    return true;
}

/* Looks at a frame; true: it, or the one before it, is what was looked for. */
static bool take (struct video *v, AVFrame *next, struct search *search)
{
    int64_t shown = next->best_effort_timestamp;
    bool is_behind = shown == AV_NOPTS_VALUE || shown >= search->target;
    search->first = MIN (search->first, shown);
    if (search->takes_key && v->frame->width && shown > search->target) {
        av_frame_unref (next);
        return true;
    }
    av_frame_unref (v->frame);
    av_frame_move_ref (v->frame, next);
    return search->takes_first || (is_behind && !search->takes_key);
}

/* Decodes until it is found; at the end of the video v->frame is the last one. */
static bool decode (struct video *v, struct search *search)
{
    AVFrame *next = av_frame_alloc ();
    bool found = false, has_more = next;
    while (!found && has_more && !v->media.is_late) {
        int code = avcodec_receive_frame (v->codec, next);
        if (code == AVERROR_EOF)
            break;
        if (code == AVERROR (EAGAIN))
            has_more = feed (v, search);
        if (code >= 0)
            found = take (v, next, search);
        media_check_time (&v->media);
    }
    av_frame_free (&next);
    return v->frame->width > 0;
}

/* The start is sought before the first time there is: packets are shown later than decoded. */
static void seek_before (struct video *v, int64_t ms)
{
    const int early = 10000, index = v->stream->index;
    AVFormatContext *format = v->media.format;
    if (ms > 0 || av_seek_frame (format, index, target_of (v, -early), AVSEEK_FLAG_BACKWARD) < 0)
        (void) av_seek_frame (format, index, target_of (v, ms), AVSEEK_FLAG_BACKWARD);
}

/* Containers without an index are left at any packet, from which on nothing may be decoded before
 * the next key frame: then from further ahead again, at last from the start. */
static bool seek_and_decode (struct video *v, int64_t ms, bool is_fast)
{
    static const int64_t ahead[] = { 0, 2000, 10000, INT64_MAX };
    struct search search = { .target = target_of (v, ms), .near = target_of (v, ms - 1000) };
    bool found = false;
    for (size_t i = 0; i < N_ELEMENTS (ahead) && !v->media.is_late; i++) {
        int64_t from = ahead[i] < ms ? ms - ahead[i] : 0;
        if (i > 0 || ms > 0)
            seek_before (v, from);
        avcodec_flush_buffers (v->codec);
        av_frame_unref (v->frame);
        search.takes_first = is_fast && i == 0;
        search.takes_key = is_fast && i > 0;
        search.first = INT64_MAX;
        found = decode (v, &search);
        if (from == 0 || (found && search.first <= search.target))
            return found;
    }
    return found;
}

enum err video_find (struct video *v, int64_t ms, bool is_fast, struct error *e)
{
    enum err err = check_end (v, ms, e);
    if (err != ERR_OK)
        return err;
    media_allow (&v->media, LIMIT_VIDEO_MS);
    bool found = seek_and_decode (v, ms, is_fast);
    if (v->media.is_late && !is_fast)
        return FAIL (e, PROCESS_REQUEST,
                     "it takes too long to decode the video up to that frame; m_fast takes a key "
                     "frame");
    return found ? ERR_OK : FAIL (e, EXTRACT_FAILED, "the video has no frame that can be decoded");
}
