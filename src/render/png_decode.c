/* Decoding of plain PNGs: chunks, one inflation, then each row's filter is undone. */
#include "render/png.h"

#include <libdeflate.h>
#include <string.h>

#include "base/limits.h"
#include "worker/input.h"

#define CHUNK_FRAME 12 /* length, type and sum around a chunk's data */
#define FIRST_CHUNK 8
#define HEADER_SIZE 13

enum { GREY = 0, RGB = 2, PALETTE = 3, GREY_ALPHA = 4, RGB_ALPHA = 6 };

struct png {
    uint32_t width, height;
    unsigned bands; /* in the data; of a palette 1 */
    uint8_t type;
    bool is_odd;                     /* something that libpng knows better */
    const uint8_t *palette, *alphas; /* in the file; NULL: none */
    uint32_t n_colours, n_alphas;
    uint8_t *data; /* of all IDATs */
    size_t data_size;
};

static void read_header (struct png *p, const uint8_t *at, uint32_t length)
{
    static const uint8_t bands[] = {
        [GREY] = 1, [RGB] = 3, [PALETTE] = 1, [GREY_ALPHA] = 2, [RGB_ALPHA] = 4
    };
    if (length != HEADER_SIZE || at[8] != 8 || at[9] > RGB_ALPHA || !bands[at[9]] || at[12])
        p->is_odd = true;
    else
        *p = (struct png){ .width = get_u32be (at),
                           .height = get_u32be (at + 4),
                           .bands = bands[at[9]],
                           .type = at[9],
                           .data = p->data };
}

static void read_chunk (struct png *p, const char *type, const uint8_t *at, uint32_t length)
{
    if (memcmp (type, "IHDR", 4) == 0) {
        read_header (p, at, length);
    } else if (memcmp (type, "PLTE", 4) == 0) {
        p->palette = at;
        p->n_colours = length / 3;
    } else if (memcmp (type, "tRNS", 4) == 0) {
        p->alphas = at;
        p->n_alphas = length;
        p->is_odd = p->is_odd || p->type != PALETTE;
    } else if (memcmp (type, "IDAT", 4) == 0) {
        memcpy (p->data + p->data_size, at, length);
        p->data_size += length;
    }
}

/* False if the file ends before its last chunk. */
static bool read_chunks (struct png *p, const uint8_t *bytes, size_t size)
{
    for (size_t at = FIRST_CHUNK; at + CHUNK_FRAME <= size && !p->is_odd;) {
        uint32_t length = get_u32be (bytes + at);
        const char *type = (const char *) bytes + at + 4;
        if (length > size - at - CHUNK_FRAME)
            return false;
        read_chunk (p, type, bytes + at + 8, length);
        if (memcmp (type, "IEND", 4) == 0)
            return p->data_size > 0;
        at += CHUNK_FRAME + length;
    }
    return false;
}

/* ---- filters (PNG 9.2): what a row was told to add to its neighbours ---- */

static void undo_sub (uint8_t *row, unsigned n, unsigned bands)
{
    for (unsigned i = bands; i < n; i++)
        row[i] = (uint8_t) (row[i] + row[i - bands]);
}

static void undo_up (uint8_t *restrict row, const uint8_t *restrict above, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        row[i] = (uint8_t) (row[i] + above[i]);
}

static void undo_average (uint8_t *row, const uint8_t *above, unsigned n, unsigned bands)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned left = i < bands ? 0 : row[i - bands];
        row[i] = (uint8_t) (row[i] + (left + above[i]) / 2);
    }
}

/* A pixel of up to four samples in lanes of its own, as the filter needs nine bits. */
typedef int16_t lanes __attribute__ ((vector_size (8)));

static inline lanes load_pixel (const uint8_t *from, unsigned bands)
{
    lanes ret = { 0 };
    for (unsigned b = 0; b < bands; b++)
        ret[b] = from[b];
    return ret;
}

static inline lanes magnitude (lanes x)
{
    lanes sign = x >> 15;
    return (x ^ sign) - sign;
}

/* `bands` is known where this is called, so its loops are gone. */
static inline __attribute__ ((always_inline)) void undo_paeth_of (uint8_t *row,
                                                                  const uint8_t *above, unsigned n,
                                                                  unsigned bands)
{
    lanes left = { 0 }, corner = { 0 };
    for (unsigned i = 0; i + bands <= n; i += bands) {
        lanes up = load_pixel (above + i, bands), by_up = left - corner, by_left = up - corner;
        lanes a = magnitude (by_left), b = magnitude (by_up), c = magnitude (by_left + by_up);
        lanes is_left = (a <= b) & (a <= c), is_up = ~is_left & (b <= c);
        lanes guess = (left & is_left) | (up & is_up) | (corner & ~is_left & ~is_up);
        corner = up;
        left = (load_pixel (row + i, bands) + guess) & 255;
        for (unsigned k = 0; k < bands; k++)
            row[i + k] = (uint8_t) left[k];
    }
}

