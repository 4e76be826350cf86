/* Conditions of policies: reads and judges them by the tables of conditions.def. What is known of a
 * request is text; each kind of operator makes of it what it compares. */
#include "auth/conditions.h"

#include <string.h>
#include <glib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/net.h"
#include "base/text.h"

enum kind { TEXT, NUMBER, TIME, TRUTH, ADDRESS };

/* How values are compared; those of numbers and times may be joined. */
enum relation {
    LESS = 1 << 0,
    EQUAL = 1 << 1,
    GREATER = 1 << 2,
    SAME_LETTERS = 1 << 3, /* letter case, of A to Z, does not count */
    LIKE = 1 << 4,
};

struct operand {
    char *text; /* as it was given */
    union {
        double number;
        int64_t time_ns;
        bool truth;
        struct net_block block;
    };
};

/* What is known of a request, or NULL if it is not known. */
struct fact {
    const char *text;
    char buffer[LIMIT_POLICY_FACT + 1];
};

struct condition_operator {
    const char *name;
    enum kind kind;
    unsigned relation;
    bool is_negated;
};

struct condition_key {
    const char *name;
    enum kind kind;
    void (*get) (const struct policy_facts *facts, struct fact *ret);
};

static void source_ip (const struct policy_facts *facts, struct fact *ret)
{
    ret->text = facts->source_ip;
}

/* In whole seconds, as times are written in policies, so that DateEquals can be true. */
static void current_time (const struct policy_facts *facts, struct fact *ret)
{
    clock_format (facts->now_ns, 0, ret->buffer);
    g_strlcpy (ret->buffer + strlen ("2026-01-31T12:00:00"), "Z", 2);
    ret->text = ret->buffer;
}

static void secure_transport (const struct policy_facts *facts, struct fact *ret)
{
    ret->text = facts->is_secure ? "true" : "false";
}

static void mfa_present (UNUSED const struct policy_facts *facts, struct fact *ret)
{
    ret->text = "false";
}

static void user_agent (const struct policy_facts *facts, struct fact *ret)
{
    if (!facts->user_agent)
        return;
    g_strlcpy (ret->buffer, facts->user_agent, sizeof ret->buffer);
    ret->text = ret->buffer;
}

static const struct condition_operator operators[] = {
#define OPERATOR(name, kind, relation, is_negated) { #name, kind, relation, is_negated },
#define KEY(name, kind, get)
#include "auth/conditions.def"
#undef OPERATOR
#undef KEY
};

static const struct condition_key keys[] = {
#define OPERATOR(name, kind, relation, is_negated)
#define KEY(name, kind, get) { name, kind, get },
#include "auth/conditions.def"
#undef OPERATOR
#undef KEY
};

static bool parse_text (UNUSED const char *text, UNUSED struct operand *ret)
{
    return true;
}

static bool parse_number (const char *text, struct operand *ret)
{
    return text_parse_double (text, &ret->number);
}

static bool parse_time (const char *text, struct operand *ret)
{
    return clock_parse (text, &ret->time_ns, NULL);
}

static bool parse_truth (const char *text, struct operand *ret)
{
    ret->truth = g_ascii_strcasecmp (text, "true") == 0;
    return ret->truth || g_ascii_strcasecmp (text, "false") == 0;
}

static bool parse_address (const char *text, struct operand *ret)
{
    return net_parse_block (text, &ret->block);
}

static bool text_fits (const char *fact, const struct operand *o, unsigned relation)
{
    if (relation == LIKE)
        return text_glob_match (o->text, fact);
    return (relation == SAME_LETTERS ? g_ascii_strcasecmp (fact, o->text)
                                     : strcmp (fact, o->text)) == 0;
}

static unsigned order (bool is_less, bool is_greater)
{
    return is_less ? LESS : is_greater ? GREATER : EQUAL;
}

static bool number_fits (const char *fact, const struct operand *o, unsigned relation)
{
    struct operand known;
    return parse_number (fact, &known) &&
           (relation & order (known.number<o->number, known.number> o->number));
}

static bool time_fits (const char *fact, const struct operand *o, unsigned relation)
{
    struct operand known;
    return parse_time (fact, &known) &&
           (relation & order (known.time_ns<o->time_ns, known.time_ns> o->time_ns));
}

static bool truth_fits (const char *fact, const struct operand *o, UNUSED unsigned relation)
{
    struct operand known;
    return parse_truth (fact, &known) && known.truth == o->truth;
}

static bool address_fits (const char *fact, const struct operand *o, UNUSED unsigned relation)
{
    struct net_address known;
    return net_parse_address (fact, &known) && net_contains (&o->block, &known);
}

static const struct {
    const char *name;
    bool (*parse) (const char *text, struct operand *ret);
    bool (*fits) (const char *fact, const struct operand *o, unsigned relation);
} kinds[] = {
    [TEXT] = { "a text", parse_text, text_fits },
    [NUMBER] = { "a number", parse_number, number_fits },
    [TIME] = { "a time like 2026-01-31T12:00:00Z", parse_time, time_fits },
    [TRUTH] = { "true or false", parse_truth, truth_fits },
    [ADDRESS] = { "an address or a block like 192.0.2.0/24", parse_address, address_fits },
};

