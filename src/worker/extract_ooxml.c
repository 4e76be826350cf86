/* Office Open XML: what the core and extended properties say, and the text of the parts that have
 * any. Parts go by their names, which all programs that write them agree on; a package that names
 * them otherwise has its properties and no text. */
#include <string.h>
#include <strings.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "base/text.h"
#include "worker/caption.h"
#include "worker/document.h"
#include "worker/extract.h"
#include "worker/package.h"

struct ooxml {
    struct document document;
    GString *value;   /* text of the property that is open */
    unsigned in_text; /* elements with text that are open */
    unsigned skipped; /* elements that are passed over */
};

/* ---- properties ---- */

static void start_value (void *data, const char *element UNUSED, const char **names UNUSED,
                         const char **values UNUSED)
{
    struct ooxml *o = data;
    g_string_truncate (o->value, 0);
}

static void take_value (void *data, const char *text, size_t length)
{
    struct ooxml *o = data;
    size_t room = LIMIT_PROPERTY - MIN (o->value->len, LIMIT_PROPERTY);
    g_string_append_len (o->value, text, (gssize) MIN (length, room));
}

static void end_property (void *data, const char *element)
{
    struct ooxml *o = data;
    struct document *d = &o->document;
    const struct {
        const char *element;
        char **to;
    } rows[] = {
        { "title", &d->title },     { "creator", &d->author },    { "language", &d->language },
        { "created", &d->created }, { "modified", &d->modified },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++)
        if (!strcmp (element, rows[i].element))
            caption_set (rows[i].to, o->value->str, o->value->len);
    bool is_pages = !strcmp (element, "Pages") || !strcmp (element, "Slides");
    if (!strcmp (element, "keywords"))
        document_add_keywords (d, o->value->str, o->value->len);
    else if (is_pages && (!text_parse_u64 (g_strstrip (o->value->str), &d->pages)))
        d->pages = 0;
    g_string_truncate (o->value, 0);
}

static const struct package_events properties = {
    .start = start_value,
    .end = end_property,
    .text = take_value,
};

/* ---- text ---- */

static bool is_any (const char *element, const char *const *elements)
{
    while (*elements && strcmp (*elements, element) != 0)
        elements++;
    return *elements;
}

/* A run of text, in a document, drawing, string or formula. */
static const char *const runs[] = { "t", NULL };
/* What older programs see in place of a drawing, and how Japanese is read aloud. */
static const char *const hidden[] = { "Fallback", "rPh", NULL };
static const char *const breaks[] = { "p", "br", "cr", "si", "is", "comment", "row", NULL };
static const char *const spaces[] = { "tab", "tc", "c", "noBreakHyphen", NULL };

static void start_text (void *data, const char *element, const char **names, const char **values)
{
    struct ooxml *o = data;
    const char *type = !strcmp (element, "c") ? package_attribute (names, values, "t") : NULL;
    o->skipped += is_any (element, hidden);
    o->in_text += is_any (element, runs);
    /* The text that a formula came to. */
    if (type)
        g_string_assign (o->value, type);
    if (!strcmp (element, "v") && !strcmp (o->value->str, "str"))
        o->in_text++;
    const char *sheet =
        !strcmp (element, "sheet") ? package_attribute (names, values, "name") : NULL;
    if (sheet) {
        body_text_append (&o->document.text, sheet, strlen (sheet));
        body_text_append_break (&o->document.text);
    }
}

static void end_text (void *data, const char *element)
{
    struct ooxml *o = data;
    bool is_result = !strcmp (element, "v") && !strcmp (o->value->str, "str");
    o->skipped -= is_any (element, hidden);
    o->in_text -= is_any (element, runs) || is_result;
    if (!strcmp (element, "c"))
        g_string_truncate (o->value, 0);
    if (is_any (element, breaks))
        body_text_append_break (&o->document.text);
    else if (is_any (element, spaces))
        body_text_append_space (&o->document.text);
}

