/* A server without a network for the tests of the handlers: a real catalogue, real datasets and a
 * real directory store in a temporary folder, and a scan that only notes what it was asked. Calls
 * go to the handler by the action table; every reply is held against the model. */
#pragma once

#include "test.h"

#include <glib/gstdio.h>
#include <jansson.h>

#include "api/actions.gen.h"
#include "api/authorize.h"
#include "base/clock.h"
#include "index/work.h"
#include "store/dir.h"

#define ACCOUNT "1234567890123456"

/* ---- The scan ---- */

struct scan {
    GString *log; /* "bind 1;pause 1 lunch;..." */
    struct catalog *catalog;
    struct datasets *datasets;
    bool fails;
    struct scan_progress progress;
};

enum err scan_bind (struct scan *s, int64_t binding, struct error *e)
{
    if (s->fails)
        return FAIL (e, CLOSED, "the server is stopping");
    g_string_append_printf (s->log, "bind %d;", (int) binding);
    return ERR_OK;
}

enum err scan_unbind (struct scan *s, int64_t binding, int64_t dataset, struct error *e)
{
    (void) e;
    g_string_append_printf (s->log, "unbind %d of %d;", (int) binding, (int) dataset);
    return ERR_OK;
}

enum err scan_purge (struct scan *s, int64_t dataset, const char *bucket, int64_t *ret_removed,
                     struct error *e)
{
    _cleanup_dataset_ struct dataset_db *db = NULL;
    enum err r = datasets_get (s->datasets, dataset, &db, e);
    return r == ERR_OK ? files_purge (db, bucket, ret_removed, e) : r;
}

enum err scan_pause (struct scan *s, int64_t binding, const char *reason, struct error *e)
{
    g_string_append_printf (s->log, "pause %d '%s';", (int) binding, reason);
    return catalog_set_binding_state (s->catalog, binding, BINDING_STOPPED, BINDING_FULL_SCANNING,
                                      *reason ? reason : "pause usage", true, e);
}

enum err scan_resume (struct scan *s, int64_t binding, struct error *e)
{
    g_string_append_printf (s->log, "resume %d;", (int) binding);
    return catalog_set_binding_state (s->catalog, binding, BINDING_RUNNING, BINDING_FULL_SCANNING,
                                      "", true, e);
}

enum err scan_rescan (struct scan *s, int64_t binding, const char *prefix, bool reindex,
                      bool accept_mounts, struct error *e)
{
    (void) e;
    g_string_append_printf (s->log, "rescan %d %s %d %d;", (int) binding, prefix ? prefix : "-",
                            reindex, accept_mounts);
    return ERR_OK;
}

enum err scan_hint (struct scan *s, int64_t binding, const char *const *keys, size_t n,
                    struct error *e)
{
    if (s->fails)
        return FAIL (e, DATABASE, "the disk is full");
    g_string_append_printf (s->log, "hint %d", (int) binding);
    for (size_t i = 0; i < n; i++)
        g_string_append_printf (s->log, " %s", keys[i]);
    g_string_append_c (s->log, ';');
    return ERR_OK;
}

void scan_kick (struct scan *s, int64_t binding)
{
    g_string_append_printf (s->log, "kick %d;", (int) binding);
}

enum err scan_get_progress (struct scan *s, int64_t binding, struct scan_progress *ret,
                            struct error *e)
{
    (void) binding, (void) e;
    *ret = s->progress;
    return ERR_OK;
}

void scan_get_workers (struct scan *s, struct scan_workers *ret)
{
    (void) s;
    *ret = (struct scan_workers){ .workers = 3, .busy = 2, .waiting = 1, .jobs = 40 };
}

/* ---- A store that cannot be reached, or refuses ---- */

static inline enum err down_check (struct store *s, const char *bucket, uint32_t wait_ms,
                                   struct error *e)
{
    (void) s, (void) wait_ms;
    if (strcmp (bucket, "unreachable") == 0)
        return FAIL (e, STORE_DOWN, "connection timed out");
    if (strcmp (bucket, "forbidden") == 0)
        return FAIL (e, STORE_DENIED, "access denied");
    return FAIL (e, NO_BUCKET, "no bucket '%s'", bucket);
}
static inline enum err down_buckets (struct store *s, GPtrArray *names, struct error *e)
{
    (void) s, (void) names;
    return FAIL (e, STORE_DOWN, "the second store cannot be reached");
}
static inline void down_free (struct store *s)
{
    g_free (s->name);
    g_free (s);
}
static const struct store_ops down_ops = {
    .kind = "down", .free = down_free, .buckets = down_buckets, .check = down_check
};