static enum err find_operator (const char *path, const char *name,
                               const struct condition_operator **ret, struct error *e)
{
    const char *names[N_ELEMENTS (operators) + 1] = { NULL };
    for (size_t i = 0; i < N_ELEMENTS (operators); i++) {
        names[i] = operators[i].name;
        if (strcmp (name, operators[i].name) == 0) {
            *ret = &operators[i];
            return ERR_OK;
        }
    }
    const char *nearest = text_nearest (name, names);
    return FAIL (e, INVALID_ARGUMENT, "%s: there is no such operator%s%s%s", path,
                 nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : ".");
}

static enum err find_key (const char *path, const char *name, const struct condition_operator *op,
                          const struct condition_key **ret, struct error *e)
{
    const char *colon = strchr (name, ':');
    if (!colon || colon == name || !colon[1])
        return FAIL (e, INVALID_ARGUMENT,
                     "%s: a key has a service and a name, as acs:SourceIp has.", path);
    *ret = NULL;
    for (size_t i = 0; i < N_ELEMENTS (keys); i++)
        if (g_ascii_strcasecmp (name, keys[i].name) == 0)
            *ret = &keys[i];
    enum kind kind = *ret ? (*ret)->kind : TEXT;
    if (kind == op->kind || kind == TEXT || op->kind == TEXT)
        return ERR_OK;
    return FAIL (e, INVALID_ARGUMENT, "%s: %s compares %s, but the key is %s.", path, op->name,
                 kinds[op->kind].name, kinds[kind].name);
}

enum err condition_count (const char *path, const json_t *values, size_t *ret, struct error *e)
{
    size_t n = json_is_array (values) ? json_array_size (values) : 1;
    if (n == 0)
        return FAIL (e, INVALID_ARGUMENT, "%s: the list is empty.", path);
    if (n > LIMIT_POLICY_VALUES)
        return FAIL (e, LIMIT, "%s: more than %d values.", path, LIMIT_POLICY_VALUES);
    *ret = n;
    return ERR_OK;
}

const json_t *condition_at (const json_t *values, size_t i)
{
    return json_is_array (values) ? json_array_get (values, i) : values;
}

enum err condition_mismatch (const char *path, size_t i, const char *text, const char *wanted,
                             struct error *e)
{
    const char *quote = text ? "'" : "";
    return FAIL (e, INVALID_ARGUMENT, "%s[%zu]: %s%.64s%s is not %s.", path, i, quote,
                 text ? text : "it", quote, wanted);
}

/* NULL for what cannot be a value of that kind. */
static char *text_of (const json_t *value, enum kind kind)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    if (json_is_string (value))
        return g_strdup (json_string_value (value));
    if (json_is_number (value) && kind == NUMBER)
        return g_strdup (g_ascii_dtostr (number, sizeof number, json_number_value (value)));
    if (json_is_boolean (value) && kind == TRUTH)
        return g_strdup (json_is_true (value) ? "true" : "false");
    return NULL;
}

static enum err parse_operands (const char *path, const json_t *values, struct condition *c,
                                struct error *e)
{
    enum kind kind = c->operator->kind;
    size_t n;
    enum err r = condition_count (path, values, &n, e);
    if (r != ERR_OK)
        return r;
    if (kind == TRUTH && n > 1)
        return FAIL (e, INVALID_ARGUMENT, "%s: more than one value of true and false.", path);
    c->operands = g_new0 (struct operand, n);
    for (; c->n_operands < n; c->n_operands++) {
        struct operand *o = &c->operands[c->n_operands];
        g_autofree char *text = text_of (condition_at (values, c->n_operands), kind);
        if (!text || !kinds[kind].parse (text, o))
            return condition_mismatch (path, c->n_operands, text, kinds[kind].name, e);
        o->text = g_steal_pointer (&text);
    }
    return ERR_OK;
}

enum err condition_parse (const char *path, const char *operator, const char * key,
                          const json_t *values, struct condition *ret, struct error *e)
{
    struct condition c = { 0 };
    g_autofree char *of_operator = g_strdup_printf ("%s.%.64s", path, operator);
    g_autofree char *of_key = g_strdup_printf ("%s.%.64s", of_operator, key);
    enum err r = find_operator (of_operator, operator, & c.operator, e);
    if (r == ERR_OK)
        r = find_key (of_key, key, c.operator, & c.key, e);
    if (r == ERR_OK)
        r = parse_operands (of_key, values, &c, e);
    if (r == ERR_OK)
        *ret = c;
    else
        condition_clear (&c);
    return r;
}

void condition_clear (struct condition *c)
{
    for (size_t i = 0; i < c->n_operands; i++)
        g_free (c->operands[i].text);
    g_free (c->operands);
}

bool condition_holds (const struct condition *c, const struct policy_facts *facts)
{
    const struct condition_operator *op = c->operator;
    struct fact fact;
    fact.text = NULL;
    if (c->key)
        c->key->get (facts, &fact);
    bool fits = false;
    for (size_t i = 0; fact.text && !fits && i < c->n_operands; i++)
        fits = kinds[op->kind].fits (fact.text, &c->operands[i], op->relation);
    return fits != op->is_negated;
}
