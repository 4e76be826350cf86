/* Facts about a document, made an answer. Knows nothing of formats. */
#include "worker/document.h"

#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "worker/caption.h"
#include "worker/civil.h"

void document_init (struct document *d)
{
    *d = (struct document){ 0 };
    body_text_init (&d->text);
}

void document_clear (struct document *d)
{
    char **texts[] = { &d->title, &d->author, &d->language, &d->created, &d->modified };
    for (size_t i = 0; i < N_ELEMENTS (texts); i++)
        g_clear_pointer (texts[i], g_free);
    g_clear_pointer (&d->keywords, g_ptr_array_unref);
    body_text_clear (&d->text);
}

void document_add_keywords (struct document *d, const char *text, size_t length)
{
    const char *end = text + strnlen (text, length);
    while (text < end) {
        const char *next = text;
        while (next < end && !strchr (",;\r\n", *next))
            next++;
        caption_add_keyword (&d->keywords, text, (size_t) (next - text));
        text = next + 1;
    }
}

char *document_windows_time (uint64_t ticks)
{
    enum { TICKS = 10000000 };
    const uint64_t epoch = UINT64_C (11644473600), last = UINT64_C (265046774400); /* year 9999 */
    uint64_t seconds = ticks / TICKS;
    if (!ticks || seconds >= last)
        return NULL;
    g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc ((gint64) (seconds - epoch));
    return time ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

static void report_text (json_t *meta, const char *name, const char *text)
{
    if (text)
        json_object_set_new (meta, name, json_string (text));
}

static void report_time (json_t *meta, const char *name, const char *text)
{
    g_autoptr (GString) time = g_string_new (NULL);
    if (text && civil_append (time, text, NULL, NULL))
        json_object_set_new (meta, name, json_string (time->str));
}

/* "en", "zh-Hans-CN": letters, digits and hyphens. */
static bool is_language (const char *text)
{
    size_t n = text ? strspn (text, "-_" G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS) : 0;
    return n && !text[n] && n < LIMIT_LANGUAGE && g_ascii_isalpha (text[0]);
}

static void report_keywords (json_t *meta, const GPtrArray *keywords)
{
    json_t *labels = json_array ();
    for (unsigned i = 0; i < keywords->len; i++)
        json_array_append_new (labels, json_pack ("{s:s, s:f}", "LabelName", keywords->pdata[i],
                                                  "LabelConfidence", 1.0));
    json_object_set_new (meta, "Labels", labels);
}

void document_report (const struct document *d, json_t *meta)
{
    report_text (meta, "Title", d->title);
    report_text (meta, "Artist", d->author);
    report_text (meta, "Language", is_language (d->language) ? d->language : NULL);
    report_time (meta, "ProduceTime", d->created);
    report_time (meta, "DocumentModifiedTime", d->modified);
    report_text (meta, "Encrypted", d->is_encrypted ? "true" : "false");
    if (d->pages && d->pages < 1000000000)
        json_object_set_new (meta, "PageCount", json_integer ((json_int_t) d->pages));
    if (d->keywords && d->keywords->len)
        report_keywords (meta, d->keywords);
    body_text_report (&d->text, meta);
}