/* ---- The server ---- */

struct fixture {
    char *dir;
    struct config config;
    struct api api;
    struct principal *root;
    struct access access; /* of the caller: root, until a test says who else */
    struct scan scan;
    struct error e;
};

static inline void remove_tree (const char *path)
{
    g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name (dir));) {
        g_autofree char *sub = g_build_filename (path, name, NULL);
        remove_tree (sub);
    }
    g_remove (path);
}

static inline void add_stores (struct fixture *f)
{
    static const char *const buckets[] = { "photos", "videos", "b-1", "b-2", "b-3" };
    g_autofree char *root = g_build_filename (f->dir, "store", NULL);
    for (size_t i = 0; i < N_ELEMENTS (buckets); i++) {
        g_autofree char *bucket = g_build_filename (root, buckets[i], NULL);
        assert_int_equal (g_mkdir_with_parents (bucket, 0700), 0);
    }
    struct store *dir;
    assert_ok (store_dir_new ("local", root, &dir, &f->e), &f->e);
    struct store *down = g_new0 (struct store, 1);
    down->ops = &down_ops;
    down->name = g_strdup ("down");
    f->api.stores = stores_new ();
    stores_add_take (f->api.stores, dir);
    stores_add_take (f->api.stores, down);
}

static inline int setup (void **state)
{
    struct fixture *f = g_new0 (struct fixture, 1);
    g_autoptr (GArray) ids = NULL;
    *state = f;
    f->dir = g_dir_make_tmp ("bindery-test-XXXXXX", NULL);
    assert_ok (catalog_open (f->dir, &f->api.catalog, &f->e), &f->e);
    assert_ok (catalog_dataset_ids (f->api.catalog, &ids, &f->e), &f->e);
    assert_ok (datasets_open (f->dir, ids, &f->api.datasets, &f->e), &f->e);
    add_stores (f);
    f->scan.log = g_string_new (NULL);
    f->scan.catalog = f->api.catalog;
    f->scan.datasets = f->api.datasets;
    f->api.scan = &f->scan;
    f->config.project_queries_per_second = 100;
    f->api.config = &f->config;
    f->api.region = "local";
    f->api.account_id = ACCOUNT;
    f->api.timezone_min = 480;
    f->api.start_ns = 1000000000;
    f->root = principal_new ();
    f->root->is_root = true;
    f->access = (struct access){ .api = &f->api, .who = f->root };
    return 0;
}

static inline int teardown (void **state)
{
    struct fixture *f = *state;
    datasets_close (f->api.datasets);
    catalog_close (f->api.catalog);
    stores_free (f->api.stores);
    access_clear (&f->access);
    principal_unref (f->root);
    g_string_free (f->scan.log, TRUE);
    remove_tree (f->dir);
    g_free (f->dir);
    g_free (f);
    return 0;
}

/* ---- Calls ---- */

static inline void set_param (void *params, const struct action_param *p, json_t *value)
{
    void *at = (char *) params + p->offset;
    if (p->kind == 's')
        *(const char **) at = json_string_value (value);
    else if (p->kind == 'i')
        *(struct opt_int *) at = (struct opt_int){ true, json_integer_value (value) };
    else if (p->kind == 'b')
        *(struct opt_bool *) at = (struct opt_bool){ true, json_is_true (value) };
    else
        *(json_t **) at = value;
}

static inline bool value_fits (const struct model_value *v, const json_t *json);

static inline bool object_fits (const struct model_type *type, const json_t *json)
{
    const char *name;
    json_t *value;
    if (!json_is_object (json))
        return false;
    json_object_foreach ((json_t *) json, name, value)
    {
        size_t i = 0;
        while (i < type->n_members && strcmp (type->members[i].name, name) != 0)
            i++;
        if (i == type->n_members) {
            if (strcmp (type->name, "Binding") == 0 && strcmp (name, "Progress") == 0)
                continue; /* ours */
            print_error ("%s: unknown member %s\n", type->name, name);
            return false;
        }
        if (!value_fits (&type->members[i].value, value)) {
            print_error ("%s: %s has the wrong type\n", type->name, name);
            return false;
        }
    }
    return true;
}

