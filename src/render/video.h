/* A frame of a video, found and decoded.
 *
 * Threads: one; libav is told to start none. */
#pragma once

#include <libavcodec/avcodec.h>

#include "worker/media.h"

struct video {
    struct media media;
    AVStream *stream; /* the one that is looked at; the container's */
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame; /* what was found */
};

/* Opens the object and the decoder of its best stream of pictures. PROCESS_REQUEST if it is no
 * video or of a codec that is not decoded, EXTRACT_FAILED, IMAGE_TOO_LARGE. `ret` must not move
 * until it is cleared, and is to be cleared on failure, too. */
NODISCARD enum err video_open (struct input *in, struct video *ret, struct error *e);
void video_clear (struct video *v);
#define _cleanup_video_ __attribute__ ((cleanup (video_clear)))

/* v->frame becomes the one at `ms` from the start, or, if `is_fast`, the key frame before it. */
NODISCARD enum err video_find (struct video *v, int64_t ms, bool is_fast, struct error *e);

/* Degrees clockwise by which the stream is to be turned to be upright: 0, 90, 180 or 270. */
int video_rotation (const struct video *v);
