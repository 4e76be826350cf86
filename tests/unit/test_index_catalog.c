/* The catalogue: quotas, orders, conflicts, and that it is all there after it was opened again. */
#include "test.h"

#include "index/catalog_users.h"
#include "index/sql.h"
#include "tree.h"

struct world {
    struct tree tree;
    struct catalog *c;
    struct error e;
    int64_t project;
};

static const struct quotas quotas = { 2, 100, 1000, 1000, 1 << 20 };

static int64_t add_project (struct world *w, const char *name)
{
    struct project p = { .name = (char *) name,
                         .description = "",
                         .template_id = "Official:AllFunction",
                         .service_role = "",
                         .quotas = quotas,
                         .max_dataset_count = 3 };
    assert_ok (catalog_create_project (w->c, &p, 4, &w->e), &w->e);
    assert_true (p.id > 0 && p.create_ns > 0 && p.create_ns == p.update_ns);
    return p.id;
}

static enum err add_dataset (struct world *w, int64_t project, const char *name, int64_t *ret_id)
{
    struct dataset d = { .project_id = project,
                         .name = (char *) name,
                         .description = "",
                         .template_id = "",
                         .workflow_parameters = "",
                         .quotas = quotas };
    enum err r = catalog_create_dataset (w->c, &d, &w->e);
    *ret_id = d.id;
    return r;
}

static enum err add_binding (struct world *w, int64_t dataset, const char *bucket, int64_t *ret_id)
{
    struct binding b = { .dataset_id = dataset, .bucket = (char *) bucket };
    enum err r = catalog_create_binding (w->c, &b, &w->e);
    *ret_id = b.id;
    return r;
}

static int setup (void **state)
{
    struct world *w = g_new0 (struct world, 1);
    tree_init (&w->tree);
    assert_ok (catalog_open (w->tree.path, &w->c, &w->e), &w->e);
    w->project = add_project (w, "p");
    *state = w;
    return 0;
}

static int teardown (void **state)
{
    struct world *w = *state;
    catalog_close (w->c);
    tree_clear (&w->tree);
    g_free (w);
    return 0;
}

static void projects_are_unique_and_limited (void **state)
{
    struct world *w = *state;
    struct project p = { .name = "p", .description = "", .template_id = "", .service_role = "" };
    assert_err (EXISTS, catalog_create_project (w->c, &p, 4, &w->e));
    assert_string_equal ("The specified resource project already exists.", w->e.message);
    p.name = "P"; /* byte order: another name */
    assert_ok (catalog_create_project (w->c, &p, 4, &w->e), &w->e);
    p.name = "q";
    assert_err (LIMIT, catalog_create_project (w->c, &p, 2, &w->e));
    assert_non_null (strstr (w->e.message, "2 projects"));
}

static void projects_are_listed_in_byte_order_by_prefix_and_tag (void **state)
{
    struct world *w = *state;
    struct tag tag = { "team", "blue" };
    add_project (w, "pb");
    add_project (w, "pB");
    struct project tagged = {
        .name = "pa_1", .description = "", .template_id = "", .service_role = ""
    };
    tagged.tags = g_ptr_array_new ();
    g_ptr_array_add (tagged.tags, &tag);
    assert_ok (catalog_create_project (w->c, &tagged, 9, &w->e), &w->e);

    g_autoptr (GPtrArray) list = NULL;
    assert_ok (catalog_list_projects (w->c, "p", "pB", NULL, 2, &list, &w->e), &w->e);
    assert_int_equal (3, list->len); /* max + 1 */
    const char *const wanted[] = { "pB", "pa_1", "pb" };
    for (guint i = 0; i < 3; i++)
        assert_string_equal (wanted[i], ((struct project *) list->pdata[i])->name);
    g_autoptr (GPtrArray) blue = NULL;
    assert_ok (catalog_list_projects (w->c, NULL, NULL, tagged.tags, 9, &blue, &w->e), &w->e);
    assert_int_equal (1, blue->len);
    struct project *found = blue->pdata[0];
    assert_string_equal ("pa_1", found->name);
    assert_string_equal ("blue", ((struct tag *) found->tags->pdata[0])->value);
    g_ptr_array_unref (tagged.tags);
}

