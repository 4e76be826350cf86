/* Watermarks: where they lie, how they mix, what text makes of its parameters. */
#include "pictures.h"
#include "render/fonts.h"
#include "render/mark.h"

static uint8_t grey (int x UNUSED, int y UNUSED, int band)
{
    return band == 3 ? 255 : 100;
}

static uint8_t clear (int x UNUSED, int y UNUSED, int band)
{
    return band == 3 ? 0 : 100;
}

static uint8_t gold (int x UNUSED, int y UNUSED, int band)
{
    return (uint8_t[]){ 200, 180, 20, 255 }[band];
}

/* A PNG of one colour, as the object of a watermark. */
static struct source logo (int width, int height)
{
    void *bytes;
    size_t size;
    g_autoptr (VipsImage) image = draw (width, height, 3, gold);
    assert_int_equal (0, vips_pngsave_buffer (image, &bytes, &size, NULL));
    struct source source = open_bytes (bytes, size);
    g_free (bytes);
    return source;
}

static char *encode (const char *text)
{
    char *encoded = g_base64_encode ((const guchar *) text, strlen (text));
    g_strdelimit (encoded, "=", '\0');
    g_strdelimit (encoded, "+", '-');
    return g_strdelimit (encoded, "/", '_');
}

/* Puts the watermark of `object` or `text` (either may be NULL) with these parameters over a
 * picture. */
static enum err lay (struct render *r, const char *object, const char *text, const char *more,
                     struct error *e)
{
    g_autofree char *image = object ? encode (object) : NULL, *words = text ? encode (text) : NULL;
    g_autofree char *process =
        g_strdup_printf ("image/watermark%s%s%s%s%s%s", image ? ",image_" : "", image ? image : "",
                         words ? ",text_" : "", words ? words : "", *more ? "," : "", more);
    return operate (r, process, e);
}

static void set_grey (struct render *r, int width, int height, int bands)
{
    set_picture (r, draw (width, height, bands, grey));
}

/* What differs from the grey of frame 0: left, top, width, height; all 0: nothing does. */
struct box {
    int x, y, width, height;
};

static struct box find_mark (const struct render *r)
{
    int left = INT32_MAX, top = INT32_MAX, right = -1, bottom = -1;
    for (int y = 0; y < picture_height (&r->picture); y++)
        for (int x = 0; x < picture_width (&r->picture); x++)
            for (int band = 0; band < 3; band++)
                if (pixel (r, x, y, band) != 100) {
                    left = MIN (left, x);
                    top = MIN (top, y);
                    right = MAX (right, x);
                    bottom = MAX (bottom, y);
                }
    return right < 0 ? (struct box){ 0 }
                     : (struct box){ left, top, right - left + 1, bottom - top + 1 };
}

static void assert_box (struct box box, int x, int y, int width, int height)
{
    assert_int_equal (x, box.x);
    assert_int_equal (y, box.y);
    assert_int_equal (width, box.width);
    assert_int_equal (height, box.height);
}

static void end (struct render *r)
{
    for (unsigned i = 0; i < r->n_extras; i++)
        close (r->extras[i].fd);
    render_clear (r);
}

/* Lays a logo of 10 x 6 on 100 x 80. */
static void lay_logo (struct render *r, const char *object, const char *more)
{
    struct error e;
    set_grey (r, 100, 80, 3);
    r->extras[r->n_extras++] = logo (10, 6);
    assert_ok (lay (r, object, NULL, more, &e), &e);
}

/* ---- images ---- */

static void lies_where_it_is_to (void **state UNUSED)
{
    static const struct {
        const char *g;
        int x, y;
    } places[] = {
        { "nw", 3, 5 },    { "north", 45, 5 },   { "ne", 87, 5 },
        { "west", 3, 44 }, { "center", 45, 44 }, { "east", 87, 44 },
        { "sw", 3, 69 },   { "south", 45, 69 },  { "se", 87, 69 },
    };
    for (size_t i = 0; i < N_ELEMENTS (places); i++) {
        struct render r;
        g_autofree char *more = g_strdup_printf ("g_%s,x_3,y_5,voffset_7", places[i].g);
        lay_logo (&r, "logo.png", more);
        assert_box (find_mark (&r), places[i].x, places[i].y, 10, 6);
        assert_int_equal (180, pixel (&r, places[i].x, places[i].y, 1));
        end (&r);
    }
}

static void lies_at_the_lower_right_by_default (void **state UNUSED)
{
    struct render r;
    lay_logo (&r, "logo.png", "");
    assert_box (find_mark (&r), 80, 64, 10, 6);
    end (&r);
}

