/* Office Open XML: what the core and extended properties say, and the text of the parts that have
 * any. Parts go by their names, which all programs that write them agree on; a package that names
 * them otherwise has its properties and no text. */
#include <string.h>
#include <strings.h>
#include <glib.h>

#include "base/macros.h"
#include "base/text.h"
#include "worker/caption.h"
#include "worker/extract.h"
#include "worker/package.h"
#include "worker/package_reader.h"

/* ---- properties ---- */

static void start_value (void *data, const char *element UNUSED, const char **names UNUSED,
                         const char **values UNUSED)
{
    struct package_reader *r = data;
    g_string_truncate (r->value, 0);
}

static void end_property (void *data, const char *element)
{
    struct package_reader *r = data;
    struct document *d = &r->document;
    const struct {
        const char *element;
        char **to;
    } rows[] = {
        { "title", &d->title },     { "creator", &d->author },    { "language", &d->language },
        { "created", &d->created }, { "modified", &d->modified },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++)
        if (!strcmp (element, rows[i].element))
            caption_set (rows[i].to, r->value->str, r->value->len);
    bool is_pages = !strcmp (element, "Pages") || !strcmp (element, "Slides");
    if (!strcmp (element, "keywords"))
        document_add_keywords (d, r->value->str, r->value->len);
    else if (is_pages && (!text_parse_u64 (g_strstrip (r->value->str), &d->pages)))
        d->pages = 0;
    g_string_truncate (r->value, 0);
}

static const struct package_events properties = {
    .start = start_value,
    .end = end_property,
    .text = package_take_value,
};

/* ---- text ---- */

/* A run of text, in a document, drawing, string or formula. */
static const char *const runs[] = { "t", NULL };
/* What older programs see in place of a drawing, and how Japanese is read aloud. */
static const char *const hidden[] = { "Fallback", "rPh", NULL };
static const char *const breaks[] = { "p", "br", "cr", "si", "is", "comment", "row", NULL };
static const char *const spaces[] = { "tab", "tc", "c", "noBreakHyphen", NULL };

static void start_text (void *data, const char *element, const char **names, const char **values)
{
    struct package_reader *r = data;
    const char *type = !strcmp (element, "c") ? package_attribute (names, values, "t") : NULL;
    r->skipped += g_strv_contains (hidden, element);
    r->in_text += g_strv_contains (runs, element);
    /* The text that a formula came to. */
    if (type)
        g_string_assign (r->value, type);
    if (!strcmp (element, "v") && !strcmp (r->value->str, "str"))
        r->in_text++;
    const char *sheet =
        !strcmp (element, "sheet") ? package_attribute (names, values, "name") : NULL;
    if (sheet) {
        body_text_append (&r->document.text, sheet, strlen (sheet));
        body_text_append_break (&r->document.text);
    }
}

static void end_text (void *data, const char *element)
{
    struct package_reader *r = data;
    bool is_result = !strcmp (element, "v") && !strcmp (r->value->str, "str");
    r->skipped -= g_strv_contains (hidden, element);
    r->in_text -= g_strv_contains (runs, element) || is_result;
    if (!strcmp (element, "c"))
        g_string_truncate (r->value, 0);
    package_end_text (r, element, breaks, spaces);
}

static const struct package_events texts = {
    .start = start_text,
    .end = end_text,
    .text = package_take_text,
    .is_enough = package_is_enough,
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
static enum err read_parts (struct zip *z, struct package_reader *r, struct error *e)
{
    g_autoptr (GArray) parts = find_parts (z);
    enum err err = ERR_OK;
    uint64_t pages = 0;
    for (unsigned i = 0; i < parts->len && err != ERR_LIMIT; i++) {
        const struct part *part = &g_array_index (parts, struct part, i);
        pages += part->kind->is_page;
        if (part->kind->events == &texts && package_is_enough (r))
            continue;
        r->in_text = r->skipped = 0;
        enum err part_err =
            package_read (z, part->name, part->kind->events, r, err == ERR_OK ? e : NULL);
        err = err == ERR_OK || part_err == ERR_LIMIT ? part_err : err;
        body_text_append_break (&r->document.text);
    }
    if (!r->document.pages)
        r->document.pages = pages;
    return err == ERR_LIMIT ? ERR_OK : err;
}

enum err extract_ooxml (struct input *in, json_t *meta, struct error *e)
{
    struct package_reader r;
    return package_extract (in, meta, &r, read_parts, e);
}