static void a_project_is_updated_whole_and_kept (void **state)
{
    struct world *w = *state;
    struct project *p = NULL;
    assert_ok (catalog_get_project (w->c, "p", &p, &w->e), &w->e);
    g_free (p->description);
    p->description = g_strdup ("'; DROP TABLE project; --");
    p->quotas.max_file_count = 77;
    int64_t created = p->create_ns;
    assert_ok (catalog_update_project (w->c, p, &w->e), &w->e);
    project_free (p);
    catalog_close (w->c);
    assert_ok (catalog_open (w->tree.path, &w->c, &w->e), &w->e);
    assert_ok (catalog_get_project (w->c, "p", &p, &w->e), &w->e);
    assert_string_equal ("'; DROP TABLE project; --", p->description);
    assert_int_equal (77, p->quotas.max_file_count);
    assert_int_equal (created, p->create_ns);
    assert_true (p->update_ns > created);
    p->id = 999;
    assert_err (NOT_FOUND, catalog_update_project (w->c, p, &w->e));
    project_free (p);
}

static void what_has_children_is_not_deleted (void **state)
{
    struct world *w = *state;
    int64_t dataset, binding;
    assert_ok (add_dataset (w, w->project, "d", &dataset), &w->e);
    assert_ok (add_binding (w, dataset, "bucket", &binding), &w->e);
    assert_err (CONFLICT, catalog_delete_project (w->c, "p", &w->e));
    assert_non_null (strstr (w->e.message, "cannot delete when sub resources exist: 1 datasets"));
    assert_err (CONFLICT, catalog_delete_dataset (w->c, dataset, &w->e));
    assert_ok (catalog_delete_binding (w->c, binding, &w->e), &w->e);
    assert_err (NOT_FOUND, catalog_delete_binding (w->c, binding, &w->e));
    assert_ok (catalog_delete_dataset (w->c, dataset, &w->e), &w->e);
    assert_err (NOT_FOUND, catalog_delete_dataset (w->c, dataset, &w->e));
    assert_ok (catalog_delete_project (w->c, "p", &w->e), &w->e);
    assert_err (NOT_FOUND, catalog_delete_project (w->c, "p", &w->e));
    assert_string_equal ("The specified resource project is not found.", w->e.message);
}

static void an_attachment_keeps_its_project (void **state)
{
    struct world *w = *state;
    struct attachment a = { .bucket = "bucket", .project = "p", .description = "d" };
    assert_ok (catalog_create_attachment (w->c, &a, &w->e), &w->e);
    assert_err (CONFLICT, catalog_delete_project (w->c, "p", &w->e));
    add_project (w, "q");
    a.project = "q"; /* a bucket is attached to one project only */
    assert_err (EXISTS, catalog_create_attachment (w->c, &a, &w->e));
    a.project = "none";
    assert_err (NOT_FOUND, catalog_create_attachment (w->c, &a, &w->e));
    struct attachment *found = NULL;
    assert_ok (catalog_get_attachment (w->c, "bucket", &found, &w->e), &w->e);
    assert_string_equal ("p", found->project);
    attachment_free (found);
    g_autoptr (GPtrArray) list = NULL;
    assert_ok (catalog_list_attachments (w->c, "p", "bucket", 5, &list, &w->e), &w->e);
    assert_int_equal (1, list->len);
    assert_ok (catalog_delete_attachment (w->c, "bucket", &w->e), &w->e);
    assert_err (NOT_FOUND, catalog_delete_attachment (w->c, "bucket", &w->e));
}

