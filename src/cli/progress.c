/* Progress of a scan as text. */
#include "cli/progress.h"

#include <string.h>
#include <glib.h>

#include "base/macros.h"
#include "cli/table.h"

#define BAR_LEAST    10u
#define BAR_MOST     40u
#define RATE_STEP_MS 300 /* samples are at least this far apart */

static int64_t read_count (const json_t *progress, const char *name)
{
    return json_integer_value (json_object_get (progress, name));
}

static const char *read_text (const json_t *binding, const char *name)
{
    const char *text = json_string_value (json_object_get (binding, name));
    return text ? text : "";
}

void progress_read (const json_t *binding, struct progress *ret)
{
    const json_t *p = json_object_get (binding, "Progress");
    *ret = (struct progress){
        .listed = read_count (p, "Listed"),
        .indexed = read_count (p, "Indexed"),
        .unchanged = read_count (p, "Unchanged"),
        .deleted = read_count (p, "Deleted"),
        .failed = read_count (p, "Failed"),
        .pending = read_count (p, "Pending"),
        .is_scanning = strcmp (read_text (binding, "Phase"), "FullScanning") == 0,
        .state = read_text (binding, "State"),
        .reason = read_text (binding, "Reason"),
    };
}

int64_t progress_done (const struct progress *p)
{
    return MAX (0, p->listed - p->pending);
}

void progress_rate_add (struct progress_rate *r, int64_t now_ms, int64_t done)
{
    unsigned size = N_ELEMENTS (r->at_ms);
    if (r->n && now_ms - r->at_ms[r->n - 1] < RATE_STEP_MS)
        return;
    if (r->n == size) {
        memmove (r->at_ms, r->at_ms + 1, (size - 1) * sizeof *r->at_ms);
        memmove (r->done, r->done + 1, (size - 1) * sizeof *r->done);
        r->n--;
    }
    r->at_ms[r->n] = now_ms;
    r->done[r->n++] = done;
}

double progress_rate_get (const struct progress_rate *r)
{
    if (r->n < 2)
        return 0;
    int64_t ms = r->at_ms[r->n - 1] - r->at_ms[0];
    int64_t files = r->done[r->n - 1] - r->done[0];
    return ms > 0 && files > 0 ? (double) files * 1000 / (double) ms : 0;
}

char *progress_duration (int64_t seconds)
{
    int64_t hours = seconds / 3600, minutes = seconds / 60 % 60;
    if (hours >= 48)
        return g_strdup_printf ("%" G_GINT64_FORMAT " days", hours / 24);
    if (hours)
        return g_strdup_printf ("%" G_GINT64_FORMAT ":%02" G_GINT64_FORMAT ":%02" G_GINT64_FORMAT,
                                hours, minutes, seconds % 60);
    return g_strdup_printf ("%" G_GINT64_FORMAT ":%02" G_GINT64_FORMAT, minutes, seconds % 60);
}

static void append_rate (GString *out, const struct progress *p, double rate)
{
    if (rate <= 0)
        return;
    if (rate < 10)
        g_string_append_printf (out, "  %.1f/s", rate);
    else {
        g_autofree char *number = table_number ((int64_t) (rate + 0.5));
        g_string_append_printf (out, "  %s/s", number);
    }
    double left = (double) p->pending / rate;
    if (p->pending && left < 1e9) {
        g_autofree char *duration = progress_duration ((int64_t) (left + 0.999));
        g_string_append_printf (out, "  %s left", duration);
    }
}

char *progress_line (const struct progress *p, double rate)
{
    g_autofree char *done = table_number (progress_done (p));
    g_autofree char *listed = table_number (p->listed);
    GString *out = g_string_new (NULL);
    if (!p->listed)
        g_string_append (out, "listing ...");
    else
        g_string_append_printf (out, "%s of %s files", done, listed);
    if (p->failed) {
        g_autofree char *failed = table_number (p->failed);
        g_string_append_printf (out, "  %s failed", failed);
    }
    append_rate (out, p, rate);
    return g_string_free (out, FALSE);
}

/* A bar of `width` columns, `parts` eighths of columns of it full. */
static void append_bar (GString *out, unsigned width, unsigned parts, bool is_utf8)
{
    static const char *const eighths[] = { " ",
                                           "\xe2\x96\x8f",
                                           "\xe2\x96\x8e",
                                           "\xe2\x96\x8d",
                                           "\xe2\x96\x8c",
                                           "\xe2\x96\x8b",
                                           "\xe2\x96\x8a",
                                           "\xe2\x96\x89",
                                           "\xe2\x96\x88" };
    for (unsigned i = 0; i < width; i++) {
        unsigned fill = parts > 8 * i ? MIN (8, parts - 8 * i) : 0;
        if (is_utf8)
            g_string_append (out, eighths[fill]);
        else
            g_string_append_c (out, fill > 4 ? '#' : '.');
    }
}

char *progress_bar (const struct progress *p, double rate, unsigned columns, bool is_utf8)
{
    g_autofree char *line = progress_line (p, rate);
    double part = p->listed ? (double) progress_done (p) / (double) p->listed : 0;
    g_autofree char *text = g_strdup_printf (" %3d%%  %s", (int) (part * 100), line);
    unsigned used = table_width (text) + 2; /* and the brackets */
    if (columns < used + BAR_LEAST)
        return table_cut (line, columns);
    unsigned width = MIN (columns - used, BAR_MOST);
    GString *out = g_string_new ("[");
    append_bar (out, width, (unsigned) (part * 8 * width), is_utf8);
    g_string_append_printf (out, "]%s", text);
    return g_string_free (out, FALSE);
}
