/* Sizes and places: what each operation makes of a width and a height, and what is too large. */
#include <glib.h>
#include "process/geometry.h"
#include "test.h"

static struct process *parsed (const char *text)
{
    struct error e;
    struct process *p = NULL;
    assert_ok (process_parse (text, strlen (text), &p, &e), &e);
    return p;
}

/* chain, source, result */
static const struct {
    const char *chain;
    uint32_t width, height, to_width, to_height;
} sizes[] = {
    { "resize,w_150,h_80", 200, 100, 150, 75 },
    { "resize,w_150,h_80,m_mfit", 200, 100, 160, 80 },
    { "resize,w_150,h_80,m_fill", 200, 100, 150, 80 },
    { "resize,w_150,h_80,m_pad", 200, 100, 150, 80 },
    { "resize,w_150,h_80,m_fixed", 200, 100, 150, 80 },
    { "resize,w_100", 400, 300, 100, 75 },
    { "resize,h_100", 400, 300, 133, 100 },
    { "resize,h_100,m_mfit", 400, 300, 133, 100 },
    { "resize,h_100,m_fixed", 400, 300, 133, 100 },
    { "resize,h_100,m_pad", 400, 300, 100, 100 },
    { "resize,w_100,m_fill", 400, 300, 100, 100 },
    { "resize,h_100,w_100,m_fill", 400, 300, 100, 100 },
    { "resize,l_200", 400, 300, 200, 150 },
    { "resize,l_200", 300, 400, 150, 200 },
    { "resize,s_150", 400, 300, 200, 150 },
    { "resize,s_150,m_pad", 300, 400, 150, 200 },
    { "resize,l_200,s_100", 400, 300, 133, 100 },
    { "resize,l_200,s_100,m_fixed", 300, 400, 100, 200 },
    { "resize,p_50", 401, 299, 201, 150 },
    { "resize,p_200", 40, 30, 80, 60 },
    { "resize,p_1", 4, 4, 1, 1 },
    { "resize,w_1", 30000, 1, 1, 1 },
    /* nothing is enlarged unless limit_0 says so */
    { "resize,w_500", 400, 300, 400, 300 },
    { "resize,w_500,limit_0", 400, 300, 500, 375 },
    { "resize,w_500,h_200,m_fixed", 400, 300, 400, 300 },
    { "resize,w_500,h_500,m_pad", 400, 300, 400, 300 },
    { "resize,w_350,h_350,m_pad", 400, 300, 350, 350 },
    { "resize,w_350,h_350,m_fill", 400, 300, 400, 300 },
    { "resize,w_350,h_350,m_fill,limit_0", 400, 300, 350, 350 },
    { "crop,x_100,y_50", 400, 300, 300, 250 },
    { "crop,w_100,h_100,x_350", 400, 300, 50, 100 },
    { "crop,w_9999", 400, 300, 400, 300 },
    { "crop,w_100,h_100,g_se,x_10,y_20", 400, 300, 90, 80 },
    { "indexcrop,x_150,i_2", 400, 300, 100, 300 },
    { "indexcrop,y_100,i_0", 400, 300, 400, 100 },
    { "indexcrop,y_100,i_3", 400, 300, 400, 300 },
    { "indexcrop,x_2147483647,i_2147483647", 400, 300, 400, 300 },
    { "circle,r_100", 400, 300, 201, 201 },
    { "circle,r_4096", 400, 300, 299, 299 },
    { "circle,r_1", 1, 1, 1, 1 },
    { "rounded-corners,r_30", 400, 300, 400, 300 },
    { "rotate,90", 400, 300, 300, 400 },
    { "rotate,180", 400, 300, 400, 300 },
    { "rotate,45", 100, 100, 141, 141 },
    { "rotate,30", 400, 300, 496, 460 },
    { "resize,w_100/rotate,90/crop,w_50,h_50", 400, 300, 50, 50 },
};

