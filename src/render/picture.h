/* A picture on its way through the operations: an image of libvips that is mostly not computed yet,
 * and what goes with it. Frames of an animation stand one below the other in it.
 *
 * Pixels are 8 bit sRGB or grey, with or without alpha (not premultiplied): operations see 1, 2, 3
 * or 4 bands of VIPS_FORMAT_UCHAR; nothing else may be left behind. They may come from a decoder
 * that gives them in order once: what looks at them out of order, or twice, asks for picture_keep()
 * before.
 *
 * Threads: one. */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

#include "base/error.h"
#include "process/geometry.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VipsImage, g_object_unref)

struct picture {
    VipsImage *image; /* owned; NULL: none yet */
    int n_frames;     /* at least 1; image->Ysize is a multiple of it */
    int *delays;      /* owned; ms of each frame; NULL: none */
    int loop;         /* how often an animation is shown; 0: for ever */
    int orientation;  /* EXIF, 1 to 8, of the pixels as they are; 1: upright */
    bool is_kept;     /* pixels are in memory: any order */
    bool has_profile; /* its colours are to be converted yet: picture_to_srgb() */
    /* Its size had the decoder not spared work: the first resize counts on it. 0: it has not. */
    struct process_size full;
    enum process_format format; /* what the object was */
    int quality;                /* of a JPEG, as its tables tell; 0: not known */
};

#define PICTURE_NONE                                                                               \
    (struct picture)                                                                               \
    {                                                                                              \
        .n_frames = 1, .orientation = 1                                                            \
    }

void picture_clear (struct picture *p);

static inline int picture_width (const struct picture *p)
{
    return p->image->Xsize;
}

/* Of one frame. */
static inline int picture_height (const struct picture *p)
{
    return p->image->Ysize / p->n_frames;
}

static inline struct process_size picture_size (const struct picture *p)
{
    return (struct process_size){ (uint32_t) picture_width (p), (uint32_t) picture_height (p) };
}

static inline bool picture_has_alpha (const struct picture *p)
{
    return p->image->Bands == 2 || p->image->Bands == 4;
}

/* Puts another image in place of the picture's; takes it. The number of frames stays. */
void picture_take (struct picture *p, VipsImage *image);

/* Computes all pixels now, so that they can be looked at in any order. */
NODISCARD enum err picture_keep (struct picture *p, struct error *e);

/* Runs `f` on each frame (borrowed; what it returns is owned), and puts the results, which must be
 * of one size, one below the other again. A picture of one frame goes through `f` as it is. A `f`
 * that looks at pixels out of order, or twice, asks for picture_keep() of the picture before. */
typedef enum err picture_frame_fn (VipsImage *frame, void *arg, VipsImage **ret, struct error *e);
NODISCARD enum err picture_each (struct picture *p, picture_frame_fn *f, void *arg,
                                 struct error *e);

/* Converts colours of a profile of the picture's own to sRGB. Most operations get them so. */
NODISCARD enum err picture_to_srgb (struct picture *p, struct error *e);

/* Gives it bands for colour and alpha, fully opaque where it had none. */
NODISCARD enum err picture_add_alpha (struct picture *p, struct error *e);
/* Grey becomes three bands. */
NODISCARD enum err picture_to_rgb (struct picture *p, struct error *e);

/* What is transparent lies on white from now on. */
NODISCARD enum err picture_flatten (struct picture *p, struct error *e);
/* All other frames of an animation go. */
NODISCARD enum err picture_first_frame (struct picture *p, struct error *e);

/* What libvips said last, as an error; its buffer is empty then. Damage, unless memory ran out. */
enum err picture_failed (struct error *e);
