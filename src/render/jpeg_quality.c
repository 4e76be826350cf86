/* Quality of a JPEG. Looks at its segments up to the first quantisation table, nothing else. */
#include "render/jpeg_quality.h"

#include <glib.h>

#include "worker/input.h"

/* Sum of the luminance table that the standard proposes, which libjpeg calls quality 50. */
#define STANDARD_SUM 3688
#define COEFFICIENTS 64

enum { MARK = 0xff, DQT = 0xdb, SOS = 0xda };

/* libjpeg scales the standard table by `percent`, and makes that of the quality. */
static int quality_of (unsigned sum)
{
    double percent = 100.0 * sum / STANDARD_SUM;
    double quality = percent <= 100 ? (200 - percent) / 2 : 5000 / percent;
    return CLAMP ((int) (quality + 0.5), 1, 100);
}

/* The first table of a DQT segment. */
static int read_table (const uint8_t *p, size_t length)
{
    size_t width = length && p[0] >> 4 ? 2 : 1;
    unsigned sum = 0;
    if (length < 1 + COEFFICIENTS * width)
        return 0;
    for (size_t i = 0; i < COEFFICIENTS; i++)
        sum += width == 2 ? get_u16be (p + 1 + 2 * i) : p[1 + i];
    return quality_of (sum);
}

int jpeg_quality (const uint8_t *bytes, size_t size)
{
    size_t at = 2;
    while (at + 4 <= size && bytes[at] == MARK) {
        uint8_t kind = bytes[at + 1];
        size_t length = get_u16be (bytes + at + 2);
        if (kind == MARK) {
            at++;
            continue;
        }
        if (kind == SOS || length < 2 || length > size - at - 2)
            return 0;
        if (kind == DQT)
            return read_table (bytes + at + 4, length - 2);
        at += 2 + length;
    }
    return 0;
}