static void test_sizes (void **state)
{
    (void) state;
    for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++) {
        g_autofree char *text = g_strdup_printf ("image/%s", sizes[i].chain);
        _cleanup_process_ struct process *p = parsed (text);
        struct process_size size = { sizes[i].width, sizes[i].height };
        struct error e;
        for (size_t o = 0; o < p->n_ops; o++)
            assert_ok (process_resize_by (&p->ops[o], 1, NULL, &size, &e), &e);
        if (size.width != sizes[i].to_width || size.height != sizes[i].to_height)
            fail_msg ("%s: %u x %u", text, size.width, size.height);
    }
}

/* chain, source, frames, code ("OK": accepted), number of the page */
static const struct {
    const char *chain;
    uint32_t width, height, frames;
    const char *code, *ec;
} checks[] = {
    { "format,png", 30000, 8333, 1, "OK", "" },
    { "format,png", 30001, 1, 1, "IMAGE_TOO_LARGE", "0040-00000009" },
    { "format,png", 30000, 8334, 1, "IMAGE_TOO_LARGE", "0040-00000012" },
    { "format,png", 4294967295, 4294967295, 1, "IMAGE_TOO_LARGE", "0040-00000009" },
    { "resize,w_1", 500, 500, 1000, "OK", "" },
    { "resize,w_1", 500, 500, 1001, "IMAGE_TOO_LARGE", "0040-00000012" },
    { "resize,w_1", 30000, 5, 4294967295, "IMAGE_TOO_LARGE", "0040-00000012" },
    { "info", 50000, 50000, 1, "OK", "" },
    { "average-hue", 50000, 50000, 1, "IMAGE_TOO_LARGE", "0040-00000009" },
    { "resize,w_4096,h_4096,m_fixed,limit_0", 9, 9, 1, "OK", "" },
    { "resize,w_4096,h_4097,m_fixed,limit_0", 9, 9, 1, "IMAGE_TOO_LARGE", "0040-00000007" },
    { "resize,w_5000,h_5000,m_pad,limit_0", 0, 0, 0, "IMAGE_TOO_LARGE", "0040-00000007" },
    { "resize,w_5000,h_5000,m_fixed", 0, 0, 0, "OK", "" },
    { "resize,w_5000,h_5000,m_fixed", 9, 9, 1, "OK", "" },
    { "resize,w_5000,h_5000", 6000, 6000, 1, "IMAGE_TOO_LARGE", "0040-00000007" },
    { "resize,w_16384,limit_0", 1, 16384, 1, "IMAGE_TOO_LARGE", "0040-00000007" },
    { "resize,h_16384,limit_0", 3, 30000, 1, "OK", "" },
    { "resize,w_1000,h_1000,m_fill,limit_0", 30000, 1, 1, "IMAGE_TOO_LARGE", "0040-00000007" },
    { "resize,p_1000", 4000, 3000, 1, "IMAGE_TOO_LARGE", "0040-00000007" },
    { "resize,p_1000", 4000, 3000, 2, "OK", "" },
    { "quality,q_50", 8000, 6000, 1, "OK", "" },
    { "rotate,1", 4096, 4096, 1, "OK", "" },
    { "rotate,1", 4097, 1, 1, "IMAGE_TOO_LARGE", "0040-00000006" },
    { "resize,w_4096/rotate,90", 8000, 4000, 1, "OK", "" },
    { "crop,x_400", 400, 300, 1, "PROCESS_REQUEST", "" },
    { "crop,y_300", 400, 300, 1, "PROCESS_REQUEST", "" },
    { "crop,x_399,y_299", 400, 300, 1, "OK", "" },
    { "crop,w_10,g_ne,x_10", 400, 300, 1, "PROCESS_REQUEST", "" },
    { "crop,x_400", 0, 0, 0, "OK", "" },
    { "auto-orient,1/crop,x_350", 300, 400, 1, "OK", "" },
    { "auto-orient,0/crop,x_350", 300, 400, 1, "PROCESS_REQUEST", "" },
    { "format,webp", 16384, 9, 1, "IMAGE_TOO_LARGE", "0040-00000011" },
    { "resize,w_16383/format,webp", 16384, 9, 1, "OK", "" },
    { "format,heic", 4097, 9, 1, "IMAGE_TOO_LARGE", "" },
    { "format,avif", 4097, 9, 1, "IMAGE_TOO_LARGE", "" },
    { "format,avif", 4096, 2304, 1, "OK", "" },
    { "format,avif", 4096, 2305, 1, "IMAGE_TOO_LARGE", "" },
};

