/* PDF, read by poppler through a stream that ends when its time is up. No page is drawn, no script
 * runs, no attachment is opened. */
#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <poppler.h>

#include "base/limits.h"
#include "worker/caption.h"
#include "worker/document.h"
#include "worker/extract.h"
#include "worker/pdf_stream.h"
#include "worker/xmp.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PopplerDocument, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PopplerPage, g_object_unref)

/* ---- is it encrypted? Poppler does not tell of a document that needs no password to be read ----
 */

/* "/Encrypt" with a reference or a dictionary behind it. */
static bool mentions_encryption (const uint8_t *p, size_t length)
{
    static const char key[] = "/Encrypt";
    const uint8_t *end = p + length;
    while ((p = memmem (p, (size_t) (end - p), key, strlen (key)))) {
        p += strlen (key);
        const uint8_t *value = p;
        while (value < end && g_ascii_isspace (*value))
            value++;
        if (value < end && (*value == '<' || (value > p && g_ascii_isdigit (*value))))
            return true;
    }
    return false;
}

/* Trailers are where a cross-reference table is, at the end or, for a first page, at the start. */
static bool has_encrypted_trailer (struct input *in)
{
    size_t tail = (size_t) MIN (in->size, INPUT_WINDOW);
    const uint8_t *p = input_at (in, in->size - tail, tail);
    uint64_t at = 0;
    if (p && mentions_encryption (p, tail))
        return true;
    const char *start = NULL;
    for (const uint8_t *next = p;
         next && (next = memmem (next, (size_t) (p + tail - next), "startxref", 9));)
        start = (const char *) (next += 9);
    for (const char *end = (const char *) p + tail; start && start < end; start++) {
        if (g_ascii_isdigit (*start) && at < INT64_MAX / 16)
            at = at * 10 + (uint64_t) (*start - '0');
        else if (at || !g_ascii_isspace (*start))
            break;
    }
    size_t length = at < in->size ? (size_t) MIN (in->size - at, LIMIT_PDF_TRAILER) : 0;
    p = input_at (in, at, length);
    return (p && mentions_encryption (p, length)) ||
           mentions_encryption (in->head, in->head_length);
}

/* ---- what it says of itself ---- */

static void take (char **to, char *text)
{
    if (text)
        caption_set (to, text, strlen (text));
    g_free (text);
}

static void take_time (char **to, GDateTime *time)
{
    if (!time)
        return;
    g_free (*to);
    *to = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S%:z");
    g_date_time_unref (time);
}

/* What the older dictionary does not say, XMP may. */
static void read_xmp (PopplerDocument *pdf, struct document *d)
{
    g_autofree char *packet = poppler_document_get_metadata (pdf);
    if (!packet)
        return;
    g_autofree struct input *in = g_new (struct input, 1);
    struct caption caption = { 0 };
    input_of_bytes (in, (const uint8_t *) packet, strlen (packet));
    xmp_parse (in, 0, in->size, &caption);
    take (&d->title, g_steal_pointer (&caption.title));
    take (&d->author, g_steal_pointer (&caption.artist));
    take (&d->created, g_steal_pointer (&caption.time));
    take (&d->language, g_steal_pointer (&caption.language));
    if (!d->keywords)
        d->keywords = g_steal_pointer (&caption.keywords);
    caption_clear (&caption);
}

static void read_facts (PopplerDocument *pdf, struct document *d)
{
    int pages = poppler_document_get_n_pages (pdf);
    d->pages = pages > 0 ? (uint64_t) pages : 0;
    take (&d->title, poppler_document_get_title (pdf));
    take (&d->author, poppler_document_get_author (pdf));
    take_time (&d->created, poppler_document_get_creation_date_time (pdf));
    take_time (&d->modified, poppler_document_get_modification_date_time (pdf));
    g_autofree char *keywords = poppler_document_get_keywords (pdf);
    if (keywords)
        document_add_keywords (d, keywords, strlen (keywords));
    read_xmp (pdf, d);
}

/* ---- its text ---- */

/* Cells of a row come without a space between: one goes where there is a gap. */
static bool is_gap (const PopplerRectangle *left, const PopplerRectangle *right)
{
    double size = MAX (fabs (left->y2 - left->y1), fabs (right->y2 - right->y1));
    return right->x1 - left->x2 > size / 3 || right->x2 < left->x1;
}

