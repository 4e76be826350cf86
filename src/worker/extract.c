/* Which extractor reads which type. */
#include "worker/extract.h"

#include <inttypes.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/sniff.h"

static enum err extract_nothing (struct input *in UNUSED, json_t *meta UNUSED,
                                 struct error *e UNUSED)
{
    return ERR_OK;
}

#define OOXML "application/vnd.openxmlformats-officedocument."
#define ODF   "application/vnd.oasis.opendocument."

static const char *const media_types[] = {
#define MEDIA(type, demuxer, bytes) type,
#include "worker/media.def"
#undef MEDIA
    NULL
};

/* First match wins; the last row matches all. */
static const struct extractor {
    const char *name;
    const char *const *types;
    enum err (*run) (struct input *in, json_t *meta, struct error *e);
    uint64_t largest; /* source that is decoded at all; 0: any size, for only headers are read */
    uint64_t reads;   /* bytes of it that a job may read; 0: LIMIT_INPUT_READ */
    bool leaves_text; /* it takes less without the text */
} extractors[] = {
#define TYPES(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
    { "jpeg", TYPES ("image/jpeg", "image/jls"), extract_jpeg },
    { "png", TYPES ("image/png", "image/apng"), extract_png },
    { "gif", TYPES ("image/gif"), extract_gif },
    { "webp", TYPES ("image/webp"), extract_webp },
    { "tiff",
      TYPES ("image/tiff", "image/x-adobe-dng", "image/x-nikon-nef", "image/x-sony-arw",
             "image/x-pentax-pef", "image/x-samsung-srw", "image/x-olympus-orf",
             "image/x-kodak-dcr", "image/x-hasselblad-3fr", "image/x-epson-erf",
             "image/x-mamiya-mef", "image/x-leaf-mos", "image/x-nikon-nrw", "image/x-kodak-kdc"),
      extract_tiff },
    { "bmff",
      TYPES ("image/heic", "image/heif", "image/avif", "image/heic-sequence", "image/heif-sequence",
             "image/avif-sequence"),
      extract_bmff },
    { "cr2", TYPES ("image/x-canon-cr2"), extract_cr2 },
    { "rw2", TYPES ("image/x-panasonic-rw2"), extract_rw2 },
    { "raf", TYPES ("image/x-fuji-raf"), extract_raf },
    { "cr3", TYPES ("image/x-canon-cr3"), extract_cr3 },
    { "mrw", TYPES ("image/x-minolta-mrw"), extract_mrw },
    { "iiq", TYPES ("image/x-phaseone-iiq"), extract_iiq },
    { "crw", TYPES ("image/x-canon-crw"), extract_crw },
    { "simple",
      TYPES ("image/x-tga", "image/x-sgi", "image/vnd.ms-dds", "image/qoi", "image/x-sigma-x3f",
             "image/x-xcf"),
      extract_simple },
    { "pcx", TYPES ("image/vnd.zbrush.pcx"), extract_pcx },
    { "pnm",
      TYPES ("image/x-portable-bitmap", "image/x-portable-graymap", "image/x-portable-pixmap",
             "image/x-portable-arbitrarymap", "image/x-portable-floatmap"),
      extract_pnm },
    { "hdr", TYPES ("image/vnd.radiance"), extract_hdr },
    { "fits", TYPES ("image/fits"), extract_fits },
    { "exr", TYPES ("image/x-exr"), extract_exr },
    { "bmp", TYPES ("image/bmp"), extract_bmp },
    { "ico", TYPES ("image/vnd.microsoft.icon", "image/x-win-bitmap"), extract_ico },
    { "psd", TYPES ("image/vnd.adobe.photoshop"), extract_psd },
    { "jp2", TYPES ("image/jp2", "image/jpx", "image/x-jp2-codestream"), extract_jp2 },
    { "jxl", TYPES ("image/jxl"), extract_jxl },
    { "svg", TYPES ("image/svg+xml"), extract_svg },
    { "media", media_types, extract_media, 0, LIMIT_MEDIA_READ },
    { "pdf", TYPES ("application/pdf"), extract_pdf, LIMIT_DOCUMENT_SIZE, LIMIT_DOCUMENT_READ,
      true },
    { "ooxml",
      TYPES (OOXML "*", "application/vnd.ms-word.*", "application/vnd.ms-excel.*",
             "application/vnd.ms-powerpoint.*"),
      extract_ooxml, LIMIT_DOCUMENT_SIZE, LIMIT_DOCUMENT_READ, true },
    { "odf", TYPES (ODF "text*", ODF "spreadsheet*", ODF "presentation*", ODF "graphics*"),
      extract_odf, LIMIT_DOCUMENT_SIZE, LIMIT_DOCUMENT_READ, true },
    { "epub", TYPES ("application/epub+zip"), extract_epub, LIMIT_DOCUMENT_SIZE,
      LIMIT_DOCUMENT_READ, true },
    { "ole",
      TYPES ("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
             "application/vnd.ms-outlook", "application/encrypted-office"),
      extract_ole, LIMIT_DOCUMENT_SIZE, LIMIT_DOCUMENT_READ },
    { "html", TYPES ("text/html", "application/xhtml+xml"), extract_html, .leaves_text = true },
    { "xml",
      TYPES ("application/xml", "application/rss+xml", "application/atom+xml",
             "application/gpx+xml", "application/vnd.google-earth.kml+xml", "application/ttml+xml",
             "application/x-fictionbook+xml"),
      extract_xml, .leaves_text = true },
    { "rtf", TYPES ("application/rtf"), extract_rtf, .leaves_text = true },
    { "mail", TYPES ("message/rfc822", "application/mbox"), extract_mail, .leaves_text = true },
    { "text",
      TYPES ("text/*", "application/json", "application/geo+json", "application/jsonl",
             "application/manifest+json", "application/x-ipynb+json", "application/yaml",
             "application/toml", "application/sql", "application/x-sh", "application/x-subrip"),
      extract_plain, .leaves_text = true },
    { "zip",
      TYPES ("application/zip", "application/java-archive",
             "application/vnd.android.package-archive", "application/x-ios-app",
             "application/vnd.google-earth.kmz", "application/vnd.comicbook+zip"),
      extract_zip },
    { "archive",
      TYPES ("application/x-7z-compressed", "application/vnd.rar", "application/x-tar",
             "application/x-cpio", "application/x-archive", "application/vnd.debian.binary-package",
             "application/vnd.ms-cab-compressed", "application/x-iso9660-image", "application/gzip",
             "application/x-bzip2", "application/x-xz", "application/x-lzma", "application/x-lzip",
             "application/x-lz4", "application/zstd", "application/x-compress"),
      extract_archive },
    { "other", NULL, extract_nothing },
};