static void what_is_attached_is_known_at_once_and_after_a_start (void **state)
{
    struct world *w = *state;
    struct attachment a = { .bucket = "bucket", .project = "p", .description = "" };
    assert_false (catalog_is_attached (w->c, "bucket"));
    assert_ok (catalog_create_attachment (w->c, &a, &w->e), &w->e);
    assert_true (catalog_is_attached (w->c, "bucket"));
    assert_false (catalog_is_attached (w->c, "bucke"));
    a.project = "none"; /* refused: nothing changes */
    a.bucket = "other";
    assert_err (NOT_FOUND, catalog_create_attachment (w->c, &a, &w->e));
    assert_false (catalog_is_attached (w->c, "other"));
    catalog_close (w->c);
    assert_ok (catalog_open (w->tree.path, &w->c, &w->e), &w->e);
    assert_true (catalog_is_attached (w->c, "bucket"));
    assert_ok (catalog_delete_attachment (w->c, "bucket", &w->e), &w->e);
    assert_false (catalog_is_attached (w->c, "bucket"));
}

static void quotas_count_datasets_and_bindings (void **state)
{
    struct world *w = *state;
    int64_t id, dataset;
    assert_ok (add_dataset (w, w->project, "a", &dataset), &w->e);
    assert_ok (add_dataset (w, w->project, "b", &id), &w->e);
    assert_err (EXISTS, add_dataset (w, w->project, "b", &id));
    assert_ok (add_dataset (w, w->project, "c", &id), &w->e);
    assert_err (LIMIT, add_dataset (w, w->project, "d", &id));
    assert_non_null (strstr (w->e.message, "ProjectMaxDatasetCount is 3"));
    assert_err (NOT_FOUND, add_dataset (w, 999, "d", &id));
    assert_ok (add_binding (w, dataset, "one", &id), &w->e);
    assert_err (EXISTS, add_binding (w, dataset, "one", &id));
    assert_ok (add_binding (w, dataset, "two", &id), &w->e);
    assert_err (LIMIT, add_binding (w, dataset, "three", &id));
    assert_non_null (strstr (w->e.message, "DatasetMaxBindCount is 2"));
}

static void ids_are_never_used_again (void **state)
{
    struct world *w = *state;
    int64_t dataset, first, second, again;
    assert_ok (add_dataset (w, w->project, "a", &dataset), &w->e);
    assert_ok (add_binding (w, dataset, "one", &first), &w->e);
    assert_ok (catalog_delete_binding (w->c, first, &w->e), &w->e);
    assert_ok (add_binding (w, dataset, "one", &second), &w->e);
    assert_true (second > first);
    assert_ok (catalog_delete_binding (w->c, second, &w->e), &w->e);
    assert_ok (catalog_delete_dataset (w->c, dataset, &w->e), &w->e);
    assert_ok (add_dataset (w, w->project, "a", &again), &w->e);
    assert_true (again > dataset);
}

/* As pairs: "d" comes before "d-1", although ':' comes after '-' in the joined name. */
static void bindings_are_listed_by_dataset_then_bucket (void **state)
{
    struct world *w = *state;
    int64_t d, d1, id;
    assert_ok (add_dataset (w, w->project, "d", &d), &w->e);
    assert_ok (add_dataset (w, w->project, "d-1", &d1), &w->e);
    assert_ok (add_binding (w, d1, "aaa", &id), &w->e);
    assert_ok (add_binding (w, d, "zzz", &id), &w->e);
    assert_ok (add_binding (w, d, "mmm", &id), &w->e);
    g_autoptr (GPtrArray) list = NULL, rest = NULL, part = NULL;
    assert_ok (catalog_list_bindings (w->c, "p", NULL, NULL, NULL, NULL, 9, &list, &w->e), &w->e);
    const char *const wanted[] = { "mmm", "zzz", "aaa" };
    assert_int_equal (3, list->len);
    for (guint i = 0; i < 3; i++)
        assert_string_equal (wanted[i], ((struct binding *) list->pdata[i])->bucket);
    assert_ok (catalog_list_bindings (w->c, "p", NULL, "d", "mmn", NULL, 9, &rest, &w->e), &w->e);
    assert_int_equal (2, rest->len);
    assert_ok (catalog_list_bindings (w->c, "p", "d", NULL, NULL, "d:zz", 9, &part, &w->e), &w->e);
    assert_int_equal (1, part->len);
}

