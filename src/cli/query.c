/* bindery query. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/filter.h"
#include "cli/query_rows.h"
#include "cli/query_totals.h"
#include "cli/table.h"

#define PAGE_MOST      100 /* of the API */
#define DEFAULT_LIMIT  50
#define DEFAULT_FIELDS "Filename,Size,MediaType,ProduceTime"

struct query_options {
    struct command_server server;
    const char *sort, *limit, *fields;
    struct query_totals totals;
};

static const struct command_option options[] = {
    { "sort", 's', COMMAND_STRING, offsetof (struct query_options, sort), "FIELDS", NULL,
      "comma-separated; a field with - before it goes down" },
    { "limit", 'n', COMMAND_STRING, offsetof (struct query_options, limit), "N", NULL,
      "rows at most (default 50); 0: all" },
    { "fields", 'f', COMMAND_STRING, offsetof (struct query_options, fields), "FIELDS", NULL,
      "columns, comma-separated (default Filename,Size,MediaType,ProduceTime)" },
    { "group", 'g', COMMAND_STRING, offsetof (struct query_options, totals.group), "FIELD", NULL,
      "count the objects for each value of a field" },
    { "sum", 0, COMMAND_LIST, offsetof (struct query_options, totals.sum), "FIELD", NULL,
      "sum of a field; with --group, for each value" },
    { "min", 0, COMMAND_LIST, offsetof (struct query_options, totals.min), "FIELD", NULL,
      "smallest" },
    { "max", 0, COMMAND_LIST, offsetof (struct query_options, totals.max), "FIELD", NULL,
      "largest" },
    { "average", 0, COMMAND_LIST, offsetof (struct query_options, totals.average), "FIELD", NULL,
      "mean" },
    { "count", 0, COMMAND_LIST, offsetof (struct query_options, totals.count), "FIELD", NULL,
      "objects that have the field" },
    { "distinct", 0, COMMAND_LIST, offsetof (struct query_options, totals.distinct), "FIELD", NULL,
      "different values of the field" },
    COMMAND_SERVER_OPTIONS,
    { NULL },
};

static const struct command command = {
    "query",
    "search a dataset",
    "PROJECT DATASET [FILTER]",
    2,
    3,
    options,
    "A filter compares fields: = != > >= < <=, ^= (begins with), ~ (contains the phrase), ? (is\n"
    "there), joined by and, or, not and parentheses. Sizes may have units (10MB, 1.5GiB), times "
    "may\n"
    "be parts of dates (2024, 2024-05, 2024-05-01) and are in UTC; values with spaces are quoted.\n"
    "docs/reference/fields.md lists the fields.\n\n"
    "  bindery query demo photos 'Size > 10MB and MediaType = image' --sort -ProduceTime\n"
    "  bindery query demo photos 'ProduceTime = 2024-05 and not Filename ^= \"trash/\"'\n"
    "  bindery query demo photos 'EXIF ~ Canon' --fields Filename,ImageWidth,EXIF.Model\n"
    "  bindery query demo photos 'Duration > 3600 and MediaType = video' --fields "
    "Filename,Duration\n"
    "  bindery query demo photos 'Artist = \"Jane Doe\" and PageCount > 100'\n"
    "  bindery query demo photos 'DocumentText ~ \"annual report\"'\n"
    "  bindery query demo photos --group MediaType --sum Size\n"
    "  bindery query demo photos --group Labels.LabelName\n"
};

/* Reads the filter into `params`; complains with a caret below the place. */
static int add_filter (json_t *params, const char *text)
{
    json_t *query = NULL;
    size_t offset;
    struct error e;
    if (filter_parse (text, &query, &offset, &e) != ERR_OK) {
        g_autofree char *lines = filter_point_at (text, offset);
        fprintf (stderr, "bindery query: %s\n%s\n", e.message, lines);
        return EXIT_USAGE;
    }
    if (query)
        json_object_set_new (params, "Query", query);
    return EXIT_DONE;
}

static int read_limit (const char *text, int64_t *ret)
{
    *ret = DEFAULT_LIMIT;
    if (text && (!text_parse_i64 (text, ret) || *ret < 0))
        return command_usage (&command, "--limit is '%s', expected a whole number", text);
    return EXIT_DONE;
}

