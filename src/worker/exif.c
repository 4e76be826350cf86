/* The parser of EXIF and TIFF directories. */
#include "worker/exif.h"

#include <math.h>
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/exif_reader.h"

const uint8_t exif_type_sizes[LAST_TYPE + 1] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4,
                                                 8, 4, 8, 4, 0, 0, 8, 8, 8 };

uint64_t exif_number (const struct exif_reader *r, const uint8_t *p, unsigned bytes)
{
    switch (bytes) {
    case 1:
        return p[0];
    case 2:
        return r->is_little ? get_u16le (p) : get_u16be (p);
    case 4:
        return r->is_little ? get_u32le (p) : get_u32be (p);
    default:
        return r->is_little ? get_u64le (p) : get_u64be (p);
    }
}

const uint8_t *exif_look (struct exif_reader *r, uint64_t offset, uint64_t length)
{
    if (offset > r->size || length > r->size - offset || length > INPUT_WINDOW)
        return NULL;
    return input_at (r->in, r->base + offset, (size_t) length);
}

void exif_init (struct exif *x)
{
    *x = (struct exif){ .tags = json_object (), .latitude = NAN, .longitude = NAN };
}

void exif_clear (struct exif *x)
{
    json_decref (x->tags);
    x->tags = NULL;
}

void exif_set (struct exif *x, const char *name, const char *value)
{
    json_object_set_new (x->tags, name, json_pack ("{s:s}", "value", value));
}

const char *exif_get (const struct exif *x, const char *name)
{
    return json_string_value (json_object_get (json_object_get (x->tags, name), "value"));
}

/* ---- what the extractors reckon with ---- */

static bool is_whole (const struct exif_entry *v)
{
    return v->type == BYTE || v->type == SHORT || v->type == LONG || v->type == IFD ||
           v->type == LONG8 || v->type == IFD8;
}

static double degrees (const struct exif_reader *r, const struct exif_entry *v)
{
    double sum = 0, unit = 1;
    for (uint64_t i = 0; i < MIN (v->count, 3); i++, unit /= 60) {
        uint64_t over = exif_number (r, v->data + i * 8, 4),
                 under = exif_number (r, v->data + i * 8 + 4, 4);
        if (!under && (over || i == 0))
            return NAN;
        sum += under ? (double) over / (double) under * unit : 0;
    }
    return sum;
}

static void note_ifd0 (struct exif_reader *r, const struct exif_entry *v, uint64_t number)
{
    switch (v->tag) {
    case 4:
    case 5:
    case 6:
    case 7:
        if (v->directory == EXIF_IFD0)
            r->x->borders[v->tag - 4] = number;
        break;
    case 0xfe:
        r->subfile |= number & 3;
        break;
    case 0xff: /* the same as an older number: 2 is a preview */
        r->subfile |= number == 2;
        break;
    case 0x201: /* a JPEG behind the first picture is its preview */
        r->subfile |= v->directory == EXIF_SUB;
        break;
    case 0x100:
        r->width = number;
        break;
    case 0x101:
        r->height = number;
        break;
    case 0x112:
        if (v->directory == EXIF_IFD0 && number >= 1 && number <= 8 && !r->x->orientation)
            r->x->orientation = (unsigned) number;
        break;
    case 0x14a:
        for (uint64_t i = 0; i < v->count && r->n_subs < LIMIT_EXIF_SUBS; i++)
            if (v->directory == EXIF_IFD0)
                r->subs[r->n_subs++] = exif_number (r, v->data + i * exif_type_sizes[v->type],
                                                    exif_type_sizes[v->type]);
        break;
    case 0x8769:
        if (v->directory == EXIF_IFD0)
            r->pointers[EXIF_EXIF] = number;
        break;
    case 0x8825:
        if (v->directory == EXIF_IFD0)
            r->pointers[EXIF_GPS] = number;
        break;
    default:
        break;
    }
}

