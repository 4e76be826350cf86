/* The tables of a compound file. Knows nothing of what its streams hold. */
#include "worker/ole.h"

#include <string.h>

#include "base/limits.h"

enum { HEADER_SIZE = 512, HEADER_SECTORS = 109, ENTRY_SIZE = 128 };
#define LAST_SECTOR 0xfffffffau /* greater numbers end a chain */
#define NO_ENTRY    0xffffffffu

static uint32_t get (const GArray *numbers, uint32_t i)
{
    return g_array_index (numbers, uint32_t, i);
}

static uint64_t offset_of (const struct ole *o, uint32_t sector)
{
    return ((uint64_t) sector + 1) << o->sector_bits;
}

static size_t sector_size (const struct ole *o)
{
    return (size_t) 1 << o->sector_bits;
}

/* ---- chains ---- */

/* The sectors from `start` on, as many as `size` bytes need, each once. */
static GArray *follow (const GArray *fat, uint32_t start, uint64_t size, unsigned bits)
{
    GArray *sectors = g_array_new (FALSE, FALSE, sizeof (uint32_t));
    g_autofree uint8_t *is_seen = g_malloc0 (fat->len / 8 + 1);
    uint64_t n = (size >> bits) + ((size & ((1u << bits) - 1)) != 0);
    for (uint32_t sector = start; sectors->len < n && sector < fat->len;
         sector = get (fat, sector)) {
        if (is_seen[sector / 8] & 1u << sector % 8)
            break;
        is_seen[sector / 8] |= (uint8_t) (1u << sector % 8);
        g_array_append_val (sectors, sector);
    }
    return sectors;
}

/* Appends the numbers of a whole sector. */
static bool append_sector (const struct ole *o, uint32_t sector, GArray *numbers)
{
    size_t size = sector_size (o);
    const uint8_t *p = sector < LAST_SECTOR ? input_at (o->in, offset_of (o, sector), size) : NULL;
    for (size_t i = 0; p && i < size; i += 4) {
        uint32_t number = get_u32le (p + i);
        g_array_append_val (numbers, number);
    }
    return p;
}

/* ---- tables ---- */

/* The sectors of the allocation table: some in the header, the rest in sectors that are chained by
 * their last number. */
static GArray *find_fat_sectors (const struct ole *o, const uint8_t *header, uint32_t count)
{
    GArray *list = g_array_new (FALSE, FALSE, sizeof (uint32_t));
    for (unsigned i = 0; i < HEADER_SECTORS; i++) {
        uint32_t sector = get_u32le (header + 76 + 4 * i);
        g_array_append_val (list, sector);
    }
    uint32_t next = get_u32le (header + 68);
    while (list->len < count && next < LAST_SECTOR && append_sector (o, next, list)) {
        next = get (list, list->len - 1);
        g_array_set_size (list, list->len - 1);
    }
    g_array_set_size (list, MIN (list->len, count));
    return list;
}

static bool read_fat (struct ole *o, const uint8_t *header)
{
    uint64_t sectors = o->in->size >> o->sector_bits;
    uint32_t per_sector = 1u << (o->sector_bits - 2);
    /* No more than describe all of the file. */
    uint32_t count = (uint32_t) MIN (get_u32le (header + 44), sectors / per_sector + 1);
    g_autoptr (GArray) list = find_fat_sectors (o, header, count);
    for (unsigned i = 0; i < list->len && o->fat->len < LIMIT_OLE_SECTORS; i++)
        if (!append_sector (o, get (list, i), o->fat))
            break;
    return o->fat->len;
}

static void read_mini_fat (struct ole *o, const uint8_t *header)
{
    uint64_t size = (uint64_t) get_u32le (header + 64) << o->sector_bits;
    g_autoptr (GArray) sectors = follow (o->fat, get_u32le (header + 60), size, o->sector_bits);
    for (unsigned i = 0; i < sectors->len; i++)
        if (!append_sector (o, get (sectors, i), o->mini_fat))
            return;
}

/* ---- the directory ---- */

static void read_entry (struct ole *o, const uint8_t *p)
{
    struct ole_entry entry = {
        .left = get_u32le (p + 68),
        .right = get_u32le (p + 72),
        .child = get_u32le (p + 76),
        .start = get_u32le (p + 116),
        .size = o->sector_bits > 9 ? get_u64le (p + 120) : get_u32le (p + 120),
    };
    for (unsigned i = 0; i < 32 && get_u16le (p + 2 * i); i++)
        entry.name[i] = get_u16le (p + 2 * i) < 0x7f ? (char) p[2 * i] : '?';
    g_array_append_val (o->entries, entry);
}

static bool read_directory (struct ole *o, const uint8_t *header)
{
    g_autoptr (GArray) sectors =
        follow (o->fat, get_u32le (header + 48), LIMIT_OLE_DIRECTORY * ENTRY_SIZE, o->sector_bits);
    for (unsigned i = 0; i < sectors->len; i++) {
        size_t size = sector_size (o);
        const uint8_t *p = input_at (o->in, offset_of (o, get (sectors, i)), size);
        for (size_t at = 0; p && at < size; at += ENTRY_SIZE)
            read_entry (o, p + at);
    }
    return o->entries->len;
}

