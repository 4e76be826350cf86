/* Reads policy documents, up to what a server takes, and compares their actions with the table. */
#include "cli/document.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <glib.h>
#include <jansson.h>

#include "api/call.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/table.h"

static void close_file (FILE **f)
{
    if (*f && *f != stdin)
        fclose (*f);
}

enum err document_read (const char *where, char **ret, struct error *e)
{
    if (*where == '{') {
        *ret = g_strdup (where);
        return ERR_OK;
    }
    bool is_stdin = strcmp (where, "-") == 0;
    __attribute__ ((cleanup (close_file))) FILE *f = is_stdin ? stdin : fopen (where, "re");
    if (!f)
        return FAIL (e, IO, "cannot open %s: %s", where, g_strerror (errno));
    g_autofree char *text = g_malloc (LIMIT_POLICY_DOCUMENT + 2);
    size_t len = fread (text, 1, LIMIT_POLICY_DOCUMENT + 1, f);
    if (ferror (f))
        return FAIL (e, IO, "cannot read %s: %s", where, g_strerror (errno));
    if (len > LIMIT_POLICY_DOCUMENT || memchr (text, '\0', len))
        return FAIL (e, INVALID_ARGUMENT,
                     "%s is no policy document: these are texts of up to %d bytes", where,
                     (int) LIMIT_POLICY_DOCUMENT);
    text[len] = '\0';
    *ret = g_steal_pointer (&text);
    return ERR_OK;
}

/* Whether one of the actions fits; NULL-terminated `names` are theirs, in small letters. */
static bool is_known (const char *pattern, char **names)
{
    g_autofree char *lower = g_ascii_strdown (pattern, -1);
    /* Of other services nothing is known. */
    bool is_ours = g_str_has_prefix (lower, "imm:") || g_str_has_prefix (lower, "bindery:");
    bool fits = !is_ours;
    for (; *names && !fits; names++)
        fits = text_glob_match (lower, *names);
    return fits;
}

static void warn_of (size_t statement, const char *element, const char *pattern)
{
    size_t n;
    const struct action *actions = action_table (&n);
    g_auto (GStrv) names = g_new0 (char *, n + 1);
    g_autofree const char **as_written = g_new0 (const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        as_written[i] = actions[i].policy_action;
        names[i] = g_ascii_strdown (actions[i].policy_action, -1);
    }
    if (is_known (pattern, names))
        return;
    const char *nearest = text_nearest (pattern, as_written);
    g_autofree char *shown = table_escape (pattern);
    fprintf (stderr, "bindery: warning: Statement[%zu].%s: no action is called '%s'%s%s%s\n",
             statement, element, shown, nearest ? "; did you mean '" : "", nearest ? nearest : "",
             nearest ? "'?" : "");
}

static void warn_of_element (size_t statement, const json_t *values, const char *element)
{
    size_t n = json_is_array (values) ? json_array_size (values) : values != NULL;
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_is_array (values) ? json_array_get (values, i) : values;
        if (json_is_string (value))
            warn_of (statement, element, json_string_value (value));
    }
}

void document_warn (const char *text)
{
    json_auto_t *document = json_loads (text, 0, NULL);
    const json_t *statements = json_object_get (document, "Statement");
    size_t n = json_is_array (statements) ? json_array_size (statements) : statements != NULL;
    for (size_t i = 0; i < n; i++) {
        const json_t *s = json_is_array (statements) ? json_array_get (statements, i) : statements;
        warn_of_element (i, json_object_get (s, "Action"), "Action");
        warn_of_element (i, json_object_get (s, "NotAction"), "NotAction");
    }
}