static void test_checks (void **state)
{
    (void) state;
    for (size_t i = 0; i < G_N_ELEMENTS (checks); i++) {
        g_autofree char *text = g_strdup_printf ("image/%s", checks[i].chain);
        _cleanup_process_ struct process *p = parsed (text);
        struct error e = { .subject = "" };
        enum err r =
            process_check_size (p, checks[i].width, checks[i].height, checks[i].frames, &e);
        if (strcmp (error_name (r), checks[i].code) != 0 || strcmp (e.subject, checks[i].ec) != 0)
            fail_msg ("%s of %u x %u: %s %s %s", text, checks[i].width, checks[i].height,
                      error_name (r), e.subject, e.message);
    }
    _cleanup_process_ struct process *video = parsed ("video/snapshot,t_1");
    struct error e;
    assert_ok (process_check_size (video, 50000, 50000, 1000000, &e), &e);
}

static struct process_scaling scaled (const char *chain, uint32_t width, uint32_t height,
                                      bool is_animated)
{
    struct error e;
    struct process_scaling scaling;
    g_autofree char *text = g_strdup_printf ("image/resize,%s", chain);
    _cleanup_process_ struct process *p = parsed (text);
    assert_ok (process_scale (&p->ops[0].resize, (struct process_size){ width, height },
                              is_animated, NULL, &scaling, &e),
               &e);
    return scaling;
}

static void assert_size (struct process_size size, uint32_t width, uint32_t height)
{
    assert_int_equal (size.width, width);
    assert_int_equal (size.height, height);
}

static void assert_box (struct process_box box, uint32_t x, uint32_t y, uint32_t width,
                        uint32_t height)
{
    assert_int_equal (box.x, x);
    assert_int_equal (box.y, y);
    assert_int_equal (box.width, width);
    assert_int_equal (box.height, height);
}

static void test_scaling (void **state)
{
    (void) state;
    struct process_scaling fill = scaled ("w_100,h_100,m_fill", 400, 300, false);
    assert_size (fill.scaled, 133, 100);
    assert_box (fill.part, 16, 0, 100, 100);
    assert_size (fill.canvas, 100, 100);

    struct process_scaling pad = scaled ("w_100,h_100,m_pad", 400, 300, false);
    assert_size (pad.scaled, 100, 75);
    assert_box (pad.part, 0, 0, 100, 75);
    assert_size (pad.canvas, 100, 100);
    assert_int_equal (pad.x, 0);
    assert_int_equal (pad.y, 12);

    /* animated: never enlarged */
    assert_size (scaled ("w_200,limit_0", 100, 50, true).canvas, 100, 50);
    assert_size (scaled ("p_200", 100, 50, true).canvas, 100, 50);
    assert_size (scaled ("p_50", 100, 50, true).canvas, 50, 25);

    /* an object of 100 x 50 on images of 400 x 300: within P percent of both sides */
    struct error e;
    struct process_scaling mark;
    struct process_resize resize = { .limit = 1,
                                     .has_percent_of_main = true,
                                     .percent_of_main = 50 };
    struct process_size main_size = { 400, 300 };
    assert_ok (
        process_scale (&resize, (struct process_size){ 100, 50 }, false, &main_size, &mark, &e),
        &e);
    assert_size (mark.canvas, 200, 100);
    assert_ok (
        process_scale (&resize, (struct process_size){ 50, 100 }, false, &main_size, &mark, &e),
        &e);
    assert_size (mark.canvas, 75, 150);
}

