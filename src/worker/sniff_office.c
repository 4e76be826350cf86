/* Closer looks at the two containers of office documents: ZIP and OLE2. */
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/sniff_table.h"
#include "worker/zip.h"

struct name_type {
    const char *name, *type;
};

#define OOXML "application/vnd.openxmlformats-officedocument."
#define ODF   "application/vnd.oasis.opendocument."

/* Names of members that tell what a package is; a member begins with the name. */
static const struct name_type members[] = {
    { "word/", OOXML "wordprocessingml.document" },
    { "xl/", OOXML "spreadsheetml.sheet" },
    { "ppt/", OOXML "presentationml.presentation" },
    { "visio/", "application/vnd.ms-visio.drawing" },
    { "FixedDocSeq.fdseq", "application/vnd.ms-xpsdocument" },
    { "FixedDocumentSequence.fdseq", "application/vnd.ms-xpsdocument" },
    { "AndroidManifest.xml", "application/vnd.android.package-archive" },
    { "classes.dex", "application/vnd.android.package-archive" },
    { "META-INF/MANIFEST.MF", "application/java-archive" },
    { "Payload/", "application/x-ios-app" },
    { "Index/Slide", "application/vnd.apple.keynote" },
    { "Index/Presentation", "application/vnd.apple.keynote" },
    { "index.apxl", "application/vnd.apple.keynote" },
    { "presentation.apxl", "application/vnd.apple.keynote" },
    { "doc.kml", "application/vnd.google-earth.kmz" },
    { "3D/3dmodel.model", "model/3mf" },
};

/* What the member `mimetype`, first and stored, may say. */
static const struct name_type packages[] = {
    { "application/epub+zip", "application/epub+zip" },
    { ODF "text-template", ODF "text-template" },
    { ODF "text-master", ODF "text-master" },
    { ODF "text-web", ODF "text-web" },
    { ODF "text", ODF "text" },
    { ODF "spreadsheet-template", ODF "spreadsheet-template" },
    { ODF "spreadsheet", ODF "spreadsheet" },
    { ODF "presentation-template", ODF "presentation-template" },
    { ODF "presentation", ODF "presentation" },
    { ODF "graphics-template", ODF "graphics-template" },
    { ODF "graphics", ODF "graphics" },
    { ODF "formula", ODF "formula" },
    { ODF "database", ODF "base" },
    { ODF "base", ODF "base" },
    { ODF "chart", ODF "chart" },
    { ODF "image", ODF "image" },
    { "application/hwp+zip", "application/hwp+zip" },
    { "application/vnd.sun.xml.writer", "application/vnd.sun.xml.writer" },
    { "application/vnd.sun.xml.calc", "application/vnd.sun.xml.calc" },
    { "image/openraster", "image/openraster" },
    { "application/x-krita", "image/x-krita" },
};

static const char *find_type (const struct name_type *rows, size_t n, const void *bytes,
                              size_t size)
{
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen (rows[i].name);
        if (length <= size && !memcmp (bytes, rows[i].name, length))
            return rows[i].type;
    }
    return NULL;
}

#define IWORK "Index/Document.iwa"

/* Offset of the next local header: by the size of the member, or where its size is not known
 * beforehand by a look for the signature in the head. 0: none. */
static uint64_t next_member (struct input *in, uint64_t at, const uint8_t *p)
{
    uint64_t data = at + 30 + get_u16le (p + 26) + get_u16le (p + 28);
    if (!(p[6] & 8))
        return data + get_u32le (p + 18);
    if (data >= in->head_length)
        return 0;
    const uint8_t *next = memmem (in->head + data, in->head_length - data, "PK\x03\x04", 4);
    return next ? (uint64_t) (next - in->head) : 0;
}

static int compare_places (const void *a, const void *b)
{
    const struct zip_member *m = a, *n = b;
    return m->at < n->at ? -1 : m->at > n->at;
}

/* What the names of the members from `at` on tell, at most `n` of them: for an object of which the
 * directory can be known sooner than the members. The walk ends as that along the members would. */
