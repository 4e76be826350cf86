/* Formats whose header is text: PNM and PFM, PAM, Radiance HDR, FITS. Read from the head of the
 * file alone. */
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/image.h"

struct text {
    const char *at, *end;
};

static struct text text_of (const struct input *in)
{
    const char *start = (const char *) in->head;
    return (struct text){ start, start + in->head_length };
}

/* The next line, without its end; false if there is none. */
static bool take_line (struct text *t, struct text *ret)
{
    const char *end = memchr (t->at, '\n', (size_t) (t->end - t->at));
    if (!end)
        return false;
    *ret = (struct text){ t->at, end };
    t->at = end + 1;
    return true;
}

/* The next word behind spaces and comments; false if there is none. */
static bool take_word (struct text *t, struct text *ret)
{
    while (t->at < t->end && (g_ascii_isspace (*t->at) || *t->at == '#')) {
        const char *end = *t->at == '#' ? memchr (t->at, '\n', (size_t) (t->end - t->at)) : t->at;
        t->at = end ? end + 1 : t->end;
    }
    ret->at = t->at;
    while (t->at < t->end && !g_ascii_isspace (*t->at) && *t->at != '#')
        t->at++;
    ret->end = t->at;
    return ret->at < ret->end;
}

static bool is_word (const struct text *word, const char *name)
{
    size_t n = strlen (name);
    return (size_t) (word->end - word->at) == n && !memcmp (word->at, name, n);
}

/* The next word as a number; 0 if it is none, or larger than any picture. */
static uint64_t take_number (struct text *t)
{
    struct text word;
    uint64_t value = 0;
    if (!take_word (t, &word) || word.end - word.at > 10)
        return 0;
    for (const char *p = word.at; p < word.end; p++) {
        if (!g_ascii_isdigit (*p))
            return 0;
        value = value * 10 + (uint64_t) (*p - '0');
    }
    return value;
}

/* ---- PNM, PFM, PAM ---- */

static void read_named (struct text *t, struct image *image)
{
    struct text word;
    for (unsigned i = 0; i < LIMIT_HEADER_LINES && take_word (t, &word); i++) {
        if (is_word (&word, "ENDHDR"))
            return;
        uint64_t *target = is_word (&word, "WIDTH")    ? &image->width
                           : is_word (&word, "HEIGHT") ? &image->height
                                                       : NULL;
        if (target)
            *target = take_number (t);
    }
}

/* The kind of picture, then width and height; with names in a PAM. */
enum err extract_pnm (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    struct text t = text_of (in), kind;
    image_init (&image, "pnm");
    if (take_word (&t, &kind) && is_word (&kind, "P7")) {
        read_named (&t, &image);
    } else {
        image.width = take_number (&t);
        image.height = take_number (&t);
    }
    return image_report (in, &image, meta, e);
}

/* ---- Radiance ---- */

/* Behind an empty line: "-Y 480 +X 640", rows first, or columns first. The signs tell the
 * direction.
 */
static void read_resolution (struct text *line, struct image *image)
{
    struct text axis;
    for (unsigned i = 0; i < 2 && take_word (line, &axis) && axis.end - axis.at == 2; i++) {
        uint64_t number = take_number (line);
        if (axis.at[1] == 'X')
            image->width = number;
        else if (axis.at[1] == 'Y')
            image->height = number;
    }
}

enum err extract_hdr (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    struct text t = text_of (in), line;
    image_init (&image, "hdr");
    for (unsigned i = 0; i < LIMIT_HEADER_LINES && take_line (&t, &line); i++)
        if (line.at == line.end) {
            if (take_line (&t, &line))
                read_resolution (&line, &image);
            break;
        }
    return image_report (in, &image, meta, e);
}

/* ---- FITS ---- */

/* Cards of 80 bytes, "NAXIS1  =                  100 / comment". Data of other than two or three
 * axes is no picture, and has no size. */
enum err extract_fits (struct input *in, json_t *meta, struct error *e)
{
    enum { CARD = 80, NAME = 10 };
    _cleanup_image_ struct image image;
    struct text t = text_of (in);
    image_init (&image, "fits");
    for (unsigned i = 0; i < LIMIT_HEADER_LINES && t.end - t.at >= CARD; i++, t.at += CARD) {
        struct text value = { t.at + NAME, t.at + CARD };
        if (!memcmp (t.at, "END     ", 8))
            break;
        if (!memcmp (t.at, "NAXIS1  =", 9))
            image.width = take_number (&value);
        else if (!memcmp (t.at, "NAXIS2  =", 9))
            image.height = take_number (&value);
    }
    return image.width && image.height ? image_report (in, &image, meta, e) : ERR_OK;
}
