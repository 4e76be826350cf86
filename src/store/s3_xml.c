/* Reads XML by GMarkup, which knows no entities but the five; keeps the path of open elements and
 * the text of the innermost. */
#include "store/s3_xml.h"

#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/text.h"

struct reader {
    const char *root;
    s3_xml_fn *take;
    void *arg;
    struct error *e;
    enum err code;
    GString *path, *text;
    unsigned depth, elements;
    bool has_ended; /* the root has */
};

static enum err enter (struct reader *x, const char *name)
{
    if (x->depth == 0 && strcmp (name, x->root) != 0)
        return FAIL (x->e, STORE_DOWN, "the answer is <%.40s>, expected <%s>", name, x->root);
    if (x->depth >= LIMIT_STORE_XML_DEPTH)
        return FAIL (x->e, STORE_DOWN, "the answer has more than %d elements within each other",
                     LIMIT_STORE_XML_DEPTH);
    if (x->elements >= LIMIT_STORE_XML_ELEMENTS)
        return FAIL (x->e, STORE_DOWN, "the answer has more than %d elements",
                     LIMIT_STORE_XML_ELEMENTS);
    if (strlen (name) > LIMIT_STORE_XML_NAME)
        return FAIL (x->e, STORE_DOWN, "the answer has an element whose name is too long");
    return ERR_OK;
}

static void on_start (GMarkupParseContext *context UNUSED, const char *name,
                      const char **names UNUSED, const char **values UNUSED, void *arg,
                      GError **error UNUSED)
{
    struct reader *x = arg;
    if (x->code == ERR_OK)
        x->code = enter (x, name);
    if (x->code != ERR_OK)
        return;
    x->elements++;
    if (x->depth++ > 0)
        g_string_append_printf (x->path, "%s%s", x->path->len ? "/" : "", name);
    g_string_truncate (x->text, 0);
}

static void on_end (GMarkupParseContext *context UNUSED, const char *name UNUSED, void *arg,
                    GError **error UNUSED)
{
    struct reader *x = arg;
    if (x->code != ERR_OK)
        return;
    x->has_ended = --x->depth == 0;
    if (x->has_ended)
        return;
    x->code = x->take (x->arg, x->path->str, x->text->str, x->e);
    const char *slash = strrchr (x->path->str, '/');
    g_string_truncate (x->path, slash ? (gsize) (slash - x->path->str) : 0);
    g_string_truncate (x->text, 0);
}

static void on_text (GMarkupParseContext *context UNUSED, const char *text, gsize len, void *arg,
                     GError **error UNUSED)
{
    struct reader *x = arg;
    if (x->code != ERR_OK)
        return;
    if (x->text->len + len > LIMIT_STORE_XML_TEXT)
        x->code = FAIL (x->e, STORE_DOWN, "the answer has a value of more than %llu bytes",
                        LIMIT_STORE_XML_TEXT);
    else
        g_string_append_len (x->text, text, (gssize) len);
}

/* What was found wrong goes before what GMarkup finds, which is not told to stop: after an error of
 * a callback it goes on all the same, and complains of the second. */
static enum err parse (struct reader *x, const void *text, size_t len)
{
    static const GMarkupParser parser = { .start_element = on_start,
                                          .end_element = on_end,
                                          .text = on_text };
    g_autoptr (GMarkupParseContext) context =
        g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, x, NULL);
    g_autoptr (GError) error = NULL;
    bool is_read = g_markup_parse_context_parse (context, text, (gssize) len, &error) &&
                   g_markup_parse_context_end_parse (context, &error);
    if (x->code != ERR_OK)
        return x->code;
    if (!is_read)
        return FAIL (x->e, STORE_DOWN, "the answer is no XML: %s", error->message);
    if (!x->has_ended)
        return FAIL (x->e, STORE_DOWN, "the answer is empty, expected <%s>", x->root);
    return ERR_OK;
}

enum err s3_xml_read (const void *text, size_t len, const char *root, s3_xml_fn *take, void *arg,
                      struct error *e)
{
    if (len == 0)
        return FAIL (e, STORE_DOWN, "the answer is empty, expected <%s>", root);
    if (!text_is_utf8 (text, len))
        return FAIL (e, STORE_DOWN, "the answer is no XML: it is not UTF-8");
    g_autoptr (GString) path = g_string_new (NULL), value = g_string_new (NULL);
    struct reader x = {
        .root = root, .take = take, .arg = arg, .e = e, .path = path, .text = value
    };
    return parse (&x, text, len);
}
