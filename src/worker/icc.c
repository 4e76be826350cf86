/* The reader of ICC profiles: header, table of tags, and the one tag that is a name. */
#include "worker/icc.h"

#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "worker/caption.h"

enum { HEADER = 128, ENTRY = 12 };

struct profile {
    struct input *in;
    const struct icc_part *parts;
    unsigned n;
};

/* Copies bytes of the profile, whatever parts they lie in. */
static bool copy (const struct profile *profile, uint64_t offset, void *to, size_t length)
{
    uint8_t *out = to;
    for (unsigned i = 0; i < profile->n && length; i++) {
        const struct icc_part *part = &profile->parts[i];
        if (offset >= part->size) {
            offset -= part->size;
            continue;
        }
        size_t step = (size_t) MIN (length, part->size - offset);
        if (!input_read (profile->in, part->at + offset, out, step))
            return false;
        out += step;
        length -= step;
        offset = 0;
    }
    return !length;
}

/* Version 2: ASCII with its length, behind the type and four empty bytes. */
static void read_ascii (const struct profile *profile, uint64_t at, uint32_t size, char **name)
{
    uint8_t head[12];
    char text[LIMIT_ICC_TEXT];
    if (size <= sizeof head || !copy (profile, at, head, sizeof head))
        return;
    uint32_t length = MIN (get_u32be (head + 8), size - (uint32_t) sizeof head);
    length = MIN (length, sizeof text);
    if (copy (profile, at + sizeof head, text, length))
        *name = caption_clean (text, length, LIMIT_PROFILE_NAME);
}

static char *utf8_of_utf16be (const uint8_t *text, size_t length)
{
    GString *utf8 = g_string_new (NULL);
    for (size_t i = 0; i + 1 < length && get_u16be (text + i); i += 2) {
        gunichar c = get_u16be (text + i);
        g_string_append_unichar (utf8, g_unichar_validate (c) ? c : 0xfffd);
    }
    return g_string_free (utf8, FALSE);
}

/* Version 4: UTF-16 in several languages, each with its length and place. */
static void read_languages (const struct profile *profile, uint64_t at, uint32_t size, char **name)
{
    uint8_t head[16], record[ENTRY], text[LIMIT_ICC_TEXT];
    uint32_t offset = 0, length = 0;
    if (!copy (profile, at, head, sizeof head))
        return;
    uint32_t n = MIN (get_u32be (head + 8), LIMIT_ICC_TAGS);
    for (uint32_t i = 0; i < n && copy (profile, at + 16 + i * ENTRY, record, ENTRY); i++) {
        bool is_english = !memcmp (record, "en", 2);
        if (i && !is_english)
            continue;
        length = get_u32be (record + 4);
        offset = get_u32be (record + 8);
        if (is_english)
            break;
    }
    length = MIN (length, sizeof text);
    if (offset > size || length > size - offset || !copy (profile, at + offset, text, length))
        return;
    g_autofree char *utf8 = utf8_of_utf16be (text, length);
    *name = caption_clean (utf8, strlen (utf8), LIMIT_PROFILE_NAME);
}

static void read_description (const struct profile *profile, uint64_t at, uint32_t size,
                              char **name)
{
    uint8_t type[4];
    if (!copy (profile, at, type, sizeof type))
        return;
    if (!memcmp (type, "desc", 4))
        read_ascii (profile, at, size, name);
    else if (!memcmp (type, "mluc", 4))
        read_languages (profile, at, size, name);
}

void icc_read_parts (struct input *in, const struct icc_part *parts, unsigned n, char **name)
{
    struct profile profile = { .in = in, .parts = parts, .n = n };
    uint8_t head[HEADER + 4], entry[ENTRY];
    if (*name || !copy (&profile, 0, head, sizeof head) || memcmp (head + 36, "acsp", 4))
        return;
    uint32_t n_tags = MIN (get_u32be (head + HEADER), LIMIT_ICC_TAGS);
    for (uint32_t i = 0; i < n_tags; i++) {
        if (!copy (&profile, HEADER + 4 + i * ENTRY, entry, ENTRY))
            return;
        if (!memcmp (entry, "desc", 4)) {
            read_description (&profile, get_u32be (entry + 4), get_u32be (entry + 8), name);
            return;
        }
    }
}

void icc_read (struct input *in, uint64_t at, uint64_t size, char **name)
{
    struct icc_part part = { at, size };
    icc_read_parts (in, &part, 1, name);
}

void icc_coded (unsigned primaries, unsigned transfer, char **name)
{
    static const struct {
        uint8_t primaries, transfer;
        const char *name;
    } rows[] = { { 1, 13, "sRGB" },       { 1, 1, "BT.709" },      { 12, 13, "Display P3" },
                 { 9, 1, "BT.2020" },     { 9, 14, "BT.2020" },    { 9, 15, "BT.2020" },
                 { 9, 16, "BT.2100 PQ" }, { 9, 18, "BT.2100 HLG" } };
    for (size_t i = 0; i < N_ELEMENTS (rows) && !*name; i++)
        if (rows[i].primaries == primaries && rows[i].transfer == transfer)
            *name = g_strdup (rows[i].name);
}
