/* The condition of a query: from JSON to a tree in which every field, operator and value is known
 * to fit. Nothing here knows SQL. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "index/phrase.h"
#include "index/query_plan.h"

static const struct operation {
    const char *name;
    enum query_verb verb;
    unsigned needs; /* of the field's operators; 0: takes SubQueries */
} operations[] = {
    { "and", QUERY_AND, 0 },
    { "or", QUERY_OR, 0 },
    { "not", QUERY_NOT, 0 },
    { "eq", QUERY_EQ, OPERATOR_EQ },
    { "gt", QUERY_GT, OPERATOR_RANGE },
    { "gte", QUERY_GTE, OPERATOR_RANGE },
    { "lt", QUERY_LT, OPERATOR_RANGE },
    { "lte", QUERY_LTE, OPERATOR_RANGE },
    { "prefix", QUERY_PREFIX, OPERATOR_PREFIX },
    { "match-phrase", QUERY_MATCH, OPERATOR_MATCH },
    { "exist", QUERY_EXIST, OPERATOR_EXIST },
    { "nested", QUERY_LATER, 0 },
    { "geo-distance", QUERY_LATER, 0 },
    { "geo-bounding-box", QUERY_LATER, 0 },
    { "geo-polygon", QUERY_LATER, 0 },
};

static const struct {
    unsigned bit;
    const char *names;
} aggregation_names[] = {
    { AGGREGATE_NUMBERS, "min, max, average, sum" },
    { AGGREGATE_COUNTS, "count, distinct, group" },
};

struct parser {
    GString *path; /* of the node: "Query.SubQueries[1]" */
    unsigned nodes, depth;
    struct error *e;
};

#define FAIL_AT(p, member, format, ...)                                                            \
    FAIL_ON ((p)->e, QUERY, "Query", "%s" member ": " format, (p)->path->str, __VA_ARGS__)

void query_node_free (void *p)
{
    struct query_node *node = p;
    if (!node)
        return;
    g_clear_pointer (&node->children, g_ptr_array_unref);
    g_free ((char *) node->value.text);
    g_free (node->key);
    g_free (node);
}

static const char *join_names (GString *names, char *buf, size_t size)
{
    g_strlcpy (buf, names->len ? names->str : "none", size);
    g_string_free (names, TRUE);
    return buf;
}

static void add_name (GString *names, const char *name)
{
    if (names->len)
        g_string_append (names, ", ");
    g_string_append (names, name);
}

const char *query_operators_text (const struct field *f, char *buf, size_t size)
{
    GString *names = g_string_new (NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (operations); i++)
        if (f->operators & operations[i].needs)
            add_name (names, operations[i].name);
    return join_names (names, buf, size);
}

const char *query_aggregations_text (const struct field *f, char *buf, size_t size)
{
    GString *names = g_string_new (NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (aggregation_names); i++)
        if (f->aggregations & aggregation_names[i].bit)
            add_name (names, aggregation_names[i].names);
    return join_names (names, buf, size);
}

bool query_is_file_member (const char *name, size_t len)
{
    static const char *const members[] = {
#include "index/file_members.gen.h"
    };
    for (size_t i = 0; i < G_N_ELEMENTS (members); i++)
        if (strlen (members[i]) == len && memcmp (members[i], name, len) == 0)
            return true;
    return false;
}

const struct field *query_find_field (const char *name, char *buf, size_t size)
{
    const struct field *f = field_find (name);
    if (!f)
        f = field_find_map (name);
    if (f)
        return f;
    if (query_is_file_member (name, strcspn (name, ".")))
        g_snprintf (buf, size, "field '%.100s' is not supported in queries yet", name);
    else
        g_snprintf (buf, size, "there is no field '%.100s'", name);
    return NULL;
}