static void mixes (void **state UNUSED)
{
    struct render r;
    lay_logo (&r, "logo.png", "t_50,g_nw,x_0,y_0");
    assert_near (150, pixel (&r, 4, 4, 0), 1, 4, 4);
    assert_near (60, pixel (&r, 4, 4, 2), 1, 4, 4);
    end (&r);
    lay_logo (&r, "logo.png", "t_0");
    assert_box (find_mark (&r), 0, 0, 0, 0);
    end (&r);
}

static void mixes_with_what_is_transparent (void **state UNUSED)
{
    struct render r;
    struct error e;
    set_picture (&r, draw (20, 20, 4, clear));
    r.extras[r.n_extras++] = logo (10, 6);
    assert_ok (lay (&r, "logo.png", NULL, "g_nw,x_0,y_0,t_40", &e), &e);
    assert_int_equal (200, pixel (&r, 2, 2, 0)); /* nothing of what cannot be seen */
    assert_near (102, pixel (&r, 2, 2, 3), 1, 2, 2);
    assert_int_equal (0, pixel (&r, 15, 15, 3));
    end (&r);
}

static void is_repeated (void **state UNUSED)
{
    struct render r;
    lay_logo (&r, "logo.png", "fill_1,padx_3,pady_5");
    for (int y = 0; y < 80; y++)
        for (int x = 0; x < 100; x++) {
            bool is_marked = x % 13 < 10 && y % 11 < 6;
            assert_near (is_marked ? 20 : 100, pixel (&r, x, y, 2), 0, x, y);
        }
    end (&r);
}

static void is_cut_at_the_edge (void **state UNUSED)
{
    struct render r;
    struct error e;
    set_grey (&r, 8, 5, 3);
    r.extras[r.n_extras++] = logo (30, 20);
    assert_ok (lay (&r, "logo.png", NULL, "g_center", &e), &e);
    assert_box (find_mark (&r), 0, 0, 8, 5);
    end (&r);
    set_grey (&r, 30, 30, 3);
    r.extras[r.n_extras++] = logo (10, 6);
    assert_ok (lay (&r, "logo.png", NULL, "g_nw,x_25,y_4000", &e), &e);
    assert_box (find_mark (&r), 0, 0, 0, 0);
    end (&r);
}

static void is_on_every_frame (void **state UNUSED)
{
    struct render r;
    struct error e;
    set_grey (&r, 20, 60, 3);
    r.picture.n_frames = 3;
    r.extras[r.n_extras++] = logo (10, 6);
    assert_ok (lay (&r, "logo.png", NULL, "g_sw,x_0,y_0", &e), &e);
    for (int frame = 0; frame < 3; frame++) {
        assert_int_equal (100, pixel (&r, 0, 20 * frame + 13, 0));
        assert_int_equal (200, pixel (&r, 0, 20 * frame + 14, 0));
        assert_int_equal (200, pixel (&r, 9, 20 * frame + 19, 0));
    }
    end (&r);
}

static void is_laid_on_grey (void **state UNUSED)
{
    struct render r;
    struct error e;
    set_grey (&r, 30, 30, 1);
    r.extras[r.n_extras++] = logo (10, 6);
    assert_ok (lay (&r, "logo.png", NULL, "g_nw,x_0,y_0", &e), &e);
    assert_int_equal (3, r.picture.image->Bands);
    assert_int_equal (20, pixel (&r, 0, 0, 2));
    end (&r);
}

/* A share of the main image, whatever its own size is. */
static void is_processed_before (void **state UNUSED)
{
    struct render r;
    lay_logo (&r, "logo.png?x-oss-process=image/resize,P_50", "g_nw,x_0,y_0");
    assert_box (find_mark (&r), 0, 0, 50, 30);
    end (&r);
    lay_logo (&r, "logo.png?x-oss-process=image/resize,w_5/rotate,90", "g_nw,x_0,y_0");
    assert_box (find_mark (&r), 0, 0, 3, 5);
    end (&r);
    lay_logo (&r, "logo.png?x-oss-process=image/crop,w_4,h_4/rounded-corners,r_2", "g_nw,x_0,y_0");
    assert_box (find_mark (&r), 0, 0, 4, 4);
    assert_true (pixel (&r, 0, 0, 0) < 160);
    end (&r);
}

