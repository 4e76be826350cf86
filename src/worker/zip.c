/* The directory of a ZIP file, and its members. Knows nothing of what is in them. */
#include "worker/zip.h"

#include <string.h>
#include <zlib.h>

#include "base/limits.h"

#define PIECE (32 * 1024)

enum { END_SIZE = 22, LOCATOR_SIZE = 20, END64_SIZE = 56, ENTRY_SIZE = 46, LOCAL_SIZE = 30 };
enum { STORED = 0, DEFLATED = 8, FLAG_ENCRYPTED = 1 };

struct directory {
    uint64_t at, size, entries;
};

/* ---- where the directory is ---- */

/* Offset of the end record, which is behind all but a comment; false if there is none. */
static bool find_end (struct input *in, uint64_t *ret)
{
    uint64_t first = in->size > LIMIT_ZIP_END ? in->size - LIMIT_ZIP_END : 0;
    for (uint64_t at = in->size; at > first;) {
        uint64_t step = MIN (at - first, INPUT_WINDOW - END_SIZE);
        at -= step;
        size_t length = (size_t) MIN (in->size - at, step + 3);
        const uint8_t *p = input_at (in, at, length);
        const uint8_t *found = p ? memrchr (p, 'P', length) : NULL;
        for (; found; found = memrchr (p, 'P', (size_t) (found - p)))
            if (p + length - found >= 4 && !memcmp (found, "PK\5\6", 4)) {
                *ret = at + (uint64_t) (found - p);
                return true;
            }
    }
    return false;
}

static bool find_directory (struct input *in, struct directory *ret)
{
    uint64_t end;
    const uint8_t *p = find_end (in, &end) ? input_at (in, end, END_SIZE) : NULL;
    if (!p)
        return false;
    *ret = (struct directory){ get_u32le (p + 16), get_u32le (p + 12), get_u16le (p + 10) };
    if (ret->at == UINT32_MAX || ret->size == UINT32_MAX || ret->entries == UINT16_MAX) {
        p = end >= LOCATOR_SIZE ? input_at (in, end - LOCATOR_SIZE, LOCATOR_SIZE) : NULL;
        if (p && !memcmp (p, "PK\6\7", 4) && (p = input_at (in, get_u64le (p + 8), END64_SIZE)) &&
            !memcmp (p, "PK\6\6", 4))
            *ret = (struct directory){ get_u64le (p + 48), get_u64le (p + 40), get_u64le (p + 32) };
    }
    return ret->at <= in->size && ret->size <= in->size - ret->at;
}

/* ---- its entries ---- */

/* The numbers that did not fit stand in an extra field, those alone, in this order. */
static void read_extra64 (const uint8_t *extra, size_t length, struct zip_member *m)
{
    while (length >= 4) {
        size_t size = get_u16le (extra + 2);
        if (size > length - 4)
            return;
        if (get_u16le (extra) == 1) {
            uint64_t *numbers[] = { &m->size, &m->packed, &m->at };
            const uint8_t *p = extra + 4;
            for (unsigned i = 0; i < 3; i++)
                if (*numbers[i] == UINT32_MAX && size >= 8) {
                    *numbers[i] = get_u64le (p);
                    p += 8;
                    size -= 8;
                }
            return;
        }
        extra += 4 + size;
        length -= 4 + size;
    }
}

/* One entry; its length, or 0 if it is none. */
static size_t read_entry (struct zip *z, const uint8_t *p, size_t left)
{
    if (left < ENTRY_SIZE || memcmp (p, "PK\1\2", 4))
        return 0;
    size_t name = get_u16le (p + 28), extra = get_u16le (p + 30), comment = get_u16le (p + 32);
    size_t length = ENTRY_SIZE + name + extra + comment;
    if (length > left)
        return 0;
    struct zip_member m = {
        .name = g_string_chunk_insert_len (z->names, (const char *) p + ENTRY_SIZE, (gssize) name),
        .at = get_u32le (p + 42),
        .packed = get_u32le (p + 20),
        .size = get_u32le (p + 24),
        .sum = get_u32le (p + 16),
        .method = get_u16le (p + 10),
        .flags = get_u16le (p + 8),
    };
    read_extra64 (p + ENTRY_SIZE + name, extra, &m);
    g_array_append_val (z->members, m);
    return length;
}

/* ---- their names, upper and lower case being the same ---- */

static guint hash_name (gconstpointer name)
{
    guint32 hash = 5381;
    for (const char *p = name; *p; p++)
        hash = hash * 33 + (guint8) g_ascii_tolower (*p);
    return hash;
}

static gboolean equal_names (gconstpointer a, gconstpointer b)
{
    return !g_ascii_strcasecmp (a, b);
}

/* Of several members of one name the first counts. */
static void index_names (struct zip *z)
{
    for (unsigned i = z->members->len; i > 0; i--) {
        struct zip_member *m = &g_array_index (z->members, struct zip_member, i - 1);
        g_hash_table_replace (z->by_name, (gpointer) m->name, m);
    }
}

