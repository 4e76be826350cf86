/* Scaling in two passes. Rows are mixed first, for there they lie side by side in memory; then, for
 * LANES rows at once, pixels: these rows are turned on their side, so that again what is mixed lies
 * side by side. Loops are written so that the compiler makes vectors of them.
 *
 * No sum leaves 16 bits: weights of one side add up to 1, their magnitudes to at most 1.56, and a
 * sample is at most 255 << FRACTION; two passes peak at 27,815. */
#include "render/scale.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <glib.h>

#define LOBES    3
#define FRACTION 6     /* bits after the point of a sample: 255 is 16320, and peaks go to 27815 */
#define ONE      32768 /* a weight of 1 */
#define BOX_FROM 4 /* factor from which boxes are averaged first; they leave a factor of 2 to 3 */
#define LANES    16
#define TAPS     4    /* neighbours that are mixed at once; a row of weights is a multiple long */
#define CHUNK    1024 /* samples of a row that are mixed at once: they stay in the first cache */

/* ifunc resolvers run before a sanitizer does. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VECTORS __attribute__ ((target_clones ("avx2", "default")))
#else
#define VECTORS
#endif

/* a * b, b a fraction of ONE, rounded; written as the compiler knows it. */
#define MULTIPLY(a, b) ((int16_t) (((((int32_t) (a) * (b)) >> 14) + 1) >> 1))

/* How samples along one side become others: each from `n` neighbours. */
struct axis {
    unsigned from, to, box; /* samples before; after; of a box */
    unsigned boxes;         /* from / box, rounded up */
    unsigned n_max;         /* most neighbours */
    unsigned *start, *n;    /* of each result; boxes */
    int16_t *weights;       /* n_max of each result; their sum is ONE */
};

struct scaler {
    struct axis x, y;
    unsigned bands, samples; /* samples: of a row of boxes */
    bool has_alpha, is_boxed;
    unsigned n_in, n_boxed, n_out; /* rows: put, of boxes, mixed */
    uint32_t *sums;                /* of a row of boxes that is not complete; is_boxed only */
    int16_t *wide;                 /* a row as it comes, with weighed colours */
    int16_t *ring;                 /* the last rows of boxes, y.n_max of them */
    int16_t *mixed;                /* LANES rows */
    int16_t *turned;               /* the same, [sample][lane] */
    int16_t *lanes;                /* results, [sample][lane] */
    uint8_t *result;               /* borrowed */
};

/* ---- weights ---- */

static double lanczos (double x)
{
    if (x == 0)
        return 1;
    if (fabs (x) >= LOBES)
        return 0;
    return LOBES * sin (G_PI * x) * sin (G_PI * x / LOBES) / (G_PI * G_PI * x * x);
}

/* Whole numbers that keep the sum; what rounding left over goes to the largest. */
static void store_weights (const double *exact, unsigned n, double sum, int16_t *ret)
{
    int left = ONE;
    unsigned largest = 0;
    for (unsigned k = 0; k < n; k++) {
        ret[k] = (int16_t) MIN (lround (exact[k] * ONE / sum), ONE - 1);
        left -= ret[k];
        largest = ret[k] > ret[largest] ? k : largest;
    }
    ret[largest] = (int16_t) MIN (ret[largest] + left, ONE - 1);
}

/* Neighbours of result `i`, and their weights. The first and last box stand for those beyond. */
static void find_neighbours (struct axis *a, unsigned i, double factor, double *exact)
{
    double centre = (i + 0.5) * factor - 0.5, reach = LOBES * factor, sum = 0;
    int first = (int) ceil (centre - reach), last = (int) floor (centre + reach);
    int begin = MAX (first, 0), end = MIN (last, (int) a->boxes - 1);
    memset (exact, 0, a->n_max * sizeof *exact);
    for (int k = first; k <= last; k++) {
        double weight = lanczos ((k - centre) / factor);
        exact[CLAMP (k, begin, end) - begin] += weight;
        sum += weight;
    }
    a->start[i] = (unsigned) begin;
    a->n[i] = (unsigned) (end - begin) + 1;
    store_weights (exact, a->n_max, sum, a->weights + (size_t) i * a->n_max);
}

static void axis_init (struct axis *a, unsigned from, unsigned to)
{
    double factor = (double) from / to;
    a->from = from;
    a->to = to;
    a->box = factor >= BOX_FROM ? (unsigned) (factor / 2) : 1;
    a->boxes = (from + a->box - 1) / a->box;
    factor /= a->box;
    a->n_max = ((unsigned) ceil (2 * LOBES * factor) + 1 + TAPS - 1) / TAPS * TAPS;
    a->start = g_new (unsigned, to);
    a->n = g_new (unsigned, to);
    a->weights = g_new (int16_t, (size_t) to * a->n_max);
    g_autofree double *exact = g_new (double, a->n_max);
    for (unsigned i = 0; i < to; i++)
        find_neighbours (a, i, factor, exact);
}

