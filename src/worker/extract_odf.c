/* OpenDocument: meta.xml, the text of content.xml, and the headers and footers of styles.xml. Of a
 * document with a password only that it has one. */
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "base/text.h"
#include "worker/caption.h"
#include "worker/document.h"
#include "worker/extract.h"
#include "worker/package.h"

struct odf {
    struct document document;
    GString *value;      /* text of the property that is open */
    unsigned paragraphs; /* that are open */
    unsigned skipped;    /* elements that are passed over */
    uint64_t pages;      /* of a drawing or presentation */
};

static bool is_any (const char *element, const char *const *elements)
{
    while (*elements && strcmp (*elements, element) != 0)
        elements++;
    return *elements;
}

/* ---- properties ---- */

static void start_property (void *data, const char *element, const char **names,
                            const char **values)
{
    struct odf *o = data;
    g_string_truncate (o->value, 0);
    const char *pages = !strcmp (element, "document-statistic")
                            ? package_attribute (names, values, "page-count")
                            : NULL;
    if (pages && !text_parse_u64 (pages, &o->document.pages))
        o->document.pages = 0;
}

static void take_property (void *data, const char *text, size_t length)
{
    struct odf *o = data;
    size_t room = LIMIT_PROPERTY - MIN (o->value->len, LIMIT_PROPERTY);
    g_string_append_len (o->value, text, (gssize) MIN (length, room));
}

/* Who began a document wrote it; `creator` is who saved it last, and counts if nobody began it. */
static void end_property (void *data, const char *element)
{
    struct odf *o = data;
    struct document *d = &o->document;
    const struct {
        const char *element;
        char **to;
    } rows[] = {
        { "title", &d->title },
        { "language", &d->language },
        { "creation-date", &d->created },
        { "date", &d->modified },
        { "initial-creator", &d->author },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++)
        if (!strcmp (element, rows[i].element))
            caption_set (rows[i].to, o->value->str, o->value->len);
    if (!strcmp (element, "keyword"))
        document_add_keywords (d, o->value->str, o->value->len);
    g_string_truncate (o->value, 0);
}

static const struct package_events properties = {
    .start = start_property,
    .end = end_property,
    .text = take_property,
};

/* ---- text ---- */

static const char *const paragraphs[] = { "p", "h", NULL };
static const char *const spaces[] = { "s", "tab", "line-break", "table-cell", NULL };
/* What was deleted, who wrote a note and when, how a word is read aloud, and what headers count. */
static const char *const hidden[] = { "tracked-changes", "creator",    "date",       "ruby-text",
                                      "page-number",     "page-count", "sheet-name", NULL };

static void start_text (void *data, const char *element, const char **names UNUSED,
                        const char **values UNUSED)
{
    struct odf *o = data;
    o->paragraphs += is_any (element, paragraphs);
    o->skipped += is_any (element, hidden);
    o->pages += !strcmp (element, "page");
    if (is_any (element, paragraphs))
        body_text_append_break (&o->document.text);
}

static void end_text (void *data, const char *element)
{
    struct odf *o = data;
    o->paragraphs -= is_any (element, paragraphs);
    o->skipped -= is_any (element, hidden);
    if (is_any (element, paragraphs))
        body_text_append_break (&o->document.text);
    else if (is_any (element, spaces))
        body_text_append_space (&o->document.text);
}

static void take_text (void *data, const char *text, size_t length)
{
    struct odf *o = data;
    if (o->paragraphs && !o->skipped)
        body_text_append (&o->document.text, text, length);
}

static bool is_enough (void *data)
{
    struct odf *o = data;
    return body_text_is_full (&o->document.text);
}

static const struct package_events texts = {
    .start = start_text,
    .end = end_text,
    .text = take_text,
    .is_enough = is_enough,
};

/* ---- the manifest ---- */

static void start_manifest (void *data, const char *element, const char **names UNUSED,
                            const char **values UNUSED)
{
    struct odf *o = data;
    if (!strcmp (element, "encryption-data"))
        o->document.is_encrypted = true;
}

static const struct package_events manifest = { .start = start_manifest };

/* ---- the package ---- */

static enum err read_part (struct zip *z, struct odf *o, const char *name,
                           const struct package_events *events, struct error *e)
{
    o->paragraphs = o->skipped = 0;
    enum err err = package_read (z, name, events, o, e);
    return err == ERR_NOT_FOUND || err == ERR_LIMIT ? ERR_OK : err;
}

static enum err read_package (struct zip *z, struct odf *o, struct error *e)
{
    enum err err = read_part (z, o, "META-INF/manifest.xml", &manifest, e);
    if (err != ERR_OK || o->document.is_encrypted)
        return err;
    static const struct {
        const char *name;
        const struct package_events *events;
    } parts[] = {
        { "meta.xml", &properties },
        { "content.xml", &texts },
        { "styles.xml", &texts },
    };
    for (size_t i = 0; i < N_ELEMENTS (parts); i++) {
        enum err part_err =
            read_part (z, o, parts[i].name, parts[i].events, err == ERR_OK ? e : NULL);
        err = err == ERR_OK ? part_err : err;
    }
    if (!o->document.pages)
        o->document.pages = o->pages;
    return err;
}

enum err extract_odf (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_zip_ struct zip z;
    struct odf o = { .value = g_string_new (NULL) };
    document_init (&o.document);
    if (in->leaves_text)
        body_text_leave (&o.document.text, 0);
    enum err err = zip_open (&z, in, e);
    if (err == ERR_OK) {
        err = read_package (&z, &o, e);
        document_report (&o.document, meta);
    }
    document_clear (&o.document);
    g_string_free (o.value, TRUE);
    return err;
}
