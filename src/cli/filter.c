/* The filter language: a lexer of one word ahead and a parser by recursive descent. What a value
 * means is in filter_value.c. */
#include "cli/filter.h"

#include <string.h>
#include <glib.h>

#include "base/text.h"
#include "cli/filter_value.h"
#include "cli/table.h"

#define DEPTH_MAX 32 /* parentheses and nots in each other; the server allows fewer */

enum token { END, WORD, QUOTED, OPERATOR, OPEN, CLOSE };

struct parser {
    const char *text;
    size_t at;    /* where the next token begins to be looked for */
    size_t start; /* of the current token */
    enum token token;
    GString *value; /* of the current token, unescaped */
    unsigned depth;
    size_t *ret_offset;
    struct error *e;
};

#define FAIL_AT(p, offset, ...)                                                                    \
    (*(p)->ret_offset = (offset), FAIL ((p)->e, INVALID_ARGUMENT, __VA_ARGS__))

/* ---- Fields ---- */

#define KIND_TEXT  FILTER_TEXT
#define KIND_CODE  FILTER_TEXT
#define KIND_GEO   FILTER_TEXT
#define KIND_INT   FILTER_NUMBER
#define KIND_FLOAT FILTER_NUMBER
#define KIND_TIME  FILTER_TIME

static const struct {
    const char *name;
    enum filter_kind kind;
} fields[] = {
#define FIELD(name, kind, ...) { #name, KIND_##kind },
#include "index/fields.def"
#undef FIELD
};

static const char *const field_names[] = {
#define FIELD(name, ...) #name,
#include "index/fields.def"
#undef FIELD
    NULL
};

const char *filter_field_name (const char *name)
{
    for (size_t i = 0; field_names[i]; i++)
        if (g_ascii_strcasecmp (field_names[i], name) == 0)
            return field_names[i];
    return NULL;
}

const char *filter_field_nearest (const char *name)
{
    return text_nearest (name, field_names);
}

enum filter_kind filter_field_kind (const char *name)
{
    for (size_t i = 0; field_names[i]; i++)
        if (g_ascii_strcasecmp (fields[i].name, name) == 0)
            return fields[i].kind;
    return FILTER_TEXT;
}

/* ---- Lexer ---- */

static const char *const operators[] = { "!=", ">=", "<=", "^=", "==", "=", ">", "<", "~", "?" };

static enum err lex_quoted (struct parser *p)
{
    char quote = p->text[p->at++];
    while (p->text[p->at] != quote) {
        if (p->text[p->at] == '\\' && p->text[p->at + 1])
            p->at++;
        if (!p->text[p->at])
            return FAIL_AT (p, p->start, "the quote %c is not closed", quote);
        g_string_append_c (p->value, p->text[p->at++]);
    }
    p->at++;
    p->token = QUOTED;
    return ERR_OK;
}

static bool lex_operator (struct parser *p)
{
    for (size_t i = 0; i < N_ELEMENTS (operators); i++) {
        if (!g_str_has_prefix (p->text + p->at, operators[i]))
            continue;
        g_string_assign (p->value, operators[i]);
        p->at += strlen (operators[i]);
        p->token = OPERATOR;
        return true;
    }
    return false;
}

static void lex_word (struct parser *p, const char *ends)
{
    size_t len = strcspn (p->text + p->at, ends);
    g_string_append_len (p->value, p->text + p->at, (gssize) len);
    p->at += len;
    p->token = WORD;
}

/* Moves to the next token. A bare value may hold more characters than a field's name. */
static enum err advance (struct parser *p, bool is_value)
{
    p->at += strspn (p->text + p->at, " \t\r\n");
    p->start = p->at;
    g_string_truncate (p->value, 0);
    char c = p->text[p->at];
    if (!c) {
        p->token = END;
    } else if (c == '(' || c == ')') {
        p->token = c == '(' ? OPEN : CLOSE;
        p->at++;
    } else if (c == '"' || c == '\'') {
        return lex_quoted (p);
    } else if (is_value || !lex_operator (p)) {
        lex_word (p, is_value ? " \t\r\n()\"'" : " \t\r\n()\"'=!<>~^?");
        if (p->at == p->start) /* '!' or '^' alone */
            return FAIL_AT (p, p->start, "'%c' is no operator", c);
    }
    return ERR_OK;
}

static bool is_keyword (const struct parser *p, const char *word)
{
    return p->token == WORD && g_ascii_strcasecmp (p->value->str, word) == 0;
}

/* ---- Parser ---- */

static enum err parse_or (struct parser *p, json_t **ret);

static enum err check_field (struct parser *p, char **ret)
{
    if (p->token != WORD)
        return FAIL_AT (p, p->start,
                        p->token == END ? "the filter ends where a field is expected"
                                        : "a field is expected here");
    const char *word = p->value->str;
    const char *known = filter_field_name (word);
    if (!known && !strchr (word, '.')) {
        const char *nearest = filter_field_nearest (word);
        return nearest ? FAIL_AT (p, p->start, "there is no field '%s'; did you mean %s?", word,
                                  nearest)
                       : FAIL_AT (p, p->start, "there is no field '%s'", word);
    }
    *ret = g_strdup (known ? known : word);
    return ERR_OK;
}

