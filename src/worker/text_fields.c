/* Strings of texts on their way into the answer. */
#include "worker/text_fields.h"

#include <string.h>

#include "base/limits.h"
#include "worker/caption.h"
#include "worker/civil.h"
#include "worker/language.h"

uint8_t *text_fields_load (struct input *in, size_t limit, size_t *ret_length)
{
    size_t length = (size_t) MIN (in->size, limit);
    uint8_t *bytes = g_malloc (length + 1);
    while (length && !input_read (in, 0, bytes, length))
        length /= 2; /* the object is shorter than its version said */
    bytes[length] = '\0';
    *ret_length = length;
    return bytes;
}

size_t text_fields_size (const struct input *in, size_t limit)
{
    return in->leaves_text ? MIN (limit, LIMIT_TEXT_HEAD) : limit;
}

void text_fields_leave (const struct input *in, struct body_text *body)
{
    if (in->leaves_text)
        body_text_leave (body, LIMIT_TEXT_GLANCE);
}

/* White space collapsed, control characters out, cut between characters. */
static char *clean (const char *text, size_t length, size_t limit)
{
    _cleanup_body_text_ struct body_text t;
    body_text_init (&t);
    body_text_append (&t, text, MIN (length, limit * 2));
    g_strdelimit (t.text->str, "\n", ' ');
    if (t.text->len <= limit)
        return g_strdup (t.text->str);
    const char *end = g_utf8_find_prev_char (t.text->str, t.text->str + limit + 1);
    return g_strndup (t.text->str, (gsize) (end - t.text->str));
}

void text_fields_set (json_t *meta, const char *name, const char *text, size_t length, size_t limit)
{
    g_autofree char *value = clean (text, length, limit);
    if (*value && !json_object_get (meta, name))
        json_object_set_new (meta, name, json_string (value));
}

static bool has_label (json_t *labels, const char *name)
{
    size_t i;
    json_t *label;
    json_array_foreach (labels, i, label)
    {
        if (!strcmp (json_string_value (json_object_get (label, "LabelName")), name))
            return true;
    }
    return false;
}

static void add_label (json_t *meta, const char *text, size_t length)
{
    g_autofree char *value = clean (text, length, LIMIT_KEYWORD);
    json_t *labels = json_object_get (meta, "Labels");
    if (!*value || (labels && json_array_size (labels) >= LIMIT_KEYWORDS) ||
        has_label (labels, value))
        return;
    if (!labels) {
        json_object_set_new (meta, "Labels", json_array ());
        labels = json_object_get (meta, "Labels");
    }
    json_array_append_new (labels,
                           json_pack ("{s:s, s:f}", "LabelName", value, "LabelConfidence", 1.0));
}

void text_fields_add_labels (json_t *meta, const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end) {
        const char *stop = text;
        while (stop < end && *stop != ',' && *stop != ';')
            stop++;
        add_label (meta, text, (size_t) (stop - text));
        text = stop + 1;
    }
}

void text_fields_set_time (json_t *meta, const char *name, const char *text)
{
    g_autoptr (GString) time = g_string_new (NULL);
    if (strlen (text) < 64 && civil_append (time, text, NULL, NULL) &&
        !json_object_get (meta, name))
        json_object_set_new (meta, name, json_string (time->str));
}

void text_fields_report (json_t *meta, const struct body_text *body, const struct charset *charset,
                         bool has_language)
{
    if (charset)
        json_object_set_new (meta, "Charset", json_string (charset_name (charset)));
    const char *language = has_language && !json_object_get (meta, "Language")
                               ? language_guess (body->text->str, body->text->len)
                               : NULL;
    if (language)
        json_object_set_new (meta, "Language", json_string (language));
    body_text_report (body, meta);
}
