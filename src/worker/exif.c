/* The parser of EXIF and TIFF directories. Values become text by the form of their tag's row. */
#include "worker/exif.h"

#include <math.h>
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/exif_tags.h"

struct reader {
    struct input *in;
    uint64_t base, size;
    bool is_little, is_big; /* byte order; BigTIFF */
    struct exif *x;
    uint64_t pointers[EXIF_SUB]; /* offsets of the directories found, 0: none */
    uint64_t subs[LIMIT_EXIF_SUBS];
    unsigned n_subs;
    uint64_t width, height, subfile; /* of the directory that is being read */
};

struct entry {
    enum exif_directory directory;
    uint16_t tag, type;
    uint64_t count;
    const uint8_t *data; /* count values; holds until the next read */
};

/* Bytes of a value by type: 0 for types that do not exist. */
static const uint8_t type_sizes[] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8 };

enum {
    BYTE = 1,
    ASCII,
    SHORT,
    LONG,
    RATIONAL,
    SBYTE,
    UNDEFINED,
    SSHORT,
    SLONG,
    SRATIONAL,
    FLOAT,
    DOUBLE,
    IFD,
    LONG8 = 16,
    SLONG8,
    IFD8
};

static uint64_t get (const struct reader *r, const uint8_t *p, unsigned bytes)
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

static const uint8_t *look (struct reader *r, uint64_t offset, uint64_t length)
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

/* ---- values as text ---- */

static void append_number (const struct reader *r, const struct entry *v, uint64_t i, GString *out)
{
    const uint8_t *p = v->data + i * type_sizes[v->type];
    switch (v->type) {
    case SBYTE:
        g_string_append_printf (out, "%d", (int8_t) p[0]);
        break;
    case SSHORT:
        g_string_append_printf (out, "%d", (int16_t) get (r, p, 2));
        break;
    case SLONG:
        g_string_append_printf (out, "%d", (int32_t) get (r, p, 4));
        break;
    case RATIONAL:
        g_string_append_printf (out, "%u/%u", (uint32_t) get (r, p, 4),
                                (uint32_t) get (r, p + 4, 4));
        break;
    case SRATIONAL:
        g_string_append_printf (out, "%d/%d", (int32_t) get (r, p, 4), (int32_t) get (r, p + 4, 4));
        break;
    case FLOAT:
    case DOUBLE: {
        union {
            uint32_t bits;
            float value;
        } f = { .bits = (uint32_t) get (r, p, 4) };
        union {
            uint64_t bits;
            double value;
        } d = { .bits = v->type == DOUBLE ? get (r, p, 8) : 0 };
        char buf[G_ASCII_DTOSTR_BUF_SIZE];
        g_ascii_formatd (buf, sizeof buf, "%.9g", v->type == DOUBLE ? d.value : (double) f.value);
        g_string_append (out, buf);
        break;
    }
    default:
        g_string_append_printf (out, "%" G_GUINT64_FORMAT, get (r, p, type_sizes[v->type]));
    }
}

/* Text up to its NUL, without spaces around it. */
static void append_text (GString *out, const uint8_t *text, uint64_t length)
{
    const uint8_t *nul = memchr (text, '\0', length);
    g_autofree char *valid =
        g_utf8_make_valid ((const char *) text, nul ? nul - text : (gssize) length);
    g_string_append (out, g_strstrip (valid));
}

static void append_utf16 (GString *out, const uint8_t *text, uint64_t length, bool is_little)
{
    GString *utf8 = g_string_new (NULL);
    for (uint64_t i = 0; i + 1 < length; i += 2) {
        gunichar c = is_little ? get_u16le (text + i) : get_u16be (text + i);
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < length) {
            gunichar low = is_little ? get_u16le (text + i + 2) : get_u16be (text + i + 2);
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                i += 2;
            }
        }
        if (!c)
            break;
        if (c != 0xfeff)
            g_string_append_unichar (utf8, g_unichar_validate (c) ? c : 0xfffd);
    }
    append_text (out, (const uint8_t *) utf8->str, utf8->len);
    g_string_free (utf8, TRUE);
}

static void append_comment (const struct reader *r, const struct entry *v, GString *out)
{
    if (v->count < 8 || type_sizes[v->type] != 1)
        return;
    if (!memcmp (v->data, "UNICODE\0", 8))
        append_utf16 (out, v->data + 8, v->count - 8, r->is_little);
    else if (!memcmp (v->data, "ASCII\0\0\0", 8) || !memcmp (v->data, "\0\0\0\0\0\0\0\0", 8))
        append_text (out, v->data + 8, v->count - 8);
    else if (memcmp (v->data, "JIS\0\0\0\0\0", 8))
        append_text (out, v->data, v->count);
}

