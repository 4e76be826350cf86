/* Values of the filter language: numbers with units, parts of dates, and the nodes they make. */
#include "cli/filter_value.h"

#include <math.h>
#include <string.h>
#include <glib.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/filter.h"

static const struct {
    const char *text, *operation;
} operations[] = {
    { "=", "eq" },   { "==", "eq" },     { ">", "gt" },           { ">=", "gte" },  { "<", "lt" },
    { "<=", "lte" }, { "^=", "prefix" }, { "~", "match-phrase" }, { "?", "exist" },
};

static const struct {
    const char *name;
    double factor;
} units[] = {
    { "k", 0x1p10 },   { "M", 0x1p20 },   { "G", 0x1p30 },   { "T", 0x1p40 }, { "KiB", 0x1p10 },
    { "MiB", 0x1p20 }, { "GiB", 0x1p30 }, { "TiB", 0x1p40 }, { "kB", 1e3 },   { "MB", 1e6 },
    { "GB", 1e9 },     { "TB", 1e12 },    { "B", 1 },
};

static const char *find_operation (const char *operator)
{
    for (size_t i = 0; i < N_ELEMENTS (operations); i++)
        if (strcmp (operations[i].text, operator) == 0)
            return operations[i].operation;
    return NULL;
}

static json_t *make_leaf (const char *field, const char *operation, const char *value)
{
    return json_pack ("{s:s, s:s, s:s*}", "Field", field, "Operation", operation, "Value", value);
}

static json_t *make_time_leaf (const char *field, const char *operation, int64_t ns)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format (ns, 0, text);
    return make_leaf (field, operation, text);
}

json_t *filter_not (json_t *inner)
{
    return json_pack ("{s:s, s:[O]}", "Operation", "not", "SubQueries", inner);
}

bool filter_parse_number (const char *text, char **ret)
{
    size_t len = strspn (text, "0123456789.-+");
    g_autofree char *digits = g_strndup (text, len);
    double value;
    if (!text_parse_double (digits, &value))
        return false;
    if (!text[len]) { /* as it is: no digit may get lost */
        *ret = g_steal_pointer (&digits);
        return true;
    }
    for (size_t i = 0; i < N_ELEMENTS (units); i++) {
        if (g_ascii_strcasecmp (units[i].name, text + len) != 0)
            continue;
        double product = value * units[i].factor;
        if (fabs (product) > 9e15) /* beyond, doubles skip whole numbers */
            return false;
        *ret = g_strdup_printf ("%.0f", product);
        return true;
    }
    return false;
}

/* Two (or four) digits and what may follow them. */
static bool read_digits (const char **text, unsigned count, int *ret)
{
    int value = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!g_ascii_isdigit (**text))
            return false;
        value = value * 10 + (*(*text)++ - '0');
    }
    *ret = value;
    return true;
}

/* Parts of "2024-05-01T12:30:59", most significant first; *ret_n says how many are there. */
static bool read_parts (const char *text, int parts[6], unsigned *ret_n)
{
    static const char before[] = "\0--T::";
    unsigned n = 0;
    while (n < 6 && *text) {
        bool is_t = before[n] == 'T' && (*text == ' ' || *text == 't');
        if (n && !is_t && *text != before[n])
            return false;
        text += n > 0;
        if (!read_digits (&text, n ? 2 : 4, &parts[n]))
            return false;
        n++;
    }
    *ret_n = n;
    return n > 0 && !*text;
}

bool filter_parse_time (const char *text, int64_t *ret_from, int64_t *ret_to)
{
    if (clock_parse (text, ret_from, NULL)) {
        *ret_to = *ret_from;
        return true;
    }
    int parts[6] = { 0, 1, 1, 0, 0, 0 };
    unsigned n;
    if (!read_parts (text, parts, &n))
        return false;
    if (!clock_from_civil (parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], ret_from))
        return false;
    static const int64_t seconds[] = { 0, 0, 0, 86400, 3600, 60, 1 };
    if (n >= 3) {
        *ret_to = *ret_from + seconds[n] * 1000000000;
        return true;
    }
    int month = n == 1 || parts[1] == 12 ? 1 : parts[1] + 1;
    int year = parts[0] + (n == 1 || parts[1] == 12);
    return clock_from_civil (year, month, 1, 0, 0, 0, ret_to);
}

/* A part of a date means a span, so = is "from ... and before ...", and > is "from its end on". */
static enum err time_leaf (const char *field, const char *operation, const char *value,
                           json_t **ret, struct error *e)
{
    int64_t from, to;
    if (!filter_parse_time (value, &from, &to))
        return FAIL (e, INVALID_ARGUMENT,
                     "'%s' is no time for %s; expected 2024, 2024-05, 2024-05-01, "
                     "2024-05-01T12:30 or all of RFC 3339",
                     value, field);
    bool is_span = from != to;
    if (is_span && strcmp (operation, "eq") == 0)
        *ret = json_pack ("{s:s, s:[o, o]}", "Operation", "and", "SubQueries",
                          make_time_leaf (field, "gte", from), make_time_leaf (field, "lt", to));
    else if (is_span && strcmp (operation, "gt") == 0)
        *ret = make_time_leaf (field, "gte", to);
    else if (is_span && strcmp (operation, "lte") == 0)
        *ret = make_time_leaf (field, "lt", to);
    else
        *ret = make_time_leaf (field, operation, from);
    return ERR_OK;
}

static enum err number_leaf (const char *field, const char *operation, const char *value,
                             json_t **ret, struct error *e)
{
    g_autofree char *number = NULL;
    if (!filter_parse_number (value, &number))
        return FAIL (e, INVALID_ARGUMENT,
                     "'%s' is no number for %s; expected one such as 640, 10MB or 1.5GiB", value,
                     field);
    *ret = make_leaf (field, operation, number);
    return ERR_OK;
}

enum err filter_leaf (const char *field, const char *operator, const char * value, json_t **ret,
                      struct error *e)
{
    if (strcmp (operator, "!=") == 0) {
        json_auto_t *equal = NULL;
        enum err r = filter_leaf (field, "=", value, &equal, e);
        if (r == ERR_OK)
            *ret = filter_not (equal);
        return r;
    }
    const char *operation = find_operation (operator);
    if (strcmp (operation, "exist") == 0) {
        *ret = make_leaf (field, operation, NULL);
        return ERR_OK;
    }
    switch (filter_field_kind (field)) {
    case FILTER_NUMBER:
        return number_leaf (field, operation, value, ret, e);
    case FILTER_TIME:
        return time_leaf (field, operation, value, ret, e);
    case FILTER_TEXT:
        break;
    }
    *ret = make_leaf (field, operation, value);
    return ERR_OK;
}
