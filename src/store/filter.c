/* Patterns over keys; see the header. */
#include "store/filter.h"

#include <glib.h>

#include "base/text.h"

void store_filter_set (struct store_filter *f, char **include, char **exclude)
{
    store_filter_clear (f);
    f->include = g_strdupv (include);
    f->exclude = g_strdupv (exclude);
}

void store_filter_clear (struct store_filter *f)
{
    g_clear_pointer (&f->include, g_strfreev);
    g_clear_pointer (&f->exclude, g_strfreev);
}

static bool matches_one (char **patterns, const char *key)
{
    for (; patterns && *patterns; patterns++)
        if (text_glob_match (*patterns, key))
            return true;
    return false;
}

bool store_filter_takes (const struct store_filter *f, const char *key)
{
    if (!f)
        return true;
    bool is_included = !f->include || !*f->include || matches_one (f->include, key);
    return is_included && !matches_one (f->exclude, key);
}
