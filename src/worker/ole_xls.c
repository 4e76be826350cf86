/* Excel 97 and later: the names of the sheets, the strings that all cells share, and what formulas
 * came to. Excel 5 and 95: the strings of the cells. */
#include <string.h>

#include "base/limits.h"
#include "worker/ole_properties.h"
#include "worker/ole_text.h"

enum { BIFF8 = 0x600 };
enum {
    RECORD_FILE_PASS = 0x2f,
    RECORD_CONTINUE = 0x3c,
    RECORD_CODE_PAGE = 0x42,
    RECORD_SHEET = 0x85,
    RECORD_STRINGS = 0xfc,
    RECORD_LABEL = 0x204,
    RECORD_RESULT = 0x207,
    RECORD_BEGIN = 0x809,
};
enum { IS_WIDE = 1, HAS_PHONETIC = 4, HAS_RUNS = 8 };

/* The stream, within a record. */
struct book {
    const uint8_t *at, *end; /* what is left of the record */
    const uint8_t *next, *stream_end;
    unsigned type, version;
    unsigned code_page; /* of strings of bytes */
    struct body_text *text;
};

static bool next_record (struct book *b)
{
    if (b->stream_end - b->next < 4)
        return false;
    size_t length = get_u16le (b->next + 2);
    b->type = get_u16le (b->next);
    b->at = b->next + 4;
    b->end = b->at + MIN (length, (size_t) (b->stream_end - b->at));
    b->next = b->end;
    return true;
}

/* More of what the last record began. */
static bool next_part (struct book *b)
{
    return b->stream_end - b->next >= 4 && get_u16le (b->next) == RECORD_CONTINUE &&
           next_record (b);
}

static bool take_bytes (struct book *b, uint8_t *to, size_t length)
{
    for (; length; length--) {
        while (b->at == b->end)
            if (!next_part (b))
                return false;
        *to++ = *b->at++;
    }
    return true;
}

static bool skip_bytes (struct book *b, uint64_t length)
{
    while (length > (size_t) (b->end - b->at)) {
        length -= (size_t) (b->end - b->at);
        if (!next_part (b))
            return false;
    }
    b->at += length;
    return true;
}

/* `n` characters; where they go on in another record, that says anew how wide they are. */
static bool take_characters (struct book *b, size_t n, uint8_t flags)
{
    g_autoptr (GString) text = g_string_new (NULL);
    while (n) {
        if (b->at == b->end && !(next_part (b) && take_bytes (b, &flags, 1)))
            return false;
        unsigned width = flags & IS_WIDE ? 2 : 1;
        size_t length = MIN (n, (size_t) (b->end - b->at) / width);
        if (!length)
            return false;
        ole_append_text (text, b->at, length * width, flags & IS_WIDE ? OLE_UTF16 : b->code_page);
        b->at += length * width;
        n -= length;
    }
    body_text_append (b->text, text->str, text->len);
    body_text_append_break (b->text);
    return true;
}

/* A string with `count` bytes for its length, and what may follow: runs of fonts, how it is read.
 */
static bool take_string (struct book *b, unsigned count)
{
    uint8_t head[3] = { 0 }, runs[2] = { 0 }, phonetic[4] = { 0 };
    if (!take_bytes (b, head, count))
        return false;
    size_t n = count == 1 ? head[0] : get_u16le (head);
    uint8_t flags = 0;
    if (b->version >= BIFF8 && !take_bytes (b, &flags, 1))
        return false;
    if ((flags & HAS_RUNS && !take_bytes (b, runs, 2)) ||
        (flags & HAS_PHONETIC && !take_bytes (b, phonetic, 4)) || !take_characters (b, n, flags))
        return false;
    return skip_bytes (b, 4 * (uint64_t) get_u16le (runs) + get_u32le (phonetic));
}

/* The number of cells, the number of strings, the strings. */
static void take_strings (struct book *b)
{
    uint8_t counts[8];
    if (!take_bytes (b, counts, sizeof counts))
        return;
    for (uint32_t n = get_u32le (counts + 4); n && !body_text_is_full (b->text); n--)
        if (!take_string (b, 2))
            return;
}

/* False if the rest is encrypted. */
static bool take_record (struct book *b)
{
    switch (b->type) {
    case RECORD_FILE_PASS:
        return false;
    case RECORD_BEGIN:
        b->version = b->end - b->at >= 2 ? get_u16le (b->at) : 0;
        break;
    case RECORD_CODE_PAGE:
        if (b->version < BIFF8 && b->end - b->at >= 2)
            b->code_page = get_u16le (b->at);
        break;
    case RECORD_SHEET:
        if (skip_bytes (b, 6))
            (void) take_string (b, 1);
        break;
    case RECORD_STRINGS:
        take_strings (b);
        break;
    case RECORD_LABEL:
        if (skip_bytes (b, 6))
            (void) take_string (b, 2);
        break;
    case RECORD_RESULT:
        (void) take_string (b, 2);
        break;
    default:
        break;
    }
    return true;
}

bool ole_text_xls (const struct ole *o, struct document *d)
{
    _cleanup_ole_stream_ struct ole_stream stream, old;
    ole_stream_open (o, "Workbook", &stream);
    ole_stream_open (o, "Book", &old);
    g_autoptr (GByteArray) bytes =
        ole_stream_bytes (stream.size ? &stream : &old, 0, LIMIT_OLE_STREAM);
    struct book b = { .next = bytes->data,
                      .stream_end = bytes->data + bytes->len,
                      .code_page = OLE_WINDOWS,
                      .text = &d->text };
    bool is_plain = true;
    while (is_plain && !body_text_is_full (&d->text) && next_record (&b))
        is_plain = take_record (&b);
    return is_plain;
}
