/* What extensions add to text and packages, and the kind of media of each type. */
#include <string.h>

#include "base/macros.h"
#include "worker/sniff.h"
#include "worker/sniff_table.h"

#define TEXT "text/plain"
#define JSON "application/json"
#define XML  "application/xml"
#define ZIP  "application/zip"
#define WORD "application/vnd.openxmlformats-officedocument.wordprocessingml."
#define CALC "application/vnd.openxmlformats-officedocument.spreadsheetml."
#define SHOW "application/vnd.openxmlformats-officedocument.presentationml."

static const struct {
    const char *extension, *of, *type;
} extensions[] = {
    { "adoc", TEXT, "text/asciidoc" },
    { "asm", TEXT, "text/x-asm" },
    { "bat", TEXT, "text/x-msdos-batch" },
    { "bib", TEXT, "text/x-bibtex" },
    { "c", TEXT, "text/x-c" },
    { "cbz", ZIP, "application/vnd.comicbook+zip" },
    { "cc", TEXT, "text/x-c++" },
    { "cmake", TEXT, "text/x-cmake" },
    { "cmd", TEXT, "text/x-msdos-batch" },
    { "cpp", TEXT, "text/x-c++" },
    { "cs", TEXT, "text/x-csharp" },
    { "css", TEXT, "text/css" },
    { "csv", TEXT, "text/csv" },
    { "cue", TEXT, "application/x-cue" },
    { "cxx", TEXT, "text/x-c++" },
    { "diff", TEXT, "text/x-diff" },
    { "el", TEXT, "text/x-lisp" },
    { "f90", TEXT, "text/x-fortran" },
    { "geojson", JSON, "application/geo+json" },
    { "gltf", JSON, "model/gltf+json" },
    { "go", TEXT, "text/x-go" },
    { "gradle", TEXT, "text/x-groovy" },
    { "h", TEXT, "text/x-c" },
    { "hpp", TEXT, "text/x-c++" },
    { "htm", TEXT, "text/html" },
    { "html", TEXT, "text/html" },
    { "hxx", TEXT, "text/x-c++" },
    { "ini", TEXT, "text/x-ini" },
    { "ipynb", JSON, "application/x-ipynb+json" },
    { "java", TEXT, "text/x-java" },
    { "js", TEXT, "text/javascript" },
    { "jsonl", JSON, "application/jsonl" },
    { "jsonl", TEXT, "application/jsonl" },
    { "jsx", TEXT, "text/javascript" },
    { "kt", TEXT, "text/x-kotlin" },
    { "less", TEXT, "text/x-less" },
    { "log", TEXT, "text/x-log" },
    { "lrc", TEXT, "text/x-lrc" },
    { "lua", TEXT, "text/x-lua" },
    { "m3u", TEXT, "audio/x-mpegurl" },
    { "m3u8", TEXT, "application/vnd.apple.mpegurl" },
    { "markdown", TEXT, "text/markdown" },
    { "md", TEXT, "text/markdown" },
    { "mjs", TEXT, "text/javascript" },
    { "mtl", TEXT, "model/mtl" },
    { "ndjson", JSON, "application/jsonl" },
    { "ndjson", TEXT, "application/jsonl" },
    { "obj", TEXT, "model/obj" },
    { "org", TEXT, "text/x-org" },
    { "pas", TEXT, "text/x-pascal" },
    { "patch", TEXT, "text/x-diff" },
    { "php", TEXT, "text/x-php" },
    { "pl", TEXT, "text/x-perl" },
    { "pls", TEXT, "audio/x-scpls" },
    { "pm", TEXT, "text/x-perl" },
    { "po", TEXT, "text/x-gettext-translation" },
    { "pot", TEXT, "text/x-gettext-translation" },
    { "properties", TEXT, "text/x-java-properties" },
    { "ps1", TEXT, "text/x-powershell" },
    { "py", TEXT, "text/x-python" },
    { "pyi", TEXT, "text/x-python" },
    { "r", TEXT, "text/x-r" },
    { "rb", TEXT, "text/x-ruby" },
    { "rs", TEXT, "text/x-rust" },
    { "rst", TEXT, "text/x-rst" },
    { "s", TEXT, "text/x-asm" },
    { "scala", TEXT, "text/x-scala" },
    { "scss", TEXT, "text/x-scss" },
    { "sh", TEXT, "application/x-sh" },
    { "sql", TEXT, "application/sql" },
    { "srt", TEXT, "application/x-subrip" },
    { "swift", TEXT, "text/x-swift" },
    { "tcl", TEXT, "text/x-tcl" },
    { "tex", TEXT, "text/x-tex" },
    { "toml", TEXT, "application/toml" },
    { "ts", TEXT, "text/typescript" },
    { "tsv", TEXT, "text/tab-separated-values" },
    { "tsx", TEXT, "text/typescript" },
    { "vb", TEXT, "text/x-vb" },
    { "vue", TEXT, "text/x-vue" },
    { "webmanifest", JSON, "application/manifest+json" },
    { "yaml", TEXT, "application/yaml" },
    { "yml", TEXT, "application/yaml" },
    /* Templates, shows and macros: what office packages are beyond their family. */
    { "docm", WORD "document", "application/vnd.ms-word.document.macroEnabled.12" },
    { "dotm", WORD "document", "application/vnd.ms-word.template.macroEnabled.12" },
    { "potm", SHOW "presentation", "application/vnd.ms-powerpoint.template.macroEnabled.12" },
    { "ppsm", SHOW "presentation", "application/vnd.ms-powerpoint.slideshow.macroEnabled.12" },
    { "pptm", SHOW "presentation", "application/vnd.ms-powerpoint.presentation.macroEnabled.12" },
    { "xlsb", CALC "sheet", "application/vnd.ms-excel.sheet.binary.macroEnabled.12" },
    { "xlsm", CALC "sheet", "application/vnd.ms-excel.sheet.macroEnabled.12" },
    { "xltm", CALC "sheet", "application/vnd.ms-excel.template.macroEnabled.12" },
    { "dotx", WORD "document", WORD "template" },
    { "potx", SHOW "presentation", SHOW "template" },
    { "ppsx", SHOW "presentation", SHOW "slideshow" },
    { "xltx", CALC "sheet", CALC "template" },
};