static void axis_clear (struct axis *a)
{
    g_free (a->start);
    g_free (a->n);
    g_free (a->weights);
}

struct scaler *scaler_new (struct process_size from, struct process_size to, unsigned bands,
                           uint8_t *result)
{
    assert (to.width && to.height && bands >= 1 && bands <= 4);
    assert (to.width <= from.width && to.height <= from.height);
    struct scaler *s = g_new0 (struct scaler, 1);
    axis_init (&s->x, from.width, to.width);
    axis_init (&s->y, from.height, to.height);
    s->bands = bands;
    s->has_alpha = bands == 2 || bands == 4;
    s->is_boxed = s->x.box > 1 || s->y.box > 1;
    s->samples = s->x.boxes * bands;
    s->sums = s->is_boxed ? g_new0 (uint32_t, (size_t) from.width * bands) : NULL;
    s->wide = g_new (int16_t, (size_t) from.width * bands);
    s->ring = g_new (int16_t, (size_t) s->y.n_max * s->samples);
    s->mixed = g_new (int16_t, (size_t) LANES * s->samples);
    s->turned = g_new0 (int16_t, (size_t) LANES * (s->samples + TAPS * bands));
    s->lanes = g_new (int16_t, (size_t) LANES * to.width * bands);
    s->result = result;
    return s;
}

void scaler_free (struct scaler *s)
{
    if (!s)
        return;
    axis_clear (&s->x);
    axis_clear (&s->y);
    g_free (s->sums);
    g_free (s->wide);
    g_free (s->ring);
    g_free (s->mixed);
    g_free (s->turned);
    g_free (s->lanes);
    g_free (s);
}

/* ---- rows as they come ---- */

VECTORS static void widen (const uint8_t *from, int16_t *to, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        to[i] = (int16_t) (from[i] << FRACTION);
}

VECTORS static void weigh (const uint8_t *from, int16_t *to, unsigned pixels, unsigned bands)
{
    for (unsigned i = 0; i < pixels; i++, from += bands, to += bands) {
        unsigned alpha = from[bands - 1];
        for (unsigned b = 0; b + 1 < bands; b++)
            to[b] = (int16_t) (((from[b] * alpha << FRACTION) + 127) / 255);
        to[bands - 1] = (int16_t) (alpha << FRACTION);
    }
}

VECTORS static void add_up (const int16_t *from, uint32_t *to, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        to[i] += (uint32_t) from[i];
}

/* Means of the boxes of `rows` rows. */
static void average (const struct scaler *s, unsigned rows, int16_t *to)
{
    unsigned bands = s->bands;
    for (unsigned x = 0; x < s->x.boxes; x++, to += bands) {
        unsigned first = x * s->x.box, n = MIN (s->x.box, s->x.from - first);
        for (unsigned b = 0; b < bands; b++) {
            const uint32_t *sum = s->sums + (size_t) first * bands + b;
            uint64_t all = 0;
            for (unsigned k = 0; k < n; k++)
                all += sum[(size_t) k * bands];
            to[b] = (int16_t) ((all + n * rows / 2) / ((uint64_t) n * rows));
        }
    }
}

static int16_t *ring_row (const struct scaler *s, unsigned row)
{
    return s->ring + (size_t) (row % s->y.n_max) * s->samples;
}

/* ---- rows are mixed ---- */

/* Adds TAPS rows, each times its weight, to `sum`. */
static inline __attribute__ ((always_inline)) void mix (int16_t *restrict sum,
                                                        const int16_t *const rows[TAPS],
                                                        const int16_t *weights, unsigned n)
{
    const int16_t *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3];
    int16_t w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3];
    for (unsigned i = 0; i < n; i++)
        sum[i] = (int16_t) (sum[i] + MULTIPLY (r0[i], w0) + MULTIPLY (r1[i], w1) +
                            MULTIPLY (r2[i], w2) + MULTIPLY (r3[i], w3));
}

VECTORS static void mix_rows (int16_t *sum, const int16_t *const rows[TAPS], const int16_t *weights,
                              unsigned n)
{
    mix (sum, rows, weights, n);
}

/* Row `out` of the result, as wide as the boxes are. */
static void mix_row (struct scaler *s, unsigned out, int16_t *to)
{
    const int16_t *weights = s->y.weights + (size_t) out * s->y.n_max;
    memset (to, 0, s->samples * sizeof *to);
    for (unsigned at = 0; at < s->samples; at += CHUNK)
        for (unsigned k = 0; k < s->y.n[out]; k += TAPS) {
            const int16_t *rows[TAPS]; /* beyond the last neighbour weights are 0 */
            for (unsigned j = 0; j < TAPS; j++)
                rows[j] = ring_row (s, s->y.start[out] + MIN (k + j, s->y.n[out] - 1)) + at;
            mix_rows (to + at, rows, weights + k, MIN (CHUNK, s->samples - at));
        }
}