/* Whatever the numbers: a part lies within what is scaled, and that on its canvas. */
static void test_scaling_random (void **state)
{
    (void) state;
    g_autoptr (GRand) dice = g_rand_new_with_seed (7);
    for (unsigned i = 0; i < 200000; i++) {
        struct process_resize resize = { .m = (enum process_mode) g_rand_int_range (dice, 0, 5),
                                         .has_w = g_rand_boolean (dice),
                                         .has_l = true,
                                         .has_s = g_rand_boolean (dice),
                                         .has_h = g_rand_boolean (dice),
                                         .limit = g_rand_boolean (dice) };
        int32_t *const sides[] = { &resize.w, &resize.h, &resize.l, &resize.s };
        for (size_t n = 0; n < G_N_ELEMENTS (sides); n++)
            *sides[n] = g_rand_int_range (dice, 1, g_rand_boolean (dice) ? 16 : 16385);
        struct process_size size = {
            (uint32_t) g_rand_int_range (dice, 1, g_rand_boolean (dice) ? 9 : 30001),
            (uint32_t) g_rand_int_range (dice, 1, g_rand_boolean (dice) ? 9 : 30001)
        };
        struct process_scaling s;
        if (process_scale (&resize, size, g_rand_boolean (dice), NULL, &s, NULL) != ERR_OK)
            continue;
        assert_true (s.part.width > 0 && s.part.height > 0);
        assert_true (s.part.x + s.part.width <= s.scaled.width);
        assert_true (s.part.y + s.part.height <= s.scaled.height);
        assert_true (s.x + s.part.width <= s.canvas.width);
        assert_true (s.y + s.part.height <= s.canvas.height);
        if (resize.limit)
            assert_true (s.scaled.width <= size.width && s.scaled.height <= size.height);
    }
}

static void test_cuts (void **state)
{
    (void) state;
    static const struct {
        const char *g;
        uint32_t x, y;
    } places[] = {
        { "nw", 0, 0 },     { "north", 150, 0 },    { "ne", 300, 0 },
        { "west", 0, 125 }, { "center", 150, 125 }, { "east", 300, 125 },
        { "sw", 0, 250 },   { "south", 150, 250 },  { "se", 300, 250 },
    };
    struct error e;
    for (size_t i = 0; i < G_N_ELEMENTS (places); i++) {
        g_autofree char *text = g_strdup_printf ("image/crop,w_100,h_50,g_%s", places[i].g);
        _cleanup_process_ struct process *p = parsed (text);
        struct process_box box;
        assert_ok (process_cut (&p->ops[0].crop, (struct process_size){ 400, 300 }, &box, &e), &e);
        assert_box (box, places[i].x, places[i].y, 100, 50);
    }
    _cleanup_process_ struct process *p = parsed ("image/indexcrop,x_150,i_2");
    assert_box (process_slice (&p->ops[0].indexcrop, (struct process_size){ 400, 300 }), 300, 0,
                100, 300);
    struct process_circle circle = { 100 };
    assert_box (process_circle (&circle, (struct process_size){ 400, 300 }), 99, 49, 201, 201);
    assert_int_equal (process_radius (4096, (struct process_size){ 400, 300 }), 150);
}

static void test_places (void **state)
{
    (void) state;
    static const int32_t expected[9][2] = { { 10, 20 },  { 190, 20 },  { 370, 20 },
                                            { 10, 150 }, { 190, 150 }, { 370, 150 },
                                            { 10, 260 }, { 190, 260 }, { 370, 260 } };
    for (int g = 0; g < 9; g++) {
        int32_t x, y;
        process_place ((enum process_gravity) g, (struct process_size){ 400, 300 },
                       (struct process_size){ 20, 20 }, 10, 20, 10, &x, &y);
        assert_int_equal (x, expected[g][0]);
        assert_int_equal (y, expected[g][1]);
    }
    int32_t x, y;
    process_place (PROCESS_CENTER, (struct process_size){ 10, 10 }, (struct process_size){ 20, 20 },
                   10, 10, -1000, &x, &y);
    assert_int_equal (x, -5);
    assert_int_equal (y, -1005);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_sizes),   cmocka_unit_test (test_checks),
        cmocka_unit_test (test_scaling), cmocka_unit_test (test_scaling_random),
        cmocka_unit_test (test_cuts),    cmocka_unit_test (test_places),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
