/* One row of text for each limit of limits.def. */
#include "cli/limits.h"

#include <inttypes.h>
#include <string.h>
#include <glib.h>

#include "auth/oss_signature.h"
#include "auth/signature.h"
#include "base/limits.h"

enum unit { UNIT_BYTES, UNIT_COUNT, UNIT_SECONDS, UNIT_MS };

static const struct row {
    const char *group, *option; /* a title alone; the option that sets it, or NULL */
    enum unit unit;
    uint64_t value; /* without option */
    const char *what, *beyond;
} rows[] = {
#define GROUP(title) { .group = title },
#define LIMIT(unit, value, what, beyond)                                                           \
    { NULL, NULL, UNIT_##unit, (uint64_t) (value), what, beyond },
#define LIMIT_OPTION(option, unit, what, beyond) { NULL, option, UNIT_##unit, 0, what, beyond },
#include "cli/limits.def"
#undef GROUP
#undef LIMIT
#undef LIMIT_OPTION
};

/* What an option is unless somebody sets it. */
static const char *default_of (const char *option)
{
    static const struct {
        const char *name, *value;
    } options[] = {
#define OPTION(field, kind, name, def, min, max, flags, help) { name, def },
#include "base/config.def"
#undef OPTION
    };
    for (size_t i = 0; i < G_N_ELEMENTS (options); i++)
        if (strcmp (options[i].name, option) == 0)
            return options[i].value;
    g_assert_not_reached ();
}

static void append_value (GString *out, enum unit unit, uint64_t n)
{
    static const char *const suffixes[] = {
        [UNIT_BYTES] = " bytes", [UNIT_COUNT] = "", [UNIT_SECONDS] = " s", [UNIT_MS] = " ms"
    };
    static const struct {
        uint64_t size;
        const char *name;
    } large[] = { { GIB, " GiB" }, { MIB, " MiB" }, { KIB, " KiB" } };
    for (size_t i = 0; unit == UNIT_BYTES && i < G_N_ELEMENTS (large); i++)
        if (n % large[i].size == 0) {
            g_string_append_printf (out, "%" PRIu64 "%s", n / large[i].size, large[i].name);
            return;
        }
    g_string_append_printf (out, "%" PRIu64 "%s", n, suffixes[unit]);
}

char *limits_markdown (void)
{
    GString *out = g_string_new (NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
        const struct row *row = &rows[i];
        if (row->group) {
            g_string_append_printf (out,
                                    "%s## %s\n\n| limit | of what | beyond it |\n|---|---|---|\n",
                                    i ? "\n" : "", row->group);
            continue;
        }
        g_string_append (out, "| ");
        if (row->option)
            g_string_append_printf (out, "%s (`%s`)", default_of (row->option), row->option);
        else
            append_value (out, row->unit, row->value);
        g_string_append_printf (out, " | %s | %s |\n", row->what, row->beyond);
    }
    return g_string_free (out, FALSE);
}
