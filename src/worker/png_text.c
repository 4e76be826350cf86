/* Keywords of PNG's texts, and "raw profiles": the name, the number of bytes, the bytes in digits.
 */
#include "worker/png_text.h"

#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "worker/icc.h"
#include "worker/inflate.h"
#include "worker/iptc.h"
#include "worker/xmp.h"

/* A keyword, whether and how the text is compressed, two more names, the text. A compressed packet
 * is against the rules of XMP, and is left out. */
void png_itxt (struct input *in, uint64_t at, uint32_t length, struct image *image)
{
    static const char keyword[] = "XML:com.adobe.xmp\0"; /* not compressed */
    size_t n = MIN (length, 256);
    const uint8_t *p = n > sizeof keyword ? input_at (in, at, n) : NULL;
    if (!p || memcmp (p, keyword, sizeof keyword))
        return;
    size_t skip = sizeof keyword + 1;
    for (unsigned names = 0; names < 2; names++) {
        const uint8_t *nul = skip < n ? memchr (p + skip, 0, n - skip) : NULL;
        if (!nul)
            return;
        skip = (size_t) (nul - p) + 1;
    }
    xmp_parse (in, at + skip, length - skip, &image->xmp);
}

/* What a profile begins with, and who reads what follows. */
static void take_exif (struct input *in, uint64_t at, struct image *image)
{
    exif_parse (in, at, in->size - at, &image->exif);
}

static void take_xmp (struct input *in, uint64_t at, struct image *image)
{
    xmp_parse (in, at, in->size - at, &image->xmp);
}

static void take_resources (struct input *in, uint64_t at, struct image *image)
{
    iptc_resources (in, at, in->size - at, image);
}

#define BEGINNING(bytes) bytes, sizeof (bytes) - 1
static const struct {
    const char *bytes;
    size_t length;
    unsigned skip;
    void (*take) (struct input *in, uint64_t at, struct image *image);
} beginnings[] = {
    { BEGINNING ("Exif\0\0"), 6, take_exif },
    { BEGINNING ("II*\0"), 0, take_exif },
    { BEGINNING ("MM\0*"), 0, take_exif },
    { BEGINNING ("http://ns.adobe.com/xap/1.0/\0"), 29, take_xmp },
    { BEGINNING ("<?xpacket"), 0, take_xmp },
    { BEGINNING ("8BIM"), 0, take_resources },
};

static void take_profile (const uint8_t *bytes, size_t length, struct image *image)
{
    g_autofree struct input *in = g_new (struct input, 1);
    input_of_bytes (in, bytes, length);
    for (size_t i = 0; i < N_ELEMENTS (beginnings); i++)
        if (length >= beginnings[i].length &&
            !memcmp (bytes, beginnings[i].bytes, beginnings[i].length)) {
            beginnings[i].take (in, beginnings[i].skip, image);
            return;
        }
}

/* Two lines, the name and the length, and then digits with spaces between lines of them. */
static void read_profile (const char *text, size_t length, struct image *image)
{
    const char *p = text, *end = text + length;
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    for (unsigned lines = 0; lines < 2; lines++) {
        p += p < end && *p == '\n';
        p = memchr (p, '\n', (size_t) (end - p));
        if (!p)
            return;
    }
    for (int high = -1; p < end && bytes->len < INPUT_HEAD; p++) {
        int digit = g_ascii_xdigit_value (*p);
        if (digit < 0)
            continue;
        if (high < 0) {
            high = digit;
            continue;
        }
        uint8_t byte = (uint8_t) (high << 4 | digit);
        g_byte_array_append (bytes, &byte, 1);
        high = -1;
    }
    if (bytes->len)
        take_profile (bytes->data, bytes->len, image);
}

/* The whole chunk, if it is a profile; `ret_skip` is where its text begins. */
static uint8_t *load_profile (struct input *in, uint64_t at, uint32_t length, size_t *ret_skip)
{
    static const char prefix[] = "Raw profile type ";
    const uint8_t *p = length > 80 && length <= LIMIT_PNG_PROFILE ? input_at (in, at, 80) : NULL;
    const uint8_t *nul = p && !memcmp (p, prefix, sizeof prefix - 1) ? memchr (p, 0, 79) : NULL;
    if (!nul)
        return NULL;
    *ret_skip = (size_t) (nul - p) + 1;
    g_autofree uint8_t *bytes = g_malloc (length);
    return input_read (in, at, bytes, length) ? g_steal_pointer (&bytes) : NULL;
}

void png_text (struct input *in, uint64_t at, uint32_t length, struct image *image)
{
    size_t skip;
    g_autofree uint8_t *bytes = load_profile (in, at, length, &skip);
    if (bytes)
        read_profile ((const char *) bytes + skip, length - skip, image);
}

/* One byte names the compression, of which there is one. */
void png_ztxt (struct input *in, uint64_t at, uint32_t length, struct image *image)
{
    size_t skip;
    g_autofree uint8_t *bytes = load_profile (in, at, length, &skip);
    if (!bytes)
        return;
    g_autoptr (GByteArray) text =
        inflate_bytes (bytes + skip + 1, length - skip - 1, LIMIT_PNG_PROFILE);
    if (text && text->len)
        read_profile ((const char *) text->data, text->len, image);
}

static void read_unpacked_profile (const uint8_t *data, size_t length, char **name)
{
    g_autoptr (GByteArray) profile = inflate_start (data, length, LIMIT_ICC_PACKED);
    if (!profile)
        return;
    g_autofree struct input *in = g_new (struct input, 1);
    input_of_bytes (in, profile->data, profile->len);
    icc_read (in, 0, in->size, name);
}

void png_profile (struct input *in, uint64_t at, uint32_t length, struct image *image)
{
    size_t n = MIN (length, 82);
    const uint8_t *p = input_at (in, at, n), *nul = p ? memchr (p, 0, n) : NULL;
    if (!nul || image->profile)
        return;
    size_t skip = (size_t) (nul - p) + 2;
    g_autofree char *given = caption_clean ((const char *) p, skip - 2, LIMIT_PROFILE_NAME);
    if (length > skip) {
        size_t taken = MIN (length - skip, LIMIT_ICC_PACKED);
        g_autofree uint8_t *bytes = g_malloc (taken);
        if (input_read (in, at + skip, bytes, taken))
            read_unpacked_profile (bytes, taken, &image->profile);
    }
    if (!image->profile)
        image->profile = g_steal_pointer (&given);
}