/* The Value as text: a string on the wire, but numbers and booleans are taken too. */
static enum err value_text (struct parser *p, const json_t *value, char **ret)
{
    if (json_is_string (value)) {
        size_t len = json_string_length (value);
        if (len > LIMIT_QUERY_VALUE)
            return FAIL_AT (p, ".Value", "%zu bytes, over the limit of %llu", len,
                            LIMIT_QUERY_VALUE);
        if (strlen (json_string_value (value)) != len)
            return FAIL_AT (p, ".Value", "%s", "holds a NUL character");
        *ret = g_strdup (json_string_value (value));
    } else if (json_is_boolean (value)) {
        *ret = g_strdup (json_is_true (value) ? "true" : "false");
    } else if (json_is_number (value)) {
        g_autofree char *text = json_dumps (value, JSON_ENCODE_ANY);
        *ret = g_strdup (text);
    } else {
        return FAIL_AT (p, ".Value", "%s", value ? "must be a string" : "is missing");
    }
    return ERR_OK;
}

/* Reads the text as what the field holds; takes it. */
static enum err convert (struct parser *p, const struct query_node *n, char *text_take,
                         struct field_value *ret)
{
    g_autofree char *text = text_take;
    const char *name = n->field->name;
    struct field_value v = { .is_set = true };
    switch (n->field->kind) {
    case KIND_INT:
        if (!text_parse_i64 (text, &v.number))
            return FAIL_AT (p, ".Value", "'%.100s' is not an integer (Field %s)", text, name);
        break;
    case KIND_FLOAT:
        if (!text_parse_double (text, &v.real[0]))
            return FAIL_AT (p, ".Value", "'%.100s' is not a number (Field %s)", text, name);
        break;
    case KIND_TIME:
        if (!clock_parse (text, &v.number, NULL))
            return FAIL_AT (p, ".Value",
                            "'%.100s' is not a time like 2021-06-29T14:50:13+08:00 (Field %s)",
                            text, name);
        break;
    case KIND_GEO:
    case KIND_TEXT:
    case KIND_CODE:
        break;
    }
    v.text = g_steal_pointer (&text);
    *ret = v;
    return ERR_OK;
}

/* Checks that only the value itself can tell. */
static enum err check_value (struct parser *p, const struct query_node *n)
{
    const char *text = n->value.text;
    if (strcmp (n->field->name, "ObjectStatus") == 0) {
        for (unsigned i = 0; file_status_name (i); i++)
            if (strcmp (file_status_name (i), text) == 0)
                return ERR_OK;
        return FAIL_AT (p, ".Value",
                        "'%.100s' is no ObjectStatus: there are Indexed, Failed and Pending", text);
    }
    if (n->verb == QUERY_MATCH) {
        struct phrase *phrase = phrase_new (text, strlen (text));
        bool is_empty = phrase_is_empty (phrase);
        phrase_free (phrase);
        if (is_empty)
            return FAIL_AT (p, ".Value", "'%.100s' has no letter or digit to look for", text);
    }
    return ERR_OK;
}

static enum err parse_leaf (struct parser *p, const json_t *j, const struct operation *op,
                            struct query_node *n)
{
    if (json_array_size (json_object_get (j, "SubQueries")) > 0)
        return FAIL_AT (p, ".SubQueries", "Operation %s takes none", op->name);
    const char *name = json_string_value (json_object_get (j, "Field"));
    if (!name || !*name)
        return FAIL_AT (p, ".Field", "%s", name ? "is empty" : "is missing or not a string");
    char text[200];
    n->field = query_find_field (name, text, sizeof text);
    if (!n->field)
        return FAIL_AT (p, ".Field", "%s", text);
    if (n->field->place == PLACE_MAP) {
        const char *key = name + strlen (n->field->name);
        if (strlen (key) < 2)
            return FAIL_AT (p, ".Field", "%s has members: name one of them, as in %s.KEY",
                            n->field->name, n->field->name);
        n->key = field_map_key (n->field, key + 1);
    }
    if (!(n->field->operators & op->needs))
        return FAIL_AT (p, ".Operation", "%s is not allowed for Field %s, which takes: %s",
                        op->name, name, query_operators_text (n->field, text, sizeof text));
    if (n->verb == QUERY_EXIST)
        return ERR_OK;
    char *value = NULL;
    enum err r = value_text (p, json_object_get (j, "Value"), &value);
    if (r == ERR_OK)
        r = convert (p, n, value, &n->value);
    return r == ERR_OK ? check_value (p, n) : r;
}

