/* OpenDocument: meta.xml, the text of content.xml, and the headers and footers of styles.xml. Of a
 * document with a password only that it has one. */
#include <string.h>
#include <glib.h>

#include "base/macros.h"
#include "base/text.h"
#include "worker/caption.h"
#include "worker/extract.h"
#include "worker/package.h"
#include "worker/package_reader.h"

struct odf {
    struct package_reader reader;
    uint64_t pages; /* of a drawing or presentation */
};

/* ---- properties ---- */

static void start_property (void *data, const char *element, const char **names,
                            const char **values)
{
    struct package_reader *r = data;
    g_string_truncate (r->value, 0);
    const char *pages = !strcmp (element, "document-statistic")
                            ? package_attribute (names, values, "page-count")
                            : NULL;
    if (pages && !text_parse_u64 (pages, &r->document.pages))
        r->document.pages = 0;
}

/* Who began a document wrote it; `creator` is who saved it last, and counts if nobody began it. */
static void end_property (void *data, const char *element)
{
    struct package_reader *r = data;
    struct document *d = &r->document;
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
            caption_set (rows[i].to, r->value->str, r->value->len);
    if (!strcmp (element, "keyword"))
        document_add_keywords (d, r->value->str, r->value->len);
    g_string_truncate (r->value, 0);
}

static const struct package_events properties = {
    .start = start_property,
    .end = end_property,
    .text = package_take_value,
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
    struct package_reader *r = &o->reader;
    bool is_paragraph = g_strv_contains (paragraphs, element);
    r->in_text += is_paragraph;
    r->skipped += g_strv_contains (hidden, element);
    o->pages += !strcmp (element, "page");
    if (is_paragraph)
        body_text_append_break (&r->document.text);
}

static void end_text (void *data, const char *element)
{
    struct package_reader *r = data;
    r->in_text -= g_strv_contains (paragraphs, element);
    r->skipped -= g_strv_contains (hidden, element);
    package_end_text (r, element, paragraphs, spaces);
}

static const struct package_events texts = {
    .start = start_text,
    .end = end_text,
    .text = package_take_text,
    .is_enough = package_is_enough,
};

/* ---- the manifest ---- */

static void start_manifest (void *data, const char *element, const char **names UNUSED,
                            const char **values UNUSED)
{
    struct package_reader *r = data;
    if (!strcmp (element, "encryption-data"))
        r->document.is_encrypted = true;
}

static const struct package_events manifest = { .start = start_manifest };

/* ---- the package ---- */

static enum err read_part (struct zip *z, struct package_reader *r, const char *name,
                           const struct package_events *events, struct error *e)
{
    r->in_text = r->skipped = 0;
    enum err err = package_read (z, name, events, r, e);
    return err == ERR_NOT_FOUND || err == ERR_LIMIT ? ERR_OK : err;
}

static enum err read_package (struct zip *z, struct package_reader *r, struct error *e)
{
    enum err err = read_part (z, r, "META-INF/manifest.xml", &manifest, e);
    if (err != ERR_OK || r->document.is_encrypted)
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
            read_part (z, r, parts[i].name, parts[i].events, err == ERR_OK ? e : NULL);
        err = err == ERR_OK ? part_err : err;
    }
    if (!r->document.pages)
        r->document.pages = ((struct odf *) r)->pages;
    return err;
}

enum err extract_odf (struct input *in, json_t *meta, struct error *e)
{
    struct odf o = { .pages = 0 };
    return package_extract (in, meta, &o.reader, read_package, e);
}
