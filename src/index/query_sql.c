/* From the checked condition to SQL. The text comes from constants and column names only; values
 * are bound. */
#include "index/query_plan.h"

#include <assert.h>

#include "index/body.h"

/* The key of an object, by its URI ("oss://bucket/key"). */
#define KEY_OF_URI "substr (o.uri, 7 + instr (substr (o.uri, 7), '/'))"

static void clear_value (void *p)
{
    struct query_value *v = p;
    g_free (v->text);
}

struct query_sql query_sql_new (const struct query_run *run)
{
    struct query_sql q = { .text = g_string_new (NULL),
                           .values = g_array_new (FALSE, FALSE, sizeof (struct query_value)),
                           .run = run };
    g_array_set_clear_func (q.values, clear_value);
    return q;
}

void query_sql_clear (struct query_sql *q)
{
    if (q->text)
        g_string_free (q->text, TRUE);
    g_clear_pointer (&q->values, g_array_unref);
    q->text = NULL;
}

void query_sql_add (struct query_sql *q, const char *constant)
{
    g_string_append (q->text, constant);
}

static void add_value (struct query_sql *q, struct query_value v)
{
    g_string_append_c (q->text, '?');
    g_array_append_val (q->values, v);
}

void query_sql_int (struct query_sql *q, int64_t v)
{
    add_value (q, (struct query_value){ .type = VALUE_INT, .number = v });
}

void query_sql_double (struct query_sql *q, double v)
{
    add_value (q, (struct query_value){ .type = VALUE_DOUBLE, .real = v });
}

void query_sql_text (struct query_sql *q, const char *v)
{
    add_value (q, (struct query_value){ .type = VALUE_TEXT, .text = g_strdup (v) });
}

void query_sql_move (struct query_sql *q, struct query_sql *piece)
{
    g_string_append_len (q->text, piece->text->str, (gssize) piece->text->len);
    if (piece->values->len > 0)
        g_array_append_vals (q->values, piece->values->data, piece->values->len);
    q->tables |= piece->tables;
    g_array_set_clear_func (piece->values, NULL); /* the texts have moved */
    query_sql_clear (piece);
}

enum err query_sql_prepare (struct query_sql *q, struct sql *s, struct sql_stmt **ret,
                            struct error *e)
{
    struct sql_stmt *st;
    enum err r = sql_prepare (s, q->text->str, &st, e);
    if (r != ERR_OK)
        return r;
    for (guint i = 0; i < q->values->len; i++) {
        const struct query_value *v = &g_array_index (q->values, struct query_value, i);
        int at = (int) i + 1;
        switch (v->type) {
        case VALUE_INT:
            sql_bind_int (st, at, v->number);
            break;
        case VALUE_DOUBLE:
            sql_bind_double (st, at, v->real);
            break;
        case VALUE_TEXT:
            sql_bind_text (st, at, v->text);
            break;
        }
    }
    *ret = st;
    return ERR_OK;
}

/* ---- Columns ---- */

/* The value of a CONST field. */
static const char *constant_of (const struct file_context *ctx, const struct field *f)
{
    const struct {
        const char *column, *value;
    } constants[] = {
        { "owner_id", ctx->owner_id },
        { "project", ctx->project },
        { "dataset", ctx->dataset },
    };
    size_t i = 0;
    while (strcmp (constants[i].column, f->column) != 0) {
        i++;
        assert (i < G_N_ELEMENTS (constants)); /* each CONST row of fields.def has its value */
    }
    return constants[i].value;
}

void query_sql_column (struct query_sql *q, const struct field *f)
{
    if (f->place == PLACE_CONST) {
        query_sql_text (q, constant_of (q->run->ctx, f));
    } else if (f->place == PLACE_URI) {
        q->tables |= TABLE_OBJECT;
        query_sql_add (q, strcmp (f->column, "uri") == 0 ? "o.uri" : KEY_OF_URI);
    } else if (f->place == PLACE_ARRAY || f->place == PLACE_MAP) {
        query_sql_add (q, "a.value");
    } else {
        bool is_text = field_is_text (f);
        q->tables |= is_text ? TABLE_TEXT : TABLE_FILE;
        query_sql_add (q, is_text ? "t." : q->run->condition ? "+f." : "f.");
        query_sql_add (q, f->column);
        if (f->kind == KIND_GEO)
            query_sql_add (q, "_lat");
    }
}

