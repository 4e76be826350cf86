/* From members of a ZIP file to elements and text. Knows no kind of document. */
#include "worker/package.h"

#include <string.h>

#include "base/limits.h"
#include "base/macros.h"
#include "worker/charset.h"

struct part {
    const struct package_events *events;
    void *data;
    GMarkupParseContext *context;
    unsigned depth;
    bool has_begun;
    const struct charset *charset; /* of a part that is UTF-16; NULL: it is UTF-8 */
    GByteArray *wide;              /* what of that is not converted yet */
    GError *error;
};

const char *package_local_name (const char *qualified)
{
    const char *colon = strrchr (qualified, ':');
    return colon ? colon + 1 : qualified;
}

const char *package_attribute (const char **names, const char **values, const char *name)
{
    for (unsigned i = 0; names[i]; i++)
        if (!strcmp (package_local_name (names[i]), name))
            return values[i];
    return NULL;
}

static void start_element (GMarkupParseContext *context UNUSED, const char *element,
                           const char **names, const char **values, void *data, GError **error)
{
    struct part *part = data;
    if (++part->depth > LIMIT_PACKAGE_DEPTH)
        g_set_error_literal (error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT, "too deep");
    else if (part->events->start)
        part->events->start (part->data, package_local_name (element), names, values);
}

static void end_element (GMarkupParseContext *context UNUSED, const char *element, void *data,
                         GError **error UNUSED)
{
    struct part *part = data;
    part->depth--;
    if (part->events->end)
        part->events->end (part->data, package_local_name (element));
}

static void take_text (GMarkupParseContext *context UNUSED, const char *text, size_t length,
                       void *data, GError **error UNUSED)
{
    struct part *part = data;
    if (part->events->text)
        part->events->text (part->data, text, length);
}

static bool parse (struct part *part, const void *text, size_t length)
{
    return g_markup_parse_context_parse (part->context, text, (gssize) length, &part->error) &&
           !(part->events->is_enough && part->events->is_enough (part->data));
}

/* Whole characters only: of a pair of surrogates the first waits for the second. */
static bool parse_wide (struct part *part, const uint8_t *bytes, size_t length)
{
    g_autoptr (GString) text = g_string_new (NULL);
    bool is_little = !strcmp (charset_name (part->charset), "UTF-16LE");
    g_byte_array_append (part->wide, bytes, (guint) length);
    guint n = part->wide->len & ~1u;
    if (n && (part->wide->data[is_little ? n - 1 : n - 2] & 0xfc) == 0xd8)
        n -= 2;
    charset_convert (part->charset, part->wide->data, n, SIZE_MAX / 2, text);
    g_byte_array_remove_range (part->wide, 0, n);
    return parse (part, text->str, text->len);
}

static bool feed (void *data, const uint8_t *bytes, size_t length)
{
    struct part *part = data;
    size_t mark = 0;
    if (!part->has_begun) {
        const struct charset *charset = charset_of_mark (bytes, length, &mark);
        part->charset = mark == 2 ? charset : NULL;
    }
    part->has_begun = true;
    return part->charset ? parse_wide (part, bytes + mark, length - mark)
                         : parse (part, bytes + mark, length - mark);
}

static enum err read_part (struct zip *z, const struct zip_member *member, struct part *part,
                           struct error *e)
{
    enum err err = zip_read (z, member, feed, part, e);
    bool is_enough = part->events->is_enough && part->events->is_enough (part->data);
    if (err == ERR_OK && !part->error && !is_enough)
        g_markup_parse_context_end_parse (part->context, &part->error);
    if (err != ERR_OK || !part->error)
        return err;
    g_autofree char *name = g_utf8_make_valid (member->name, -1);
    return FAIL (e, EXTRACT_FAILED, "the XML of '%.200s' is damaged: %.400s", name,
                 part->error->message);
}

enum err package_read (struct zip *z, const char *name, const struct package_events *events,
                       void *data, struct error *e)
{
    static const GMarkupParser parser = {
        .start_element = start_element,
        .end_element = end_element,
        .text = take_text,
    };
    const struct zip_member *member = zip_find (z, name);
    if (!member)
        return FAIL (e, NOT_FOUND, "the package has no '%s'", name);
    struct part part = { .events = events, .data = data, .wide = g_byte_array_new () };
    part.context = g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, &part, NULL);
    enum err err = read_part (z, member, &part, e);
    g_markup_parse_context_free (part.context);
    g_byte_array_unref (part.wide);
    g_clear_error (&part.error);
    return err;
}
