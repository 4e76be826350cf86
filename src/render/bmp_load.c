/* Reading BMP. Knows nothing of pictures. */
#include "render/bmp.h"

#include <string.h>
#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>

#include "base/macros.h"
#include "worker/input.h"

enum { DIB = 14, CORE_HEADER = 12, SIDE_MOST = 1 << 20 };

bool bmp_size (const uint8_t *bytes, size_t size, int *ret_width, int *ret_height)
{
    if (size < DIB + CORE_HEADER)
        return false;
    bool is_core = get_u32le (bytes + DIB) == CORE_HEADER;
    int64_t width = is_core ? get_u16le (bytes + 18) : (int32_t) get_u32le (bytes + 18);
    int64_t height = is_core ? get_u16le (bytes + 20) : (int32_t) get_u32le (bytes + 22);
    if (width <= 0 || width > SIDE_MOST || height == 0 || height > SIDE_MOST || height < -SIDE_MOST)
        return false;
    *ret_width = (int) width;
    *ret_height = (int) (height < 0 ? -height : height);
    return true;
}

static int failed (const char *what)
{
    vips_error ("bmp", "%s", what);
    return -1;
}

static void free_frame (AVFrame **frame)
{
    av_frame_free (frame);
}

static void free_packet (AVPacket **packet)
{
    av_packet_free (packet);
}

static void free_codec (AVCodecContext **codec)
{
    avcodec_free_context (codec);
}

static void free_scaler (struct SwsContext **scaler)
{
    sws_freeContext (*scaler);
}

static int decode (const uint8_t *bytes, size_t size, AVFrame *frame)
{
    __attribute__ ((cleanup (free_packet))) AVPacket *packet = av_packet_alloc ();
    __attribute__ ((cleanup (free_codec))) AVCodecContext *codec =
        avcodec_alloc_context3 (avcodec_find_decoder (AV_CODEC_ID_BMP));
    if (!packet || !codec || av_new_packet (packet, (int) size) < 0)
        return failed ("out of memory");
    memcpy (packet->data, bytes, size);
    codec->thread_count = 1;
    int code = avcodec_open2 (codec, NULL, NULL);
    if (code >= 0)
        code = avcodec_send_packet (codec, packet);
    if (code >= 0)
        code = avcodec_receive_frame (codec, frame);
    if (code < 0)
        return failed (code == AVERROR (ENOMEM) ? "out of memory" : "the picture is damaged");
    return 0;
}

static bool has_alpha (enum AVPixelFormat format)
{
    return format == AV_PIX_FMT_BGRA || format == AV_PIX_FMT_RGBA || format == AV_PIX_FMT_ARGB ||
           format == AV_PIX_FMT_ABGR;
}

/* As RGB or RGBA; palettes and packed pixels are unfolded on the way. */
static int convert (const AVFrame *frame, VipsImage **ret)
{
    bool is_rgba = has_alpha (frame->format);
    int bands = is_rgba ? 4 : 3, stride = frame->width * bands;
    __attribute__ ((cleanup (free_scaler))) struct SwsContext *scaler =
        sws_getContext (frame->width, frame->height, frame->format, frame->width, frame->height,
                        is_rgba ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24, SWS_POINT, NULL, NULL, NULL);
    size_t size = (size_t) stride * (size_t) frame->height;
    g_autofree uint8_t *pixels = g_try_malloc (size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!scaler || !pixels)
        return failed ("out of memory");
    if (sws_scale (scaler, (const uint8_t *const *) frame->data, frame->linesize, 0, frame->height,
                   &pixels, &stride) != frame->height)
        return failed ("the picture is damaged");
    VipsImage *image = vips_image_new_from_memory_copy (pixels, size, frame->width, frame->height,
                                                        bands, VIPS_FORMAT_UCHAR);
    if (!image)
        return -1;
    image->Type = VIPS_INTERPRETATION_sRGB;
    *ret = image;
    return 0;
}

int bmp_load (const uint8_t *bytes, size_t size, VipsImage **ret)
{
    __attribute__ ((cleanup (free_frame))) AVFrame *frame = av_frame_alloc ();
    if (!frame)
        return failed ("out of memory");
    return decode (bytes, size, frame) ? -1 : convert (frame, ret);
}
