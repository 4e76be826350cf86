/* RAF, of Fujifilm: a preview, which has all of EXIF, and a directory with the size of the picture.
 */
#include "base/limits.h"
#include "worker/extract.h"
#include "worker/image.h"
#include "worker/jpeg.h"

enum { PLACES = 84 }; /* where the header says where preview and directory are */
enum { FULL_SIZE = 0x100, CROPPED_SIZE = 0x111 };

/* Records of a number, a length and a value, behind their count. */
static void read_directory (struct input *in, uint64_t at, struct image *image)
{
    const uint8_t *p = input_at (in, at, 4);
    uint32_t n = p ? get_u32be (p) : 0;
    at += 4;
    for (uint32_t i = 0; i < n && i < LIMIT_EXIF_ENTRIES && (p = input_at (in, at, 4)); i++) {
        uint16_t tag = get_u16be (p), length = get_u16be (p + 2);
        bool is_size = tag == CROPPED_SIZE || (tag == FULL_SIZE && !image->width);
        if (is_size && length >= 4 && (p = input_at (in, at + 4, 4))) {
            image->height = get_u16be (p);
            image->width = get_u16be (p + 2);
        }
        at += 4u + length;
    }
}

enum err extract_raf (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "raf");
    const uint8_t *p = input_at (in, PLACES, 12);
    if (p) {
        uint32_t preview = get_u32be (p), directory = get_u32be (p + 8);
        read_directory (in, directory, &image);
        jpeg_read (in, preview, &image);
    }
    return image_report (in, &image, meta, e);
}