void query_sql_sort_key (struct query_sql *q, const struct field *f)
{
    if (f->kind == KIND_CODE)
        query_sql_add (q, "(SELECT text FROM code WHERE id = ");
    query_sql_column (q, f);
    if (f->kind == KIND_CODE)
        query_sql_add (q, ")");
}

bool query_is_nullable (const struct field *f)
{
    return f->place == PLACE_META || field_is_text (f);
}

/* ---- Conditions ---- */

/* By characters: UTF-8 sorts by bytes as it does by them, and the result is UTF-8, too. */
char *query_end_of_prefix (const char *prefix)
{
    g_autoptr (GString) end = g_string_new (prefix);
    while (end->len > 0) {
        const char *last = g_utf8_find_prev_char (end->str, end->str + end->len);
        gunichar c = g_utf8_get_char (last);
        g_string_truncate (end, (gsize) (last - end->str));
        if (c == 0x10ffff)
            continue;
        g_string_append_unichar (end, c == 0xd7ff ? 0xe000 : c + 1);
        return g_strdup (end->str);
    }
    return NULL;
}

void query_sql_comparison (struct query_sql *q, const struct field *f, const char *operator,
                           const struct field_value * v)
{
    bool is_equal = strcmp (operator, " = ") == 0;
    query_sql_column (q, f);
    switch (f->kind) {
    case KIND_CODE:
        query_sql_add (q, is_equal ? " = (" : " IN (");
        query_sql_add (q, "SELECT id FROM code WHERE text");
        query_sql_add (q, operator);
        query_sql_text (q, v->text);
        query_sql_add (q, ")");
        break;
    case KIND_INT:
    case KIND_TIME:
        query_sql_add (q, operator);
        query_sql_int (q, v->number);
        break;
    case KIND_FLOAT:
        query_sql_add (q, operator);
        query_sql_double (q, v->real[0]);
        break;
    case KIND_TEXT:
    case KIND_GEO:
        query_sql_add (q, operator);
        query_sql_text (q, v->text);
        break;
    }
}

static void add_prefix (struct query_sql *q, const struct query_node *n)
{
    g_autofree char *end = query_end_of_prefix (n->value.text);
    query_sql_comparison (q, n->field, " >= ", &n->value);
    if (!end)
        return;
    query_sql_add (q, " AND ");
    query_sql_comparison (q, n->field, " < ", &(struct field_value){ .text = end });
}

/* What a text lies in that is in the document only. */
static void add_member (struct query_sql *q, const struct field *f)
{
    q->tables |= TABLE_DOC;
    query_sql_add (q, "json_extract (d.json, '$.");
    query_sql_add (q, f->name);
    query_sql_add (q, "')");
}

static void add_body_match (struct query_sql *q, const struct query_node *n)
{
    g_autofree char *pattern = body_pattern (n->value.text);
    q->tables |= TABLE_FILE;
    query_sql_add (q, "f.id IN (SELECT rowid FROM body_words WHERE body_words MATCH ");
    query_sql_text (q, pattern);
    query_sql_add (q, ")");
}

static void add_code_match (struct query_sql *q, const struct query_node *n)
{
    query_sql_column (q, n->field);
    query_sql_add (q, " IN (SELECT id FROM code WHERE phrase_match (text, ");
    query_sql_text (q, n->value.text);
    query_sql_add (q, "))");
}

static void add_match (struct query_sql *q, const struct query_node *n)
{
    bool is_in_doc = n->field->place == PLACE_DOC;
    if (n->field->place == PLACE_BODY) {
        add_body_match (q, n);
        return;
    }
    if (n->field->kind == KIND_CODE) {
        add_code_match (q, n);
        return;
    }
    if (is_in_doc) {
        query_sql_column (q, n->field);
        query_sql_add (q, " IS NOT NULL AND ");
    }
    query_sql_add (q, "phrase_match (");
    if (is_in_doc)
        add_member (q, n->field);
    else
        query_sql_column (q, n->field);
    query_sql_add (q, ", ");
    query_sql_text (q, n->value.text);
    query_sql_add (q, ")");
}

