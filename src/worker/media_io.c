/* libav upon `struct input`: reading, seeking, the limits. Knows nothing of what is read. */
#include <time.h>
#include <glib.h>
#include <libavcodec/avcodec.h>
#include <libavutil/mem.h>

#include "base/limits.h"
#include "worker/media.h"

static int64_t cpu_now_ns (void)
{
    struct timespec t;
    clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C (1000000000) + t.tv_nsec;
}

void media_allow (struct media *media, int64_t ms)
{
    media->deadline_ns = cpu_now_ns () + ms * INT64_C (1000000);
}

static int is_late (void *opaque)
{
    struct media *media = opaque;
    media->is_late = media->is_late || cpu_now_ns () > media->deadline_ns;
    return media->is_late;
}

void media_check_time (struct media *media)
{
    (void) is_late (media);
}

static int read_some (void *opaque, uint8_t *to, int length)
{
    struct media *media = opaque;
    if (is_late (media))
        return AVERROR_EXIT;
    size_t n = input_some (media->in, media->at, to, (size_t) length);
    media->at += n;
    media->is_late = media->is_late || input_is_waiting (media->in);
    return n ? (int) n : AVERROR_EOF;
}

static int64_t seek (void *opaque, int64_t offset, int whence)
{
    struct media *media = opaque;
    int64_t size = (int64_t) media->in->size, base = 0;
    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return size;
    case SEEK_CUR:
        base = (int64_t) media->at;
        break;
    case SEEK_END:
        base = size;
        break;
    }
    if (__builtin_add_overflow (base, offset, &offset) || offset < 0)
        return AVERROR (EINVAL);
    media->at = (uint64_t) offset;
    return offset;
}

/* What decoders need not do for what is asked of them: only headers count. The streams that are
 * known by now; those that turn up later are decoded in full. */
static int look_into_streams (AVFormatContext *format)
{
    static const char *const needless[] = { "skip_loop_filter", "skip_idct" };
    unsigned n = format->nb_streams;
    AVDictionary **options = av_calloc (n + 1, sizeof *options);
    for (unsigned i = 0; options && i < n; i++)
        for (size_t j = 0; j < G_N_ELEMENTS (needless); j++)
            av_dict_set (&options[i], needless[j], "all", 0);
    int code = avformat_find_stream_info (format, options);
    for (unsigned i = 0; options && i < n; i++)
        av_dict_free (&options[i]);
    av_free (options);
    return code;
}

/* Whatever a container refers to stays closed. */
static int refuse_open (AVFormatContext *format UNUSED, AVIOContext **io UNUSED,
                        const char *url UNUSED, int flags UNUSED, AVDictionary **options UNUSED)
{
    return AVERROR (EPERM);
}

/* Decoders of libav's own, and one library that starts no threads when told not to. */
static char *list_decoders (void)
{
    GString *list = g_string_new ("libdav1d");
    void *at = NULL;
    for (const AVCodec *codec; (codec = av_codec_iterate (&at));)
        if (av_codec_is_decoder (codec) && !codec->wrapper_name)
            g_string_append_printf (list, ",%s", codec->name);
    char *text = av_strdup (list->str);
    g_string_free (list, TRUE);
    return text;
}

static bool prepare (struct media *media, const AVInputFormat *demuxer)
{
    uint8_t *buffer = av_malloc (LIMIT_MEDIA_BUFFER);
    media->io =
        buffer ? avio_alloc_context (buffer, LIMIT_MEDIA_BUFFER, 0, media, read_some, NULL, seek)
               : NULL;
    if (!media->io)
        av_free (buffer);
    AVFormatContext *format = media->format = media->io ? avformat_alloc_context () : NULL;
    if (!format)
        return false;
    format->pb = media->io;
    format->io_open = refuse_open;
    format->interrupt_callback = (AVIOInterruptCB){ is_late, media };
    format->protocol_whitelist = av_strdup ("");
    format->format_whitelist = av_strdup (demuxer->name);
    format->codec_whitelist = list_decoders ();
    format->max_streams = LIMIT_MEDIA_STREAMS;
    return format->protocol_whitelist && format->format_whitelist && format->codec_whitelist;
}

static enum err fail (const struct media *media, const char *type, int code, struct error *e)
{
    char text[AV_ERROR_MAX_STRING_SIZE];
    if (media->is_late)
        return FAIL (e, EXTRACT_FAILED, "its header takes too long to read, as %s", type);
    av_strerror (code, text, sizeof text);
    return FAIL (e, EXTRACT_FAILED, "no %s that can be read: %s", type, text);
}

enum err media_open (struct input *in, const char *type, struct media *ret, struct error *e)
{
    *ret = (struct media){ .in = in };
    const char *name = media_demuxer (in, type);
    const AVInputFormat *demuxer = name ? av_find_input_format (name) : NULL;
    if (!demuxer)
        return FAIL (e, EXTRACT_FAILED, "no demuxer for %s", type);
    if (!media_want_header (in, name))
        return FAIL (e, EXTRACT_FAILED, "not all of its header is known");
    av_log_set_level (AV_LOG_QUIET);
    if (!prepare (ret, demuxer))
        return FAIL (e, EXTRACT_FAILED, "out of memory");
    AVDictionary *options = NULL;
    av_dict_set (&options, "scan_all_pmts", "1", 0);
    media_allow (ret, LIMIT_MEDIA_HEADER_MS);
    int code = avformat_open_input (&ret->format, NULL, demuxer, &options);
    av_dict_free (&options);
    media_allow (ret, LIMIT_MEDIA_LOOK_MS);
    if (code >= 0)
        code = look_into_streams (ret->format);
    if (input_is_waiting (in))
        return FAIL (e, EXTRACT_FAILED, "not all of it is known");
    if (code >= 0 || (ret->format && ret->is_late && ret->format->nb_streams))
        return ERR_OK;
    return fail (ret, type, code, e);
}

void media_clear (struct media *media)
{
    avformat_close_input (&media->format);
    if (media->io)
        av_freep (&media->io->buffer);
    avio_context_free (&media->io);
}