/* Field operator value. */
static enum err parse_comparison (struct parser *p, json_t **ret)
{
    g_autofree char *field = NULL;
    enum err r = check_field (p, &field);
    if (r == ERR_OK)
        r = advance (p, false);
    if (r != ERR_OK)
        return r;
    if (p->token != OPERATOR)
        return FAIL_AT (p, p->start, "an operator is expected after %s: = != > >= < <= ^= ~ or ?",
                        field);
    g_autofree char *operator= g_strdup (p->value->str);
    bool is_exist = strcmp (operator, "?") == 0;
    r = advance (p, !is_exist);
    if (r != ERR_OK)
        return r;
    if (!is_exist && p->token != WORD && p->token != QUOTED)
        return FAIL_AT (p, p->start, "a value is expected after %s", operator);
    struct error why;
    if (filter_leaf (field, operator, p->value->str, ret, &why) != ERR_OK)
        return FAIL_AT (p, p->start, "%s", why.message);
    return is_exist ? ERR_OK : advance (p, false);
}

static enum err parse_parenthesis (struct parser *p, json_t **ret)
{
    size_t open = p->start;
    json_auto_t *inner = NULL;
    enum err r = advance (p, false);
    if (r == ERR_OK)
        r = parse_or (p, &inner);
    if (r != ERR_OK)
        return r;
    if (p->token == END)
        return FAIL_AT (p, open, "this parenthesis is not closed");
    if (p->token != CLOSE)
        return FAIL_AT (p, p->start, "'and', 'or' or ')' is expected here");
    r = advance (p, false);
    if (r == ERR_OK)
        *ret = g_steal_pointer (&inner);
    return r;
}

static enum err parse_unary (struct parser *p, json_t **ret)
{
    if (++p->depth > DEPTH_MAX)
        return FAIL_AT (p, p->start, "the filter is nested too deeply");
    enum err r;
    if (is_keyword (p, "not")) {
        json_auto_t *inner = NULL;
        r = advance (p, false);
        if (r == ERR_OK)
            r = parse_unary (p, &inner);
        if (r == ERR_OK)
            *ret = filter_not (inner);
    } else if (p->token == OPEN) {
        r = parse_parenthesis (p, ret);
    } else {
        r = parse_comparison (p, ret);
    }
    p->depth--;
    return r;
}

/* One or more operands between `keyword`s, as one node with all of them. */
static enum err parse_chain (struct parser *p, const char *keyword,
                             enum err (*operand) (struct parser *, json_t **), json_t **ret)
{
    json_auto_t *all = json_array ();
    for (;;) {
        json_t *one = NULL;
        enum err r = operand (p, &one);
        if (r != ERR_OK)
            return r;
        json_array_append_new (all, one);
        if (!is_keyword (p, keyword))
            break;
        r = advance (p, false);
        if (r != ERR_OK)
            return r;
    }
    *ret = json_array_size (all) == 1
               ? json_incref (json_array_get (all, 0))
               : json_pack ("{s:s, s:O}", "Operation", keyword, "SubQueries", all);
    return ERR_OK;
}

static enum err parse_and (struct parser *p, json_t **ret)
{
    return parse_chain (p, "and", parse_unary, ret);
}

static enum err parse_or (struct parser *p, json_t **ret)
{
    return parse_chain (p, "or", parse_and, ret);
}

static enum err parse_all (struct parser *p, json_t **ret)
{
    enum err r = advance (p, false);
    if (r != ERR_OK || p->token == END)
        return r;
    json_auto_t *query = NULL;
    r = parse_or (p, &query);
    if (r != ERR_OK)
        return r;
    if (p->token == CLOSE)
        return FAIL_AT (p, p->start, "this parenthesis was never opened");
    if (p->token != END)
        return FAIL_AT (p, p->start, "'and' or 'or' is expected here");
    *ret = g_steal_pointer (&query);
    return ERR_OK;
}

enum err filter_parse (const char *text, json_t **ret, size_t *ret_offset, struct error *e)
{
    *ret_offset = 0;
    if (!g_utf8_validate (text, -1, NULL))
        return FAIL (e, INVALID_ARGUMENT, "the filter is not UTF-8");
    g_autoptr (GString) value = g_string_new (NULL);
    struct parser p = { .text = text, .value = value, .ret_offset = ret_offset, .e = e };
    json_t *query = NULL;
    enum err r = parse_all (&p, &query);
    if (r == ERR_OK)
        *ret = query;
    return r;
}

char *filter_point_at (const char *text, size_t offset)
{
    g_autofree char *before_raw = g_strndup (text, offset);
    g_autofree char *before = table_escape (before_raw);
    g_autofree char *line = table_escape (text);
    return g_strdup_printf ("  %s\n  %*s^", line, (int) table_width (before), "");
}
