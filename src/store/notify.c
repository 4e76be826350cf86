/* Notification configurations: made, and merged with those of others. */
#include "store/notify.h"

#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"

#define ROOT  "NotificationConfiguration"
#define XMLNS "http://s3.amazonaws.com/doc/2006-03-01/"

static const char *const common_events[] = { "s3:ObjectCreated:*", "s3:ObjectRemoved:*", NULL };
static const char *const aws_events[] = { "s3:ObjectCreated:*",
                                          "s3:ObjectRemoved:*",
                                          "s3:ObjectRestore:*",
                                          "s3:ObjectTagging:*",
                                          "s3:LifecycleExpiration:*",
                                          "s3:LifecycleTransition",
                                          NULL };

static const struct notify_style styles[] = {
    { "aws", "TopicConfiguration", "Topic", "TopicConfigurations", aws_events },
    { "minio", "QueueConfiguration", "Queue", "QueueConfigurations", common_events },
    { "ceph", "TopicConfiguration", "Topic", "TopicConfigurations", common_events },
    { "oss", NULL, NULL, NULL, NULL },
};

const struct notify_style *notify_style_find (const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS (styles); i++)
        if (strcmp (styles[i].name, name) == 0)
            return &styles[i];
    return NULL;
}

const char *notify_style_names (void)
{
    return "aws, minio, ceph, oss";
}

char *notify_entry (const struct notify_style *style, const char *id, const char *target)
{
    GString *xml = g_string_new (NULL);
    g_autofree char *text = g_markup_printf_escaped ("<%s><Id>%s</Id><%s>%s</%s>", style->element,
                                                     id, style->target, target, style->target);
    g_string_append (xml, text);
    for (const char *const *event = style->events; *event; event++)
        g_string_append_printf (xml, "<Event>%s</Event>", *event);
    g_string_append_printf (xml, "</%s>", style->element);
    return g_string_free (xml, FALSE);
}

/* ---- Merging: what is read is written again, configuration by configuration. ---- */

struct merge {
    const char *id;
    GString *kept, *one;
    unsigned depth;
    bool is_in_id, is_mine;
    GString *found_id;
};

static void append_attributes (GString *out, const char **names, const char **values)
{
    for (size_t i = 0; names[i]; i++) {
        g_autofree char *text = g_markup_printf_escaped (" %s=\"%s\"", names[i], values[i]);
        g_string_append (out, text);
    }
}

static void on_start (GMarkupParseContext *c, const char *name, const char **names,
                      const char **values, gpointer arg, GError **error)
{
    (void) c;
    struct merge *m = arg;
    if ((m->depth == 0 && strcmp (name, ROOT) != 0) || m->depth >= LIMIT_NOTIFY_DEPTH) {
        g_set_error (error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT, "unexpected <%s>",
                     name);
        return;
    }
    if (m->depth++ == 0)
        return;
    m->is_in_id = m->depth == 3 && g_ascii_strcasecmp (name, "Id") == 0;
    if (m->is_in_id)
        g_string_truncate (m->found_id, 0);
    g_string_append_printf (m->one, "<%s", name);
    append_attributes (m->one, names, values);
    g_string_append_c (m->one, '>');
}

static void on_text (GMarkupParseContext *c, const char *text, gsize len, gpointer arg,
                     GError **error)
{
    (void) c, (void) error;
    struct merge *m = arg;
    if (m->is_in_id)
        g_string_append_len (m->found_id, text, (gssize) len);
    if (m->depth < 2)
        return;
    g_autofree char *escaped = g_markup_escape_text (text, (gssize) len);
    g_string_append (m->one, escaped);
}

static void on_end (GMarkupParseContext *c, const char *name, gpointer arg, GError **error)
{
    (void) c, (void) error;
    struct merge *m = arg;
    if (--m->depth == 0)
        return;
    g_string_append_printf (m->one, "</%s>", name);
    m->is_mine |= m->is_in_id && strcmp (m->found_id->str, m->id) == 0;
    m->is_in_id = false;
    if (m->depth > 1)
        return;
    if (!m->is_mine)
        g_string_append_len (m->kept, m->one->str, (gssize) m->one->len);
    g_string_truncate (m->one, 0);
    m->is_mine = false;
}

static enum err read_kept (struct merge *m, const char *xml, size_t len, struct error *e)
{
    static const GMarkupParser parser = { .start_element = on_start,
                                          .text = on_text,
                                          .end_element = on_end };
    g_autoptr (GError) problem = NULL;
    g_autoptr (GMarkupParseContext) c =
        g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, m, NULL);
    if (g_markup_parse_context_parse (c, xml, (gssize) len, &problem) &&
        g_markup_parse_context_end_parse (c, &problem))
        return ERR_OK;
    return FAIL (e, STORE_DOWN, "the notification configuration of the bucket cannot be read: %s",
                 problem->message);
}

enum err notify_merge (const void *xml, size_t len, const char *id, const char *entry, char **ret,
                       struct error *e)
{
    g_autoptr (GString) kept = g_string_new (NULL), one = g_string_new (NULL);
    g_autoptr (GString) found = g_string_new (NULL);
    struct merge m = { .id = id, .kept = kept, .one = one, .found_id = found };
    enum err r = read_kept (&m, xml, len, e);
    if (r == ERR_OK)
        *ret = g_strconcat ("<" ROOT " xmlns=\"" XMLNS "\">", kept->str, entry ? entry : "",
                            "</" ROOT ">", NULL);
    return r;
}