static void take_text (void *data, const char *text, size_t length)
{
    struct ooxml *o = data;
    if (o->in_text && !o->skipped)
        body_text_append (&o->document.text, text, length);
}

static bool is_enough (void *data)
{
    struct ooxml *o = data;
    return body_text_is_full (&o->document.text);
}

static const struct package_events texts = {
    .start = start_text,
    .end = end_text,
    .text = take_text,
    .is_enough = is_enough,
};

/* ---- parts ---- */

/* Name without its number and ".xml", in the order in which they are read. A number alone tells
 * "slide2.xml" from "slide10.xml". */
static const struct kind {
    const char *stem;
    const struct package_events *events;
    bool is_page;
} kinds[] = {
    { "docProps/core", &properties },
    { "docProps/app", &properties },
    { "word/document", &texts },
    { "word/footnotes", &texts },
    { "word/endnotes", &texts },
    { "word/comments", &texts },
    { "word/header", &texts },
    { "word/footer", &texts },
    { "xl/workbook", &texts },
    { "xl/sharedStrings", &texts },
    { "xl/worksheets/sheet", &texts },
    { "xl/comments", &texts },
    { "xl/drawings/drawing", &texts },
    { "ppt/slides/slide", &texts, .is_page = true },
    { "ppt/notesSlides/notesSlide", &texts },
    { "ppt/comments/comment", &texts },
};

struct part {
    const struct kind *kind;
    uint64_t number;
    const char *name;
};

static bool is_part (const char *name, struct part *ret)
{
    for (size_t i = 0; i < N_ELEMENTS (kinds); i++) {
        size_t stem = strlen (kinds[i].stem), digits;
        if (strncasecmp (name, kinds[i].stem, stem) != 0)
            continue;
        digits = strspn (name + stem, "0123456789");
        if (strcasecmp (name + stem + digits, ".xml") != 0)
            continue;
        g_autofree char *number = g_strndup (name + stem, digits);
        *ret = (struct part){ &kinds[i], .name = name };
        return !digits || text_parse_u64 (number, &ret->number);
    }
    return false;
}

static int compare_parts (const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static GArray *find_parts (const struct zip *z)
{
    GArray *parts = g_array_new (FALSE, FALSE, sizeof (struct part));
    for (unsigned i = 0; i < z->members->len; i++) {
        struct part part;
        if (is_part (g_array_index (z->members, struct zip_member, i).name, &part))
            g_array_append_val (parts, part);
    }
    g_array_sort (parts, compare_parts);
    return parts;
}

/* A damaged part costs its own text, and makes the object Failed; the other parts count. */
static enum err read_parts (struct zip *z, struct ooxml *o, struct error *e)
{
    g_autoptr (GArray) parts = find_parts (z);
    enum err err = ERR_OK;
    uint64_t pages = 0;
    for (unsigned i = 0; i < parts->len && err != ERR_LIMIT; i++) {
        const struct part *part = &g_array_index (parts, struct part, i);
        pages += part->kind->is_page;
        if (part->kind->events == &texts && is_enough (o))
            continue;
        o->in_text = o->skipped = 0;
        enum err part_err =
            package_read (z, part->name, part->kind->events, o, err == ERR_OK ? e : NULL);
        err = err == ERR_OK || part_err == ERR_LIMIT ? part_err : err;
        body_text_append_break (&o->document.text);
    }
    if (!o->document.pages)
        o->document.pages = pages;
    return err == ERR_LIMIT ? ERR_OK : err;
}

enum err extract_ooxml (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_zip_ struct zip z;
    struct ooxml o = { .value = g_string_new (NULL) };
    document_init (&o.document);
    if (in->leaves_text)
        body_text_leave (&o.document.text, 0);
    enum err err = zip_open (&z, in, e);
    if (err == ERR_OK) {
        err = read_parts (&z, &o, e);
        document_report (&o.document, meta);
    }
    document_clear (&o.document);
    g_string_free (o.value, TRUE);
    return err;
}
