/* The decision about every action, on which resource: a walk over all of them; and the right to the
 * bucket that an action reads. */
#include "gate_world.h"

/* ---- Parameters that fit ---- */

static json_t *plausible (const struct model_value *v, int depth);

static json_t *plausible_object (const struct model_type *type, int depth)
{
    json_t *object = json_object ();
    for (size_t i = 0; i < type->n_members && depth < 8; i++)
        if (type->members[i].is_required)
            json_object_set_new (object, type->members[i].name,
                                 plausible (&type->members[i].value, depth + 1));
    return object;
}

static json_t *plausible (const struct model_value *v, int depth)
{
    if (v->is_array) {
        struct model_value one = *v;
        one.is_array = false;
        json_t *array = json_array ();
        json_array_append_new (array, plausible (&one, depth + 1));
        return array;
    }
    if (v->is_map)
        return json_object ();
    if (v->kind == MODEL_OBJECT)
        return plausible_object (v->type, depth);
    if (v->kind == MODEL_BOOLEAN)
        return json_true ();
    return v->kind == MODEL_STRING || v->kind == MODEL_ANY ? json_string ("x") : json_integer (1);
}

static char *plausible_text (const struct action_param *p)
{
    static const struct {
        const char *name, *value;
    } known[] = {
        { "ProjectName", "p" },    { "DatasetName", "d" },         { "URI", "oss://photos" },
        { "OSSBucket", "photos" }, { "SourceURI", "oss://b-1/k" }, { "Style", "aws" },
        { "Status", "Active" },    { "Endpoint", "http://h" },
    };
    for (size_t i = 0; i < N_ELEMENTS (known); i++)
        if (strcmp (known[i].name, p->name) == 0)
            return g_strdup (known[i].value);
    if (p->kind == 'j') {
        json_auto_t *value = plausible (&p->value, 0);
        return json_dumps (value, JSON_COMPACT | JSON_ENCODE_ANY);
    }
    return g_strdup (p->kind == 's' ? "x" : p->kind == 'b' ? "true" : "1");
}

/* The parameters that an action needs as name=value&..., `name` having `value` and being there in
 * any case. NULL: no such. */
static char *needed_params (const struct action *a, const char *name, const char *value)
{
    GString *out = g_string_new (NULL);
    for (size_t i = 0; i < a->n_params; i++) {
        const struct action_param *p = &a->params[i];
        bool is_named = name && strcmp (p->name, name) == 0;
        g_autofree char *text = plausible_text (p);
        if (is_named || p->is_required)
            sign_append (out, p->name, is_named ? value : text);
    }
    return g_string_free (out, FALSE);
}

static bool takes (const struct action *a, const char *name, bool is_required)
{
    for (size_t i = 0; i < a->n_params; i++)
        if (strcmp (a->params[i].name, name) == 0 && a->params[i].is_required >= is_required)
            return true;
    return false;
}

/* ---- The walk ---- */

/* What RAM's rules say of the resource of an action, from its parameters alone: of the needed ones,
 * `p` and `d` being the names. */
static char *expected_resource (const struct action *a)
{
    static const char *const everything[] = { "ListRegions", "ListProjects", "ContextualRetrieval",
                                              NULL };
    const char *service = a->face == CALL_ADMIN ? "bindery" : "imm", *path = "project/p";
    if (g_strv_contains (everything, a->name))
        path = "*";
    else if (takes (a, "DatasetName", true))
        path = "project/p/dataset/d";
    else if (strcmp (a->name, "ListBindings") == 0)
        path = "project/p/dataset/*";
    else if (strstr (a->name, "Trigger"))
        path = "project/p/trigger/*";
    else if (g_str_has_suffix (a->name, "Batch") || strcmp (a->name, "ListBatches") == 0)
        path = "project/p/batch/*";
    else if (!takes (a, "ProjectName", true))
        path = "project/*";
    return g_strdup_printf ("acs:%s:local:" ACCOUNT ":%s", service, path);
}

static void assert_denied (struct gate_fixture *g, const struct action *a, const char *params,
                           const char *resource)
{
    struct call_answer answer;
    send_call (g, a, params, &answer);
    json_auto_t *body = json_loads (answer.body->str, 0, NULL);
    const char *message = json_string_value (json_object_get (body, "Message"));
    const json_t *detail = json_object_get (body, "AccessDeniedDetail");
    if (answer.status != 403 || !detail)
        fail_msg ("%s is not refused: %s", a->name, answer.body->str);
    assert_text (body, "Code", "NoPermission");
    assert_text (detail, "AuthAction", a->policy_action);
    g_autofree char *part = g_strdup_printf (" %s on %s.", a->policy_action, resource);
    if (!strstr (message, part))
        fail_msg ("'%s' is not in '%s'", part, message);
    if (action_is_change (a))
        assert_string_equal (answer.audit.resource, resource);
    call_answer_clear (&answer);
}

