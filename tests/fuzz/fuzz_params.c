/* Parameters of any action: decoded, checked, freed. First line: action; second: query; rest: form.
 */
#include <string.h>

#include "api/actions.gen.h"
#include "api/params.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const struct action actions[] = {
    { MODEL_SimpleQuery },
    { MODEL_BatchGetFileMeta },
    { MODEL_CreateProject },
    { MODEL_AddImageMosaic },
};

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup ((const char *) data, size);
    g_auto (GStrv) lines = g_strsplit (text, "\n", 3);
    guint n = g_strv_length (lines);
    g_autofree char *uri = g_strconcat ("/?", n > 1 ? lines[1] : "", NULL);
    const char *body = n > 2 ? lines[2] : "";
    for (size_t i = 0; n && i < G_N_ELEMENTS (actions); i++) {
        if (strcmp (lines[0], actions[i].name) != 0)
            continue;
        struct params p = { 0 };
        struct error e;
        void *values = NULL;
        if (params_decode (uri, "application/x-www-form-urlencoded", (const uint8_t *) body,
                           strlen (body), &p, &e) == ERR_OK &&
            params_bind (&p, &actions[i], &values, &e) == ERR_OK)
            params_free (&actions[i], values);
        params_clear (&p);
    }
    return 0;
}
