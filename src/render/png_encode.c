/* Encoding of 8-bit PNGs: for each row the filter whose result is smallest (PNG 12.8), then one
 * deflation of all. Those too large for that are streamed through libpng. */
#include "render/png.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/macros.h"

#define EFFORT     2   /* of 1 to 12; 4 takes a fifth longer and gives a fiftieth less */
#define FAST       1   /* of zlib's 9, for what is large */
#define MAX_FRAMES 128 /* bytes of a file beside its data */

struct writer {
    uint8_t *bytes;
    size_t size;
};

static void put (struct writer *w, const void *from, size_t n)
{
    memcpy (w->bytes + w->size, from, n);
    w->size += n;
}

static void put_u32 (struct writer *w, uint32_t value)
{
    uint32_t big = GUINT32_TO_BE (value);
    put (w, &big, sizeof big);
}

/* A chunk whose data is there already, eight bytes after w->size. */
static void frame_chunk (struct writer *w, const char *type, uint32_t length)
{
    uint8_t *begin = w->bytes + w->size;
    put_u32 (w, length);
    put (w, type, 4);
    w->size += length;
    put_u32 (w, libdeflate_crc32 (0, begin + 4, length + 4));
}

static void put_header (struct writer *w, const VipsImage *in)
{
    static const uint8_t types[] = { [1] = 0, [2] = 4, [3] = 2, [4] = 6 };
    const uint32_t size[] = { GUINT32_TO_BE ((uint32_t) in->Xsize),
                              GUINT32_TO_BE ((uint32_t) in->Ysize) };
    const uint8_t kind[] = { 8, types[in->Bands], 0, 0, 0 };
    put (w, "\x89PNG\r\n\x1a\n", 8);
    memcpy (w->bytes + w->size + 8, size, sizeof size);
    memcpy (w->bytes + w->size + 16, kind, sizeof kind);
    frame_chunk (w, "IHDR", sizeof size + sizeof kind);
}

/* ---- filters ---- */

enum { NONE, SUB, UP, PAETH = 4, FILTERS };

static void sub (const uint8_t *restrict row, unsigned n, unsigned bands, uint8_t *restrict to)
{
    memcpy (to, row, bands);
    for (unsigned i = bands; i < n; i++)
        to[i] = (uint8_t) (row[i] - row[i - bands]);
}

static void up (const uint8_t *restrict row, const uint8_t *restrict above, unsigned n,
                uint8_t *restrict to)
{
    for (unsigned i = 0; i < n; i++)
        to[i] = (uint8_t) (row[i] - above[i]);
}

static void paeth (const uint8_t *restrict row, const uint8_t *restrict above, unsigned n,
                   unsigned bands, uint8_t *restrict to)
{
    up (row, above, bands, to);
    for (unsigned i = bands; i < n; i++) {
        int16_t left = row[i - bands], top = above[i], corner = above[i - bands];
        int16_t a = (int16_t) abs (top - corner), b = (int16_t) abs (left - corner);
        int16_t c = (int16_t) abs (left + top - 2 * corner);
        int16_t guess = a <= b && a <= c ? left : b <= c ? top : corner;
        to[i] = (uint8_t) (row[i] - guess);
    }
}

/* The smaller it is, the better a row deflates, as a rule. */
static uint32_t magnitude (const uint8_t *row, unsigned n)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < n; i++)
        sum += (uint32_t) abs ((int8_t) row[i]);
    return sum;
}

/* Writes the row and the number of its filter before it. `tries`: room for FILTERS rows. */
static void put_row (const uint8_t *row, const uint8_t *above, unsigned n, unsigned bands,
                     uint8_t *tries, uint8_t *to)
{
    uint8_t *all[FILTERS] = { tries, tries + n, tries + 2 * (size_t) n, NULL,
                              tries + 3 * (size_t) n };
    uint32_t least = UINT32_MAX;
    memcpy (all[NONE], row, n);
    sub (row, n, bands, all[SUB]);
    up (row, above, n, all[UP]);
    paeth (row, above, n, bands, all[PAETH]);
    for (unsigned f = 0; f < FILTERS; f++) {
        uint32_t size = all[f] ? magnitude (all[f], n) : UINT32_MAX;
        if (size >= least)
            continue;
        least = size;
        to[0] = (uint8_t) f;
    }
    memcpy (to + 1, all[to[0]], n);
}

