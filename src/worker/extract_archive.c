/* Archives: how many members, what they are called, whether they are encrypted. Nothing is unpacked
 * but what hides the names: the stream around a tar, the directory of a 7z. */
#include <string.h>

#include "base/limits.h"
#include "worker/archive_input.h"
#include "worker/extract.h"
#include "worker/text_fields.h"
#include "worker/zip.h"

#define ZIP_ENCRYPTED 1
#define ZIP_EMPTY     22 /* bytes of a ZIP file without members */

struct listing {
    json_t *names;
    uint64_t count;
};

static void list_name (struct listing *l, const char *name, size_t length)
{
    l->count++;
    if (!length || json_array_size (l->names) >= LIMIT_ENTRY_NAMES)
        return;
    length = MIN (length, LIMIT_META_STRING - 4);
    g_autofree char *valid = g_utf8_make_valid (name, (gssize) length);
    const char *end;
    bool fits = strlen (valid) < LIMIT_META_STRING;
    g_utf8_validate (valid, fits ? -1 : LIMIT_META_STRING - 1, &end);
    json_array_append_new (l->names, json_stringn (valid, (size_t) (end - valid)));
}

/* `is_all`: the number of members is known, not only some names. */
static void report (struct listing *l, bool is_all, json_t *meta)
{
    if (is_all)
        json_object_set_new (meta, "EntryCount", json_integer ((json_int_t) l->count));
    if (json_array_size (l->names))
        json_object_set (meta, "EntryNames", l->names);
    json_decref (l->names);
}

static void report_encrypted (bool is_encrypted, json_t *meta)
{
    json_object_set_new (meta, "Encrypted", json_string (is_encrypted ? "true" : "false"));
}

/* ---- ZIP ---- */

/* Old archivers write names in whatever the machine used: a guess from all of them together. */
static const struct charset *names_charset (const struct zip *z)
{
    g_autoptr (GString) all = g_string_new (NULL);
    for (guint i = 0; i < z->members->len && all->len < 16 * KIB; i++)
        g_string_append_printf (all, "%s ", g_array_index (z->members, struct zip_member, i).name);
    const struct charset *c = charset_detect ((uint8_t *) all->str, all->len, false);
    const char *name = c ? charset_name (c) : "";
    bool is_latin = g_str_has_prefix (name, "ISO-8859-1") || g_str_has_prefix (name, "windows-125");
    return c && !is_latin ? c : charset_find ("IBM437", 6); /* what the format says */
}

static void list_zip_name (struct listing *l, const char *name, const struct charset *charset)
{
    g_autoptr (GString) text = g_string_new (NULL);
    if (g_utf8_validate (name, -1, NULL))
        g_string_append (text, name);
    else
        charset_convert (charset, name, strlen (name), LIMIT_META_STRING, text);
    list_name (l, text->str, text->len);
}

enum err extract_zip (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_zip_ struct zip z = { 0 };
    bool is_encrypted = false;
    enum err err = in->size > ZIP_EMPTY ? zip_open (&z, in, e) : ERR_OK;
    if (err != ERR_OK)
        return err;
    struct listing l = { .names = json_array () };
    const struct charset *charset = z.members ? names_charset (&z) : NULL;
    for (guint i = 0; z.members && i < z.members->len; i++) {
        const struct zip_member *m = &g_array_index (z.members, struct zip_member, i);
        list_zip_name (&l, m->name, charset);
        is_encrypted = is_encrypted || (m->flags & ZIP_ENCRYPTED);
    }
    report (&l, !z.is_cut, meta);
    report_encrypted (is_encrypted, meta);
    return ERR_OK;
}

/* ---- gzip ---- */

/* The name in the header of a gzip file; "" if it has none. In Latin-1, says the standard. */
static char *gzip_name (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 12);
    if (!p || p[0] != 0x1f || p[1] != 0x8b || !(p[3] & 8))
        return g_strdup ("");
    size_t at = 10 + (p[3] & 4 ? 2u + get_u16le (p + 10) : 0);
    const uint8_t *end =
        at < in->head_length ? memchr (in->head + at, 0, in->head_length - at) : NULL;
    const char *name = (const char *) in->head + at;
    if (!end || g_utf8_validate (name, -1, NULL))
        return g_strdup (end ? name : "");
    return g_convert_with_fallback (name, -1, "UTF-8", "ISO-8859-1", NULL, NULL, NULL, NULL);
}