static void note_value (struct exif_reader *r, const struct exif_entry *v)
{
    if (is_whole (v)) {
        uint64_t number = exif_number (r, v->data, exif_type_sizes[v->type]);
        if (v->directory == EXIF_IFD0 || v->directory == EXIF_SUB)
            note_ifd0 (r, v, number);
        if (v->directory == EXIF_EXIF && v->tag == 0xa005)
            r->pointers[EXIF_INTEROP] = number;
    } else if (v->directory == EXIF_GPS && exif_is_ratio (v)) {
        if (v->tag == 2 && !r->x->has_latitude)
            r->x->latitude = degrees (r, v);
        if (v->tag == 4 && !r->x->has_longitude)
            r->x->longitude = degrees (r, v);
    }
}

/* ---- directories ---- */

static void take_entry (struct exif_reader *r, const struct exif_entry *v)
{
    note_value (r, v);
    const struct exif_tag *row = exif_find_tag (v->directory, v->tag);
    if (!row || json_object_get (r->x->tags, row->name))
        return;
    GString *text = g_string_new (NULL);
    exif_append_value (r, v, row->form, text);
    if (text->len)
        exif_set (r->x, row->name, text->str);
    g_string_free (text, TRUE);
}

static void note_blob (struct exif_reader *r, uint16_t tag, uint64_t offset, uint64_t size)
{
    struct exif_blob *blob = tag == 0x2bc    ? &r->x->xmp
                             : tag == 0x83bb ? &r->x->iptc
                             : tag == 0x8649 ? &r->x->resources
                             : tag == 0x8773 ? &r->x->icc
                             : tag == 0x2e   ? &r->x->preview
                                             : NULL;
    if (blob && !blob->size && offset < r->size)
        *blob = (struct exif_blob){ r->base + offset, MIN (size, r->size - offset) };
}

/* Directories of makers, whose entries give the offset of what they hold. */
static void note_maker (struct exif_reader *r, const struct exif_entry *v, uint64_t offset)
{
    if (v->directory == EXIF_EXIF && v->tag == 0x927c) {
        r->maker = offset;
        r->maker_size = v->count;
    } else if (v->directory == EXIF_OLYMPUS && v->tag == 0x2010) {
        r->equipment = offset;
    }
}

/* One entry at `offset`. Values that do not fit it stand elsewhere; long ones are cut if they are
 * text, else left out. */
static void read_entry (struct exif_reader *r, enum exif_directory directory, uint64_t offset)
{
    unsigned word = r->is_big ? 8 : 4;
    const uint8_t *p = exif_look (r, offset, 4 + 2 * word);
    if (!p)
        return;
    struct exif_entry v = { .directory = directory,
                            .tag = (uint16_t) exif_number (r, p, 2),
                            .type = (uint16_t) exif_number (r, p + 2, 2),
                            .count = exif_number (r, p + 4, word),
                            .data = p + 4 + word };
    if (v.type >= sizeof exif_type_sizes || !exif_type_sizes[v.type] || !v.count)
        return;
    unsigned bytes = exif_type_sizes[v.type];
    if (directory == EXIF_IFD0 && v.count < UINT32_MAX && v.count * bytes > word)
        note_blob (r, v.tag, exif_number (r, v.data, word), v.count * bytes);
    note_maker (r, &v, exif_number (r, v.data, word));
    if (bytes == 1)
        v.count = MIN (v.count, LIMIT_EXIF_TEXT);
    if (v.count > LIMIT_EXIF_TEXT / bytes)
        return;
    if (v.count * bytes > word) {
        if (directory == EXIF_SUB)
            return;
        v.data = exif_look (r, exif_number (r, v.data, word), v.count * bytes);
        if (!v.data)
            return;
    }
    take_entry (r, &v);
}

void exif_read_directory (struct exif_reader *r, enum exif_directory directory, uint64_t offset)
{
    r->width = r->height = r->subfile = r->next = 0;
    unsigned word = r->is_big ? 8 : 4, head = r->is_big ? 8 : 2, step = 4 + 2 * word;
    const uint8_t *p = offset ? exif_look (r, offset, head) : NULL;
    if (!p)
        return;
    uint64_t n = MIN (exif_number (r, p, head), LIMIT_EXIF_ENTRIES);
    for (uint64_t i = 0; i < n; i++)
        read_entry (r, directory, offset + head + i * step);
    p = exif_look (r, offset + head + n * step, word);
    r->next = p ? exif_number (r, p, word) : 0;
}

