/* Mail: what the head says, the text, the names of what is attached. Of a mailbox its first
 * message. */
#include <string.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/html.h"
#include "worker/mime.h"
#include "worker/text_fields.h"

struct mail {
    json_t *meta, *names;
    struct body_text body;
    const struct charset *charset; /* of the first text */
    GString *html;                 /* first HTML part, as UTF-8, for want of plain text */
    const struct charset *html_charset;
    unsigned parts, attached;
};

/* ---- the head ---- */

static void set_header (struct mail *m, const struct mime_part *part, const char *header,
                        const char *field, size_t limit)
{
    g_autofree char *raw = mime_header (part, header);
    g_autofree char *text = raw ? mime_decode_words (raw) : NULL;
    if (text)
        text_fields_set (m->meta, field, text, strlen (text), limit);
}

static void set_recipients (struct mail *m, const struct mime_part *part)
{
    static const char *const names[] = { "To", "Cc" };
    g_autoptr (GString) all = g_string_new (NULL);
    for (size_t i = 0; i < N_ELEMENTS (names); i++) {
        g_autofree char *raw = mime_header (part, names[i]);
        g_autofree char *text = raw ? mime_decode_words (raw) : NULL;
        if (text && *text)
            g_string_append_printf (all, "%s%s", all->len ? ", " : "", text);
    }
    text_fields_set (m->meta, "MailTo", all->str, all->len, LIMIT_MAIL_ADDRESSES);
}

static void read_head (struct mail *m, const struct mime_part *part)
{
    set_header (m, part, "Subject", "Title", LIMIT_CAPTION);
    set_header (m, part, "From", "MailFrom", LIMIT_CAPTION);
    set_recipients (m, part);
    g_autofree char *raw = mime_header (part, "Date");
    g_autofree char *date = raw ? mime_date (raw) : NULL;
    if (date)
        text_fields_set_time (m->meta, "ProduceTime", date);
}

/* ---- the parts ---- */

static void read_part (struct mail *m, const struct mime_part *part, unsigned depth);

static void read_leaf (struct mail *m, const struct mime_part *part, const char *type,
                       const char *content_type)
{
    g_autofree char *encoding = mime_header (part, "Content-Transfer-Encoding");
    g_autofree char *name = mime_parameter (content_type, "charset");
    bool is_html = !strcmp (type, "text/html");
    if (body_text_is_full (&m->body) || (is_html && m->html))
        return;
    g_autoptr (GString) bytes =
        mime_decode_body (part->body, part->body_length, encoding ? g_strstrip (encoding) : NULL);
    const struct charset *charset = name ? charset_find (name, strlen (name)) : NULL;
    if (!charset || !strcmp (charset_name (charset), "US-ASCII"))
        charset = charset_detect ((uint8_t *) bytes->str, bytes->len, true);
    GString *text = g_string_new (NULL);
    if (charset && !charset_is_utf8 (charset))
        charset_convert (charset, bytes->str, bytes->len, LIMIT_TEXT_READ, text);
    else
        g_string_append_len (text, bytes->str, (gssize) MIN (bytes->len, LIMIT_TEXT_READ));
    if (is_html) {
        m->html = text;
        m->html_charset = charset;
        return;
    }
    body_text_append_break (&m->body);
    body_text_append (&m->body, text->str, text->len);
    m->charset = m->charset ? m->charset : charset;
    g_string_free (text, TRUE);
}

/* Where a line "--boundary" begins, at or behind `p`; `end` if there is none. */
static const char *find_boundary (const char *p, const char *start, const char *end,
                                  const char *boundary, size_t length)
{
    while (p < end && (p = memmem (p, (size_t) (end - p), boundary, length))) {
        if (p == start || p[-1] == '\n')
            return p;
        p++;
    }
    return end;
}

static void read_multipart (struct mail *m, const struct mime_part *part, const char *content_type,
                            unsigned depth)
{
    g_autofree char *name = mime_parameter (content_type, "boundary");
    if (!name || !*name)
        return;
    g_autofree char *boundary = g_strconcat ("--", name, NULL);
    size_t length = strlen (boundary);
    const char *start = part->body, *end = start + part->body_length;
    const char *p = find_boundary (start, start, end, boundary, length);
    while (p < end && m->parts < LIMIT_MAIL_PARTS) {
        p += length;
        if (end - p >= 2 && !memcmp (p, "--", 2))
            break;
        const char *newline = memchr (p, '\n', (size_t) (end - p));
        const char *from = newline ? newline + 1 : end;
        const char *next = find_boundary (from, start, end, boundary, length);
        struct mime_part inner;
        mime_split (from, (size_t) (next - from), &inner);
        m->parts++;
        read_part (m, &inner, depth + 1);
        p = next;
    }
}

