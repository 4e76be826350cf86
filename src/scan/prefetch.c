/* The table of prefetches, and how ranges are widened, joined and limited. Knows nothing of who
 * fetches. */
#include "scan/prefetch.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/macros.h"

/* ---- what kinds of files are known to need ---- */

#define HEAD (64 * KIB) /* what a worker looks at first, always */

static const struct row {
    const char *extensions; /* between spaces */
    struct prefetch fetch;
} rows[] = {
    /* Metadata stand before the picture. */
    { " jpg jpeg jpe jfif gif webp bmp ico cur psd psb jp2 j2k jpx jxl svg hdr exr qoi dds pcx pnm "
      "ppm "
      "pgm pbm pfm heic heif avif cr3 raf orf rw2 ",
      { HEAD, 0, HEAD } },
    /* So they do, but texts may follow it. */
    { " png apng ", { HEAD, 2 * HEAD, 8 * HEAD } },
    /* The directory may be anywhere, and says where the rest is. */
    { " tif tiff dng nef nrw arw cr2 pef srw 3fr erf mef mos kdc dcr iiq ", { HEAD, 0, 4 * HEAD } },
    /* A table of contents at either end, and the first picture of each stream. */
    { " mp4 m4v mov qt 3gp 3g2 mkv webm avi flv f4v mxf nut ivf ogv ",
      { 4 * HEAD, HEAD, 8 * HEAD } },
    /* No table of contents: streams are looked for, and the last time stamp. */
    { " mpg mpeg m2v vob ts mts m2ts wmv asf rm rmvb ", { 16 * HEAD, 4 * HEAD, 32 * HEAD } },
    /* Tags at either end. */
    { " mp3 mp2 aac ape wv tta mpc ", { HEAD, HEAD / 4, 4 * HEAD } },
    { " m4a m4b ogg oga opus wma mka caf ", { HEAD, HEAD, 4 * HEAD } },
    /* The same, and so many samples that their rate can be told. */
    { " wav aif aiff aifc au snd w64 rf64 flac ac3 eac3 dts ", { 6 * HEAD, HEAD / 4, 8 * HEAD } },
    /* All of its text is read, and it is all over the place. */
    { " pdf ", { HEAD, HEAD, 8 * MIB, true } },
    /* The same of packages: their directory stands at the end. */
    { " docx docm dotx xlsx xlsm pptx pptm ppsx odt ods odp odg ott epub ",
      { HEAD, HEAD, 4 * MIB, true } },
    { " doc dot xls xlt ppt pps msg ", { HEAD, 0, 4 * MIB, true } },
    /* Members are listed, not read. */
    { " zip jar war apk ipa kmz xpi cbz 7z ", { HEAD, HEAD, 4 * HEAD } },
    /* Read from the start, and not little of it. */
    { " txt md rst tex log csv tsv ini css js ts go java py rs c h cpp hpp sh sql vtt srt json "
      "jsonl "
      "geojson yaml yml toml po diff patch html htm xhtml xml rss atom gpx kml ttml ics vcf ",
      { LIMIT_TEXT_READ, 0, LIMIT_TEXT_READ } },
    { " rtf eml mbox tar tgz gz bz2 xz lzma lz lz4 zst cpio deb rpm ", { 4 * HEAD, 0, 16 * HEAD } },
};

static const struct prefetch other = { HEAD, 0, 128 * KIB };

const struct prefetch *prefetch_find (const char *extension)
{
    char word[FRAME_EXTENSION + 2];
    size_t length = strlen (extension);
    if (length == 0 || length >= FRAME_EXTENSION)
        return &other;
    word[0] = ' ';
    memcpy (word + 1, extension, length);
    memcpy (word + 1 + length, " ", 2);
    for (size_t i = 0; i < N_ELEMENTS (rows); i++)
        if (strstr (rows[i].extensions, word))
            return &rows[i].fetch;
    return &other;
}

/* ---- what workers ask for ---- */

/* Ranges in ascending order, apart. */
struct set {
    struct store_range ranges[STORE_RANGES + FRAME_NEEDS + 1];
    unsigned n;
};

static uint64_t end_of (const struct store_range *r)
{
    return r->at + r->length;
}