enum err zip_open (struct zip *z, struct input *in, struct error *e)
{
    struct directory d;
    *z = (struct zip){ .in = in,
                       .members = g_array_new (FALSE, FALSE, sizeof (struct zip_member)),
                       .by_name = g_hash_table_new (hash_name, equal_names),
                       .names = g_string_chunk_new (4096) };
    if (!find_directory (in, &d))
        return FAIL (e, EXTRACT_FAILED, "the ZIP file has no directory");
    size_t length = (size_t) MIN (d.size, LIMIT_ZIP_DIRECTORY);
    input_want (in, d.at, length);
    g_autofree uint8_t *bytes = g_malloc (length + 1);
    if (!input_read (in, d.at, bytes, length))
        return FAIL (e, EXTRACT_FAILED, "the directory of the ZIP file cannot be read");
    size_t at = 0, step;
    while (z->members->len < LIMIT_ZIP_ENTRIES && (step = read_entry (z, bytes + at, length - at)))
        at += step;
    z->is_cut = length < d.size || z->members->len == LIMIT_ZIP_ENTRIES;
    if (!z->members->len || (!z->is_cut && z->members->len < d.entries))
        return FAIL (e, EXTRACT_FAILED, "the directory of the ZIP file is damaged");
    index_names (z);
    return ERR_OK;
}

void zip_clear (struct zip *z)
{
    g_clear_pointer (&z->by_name, g_hash_table_unref);
    g_clear_pointer (&z->members, g_array_unref);
    g_clear_pointer (&z->names, g_string_chunk_free);
}

const struct zip_member *zip_find (const struct zip *z, const char *name)
{
    return g_hash_table_lookup (z->by_name, name);
}

/* ---- members ---- */

struct unpacking {
    struct zip *z;
    const struct zip_member *member;
    zip_sink_fn *sink;
    void *data;
    uint64_t at, left; /* packed bytes that are to come */
    uint64_t size;     /* what came out */
    uint32_t sum;
    bool is_refused; /* the sink wants no more */
};

static enum err damaged (const struct unpacking *u, struct error *e)
{
    g_autofree char *name = g_utf8_make_valid (u->member->name, -1);
    return FAIL (e, EXTRACT_FAILED, "the member '%.200s' is damaged", name);
}

static enum err put (struct unpacking *u, const uint8_t *bytes, size_t length, struct error *e)
{
    if (length > LIMIT_ZIP_UNPACKED - u->z->unpacked)
        return FAIL (e, LIMIT, "more than %llu bytes to unpack", LIMIT_ZIP_UNPACKED);
    u->z->unpacked += length;
    u->size += length;
    u->sum = (uint32_t) crc32 (u->sum, bytes, (uInt) length);
    u->is_refused = length && !u->sink (u->data, bytes, length);
    return ERR_OK;
}

/* The next packed bytes; NULL if the object ends before them. */
static const uint8_t *get (struct unpacking *u, size_t *ret_length)
{
    size_t length = (size_t) MIN (u->left, INPUT_WINDOW);
    const uint8_t *p = input_at (u->z->in, u->at, length);
    u->at += length;
    u->left -= length;
    *ret_length = length;
    return p;
}

static enum err copy_stored (struct unpacking *u, struct error *e)
{
    enum err err = ERR_OK;
    while (u->left && !u->is_refused && err == ERR_OK) {
        size_t length;
        const uint8_t *p = get (u, &length);
        err = p ? put (u, p, length, e) : damaged (u, e);
    }
    return err;
}

static enum err inflate_all (struct unpacking *u, z_stream *s, struct error *e)
{
    g_autofree uint8_t *out = g_malloc (PIECE);
    enum err err = ERR_OK;
    int status = Z_OK;
    while (status != Z_STREAM_END && !u->is_refused && err == ERR_OK) {
        if (!s->avail_in && u->left) {
            size_t length;
            s->next_in = (Bytef *) get (u, &length);
            s->avail_in = s->next_in ? (uInt) length : 0;
        }
        s->next_out = out;
        s->avail_out = PIECE;
        /* It may have taken the last byte and have more to give than there was room for. */
        status = inflate (s, Z_NO_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END)
            return damaged (u, e);
        err = put (u, out, PIECE - s->avail_out, e);
    }
    return err;
}

static enum err unpack_deflated (struct unpacking *u, struct error *e)
{
    z_stream s = { 0 };
    if (inflateInit2 (&s, -MAX_WBITS) != Z_OK)
        return FAIL (e, INTERNAL, "no memory to unpack");
    enum err err = inflate_all (u, &s, e);
    inflateEnd (&s);
    return err;
}

enum err zip_read (struct zip *z, const struct zip_member *member, zip_sink_fn *sink, void *data,
                   struct error *e)
{
    struct unpacking u = { z, member, sink, data, .left = member->packed };
    const uint8_t *p = input_at (z->in, member->at, LOCAL_SIZE);
    if (!p || memcmp (p, "PK\3\4", 4))
        return damaged (&u, e);
    input_want (z->in, member->at, LOCAL_SIZE + member->packed);
    u.at = member->at + LOCAL_SIZE + get_u16le (p + 26) + get_u16le (p + 28);
    if (member->flags & FLAG_ENCRYPTED || (member->method != STORED && member->method != DEFLATED))
        return FAIL (e, EXTRACT_FAILED, "a member is packed in a way that is not known");
    enum err err = member->method == STORED ? copy_stored (&u, e) : unpack_deflated (&u, e);
    bool is_whole = u.is_refused || (u.size == member->size && u.sum == member->sum);
    return err != ERR_OK || is_whole ? err : damaged (&u, e);
}