/* The action of a listener behind `a`, NULL: the first; NULL at the end. */
static const struct action *next_action (const struct action *a, enum call_face face)
{
    size_t n;
    const struct action *table = action_table (&n);
    for (a = a ? a + 1 : table; a < table + n; a++)
        if (a->face == face)
            return a;
    return NULL;
}

/* Nothing is done without a decision: a user whom nothing allows anything gets a refusal from every
 * action there is, on the resource that RAM's table names. */
static void every_action_is_decided_on_its_resource (void **state)
{
    struct gate_fixture *g = *state;
    for (const struct action *a = NULL; (a = next_action (a, CALL_IMM));) {
        g_autofree char *params = needed_params (a, NULL, NULL);
        g_autofree char *resource = expected_resource (a);
        assert_denied (g, a, params, resource);
    }
}

/* Those of the administration have resources of their own, of the service bindery. */
static void administration_is_decided_too (void **state)
{
    struct gate_fixture *g = *state;
    for (const struct action *a = NULL; (a = next_action (a, CALL_ADMIN));) {
        g_autofree char *params = needed_params (a, NULL, NULL);
        struct call_answer answer;
        GRANT (g, ALLOW ("imm:*", "*"), ALLOW ("*", "acs:imm:*"));
        send_call (g, a, params, &answer);
        if (answer.status != 403 ||
            !strstr (answer.body->str, " on acs:bindery:local:" ACCOUNT ":"))
            fail_msg ("%s: %s", a->name, answer.body->str);
        call_answer_clear (&answer);
    }
    GRANT (g, ALLOW ("bindery:*", "acs:bindery:*:*:user/x"));
    assert_code (g, "AttachPolicyToUser", "UserName=x&PolicyName=y", "NoPermission");
    GRANT (g, ALLOW ("bindery:*", "acs:bindery:*:*:policy/y"));
    assert_code (g, "AttachPolicyToUser", "UserName=x&PolicyName=y", "NoPermission");
    GRANT (g, ALLOW ("bindery:*", "acs:bindery:*:*:policy/y"),
           ALLOW ("bindery:*", "acs:bindery:*:*:user/x"));
    assert_code (g, "AttachPolicyToUser", "UserName=x&PolicyName=y", "ResourceNotFound");
    GRANT (g, ALLOW ("bindery:GetStatus", "*"));
    assert_code (g, "GetStatus", "", "OK");
    assert_code (g, "ListBuckets", "", "NoPermission");
}

/* Each is allowed by a policy on exactly its action and resource, by none on another of either. */
static void every_action_is_allowed_by_its_own_policy (void **state)
{
    struct gate_fixture *g = *state;
    for (const struct action *a = NULL; (a = next_action (a, CALL_IMM));) {
        g_autofree char *params = needed_params (a, NULL, NULL), *resource = expected_resource (a);
        g_autofree char *right = g_strdup_printf (ALLOW ("%s", "%s"), a->policy_action, resource);
        g_autofree char *other = g_strdup_printf (ALLOW ("%sX", "%s"), a->policy_action, resource);
        g_autofree char *where = g_strdup_printf (ALLOW ("%s", "%sx"), a->policy_action, resource);
        GRANT (g, other, where);
        assert_denied (g, a, params, resource);
        GRANT (g, right, ALLOW ("oss:*", "*"));
        g_autofree char *code = code_of (g, a, params);
        if (strcmp (code, "NoPermission") == 0)
            fail_msg ("%s is refused, though %s", a->name, right);
        if (!a->run)
            assert_string_equal (code, "NotImplemented");
    }
}

