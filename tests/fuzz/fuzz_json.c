/* JSON parameters. First line: action and parameter, "SimpleQuery Query"; the rest: its text. */
#include <assert.h>
#include <string.h>

#include "api/actions.gen.h"
#include "api/json.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const struct action actions[] = {
    { MODEL_SimpleQuery },        { MODEL_BatchGetFileMeta }, { MODEL_CreateProject },
    { MODEL_BatchIndexFileMeta }, { MODEL_AddImageMosaic },
};

static void parse (const struct action *action, const char *name, const char *text)
{
    for (size_t i = 0; i < action->n_params; i++) {
        const struct action_param *param = &action->params[i];
        json_t *json = NULL;
        struct error e = { 0 };
        if (param->kind != 'j' || strcmp (param->name, name) != 0)
            continue;
        enum err r = json_param_parse (param, text, &json, &e);
        assert ((r == ERR_OK) == (json != NULL));
        assert (r == ERR_OK || g_utf8_validate (e.message, -1, NULL));
        json_decref (json);
    }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup ((const char *) data, size);
    g_auto (GStrv) lines = g_strsplit (text, "\n", 2);
    g_auto (GStrv) words = g_strsplit (lines[0] ? lines[0] : "", " ", 2);
    for (size_t i = 0; words[0] && words[1] && lines[1] && i < G_N_ELEMENTS (actions); i++)
        if (strcmp (actions[i].name, words[0]) == 0)
            parse (&actions[i], words[1], lines[1]);
    return 0;
}
