/* Listings of a directory store as text, for its tests. */
#pragma once

#include "store/dir.h"
#include "tree.h"

static inline struct store *new_store (struct tree *t)
{
    struct error e;
    struct store *s;
    assert_ok (store_dir_new ("test", NULL, &s, &e), &e);
    assert_ok (store_dir_add_bucket (s, "bucket", t->path, &e), &e);
    return s;
}

/* Lists (after, before) in pages of `max`, checking what every page promises. Keys are joined by
 * '|', a gap is "[lo,hi)", a reject "!key". */
static inline char *list (struct store *s, const char *after, const char *before, size_t max,
                          const struct store_list_hooks *hooks)
{
    struct error e;
    struct store_listing *l;
    struct store_page page;
    store_page_init (&page);
    GString *out = g_string_new (""), *last = g_string_new (after);
    assert_ok (store_list_open (s, "bucket", after, before, hooks, &l, &e), &e);
    while (!page.is_last) {
        assert_ok (store_list_next (l, max, &page, &e), &e);
        assert_true (page.objects->len <= max);
        for (guint i = 0; i < page.objects->len; i++) {
            struct store_object *o = &g_array_index (page.objects, struct store_object, i);
            assert_true (strcmp (o->key, last->str) > 0);
            assert_true (!page.upto || strcmp (o->key, page.upto) <= 0);
            g_string_assign (last, o->key);
            g_string_append_printf (out, "%s|", o->key);
        }
        for (guint i = 0; i < page.gaps->len; i++) {
            struct store_gap *gap = page.gaps->pdata[i];
            g_string_append_printf (out, "[%s,%s)|", gap->lo, gap->hi);
        }
        for (guint i = 0; i < page.rejects->len; i++) {
            struct store_reject *r = page.rejects->pdata[i];
            g_string_append_printf (out, "!%s %s|", r->key, r->reason);
        }
        if (page.upto) {
            assert_true (strcmp (page.upto, last->str) >= 0);
            g_string_assign (last, page.upto);
        }
    }
    store_list_close (l);
    store_page_clear (&page);
    g_string_free (last, TRUE);
    return g_string_free (out, FALSE);
}

static inline void assert_list (struct store *s, const char *after, const char *before,
                                const char *want)
{
    for (size_t max = 1; max < 20; max++) {
        g_autofree char *got = list (s, after, before, max, NULL);
        assert_string_equal (got, want);
    }
}
