/* Sidecars through the whole of a scan: whatever order they and their images are seen in, the rows
 * of the images say what the sidecars say. */
#include "test.h"

#include <string.h>

#include "scan_world.h"

#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define PACKET                                                                                     \
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='" RDF "'><rdf:Description"            \
    " xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:title>%s</dc:title></rdf:Description>"       \
    "</rdf:RDF></x:xmpmeta>"

/* The name does not say what it is: the content does. */
static void put_image (struct world *w, const char *key)
{
    static const char gif[] = "GIF89a\x08\0\x08\0\0\0\0;";
    fake_put (w->fake, key, gif, sizeof gif - 1);
}

static void put_sidecar (struct world *w, const char *key, const char *title)
{
    g_autofree char *text = g_strdup_printf (PACKET, title);
    world_put (w, key, text);
}

/* The Title of an image's answer (the caller frees), or NULL. */
static char *title_of (struct world *w, const char *key)
{
    struct error e;
    _cleanup_dataset_ struct dataset_db *db = world_open_db (w);
    const struct file_context context = { "1", "p", "d", 0 };
    g_autofree char *uri = g_strconcat ("oss://fake/", key, NULL);
    const char *uris[] = { uri }, *fields[] = { "Title", NULL };
    g_autoptr (GString) text = g_string_new (NULL);
    assert_ok (files_get_documents (db, &context, uris, 1, fields, text, &e), &e);
    json_auto_t *file = json_loads (text->str, 0, NULL);
    return g_strdup (json_string_value (json_object_get (file, "Title")));
}

static bool has_title (struct world *w, const char *key, const char *title)
{
    g_autofree char *is = title_of (w, key);
    return g_strcmp0 (is, title) == 0;
}

static void bind_and_wait (struct world *w)
{
    world_bind (w);
    wait_for (world_is_in_state (w, BINDING_RUNNING, BINDING_INCREMENTAL_SCANNING));
    wait_for (world_is_quiet (w));
}

static void expect_title (struct world *w, const char *key, const char *title)
{
    wait_for (has_title (w, key, title) && world_is_quiet (w));
}

static void a_scan_merges_sidecars_and_a_rescan_does_nothing (void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 10; i++) { /* pages of three keys */
        g_autofree char *raw = g_strdup_printf ("d%d/a.cr2", i),
                        *sidecar = g_strdup_printf (i % 2 ? "d%d/a.xmp" : "d%d/a.cr2.XMP", i);
        put_image (w, raw);
        put_sidecar (w, sidecar, raw);
    }
    bind_and_wait (w);
    for (int i = 0; i < 10; i++) {
        g_autofree char *raw = g_strdup_printf ("d%d/a.cr2", i);
        expect_title (w, raw, raw);
    }
    unsigned opens = fake_opens (w->fake);
    struct index_entry before, after;
    assert_true (world_get_row (w, "d3/a.cr2", &before));
    world_rescan (w);
    assert_int_equal (fake_opens (w->fake), opens);
    assert_true (world_get_row (w, "d3/a.cr2", &after));
    assert_int_equal (after.commit_no, before.commit_no);
}

static void a_rescan_finds_new_changed_and_gone_sidecars (void **state)
{
    struct world *w = *state;
    put_image (w, "a.cr2");
    put_image (w, "b.jpg");
    bind_and_wait (w);
    expect_title (w, "a.cr2", NULL);
    put_sidecar (w, "a.xmp", "first");
    put_sidecar (w, "b.jpg.xmp", "other");
    world_rescan (w);
    expect_title (w, "a.cr2", "first");
    expect_title (w, "b.jpg", "other");
    put_sidecar (w, "a.xmp", "second");
    world_rescan (w);
    expect_title (w, "a.cr2", "second");
    fake_remove (w->fake, "a.xmp");
    world_rescan (w);
    expect_title (w, "a.cr2", NULL);
    expect_title (w, "b.jpg", "other");
}