/* The main image of a TIFF is the largest of the first directory and its sub-directories, without
 * those that say they are previews. */
static void read_main_image (struct exif_reader *r)
{
    bool is_preview = r->subfile & 1;
    r->x->width = r->width;
    r->x->height = r->height;
    unsigned n = r->n_subs;
    uint64_t best =
        is_preview || r->width > UINT32_MAX || r->height > UINT32_MAX ? 0 : r->width * r->height;
    for (unsigned i = 0; i < n; i++) {
        exif_read_directory (r, EXIF_SUB, r->subs[i]);
        if (r->subfile & 1 || r->width > UINT32_MAX || r->height > UINT32_MAX ||
            r->width * r->height <= best)
            continue;
        best = r->width * r->height;
        r->x->width = r->width;
        r->x->height = r->height;
    }
}

static void settle_position (struct exif *x, double *value, bool *has, const char *ref,
                             const char *positive, const char *negative, double limit)
{
    if (*has)
        return;
    const char *text = exif_get (x, ref);
    bool is_negative = text && !strcmp (text, negative);
    *has =
        text && (is_negative || !strcmp (text, positive)) && isfinite (*value) && *value <= limit;
    if (is_negative)
        *value = -*value;
}

/* The header of a structure, and the offset of its first directory. */
static bool open_structure (struct exif_reader *r, uint64_t size, uint64_t *ret_first)
{
    if (r->base > r->in->size)
        return false;
    r->size = MIN (size, r->in->size - r->base);
    const uint8_t *p = exif_look (r, 0, 8);
    if (!p || (memcmp (p, "II", 2) && memcmp (p, "MM", 2)))
        return false;
    r->is_little = p[0] == 'I';
    r->is_big = exif_number (r, p + 2, 2) == 43;
    if (r->is_big && !(p = exif_look (r, 0, 16)))
        return false;
    *ret_first = r->is_big ? exif_number (r, p + 8, 8) : exif_number (r, p + 4, 4);
    return true;
}

bool exif_parse_directory (struct input *in, uint64_t base, uint64_t size,
                           enum exif_directory directory, struct exif *x)
{
    struct exif_reader r = { .in = in, .base = base, .x = x };
    uint64_t first;
    if (!open_structure (&r, size, &first))
        return false;
    exif_read_directory (&r, directory, first);
    if (directory == EXIF_IFD0)
        read_main_image (&r);
    exif_read_directory (&r, EXIF_EXIF, r.pointers[EXIF_EXIF]);
    exif_read_directory (&r, EXIF_GPS, r.pointers[EXIF_GPS]);
    exif_read_directory (&r, EXIF_INTEROP, r.pointers[EXIF_INTEROP]);
    exif_read_maker (&r);
    settle_position (x, &x->latitude, &x->has_latitude, "GPSLatitudeRef", "North", "South", 90);
    settle_position (x, &x->longitude, &x->has_longitude, "GPSLongitudeRef", "East", "West", 180);
    return true;
}

bool exif_parse (struct input *in, uint64_t base, uint64_t size, struct exif *x)
{
    return exif_parse_directory (in, base, size, EXIF_IFD0, x);
}

unsigned exif_count_pages (struct input *in)
{
    struct exif none = { 0 };
    struct exif_reader r = { .in = in, .x = &none };
    uint64_t at;
    unsigned n = 0;
    if (!open_structure (&r, in->size, &at))
        return 0;
    g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
    for (unsigned i = 0; i < LIMIT_PAGES && at; i++, at = r.next) {
        if (!g_hash_table_add (seen, g_memdup2 (&at, sizeof at)))
            break;
        exif_read_directory (&r, EXIF_SUB, at);
        n += i == 0 || r.subfile & 2 || (!(r.subfile & 1) && r.width);
    }
    return n;
}