static void set_add (struct set *s, uint64_t at, uint64_t end)
{
    struct store_range *r = s->ranges;
    unsigned first = 0, last;
    while (first < s->n && end_of (&r[first]) < at)
        first++;
    for (last = first; last < s->n && r[last].at <= end; last++) {
        at = MIN (at, r[last].at);
        end = MAX (end, end_of (&r[last]));
    }
    assert (first < last || s->n < N_ELEMENTS (s->ranges));
    memmove (r + first + 1, r + last, (s->n - last) * sizeof *r);
    s->n = s->n + 1 - (last - first);
    r[first] = (struct store_range){ at, end - at };
}

/* Joins ranges across gaps smaller than `gap`, and until no more than STORE_RANGES are left. */
static void set_join (struct set *s, uint64_t gap)
{
    while (s->n > 1) {
        unsigned best = 1;
        for (unsigned i = 2; i < s->n; i++)
            if (s->ranges[i].at - end_of (&s->ranges[i - 1]) <
                s->ranges[best].at - end_of (&s->ranges[best - 1]))
                best = i;
        uint64_t smallest = s->ranges[best].at - end_of (&s->ranges[best - 1]);
        if (smallest >= gap && s->n <= STORE_RANGES)
            return;
        set_add (s, end_of (&s->ranges[best - 1]), s->ranges[best].at);
    }
}

/* How long the known range is that ends (or begins) there; 0: none does. */
static uint64_t run_length (const struct store_handle *h, uint64_t at, bool ends)
{
    for (unsigned i = 0; i < h->n_known; i++)
        if (at == (ends ? end_of (&h->known[i]) : h->known[i].at))
            return h->known[i].length;
    return 0;
}

/* Who goes on where what is known ends has read all of that, and will read on: twice as much again.
 * Who jumps, jumps again rather than to read on, but not for ever. */
static void widen (const struct store_handle *h, const struct frame_range *need, struct set *wanted)
{
    uint64_t at = need->at, end = need->at + need->length;
    uint64_t before = run_length (h, at, true), behind = run_length (h, end, false);
    uint64_t step = LIMIT_FETCH_STEP << (h->rounds ? h->rounds - 1 : 0);
    step = MAX (step, 2 * MAX (before, behind));
    if (behind && !before)
        at = MIN (at, end - MIN (end, step));
    else
        end = MAX (end, at + MIN (h->facts.size - at, step));
    set_add (wanted, at, end);
}

/* The parts of `wanted` that are not known, as much as `allowed` bytes. */
static unsigned subtract (const struct store_handle *h, const struct set *wanted, uint64_t allowed,
                          struct store_range ret[STORE_RANGES])
{
    unsigned n = 0;
    for (unsigned i = 0; i < wanted->n; i++) {
        uint64_t at = wanted->ranges[i].at, end = end_of (&wanted->ranges[i]);
        for (unsigned k = 0; k <= h->n_known && at < end && allowed && n < STORE_RANGES; k++) {
            bool is_last = k == h->n_known;
            uint64_t stop = is_last ? end : MIN (end, h->known[k].at);
            if (at < stop) {
                ret[n] = (struct store_range){ at, MIN (stop - at, allowed) };
                allowed -= ret[n++].length;
            }
            if (!is_last)
                at = MAX (at, end_of (&h->known[k]));
        }
    }
    return n;
}

static uint64_t count_known (const struct store_handle *h)
{
    uint64_t known = 0;
    for (unsigned i = 0; i < h->n_known; i++)
        known += h->known[i].length;
    return known;
}

unsigned prefetch_more (const struct store_handle *h, const struct frame_need *need,
                        struct store_range ret[STORE_RANGES])
{
    uint64_t known = count_known (h), most = MIN (need->allowance, LIMIT_FETCH_OBJECT);
    if (h->rounds >= LIMIT_FETCH_ROUNDS || known >= most)
        return 0;
    bool is_last = h->rounds + 1 == LIMIT_FETCH_ROUNDS;
    bool is_nearly_whole = h->facts.size - known <= LIMIT_FETCH_REST;
    struct set wanted = { .n = 0 };
    if (is_nearly_whole || (is_last && h->facts.size <= most))
        set_add (&wanted, 0, h->facts.size);
    for (unsigned i = 0; i < need->n; i++)
        widen (h, &need->ranges[i], &wanted);
    struct set all = wanted;
    for (unsigned i = 0; i < h->n_known; i++)
        set_add (&all, h->known[i].at, end_of (&h->known[i]));
    set_join (&all, LIMIT_FETCH_GAP);
    return subtract (h, &all, most - known, ret);
}