/* Pages until `limit` rows (0: all) are in `files`. */
static int fetch_rows (struct client *c, json_t *params, int64_t limit, json_t *files,
                       int64_t *ret_total)
{
    *ret_total = 0;
    for (;;) {
        int64_t left = limit ? limit - (int64_t) json_array_size (files) : PAGE_MOST;
        json_object_set_new (params, "MaxResults", json_integer (MIN (left, PAGE_MOST)));
        json_auto_t *answer = NULL;
        struct error e;
        if (client_action (c, "SimpleQuery", params, &answer, &e) != ERR_OK)
            return client_complain (c, &e);
        const json_t *page = json_object_get (answer, "Files");
        json_array_extend (files, (json_t *) page);
        *ret_total = json_integer_value (json_object_get (answer, "TotalHits"));
        json_t *token = json_object_get (answer, "NextToken");
        bool is_full = limit && json_array_size (files) >= (size_t) limit;
        if (is_full || !json_string_length (token) || !json_array_size (page))
            return EXIT_DONE;
        json_object_set (params, "NextToken", token);
    }
}

static void print_rows (const json_t *files, char **columns, int64_t total)
{
    g_autofree char *all = table_number (total);
    if (json_array_size (files))
        query_print_rows (files, columns);
    fflush (stdout); /* the note comes last */
    if (!total)
        fputs ("Nothing found.\n", stderr);
    else if ((int64_t) json_array_size (files) < total)
        fprintf (stderr, "%zu of %s; --limit 0 shows all.\n", json_array_size (files), all);
}

/* Columns as the protocol spells them. */
static char **read_columns (const char *text)
{
    char **columns = g_strsplit (text, ",", -1);
    for (char **c = columns; *c; c++) {
        const char *known = filter_field_name (g_strstrip (*c));
        if (known) {
            g_free (*c);
            *c = g_strdup (known);
        }
    }
    return columns;
}

static int run_rows (struct client *c, json_t *params, const struct query_options *o, int64_t limit)
{
    g_auto (GStrv) columns = read_columns (o->fields ? o->fields : DEFAULT_FIELDS);
    if (o->fields || !o->server.json)
        json_object_set_new (params, "WithFields", query_with_fields (columns));
    if (o->sort) {
        g_autofree char *sort = NULL;
        g_autofree char *order = NULL;
        query_split_sort (o->sort, &sort, &order);
        json_object_set_new (params, "Sort", json_string (sort));
        json_object_set_new (params, "Order", json_string (order));
    }
    json_auto_t *files = json_array ();
    int64_t total;
    int status = fetch_rows (c, params, limit, files, &total);
    if (status != EXIT_DONE)
        return status;
    json_auto_t *doc = json_pack ("{s:O, s:I}", "Files", files, "TotalHits", (json_int_t) total);
    if (o->server.json)
        client_print_json (doc);
    else
        print_rows (files, columns, total);
    return EXIT_DONE;
}

static int run (const struct query_options *o, char **words)
{
    json_auto_t *params =
        json_pack ("{s:s, s:s}", "ProjectName", words[0], "DatasetName", words[1]);
    if (!params)
        return command_usage (&command, "names must be UTF-8");
    int64_t limit;
    int status = read_limit (o->limit, &limit);
    if (status == EXIT_DONE && words[2])
        status = add_filter (params, words[2]);
    if (status != EXIT_DONE)
        return status;
    _cleanup_client_ struct client *client = NULL;
    struct error e;
    if (client_open (&o->server, &client, &e) != ERR_OK)
        return client_complain (NULL, &e);
    if (query_totals_wanted (&o->totals))
        return query_totals_run (client, params, &o->totals, limit, o->server.json);
    return run_rows (client, params, o, limit);
}

int cli_query (char **args)
{
    struct query_options o = { 0 };
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    int status;
    if (command_parse (&command, args, &o, words, &status))
        status = run (&o, (char **) words->pdata);
    command_clear (&command, &o);
    return status;
}