/* "exam-" at the end of a line, and "ple" on the next. */
static bool is_hyphenated (const char *hyphen, const char *start)
{
    return hyphen > start && g_unichar_isalpha (g_utf8_get_char (g_utf8_prev_char (hyphen))) &&
           g_unichar_islower (g_utf8_get_char (hyphen + 2));
}

/* `boxes` has one of each character, or is NULL. */
static void take_page (const char *words, const PopplerRectangle *boxes, struct body_text *text)
{
    const char *from = words, *p = words;
    for (size_t i = 0; *p; i++, p = g_utf8_next_char (p)) {
        bool is_hyphen = p[0] == '-' && p[1] == '\n' && is_hyphenated (p, words);
        bool is_inside = boxes && i && !isspace ((uint8_t) *p) && !isspace ((uint8_t) p[-1]);
        if (!is_hyphen && !(is_inside && is_gap (&boxes[i - 1], &boxes[i])))
            continue;
        body_text_append (text, from, (size_t) (p - from));
        from = p;
        if (is_hyphen) {
            from = p += 1;
            from++;
            i++;
        } else {
            body_text_append_space (text);
        }
    }
    body_text_append (text, from, (size_t) (p - from));
    body_text_append_break (text);
}

static void read_page (PopplerDocument *pdf, int number, struct body_text *text)
{
    g_autoptr (PopplerPage) page = poppler_document_get_page (pdf, number);
    g_autofree char *words = page ? poppler_page_get_text (page) : NULL;
    g_autofree PopplerRectangle *boxes = NULL;
    unsigned n = 0;
    if (!words || !*words)
        return;
    bool has_boxes =
        poppler_page_get_text_layout (page, &boxes, &n) && (glong) n == g_utf8_strlen (words, -1);
    take_page (words, has_boxes ? boxes : NULL, text);
}

static_assert (LIMIT_PDF_MS + LIMIT_PDF_PAGE_MS / 2 < LIMIT_JOB_CPU_MS, "it ends before the job");

static gint64 after (gint64 us, int ms)
{
    return us + ms * G_GINT64_CONSTANT (1000);
}

/* Up to `end`, and to the first page that takes too long: after that poppler's tables are cut. */
static void read_text (PopplerDocument *pdf, GInputStream *stream, gint64 end, struct input *in,
                       struct document *d)
{
    int pages = (int) MIN (d->pages, LIMIT_PDF_PAGES);
    for (int i = 0; i < pages && !body_text_is_full (&d->text); i++) {
        pdf_stream_set_deadline (stream,
                                 MIN (end, after (pdf_stream_now_us (), LIMIT_PDF_PAGE_MS)));
        read_page (pdf, i, &d->text);
        if (pdf_stream_is_over (stream)) {
            g_snprintf (in->remark, sizeof in->remark,
                        "its text ends with page %d of %" PRIu64 ", which takes too long to read",
                        i + 1, d->pages);
            return;
        }
    }
}

static enum err read_pdf (struct input *in, GInputStream *stream, struct document *d,
                          struct error *e)
{
    gint64 begin = pdf_stream_now_us ();
    pdf_stream_set_deadline (stream, after (begin, LIMIT_PDF_OPEN_MS));
    g_autoptr (GError) error = NULL;
    g_autoptr (PopplerDocument) pdf =
        poppler_document_new_from_stream (stream, (goffset) in->size, NULL, NULL, &error);
    if (!pdf && g_error_matches (error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED)) {
        d->is_encrypted = true;
        return ERR_OK;
    }
    if (!pdf && pdf_stream_is_over (stream))
        return FAIL (e, EXTRACT_FAILED, "the PDF has too much to read before its first page");
    if (!pdf)
        return FAIL (e, EXTRACT_FAILED, "the PDF is damaged: %s",
                     error ? error->message : "no document");
    read_facts (pdf, d);
    read_text (pdf, stream, after (begin, LIMIT_PDF_MS), in, d);
    return d->pages ? ERR_OK : FAIL (e, EXTRACT_FAILED, "the PDF has no page");
}

enum err extract_pdf (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_document_ struct document d;
    document_init (&d);
    if (in->leaves_text)
        body_text_leave (&d.text, 0);
    d.is_encrypted = has_encrypted_trailer (in);
    g_autoptr (GInputStream) stream = pdf_stream_new (in);
    enum err err = read_pdf (in, stream, &d, e);
    if (err == ERR_OK || d.pages)
        document_report (&d, meta);
    return err;
}