/* Version numbers and the like are digits without a NUL; other small blobs are numbers. */
static void append_undefined (const struct reader *r, const struct entry *v, GString *out)
{
    bool is_text = v->count > 1;
    for (uint64_t i = 0; i < v->count; i++)
        is_text = is_text && g_ascii_isprint (v->data[i]);
    if (is_text)
        append_text (out, v->data, v->count);
    else
        for (uint64_t i = 0; i < v->count && v->count <= LIMIT_EXIF_BLOB; i++) {
            g_string_append (out, i ? " " : "");
            append_number (r, v, i, out);
        }
}

/* Some cameras write degrees as signed; a negative one is then too large to be taken. */
static bool is_ratio (const struct entry *v)
{
    return v->type == RATIONAL || v->type == SRATIONAL;
}

/* Degrees, minutes, seconds; those at the end that are 0 are not written. */
static void append_degrees (const struct reader *r, const struct entry *v, GString *out)
{
    static const char *const units[] = { "deg ", "' ", "\" " };
    static const int digits[] = { 7, 5, 3 };
    uint64_t n = MIN (v->count, 3);
    while (n > 1 && get (r, v->data + (n - 1) * 8, 4) == 0)
        n--;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t over = get (r, v->data + i * 8, 4), under = get (r, v->data + i * 8 + 4, 4);
        char buf[32] = "0";
        if (under)
            g_snprintf (buf, sizeof buf, "%.*f", over % under ? digits[i] : 0,
                        (double) over / (double) under);
        g_string_append (out, buf);
        g_string_append (out, units[i]);
    }
}

static void append_compass (const struct entry *v, GString *out)
{
    static const char *const names[] = { "North", "South", "East", "West" };
    for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
        if (g_ascii_toupper ((char) v->data[0]) == names[i][0])
            g_string_append (out, names[i]);
}

static void append_plain (const struct reader *r, const struct entry *v, GString *out)
{
    if (v->type == ASCII) {
        append_text (out, v->data, v->count);
    } else if (v->type == UNDEFINED) {
        append_undefined (r, v, out);
    } else if (v->count <= LIMIT_EXIF_NUMBERS) {
        for (uint64_t i = 0; i < v->count; i++) {
            g_string_append (out, i ? " " : "");
            append_number (r, v, i, out);
        }
    }
}

static void append_value (const struct reader *r, const struct entry *v, enum exif_form form,
                          GString *out)
{
    switch (form) {
    case EXIF_PLAIN:
        append_plain (r, v, out);
        break;
    case EXIF_SKIP:
        break;
    case EXIF_UTF16:
        if (type_sizes[v->type] == 1)
            append_utf16 (out, v->data, v->count, true);
        break;
    case EXIF_COMMENT:
        append_comment (r, v, out);
        break;
    case EXIF_DEGREES:
        if (is_ratio (v))
            append_degrees (r, v, out);
        else
            append_plain (r, v, out);
        break;
    case EXIF_COMPASS:
        append_compass (v, out);
        break;
    }
}

/* ---- what the extractors reckon with ---- */

static bool is_whole (const struct entry *v)
{
    return v->type == BYTE || v->type == SHORT || v->type == LONG || v->type == IFD ||
           v->type == LONG8 || v->type == IFD8;
}

static double degrees (const struct reader *r, const struct entry *v)
{
    double sum = 0, unit = 1;
    for (uint64_t i = 0; i < MIN (v->count, 3); i++, unit /= 60) {
        uint64_t over = get (r, v->data + i * 8, 4), under = get (r, v->data + i * 8 + 4, 4);
        if (!under && (over || i == 0))
            return NAN;
        sum += under ? (double) over / (double) under * unit : 0;
    }
    return sum;
}

static void note_ifd0 (struct reader *r, const struct entry *v, uint64_t number)
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
        r->subfile = number;
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
                r->subs[r->n_subs++] =
                    get (r, v->data + i * type_sizes[v->type], type_sizes[v->type]);
        break;
    case 0x8769:
        r->pointers[EXIF_EXIF] = number;
        break;
    case 0x8825:
        r->pointers[EXIF_GPS] = number;
        break;
    default:
        break;
    }
}

static void note_value (struct reader *r, const struct entry *v)
{
    if (is_whole (v)) {
        uint64_t number = get (r, v->data, type_sizes[v->type]);
        if (v->directory == EXIF_IFD0 || v->directory == EXIF_SUB)
            note_ifd0 (r, v, number);
        if (v->directory == EXIF_EXIF && v->tag == 0xa005)
            r->pointers[EXIF_INTEROP] = number;
    } else if (v->directory == EXIF_GPS && is_ratio (v)) {
        if (v->tag == 2 && !r->x->has_latitude)
            r->x->latitude = degrees (r, v);
        if (v->tag == 4 && !r->x->has_longitude)
            r->x->longitude = degrees (r, v);
    }
}

/* ---- directories ---- */