static void undo_paeth (uint8_t *row, const uint8_t *above, unsigned n, unsigned bands)
{
    if (bands == 1)
        undo_paeth_of (row, above, n, 1);
    else if (bands == 2)
        undo_paeth_of (row, above, n, 2);
    else if (bands == 3)
        undo_paeth_of (row, above, n, 3);
    else
        undo_paeth_of (row, above, n, 4);
}

static bool undo (uint8_t filter, uint8_t *row, const uint8_t *above, unsigned n, unsigned bands)
{
    if (filter == 1)
        undo_sub (row, n, bands);
    else if (filter == 2)
        undo_up (row, above, n);
    else if (filter == 3)
        undo_average (row, above, n, bands);
    else if (filter == 4)
        undo_paeth (row, above, n, bands);
    return filter <= 4;
}

/* ---- pixels ---- */

/* Colours of a palette, with alpha if any has it. False if a pixel names none. */
static bool look_up (const struct png *p, const uint8_t *row, unsigned bands, uint8_t *to)
{
    for (uint32_t x = 0; x < p->width; x++, to += bands) {
        if (row[x] >= p->n_colours)
            return false;
        memcpy (to, p->palette + (size_t) row[x] * 3, 3);
        if (bands == 4)
            to[3] = row[x] < p->n_alphas ? p->alphas[row[x]] : 255;
    }
    return true;
}

/* Rows of `raw`, each after its filter, go to `out`. */
static bool put_rows (const struct png *p, uint8_t *raw, VipsImage *out)
{
    size_t n = (size_t) p->width * p->bands;
    g_autofree uint8_t *nothing = g_malloc0 (n);
    const uint8_t *above = nothing;
    for (uint32_t y = 0; y < p->height; y++) {
        uint8_t *row = raw + y * (n + 1) + 1, *to = VIPS_IMAGE_ADDR (out, 0, (int) y);
        if (!undo (row[-1], row, above, (unsigned) n, p->bands))
            return false;
        above = row;
        if (p->type != PALETTE)
            memcpy (to, row, n);
        else if (!look_up (p, row, (unsigned) out->Bands, to))
            return false;
    }
    return true;
}

static uint8_t *inflate_all (const struct png *p)
{
    size_t size = ((size_t) p->width * p->bands + 1) * p->height;
    g_autofree uint8_t *raw = g_try_malloc (size);
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor ();
    bool is_done = raw && d &&
                   libdeflate_zlib_decompress (d, p->data, p->data_size, raw, size, NULL) ==
                       LIBDEFLATE_SUCCESS;
    libdeflate_free_decompressor (d);
    return is_done ? g_steal_pointer (&raw) : NULL;
}

/* The loader sees it as we do. */
static bool is_as_expected (const struct png *p, const VipsImage *header)
{
    unsigned bands = p->type == PALETTE ? 3 + !!p->alphas : p->bands;
    return header->BandFmt == VIPS_FORMAT_UCHAR && (uint32_t) header->Xsize == p->width &&
           (uint32_t) header->Ysize == p->height && (unsigned) header->Bands == bands &&
           (p->type != PALETTE || p->palette) &&
           VIPS_IMAGE_SIZEOF_IMAGE (header) <= LIMIT_PNG_PIXELS;
}

bool png_decode (const uint8_t *bytes, size_t size, VipsImage *header, VipsImage **ret)
{
    g_autofree uint8_t *data = g_try_malloc (size);
    struct png p = { .data = data };
    if (!data || !read_chunks (&p, bytes, size) || !is_as_expected (&p, header))
        return false;
    g_autofree uint8_t *raw = inflate_all (&p);
    g_autoptr (GObject) owner = (GObject *) vips_image_new_memory ();
    VipsImage *out = (VipsImage *) owner;
    if (!raw || vips_image_pipelinev (out, VIPS_DEMAND_STYLE_ANY, header, NULL) ||
        vips_image_write_prepare (out) || !put_rows (&p, raw, out)) {
        vips_error_clear ();
        return false;
    }
    *ret = out;
    g_steal_pointer (&owner);
    return true;
}
