/* The libraries of the extractors, started before the jail: locale, time zone, tables, encodings.
 * Knows nothing of objects; what a library reads here is our own. */
#include "worker/init.h"

#include <locale.h>
#include <time.h>
#include <archive.h>
#include <archive_entry.h>
#include <glib.h>
#include <jansson.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/cpu.h>
#include <libavutil/mem.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <poppler.h>

#include "base/limits.h"
#include "base/macros.h"
#include "worker/charset.h"

/* ---- the C library and GLib ---- */

static void init_locale (void)
{
    setlocale (LC_CTYPE, "C.UTF-8");
    tzset ();
}

/* Libraries warn of what is wrong with an object; nobody reads it, and asking where stderr leads is
 * a system call that the jail refuses. */
static void drop_glib_log (const char *domain UNUSED, GLogLevelFlags level UNUSED,
                           const char *message UNUSED, void *data UNUSED)
{
}

static void init_glib (void)
{
    g_log_set_default_handler (drop_glib_log, NULL);
    const char *charset;
    g_get_charset (&charset);
    g_get_filename_charsets (&(const char **){ NULL });
    (void) g_random_int ();
    (void) g_get_monotonic_time ();
    g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
}

static void init_jansson (void)
{
    json_object_seed (0);
}

/* ---- libxml2: no network, no words on stderr ---- */

static void drop_xml_error (void *context UNUSED, const char *format UNUSED, ...)
{
}

static void init_xml (void)
{
    xmlInitParser ();
    xmlSetGenericErrorFunc (NULL, drop_xml_error);
}

/* ---- libav ---- */

static void drop_av_log (void *context UNUSED, int level UNUSED, const char *format UNUSED,
                         va_list args UNUSED)
{
}

static void init_av (void)
{
    av_log_set_level (AV_LOG_QUIET);
    av_log_set_callback (drop_av_log);
    av_max_alloc (LIMIT_MEDIA_ALLOCATION);
    (void) av_get_cpu_flags ();
    (void) av_find_input_format ("mov");
    (void) avcodec_find_decoder (AV_CODEC_ID_H264);
}

/* ---- libarchive: one empty archive through all its readers ---- */

static void init_archive (void)
{
    static const char tar[1024];
    struct archive_entry *entry;
    struct archive *a = archive_read_new ();
    archive_read_support_filter_gzip (a);
    archive_read_support_format_all (a);
    if (archive_read_open_memory (a, tar, sizeof tar) == ARCHIVE_OK)
        (void) archive_read_next_header (a, &entry);
    archive_read_free (a);
}

/* ---- Poppler: a page of its own, with text in a plain font and in one of each character
 * collection of East Asia, whose tables it reads from files ---- */

static const char pdf[] = "%PDF-1.4\n"
                          "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
                          "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
                          "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R"
                          "/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>\n"
#define COLLECTION(font, ordering)                                                                 \
    "/" font "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts"           \
    "[<</Type/Font/Subtype/CIDFontType0/BaseFont/X/FontDescriptor 5 0 R"                           \
    "/CIDSystemInfo<</Registry(Adobe)/Ordering(" ordering ")/Supplement 2>>>>]>>\n"
    COLLECTION ("G", "GB1") COLLECTION ("C", "CNS1") COLLECTION ("J", "Japan1")
        COLLECTION ("K", "Korea1") ">>>>>>endobj\n"
                                   "4 0 obj<</Length 99>>stream\n"
                                   "BT/F 9 Tf 9 9 Td(Bindery)Tj /G 9 Tf<0444>Tj /C 9 Tf<0444>Tj /J "
                                   "9 Tf<0444>Tj /K 9 Tf<0444>Tj ET "
                                   "    \nendstream endobj\n"
                                   "5 0 obj<</Type/FontDescriptor/FontName/X/Flags 4/FontBBox[0 0 "
                                   "1 1]/ItalicAngle 0/Ascent 800"
                                   "/Descent -200/CapHeight 700/StemV 80>>endobj\n"
                                   "trailer<</Root 1 0 R/Size 6>>\n";

/* The document stays open as long as the process lives, and with it what Poppler has read. */
static void init_poppler (void)
{
    static PopplerDocument *open __attribute__ ((used));
    g_autoptr (GBytes) bytes = g_bytes_new_static (pdf, sizeof pdf - 1);
    PopplerDocument *document = poppler_document_new_from_bytes (bytes, NULL, NULL);
    PopplerPage *page = document ? poppler_document_get_page (document, 0) : NULL;
    if (page)
        g_free (poppler_page_get_text (page));
    g_clear_object (&page);
    open = document;
}

static void (*const libraries[]) (void) = {
    init_locale, charset_init, init_glib,    init_jansson,
    init_xml,    init_av,      init_archive, init_poppler,
};

void init_libraries (void)
{
    for (size_t i = 0; i < N_ELEMENTS (libraries); i++)
        libraries[i]();
}