/* ---- RAR 5, of which libarchive does not tell whether it is encrypted ---- */

enum { RAR_SUM = 4, RAR_LOOK = 32, RAR_EXTRA = 512 };
enum { RAR_HAS_EXTRA = 1, RAR_HAS_DATA = 2, RAR_FILE = 2, RAR_ENCRYPTION = 4, RAR_END = 5 };

/* Seven bits a byte, the lowest first. */
static bool take_number (const uint8_t **p, const uint8_t *end, uint64_t *ret)
{
    *ret = 0;
    for (unsigned shift = 0; *p < end && shift < 56; shift += 7) {
        uint8_t c = *(*p)++;
        *ret |= (uint64_t) (c & 0x7f) << shift;
        if (!(c & 0x80))
            return true;
    }
    return false;
}

/* Of the records behind a file's header the first kind is how it is encrypted. */
static bool has_rar_key (struct input *in, uint64_t at, uint64_t size)
{
    size = MIN (size, RAR_EXTRA);
    const uint8_t *p = input_at (in, at, size), *end = p ? p + size : NULL;
    uint64_t length, type;
    while (p && take_number (&p, end, &length)) {
        const uint8_t *next = p + MIN (length, (uint64_t) (end - p));
        if (take_number (&p, end, &type) && type == 1)
            return true;
        p = next;
    }
    return false;
}

static bool is_rar5_encrypted (struct input *in)
{
    uint64_t at = 8, size, type, flags, extra, data;
    const uint8_t *p = input_at (in, 0, 8);
    if (!p || memcmp (p, "Rar!\x1a\7\1", 8))
        return false;
    for (unsigned i = 0; i < LIMIT_RAR_BLOCKS && at < in->size; i++) {
        size_t look = (size_t) MIN (in->size - at, RAR_LOOK);
        const uint8_t *start = input_at (in, at, look), *end = start ? start + look : NULL;
        if (look <= RAR_SUM || !start)
            return false;
        p = start + RAR_SUM;
        if (!take_number (&p, end, &size))
            return false;
        uint64_t body = at + (uint64_t) (p - start);
        extra = data = 0;
        if (!take_number (&p, end, &type) || !take_number (&p, end, &flags) ||
            (flags & RAR_HAS_EXTRA && !take_number (&p, end, &extra)) ||
            (flags & RAR_HAS_DATA && !take_number (&p, end, &data)) || type == RAR_END)
            return false;
        if (type == RAR_ENCRYPTION || (type == RAR_FILE && extra && extra <= size &&
                                       has_rar_key (in, body + size - extra, extra)))
            return true;
        at = body + size + data;
    }
    return false;
}

/* ---- all others ---- */

static bool can_be_encrypted (const char *type)
{
    return !strcmp (type, "application/vnd.rar") || !strcmp (type, "application/x-7z-compressed");
}

enum err extract_archive (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_archive_ struct archive_input *a = NULL;
    const char *type = json_string_value (json_object_get (meta, "ContentType"));
    g_autofree char *own_name = gzip_name (in);
    bool is_encrypted = is_rar5_encrypted (in);
    enum err err = archive_input_open (in, type, &a, e);
    if (err != ERR_OK) {
        if (is_encrypted)
            report_encrypted (true, meta);
        return is_encrypted ? ERR_OK : err;
    }
    struct listing l = { .names = json_array () };
    struct archive_member m;
    enum archive_step step;
    while ((step = archive_input_next (a, &m)) == ARCHIVE_MEMBER) {
        if (!strcmp (m.name, ".")) /* the root of a disk image */
            continue;
        const char *name = archive_input_is_bare (a) && own_name ? own_name : m.name;
        list_name (&l, name, strlen (name));
    }
    is_encrypted = is_encrypted || archive_input_is_encrypted (a);
    report (&l, step == ARCHIVE_END, meta);
    if (is_encrypted || can_be_encrypted (type))
        report_encrypted (is_encrypted, meta);
    if (step == ARCHIVE_DAMAGED && !is_encrypted)
        return FAIL (e, EXTRACT_FAILED, "the archive is cut or damaged");
    return ERR_OK;
}