static void bad_objects_are_refused (void **state UNUSED)
{
    struct render r;
    struct error e;
    set_grey (&r, 30, 30, 3);
    assert_err (WATERMARK, lay (&r, "logo.png", NULL, "", &e));
    end (&r);
    set_grey (&r, 30, 30, 3);
    r.extras[r.n_extras++] = open_bytes ("\x89PNG\r\n\x1a\nno more", 15);
    assert_err (WATERMARK, lay (&r, "logo.png", NULL, "", &e));
    end (&r);
    set_grey (&r, 30, 30, 3);
    r.extras[r.n_extras++] = open_bytes ("plain text", 10);
    assert_err (WATERMARK, lay (&r, "logo.png", NULL, "", &e));
    end (&r);
}

/* ---- texts ---- */

static void lay_text (struct render *r, const char *text, const char *more)
{
    struct error e;
    set_grey (r, 300, 200, 3);
    assert_ok (lay (r, NULL, text, more, &e), &e);
}

static int count (const struct render *r, const uint8_t colour[3])
{
    int n = 0;
    for (int y = 0; y < picture_height (&r->picture); y++)
        for (int x = 0; x < picture_width (&r->picture); x++)
            n += !memcmp (VIPS_IMAGE_ADDR (r->picture.image, x, y), colour, 3);
    return n;
}

static void text_has_its_colour_and_size (void **state UNUSED)
{
    struct render r;
    lay_text (&r, "HH", "color_FF8000,size_100,g_nw,x_0,y_0");
    struct box large = find_mark (&r);
    assert_true (count (&r, (uint8_t[]){ 255, 128, 0 }) > 500);
    assert_in_range (large.height, 65, 85); /* capitals are about 0.73 of a font's size */
    end (&r);
    lay_text (&r, "HH", "color_FF8000,size_50,g_nw,x_0,y_0");
    struct box small = find_mark (&r);
    assert_in_range (small.height * 2, large.height - 3, large.height + 3);
    assert_in_range (small.width * 2, large.width - 4, large.width + 4);
    end (&r);
}

static void text_keeps_its_margin (void **state UNUSED)
{
    struct render r;
    lay_text (&r, "Bindery", "size_30,g_se,x_20,y_15");
    struct box box = find_mark (&r);
    assert_in_range (box.x + box.width, 270, 280);
    assert_in_range (box.y + box.height, 170, 185);
    end (&r);
}

static void text_is_turned (void **state UNUSED)
{
    struct render r;
    lay_text (&r, "Bindery", "size_30,g_nw,x_5,y_5");
    struct box flat = find_mark (&r);
    end (&r);
    lay_text (&r, "Bindery", "size_30,g_nw,x_5,y_5,rotate_90");
    struct box turned = find_mark (&r);
    assert_in_range (turned.height, flat.width - 2, flat.width + 2);
    assert_in_range (turned.width, flat.height - 2, flat.height + 2);
    end (&r);
    lay_text (&r, "L", "size_100,g_nw,x_0,y_0,rotate_90"); /* its foot is at the left, then */
    struct box l = find_mark (&r);
    int left = 0, right = 0;
    for (int y = l.y; y < l.y + l.height; y++) {
        left += pixel (&r, l.x + 2, y, 0) < 50;
        right += pixel (&r, l.x + l.width - 3, y, 0) < 50;
    }
    assert_true (left > 3 * right);
    end (&r);
}

static void text_throws_a_shadow (void **state UNUSED)
{
    static const uint8_t half[] = { 50, 50, 50 };
    struct render r;
    lay_text (&r, "HH", "color_FFFFFF,size_100");
    assert_int_equal (0, count (&r, half));
    end (&r);
    lay_text (&r, "HH", "color_FFFFFF,size_100,shadow_50");
    assert_true (count (&r, half) > 100);
    end (&r);
}

/* Bytes of the picture that two marks make different. */
static int differ (const char *text, const char *more, const char *other_text, const char *other)
{
    struct render a, b;
    int n = 0;
    lay_text (&a, text, more);
    lay_text (&b, other_text, other);
    for (int y = 0; y < 200; y++)
        for (int x = 0; x < 300; x++)
            n += pixel (&a, x, y, 0) != pixel (&b, x, y, 0);
    end (&a);
    end (&b);
    return n;
}

static void chinese_has_glyphs (void **state UNUSED)
{
    static const char *const fonts[] = { "wqy-zenhei",       "wqy-microhei",   "fangzhengshusong",
                                         "fangzhengkaiti",   "fangzhengheiti", "fangzhengfangsong",
                                         "droidsansfallback" };
    for (size_t i = 0; i < N_ELEMENTS (fonts); i++) {
        g_autofree char *type = encode (fonts[i]);
        g_autofree char *more = g_strdup_printf ("size_90,type_%s", type);
        assert_true (differ ("中文", more, "水印", more) > 500); /* no boxes in their place */
    }
    assert_int_equal (0, differ ("中文", "size_90", "中文", "size_90,type_d3F5LXplbmhlaQ"));
    assert_true (differ ("中文", "size_90", "中文", "size_90,type_ZmFuZ3poZW5na2FpdGk") > 500);
}