/* The tree of the root's entries, each of which is visited once. */
static void list_streams (struct ole *o)
{
    g_autofree bool *is_seen = g_new0 (bool, o->entries->len);
    g_autoptr (GArray) open = g_array_new (FALSE, FALSE, sizeof (uint32_t));
    uint32_t next = g_array_index (o->entries, struct ole_entry, 0).child;
    g_array_append_val (open, next);
    while (open->len) {
        next = get (open, open->len - 1);
        g_array_set_size (open, open->len - 1);
        if (next >= o->entries->len || is_seen[next])
            continue;
        const struct ole_entry *entry = &g_array_index (o->entries, struct ole_entry, next);
        is_seen[next] = true;
        g_array_append_val (o->streams, next);
        g_array_append_val (open, entry->left);
        g_array_append_val (open, entry->right);
    }
}

enum err ole_open (struct ole *o, struct input *in, struct error *e)
{
    uint8_t header[HEADER_SIZE];
    *o = (struct ole){ .in = in };
    GArray **arrays[] = { &o->fat, &o->mini_fat, &o->mini_sectors, &o->streams };
    for (size_t i = 0; i < G_N_ELEMENTS (arrays); i++)
        *arrays[i] = g_array_new (FALSE, FALSE, sizeof (uint32_t));
    o->entries = g_array_new (FALSE, FALSE, sizeof (struct ole_entry));
    if (!input_read (in, 0, header, sizeof header))
        return FAIL (e, EXTRACT_FAILED, "the compound file ends in its header");
    o->sector_bits = get_u16le (header + 30);
    o->mini_bits = get_u16le (header + 32);
    o->mini_limit = get_u32le (header + 56);
    if ((o->sector_bits != 9 && o->sector_bits != 12) || o->mini_bits != 6)
        return FAIL (e, EXTRACT_FAILED,
                     "the compound file has sectors of a size that is not known");
    if (!read_fat (o, header) || !read_directory (o, header))
        return FAIL (e, EXTRACT_FAILED, "the tables of the compound file are damaged");
    read_mini_fat (o, header);
    const struct ole_entry *root = &g_array_index (o->entries, struct ole_entry, 0);
    g_array_unref (o->mini_sectors);
    o->mini_sectors = follow (o->fat, root->start, root->size, o->sector_bits);
    list_streams (o);
    return ERR_OK;
}

void ole_clear (struct ole *o)
{
    GArray **arrays[] = { &o->fat, &o->mini_fat, &o->mini_sectors, &o->entries, &o->streams };
    for (size_t i = 0; i < G_N_ELEMENTS (arrays); i++)
        g_clear_pointer (arrays[i], g_array_unref);
}

/* ---- streams ---- */

static const struct ole_entry *find_entry (const struct ole *o, const char *name)
{
    for (unsigned i = 0; i < o->streams->len; i++) {
        const struct ole_entry *entry =
            &g_array_index (o->entries, struct ole_entry, get (o->streams, i));
        if (!strcmp (entry->name, name))
            return entry;
    }
    return NULL;
}

bool ole_stream_open (const struct ole *o, const char *name, struct ole_stream *ret)
{
    const struct ole_entry *entry = find_entry (o, name);
    *ret = (struct ole_stream){ .ole = o };
    if (!entry)
        return false;
    ret->is_mini = entry->size < o->mini_limit;
    unsigned bits = ret->is_mini ? o->mini_bits : o->sector_bits;
    ret->sectors = follow (ret->is_mini ? o->mini_fat : o->fat, entry->start, entry->size, bits);
    ret->size = MIN (entry->size, (uint64_t) ret->sectors->len << bits);
    return true;
}

void ole_stream_clear (struct ole_stream *s)
{
    g_clear_pointer (&s->sectors, g_array_unref);
}

/* Where byte `at` of the stream is in the object; false if nowhere. */
static bool place (const struct ole_stream *s, uint64_t at, uint64_t *ret)
{
    const struct ole *o = s->ole;
    if (s->is_mini) {
        uint32_t mini = get (s->sectors, (uint32_t) (at >> o->mini_bits));
        uint64_t within = ((uint64_t) mini << o->mini_bits) | (at & ((1u << o->mini_bits) - 1));
        uint64_t sector = within >> o->sector_bits;
        if (sector >= o->mini_sectors->len)
            return false;
        *ret = offset_of (o, get (o->mini_sectors, (uint32_t) sector)) +
               (within & (sector_size (o) - 1));
    } else {
        *ret = offset_of (o, get (s->sectors, (uint32_t) (at >> o->sector_bits))) +
               (at & (sector_size (o) - 1));
    }
    return true;
}

bool ole_stream_read (const struct ole_stream *s, uint64_t at, void *to, size_t length)
{
    if (at > s->size || length > s->size - at)
        return false;
    uint8_t *out = to;
    size_t unit = (size_t) 1 << (s->is_mini ? s->ole->mini_bits : s->ole->sector_bits);
    while (length) {
        uint64_t from;
        size_t step = MIN (length, unit - (size_t) (at & (unit - 1)));
        if (!place (s, at, &from) || !input_read (s->ole->in, from, out, step))
            return false;
        out += step;
        at += step;
        length -= step;
    }
    return true;
}

GByteArray *ole_stream_bytes (const struct ole_stream *s, uint64_t at, size_t length)
{
    GByteArray *bytes = g_byte_array_new ();
    length = (size_t) MIN (length, s->size - MIN (at, s->size));
    g_byte_array_set_size (bytes, (guint) length);
    if (!ole_stream_read (s, at, bytes->data, length))
        g_byte_array_set_size (bytes, 0);
    return bytes;
}
