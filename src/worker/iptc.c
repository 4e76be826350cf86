/* IPTC-IIM: records of a tag and a text. Texts are UTF-8, or Latin-1 if they are not. */
#include "worker/iptc.h"

#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/icc.h"
#include "worker/xmp.h"

/* Numbers of data sets in the application record. */
enum {
    OBJECT_NAME = 5,
    KEYWORD = 25,
    DATE_CREATED = 55,
    TIME_CREATED = 60,
    BY_LINE = 80,
    HEADLINE = 105
};

struct records {
    char *object_name, *headline, *by_line, *date, *time;
    GPtrArray **keywords; /* borrowed */
};

static void take_record (struct records *r, uint8_t number, const char *text, size_t length)
{
    switch (number) {
    case OBJECT_NAME:
        caption_set (&r->object_name, text, length);
        break;
    case KEYWORD:
        caption_add_keyword (r->keywords, text, length);
        break;
    case HEADLINE:
        caption_set (&r->headline, text, length);
        break;
    case BY_LINE:
        caption_append (&r->by_line, text, length);
        break;
    case DATE_CREATED:
        caption_set (&r->date, text, length);
        break;
    case TIME_CREATED:
        caption_set (&r->time, text, length);
        break;
    default:
        break;
    }
}

/* "20200819" and "171111+0800" as "2020-08-19T17:11:11+08:00". */
static char *join_time (const char *date, const char *time)
{
    if (!date || strlen (date) != 8)
        return NULL;
    GString *text = g_string_new (NULL);
    g_string_append_printf (text, "%.4s-%.2s-%.2s", date, date + 4, date + 6);
    size_t n = time ? strlen (time) : 0;
    if (n >= 6)
        g_string_append_printf (text, "T%.2s:%.2s:%.2s", time, time + 2, time + 4);
    if (n == 11)
        g_string_append_printf (text, "%.3s:%.2s", time + 6, time + 9);
    return g_string_free (text, FALSE);
}

static void report (struct records *r, struct caption *c)
{
    g_autofree char *time = join_time (r->date, r->time);
    const char *title = r->object_name ? r->object_name : r->headline;
    if (title)
        caption_set (&c->title, title, strlen (title));
    if (r->by_line)
        caption_set (&c->artist, r->by_line, strlen (r->by_line));
    if (time)
        caption_set (&c->time, time, strlen (time));
    char **all[] = { &r->object_name, &r->headline, &r->by_line, &r->date, &r->time };
    for (size_t i = 0; i < G_N_ELEMENTS (all); i++)
        g_clear_pointer (all[i], g_free);
}

void iptc_parse (struct input *in, uint64_t at, uint64_t length, struct caption *c)
{
    struct records records = { .keywords = &c->keywords };
    uint64_t end = at + MIN (length, in->size - MIN (at, in->size));
    for (unsigned i = 0; i < LIMIT_IPTC_RECORDS && end - at >= 5; i++) {
        const uint8_t *p = input_at (in, at, 5);
        if (!p || p[0] != 0x1c)
            break;
        uint8_t record = p[1], number = p[2];
        uint16_t size = get_u16be (p + 3);
        at += 5;
        /* Sizes with the upper bit are those of pictures, which nobody puts here. */
        if (size & 0x8000 || size > end - at)
            break;
        size_t taken = MIN (size, LIMIT_CAPTION_SOURCE);
        const char *text = (const char *) input_at (in, at, taken);
        if (record == 2 && text)
            take_record (&records, number, text, taken);
        at += size;
    }
    report (&records, c);
}

static void read_resource (struct input *in, uint16_t id, uint64_t at, uint32_t size,
                           struct image *image)
{
    switch (id) {
    case 0x0404:
        iptc_parse (in, at, size, &image->iptc);
        break;
    case 0x040f:
        icc_read (in, at, size, &image->profile);
        break;
    case 0x0422:
        exif_parse (in, at, size, &image->exif);
        break;
    case 0x0424:
        xmp_parse (in, at, size, &image->xmp);
        break;
    default:
        break;
    }
}

/* A resource: "8BIM", a number, a name with its length, the size; name and content are padded to
 * an even length. */
void iptc_resources (struct input *in, uint64_t at, uint64_t length, struct image *image)
{
    if (at > in->size)
        return;
    uint64_t end = at + MIN (length, in->size - at);
    for (unsigned i = 0; i < LIMIT_SEGMENTS && end - at >= 12; i++) {
        const uint8_t *p = input_at (in, at, 7);
        if (!p || memcmp (p, "8BIM", 4))
            return;
        uint16_t id = get_u16be (p + 4);
        at += 6u + ((p[6] + 2u) & ~1u);
        p = at <= end && end - at >= 4 ? input_at (in, at, 4) : NULL;
        if (!p)
            return;
        uint32_t size = get_u32be (p);
        at += 4;
        if (size > end - at)
            return;
        read_resource (in, id, at, size, image);
        at += MIN (size + (uint64_t) (size & 1), end - at);
    }
}