static inline bool scalar_fits (const struct model_value *v, const json_t *json)
{
    switch (v->kind) {
    case MODEL_ANY:
        return true;
    case MODEL_STRING:
        return json_is_string (json);
    case MODEL_INT32:
    case MODEL_INT64:
        return json_is_integer (json);
    case MODEL_NUMBER:
        return json_is_number (json);
    case MODEL_BOOLEAN:
        return json_is_boolean (json);
    case MODEL_OBJECT:
        return object_fits (v->type, json);
    }
    return false;
}

static inline bool value_fits (const struct model_value *v, const json_t *json)
{
    if (v->is_array) {
        for (size_t i = 0; i < json_array_size (json); i++)
            if (!scalar_fits (v, json_array_get (json, i)))
                return false;
        return json_is_array (json);
    }
    return v->is_map ? json_is_object (json) : scalar_fits (v, json);
}

/* Runs the handler; takes `params`. On success the reply with its raw part parsed, else NULL and
 * f->e. */
static inline json_t *run_action (struct fixture *f, const char *name, json_t *params)
{
    const struct action *a = action_find (name);
    assert_non_null (a);
    assert_non_null (a->run);
    assert_non_null (params);
    g_autofree void *bound = g_malloc0 (a->params_size);
    size_t n_bound = 0;
    for (size_t i = 0; i < a->n_params; i++) {
        json_t *value = json_object_get (params, a->params[i].name);
        if (value)
            set_param (bound, &a->params[i], value), n_bound++;
        else
            assert_false (a->params[i].is_required);
    }
    assert_int_equal (n_bound, json_object_size (params));
    struct call c = { .api = &f->api, .request_id = "R", .action = a, .access = &f->access };
    struct reply reply = { 0 };
    enum err r = a->run (&c, bound, &reply, &f->e);
    json_decref (params);
    if (r != ERR_OK) {
        assert_int_equal (f->e.code, r);
        assert_null (reply.body);
        return NULL;
    }
    assert_non_null (reply.body);
    if (reply.raw) {
        g_autofree char *text = g_strdup_printf ("[%s]", reply.raw->str);
        json_t *raw = json_loads (text, 0, NULL);
        assert_non_null (raw);
        json_object_set_new (reply.body, reply.raw_name, raw);
        g_string_free (reply.raw, TRUE);
    }
    if (!object_fits (a->reply, reply.body))
        fail_msg ("the reply of %s does not fit the model", name);
    return reply.body;
}

/* The reply of a call that must succeed; caller unrefs. */
static inline json_t *ask (struct fixture *f, const char *name, json_t *params)
{
    json_t *reply = run_action (f, name, params);
    if (!reply)
        fail_msg ("%s: %s", name, f->e.message);
    return reply;
}

/* A call that must succeed, whose reply does not matter. */
static inline void done (struct fixture *f, const char *name, json_t *params)
{
    json_decref (ask (f, name, params));
}

/* A call that must fail with this code on the wire, and a message that has this part. */
static inline void refused (struct fixture *f, const char *code, const char *part, const char *name,
                            json_t *params)
{
    char wire[128];
    json_t *reply = run_action (f, name, params);
    if (reply)
        fail_msg ("%s should have failed with %s", name, code);
    assert_string_equal (error_wire_code (&f->e, wire, sizeof wire), code);
    if (!strstr (f->e.message, part))
        fail_msg ("'%s' is not in '%s'", part, f->e.message);
}

static inline void assert_text (const json_t *object, const char *member, const char *expected)
{
    const char *text = json_string_value (json_object_get (object, member));
    if (!text)
        fail_msg ("no string %s", member);
    assert_string_equal (text, expected);
}

static inline void assert_number (const json_t *object, const char *member, int64_t expected)
{
    const json_t *value = json_object_get (object, member);
    if (!json_is_integer (value))
        fail_msg ("no integer %s", member);
    assert_int_equal (json_integer_value (value), expected);
}

