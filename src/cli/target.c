/* Commands about one binding: from words to a call. */
#include "cli/target.h"

#include <stdio.h>
#include <string.h>

char *target_uri (const char *bucket)
{
    const char *scheme = strstr (bucket, "://");
    char *uri = scheme ? g_strdup (bucket) : g_strconcat ("oss://", bucket, NULL);
    size_t len = strlen (uri);
    if (len > strlen ("oss://") && uri[len - 1] == '/') /* as completion of a path leaves it */
        uri[len - 1] = '\0';
    return uri;
}

static int check_target (const struct command *c, const struct target *t)
{
    if (!t->project)
        return command_usage (c, "--project is missing (or set BINDERY_PROJECT)");
    if (!t->dataset)
        return command_usage (c, "--dataset is missing (or set BINDERY_DATASET)");
    return EXIT_DONE;
}

bool target_open (const struct command *c, const struct target *t, const char *bucket,
                  struct client **ret_client, json_t **ret_params, int *ret_exit)
{
    *ret_exit = check_target (c, t);
    if (*ret_exit != EXIT_DONE)
        return false;
    struct error e;
    if (client_open (&t->server, ret_client, &e) != ERR_OK) {
        *ret_exit = client_complain (NULL, &e);
        return false;
    }
    g_autofree char *uri = target_uri (bucket);
    *ret_params = json_pack ("{s:s, s:s, s:s}", "ProjectName", t->project, "DatasetName",
                             t->dataset, "URI", uri);
    if (*ret_params)
        return true;
    *ret_exit = command_usage (c, "names must be UTF-8");
    client_close (g_steal_pointer (ret_client));
    return false;
}

bool target_call (const struct command *c, const struct target *t, const char *bucket,
                  const char *action, json_t *more_params, json_t **ret, int *ret_exit)
{
    _cleanup_client_ struct client *client = NULL;
    json_auto_t *params = NULL;
    if (!target_open (c, t, bucket, &client, &params, ret_exit))
        return false;
    if (more_params)
        json_object_update (params, more_params);
    struct error e;
    if (client_action (client, action, params, ret, &e) != ERR_OK) {
        *ret_exit = client_complain (client, &e);
        return false;
    }
    if (t->server.json)
        client_print_json (*ret);
    *ret_exit = EXIT_DONE;
    return true;
}
