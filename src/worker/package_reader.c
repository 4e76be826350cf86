/* A document that is read from the parts of a package. */
#include "worker/package_reader.h"

#include "base/limits.h"

enum err package_extract (struct input *in, json_t *meta, struct package_reader *reader,
                          enum err (*read) (struct zip *z, struct package_reader *reader,
                                            struct error *e),
                          struct error *e)
{
    _cleanup_zip_ struct zip z;
    document_init (&reader->document);
    reader->value = g_string_new (NULL);
    reader->in_text = reader->skipped = 0;
    if (in->leaves_text)
        body_text_leave (&reader->document.text, 0);
    enum err err = zip_open (&z, in, e);
    if (err == ERR_OK) {
        err = read (&z, reader, e);
        document_report (&reader->document, meta);
    }
    document_clear (&reader->document);
    g_string_free (reader->value, TRUE);
    return err;
}

void package_take_value (void *reader, const char *text, size_t length)
{
    GString *value = ((struct package_reader *) reader)->value;
    size_t room = LIMIT_PROPERTY - MIN (value->len, LIMIT_PROPERTY);
    g_string_append_len (value, text, (gssize) MIN (length, room));
}

void package_take_text (void *reader, const char *text, size_t length)
{
    struct package_reader *r = reader;
    if (r->in_text && !r->skipped)
        body_text_append (&r->document.text, text, length);
}

void package_end_text (struct package_reader *reader, const char *element,
                       const char *const *breaks, const char *const *spaces)
{
    if (g_strv_contains (breaks, element))
        body_text_append_break (&reader->document.text);
    else if (g_strv_contains (spaces, element))
        body_text_append_space (&reader->document.text);
}

bool package_is_enough (void *reader)
{
    return body_text_is_full (&((struct package_reader *) reader)->document.text);
}
