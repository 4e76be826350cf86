/* What the server counts and what the renderer makes is the same size, whatever the chain: else a
 * request would be refused for nothing, or a bomb would pass. */
#include "process/geometry.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <glib.h>

#include "render/init.h"
#include "render/render.h"
#include "test.h"
#include "worker/init.h"

#define WIDTH  237
#define HEIGHT 161
#define CHAINS 200

/* A file of that format, as it is named in libvips. */
static struct source make_source (const char *suffix, int bands)
{
    g_autoptr (VipsImage) noise = NULL, bytes = NULL, rgb = NULL;
    void *file;
    size_t size;
    VipsImage *all[4];
    assert_int_equal (vips_gaussnoise (&noise, WIDTH, HEIGHT, "mean", 128.0, "sigma", 40.0, NULL),
                      0);
    assert_int_equal (vips_cast_uchar (noise, &bytes, NULL), 0);
    for (int i = 0; i < bands; i++)
        all[i] = bytes;
    assert_int_equal (vips_bandjoin (all, &rgb, bands, NULL), 0);
    assert_int_equal (vips_image_write_to_buffer (rgb, suffix, &file, &size, NULL), 0);
    int fd = memfd_create ("source", MFD_CLOEXEC);
    assert_true (fd >= 0 && write (fd, file, size) == (ssize_t) size);
    g_free (file);
    return (struct source){ .fd = fd, .size = size };
}

static void append_op (GString *text, GRand *dice)
{
    static const char *const modes[] = { "lfit", "mfit", "fill", "pad", "fixed" };
    static const char *const gravities[] = { "nw", "north", "center", "east", "se" };
    int a = g_rand_int_range (dice, 1, 300), b = g_rand_int_range (dice, 1, 300);
    switch (g_rand_int_range (dice, 0, 9)) {
    case 0:
    case 1:
        g_string_append_printf (text, "/resize,w_%d,h_%d,m_%s,limit_%d", a, b,
                                modes[g_rand_int_range (dice, 0, 5)], g_rand_boolean (dice));
        break;
    case 2:
        g_string_append_printf (text, "/resize,%c_%d,limit_%d",
                                "whls"[g_rand_int_range (dice, 0, 4)], a, g_rand_boolean (dice));
        break;
    case 3:
        g_string_append_printf (text, "/resize,p_%d", g_rand_int_range (dice, 1, 130));
        break;
    case 4:
        g_string_append_printf (text, "/crop,w_%d,h_%d,x_%d,y_%d,g_%s", a, b,
                                g_rand_int_range (dice, 0, 40), g_rand_int_range (dice, 0, 40),
                                gravities[g_rand_int_range (dice, 0, 5)]);
        break;
    case 5:
        g_string_append_printf (text, "/indexcrop,%c_%d,i_%d", g_rand_boolean (dice) ? 'x' : 'y', a,
                                g_rand_int_range (dice, 0, 3));
        break;
    case 6:
        g_string_append_printf (text, "/circle,r_%d", a);
        break;
    case 7:
        g_string_append_printf (text, "/rotate,%d", g_rand_int_range (dice, 0, 361));
        break;
    default:
        g_string_append (text, g_rand_boolean (dice) ? "/auto-orient,1" : "/bright,10");
        break;
    }
}

static char *random_chain (GRand *dice)
{
    GString *text = g_string_new ("image");
    for (int n = g_rand_int_range (dice, 1, 4); n > 0; n--)
        append_op (text, dice);
    return g_string_free (text, FALSE);
}

static void try_chain (const char *text, const struct source *source)
{
    struct error e, said = { .message = "" };
    _cleanup_process_ struct process *p = NULL;
    assert_ok (process_parse (text, strlen (text), &p, &e), &e);
    struct process_size size = { WIDTH, HEIGHT };
    enum err counted = ERR_OK;
    for (size_t i = 0; counted == ERR_OK && i < p->n_ops; i++)
        counted = process_resize_by (&p->ops[i], 1, NULL, &size, &e);

    struct render render = { .source = *source, .process = p };
    struct render_result result = { 0 };
    enum err made = render_run (&render, &result, &said);
    render_clear (&render);
    if (made != counted ||
        (made == ERR_OK && (result.width != size.width || result.height != size.height)))
        fail_msg ("%s: counted %s %u x %u, made %s %u x %u: %s", text, error_name (counted),
                  size.width, size.height, error_name (made), result.width, result.height,
                  said.message);
    g_free (result.bytes);
}

static void try_source (const char *suffix, int bands)
{
    struct source source = make_source (suffix, bands);
    g_autoptr (GRand) dice = g_rand_new_with_seed (20);
    for (int i = 0; i < CHAINS; i++) {
        g_autofree char *text = random_chain (dice);
        try_chain (text, &source);
    }
    close (source.fd);
}

static void sizes_of_jpegs (void **state)
{
    (void) state;
    try_source (".jpg", 3);
}

static void sizes_of_pngs (void **state)
{
    (void) state;
    try_source (".png[compression=1]", 4);
}

static void sizes_of_webps (void **state)
{
    (void) state;
    try_source (".webp[effort=0]", 3);
}

int main (void)
{
    init_libraries ();
    if (!render_init ())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (sizes_of_jpegs),
        cmocka_unit_test (sizes_of_pngs),
        cmocka_unit_test (sizes_of_webps),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
