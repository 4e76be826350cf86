/* EPUB: what the package document says, and the text of the chapters in their order. A book whose
 * text is encrypted has what the package document says; encrypted fonts are none of our business.
 */
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "base/text.h"
#include "worker/caption.h"
#include "worker/chapter.h"
#include "worker/extract.h"
#include "worker/package.h"
#include "worker/package_reader.h"

struct epub {
    struct package_reader reader;
    bool is_modified;     /* that property is when the book was last changed */
    char *package;        /* name of the package document */
    GHashTable *chapters; /* hrefs by id */
    GPtrArray *order;     /* ids */
};

/* ---- the container ---- */

static void start_container (void *data, const char *element, const char **names,
                             const char **values)
{
    struct epub *b = data;
    const char *path = package_attribute (names, values, "full-path");
    if (!strcmp (element, "rootfile") && path && !b->package)
        b->package = g_strdup (path);
}

/* Fonts are garbled by one of two ways of their own; what else is encrypted needs a key. */
static void start_encryption (void *data, const char *element, const char **names,
                              const char **values)
{
    struct epub *b = data;
    const char *method = package_attribute (names, values, "Algorithm");
    if (!strcmp (element, "EncryptionMethod") && method &&
        strcmp (method, "http://www.idpf.org/2008/embedding") != 0 &&
        strcmp (method, "http://ns.adobe.com/pdf/enc#RC") != 0)
        b->reader.document.is_encrypted = true;
}

/* ---- the package document ---- */

static void start_package (void *data, const char *element, const char **names, const char **values)
{
    struct epub *b = data;
    const char *id = package_attribute (names, values, "id");
    const char *href = package_attribute (names, values, "href");
    const char *idref = package_attribute (names, values, "idref");
    const char *property = package_attribute (names, values, "property");
    const char *event = package_attribute (names, values, "event");
    g_string_truncate (b->reader.value, 0);
    b->is_modified = (property && !strcmp (property, "dcterms:modified")) ||
                     (event && !strcmp (event, "modification"));
    if (!strcmp (element, "item") && id && href && g_hash_table_size (b->chapters) < LIMIT_CHAPTERS)
        g_hash_table_insert (b->chapters, g_strdup (id), g_strdup (href));
    else if (!strcmp (element, "itemref") && idref && b->order->len < LIMIT_CHAPTERS)
        g_ptr_array_add (b->order, g_strdup (idref));
}

static void end_package (void *data, const char *element)
{
    struct epub *b = data;
    struct document *d = &b->reader.document;
    const char *value = b->reader.value->str;
    size_t length = b->reader.value->len;
    if (!strcmp (element, "title"))
        caption_set (&d->title, value, length);
    else if (!strcmp (element, "creator"))
        caption_append (&d->author, value, length);
    else if (!strcmp (element, "language"))
        caption_set (&d->language, value, length);
    else if (!strcmp (element, "subject"))
        document_add_keywords (d, value, length);
    else if (b->is_modified)
        caption_set (&d->modified, value, length);
    else if (!strcmp (element, "date"))
        caption_set (&d->created, value, length);
    b->is_modified = false;
    g_string_truncate (b->reader.value, 0);
}

/* ---- the text ---- */

/* Names in a package document are relative to where it is, and percent-encoded. */
static const struct zip_member *find_chapter (const struct zip *z, const struct epub *b,
                                              const char *href)
{
    g_autofree char *name = NULL;
    size_t length, end = strcspn (href, "#");
    const char *slash = strrchr (b->package, '/');
    if (!text_percent_decode (href, end, false, &name, &length))
        return NULL;
    g_autofree char *path =
        g_strdup_printf ("%.*s%s", slash ? (int) (slash + 1 - b->package) : 0, b->package, name);
    g_autofree char *plain = g_canonicalize_filename (path, "/");
    return zip_find (z, plain + 1);
}

static enum err read_chapters (struct zip *z, struct epub *b, struct error *e)
{
    enum err err = ERR_OK;
    for (unsigned i = 0; i < b->order->len && err != ERR_LIMIT; i++) {
        const char *href = g_hash_table_lookup (b->chapters, b->order->pdata[i]);
        const struct zip_member *member = href ? find_chapter (z, b, href) : NULL;
        if (!member || body_text_is_full (&b->reader.document.text))
            continue;
        enum err chapter_err =
            chapter_read (z, member, &b->reader.document.text, err == ERR_OK ? e : NULL);
        err = err == ERR_OK || chapter_err == ERR_LIMIT ? chapter_err : err;
    }
    return err == ERR_LIMIT ? ERR_OK : err;
}

static enum err read_book (struct zip *z, struct package_reader *reader, struct error *e)
{
    struct epub *b = (struct epub *) reader;
    static const struct package_events container = { .start = start_container },
                                       encryption = { .start = start_encryption },
                                       package = {
                                           .start = start_package,
                                           .end = end_package,
                                           .text = package_take_value,
                                       };
    enum err err = package_read (z, "META-INF/encryption.xml", &encryption, b, e);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = package_read (z, "META-INF/container.xml", &container, b, e);
    if (err == ERR_OK && !b->package)
        err = FAIL (e, EXTRACT_FAILED, "the book names no package document");
    if (err == ERR_OK)
        err = package_read (z, b->package, &package, b, e);
    if (err == ERR_OK && !b->reader.document.is_encrypted)
        err = read_chapters (z, b, e);
    if (err == ERR_NOT_FOUND || err == ERR_LIMIT)
        return FAIL (e, EXTRACT_FAILED, "the book has no package document of a size to be read");
    return err;
}

enum err extract_epub (struct input *in, json_t *meta, struct error *e)
{
    struct epub b = { .order = g_ptr_array_new_with_free_func (g_free) };
    b.chapters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    enum err err = package_extract (in, meta, &b.reader, read_book, e);
    g_free (b.package);
    g_hash_table_unref (b.chapters);
    g_ptr_array_unref (b.order);
    return err;
}
