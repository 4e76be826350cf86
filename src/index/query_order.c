/* What Sort, Order and NextToken say, checked. */
#include "index/query_plan.h"

#include <assert.h>

#include "base/limits.h"

#define TOKEN_VERSION 1

void query_position_free (void *position)
{
    struct query_position *p = position;
    if (!p)
        return;
    json_decref (p->values);
    g_free (p);
}

/* ---- Sort and Order ---- */

static enum err parse_sort (const char *sort, struct query_order *ret, struct error *e)
{
    g_auto (GStrv) names = g_strsplit (sort, ",", LIMIT_QUERY_SORT + 1);
    for (char **name = names; *name; name++) {
        if (ret->n == LIMIT_QUERY_SORT)
            return FAIL_ON (e, INVALID_PARAM, "Sort", "Sort names more than %d fields",
                            LIMIT_QUERY_SORT);
        char text[200];
        const struct field *f = query_find_field (g_strstrip (*name), text, sizeof text);
        if (!f)
            return FAIL_ON (e, INVALID_PARAM, "Sort", "Sort: %s", text);
        if (!f->is_sortable)
            return FAIL_ON (e, INVALID_PARAM, "Sort", "Sort: Field %s cannot be sorted by", *name);
        for (size_t i = 0; i < ret->n; i++)
            if (ret->keys[i].field == f)
                return FAIL_ON (e, INVALID_PARAM, "Sort", "Sort names Field %s twice", *name);
        ret->keys[ret->n++].field = f;
    }
    return ERR_OK;
}

static enum err parse_directions (const char *order, struct query_order *ret, struct error *e)
{
    g_auto (GStrv) names = g_strsplit (order, ",", LIMIT_QUERY_SORT + 1);
    size_t n = g_strv_length (names);
    if (n > ret->n)
        return FAIL_ON (e, INVALID_PARAM, "Order", "Order has %zu directions, but Sort %zu fields",
                        n, ret->n);
    for (size_t i = 0; i < n; i++) {
        const char *name = g_strstrip (names[i]);
        ret->keys[i].descending = strcmp (name, "desc") == 0;
        if (!ret->keys[i].descending && strcmp (name, "asc") != 0)
            return FAIL_ON (e, INVALID_PARAM, "Order", "Order: '%.100s' is neither asc nor desc",
                            name);
    }
    return ERR_OK;
}

/* Keys that cannot tell rows apart any more are left out: constants, and all after the URI. */
static void simplify (struct query_order *order)
{
    size_t n = 0;
    for (size_t i = 0; i < order->n; i++) {
        if (order->keys[i].field->place == PLACE_CONST)
            continue;
        order->keys[n++] = order->keys[i];
        if (strcmp (order->keys[i].field->column, "uri") == 0)
            break;
    }
    order->n = n;
}

enum err query_parse_order (const char *sort, const char *order, struct query_order *ret,
                            struct error *e)
{
    struct query_order o = { .n = 0 };
    bool has_sort = sort && *sort, has_order = order && *order;
    enum err r = has_sort ? parse_sort (sort, &o, e) : ERR_OK;
    if (r == ERR_OK && has_order)
        r = parse_directions (order, &o, e);
    if (r != ERR_OK)
        return r;
    for (size_t i = 0; i < o.n && !has_order; i++)
        o.keys[i].descending = true;
    if (!has_sort)
        o.keys[o.n++].field = field_find ("URI");
    simplify (&o);
    *ret = o;
    return ERR_OK;
}

/* ---- NextToken: base64url of [version, hash of the query, total, id, sort values...] ---- */

/* What must stay the same from page to page. */
static char *hash_of_query (const struct query_run *run)
{
    const struct query *q = run->query;
    json_auto_t *all =
        json_pack ("[O? s s s s s]", q->condition, q->sort ? q->sort : "", q->order ? q->order : "",
                   run->ctx->owner_id, run->ctx->project, run->ctx->dataset);
    assert (all);
    g_autofree char *text = json_dumps (all, JSON_COMPACT | JSON_SORT_KEYS);
    g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
    return g_strndup (hash, 16);
}

char *query_write_token (const struct query_run *run, int64_t total, int64_t id, json_t *values)
{
    g_autofree char *hash = hash_of_query (run);
    json_auto_t *token =
        json_pack ("[i s I I O]", TOKEN_VERSION, hash, (json_int_t) total, (json_int_t) id, values);
    assert (token);
    g_autofree char *text = json_dumps (token, JSON_COMPACT);
    char *base64 = g_base64_encode ((const guchar *) text, strlen (text));
    g_strdelimit (base64, "+", '-');
    g_strdelimit (base64, "/", '_');
    base64[strcspn (base64, "=")] = 0;
    return base64;
}

static json_t *decode_token (const char *token)
{
    size_t len = strlen (token);
    if (len > LIMIT_QUERY_TOKEN ||
        strspn (token, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_") != len)
        return NULL;
    g_autofree char *base64 = g_strconcat (token, "===", NULL);
    base64[len + (4 - len % 4) % 4] = 0;
    g_strdelimit (base64, "-", '+');
    g_strdelimit (base64, "_", '/');
    gsize size;
    g_autofree guchar *text = g_base64_decode (base64, &size);
    return json_loadb ((const char *) text, size, 0, NULL);
}

/* Each value is of the kind that its key sorts by. */
static bool fits (const json_t *values, const struct query_order *order)
{
    if (json_array_size (values) != order->n)
        return false;
    for (size_t i = 0; i < order->n; i++) {
        const json_t *v = json_array_get (values, i);
        const struct field *f = order->keys[i].field;
        bool is_number = f->kind == KIND_INT || f->kind == KIND_TIME;
        if (json_is_null (v)        ? !query_is_nullable (f)
            : f->kind == KIND_FLOAT ? !json_is_real (v)
            : is_number             ? !json_is_integer (v)
                                    : !json_is_string (v))
            return false;
    }
    return true;
}

enum err query_parse_token (const struct query_run *run, const struct query_order *order,
                            struct query_position **ret, struct error *e)
{
    const char *token = run->query->next_token;
    if (!token || !*token) {
        *ret = NULL;
        return ERR_OK;
    }
    json_auto_t *j = decode_token (token);
    int version;
    const char *hash;
    json_int_t total, id;
    json_t *values;
    if (!j || json_unpack (j, "[i s I I o !]", &version, &hash, &total, &id, &values) != 0 ||
        version != TOKEN_VERSION || total < -1 || !json_is_array (values))
        return FAIL_ON (e, INVALID_PARAM, "NextToken",
                        "NextToken is not one that this server gave out");
    g_autofree char *expected = hash_of_query (run);
    if (strcmp (hash, expected) != 0 || !fits (values, order))
        return FAIL_ON (e, INVALID_PARAM, "NextToken",
                        "NextToken belongs to another query: Query, Sort, Order and dataset must "
                        "stay the same from page to page");
    struct query_position *p = g_new0 (struct query_position, 1);
    p->values = json_incref (values);
    p->id = id;
    p->total = total;
    *ret = p;
    return ERR_OK;
}