/* What is attached has a name, or is no text. */
static bool read_attachment (struct mail *m, const struct mime_part *part, const char *type,
                             const char *content_type)
{
    g_autofree char *disposition = mime_header (part, "Content-Disposition");
    g_autofree char *kind = disposition ? mime_value (disposition) : NULL;
    g_autofree char *name = disposition ? mime_parameter (disposition, "filename") : NULL;
    if (!name)
        name = mime_parameter (content_type, "name");
    bool is_text = g_str_has_prefix (type, "text/") || g_str_has_prefix (type, "message/");
    bool is_attached = (kind && !strcmp (kind, "attachment")) || (name && *name) || !is_text;
    if (!is_attached)
        return false;
    m->attached++;
    if (name && *name && json_array_size (m->names) < LIMIT_ENTRY_NAMES) {
        json_auto_t *holder = json_object ();
        text_fields_set (holder, "name", name, strlen (name), LIMIT_META_STRING);
        json_t *value = json_object_get (holder, "name");
        if (value)
            json_array_append (m->names, value);
    }
    return true;
}

static void read_part (struct mail *m, const struct mime_part *part, unsigned depth)
{
    g_autofree char *header = mime_header (part, "Content-Type");
    const char *content_type = header ? header : "text/plain";
    g_autofree char *type = mime_value (content_type);
    if (depth > LIMIT_MAIL_DEPTH)
        return;
    if (g_str_has_prefix (type, "multipart/")) {
        read_multipart (m, part, content_type, depth);
        return;
    }
    if (read_attachment (m, part, type, content_type))
        return;
    if (!strcmp (type, "message/rfc822")) {
        struct mime_part inner;
        mime_split (part->body, part->body_length, &inner);
        read_part (m, &inner, depth + 1);
    } else if (!strcmp (type, "text/plain") || !strcmp (type, "text/html")) {
        read_leaf (m, part, type, content_type);
    }
}

/* ---- all of it ---- */

/* The first message of a mailbox lies between two lines that begin with "From ". */
static const char *first_message (const char *bytes, size_t *length)
{
    if (*length < 5 || memcmp (bytes, "From ", 5))
        return bytes;
    const char *newline = memchr (bytes, '\n', *length);
    size_t skip = newline ? (size_t) (newline + 1 - bytes) : *length;
    bytes += skip;
    *length -= skip;
    const char *next = memmem (bytes, *length, "\n\nFrom ", 7);
    if (!next)
        next = memmem (bytes, *length, "\n\r\nFrom ", 8);
    *length = next ? (size_t) (next + 1 - bytes) : *length;
    return bytes;
}

enum err extract_mail (struct input *in, json_t *meta, struct error *e UNUSED)
{
    size_t length;
    g_autofree uint8_t *bytes = text_fields_load (in, LIMIT_MAIL_READ, &length);
    bool is_whole = length == in->size;
    const char *message = first_message ((const char *) bytes, &length);
    struct mail m = { .meta = meta, .names = json_array () };
    struct mime_part part;
    body_text_init (&m.body);
    text_fields_leave (in, &m.body);
    mime_split (message, length, &part);
    read_head (&m, &part);
    read_part (&m, &part, 0);
    if (!m.body.text->len && m.html) {
        json_auto_t *ignored = json_object ();
        html_read (m.html->str, m.html->len, &m.body, ignored);
        m.charset = m.html_charset;
    }
    if (is_whole && m.parts < LIMIT_MAIL_PARTS)
        json_object_set_new (meta, "EntryCount", json_integer (m.attached));
    if (json_array_size (m.names))
        json_object_set (meta, "EntryNames", m.names);
    text_fields_report (meta, &m.body, m.charset, true);
    if (m.html)
        g_string_free (m.html, TRUE);
    json_decref (m.names);
    body_text_clear (&m.body);
    return ERR_OK;
}
