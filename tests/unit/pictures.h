/* Pictures for tests of the renderer: made of a function, put through operations. */
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "render/init.h"
#include "render/ops.h"
#include "render/pixels.h"
#include "worker/init.h"

#include "test.h"

typedef uint8_t pixel_fn (int x, int y, int band);

/* What a leak detector finds that is nobody's here: fontconfig keeps what it once read. */
const char *__lsan_default_suppressions (void);
const char *__lsan_default_suppressions (void)
{
    return "leak:libfontconfig";
}

static inline int start_libraries (void **state UNUSED)
{
    init_libraries ();
    return render_init () ? 0 : -1;
}

/* Frames of one size, one below the other. */
static inline VipsImage *draw (int width, int height, int bands, pixel_fn *f)
{
    VipsImage *image;
    struct error e;
    assert_ok (pixels_new (width, height, bands, &image, &e), &e);
    uint8_t *to = VIPS_IMAGE_ADDR (image, 0, 0);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int band = 0; band < bands; band++)
                *to++ = f (x, y, band);
    return image;
}

static inline void set_picture (struct render *r, VipsImage *image)
{
    *r = (struct render){ .picture = PICTURE_NONE };
    picture_take (&r->picture, image);
}

/* All operations of a text, upon r->picture, which is in memory then. */
static inline enum err operate (struct render *r, const char *text, struct error *e)
{
    _cleanup_process_ struct process *process = NULL;
    enum err err = process_parse (text, strlen (text), &process, e);
    for (size_t i = 0; err == ERR_OK && i < process->n_ops; i++)
        err = ops_run (r, &process->ops[i], e);
    return err == ERR_OK && !r->answer ? picture_keep (&r->picture, e) : err;
}

static inline uint8_t pixel (const struct render *r, int x, int y, int band)
{
    return *(VIPS_IMAGE_ADDR (r->picture.image, x, y) + band);
}

static inline void assert_near (double expected, double found, double tolerance, int x, int y)
{
    if (found < expected - tolerance || found > expected + tolerance)
        fail_msg ("at (%d, %d): %g, not %g", x, y, found, expected);
}

/* A file as the object of a job; closed by the caller. */
static inline struct source open_file (const char *variable, const char *name)
{
    g_autofree char *path = g_build_filename (g_getenv (variable), name, NULL);
    struct source source = { .fd = open (path, O_RDONLY | O_CLOEXEC) };
    assert_true (source.fd >= 0);
    source.size = (uint64_t) lseek (source.fd, 0, SEEK_END);
    return source;
}

/* The same of bytes. */
static inline struct source open_bytes (const void *bytes, size_t size)
{
    struct source source = { .fd = memfd_create ("object", MFD_CLOEXEC), .size = size };
    assert_true (source.fd >= 0);
    assert_int_equal (size, pwrite (source.fd, bytes, size, 0));
    return source;
}