static void events_are_followed (void **state)
{
    struct world *w = *state;
    put_image (w, "a.cr2");
    bind_and_wait (w);
    put_sidecar (w, "a.xmp", "first");
    world_dirty (w, "a.xmp");
    expect_title (w, "a.cr2", "first");
    put_sidecar (w, "a.cr2.xmp", "nearer");
    world_dirty (w, "a.cr2.xmp");
    expect_title (w, "a.cr2", "nearer");
    put_image (w, "new.cr2"); /* the sidecar is there before its image */
    put_sidecar (w, "new.xmp", "early");
    world_dirty (w, "new.xmp");
    wait_for (world_has_row (w, "new.xmp"));
    world_dirty (w, "new.cr2");
    expect_title (w, "new.cr2", "early");
    fake_remove (w->fake, "a.cr2.xmp");
    world_dirty (w, "a.cr2.xmp");
    expect_title (w, "a.cr2", "first");
    fake_remove (w->fake, "a.xmp");
    world_dirty (w, "a.xmp");
    expect_title (w, "a.cr2", NULL);
}

static void a_sidecar_that_is_renamed_goes_along (void **state)
{
    struct world *w = *state;
    put_image (w, "a.cr2");
    put_image (w, "b.cr2");
    put_sidecar (w, "a.xmp", "of one");
    bind_and_wait (w);
    expect_title (w, "a.cr2", "of one");
    fake_remove (w->fake, "a.xmp");
    put_sidecar (w, "b.xmp", "of one");
    world_dirty (w, "a.xmp");
    world_dirty (w, "b.xmp");
    expect_title (w, "a.cr2", NULL);
    expect_title (w, "b.cr2", "of one");
}

static void a_raw_file_comes_and_goes (void **state)
{
    struct world *w = *state;
    put_image (w, "a.jpg");
    put_sidecar (w, "a.xmp", "title");
    bind_and_wait (w);
    expect_title (w, "a.jpg", "title");
    put_image (w, "a.nef");
    world_dirty (w, "a.nef");
    expect_title (w, "a.nef", "title");
    expect_title (w, "a.jpg", NULL);
    fake_remove (w->fake, "a.nef");
    world_rescan (w);
    expect_title (w, "a.jpg", "title");
}

/* ---- at exact moments ---- */

static void list_sidecar (struct world *w)
{
    put_sidecar (w, "k.xmp", "while it was read");
    unsigned before = fake_listings (w->fake);
    struct error e;
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (fake_listings (w->fake) > before);
}

static void during (struct world *w, enum fake_point point, void (*act) (struct world *w))
{
    static struct step step;
    step = (struct step){ .w = w, .point = point, .key = "k.cr2", .act = act };
    fake_set_hook (w->fake, world_step, &step);
    put_image (w, "k.cr2");
    world_dirty (w, "k.cr2");
    wait_for (atomic_load (&step.times) > 0 && world_is_quiet (w));
    fake_set_hook (w->fake, NULL, NULL);
}

static void a_sidecar_that_is_listed_during_extraction_counts (void **state)
{
    struct world *w = *state;
    put_image (w, "k.cr2");
    world_put (w, "other", "x");
    bind_and_wait (w);
    during (w, FAKE_OPEN, list_sidecar);
    expect_title (w, "k.cr2", "while it was read");
}

static void a_sidecar_that_is_listed_before_the_result_is_stored_counts (void **state)
{
    struct world *w = *state;
    world_put (w, "other", "x");
    bind_and_wait (w); /* and k.cr2 has no row yet */
    during (w, FAKE_VERIFY, list_sidecar);
    expect_title (w, "k.cr2", "while it was read");
}

static void remove_sidecar (struct world *w)
{
    fake_remove (w->fake, "k.xmp");
    unsigned before = fake_listings (w->fake);
    struct error e;
    assert_ok (scan_rescan (w->scan, w->binding, NULL, false, false, &e), &e);
    wait_for (fake_listings (w->fake) > before);
}

static void a_sidecar_that_goes_during_extraction_is_gone (void **state)
{
    struct world *w = *state;
    put_sidecar (w, "k.xmp", "for a moment");
    put_image (w, "k.cr2");
    bind_and_wait (w);
    expect_title (w, "k.cr2", "for a moment");
    during (w, FAKE_VERIFY, remove_sidecar);
    expect_title (w, "k.cr2", NULL);
}