/* What is needed of one strip of rows to the next. */
struct rows {
    uint8_t *out, *tries, *above;
    size_t n; /* bytes of a row */
};

static int put_rows (VipsRegion *region, VipsRect *area, void *a)
{
    const struct rows *rows = a;
    for (int y = area->top; y < area->top + area->height; y++) {
        const uint8_t *pixels = VIPS_REGION_ADDR (region, 0, y);
        put_row (pixels, rows->above, (unsigned) rows->n, (unsigned) region->im->Bands, rows->tries,
                 rows->out + (rows->n + 1) * (size_t) y);
        memcpy (rows->above, pixels, rows->n);
    }
    return 0;
}

static int no_memory (void)
{
    vips_error ("png", "out of memory");
    return -1;
}

/* All rows with their filters, (n + 1) * in->Ysize bytes; NULL with libvips' error set. */
static uint8_t *filter_all (VipsImage *in, size_t n)
{
    g_autofree uint8_t *out = g_try_malloc ((n + 1) * (size_t) in->Ysize);
    g_autofree uint8_t *tries = g_try_malloc (n * FILTERS);
    g_autofree uint8_t *above = g_try_malloc0 (n);
    struct rows rows = { out, tries, above, n };
    int failed = out && tries && above ? vips_sink_disc (in, put_rows, &rows) : no_memory ();
    return failed ? NULL : g_steal_pointer (&out);
}

static void free_compressor (struct libdeflate_compressor **c)
{
    libdeflate_free_compressor (*c);
}

static int encode_at_once (VipsImage *in, void **bytes, size_t *size)
{
    size_t n = (size_t) in->Xsize * (size_t) in->Bands, all = (n + 1) * (size_t) in->Ysize;
    g_autofree uint8_t *rows = filter_all (in, n);
    if (!rows)
        return -1;
    __attribute__ ((cleanup (free_compressor))) struct libdeflate_compressor *c =
        libdeflate_alloc_compressor (EFFORT);
    size_t room = libdeflate_zlib_compress_bound (c, all);
    struct writer w = { .bytes = c ? g_try_malloc (room + MAX_FRAMES) : NULL };
    if (!w.bytes)
        return no_memory ();
    put_header (&w, in);
    size_t length = libdeflate_zlib_compress (c, rows, all, w.bytes + w.size + 8, room);
    frame_chunk (&w, "IDAT", (uint32_t) length);
    frame_chunk (&w, "IEND", 0);
    *bytes = w.bytes;
    *size = w.size;
    return 0;
}

/* ---- in parts ---- */

/* libvips' own memory for a result ends the process when there is no more. */
static gint64 append (VipsTargetCustom *target UNUSED, const void *from, gint64 n, void *to)
{
    struct writer *w = to;
    if ((uint64_t) n > LIMIT_RENDER_OUTPUT - w->size)
        return no_memory ();
    put (w, from, (size_t) n);
    return n;
}

static int encode_in_parts (VipsImage *in, void **bytes, size_t *size)
{
    g_autofree uint8_t *room = g_try_malloc (LIMIT_RENDER_OUTPUT);
    g_autoptr (GObject) target = G_OBJECT (vips_target_custom_new ());
    struct writer w = { .bytes = room };
    g_signal_connect (target, "write", G_CALLBACK (append), &w);
    if (!room)
        return no_memory ();
    if (vips_pngsave_target (in, VIPS_TARGET (target), "compression", FAST, "filter",
                             VIPS_FOREIGN_PNG_FILTER_SUB, "strip", TRUE, NULL))
        return -1;
    *bytes = g_steal_pointer (&room);
    *size = w.size;
    return 0;
}

int png_encode (VipsImage *in, void **bytes, size_t *size)
{
    return VIPS_IMAGE_SIZEOF_IMAGE (in) <= LIMIT_PNG_PIXELS ? encode_at_once (in, bytes, size)
                                                            : encode_in_parts (in, bytes, size);
}
