/* Word 97 and later: the text is in pieces, which a table lists in their order. Word 6 and 95: one
 * piece of bytes. */
#include <string.h>

#include "base/limits.h"
#include "worker/ole_properties.h"
#include "worker/ole_text.h"

enum { FIB_SIZE = 0x1aa, WORD_97 = 193 };
enum { FLAG_ENCRYPTED = 0x100, FLAG_TABLE_1 = 0x200, FLAG_COMPLEX = 4 };

struct word {
    const struct ole_stream *stream;
    struct body_text *text;
    unsigned code_page; /* of pieces of bytes */
    uint64_t left;      /* bytes that are looked at yet: pieces may overlap */
    unsigned fields;    /* that are open, and show their instruction */
    bool is_shown[LIMIT_OLE_FIELDS];
};

/* ---- characters ---- */

static bool is_hidden (const struct word *w)
{
    for (unsigned i = 0; i < w->fields && i < LIMIT_OLE_FIELDS; i++)
        if (!w->is_shown[i])
            return true;
    return false;
}

/* Marks of fields: 0x13 begins the instruction, 0x14 what is shown, 0x15 ends both. */
static void take_field_mark (struct word *w, char mark)
{
    if (mark == 0x13 && w->fields < LIMIT_OLE_FIELDS)
        w->is_shown[w->fields++] = false;
    else if (mark == 0x14 && w->fields)
        w->is_shown[w->fields - 1] = true;
    else if (mark == 0x15 && w->fields)
        w->fields--;
}

/* Text between marks, which are all of ASCII. */
static void take_characters (struct word *w, const char *p)
{
    static const char marks[] = "\x07\x0b\x0c\x0d\x13\x14\x15\x1e";
    while (*p && !body_text_is_full (w->text)) {
        size_t n = strcspn (p, marks);
        if (!is_hidden (w))
            body_text_append (w->text, p, n);
        p += n;
        if (!*p)
            return;
        if (*p >= 0x13 && *p <= 0x15)
            take_field_mark (w, *p);
        else if (*p == 0x1e)
            body_text_append (w->text, "-", 1);
        else
            body_text_append_break (w->text);
        p++;
    }
}

/* NULs would end the text, and are none. */
static void take_piece (struct word *w, uint64_t at, uint64_t length, bool is_wide)
{
    length = MIN (length, w->left);
    while (length && !body_text_is_full (w->text)) {
        size_t step = (size_t) MIN (length, LIMIT_OLE_PIECE);
        w->left -= step;
        g_autoptr (GByteArray) bytes = ole_stream_bytes (w->stream, at, step);
        if (!bytes->len)
            return;
        for (unsigned i = 0; i + is_wide < bytes->len; i += 1 + is_wide)
            if (!bytes->data[i] && (!is_wide || !bytes->data[i + 1]))
                bytes->data[i] = ' ';
        g_autoptr (GString) text = g_string_new (NULL);
        ole_append_text (text, bytes->data, bytes->len, is_wide ? OLE_UTF16 : w->code_page);
        take_characters (w, text->str);
        at += step;
        length -= step;
    }
}

/* ---- pieces ---- */

/* `n` + 1 positions of characters, then `n` descriptors of 8 bytes. */
static void take_pieces (struct word *w, const uint8_t *p, size_t length)
{
    size_t n = length < 4 ? 0 : (length - 4) / 12;
    const uint8_t *descriptors = p + 4 * (n + 1);
    for (size_t i = 0; i < n && !body_text_is_full (w->text); i++) {
        uint32_t from = get_u32le (p + 4 * i), to = get_u32le (p + 4 * i + 4);
        uint32_t at = get_u32le (descriptors + 8 * i + 2);
        bool is_bytes = at & 0x40000000;
        at &= 0x3fffffff;
        if (to > from)
            take_piece (w, is_bytes ? at / 2 : at, (uint64_t) (to - from) << !is_bytes, !is_bytes);
    }
}

/* Formatting of paragraphs goes before the pieces. */
static void take_table (struct word *w, const uint8_t *p, size_t length)
{
    while (length >= 3 && p[0] == 1) {
        size_t size = 3 + (size_t) get_u16le (p + 1);
        if (size > length)
            return;
        p += size;
        length -= size;
    }
    if (length >= 5 && p[0] == 2)
        take_pieces (w, p + 5, MIN (get_u32le (p + 1), length - 5));
}

bool ole_text_doc (const struct ole *o, struct document *d)
{
    _cleanup_ole_stream_ struct ole_stream stream = { 0 }, table = { 0 };
    uint8_t fib[FIB_SIZE];
    struct word w = {
        .stream = &stream, .text = &d->text, .code_page = OLE_WINDOWS, .left = LIMIT_OLE_STREAM
    };
    if (!ole_stream_open (o, "WordDocument", &stream) ||
        !ole_stream_read (&stream, 0, fib, sizeof fib))
        return true;
    uint16_t flags = get_u16le (fib + 10);
    if (flags & FLAG_ENCRYPTED)
        return false;
    if (get_u16le (fib + 2) >= WORD_97) {
        if (ole_stream_open (o, flags & FLAG_TABLE_1 ? "1Table" : "0Table", &table)) {
            size_t length = MIN (get_u32le (fib + 0x1a6), LIMIT_OLE_TABLE);
            g_autoptr (GByteArray) bytes =
                ole_stream_bytes (&table, get_u32le (fib + 0x1a2), length);
            take_table (&w, bytes->data, bytes->len);
        }
    } else if (!(flags & FLAG_COMPLEX) && get_u32le (fib + 28) > get_u32le (fib + 24)) {
        uint32_t at = get_u32le (fib + 24);
        w.code_page = d->code_page ? d->code_page : OLE_WINDOWS;
        take_piece (&w, at, get_u32le (fib + 28) - at, false);
    }
    return true;
}