/* The names of a page, joined: "a b c". */
static inline char *names_of (const json_t *reply, const char *list, const char *member)
{
    const json_t *array = json_object_get (reply, list);
    GString *out = g_string_new (NULL);
    assert_true (json_is_array (array));
    for (size_t i = 0; i < json_array_size (array); i++)
        g_string_append_printf (
            out, "%s%s", i ? " " : "",
            json_string_value (json_object_get (json_array_get (array, i), member)));
    return g_string_free (out, FALSE);
}

static inline void assert_names (const json_t *reply, const char *list, const char *member,
                                 const char *expected)
{
    g_autofree char *names = names_of (reply, list, member);
    assert_string_equal (names, expected);
}

/* A dataset `name` in a project of the same name as `project`, made if needed. */
static inline void make_dataset (struct fixture *f, const char *project, const char *name)
{
    json_t *reply = run_action (f, "CreateProject", json_pack ("{s:s}", "ProjectName", project));
    json_decref (reply);
    done (f, "CreateDataset",
          json_pack ("{s:s, s:s}", "ProjectName", project, "DatasetName", name));
}

/* The work of one key, done: its row has this size and nothing else. */
static inline void finish_row (struct fixture *f, struct dataset_db *db, const char *bucket,
                               uint64_t size, const char *reason, struct work_item *item)
{
    const struct file_context ctx = { ACCOUNT, "p", "d", 0 };
    const struct merge_batch quotas = { .max_file_count = 1000, .max_total_size = 1000000 };
    g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (work_result_free);
    struct work_result *r = g_new0 (struct work_result, 1);
    *r = (struct work_result){
        .binding = item->binding,
        .id = item->id,
        .commit_no = item->commit_no,
        .key = g_strdup (item->key),
        .bucket = bucket,
        .outcome = WORK_STORED,
        .version = { .size = size, .mtime_ns = 1000000000, .etag = "E" },
        .status = *reason ? FILE_FAILED : FILE_INDEXED,
        .reason = g_strdup (reason),
        .extractor = 1,
        .operators = 0xffff,
    };
    g_ptr_array_add (results, r);
    assert_ok (work_finish (db, &ctx, true, results, &quotas, &f->e), &f->e);
}

/* Indexes an object, whether or not it exists, as a scan of the binding would; `reason` not "": it
 * Failed. */
static inline void scan_row (struct fixture *f, int64_t dataset, int64_t binding,
                             const char *bucket, const char *key, uint64_t size, const char *reason)
{
    const struct work_dirty dirty = { .key = key };
    _cleanup_dataset_ struct dataset_db *db = NULL;
    g_autoptr (GPtrArray) items = NULL;
    int64_t next;
    assert_ok (datasets_get (f->api.datasets, dataset, &db, &f->e), &f->e);
    assert_ok (work_begin_binding (db, binding, bucket, &f->e), &f->e);
    assert_ok (work_mark_dirty (db, binding, &dirty, 1, &f->e), &f->e);
    assert_ok (work_take (db, binding, WORK_SCAN, clock_now_ns (), 1, NULL, &items, &next, &f->e),
               &f->e);
    assert_int_equal (items->len, 1);
    finish_row (f, db, bucket, size, reason, items->pdata[0]);
}

/* Leaves a row behind, as a binding does that is gone. */
static inline void add_row (struct fixture *f, const char *project, const char *dataset,
                            const char *bucket, const char *key, uint64_t size)
{
    const int64_t binding = 1000;
    _cleanup_dataset_ struct dataset_db *db = NULL;
    struct project *p;
    struct dataset *d;
    assert_ok (catalog_get_project (f->api.catalog, project, &p, &f->e), &f->e);
    assert_ok (catalog_get_dataset (f->api.catalog, p->id, dataset, &d, &f->e), &f->e);
    scan_row (f, d->id, binding, bucket, key, size, "");
    assert_ok (datasets_get (f->api.datasets, d->id, &db, &f->e), &f->e);
    assert_ok (work_end_binding (db, binding, &f->e), &f->e);
    project_free (p);
    dataset_free (d);
}

static inline json_t *dataset_params (const char *project, const char *dataset)
{
    return json_pack ("{s:s, s:s}", "ProjectName", project, "DatasetName", dataset);
}

static inline json_t *binding_params (const char *project, const char *dataset, const char *uri)
{
    return json_pack ("{s:s, s:s, s:s}", "ProjectName", project, "DatasetName", dataset, "URI",
                      uri);
}

#define TEST(f) cmocka_unit_test_setup_teardown (f, setup, teardown)