const char *sniff_by_extension (const struct input *in, const char *type)
{
    for (size_t i = 0; i < N_ELEMENTS (extensions); i++)
        if (!strcmp (type, extensions[i].of) && !strcmp (in->extension, extensions[i].extension))
            return extensions[i].type;
    return type;
}

/* First match wins. */
static const struct {
    const char *pattern, *media;
} media_types[] = {
    { "image/vnd.djvu", "document" },
    { "image/*", "image" },
    { "video/*", "video" },
    { "application/vnd.rn-realmedia", "video" },
    { "application/mxf", "video" },
    { "application/gxf", "video" },
    { "application/vnd.apple.mpegurl", "video" },
    { "application/vnd.ms-wpl", "audio" },
    { "application/xspf+xml", "audio" },
    { "application/x-cue", "audio" },
    { "audio/*", "audio" },
    { "text/*", "document" },
    { "message/*", "document" },
    { "application/pdf", "document" },
    { "application/postscript", "document" },
    { "application/rtf", "document" },
    { "application/msword", "document" },
    { "application/vnd.ms-excel*", "document" },
    { "application/vnd.ms-htmlhelp", "document" },
    { "application/vnd.ms-outlook", "document" },
    { "application/vnd.ms-powerpoint*", "document" },
    { "application/vnd.ms-project", "document" },
    { "application/vnd.ms-publisher", "document" },
    { "application/vnd.ms-visio*", "document" },
    { "application/vnd.ms-word.*", "document" },
    { "application/vnd.ms-xpsdocument", "document" },
    { "application/vnd.visio", "document" },
    { "application/vnd.openxmlformats-officedocument*", "document" },
    { "application/encrypted-office", "document" },
    { "application/vnd.oasis.opendocument*", "document" },
    { "application/vnd.sun.xml*", "document" },
    { "application/vnd.apple.*", "document" },
    { "application/vnd.wordperfect", "document" },
    { "application/vnd.comicbook+zip", "document" },
    { "application/vnd.palm", "document" },
    { "application/epub+zip", "document" },
    { "application/hwp+zip", "document" },
    { "application/onenote", "document" },
    { "application/x-fictionbook+xml", "document" },
    { "application/x-hwp", "document" },
    { "application/x-indesign", "document" },
    { "application/x-mobipocket-ebook", "document" },
    { "application/x-ms-reader", "document" },
    { "application/json", "document" },
    { "application/jsonl", "document" },
    { "application/geo+json", "document" },
    { "application/manifest+json", "document" },
    { "application/x-ipynb+json", "document" },
    { "application/xml", "document" },
    { "application/xhtml+xml", "document" },
    { "application/rss+xml", "document" },
    { "application/atom+xml", "document" },
    { "application/gpx+xml", "document" },
    { "application/vnd.google-earth.kml+xml", "document" },
    { "application/x-plist", "document" },
    { "application/yaml", "document" },
    { "application/toml", "document" },
    { "application/sql", "document" },
    { "application/mbox", "document" },
    { "application/x-sh", "document" },
    { "application/x-subrip", "document" },
    { "application/ttml+xml", "document" },
    { "application/x-sami", "document" },
    { "application/zip", "archive" },
    { "application/gzip", "archive" },
    { "application/vnd.rar", "archive" },
    { "application/x-7z-compressed", "archive" },
    { "application/x-ace-compressed", "archive" },
    { "application/x-arj", "archive" },
    { "application/x-archive", "archive" },
    { "application/x-bzip2", "archive" },
    { "application/x-chrome-extension", "archive" },
    { "application/x-compress", "archive" },
    { "application/x-cpio", "archive" },
    { "application/x-ios-app", "archive" },
    { "application/x-iso9660-image", "archive" },
    { "application/x-java-jmod", "archive" },
    { "application/x-lrzip", "archive" },
    { "application/x-lz*", "archive" },
    { "application/x-ms-wim", "archive" },
    { "application/x-rpm", "archive" },
    { "application/x-snappy-framed", "archive" },
    { "application/x-stuffit", "archive" },
    { "application/x-tar", "archive" },
    { "application/x-xar", "archive" },
    { "application/x-xz", "archive" },
    { "application/x-zoo", "archive" },
    { "application/zstd", "archive" },
    { "application/x-apple-diskimage", "archive" },
    { "application/vnd.android.package-archive", "archive" },
    { "application/vnd.debian.binary-package", "archive" },
    { "application/vnd.google-earth.kmz", "archive" },
    { "application/vnd.ms-cab-compressed", "archive" },
    { "application/vnd.squashfs", "archive" },
    { "application/java-archive", "archive" },
};

bool sniff_is_of (const char *type, const char *pattern)
{
    size_t n = strcspn (pattern, "*");
    return pattern[n] ? !strncmp (type, pattern, n) : !strcmp (type, pattern);
}

const char *sniff_media_type (const char *type)
{
    for (size_t i = 0; i < N_ELEMENTS (media_types); i++)
        if (sniff_is_of (type, media_types[i].pattern))
            return media_types[i].media;
    return "other";
}