/* ---- pixels are mixed ---- */

/* LANES rows of n samples, `stride` apart, to n columns of LANES. */
VECTORS static void turn (const int16_t *restrict rows, size_t stride, unsigned n,
                          int16_t *restrict columns)
{
    for (unsigned i = 0; i < n; i++)
        for (unsigned lane = 0; lane < LANES; lane++)
            columns[(size_t) i * LANES + lane] = rows[lane * stride + i];
}

/* Result i is made of columns `bands` apart. Beyond its last neighbour weights are 0. */
VECTORS static void mix_columns (const struct axis *a, const int16_t *columns, unsigned bands,
                                 int16_t *to)
{
    for (unsigned x = 0; x < a->to; x++)
        for (unsigned b = 0; b < bands; b++, to += LANES) {
            const int16_t *from = columns + ((size_t) a->start[x] * bands + b) * LANES;
            const int16_t *weights = a->weights + (size_t) x * a->n_max;
            int16_t sum[LANES] = { 0 };
            for (unsigned k = 0; k < a->n[x]; k += TAPS, from += (size_t) TAPS * bands * LANES)
                mix (sum,
                     (const int16_t *[]){ from, from + bands * LANES, from + 2 * bands * LANES,
                                          from + 3 * bands * LANES },
                     weights + k, LANES);
            memcpy (to, sum, sizeof sum);
        }
}

/* Back to 8 bits, in place: byte i of the n that are left is sample i. */
VECTORS static void narrow (int16_t *samples, size_t n)
{
    uint8_t *to = (uint8_t *) samples;
    for (size_t i = 0; i < n; i += LANES) {
        uint8_t bytes[LANES];
        for (unsigned lane = 0; lane < LANES; lane++) {
            int value = (samples[i + lane] + (1 << (FRACTION - 1))) >> FRACTION;
            bytes[lane] = (uint8_t) CLAMP (value, 0, 255);
        }
        memcpy (to + i, bytes, sizeof bytes);
    }
}

static void unweigh (uint8_t *row, unsigned pixels, unsigned bands)
{
    for (unsigned i = 0; i < pixels; i++, row += bands) {
        unsigned alpha = row[bands - 1];
        for (unsigned b = 0; b + 1 < bands && alpha != 255; b++)
            row[b] = alpha ? (uint8_t) MIN (255, (row[b] * 255u + alpha / 2) / alpha) : 0;
    }
}

/* Makes the last `n` rows that were mixed part of the result. */
static void finish_rows (struct scaler *s, unsigned n)
{
    unsigned bands = s->bands, width = s->x.to, samples = width * bands;
    turn (s->mixed, s->samples, s->samples, s->turned);
    mix_columns (&s->x, s->turned, bands, s->lanes);
    narrow (s->lanes, (size_t) samples * LANES);
    for (unsigned lane = 0; lane < n; lane++) {
        const uint8_t *from = (const uint8_t *) s->lanes + lane;
        uint8_t *row = s->result + (size_t) (s->n_out - n + lane) * samples;
        for (size_t i = 0; i < samples; i++)
            row[i] = from[i * LANES];
        if (s->has_alpha)
            unweigh (row, width, bands);
    }
}

static void take_row (struct scaler *s)
{
    s->n_boxed++;
    while (s->n_out < s->y.to && s->y.start[s->n_out] + s->y.n[s->n_out] <= s->n_boxed) {
        mix_row (s, s->n_out, s->mixed + (size_t) (s->n_out % LANES) * s->samples);
        s->n_out++;
        if (s->n_out % LANES == 0)
            finish_rows (s, LANES);
        else if (s->n_out == s->y.to)
            finish_rows (s, s->n_out % LANES);
    }
}

void scaler_put (struct scaler *s, const uint8_t *row)
{
    assert (s->n_in < s->y.from);
    unsigned n = s->x.from * s->bands;
    int16_t *to = s->is_boxed ? s->wide : ring_row (s, s->n_boxed);
    if (s->has_alpha)
        weigh (row, to, s->x.from, s->bands);
    else
        widen (row, to, n);
    s->n_in++;
    if (!s->is_boxed) {
        take_row (s);
        return;
    }
    add_up (s->wide, s->sums, n);
    unsigned rows = (s->n_in - 1) % s->y.box + 1;
    if (rows < s->y.box && s->n_in < s->y.from)
        return;
    average (s, rows, ring_row (s, s->n_boxed));
    memset (s->sums, 0, n * sizeof *s->sums);
    take_row (s);
}
