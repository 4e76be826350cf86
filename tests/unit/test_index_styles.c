/* Styles in the catalogue: limited and kept by bucket. */
#include "test.h"

#include "index/catalog.h"
#include "tree.h"

struct world {
    struct tree tree;
    struct catalog *c;
    struct error e;
};

static void reopen (struct world *w)
{
    catalog_close (g_steal_pointer (&w->c));
    assert_ok (catalog_open (w->tree.path, &w->c, &w->e), &w->e);
}

static int setup (void **state)
{
    struct world *w = g_new0 (struct world, 1);
    tree_init (&w->tree);
    assert_ok (catalog_open (w->tree.path, &w->c, &w->e), &w->e);
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

static void put_style (struct world *w, const char *bucket, const char *name, const char *text)
{
    struct style s = { (char *) bucket, (char *) name, (char *) text, 0, 0 };
    assert_ok (catalog_put_style (w->c, &s, 2, &w->e), &w->e);
    assert_true (s.create_ns > 0 && s.update_ns >= s.create_ns);
}

static void assert_style (struct world *w, const char *bucket, const char *name, const char *text)
{
    struct style *found = NULL;
    assert_ok (catalog_get_style (w->c, bucket, name, &found, &w->e), &w->e);
    assert_string_equal (found->text, text);
    assert_string_equal (found->bucket, bucket);
    assert_string_equal (found->name, name);
    style_free (found);
}

static void styles_are_limited_and_kept_by_bucket (void **state)
{
    struct world *w = *state;
    struct style third = { "photos", "c", "3", 0, 0 }, *none = NULL;
    put_style (w, "photos", "b", "1");
    put_style (w, "photos", "a", "2");
    put_style (w, "other", "b", "4");
    assert_err (LIMIT, catalog_put_style (w->c, &third, 2, &w->e));
    assert_err (NO_STYLE, catalog_get_style (w->c, "photos", "c", &none, &w->e));
    put_style (w, "photos", "b", "5");
    assert_style (w, "photos", "b", "5");
    assert_style (w, "other", "b", "4");

    g_autoptr (GPtrArray) list = NULL, rest = NULL;
    assert_ok (catalog_list_styles (w->c, "photos", NULL, 1, &list, &w->e), &w->e);
    assert_int_equal (list->len, 2);
    assert_string_equal (((struct style *) list->pdata[0])->name, "a");
    assert_ok (catalog_list_styles (w->c, "photos", "b", 10, &rest, &w->e), &w->e);
    assert_int_equal (rest->len, 1);

    assert_ok (catalog_delete_style (w->c, "photos", "b", &w->e), &w->e);
    assert_err (NO_STYLE, catalog_delete_style (w->c, "photos", "b", &w->e));
    assert_err (NO_STYLE, catalog_get_style (w->c, "photos", "b", &none, &w->e));
    assert_ok (catalog_put_style (w->c, &third, 2, &w->e), &w->e);
    reopen (w);
    assert_err (NO_STYLE, catalog_get_style (w->c, "photos", "b", &none, &w->e));
    assert_style (w, "photos", "c", "3");
    assert_style (w, "other", "b", "4");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (styles_are_limited_and_kept_by_bucket, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