static void a_state_is_kept_and_touches_only_when_told (void **state)
{
    struct world *w = *state;
    int64_t dataset, id;
    struct binding *b = NULL;
    assert_ok (add_dataset (w, w->project, "d", &dataset), &w->e);
    assert_ok (add_binding (w, dataset, "one", &id), &w->e);
    assert_ok (catalog_get_binding (w->c, dataset, "one", &b, &w->e), &w->e);
    assert_int_equal (BINDING_RUNNING, b->state);
    assert_int_equal (BINDING_FULL_SCANNING, b->phase);
    assert_string_equal ("", b->reason);
    int64_t updated = b->update_ns;
    binding_free (b);
    assert_ok (catalog_set_binding_state (w->c, id, BINDING_RETRYING, BINDING_INCREMENTAL_SCANNING,
                                          "gone", false, &w->e),
               &w->e);
    assert_ok (catalog_get_binding_by_id (w->c, id, &b, &w->e), &w->e);
    assert_int_equal (BINDING_RETRYING, b->state);
    assert_string_equal ("gone", b->reason);
    assert_int_equal (updated, b->update_ns);
    binding_free (b);
    assert_ok (catalog_set_binding_state (w->c, id, BINDING_STOPPED, BINDING_FULL_SCANNING, "",
                                          true, &w->e),
               &w->e);
    assert_ok (catalog_get_binding_by_id (w->c, id, &b, &w->e), &w->e);
    assert_true (b->update_ns > updated);
    binding_free (b);
    assert_err (NOT_FOUND, catalog_set_binding_state (w->c, 99, BINDING_STOPPED,
                                                      BINDING_FULL_SCANNING, "", true, &w->e));
}

/* What is asked for again comes from memory, until something has changed; it is the caller's own.
 */
static void what_was_read_is_read_anew_after_a_change (void **state)
{
    struct world *w = *state;
    int64_t dataset, binding;
    assert_ok (add_dataset (w, w->project, "d", &dataset), &w->e);
    assert_ok (add_binding (w, dataset, "b", &binding), &w->e);
    for (int i = 0; i < 3; i++) {
        struct project *p;
        struct binding *b;
        assert_ok (catalog_get_project (w->c, "p", &p, &w->e), &w->e);
        assert_ok (catalog_get_binding (w->c, dataset, "b", &b, &w->e), &w->e);
        assert_int_equal (p->dataset_count, 1);
        assert_string_equal (p->description, i < 2 ? "" : "other");
        assert_string_equal (b->reason, i < 2 ? "" : "why");
        g_free (p->description);
        p->description = g_strdup ("other");
        if (i == 1) {
            assert_ok (catalog_update_project (w->c, p, &w->e), &w->e);
            assert_ok (catalog_set_binding_state (w->c, b->id, BINDING_RETRYING, b->phase, "why",
                                                  false, &w->e),
                       &w->e);
        }
        project_free (p);
        binding_free (b);
    }
    struct binding *gone;
    assert_ok (catalog_delete_binding (w->c, binding, &w->e), &w->e);
    assert_err (NOT_FOUND, catalog_get_binding (w->c, dataset, "b", &gone, &w->e));
}

static void settings_are_kept (void **state)
{
    struct world *w = *state;
    char *value = NULL;
    assert_err (NOT_FOUND, catalog_get_setting (w->c, "account", &value, &w->e));
    assert_ok (catalog_set_setting (w->c, "account", "1", &w->e), &w->e);
    assert_ok (catalog_set_setting (w->c, "account", "2", &w->e), &w->e);
    assert_ok (catalog_get_setting (w->c, "account", &value, &w->e), &w->e);
    assert_string_equal ("2", value);
    g_free (value);
}

