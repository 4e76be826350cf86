/* Property sets (MS-OLEPS): numbers, times and texts by their ids. */
#include "worker/ole_properties.h"

#include <string.h>

#include "base/limits.h"
#include "base/macros.h"
#include "worker/caption.h"
#include "worker/charset.h"

enum { SET_HEADER = 28, SET_ENTRY = 20 };
enum { TYPE_I2 = 2, TYPE_I4 = 3, TYPE_TEXT = 30, TYPE_WIDE = 31, TYPE_TIME = 64 };
enum { ID_CODE_PAGE = 1 };

/* One section, and what it says its texts are in. */
struct section {
    const uint8_t *bytes;
    size_t length;
    unsigned code_page;
    struct document *document;
};

/* ---- text ---- */

/* Up to the character that is zero. */
static size_t wide_length (const uint8_t *bytes, size_t length)
{
    size_t n = 0;
    while (n + 2 <= length && get_u16le (bytes + n))
        n += 2;
    return n;
}

void ole_append_text (GString *out, const uint8_t *bytes, size_t length, unsigned code_page)
{
    char name[16];
    if (!length)
        return;
    g_snprintf (name, sizeof name, "cp%u", code_page);
    const struct charset *charset = charset_find (name, strlen (name));
    if (!charset)
        charset = charset_find ("cp1252", 6);
    length = code_page == OLE_UTF16 ? wide_length (bytes, length)
                                    : strnlen ((const char *) bytes, length);
    charset_convert (charset, bytes, length, SIZE_MAX / 2, out);
}

/* ---- values ---- */

/* The value of a property and its type; NULL if it is not wholly there. */
static const uint8_t *find_value (const struct section *s, uint32_t id, uint32_t *ret_type,
                                  size_t *ret_left)
{
    uint32_t n = MIN (get_u32le (s->bytes + 4), (uint32_t) (s->length - 8) / 8);
    for (uint32_t i = 0; i < n; i++) {
        size_t at = get_u32le (s->bytes + 8 + 8 * i + 4);
        if (get_u32le (s->bytes + 8 + 8 * i) != id || at > s->length || s->length - at < 8)
            continue;
        *ret_type = get_u32le (s->bytes + at) & 0xffff;
        *ret_left = s->length - at - 4;
        return s->bytes + at + 4;
    }
    return NULL;
}

static char *find_text (const struct section *s, uint32_t id)
{
    uint32_t type;
    size_t left;
    const uint8_t *p = find_value (s, id, &type, &left);
    if (!p || (type != TYPE_TEXT && type != TYPE_WIDE))
        return NULL;
    bool is_wide = type == TYPE_WIDE;
    size_t length = MIN (get_u32le (p), LIMIT_PROPERTY);
    length = MIN (is_wide ? length * 2 : length, left - 4);
    g_autoptr (GString) text = g_string_new (NULL);
    ole_append_text (text, p + 4, length, is_wide ? OLE_UTF16 : s->code_page);
    return g_string_free (g_steal_pointer (&text), FALSE);
}

static uint32_t find_number (const struct section *s, uint32_t id)
{
    uint32_t type;
    size_t left;
    const uint8_t *p = find_value (s, id, &type, &left);
    if (p && type == TYPE_I4 && get_u32le (p) <= INT32_MAX)
        return get_u32le (p);
    return p && type == TYPE_I2 ? get_u16le (p) : 0;
}

/* ---- properties ---- */

typedef void take_fn (struct section *s, uint32_t id);

static void take_title (struct section *s, uint32_t id)
{
    g_autofree char *text = find_text (s, id);
    if (text)
        caption_set (&s->document->title, text, strlen (text));
}

static void take_author (struct section *s, uint32_t id)
{
    g_autofree char *text = find_text (s, id);
    if (text)
        caption_set (&s->document->author, text, strlen (text));
}

static void take_keywords (struct section *s, uint32_t id)
{
    g_autofree char *text = find_text (s, id);
    if (text)
        document_add_keywords (s->document, text, strlen (text));
}

static void take_time (struct section *s, uint32_t id, char **to)
{
    uint32_t type;
    size_t left;
    const uint8_t *p = find_value (s, id, &type, &left);
    if (!p || type != TYPE_TIME || left < 8 || *to)
        return;
    *to = document_windows_time (get_u64le (p));
}

static void take_created (struct section *s, uint32_t id)
{
    take_time (s, id, &s->document->created);
}

static void take_modified (struct section *s, uint32_t id)
{
    take_time (s, id, &s->document->modified);
}

static void take_pages (struct section *s, uint32_t id)
{
    if (!s->document->pages)
        s->document->pages = find_number (s, id);
}

static const struct property {
    const char *stream;
    uint32_t id;
    take_fn *take;
} properties[] = {
    { "\5SummaryInformation", 2, take_title },         { "\5SummaryInformation", 4, take_author },
    { "\5SummaryInformation", 5, take_keywords },      { "\5SummaryInformation", 12, take_created },
    { "\5SummaryInformation", 13, take_modified },     { "\5SummaryInformation", 14, take_pages },
    { "\5DocumentSummaryInformation", 7, take_pages },
};

/* The first section of a set, which is the one with the ids above. */
static void read_set (const char *name, const uint8_t *bytes, size_t length, struct document *d)
{
    size_t at = length >= SET_HEADER + SET_ENTRY ? get_u32le (bytes + SET_HEADER + 16) : length;
    if (at > length || length - at < 8)
        return;
    struct section s = { bytes + at, length - at, OLE_WINDOWS, d };
    uint32_t code_page = find_number (&s, ID_CODE_PAGE);
    s.code_page = code_page ? code_page : OLE_WINDOWS;
    if (!d->code_page && s.code_page != OLE_UTF16)
        d->code_page = s.code_page;
    for (size_t i = 0; i < N_ELEMENTS (properties); i++)
        if (!strcmp (properties[i].stream, name))
            properties[i].take (&s, properties[i].id);
}

void ole_properties_read (const struct ole *o, struct document *d)
{
    static const char *const names[] = { "\5SummaryInformation", "\5DocumentSummaryInformation" };
    for (size_t i = 0; i < N_ELEMENTS (names); i++) {
        _cleanup_ole_stream_ struct ole_stream s;
        if (!ole_stream_open (o, names[i], &s))
            continue;
        g_autoptr (GByteArray) bytes = ole_stream_bytes (&s, 0, LIMIT_OLE_PROPERTIES);
        read_set (names[i], bytes->data, bytes->len, d);
    }
}
