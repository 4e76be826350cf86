/* PowerPoint 97 and later: the text atoms of slides and notes, not those of masters. */
#include <string.h>

#include "base/limits.h"
#include "worker/ole_properties.h"
#include "worker/ole_text.h"

enum { HEADER = 8 };
enum {
    ATOM_CHARACTERS = 0xfa0,
    ATOM_BYTES = 0xfa8,
    SLIDE = 0x3ee,
    MASTER = 0x3f8,
    HANDOUT = 0xfc9,
    CONTAINER = 15, /* as its version */
};
#define TOKEN_ENCRYPTED 0xf3d1c4dfu

static bool is_encrypted (const struct ole *o)
{
    _cleanup_ole_stream_ struct ole_stream user;
    uint8_t head[16];
    return ole_stream_open (o, "Current User", &user) &&
           ole_stream_read (&user, 0, head, sizeof head) &&
           get_u32le (head + 12) == TOKEN_ENCRYPTED;
}

static void take_atom (const uint8_t *p, size_t length, bool is_wide, struct body_text *text)
{
    g_autoptr (GString) characters = g_string_new (NULL);
    ole_append_text (characters, p, length, is_wide ? OLE_UTF16 : OLE_WINDOWS);
    /* A lone star stands for a number or date of the master. */
    if (strcmp (characters->str, "*") != 0)
        body_text_append (text, characters->str, characters->len);
    body_text_append_break (text);
}

bool ole_text_ppt (const struct ole *o, struct document *d)
{
    _cleanup_ole_stream_ struct ole_stream stream;
    if (!ole_stream_open (o, "PowerPoint Document", &stream))
        return true;
    if (is_encrypted (o))
        return false;
    g_autoptr (GByteArray) bytes = ole_stream_bytes (&stream, 0, LIMIT_OLE_STREAM);
    const uint8_t *p = bytes->data, *end = p + bytes->len;
    uint64_t slides = 0;
    while (end - p >= HEADER && !body_text_is_full (&d->text)) {
        unsigned type = get_u16le (p + 2);
        size_t length = get_u32le (p + 4);
        bool is_open = (p[0] & 15) == CONTAINER && type != MASTER && type != HANDOUT;
        p += HEADER;
        length = MIN (length, (size_t) (end - p));
        if (type == ATOM_CHARACTERS || type == ATOM_BYTES)
            take_atom (p, length, type == ATOM_CHARACTERS, &d->text);
        slides += type == SLIDE;
        p += is_open ? 0 : length;
    }
    if (!d->pages)
        d->pages = slides;
    return true;
}
