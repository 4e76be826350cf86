/* Setting up notifications: what is shown, and what a store is asked to do. */
#include "api_fixture.h"

#include "api/events.h"
#include "store/notify.h"

/* A remote store with the bucket "cloud", which calls it "cloud-7"; what it is asked is noted. */
struct told {
    char *text; /* "ID STYLE ADDRESS TARGET [remove]" */
    enum err fails;
};

static struct told *told_of (struct store *s);

static enum err cloud_check (struct store *s, const char *bucket, uint32_t wait_ms, struct error *e)
{
    (void) s, (void) wait_ms;
    return strcmp (bucket, "cloud") == 0 ? ERR_OK : FAIL (e, NO_BUCKET, "no bucket '%s'", bucket);
}

static const char *cloud_own_name (struct store *s, const char *bucket)
{
    (void) s;
    return strcmp (bucket, "cloud") == 0 ? "cloud-7" : bucket;
}

static enum err cloud_notify (struct store *s, const char *bucket, const struct store_notify *n,
                              char **ret_target, struct error *e)
{
    struct told *t = told_of (s);
    if (t->fails != ERR_OK)
        return error_set (e, t->fails, NULL, __FILE__, __LINE__, "AccessDenied, says the store");
    g_free (t->text);
    t->text = g_strdup_printf ("%s %s %s %s %s%s", bucket, n->id, n->style->name, n->address,
                               n->target ? n->target : "-", n->is_removal ? " remove" : "");
    *ret_target = g_strdup ("arn:made");
    return ERR_OK;
}

static enum err cloud_fetch (struct store_handle *h, uint64_t head, uint64_t tail,
                             const struct store_range *more, size_t n, store_fetched_fn *fn,
                             void *arg, struct error *e)
{
    (void) h, (void) head, (void) tail, (void) more, (void) n, (void) fn, (void) arg;
    return FAIL (e, STORE_DOWN, "this store has no objects");
}

struct cloud {
    struct store base;
    struct told told;
};

static struct told *told_of (struct store *s)
{
    return &((struct cloud *) s)->told;
}

static void cloud_free (struct store *s)
{
    g_free (told_of (s)->text);
    g_free (s->name);
    g_free (s);
}

static const struct store_ops cloud_ops = { .kind = "s3",
                                            .free = cloud_free,
                                            .check = cloud_check,
                                            .own_name = cloud_own_name,
                                            .notify = cloud_notify,
                                            .fetch = cloud_fetch };

/* Binds it, as binding 1. */
static struct cloud *bind_cloud (struct fixture *f)
{
    struct cloud *cloud = g_new0 (struct cloud, 1);
    cloud->base = (struct store){ .ops = &cloud_ops, .name = g_strdup ("cloud") };
    stores_add_take (f->api.stores, &cloud->base);
    make_dataset (f, "p", "d");
    done (f, "CreateBinding", binding_params ("p", "d", "oss://cloud"));
    return cloud;
}

static json_t *params_of (const char *bucket, const char *endpoint, const char *style)
{
    g_autofree char *uri = g_strconcat ("oss://", bucket, NULL);
    json_t *params = binding_params ("p", "d", uri);
    json_object_set_new (params, "Endpoint", json_string (endpoint));
    if (style)
        json_object_set_new (params, "Style", json_string (style));
    return params;
}

static json_t *with (json_t *params, const char *name, json_t *value)
{
    json_object_set_new (params, name, value);
    return params;
}

static char *secret_of (struct fixture *f)
{
    struct binding_hook hook;
    assert_ok (catalog_get_binding_hook (f->api.catalog, 1, &hook, &f->e), &f->e);
    char *secret = g_steal_pointer (&hook.secret);
    binding_hook_clear (&hook);
    return secret;
}

static void shows_address_and_secret (void **state)
{
    struct fixture *f = *state;
    bind_cloud (f);
    g_autofree char *secret = secret_of (f);
    json_auto_t *reply =
        ask (f, "GetNotification", params_of ("cloud", "https://b.example/x//", NULL));
    const json_t *n = json_object_get (reply, "Notification");
    assert_text (n, "Address", "https://b.example/x/events/1");
    assert_text (n, "Secret", secret);
    assert_text (n, "Id", "bindery-" ACCOUNT "-1");
    assert_text (n, "Subscription", "");
    assert_false (json_is_true (json_object_get (n, "IsWatched")));
    assert_int_equal (json_array_size (json_object_get (n, "Steps")), 0);
}

/* Each style's steps name the store's bucket and can post with the secret. */
static void shows_steps_for_each_style (void **state)
{
    struct fixture *f = *state;
    static const char *const styles[] = { "aws", "minio", "ceph", "oss" };
    bind_cloud (f);
    g_autofree char *secret = secret_of (f);
    for (size_t i = 0; i < N_ELEMENTS (styles); i++) {
        json_auto_t *reply =
            ask (f, "GetNotification", params_of ("cloud", "http://10.0.0.5:8080", styles[i]));
        const json_t *n = json_object_get (reply, "Notification");
        g_autofree char *text = json_dumps (json_object_get (n, "Steps"), 0);
        assert_non_null (strstr (text, "cloud-7"));
        assert_non_null (strstr (text, secret));
        assert_non_null (strstr (text, "http://10.0.0.5:8080/events/1"));
    }
}

