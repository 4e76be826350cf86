/* Plain text of all sorts: what encoding, what language, what it says. */
#include <string.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/text_fields.h"

/* The first heading of Markdown: "# Title", or a line underlined with '='. */
static void set_heading (json_t *meta, const char *text, size_t length)
{
    const char *end = text + length, *before = NULL;
    size_t n_before = 0;
    for (unsigned i = 0; i < 200 && text < end; i++) {
        const char *newline = memchr (text, '\n', (size_t) (end - text));
        size_t n = (size_t) ((newline ? newline : end) - text);
        if (n > 2 && text[0] == '#' && text[1] == ' ') {
            text_fields_set (meta, "Title", text + 2, n - 2, LIMIT_CAPTION);
            return;
        }
        if (n > 2 && n_before && strspn (text, "=") + 1 >= n && text[0] == '=') {
            text_fields_set (meta, "Title", before, n_before, LIMIT_CAPTION);
            return;
        }
        before = text;
        n_before = n;
        text += n + 1;
    }
}

static bool is_prose (const char *type)
{
    static const char *const types[] = { "text/plain",          "text/markdown", "text/x-rst",
                                         "text/x-tex",          "text/x-org",    "text/asciidoc",
                                         "text/troff",          "text/vtt",      "text/x-ssa",
                                         "application/x-subrip" };
    for (size_t i = 0; i < N_ELEMENTS (types); i++)
        if (!strcmp (types[i], type))
            return true;
    return false;
}

enum err extract_plain (struct input *in, json_t *meta, struct error *e UNUSED)
{
    size_t length, mark;
    g_autofree uint8_t *bytes =
        text_fields_load (in, text_fields_size (in, LIMIT_TEXT_READ), &length);
    const char *type = json_string_value (json_object_get (meta, "ContentType"));
    const struct charset *charset = charset_detect (bytes, length, length < in->size);
    _cleanup_body_text_ struct body_text body;
    body_text_init (&body);
    text_fields_leave (in, &body);
    (void) charset_of_mark (bytes, length, &mark);
    const char *text = (const char *) bytes + mark;
    length -= mark;
    g_autoptr (GString) converted = g_string_new (NULL);
    if (charset && !charset_is_utf8 (charset)) {
        charset_convert (charset, text, length, LIMIT_BODY_TEXT * 2, converted);
        text = converted->str;
        length = converted->len;
    }
    body_text_append (&body, text, length);
    if (!strcmp (type, "text/markdown"))
        set_heading (meta, text, length);
    text_fields_report (meta, &body, charset, is_prose (type));
    return ERR_OK;
}