static void a_sidecar_that_cannot_be_read_is_as_none_until_it_can (void **state)
{
    struct world *w = *state;
    static struct step refuse;
    refuse = (struct step){
        .w = w, .point = FAKE_OPEN, .key = "a.xmp", .result = ERR_STORE_DENIED, .always = true
    };
    fake_set_hook (w->fake, world_step, &refuse);
    put_image (w, "a.cr2");
    put_sidecar (w, "a.xmp", "unseen");
    bind_and_wait (w);
    expect_title (w, "a.cr2", NULL);
    assert_true (world_has_row (w, "a.cr2"));
    fake_set_hook (w->fake, NULL, NULL);
    world_dirty (w, "a.xmp");
    expect_title (w, "a.cr2", "unseen");
}

static void take_away (struct world *w)
{
    fake_remove (w->fake, "a.xmp");
}

static void a_sidecar_that_vanishes_before_it_is_opened_is_as_none (void **state)
{
    struct world *w = *state;
    static struct step vanish;
    vanish = (struct step){ .w = w, .point = FAKE_OPEN, .key = "a.xmp", .act = take_away };
    fake_set_hook (w->fake, world_step, &vanish);
    put_image (w, "a.cr2");
    put_sidecar (w, "a.xmp", "never seen");
    bind_and_wait (w);
    expect_title (w, "a.cr2", NULL);
    assert_true (world_has_row (w, "a.cr2"));
    assert_int_equal (world_file_count (w), 1);
    fake_set_hook (w->fake, NULL, NULL);
}

static void broken_and_huge_sidecars_fail_no_image (void **state)
{
    struct world *w = *state;
    g_autofree char *huge = g_strnfill (LIMIT_XMP + 1, ' ');
    put_image (w, "a.cr2");
    put_image (w, "b.cr2");
    put_image (w, "c.cr2");
    world_put (w, "a.xmp", "<x:xmpmeta <<<");
    world_put (w, "b.xmp", huge);
    world_put (w, "c.xmp", "");
    bind_and_wait (w);
    assert_true (world_has_row (w, "a.cr2") && world_has_row (w, "b.cr2"));
    assert_true (world_has_row (w, "c.cr2"));
    assert_int_equal (world_progress (w).failed, 0);
}

static void a_restart_forgets_no_image (void **state)
{
    struct world *w = *state;
    put_image (w, "a.cr2");
    put_sidecar (w, "a.xmp", "first");
    bind_and_wait (w);
    scan_free (w->scan);
    put_sidecar (w, "a.xmp", "while down");
    world_start_scan (w);
    expect_title (w, "a.cr2", "while down");
}

static unsigned open_descriptors (void)
{
    g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
    unsigned n = 0;
    while (g_dir_read_name (dir))
        n++;
    return n;
}

static void no_descriptor_stays_open (void **state)
{
    struct world *w = *state;
    unsigned before = 0;
    put_image (w, "a.cr2");
    bind_and_wait (w);
    for (int i = 0; i < 60; i++) {
        g_autofree char *title = g_strdup_printf ("title %d", i);
        put_sidecar (w, "a.xmp", title);
        world_dirty (w, "a.xmp");
        expect_title (w, "a.cr2", title);
        if (i == 10)
            before = open_descriptors ();
    }
    /* Sessions of the index open as they are needed, a few descriptors each. */
    wait_for (open_descriptors () < before + 30);
}

int main (void)
{
#define RACE(f) cmocka_unit_test_setup_teardown (f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        RACE (a_scan_merges_sidecars_and_a_rescan_does_nothing),
        RACE (a_rescan_finds_new_changed_and_gone_sidecars),
        RACE (events_are_followed),
        RACE (a_sidecar_that_is_renamed_goes_along),
        RACE (a_raw_file_comes_and_goes),
        RACE (a_sidecar_that_is_listed_during_extraction_counts),
        RACE (a_sidecar_that_is_listed_before_the_result_is_stored_counts),
        RACE (a_sidecar_that_goes_during_extraction_is_gone),
        RACE (a_sidecar_that_cannot_be_read_is_as_none_until_it_can),
        RACE (a_sidecar_that_vanishes_before_it_is_opened_is_as_none),
        RACE (broken_and_huge_sidecars_fail_no_image),
        RACE (a_restart_forgets_no_image),
        RACE (no_descriptor_stays_open),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