static void add_comparison (struct query_sql *q, const struct query_node *n)
{
    static const char *const operators[] = { [QUERY_EQ] = " = ",
                                             [QUERY_GT] = " > ",
                                             [QUERY_GTE] = " >= ",
                                             [QUERY_LT] = " < ",
                                             [QUERY_LTE] = " <= " };
    if (n->verb == QUERY_PREFIX) {
        add_prefix (q, n);
    } else if (n->verb == QUERY_MATCH) {
        add_match (q, n);
    } else if (n->verb == QUERY_EXIST) {
        query_sql_column (q, n->field);
        query_sql_add (q, " IS NOT NULL");
    } else {
        query_sql_comparison (q, n->field, operators[n->verb], &n->value);
    }
}

/* A condition on an array holds if it does for one of its members; on a map, for that of the key.
 */
static void add_leaf (struct query_sql *q, const struct query_node *n)
{
    if (n->field->place != PLACE_ARRAY && n->field->place != PLACE_MAP) {
        add_comparison (q, n);
        return;
    }
    q->tables |= TABLE_FILE;
    query_sql_add (q, "f.id IN (SELECT a.id FROM ");
    query_sql_add (q, n->field->column);
    query_sql_add (q, " a WHERE ");
    if (n->key) {
        query_sql_add (q, "a.key = (SELECT id FROM code WHERE text = ");
        query_sql_text (q, n->key);
        query_sql_add (q, ") AND ");
    }
    add_comparison (q, n);
    query_sql_add (q, ")");
}

/* NULL (no value) counts as false. AND and OR keep it so; NOT would not, hence the coalesce. */
void query_sql_condition (struct query_sql *q, const struct query_node *n)
{
    if (!n->children) {
        add_leaf (q, n);
        return;
    }
    query_sql_add (q, n->verb == QUERY_NOT ? "NOT coalesce ((" : "(");
    for (guint i = 0; i < n->children->len; i++) {
        if (i > 0)
            query_sql_add (q, n->verb == QUERY_AND ? ") AND (" : ") OR (");
        else
            query_sql_add (q, "(");
        query_sql_condition (q, n->children->pdata[i]);
    }
    query_sql_add (q, n->verb == QUERY_NOT ? ")), 0)" : "))");
}

/* ---- Tables ---- */

const char *query_id_column (unsigned tables)
{
    return tables & TABLE_OBJECT                           ? "o.id"
           : tables & TABLE_FILE || !(tables & TABLE_TEXT) ? "f.id"
                                                           : "t.id";
}

/* object comes first where it is needed: it has no index by id, all others do. */
void query_sql_from (struct query_sql *q, unsigned tables, const struct field *array)
{
    static const struct {
        enum query_table table;
        const char *first, *joined;
    } rows[] = {
        { TABLE_OBJECT, "object o", NULL },
        { TABLE_FILE, "file f", " CROSS JOIN file f ON f.id = " },
        { TABLE_TEXT, "file_text t", " CROSS JOIN file_text t ON t.id = " },
        { TABLE_DOC, NULL, " LEFT JOIN doc d ON d.id = " },
    };
    if (!(tables & (TABLE_OBJECT | TABLE_FILE | TABLE_TEXT)))
        tables |= TABLE_FILE;
    const char *id = query_id_column (tables);
    query_sql_add (q, " FROM ");
    bool is_first = true;
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
        if (!(tables & rows[i].table))
            continue;
        query_sql_add (q, is_first ? rows[i].first : rows[i].joined);
        if (!is_first)
            query_sql_add (q, id);
        is_first = false;
    }
    if (!array)
        return;
    query_sql_add (q, " CROSS JOIN ");
    query_sql_add (q, array->column);
    query_sql_add (q, " a ON a.id = ");
    query_sql_add (q, id);
}