static void addresses_that_a_shell_could_read_are_refused (void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "b.example",  "ftp://b.example",      "http://",      "http:///x", "http://a'b",
        "http://a b", "http://u:p@b.example", "http://b?x=1", "http://b#x"
    };
    bind_cloud (f);
    for (size_t i = 0; i < N_ELEMENTS (bad); i++)
        refused (f, "InvalidEndpoint", "http(s)://HOST", "GetNotification",
                 params_of ("cloud", bad[i], NULL));
}

static void a_store_is_told (void **state)
{
    struct fixture *f = *state;
    struct cloud *cloud = bind_cloud (f);
    g_autofree char *secret = secret_of (f);
    g_autofree char *ceph =
        g_strdup_printf ("cloud bindery-" ACCOUNT "-1 ceph http://h:1/events/1?secret=%s ", secret);
    json_auto_t *reply = ask (f, "SetNotification", params_of ("cloud", "http://h:1", "ceph"));
    assert_text (reply, "Target", "arn:made");
    assert_string_equal (cloud->told.text, ceph);
    done (f, "SetNotification", params_of ("cloud", "http://h:1", "minio"));
    assert_non_null (strstr (cloud->told.text, " arn:minio:sqs::bindery-" ACCOUNT "-1:webhook"));
    done (f, "SetNotification",
          with (params_of ("cloud", "http://h:1", "aws"), "Target", json_string ("arn:aws:sns:x")));
    assert_true (g_str_has_suffix (cloud->told.text, " arn:aws:sns:x"));
    done (f, "SetNotification",
          with (params_of ("cloud", "http://h:1", "aws"), "Remove", json_true ()));
    assert_true (g_str_has_suffix (cloud->told.text, " - remove"));
}

static void what_cannot_be_set_is_refused (void **state)
{
    struct fixture *f = *state;
    struct cloud *cloud = bind_cloud (f);
    done (f, "CreateBinding", binding_params ("p", "d", "oss://photos"));
    refused (f, "MissingTarget", "ARN", "SetNotification", params_of ("cloud", "http://h", "aws"));
    refused (f, "NotImplemented", "EventBridge", "SetNotification",
             params_of ("cloud", "http://h", "oss"));
    refused (f, "StatusConflict", "is a folder", "SetNotification",
             params_of ("photos", "http://h", "ceph"));
    refused (f, "ResourceNotFound", "binding", "SetNotification",
             params_of ("videos", "http://h", "ceph"));
    cloud->told.fails = ERR_STORE_DENIED;
    refused (f, "StatusConflict", "AccessDenied, says the store", "SetNotification",
             params_of ("cloud", "http://h", "ceph"));
}

static void a_new_secret_replaces_the_old (void **state)
{
    struct fixture *f = *state;
    bind_cloud (f);
    g_autofree char *old = secret_of (f);
    done (f, "RenewSecret", binding_params ("p", "d", "oss://cloud"));
    g_autofree char *new = secret_of (f);
    assert_string_not_equal (old, new);
    refused (f, "ResourceNotFound", "binding", "RenewSecret",
             binding_params ("p", "d", "oss://photos"));
}

/* A bucket that is bound by an alias is called otherwise in events. */
static void events_name_the_bucket_as_the_store_does (void **state)
{
    struct fixture *f = *state;
    static const char body[] =
        "{\"Records\":[{\"s3\":{\"bucket\":{\"name\":\"cloud-7\"},\"object\":{\"key\":\"a\"}}},"
        "{\"s3\":{\"bucket\":{\"name\":\"others\"},\"object\":{\"key\":\"b\"}}}]}";
    bind_cloud (f);
    g_autofree char *secret = secret_of (f);
    g_autoptr (GHashTable) headers = g_hash_table_new (g_str_hash, g_str_equal);
    g_hash_table_insert (headers, (char *) "authorization", secret);
    const struct call_request request = { .face = CALL_IMM,
                                          .method = "POST",
                                          .raw_uri = "/events/1",
                                          .path = "/events/1",
                                          .headers = headers,
                                          .body = (const uint8_t *) body,
                                          .body_len = strlen (body) };
    struct call_answer a;
    g_string_truncate (f->scan.log, 0);
    events_run (&f->api, &request, &a);
    assert_int_equal (a.status, 200);
    assert_string_equal (f->scan.log->str, "hint 1 a;");
    call_answer_clear (&a);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (shows_address_and_secret),
        TEST (shows_steps_for_each_style),
        TEST (addresses_that_a_shell_could_read_are_refused),
        TEST (a_store_is_told),
        TEST (what_cannot_be_set_is_refused),
        TEST (a_new_secret_replaces_the_old),
        TEST (events_name_the_bucket_as_the_store_does),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
