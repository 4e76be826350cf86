/* Applies rules.def; see there. */
#include "api/rules.h"

#include <inttypes.h>
#include <string.h>

#include "base/limits.h"
#include "base/macros.h"
#include "base/text.h"

enum check { NAME, BUCKET, LETTERS, CHARS, BYTES, WORDS, RANGE, QUOTA, ITEMS };

struct rule {
    const char *param, *actions;
    enum check check;
    int64_t min, max;
    const char *words;
};

#define RULE(param, actions, check, min, max, words)                                               \
    { #param, actions, check, (int64_t) (min), (int64_t) (max), words },
#define FREE(type, member)
static const struct rule rules[] = {
#include "api/rules.def"
};
#undef RULE
#undef FREE

#define RULE(param, actions, check, min, max, words)
#define FREE(type, member) { #type, member },
static const struct {
    const char *type, *member;
} free_members[] = {
#include "api/rules.def"
};
#undef RULE
#undef FREE

bool rules_is_free (const char *type, const char *member)
{
    for (size_t i = 0; i < N_ELEMENTS (free_members); i++)
        if (strcmp (free_members[i].type, type) == 0 &&
            strcmp (free_members[i].member, member) == 0)
            return true;
    return false;
}

char *rules_shorten (const char *text)
{
    size_t len = strlen (text);
    if (len <= RULES_SHOWN_MAX)
        return g_strdup (text);
    const char *end = g_utf8_find_prev_char (text, text + RULES_SHOWN_MAX + 1);
    return g_strdup_printf ("%.*s...", end ? (int) (end - text) : 0, text);
}

static bool has_word (const char *words, const char *word)
{
    g_auto (GStrv) list = g_strsplit (words, " ", -1);
    return g_strv_contains ((const char *const *) list, word);
}

static const struct rule *find_rule (const char *param, const char *action)
{
    for (size_t i = 0; i < N_ELEMENTS (rules); i++)
        if (strcmp (rules[i].param, param) == 0 &&
            (strcmp (rules[i].actions, "*") == 0 || has_word (rules[i].actions, action)))
            return &rules[i];
    return NULL;
}

static bool is_name (const char *text)
{
    if (!g_ascii_isalpha (*text) && *text != '_')
        return false;
    for (; *text; text++)
        if (!g_ascii_isalnum (*text) && *text != '_' && *text != '-')
            return false;
    return true;
}

static bool is_bucket (const char *text)
{
    size_t len = strlen (text);
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_islower (text[i]) && !g_ascii_isdigit (text[i]) &&
            (text[i] != '-' || i == 0 || i + 1 == len))
            return false;
    return true;
}

static bool is_letters (const char *text, const char *others)
{
    for (; *text; text++)
        if (!g_ascii_isalnum (*text) && !strchr (others, *text))
            return false;
    return true;
}

/* What a value must be, for messages and the reference. */
static char *describe (const struct rule *r)
{
    static const char *const forms[] = {
        [NAME] = " characters, letters, digits, '_' and '-', not beginning with a digit or '-'",
        [BUCKET] = " lower-case letters, digits and inner hyphens",
        [CHARS] = " characters",
        [BYTES] = " bytes",
        [RANGE] = "",
        [QUOTA] = "",
        [ITEMS] = " elements",
    };
    if (r->check == LETTERS)
        return g_strdup_printf ("%" PRId64 " to %" PRId64 " characters, letters and digits%s%s",
                                r->min, r->max, *r->words ? " and " : "", r->words);
    if (r->check == WORDS)
        return g_strdup_printf ("one of: %s", r->words);
    return g_strdup_printf ("%" PRId64 " to %" PRId64 "%s", r->min, r->max, forms[r->check]);
}

static bool holds (const struct rule *r, const char *text, int64_t number, const json_t *json)
{
    int64_t size = 0;
    bool has_form = true;
    switch (r->check) {
    case NAME:
        size = (int64_t) strlen (text);
        has_form = is_name (text);
        break;
    case BUCKET:
        size = (int64_t) strlen (text);
        has_form = is_bucket (text);
        break;
    case LETTERS:
        size = (int64_t) strlen (text);
        has_form = is_letters (text, r->words);
        break;
    case CHARS:
        size = (int64_t) text_utf8_length (text);
        break;
    case BYTES:
        size = (int64_t) strlen (text);
        break;
    case WORDS:
        return has_word (r->words, text);
    case RANGE:
    case QUOTA:
        size = number;
        break;
    case ITEMS:
        size = (int64_t) json_array_size (json);
        break;
    }
    return has_form && size >= r->min && size <= r->max;
}

enum err rules_check (const struct action *action, const struct action_param *param,
                      const char *text, int64_t number, const json_t *json, struct error *e)
{
    const struct rule *r = find_rule (param->name, action->name);
    if (!r || holds (r, text, number, json))
        return ERR_OK;
    g_autofree char *expected = describe (r);
    g_autofree char *shown = rules_shorten (text);
    if (r->check == QUOTA && number > r->max)
        return FAIL_ON (e, LIMIT, param->name,
                        "input quota exceed the max value: %s is %s, expected %s.", param->name,
                        shown, expected);
    return FAIL_ON (e, INVALID_PARAM, param->name,
                    "Specified parameter %s is not valid: '%s', expected %s.", param->name, shown,
                    expected);
}

char *rules_describe (const struct action *action, const struct action_param *param)
{
    const struct rule *r = find_rule (param->name, action->name);
    return r ? describe (r) : g_strdup ("");
}