static bool reads (const struct extractor *row, const char *type)
{
    for (const char *const *t = row->types; t && *t; t++)
        if (sniff_is_of (type, *t))
            return true;
    return !row->types;
}

static enum err check_size (const struct extractor *row, const char *type, const struct input *in,
                            struct error *e)
{
    if (row->largest && in->size > row->largest)
        return FAIL (e, EXTRACT_FAILED,
                     "size %" PRIu64 " is over the %" PRIu64 " bytes that are read of %s", in->size,
                     row->largest, type);
    return ERR_OK;
}

/* Whatever came of it: an object that could not be read was not extracted. */
static enum err check_source (const struct input *in, enum err err, struct error *e)
{
    return in->error ? FAIL (e, IO, "cannot be read: %s", g_strerror (in->error)) : err;
}

enum err extract (struct input *in, json_t *meta, struct error *e)
{
    if (input_is_waiting (in))
        return ERR_OK;
    const char *type = sniff (in);
    json_object_set_new (meta, "ContentType", json_string (type));
    json_object_set_new (meta, "MediaType", json_string (sniff_media_type (type)));
    const struct extractor *row = extractors;
    while (!reads (row, type))
        row++;
    in->read_limit = row->reads ? row->reads : LIMIT_INPUT_READ;
    enum err err = in->error ? ERR_OK : check_size (row, type, in, e);
    in->leaves_text = in->leaves_text && in->size > LIMIT_TEXT_AT_ONCE;
    in->left_text = in->leaves_text && row->leaves_text;
    if (err == ERR_OK && !in->error && !input_is_waiting (in))
        err = row->run (in, meta, e);
    return check_source (in, err, e);
}