static void text_is_never_markup (void **state UNUSED)
{
    assert_true (differ ("<b>x</b>", "size_40", "x", "size_40") > 100);
    struct render r;
    lay_text (&r, "&<>\"'\n\t%s", "size_40");
    assert_true (find_mark (&r).width > 50);
    end (&r);
}

static void blank_text_is_nothing (void **state UNUSED)
{
    struct render r;
    lay_text (&r, "   ", "size_40");
    assert_box (find_mark (&r), 0, 0, 0, 0);
    end (&r);
}

static void huge_text_is_refused (void **state UNUSED)
{
    struct render r;
    struct error e;
    g_autofree char *text = g_strnfill (48, 'W');
    set_grey (&r, 30, 30, 3);
    assert_err (PROCESS_REQUEST, lay (&r, NULL, text, "size_1000", &e));
    assert_string_equal ("font content is too large", e.message);
    end (&r);
}

/* ---- both ---- */

static void lay_both (struct render *r, const char *more)
{
    struct error e;
    set_grey (r, 300, 200, 3);
    r->extras[r->n_extras++] = logo (40, 100);
    assert_ok (lay (r, "logo.png", "HH", more, &e), &e);
}

static int first_of (const struct render *r, const uint8_t colour[3])
{
    for (int x = 0; x < 300; x++)
        for (int y = 0; y < 200; y++)
            if (!memcmp (VIPS_IMAGE_ADDR (r->picture.image, x, y), colour, 3))
                return x;
    return -1;
}

static void image_and_text_are_beside_each_other (void **state UNUSED)
{
    static const uint8_t image[] = { 200, 180, 20 }, text[] = { 0, 0, 0 };
    struct render r;
    lay_both (&r, "g_nw,x_0,y_0,interval_30,size_40");
    assert_int_equal (0, first_of (&r, image));
    assert_in_range (first_of (&r, text), 70, 80);
    end (&r);
    lay_both (&r, "g_nw,x_0,y_0,interval_30,size_40,order_1");
    assert_in_range (first_of (&r, text), 0, 10);
    assert_in_range (first_of (&r, image), 80, 110);
    end (&r);
}

static int top_of_text (const char *more)
{
    struct render r;
    int top = -1;
    lay_both (&r, more);
    for (int y = 0; y < 200 && top < 0; y++)
        for (int x = 40; x < 300; x++)
            if (pixel (&r, x, y, 0) == 0)
                top = y;
    end (&r);
    return top;
}

static void text_is_aligned (void **state UNUSED)
{
    int top = top_of_text ("g_nw,x_0,y_0,size_40,align_0"),
        middle = top_of_text ("g_nw,x_0,y_0,size_40,align_1"),
        bottom = top_of_text ("g_nw,x_0,y_0,size_40,align_2");
    assert_in_range (top, 0, 15);
    assert_in_range (middle - top, (bottom - top) / 2 - 1, (bottom - top) / 2 + 1);
    assert_in_range (bottom, 55, 75);
    assert_int_equal (bottom, top_of_text ("g_nw,x_0,y_0,size_40"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (lies_where_it_is_to),
        cmocka_unit_test (lies_at_the_lower_right_by_default),
        cmocka_unit_test (mixes),
        cmocka_unit_test (mixes_with_what_is_transparent),
        cmocka_unit_test (is_repeated),
        cmocka_unit_test (is_cut_at_the_edge),
        cmocka_unit_test (is_on_every_frame),
        cmocka_unit_test (is_laid_on_grey),
        cmocka_unit_test (is_processed_before),
        cmocka_unit_test (bad_objects_are_refused),
        cmocka_unit_test (text_has_its_colour_and_size),
        cmocka_unit_test (text_keeps_its_margin),
        cmocka_unit_test (text_is_turned),
        cmocka_unit_test (text_throws_a_shadow),
        cmocka_unit_test (chinese_has_glyphs),
        cmocka_unit_test (text_is_never_markup),
        cmocka_unit_test (blank_text_is_nothing),
        cmocka_unit_test (huge_text_is_refused),
        cmocka_unit_test (image_and_text_are_beside_each_other),
        cmocka_unit_test (text_is_aligned),
    };
    return cmocka_run_group_tests (tests, start_libraries, NULL);
}
