/* bindery style: named texts of x-oss-process, kept with a bucket. */
#include "cli/commands.h"

#include <stdio.h>

#include "base/macros.h"
#include "cli/group.h"
#include "cli/table.h"

static json_t *named (char **words)
{
    return json_pack ("{s:s, s:s}", "OSSBucket", words[0], "StyleName", words[1]);
}

static int put (struct client *client, const void *options, char **words)
{
    const struct command_server *o = options;
    json_t *params = named (words);
    json_object_set_new (params, "Content", json_string (words[2]));
    return group_do (client, o, "PutStyle", params, "Stored the style", words[1]);
}

static int get (struct client *client, const void *options, char **words)
{
    const struct command_server *o = options;
    json_auto_t *answer = NULL;
    int status = group_call (client, o, "GetStyle", named (words), &answer);
    if (status == EXIT_DONE && !o->json)
        puts (client_text (json_object_get (answer, "Style"), "Content"));
    return status;
}

static int list (struct client *client, const void *options, char **words)
{
    const struct command_server *o = options;
    struct error e;
    json_auto_t *all = NULL, *params = json_pack ("{s:s}", "OSSBucket", words[0]);
    if (client_list (client, "ListStyles", params, "Styles", &all, &e) != ERR_OK)
        return client_complain (client, &e);
    if (o->json) {
        client_print_json (all);
        return EXIT_DONE;
    }
    _cleanup_table_ struct table *t =
        table_new ((const char *[]){ "STYLE", "UPDATED", "CONTENT", NULL });
    size_t i;
    json_t *style;
    json_array_foreach (all, i, style)
    {
        g_autofree char *updated = client_time (style, "UpdateTime");
        table_add (t, (const char *[]){ client_text (style, "StyleName"), updated,
                                        client_text (style, "Content"), NULL });
    }
    table_print (t);
    return EXIT_DONE;
}

static int delete (struct client *client, const void *options, char **words)
{
    return group_do (client, options, "DeleteStyle", named (words), "Deleted the style", words[1]);
}

static const struct verb verbs[] = {
    { { "style put", "make a style, or give it another text", "BUCKET NAME TEXT", 3, 3,
        group_no_options,
        "TEXT is what a request would ask for itself; it is checked now.\n\n"
        "  bindery style put photos small image/resize,w_200/format,webp\n"
        "  curl 'http://127.0.0.1:8082/photos/cat.jpg?x-oss-process=style/small'\n" },
      sizeof (struct command_server),
      put },
    { { "style get", "print the text of a style", "BUCKET NAME", 2, 2, group_no_options,
        "  bindery style get photos small\n" },
      sizeof (struct command_server),
      get },
    { { "style list", "list the styles of a bucket", "BUCKET", 1, 1, group_no_options,
        "  bindery style list photos\n" },
      sizeof (struct command_server),
      list },
    { { "style delete", "delete a style", "BUCKET NAME", 2, 2, group_no_options,
        "Requests that name it get NoSuchStyle from now on.\n\n"
        "  bindery style delete photos small\n" },
      sizeof (struct command_server),
      delete },
};

static const struct group group = {
    "style",
    "name what images of a bucket are processed by",
    "A style is a text of x-oss-process that requests name, style/NAME, in place of it. A bucket\n"
    "may have 50. What they can say is in docs/reference/processing.md.\n\n"
    "  bindery style put photos small image/resize,w_200/format,webp\n"
    "  bindery style list photos\n",
    verbs,
    N_ELEMENTS (verbs),
};

int cli_style (char **args)
{
    return group_run (&group, args);
}