static enum err parse_node (struct parser *p, const json_t *j, struct query_node **ret);

static enum err parse_children (struct parser *p, const json_t *j, const struct operation *op,
                                struct query_node *n)
{
    const json_t *list = json_object_get (j, "SubQueries");
    if (list && !json_is_array (list) && !json_is_null (list))
        return FAIL_AT (p, ".SubQueries", "%s", "must be an array");
    size_t count = json_array_size (list);
    if (count == 0)
        return FAIL_AT (p, ".SubQueries", "Operation %s needs at least one", op->name);
    if (count > LIMIT_QUERY_CONDITIONS)
        return FAIL_AT (p, ".SubQueries", "%zu conditions, at most %d are allowed", count,
                        LIMIT_QUERY_CONDITIONS);
    if (++p->depth > LIMIT_QUERY_DEPTH)
        return FAIL_AT (p, ".SubQueries", "nested deeper than %d levels", LIMIT_QUERY_DEPTH);
    n->children = g_ptr_array_new_with_free_func (query_node_free);
    size_t path_len = p->path->len;
    for (size_t i = 0; i < count; i++) {
        struct query_node *child;
        g_string_append_printf (p->path, ".SubQueries[%zu]", i);
        enum err r = parse_node (p, json_array_get (list, i), &child);
        if (r != ERR_OK)
            return r;
        g_ptr_array_add (n->children, child);
        g_string_truncate (p->path, path_len);
    }
    p->depth--;
    return ERR_OK;
}

static enum err find_operation (struct parser *p, const json_t *j, const struct operation **ret)
{
    const char *name = json_string_value (json_object_get (j, "Operation"));
    if (!name)
        return FAIL_AT (p, ".Operation", "%s", "is missing or not a string");
    for (size_t i = 0; i < G_N_ELEMENTS (operations); i++) {
        if (strcmp (operations[i].name, name) != 0)
            continue;
        if (operations[i].verb == QUERY_LATER)
            return FAIL_AT (p, ".Operation", "%s is not supported yet", name);
        *ret = &operations[i];
        return ERR_OK;
    }
    return FAIL_AT (p, ".Operation",
                    "'%.100s' is none of and, or, not, eq, gt, gte, lt, lte, prefix, match-phrase, "
                    "exist",
                    name);
}

static enum err parse_node (struct parser *p, const json_t *j, struct query_node **ret)
{
    if (!json_is_object (j))
        return FAIL_AT (p, "", "%s", "must be an object with Field, Operation and Value");
    if (++p->nodes > LIMIT_QUERY_NODES)
        return FAIL_AT (p, "", "a query has at most %d conditions", LIMIT_QUERY_NODES);
    const struct operation *op = NULL;
    enum err r = find_operation (p, j, &op);
    if (r != ERR_OK)
        return r;
    _cleanup_node_ struct query_node *n = g_new0 (struct query_node, 1);
    n->verb = op->verb;
    r = op->needs ? parse_leaf (p, j, op, n) : parse_children (p, j, op, n);
    if (r == ERR_OK)
        *ret = g_steal_pointer (&n);
    return r;
}

enum err query_parse (const json_t *condition, struct query_node **ret, struct error *e)
{
    bool is_empty = json_is_object (condition) && json_object_size (condition) == 0;
    if (!condition || json_is_null (condition) || is_empty) {
        *ret = NULL;
        return ERR_OK;
    }
    g_autoptr (GString) path = g_string_new ("Query");
    struct parser p = { .path = path, .e = e };
    return parse_node (&p, condition, ret);
}
