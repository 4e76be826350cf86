/* An API with a table of its own, for tests of the gate and of the listeners: no index behind it.
 * CreateProject echoes, GetProject fails as a database would, ListProjects answers a raw document,
 * DeleteProject waits until it is let go; CreateStory is planned only, GetStatus is for
 * administrators. */
#pragma once

#include <glib/gstdio.h>

#include "api/actions.gen.h"
#include "auth/keys.h"
#include "auth/nonces.h"
#include "base/queue.h"
#include "sign.h"

struct fake_api {
    struct api api; /* first: handlers get here from it */
    struct config config;
    char *folder, *nonces_path;
    struct queue *entered, *gate; /* of DeleteProject: it announces itself, then waits */
};

static enum err fake_create (struct call *c, const void *params, struct reply *reply,
                             struct error *e)
{
    (void) c, (void) e;
    const struct create_project_params *p = params;
    reply->body = json_pack ("{s:{s:s, s:s*}}", "Project", "ProjectName", p->project_name,
                             "Description", p->description);
    return ERR_OK;
}

static enum err fake_get (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    (void) c, (void) params;
    reply->body = json_pack ("{s:s}", "Half", "built");
    return FAIL (e, DATABASE, "disk I/O error in /secret/path");
}

static enum err fake_list (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    (void) c, (void) params, (void) e;
    reply->body = json_pack ("{s:s, s:[ss], s:{s:s}}", "NextToken", "a<b&\"\x01", "Empty", "x", "",
                             "Labels", "odd key", "v");
    reply->raw_name = "Files";
    reply->raw = g_string_new ("{\"URI\":\"oss://b/1\"},{\"URI\":\"oss://b/2\"}");
    return ERR_OK;
}

static enum err fake_wait (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    (void) params, (void) reply, (void) e;
    struct fake_api *f = (struct fake_api *) (uintptr_t) c->api;
    enum err r = queue_push (f->entered, f, e);
    return queue_pop (f->gate, -1) ? r : ERR_OK;
}

static const struct action fake_actions[] = {
    { MODEL_CreateProject, .run = fake_create, .policy_resource = "project/${ProjectName}" },
    { MODEL_GetProject, .run = fake_get, .policy_resource = "project/${ProjectName}" },
    { MODEL_ListProjects, .run = fake_list, .policy_resource = "*" },
    { MODEL_DeleteProject, .run = fake_wait, .policy_resource = "project/${ProjectName}" },
    { MODEL_BatchGetFileMeta, .run = fake_list, .policy_resource = "*" },
    { MODEL_CreateStory, .policy_resource = "*" },
    { MODEL_GetStatus, .run = fake_list, .policy_resource = "*" },
};

const struct action *action_find (const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS (fake_actions); i++)
        if (strcmp (fake_actions[i].name, name) == 0)
            return &fake_actions[i];
    return NULL;
}

const struct action *action_table (size_t *ret_n)
{
    *ret_n = G_N_ELEMENTS (fake_actions);
    return fake_actions;
}

static struct fake_api *fake_api_new (void)
{
    struct fake_api *f = g_new0 (struct fake_api, 1);
    struct error e;
    f->folder = g_dir_make_tmp ("bindery-test-XXXXXX", NULL);
    f->nonces_path = g_build_filename (f->folder, "nonces", NULL);
    f->entered = queue_new (64);
    f->gate = queue_new (64);
    f->config.imm_listen = g_strdup ("127.0.0.1:0");
    f->config.admin_listen = g_strdup ("127.0.0.1:0");
    f->config.tls_certificate = g_strdup ("");
    f->config.tls_key = g_strdup ("");
    f->config.tls_min_version = g_strdup ("1.2");
    f->config.admin_tls = true;
    f->config.trusted_proxies = g_new0 (char *, 1);
    f->config.api_threads = 2;
    f->config.api_queue = 2;
    f->api = (struct api){ .config = &f->config, .region = "local", .account_id = "1234" };
    assert_ok (keys_open (f->folder, SIGN_KEY_ID, SIGN_SECRET, &f->api.keys, &e), &e);
    assert_ok (nonces_open_sized (f->nonces_path, 64, clock_now_ns (), &f->api.nonces, &e), &e);
    return f;
}

static void fake_api_free (struct fake_api *f)
{
    keys_close (f->api.keys);
    nonces_close (f->api.nonces);
    while (queue_length (f->entered))
        queue_pop (f->entered, 0);
    while (queue_length (f->gate))
        queue_pop (f->gate, 0);
    queue_free (f->entered);
    queue_free (f->gate);
    unlink (f->nonces_path);
    rmdir (f->folder);
    g_free (f->config.imm_listen);
    g_free (f->config.admin_listen);
    g_free (f->config.tls_certificate);
    g_free (f->config.tls_key);
    g_free (f->config.tls_min_version);
    g_strfreev (f->config.trusted_proxies);
    g_free (f->nonces_path);
    g_free (f->folder);
    g_free (f);
}