static const char *sniff_directory (struct input *in, uint64_t at, unsigned n, bool *is_iwork)
{
    _cleanup_zip_ struct zip z;
    const char *type = NULL;
    if (zip_open (&z, in, NULL) != ERR_OK)
        return NULL;
    g_array_sort (z.members, compare_places);
    for (guint i = 0; i < z.members->len && n && !type; i++) {
        const struct zip_member *m = &g_array_index (z.members, struct zip_member, i);
        if (m->at < at)
            continue;
        type = find_type (members, G_N_ELEMENTS (members), m->name, strlen (m->name));
        *is_iwork = *is_iwork || g_str_has_prefix (m->name, IWORK);
        n = m->flags & 8 ? 0 : n - 1;
    }
    return type;
}

const char *sniff_zip (struct input *in)
{
    const char *type = NULL;
    bool is_iwork = false;
    uint64_t at = 0;
    for (unsigned i = 0; i < LIMIT_ZIP_MEMBERS && (at || i == 0); i++) {
        if (!input_knows (in, at, 30 + 255)) {
            type = sniff_directory (in, at, LIMIT_ZIP_MEMBERS - i, &is_iwork);
            if (type)
                return type;
            break;
        }
        const uint8_t *p = input_at (in, at, 30);
        if (!p || memcmp (p, "PK\x03\x04", 4))
            break;
        size_t name_length = MIN (get_u16le (p + 26), 255);
        uint64_t data = at + 30 + get_u16le (p + 26) + get_u16le (p + 28),
                 next = next_member (in, at, p);
        const uint8_t *name = input_at (in, at + 30, name_length);
        if (name && i == 0 && name_length == 8 && !memcmp (name, "mimetype", 8)) {
            size_t length = (size_t) MIN (in->size - MIN (data, in->size), 64);
            const uint8_t *text = input_at (in, data, length);
            type = text ? find_type (packages, G_N_ELEMENTS (packages), text, length) : NULL;
        } else if (name) {
            type = find_type (members, G_N_ELEMENTS (members), name, name_length);
            is_iwork = is_iwork ||
                       (name_length >= strlen (IWORK) && !memcmp (name, IWORK, strlen (IWORK)));
        }
        if (type)
            return type;
        at = next;
    }
    if (is_iwork)
        return !strcmp (in->extension, "numbers") ? "application/vnd.apple.numbers"
                                                  : "application/vnd.apple.pages";
    return "application/zip";
}

/* Streams of an OLE2 file that tell what it is. Encrypted OOXML hides in one, too. */
static const struct name_type streams[] = {
    { "WordDocument", "application/msword" },
    { "Workbook", "application/vnd.ms-excel" },
    { "Book", "application/vnd.ms-excel" },
    { "PowerPoint Document", "application/vnd.ms-powerpoint" },
    { "VisioDocument", "application/vnd.visio" },
    { "__properties_version1.0", "application/vnd.ms-outlook" },
    { "EncryptedPackage", "application/encrypted-office" },
    { "Props9", "application/vnd.ms-project" },
    { "Quill", "application/vnd.ms-publisher" },
    { "\5HwpSummaryInformation", "application/x-hwp" },
};

/* The name of a directory entry, in ASCII. */
static void entry_name (const uint8_t *p, char name[33])
{
    unsigned n = 0;
    while (n < 32 && (p[2 * n] || p[2 * n + 1])) {
        name[n] = p[2 * n + 1] || p[2 * n] >= 0x7f ? '?' : (char) p[2 * n];
        n++;
    }
    name[n] = '\0';
}

/* Entries of the directory as far as its sectors follow each other, which is nearly always. */
const char *sniff_ole (struct input *in)
{
    /* The class that the root entry names. */
    static const uint8_t installer[] = { 0x84, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0 };
    const uint8_t *p = input_at (in, 0, 512);
    if (!p || get_u16le (p + 30) > 12)
        return "application/x-ole-storage";
    uint64_t at = ((uint64_t) get_u32le (p + 48) + 1) << get_u16le (p + 30);
    for (unsigned i = 0; i < LIMIT_OLE_ENTRIES && (p = input_at (in, at, 128)); i++, at += 128) {
        char name[33];
        if (i == 0 && !memcmp (p + 80, installer, sizeof installer))
            return "application/x-msi";
        entry_name (p, name);
        for (size_t k = 0; k < G_N_ELEMENTS (streams); k++)
            if (!strcmp (name, streams[k].name))
                return streams[k].type;
    }
    return "application/x-ole-storage";
}
