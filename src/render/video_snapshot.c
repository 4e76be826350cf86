/* video/snapshot: the frame of video.c as a picture of the size that was asked for. */
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>

#include "process/geometry.h"
#include "render/object.h"
#include "render/pixels.h"
#include "render/video.h"

#define HD_HEIGHT 720 /* from there on colours that are not told are those of BT.709 */

static uint32_t scaled (uint32_t side, uint32_t by, uint32_t of)
{
    return MAX ((uint32_t) (((uint64_t) side * by + of / 2) / of), 1);
}

/* What w and h make of the video's own size, as it is turned. */
static enum err choose_size (const struct process_video_snapshot *s, struct process_size own,
                             struct process_size *ret, struct error *e)
{
    struct process_size size = { (uint32_t) s->w, (uint32_t) s->h };
    if (size.width > own.width || size.height > own.height)
        return FAIL_ON (e, PROCESS_ARGUMENT, size.width > own.width ? "w" : "h",
                        "the video has frames of only %u x %u", own.width, own.height);
    if (!size.width && !size.height)
        size = own;
    if (!size.width)
        size.width = scaled (own.width, size.height, own.height);
    if (!size.height)
        size.height = scaled (own.height, size.width, own.width);
    if ((uint64_t) size.width * size.height > LIMIT_RESULT_PIXELS)
        return FAIL (e, IMAGE_TOO_LARGE, "the result would have %u x %u pixels, more than %d",
                     size.width, size.height, LIMIT_RESULT_PIXELS);
    *ret = size;
    return ERR_OK;
}

/* Degrees clockwise. */
static int choose_turn (const struct process_video_snapshot *s, const struct video *v)
{
    bool is_wide = v->frame->width > v->frame->height;
    if (s->ar == PROCESS_AS_STORED)
        return 0;
    int turn = video_rotation (v);
    if (turn % 180)
        is_wide = v->frame->height > v->frame->width;
    bool is_wrong = (s->ar == PROCESS_TURN_H && is_wide) || (s->ar == PROCESS_TURN_W && !is_wide);
    return is_wrong ? (turn + 90) % 360 : turn;
}

static struct SwsContext *new_scaler (const AVFrame *frame, const AVFrame *to)
{
    struct SwsContext *sws = sws_getContext (
        frame->width, frame->height, (enum AVPixelFormat) frame->format, to->width, to->height,
        AV_PIX_FMT_RGB24, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP,
        NULL, NULL, NULL);
    int colours = frame->colorspace;
    if (colours == AVCOL_SPC_UNSPECIFIED)
        colours = frame->height >= HD_HEIGHT ? SWS_CS_ITU709 : SWS_CS_DEFAULT;
    if (sws)
        (void) sws_setColorspaceDetails (
            sws, sws_getCoefficients (colours), frame->color_range == AVCOL_RANGE_JPEG,
            sws_getCoefficients (SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
    return sws;
}

/* The frame in RGB, in memory of libav's own: it writes past the ends of rows. */
static AVFrame *to_rgb (const AVFrame *frame, struct process_size size)
{
    AVFrame *to = av_frame_alloc ();
    if (!to)
        return NULL;
    to->format = AV_PIX_FMT_RGB24;
    to->width = (int) size.width;
    to->height = (int) size.height;
    struct SwsContext *sws = av_frame_get_buffer (to, 0) < 0 ? NULL : new_scaler (frame, to);
    if (!sws || sws_scale (sws, (const uint8_t *const *) frame->data, frame->linesize, 0,
                           frame->height, to->data, to->linesize) < 0)
        av_frame_free (&to);
    sws_freeContext (sws);
    return to;
}

static enum err to_image (const AVFrame *frame, struct process_size size, VipsImage **ret,
                          struct error *e)
{
    AVFrame *rgb = to_rgb (frame, size);
    if (!rgb)
        return FAIL (e, EXTRACT_FAILED, "the frame cannot be converted");
    enum err err = pixels_new (rgb->width, rgb->height, 3, ret, e);
    if (err == ERR_OK)
        av_image_copy_plane (VIPS_IMAGE_ADDR (*ret, 0, 0), rgb->width * 3, rgb->data[0],
                             rgb->linesize[0], rgb->width * 3, rgb->height);
    av_frame_free (&rgb);
    return err;
}

static enum err turn_picture (struct picture *p, int degrees, struct error *e)
{
    static const VipsAngle angles[] = { VIPS_ANGLE_D0, VIPS_ANGLE_D90, VIPS_ANGLE_D180,
                                        VIPS_ANGLE_D270 };
    VipsImage *turned = NULL;
    if (!degrees)
        return ERR_OK;
    if (vips_rot (p->image, &turned, angles[degrees / 90], NULL))
        return picture_failed (e);
    picture_take (p, turned);
    return ERR_OK;
}

/* All but the opening. */
static enum err take_picture (struct render *r, const struct process_video_snapshot *s,
                              struct video *v, struct error *e)
{
    enum err err = video_find (v, s->t, s->m == PROCESS_FAST, e);
    if (err != ERR_OK)
        return err;
    int turn = choose_turn (s, v);
    struct process_size own = { (uint32_t) v->frame->width, (uint32_t) v->frame->height };
    struct process_size size = own;
    if (turn % 180)
        own = (struct process_size){ own.height, own.width };
    err = choose_size (s, own, &size, e);
    if (err != ERR_OK)
        return err;
    if (turn % 180)
        size = (struct process_size){ size.height, size.width };
    VipsImage *image;
    err = to_image (v->frame, size, &image, e);
    if (err != ERR_OK)
        return err;
    picture_take (&r->picture, image);
    r->picture.is_kept = true;
    return turn_picture (&r->picture, turn, e);
}

enum err object_video_snapshot (struct render *r, struct error *e)
{
    const struct process_video_snapshot *s = &r->process->ops[0].video_snapshot;
    g_autofree struct input *in = g_new (struct input, 1);
    _cleanup_video_ struct video video;
    input_init (in, r->source.fd, r->source.size, r->source.extension);
    enum err err = video_open (in, &video, e);
    if (err == ERR_OK)
        err = take_picture (r, s, &video, e);
    if (err != ERR_OK && in->error)
        return FAIL (e, IO, "the object cannot be read: %s", g_strerror (in->error));
    r->picture.format = s->f == PROCESS_SNAPSHOT_PNG ? PROCESS_PNG : PROCESS_JPG;
    return err;
}