/* The names in a template, "ProjectName" of "project/${ProjectName}". Caller frees. */
static char **names_in (const char *template)
{
    g_autoptr (GPtrArray) names = g_ptr_array_new ();
    for (const char *c = template; (c = strstr (c, "${")); c++) {
        char *name = g_strndup (c + 2, strcspn (c + 2, "}"));
        bool is_attached = strcmp (name, ATTACHED_PROJECT) == 0;
        if (is_attached)
            g_free (name);
        g_ptr_array_add (names, is_attached ? g_strdup ("OSSBucket") : name);
    }
    g_ptr_array_add (names, NULL);
    return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

/* A name that would read as a part of an ARN, or as a wildcard, never gets into one: neither of an
 * action, nor of a bucket that it reads. */
static void no_name_widens_a_resource (void **state)
{
    static const char *const bad[] = { "*", "?",   "a*",          "*a",  "a?b",  "a/b",
                                       "/", "a:b", "p/dataset/d", "a b", "${x}", "%2a" };
    struct gate_fixture *g = *state;
    size_t n, checked = 0;
    const struct action *table = action_table (&n);
    GRANT (g, ALLOW ("*", "*"));
    for (size_t i = 0; i < n; i++) {
        g_auto (GStrv) names = names_in (table[i].policy_resource);
        for (char **name = names; *name; name++)
            for (size_t k = 0; k < N_ELEMENTS (bad); k++) {
                g_autofree char *params = needed_params (&table[i], *name, bad[k]);
                g_autofree char *code = code_of (g, &table[i], params);
                g_autofree char *expected = g_strconcat ("Invalid", *name, NULL);
                if (strcmp (code, expected) != 0)
                    fail_msg ("%s with %s='%s': %s", table[i].name, *name, bad[k], code);
                checked++;
            }
    }
    assert_true (checked > 105 * N_ELEMENTS (bad));
    for (size_t k = 0; k < N_ELEMENTS (bad); k++) {
        g_autoptr (GString) params = g_string_new ("ProjectName=p&DatasetName=d");
        g_autofree char *uri = g_strconcat ("oss://", bad[k], NULL);
        sign_append (params, "URI", uri);
        assert_code (g, "CreateBinding", params->str, "InvalidURI");
    }
}

/* A parameter that only looks like one of the gate's own names is none. */
static void a_stray_parameter_names_no_resource (void **state)
{
    struct gate_fixture *g = *state;
    GRANT (g, ALLOW ("imm:*", ARN "project/mine*"));
    assert_denied (g, action_find ("DetachOSSBucket"), "OSSBucket=photos&Attached=mine",
                   ARN "project/*");
    assert_denied (g, action_find ("ListProjects"), "ProjectName=mine", ARN "*");
}

/* ---- Buckets ---- */

static void binding_needs_the_bucket (void **state)
{
    static const char create[] = ALLOW ("imm:*", ARN "project/p*");
    static const char list[] = ALLOW ("oss:ListObjects", "acs:oss:*:*:photos");
    static const char get[] = ALLOW ("oss:GetObject", "acs:oss:*:*:photos/*");
    static const struct {
        const char *action, *params;
    } readers[] = {
        { "CreateBinding", "ProjectName=p&DatasetName=d&URI=oss%3A%2F%2Fphotos" },
        { "CreateBinding", "ProjectName=p&DatasetName=d&URI=s3%3A%2F%2Fphotos" },
        { "AttachOSSBucket", "ProjectName=p&OSSBucket=photos" },
    };
    struct gate_fixture *g = *state;
    for (size_t i = 0; i < N_ELEMENTS (readers); i++) {
        const char *action = readers[i].action, *params = readers[i].params;
        GRANT (g, create);
        assert_code (g, action, params, "NoPermission");
        GRANT (g, create, list);
        assert_code (g, action, params, "NoPermission");
        GRANT (g, create, get);
        assert_code (g, action, params, "NoPermission");
        GRANT (g, create, list, ALLOW ("oss:GetObject", "acs:oss:*:*:photos/2024/*"));
        assert_code (g, action, params, "NoPermission");
        GRANT (g, create, list, get, DENY ("oss:GetObject", "acs:oss:*:*:ph*"));
        assert_code (g, action, params, "NoPermission");
        GRANT (g, create, list, get, DENY ("oss:GetObject", "acs:oss:*:*:photos/secret/*"));
        assert_code (g, action, params, "NoPermission");
        GRANT (
            g, create, list, get,
            "{\"Effect\":\"Deny\",\"Action\":\"oss:*\",\"NotResource\":\"acs:oss:*:*:photos/2*\"}");
        assert_code (g, action, params, "NoPermission");
        GRANT (g, create, list,
               "{\"Effect\":\"Allow\",\"Action\":\"oss:*\",\"NotResource\":"
               "\"acs:oss:*:*:photos/secret/*\"}");
        assert_code (g, action, params, "NoPermission");
        GRANT (g, create, list, ALLOW ("oss:GetObject", "acs:oss:*:*:photos/?"));
        assert_code (g, action, params, "NoPermission");
        GRANT (g, create, list, ALLOW ("oss:GetObject", "acs:oss:*:*:photos/??*"));
        assert_code (g, action, params, "NoPermission");
        GRANT (
            g, create, list, get,
            "{\"Effect\":\"Deny\",\"Action\":\"oss:*\",\"NotResource\":\"acs:oss:*:*:photos/?\"}");
        assert_code (g, action, params, "NoPermission");
        GRANT (g, list, get);
        assert_code (g, action, params, "NoPermission");
        GRANT (g, create, list, ALLOW ("oss:GetObject", "acs:oss:*:*:photos/?*"));
        assert_code (g, action, params, "ResourceNotFound");
        GRANT (g, create, list,
               "{\"Effect\":\"Allow\",\"Action\":\"oss:*\",\"NotResource\":"
               "\"acs:oss:*:*:secret/*\"}");
        assert_code (g, action, params, "ResourceNotFound");
        GRANT (g, create, list, get, DENY ("oss:*", "acs:oss:*:*:photos-2/*"),
               DENY ("oss:PutObject", "*"));
        assert_code (g, action, params, "ResourceNotFound");
    }
    make_dataset (&g->f, "p", "d");
    for (size_t i = 0; i < N_ELEMENTS (readers); i += 2)
        assert_code (g, readers[i].action, readers[i].params, "OK");
}

/* The refusal names the right on the bucket, so that somebody can grant it; and it comes before
 * anybody learns whether there is such a bucket. */
static void a_bucket_is_named_in_the_refusal (void **state)
{
    struct gate_fixture *g = *state;
    struct call_answer answer;
    GRANT (g, ALLOW ("imm:*", "*"));
    send_call (g, action_find ("AttachOSSBucket"), "ProjectName=p&OSSBucket=no-such", &answer);
    assert_non_null (strstr (answer.body->str, "\"AuthAction\":\"oss:ListObjects\""));
    assert_non_null (strstr (answer.body->str, "acs:oss:local:" ACCOUNT ":no-such"));
    call_answer_clear (&answer);
    GRANT (g, ALLOW ("imm:*", "*"), ALLOW ("oss:ListObjects", "*"));
    send_call (g, action_find ("AttachOSSBucket"), "ProjectName=p&OSSBucket=no-such", &answer);
    assert_non_null (strstr (answer.body->str, "\"AuthAction\":\"oss:GetObject\""));
    assert_non_null (strstr (answer.body->str, "acs:oss:local:" ACCOUNT ":no-such/*"));
    call_answer_clear (&answer);
}

/* A bucket's attachment belongs to the project that it is attached to. */
static void detaching_is_decided_on_the_project (void **state)
{
    struct gate_fixture *g = *state;
    struct fixture *f = &g->f;
    as_root (g);
    make_dataset (f, "mine", "d");
    make_dataset (f, "other", "d");
    done (f, "AttachOSSBucket",
          json_pack ("{s:s, s:s}", "ProjectName", "mine", "OSSBucket", "photos"));
    done (f, "AttachOSSBucket",
          json_pack ("{s:s, s:s}", "ProjectName", "other", "OSSBucket", "videos"));
    GRANT (g, ALLOW ("imm:*", ARN "project/mine"));
    assert_code (g, "GetOSSBucketAttachment", "OSSBucket=photos", "OK");
    assert_code (g, "GetOSSBucketAttachment", "OSSBucket=videos", "NoPermission");
    assert_code (g, "GetOSSBucketAttachment", "OSSBucket=b-1", "NoPermission");
    assert_code (g, "DetachOSSBucket", "OSSBucket=videos", "NoPermission");
    assert_code (g, "DetachOSSBucket", "OSSBucket=photos", "OK");
    GRANT (g, ALLOW ("imm:*", "*"), DENY ("imm:DetachOSSBucket", ARN "project/other"));
    assert_code (g, "DetachOSSBucket", "OSSBucket=videos", "NoPermission");
    assert_code (g, "DetachOSSBucket", "OSSBucket=b-1", "ResourceNotFound");
}

/* Whose a bucket is learns only who may know of that project. */
static void an_attached_bucket_does_not_tell_whose_it_is (void **state)
{
    struct gate_fixture *g = *state;
    struct fixture *f = &g->f;
    as_root (g);
    make_dataset (f, "mine", "d");
    make_dataset (f, "secret", "d");
    done (f, "AttachOSSBucket",
          json_pack ("{s:s, s:s}", "ProjectName", "secret", "OSSBucket", "photos"));
    GRANT (g, ALLOW ("imm:*", ARN "project/mine*"), ALLOW ("oss:*", "*"));
    refused (f, "ResourceAlreadyExists", "attached to a project;", "AttachOSSBucket",
             json_pack ("{s:s, s:s}", "ProjectName", "mine", "OSSBucket", "photos"));
    as_root (g);
    refused (f, "ResourceAlreadyExists", "attached to project 'secret';", "AttachOSSBucket",
             json_pack ("{s:s, s:s}", "ProjectName", "mine", "OSSBucket", "photos"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        GATE (every_action_is_decided_on_its_resource),
        GATE (administration_is_decided_too),
        GATE (every_action_is_allowed_by_its_own_policy),
        GATE (no_name_widens_a_resource),
        GATE (a_stray_parameter_names_no_resource),
        GATE (binding_needs_the_bucket),
        GATE (a_bucket_is_named_in_the_refusal),
        GATE (detaching_is_decided_on_the_project),
        GATE (an_attached_bucket_does_not_tell_whose_it_is),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