static void take_entry (struct reader *r, const struct entry *v)
{
    note_value (r, v);
    const struct exif_tag *row = exif_find_tag (v->directory, v->tag);
    if (!row || json_object_get (r->x->tags, row->name))
        return;
    GString *text = g_string_new (NULL);
    append_value (r, v, row->form, text);
    if (text->len)
        exif_set (r->x, row->name, text->str);
    g_string_free (text, TRUE);
}

static void note_blob (struct reader *r, uint16_t tag, uint64_t offset, uint64_t size)
{
    struct exif_blob *blob = tag == 0x2bc    ? &r->x->xmp
                             : tag == 0x83bb ? &r->x->iptc
                             : tag == 0x8649 ? &r->x->resources
                             : tag == 0x2e   ? &r->x->preview
                                             : NULL;
    if (blob && !blob->size && offset < r->size)
        *blob = (struct exif_blob){ r->base + offset, MIN (size, r->size - offset) };
}

/* One entry at `offset`. Values that do not fit it stand elsewhere; long ones are cut if they are
 * text, else left out. */
static void read_entry (struct reader *r, enum exif_directory directory, uint64_t offset)
{
    unsigned word = r->is_big ? 8 : 4;
    const uint8_t *p = look (r, offset, 4 + 2 * word);
    if (!p)
        return;
    struct entry v = { .directory = directory,
                       .tag = (uint16_t) get (r, p, 2),
                       .type = (uint16_t) get (r, p + 2, 2),
                       .count = get (r, p + 4, word),
                       .data = p + 4 + word };
    if (v.type >= sizeof type_sizes || !type_sizes[v.type] || !v.count)
        return;
    unsigned bytes = type_sizes[v.type];
    if (directory == EXIF_IFD0 && v.count < UINT32_MAX && v.count * bytes > word)
        note_blob (r, v.tag, get (r, v.data, word), v.count * bytes);
    if (bytes == 1)
        v.count = MIN (v.count, LIMIT_EXIF_TEXT);
    if (v.count > LIMIT_EXIF_TEXT / bytes)
        return;
    if (v.count * bytes > word) {
        v.data = look (r, get (r, v.data, word), v.count * bytes);
        if (!v.data)
            return;
    }
    take_entry (r, &v);
}

static void read_directory (struct reader *r, enum exif_directory directory, uint64_t offset)
{
    r->width = r->height = r->subfile = 0;
    unsigned head = r->is_big ? 8 : 2, step = r->is_big ? 20 : 12;
    const uint8_t *p = offset ? look (r, offset, head) : NULL;
    if (!p)
        return;
    uint64_t n = MIN (get (r, p, head), LIMIT_EXIF_ENTRIES);
    for (uint64_t i = 0; i < n; i++)
        read_entry (r, directory, offset + head + i * step);
}

/* The main image of a TIFF is the first directory, unless that says it is a preview: then the
 * largest of its sub-directories that is none. */
static void read_main_image (struct reader *r)
{
    bool is_preview = r->subfile & 1;
    r->x->width = r->width;
    r->x->height = r->height;
    unsigned n = r->n_subs;
    uint64_t best = 0;
    for (unsigned i = 0; i < n && is_preview; i++) {
        read_directory (r, EXIF_SUB, r->subs[i]);
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

bool exif_parse_directory (struct input *in, uint64_t base, uint64_t size,
                           enum exif_directory directory, struct exif *x)
{
    struct reader r = { .in = in, .base = base, .size = size, .x = x };
    if (base > in->size)
        return false;
    r.size = MIN (size, in->size - base);
    const uint8_t *p = look (&r, 0, 8);
    if (!p || (memcmp (p, "II", 2) && memcmp (p, "MM", 2)))
        return false;
    r.is_little = p[0] == 'I';
    r.is_big = get (&r, p + 2, 2) == 43;
    if (r.is_big && !(p = look (&r, 0, 16)))
        return false;
    uint64_t first = r.is_big ? get (&r, p + 8, 8) : get (&r, p + 4, 4);
    if (directory == EXIF_IFD0) {
        read_directory (&r, EXIF_IFD0, first);
        read_main_image (&r);
    } else {
        r.pointers[directory] = first;
    }
    read_directory (&r, EXIF_EXIF, r.pointers[EXIF_EXIF]);
    read_directory (&r, EXIF_GPS, r.pointers[EXIF_GPS]);
    read_directory (&r, EXIF_INTEROP, r.pointers[EXIF_INTEROP]);
    settle_position (x, &x->latitude, &x->has_latitude, "GPSLatitudeRef", "North", "South", 90);
    settle_position (x, &x->longitude, &x->has_longitude, "GPSLongitudeRef", "East", "West", 180);
    return true;
}

bool exif_parse (struct input *in, uint64_t base, uint64_t size, struct exif *x)
{
    return exif_parse_directory (in, base, size, EXIF_IFD0, x);
}
