/* Messages of Outlook: a stream for each text, named by what it is; the rest in a table. */
#include "worker/ole_msg.h"

#include <string.h>

#include "base/limits.h"
#include "base/macros.h"
#include "worker/caption.h"
#include "worker/ole_properties.h"

enum { SUBJECT = 0x37, BODY = 0x1000, SENDER = 0xc1a, SENDER_ADDRESS = 0x5d01, RECIPIENTS = 0xe04 };
enum { TABLE_HEADER = 32, ROW = 16 };
#define TAG_SENT           0x00390040u
#define TAG_DELIVERED      0x0e060040u
#define TAG_CODE_PAGE      0x3ffd0003u
#define TAG_BODY_CODE_PAGE 0x3fde0003u

/* What the table says of one property; false if nothing. */
static bool find_row (const struct ole *o, uint32_t tag, uint64_t *ret)
{
    _cleanup_ole_stream_ struct ole_stream s;
    uint8_t row[ROW];
    if (!ole_stream_open (o, "__properties_version1.0", &s))
        return false;
    for (uint64_t at = TABLE_HEADER; ole_stream_read (&s, at, row, ROW); at += ROW)
        if (get_u32le (row) == tag) {
            *ret = get_u64le (row + 8);
            return true;
        }
    return false;
}

/* Of texts that are not wide. */
static unsigned code_page (const struct ole *o)
{
    uint64_t value;
    bool is_found = find_row (o, TAG_CODE_PAGE, &value) || find_row (o, TAG_BODY_CODE_PAGE, &value);
    return is_found ? (unsigned) (value & 0xffff) : OLE_WINDOWS;
}

/* UTF-8; NULL if there is none. */
static char *read_text (const struct ole *o, unsigned id)
{
    static const unsigned types[] = { 0x1f, 0x1e };
    for (size_t i = 0; i < N_ELEMENTS (types); i++) {
        _cleanup_ole_stream_ struct ole_stream s;
        char name[32];
        g_snprintf (name, sizeof name, "__substg1.0_%04X%04X", id, types[i]);
        if (!ole_stream_open (o, name, &s))
            continue;
        g_autoptr (GByteArray) bytes = ole_stream_bytes (&s, 0, 2 * LIMIT_BODY_TEXT);
        GString *text = g_string_new (NULL);
        ole_append_text (text, bytes->data, bytes->len, i == 0 ? OLE_UTF16 : code_page (o));
        return g_string_free (text, FALSE);
    }
    return NULL;
}

static void read_caption (const struct ole *o, unsigned id, char **to)
{
    g_autofree char *text = read_text (o, id);
    if (text)
        caption_set (to, text, strlen (text));
}

static void read_time (const struct ole *o, struct document *d)
{
    uint64_t ticks;
    if (!find_row (o, TAG_SENT, &ticks) && !find_row (o, TAG_DELIVERED, &ticks))
        return;
    g_free (d->created);
    d->created = document_windows_time (ticks);
}

static void report_sender (const struct ole *o, json_t *meta)
{
    g_autofree char *name = NULL, *address = NULL, *both = NULL, *sender = NULL;
    read_caption (o, SENDER, &name);
    read_caption (o, SENDER_ADDRESS, &address);
    if (name && address && strcmp (name, address) != 0)
        both = g_strdup_printf ("%s <%s>", name, address);
    const char *text = both ? both : address ? address : name;
    if (text)
        caption_set (&sender, text, strlen (text));
    if (sender)
        json_object_set_new (meta, "MailFrom", json_string (sender));
}

void ole_msg_read (const struct ole *o, struct document *d, json_t *meta)
{
    g_autofree char *recipients = NULL, *body = read_text (o, BODY);
    read_caption (o, SUBJECT, &d->title);
    read_caption (o, RECIPIENTS, &recipients);
    read_time (o, d);
    report_sender (o, meta);
    if (recipients)
        json_object_set_new (meta, "MailTo", json_string (recipients));
    if (body)
        body_text_append (&d->text, body, strlen (body));
}