static void a_file_that_is_no_database_is_refused (void **state)
{
    struct world *w = *state;
    struct tree other;
    struct catalog *c = NULL;
    tree_init (&other);
    g_autofree char *text = g_strnfill (8192, 'x');
    tree_write (&other, "catalog.db", text);
    assert_err (DATABASE, catalog_open (other.path, &c, &w->e));
    assert_non_null (strstr (w->e.message, "is damaged"));
    tree_clear (&other);
}

static void reopen (struct world *w)
{
    catalog_close (g_steal_pointer (&w->c));
    assert_ok (catalog_open (w->tree.path, &w->c, &w->e), &w->e);
}

/* The secret of a binding as it is kept now; caller frees. */
static char *secret_of (struct world *w, int64_t binding)
{
    struct binding_hook hook;
    assert_ok (catalog_get_binding_hook (w->c, binding, &hook, &w->e), &w->e);
    char *secret = g_steal_pointer (&hook.secret);
    binding_hook_clear (&hook);
    return secret;
}

static void a_binding_has_a_secret_of_its_own (void **state)
{
    struct world *w = *state;
    struct binding_hook hook;
    int64_t d, one, two;
    assert_ok (add_dataset (w, w->project, "d", &d), &w->e);
    assert_ok (add_binding (w, d, "one", &one), &w->e);
    assert_ok (add_binding (w, d, "two", &two), &w->e);
    g_autofree char *first = secret_of (w, one), *other = secret_of (w, two);
    assert_int_equal (strlen (first), 43);
    assert_int_equal (strspn (first, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_"), 43);
    assert_string_not_equal (first, other);
    reopen (w);
    g_autofree char *again = secret_of (w, one);
    assert_string_equal (again, first);
    assert_ok (catalog_renew_binding_secret (w->c, one, &w->e), &w->e);
    g_autofree char *renewed = secret_of (w, one);
    assert_string_not_equal (renewed, first);
    assert_ok (catalog_delete_binding (w->c, one, &w->e), &w->e);
    assert_err (NOT_FOUND, catalog_get_binding_hook (w->c, one, &hook, &w->e));
    assert_err (NOT_FOUND, catalog_renew_binding_secret (w->c, one, &w->e));
    assert_err (NOT_FOUND, catalog_set_binding_subscription (w->c, one, "x", &w->e));
}

static void a_subscription_that_waits_is_kept (void **state)
{
    struct world *w = *state;
    struct binding_hook hook;
    int64_t d, b;
    assert_ok (add_dataset (w, w->project, "d", &d), &w->e);
    assert_ok (add_binding (w, d, "one", &b), &w->e);
    assert_ok (catalog_set_binding_subscription (w->c, b, "arn token", &w->e), &w->e);
    reopen (w);
    assert_ok (catalog_get_binding_hook (w->c, b, &hook, &w->e), &w->e);
    assert_string_equal (hook.subscription, "arn token");
    binding_hook_clear (&hook);
}

#define WITHOUT_STYLES "DROP TABLE style;"
#define WITHOUT_USERS                                                                              \
    WITHOUT_STYLES "DROP TABLE user; DROP TABLE access_key; DROP TABLE policy;"                    \
                   "DROP TABLE user_policy;"
#define WITHOUT_SECRETS                                                                            \
    WITHOUT_USERS "ALTER TABLE binding DROP COLUMN secret;"                                        \
                  "ALTER TABLE binding DROP COLUMN subscription;"

/* Gives the file the tables that an older version had, by `change`. */
static void make_older (struct world *w, const char *version, const char *change)
{
    struct sql *s;
    g_autofree char *path = g_build_filename (w->tree.path, "catalog.db", NULL);
    g_autofree char *script =
        g_strdup_printf ("%s UPDATE schema_version SET version = '%s'", change, version);
    catalog_close (g_steal_pointer (&w->c));
    assert_ok (sql_open (&sql_sqlite, path, SQL_CREATE, &s, &w->e), &w->e);
    assert_ok (sql_exec (s, script, &w->e), &w->e);
    sql_close (s);
}

static void a_catalogue_of_version_1_is_changed_in_place (void **state)
{
    struct world *w = *state;
    struct binding *b;
    int64_t d, id;
    assert_ok (add_dataset (w, w->project, "d", &d), &w->e);
    assert_ok (add_binding (w, d, "photos", &id), &w->e);
    make_older (w, "1", WITHOUT_SECRETS);
    assert_ok (catalog_open (w->tree.path, &w->c, &w->e), &w->e);
    assert_ok (catalog_get_binding_by_id (w->c, id, &b, &w->e), &w->e);
    assert_string_equal (b->bucket, "photos");
    binding_free (b);
    g_autofree char *secret = secret_of (w, id);
    assert_int_equal (strlen (secret), 43);
    reopen (w);
    g_autofree char *kept = secret_of (w, id);
    assert_string_equal (kept, secret);
}

static void a_catalogue_of_version_2_gets_users (void **state)
{
    struct world *w = *state;
    struct user u = { .name = "alice" };
    int64_t d, id;
    assert_ok (add_dataset (w, w->project, "d", &d), &w->e);
    assert_ok (add_binding (w, d, "photos", &id), &w->e);
    g_autofree char *secret = secret_of (w, id);
    make_older (w, "2", WITHOUT_USERS);
    assert_ok (catalog_open (w->tree.path, &w->c, &w->e), &w->e);
    g_autofree char *kept = secret_of (w, id);
    assert_string_equal (kept, secret);
    assert_ok (catalog_create_user (w->c, &u, 1, &w->e), &w->e);
    reopen (w);
    assert_err (EXISTS, catalog_create_user (w->c, &u, 2, &w->e));
}

static void a_catalogue_of_version_3_gets_styles (void **state)
{
    struct world *w = *state;
    struct style s = { "photos", "small", "image/resize,w_1", 0, 0 }, *found;
    make_older (w, "3", WITHOUT_STYLES);
    assert_ok (catalog_open (w->tree.path, &w->c, &w->e), &w->e);
    assert_ok (catalog_put_style (w->c, &s, 1, &w->e), &w->e);
    assert_ok (catalog_get_style (w->c, "photos", "small", &found, &w->e), &w->e);
    style_free (found);
}

static void a_catalogue_of_a_newer_program_is_refused_and_left_alone (void **state)
{
    struct world *w = *state;
    make_older (w, "1000", "");
    for (int i = 0; i < 2; i++) {
        assert_err (DATABASE, catalog_open (w->tree.path, &w->c, &w->e));
        assert_non_null (strstr (w->e.message, "version 1000"));
    }
    w->c = NULL;
}

#define T(f) cmocka_unit_test_setup_teardown (f, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        T (projects_are_unique_and_limited),
        T (projects_are_listed_in_byte_order_by_prefix_and_tag),
        T (a_project_is_updated_whole_and_kept),
        T (what_has_children_is_not_deleted),
        T (an_attachment_keeps_its_project),
        T (what_is_attached_is_known_at_once_and_after_a_start),
        T (quotas_count_datasets_and_bindings),
        T (ids_are_never_used_again),
        T (bindings_are_listed_by_dataset_then_bucket),
        T (a_state_is_kept_and_touches_only_when_told),
        T (what_was_read_is_read_anew_after_a_change),
        T (settings_are_kept),
        T (a_binding_has_a_secret_of_its_own),
        T (a_subscription_that_waits_is_kept),
        T (a_catalogue_of_version_1_is_changed_in_place),
        T (a_catalogue_of_version_2_gets_users),
        T (a_catalogue_of_version_3_gets_styles),
        T (a_catalogue_of_a_newer_program_is_refused_and_left_alone),
        T (a_file_that_is_no_database_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
