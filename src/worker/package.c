/* From members of a ZIP file to elements and text. Knows no kind of document. */
#include "worker/package.h"

#include <string.h>

#include "base/limits.h"
#include "base/macros.h"

struct part {
    const struct package_events *events;
    void *data;
    GMarkupParseContext *context;
    unsigned depth;
    bool has_begun;
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

static bool feed (void *data, const uint8_t *bytes, size_t length)
{
    struct part *part = data;
    unsigned skip = !part->has_begun && length > 3 && !memcmp (bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
    part->has_begun = true;
    return g_markup_parse_context_parse (part->context, (const char *) bytes + skip,
                                         (gssize) (length - skip), &part->error) &&
           !(part->events->is_enough && part->events->is_enough (part->data));
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
    struct part part = { .events = events, .data = data };
    part.context = g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, &part, NULL);
    enum err err = read_part (z, member, &part, e);
    g_markup_parse_context_free (part.context);
    g_clear_error (&part.error);
    return err;
}
