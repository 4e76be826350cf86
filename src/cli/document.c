/* Reads policy documents, up to what a server takes. */
#include "cli/document.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <glib.h>

#include "base/limits.h"

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
