/* Texts of x-oss-process: what they mean, what is refused and how, and the one text of all that
 * mean the same. */
#include <glib.h>
#include "process/process.h"
#include "test.h"

static enum err parse (const char *text, struct process **ret, struct error *e)
{
    return process_parse (text, strlen (text), ret, e);
}

/* text, canonical text */
static const struct {
    const char *text, *canonical;
} good[] = {
    { "image/resize,w_100", "image/resize,w_100" },
    { "image/resize,h_50,w_0100,m_lfit,limit_1", "image/resize,w_100,h_50" },
    { "image/resize,w_1,w_2", "image/resize,w_2" },
    { "image/resize,m_pad,w_100,h_100,color_ff00aa",
      "image/resize,m_pad,w_100,h_100,color_FF00AA" },
    { "image/resize,m_pad,w_100,color_ffffff", "image/resize,m_pad,w_100" },
    { "image/resize,m_fill,w_100,color_ff0000", "image/resize,m_fill,w_100" },
    { "image/resize,w_100,l_5,s_6,p_7", "image/resize,w_100" },
    { "image/resize,m_fixed,l_100", "image/resize,l_100" },
    { "image/resize,m_mfit,l_100,s_50,p_3", "image/resize,m_mfit,l_100,s_50" },
    { "image/resize,p_1000,m_fill,limit_0", "image/resize,p_1000" },
    /* what it does not know is ignored, as texts in use expect */
    { "image/resize,p_40,format,webp,format,webp", "image/resize,p_40" },
    { "image/resize,w_430,h_430,image/circle,r_300", "image/resize,w_430,h_430/circle,r_300" },
    { "image/resize,,w_9,", "image/resize,w_9" },
    { "image//resize,s_600///quality,q_80/", "image/resize,s_600/quality,q_80" },
    { "image/format,jpeg", "image/format,jpg" },
    { "image/crop,w_100,h_0,x_0,y_5,g_nw", "image/crop,w_100,y_5" },
    { "image/crop,x_10,g_se,p_50", "image/crop,x_10,g_se" },
    { "image/crop,h_0", "image/crop" },
    { "image/indexcrop,x_100,i_0", "image/indexcrop,x_100" },
    { "image/indexcrop,x_100,y_50,i_3", "image/indexcrop,y_50,i_3" },
    { "image/circle,r_4096", "image/circle,r_4096" },
    { "image/rounded-corners,r_30", "image/rounded-corners,r_30" },
    { "image/rotate,360", "image/rotate,360" },
    { "image/auto-orient,1/resize,w_1", "image/auto-orient,1/resize,w_1" },
    { "image/blur,s_2,r_3", "image/blur,r_3,s_2" },
    { "image/bright,-100/contrast,100/sharpen,399", "image/bright,-100/contrast,100/sharpen,399" },
    { "image/quality,q_90", "image/quality,q_90" },
    { "image/quality,90", "image/quality,q_90" },
    { "image/quality,q_90,Q_80", "image/quality,Q_80" },
    { "image/format,avif/interlace,1", "image/format,avif/interlace,1" },
    { "image/average-hue", "image/average-hue" },
    { "image/resize,w_1/info", "image/resize,w_1/info" },
    /* "Hello World", with and without padding; wqy-zenhei is the default */
    { "image/watermark,text_SGVsbG8gV29ybGQ=,type_d3F5LXplbmhlaQ,size_040,color_000000,t_100,g_se",
      "image/watermark,text_SGVsbG8gV29ybGQ" },
    { "image/watermark,size_30,text_SGVsbG8gV29ybGQ,type_d3F5LW1pY3JvaGVp,shadow_50,rotate_45",
      "image/watermark,text_SGVsbG8gV29ybGQ,type_d3F5LW1pY3JvaGVp,size_30,shadow_50,rotate_45" },
    { "image/watermark,text_5paH5a2X,fill_1,padx_1,pady_2,voffset_-1000,g_center",
      "image/watermark,text_5paH5a2X,g_center,voffset_-1000,fill_1,padx_1,pady_2" },
    { "image/watermark,image_cGFuZGEucG5n,size_30,order_1,padx_3,x_0",
      "image/watermark,image_cGFuZGEucG5n,x_0" },
    /* panda.png?x-oss-process=image/resize,P_30 */
    { "image/watermark,image_cGFuZGEucG5nP3gtb3NzLXByb2Nlc3M9aW1hZ2UvcmVzaXplLFBfMzA,t_90,x_10",
      "image/watermark,image_cGFuZGEucG5nP3gtb3NzLXByb2Nlc3M9aW1hZ2UvcmVzaXplLFBfMzA,t_90" },
    { "video/snapshot,t_7000,f_jpg,w_0800,h_600,m_fast",
      "video/snapshot,t_7000,w_800,h_600,m_fast" },
    { "video/snapshot,t_0,f_png,ar_auto", "video/snapshot,t_0,f_png,ar_auto" },
    { "video/info", "video/info" },
    { "audio/info", "audio/info" },
    { "doc/snapshot,target_png,source_pdf,page_3", "doc/snapshot,page_3" },
    { "image/resize,w_9|sys/saveas,o_cGFuZGEucG5n,b_YnVja2V0", "image/resize,w_9" },
};

static void test_good (void **state)
{
    (void) state;
    for (size_t i = 0; i < G_N_ELEMENTS (good); i++) {
        struct error e;
        _cleanup_process_ struct process *p = NULL;
        assert_ok (parse (good[i].text, &p, &e), &e);
        g_autofree char *canonical = process_canonical (p);
        assert_string_equal (canonical, good[i].canonical);

        _cleanup_process_ struct process *again = NULL;
        assert_ok (parse (canonical, &again, &e), &e);
        g_autofree char *twice = process_canonical (again);
        assert_string_equal (twice, canonical);
        assert_int_equal (again->n_ops, p->n_ops);
    }
}

#define INVALID(value, name) "The value: " value " of parameter: " name " is invalid."
#define LACKS(what)          "Missing Some Required Arguments: " what "."
#define NO_BASE64            "Input is not base64 decoding."

/* text, code, number of the page, start of the message */
static const struct {
    const char *text, *code, *ec, *message;
} bad[] = {
    { "", "PROCESS_ARGUMENT", "", "The type:  is invalid" },
    { "image", "PROCESS_ARGUMENT", "0040-00000212", "No operation" },
    { "image/", "PROCESS_ARGUMENT", "0040-00000212", "No operation" },
    { "image///", "PROCESS_ARGUMENT", "0040-00000212", "No operation" },
    { "image/,w_1", "PROCESS_ARGUMENT", "0040-00000213", "The operation:  is" },
    { "image/slim,1", "PROCESS_ARGUMENT", "0040-00000213", "The operation: slim is invalid." },
    { "picture/resize,w_1", "PROCESS_ARGUMENT", "", "The type: picture" },
    { "style/name", "PROCESS_ARGUMENT", "", "The type: style" },
    { "image/resize", "PROCESS_MISSING", "0040-00000322", LACKS ("resize") },
    { "image/resize,m_pad", "PROCESS_MISSING", "0040-00000322", LACKS ("resize") },
    { "image/resize,w_0", "PROCESS_ARGUMENT", "0040-00000312", INVALID ("0", "w") },
    { "image/resize,w_16385", "PROCESS_ARGUMENT", "0040-00000312", INVALID ("16385", "w") },
    { "image/resize,w_99999999999999999999", "PROCESS_ARGUMENT", "0040-00000312",
      INVALID ("99999999999999999999", "w") },
    { "image/resize,w_abc", "PROCESS_ARGUMENT", "0040-00000312",
      INVALID ("abc", "w") "reason:Value must be digit" },
    { "image/resize,w_", "PROCESS_ARGUMENT", "0040-00000312", INVALID ("", "w") },
    { "image/resize,w_1.5", "PROCESS_ARGUMENT", "0040-00000312", INVALID ("1.5", "w") },
    { "image/resize,h_+5", "PROCESS_ARGUMENT", "0040-00000313", INVALID ("+5", "h") },
    { "image/resize,l_0", "PROCESS_ARGUMENT", "0040-00000314", INVALID ("0", "l") },
    { "image/resize,p_0", "PROCESS_ARGUMENT", "0040-00000317", INVALID ("0", "p") },
    { "image/resize,p_1001", "PROCESS_ARGUMENT", "0040-00000317", INVALID ("1001", "p") },
    { "image/resize,P_50", "PROCESS_ARGUMENT", "", "The parameter: P" },
    { "image/resize,w_100,m_abc", "PROCESS_ARGUMENT", "0040-00000311", INVALID ("abc", "m") },
    { "image/resize,w_100,limit_3", "PROCESS_ARGUMENT", "0040-00000316", INVALID ("3", "limit") },
    { "image/resize,w_1,color_AABBCCDD", "PROCESS_ARGUMENT", "0040-00000318",
      INVALID ("AABBCCDD", "color") },
    { "image/resize,w_1,color_#00000", "PROCESS_ARGUMENT", "0040-00000318",
      INVALID ("#00000", "color") },
    { "image/crop,w_-1", "PROCESS_ARGUMENT", "0040-00000225", INVALID ("-1", "w") },
    { "image/crop,h_abc", "PROCESS_ARGUMENT", "0040-00000226", INVALID ("abc", "h") },
    { "image/crop,w_1,g_middle", "PROCESS_ARGUMENT", "", INVALID ("middle", "g") },
    { "image/crop,w_1,g_face", "NOT_IMPLEMENTED", "", "image/crop,g_face" },
    { "image/indexcrop,i_0", "PROCESS_MISSING", "0040-00000230", LACKS ("indexcrop") },
    { "image/indexcrop,x_0,i_0", "PROCESS_ARGUMENT", "0040-00000230", INVALID ("0", "x") },
    { "image/indexcrop,x_1,i_abc", "PROCESS_ARGUMENT", "0040-00000229", INVALID ("abc", "i") },
    { "image/circle,r_5000", "PROCESS_ARGUMENT", "0040-00000233", INVALID ("5000", "r") },
    { "image/circle", "PROCESS_MISSING", "", LACKS ("r of circle") },
    { "image/rounded-corners,r_abc", "PROCESS_ARGUMENT", "0040-00000237", INVALID ("abc", "r") },
    { "image/rotate", "PROCESS_MISSING", "0040-00000216", LACKS ("value of rotate") },
    { "image/rotate,400", "PROCESS_ARGUMENT", "0040-00000217", INVALID ("400", "rotate") },
    { "image/rotate,a_90", "PROCESS_ARGUMENT", "0040-00000217", INVALID ("a_90", "rotate") },
    { "image/rotate,90,200,300", "PROCESS_ARGUMENT", "0040-00000203", "rotate takes one value." },
    { "image/auto-orient", "PROCESS_MISSING", "0040-00000214", LACKS ("value of auto-orient") },
    { "image/auto-orient,10", "PROCESS_ARGUMENT", "0040-00000215", INVALID ("10", "auto-orient") },
    { "image/blur,r_200,s_25", "PROCESS_ARGUMENT", "0040-00000241", INVALID ("200", "r") },
    { "image/blur,r_3,s_200", "PROCESS_ARGUMENT", "0040-00000242", INVALID ("200", "s") },
    { "image/blur,r_3", "PROCESS_MISSING", "", LACKS ("s of blur") },
    { "image/bright", "PROCESS_MISSING", "0040-00000245", LACKS ("value of bright") },
    { "image/bright,200", "PROCESS_ARGUMENT", "0040-00000246", INVALID ("200", "bright") },
    { "image/contrast,-101", "PROCESS_ARGUMENT", "", INVALID ("-101", "contrast") },
    { "image/sharpen", "PROCESS_MISSING", "0040-00000279", LACKS ("value of sharpen") },
    { "image/sharpen,10", "PROCESS_ARGUMENT", "0040-00000280", INVALID ("10", "sharpen") },
    { "image/interlace,2", "PROCESS_ARGUMENT", "0040-00000282", INVALID ("2", "interlace") },
    { "image/quality", "PROCESS_MISSING", "0040-00000307", LACKS ("quality") },
    { "image/quality,Q_200", "PROCESS_ARGUMENT", "0040-00000308", INVALID ("200", "Q") },
    { "image/quality,q_200", "PROCESS_ARGUMENT", "0040-00000309", INVALID ("200", "q") },
    { "image/quality,88,image", "PROCESS_ARGUMENT", "0040-00000309",
      INVALID ("image", "quality") "reason:Value must be digit" },
    { "image/format,dng", "PROCESS_ARGUMENT", "0040-00000206", INVALID ("dng", "format") },
    { "image/format,f_png", "PROCESS_ARGUMENT", "0040-00000206", INVALID ("f_png", "format") },
    { "image/watermark", "PROCESS_MISSING", "0040-00000278", LACKS ("watermark") },
    { "image/watermark,t_50", "PROCESS_MISSING", "0040-00000278", LACKS ("watermark") },
    { "image/watermark,text", "PROCESS_ARGUMENT", "0040-00000258", INVALID ("", "text") },
    { "image/watermark,text_notbase64", "PROCESS_REQUEST", "0040-00000257", NO_BASE64 },
    { "image/watermark,text__w", "PROCESS_REQUEST", "0040-00000257", NO_BASE64 },
    { "image/watermark,text_AA", "PROCESS_REQUEST", "0040-00000257", NO_BASE64 },
    { "image/watermark,image_notbase64", "PROCESS_REQUEST", "0040-00000265", NO_BASE64 },
    { "image/watermark,text_SGk,type_notbase64", "PROCESS_REQUEST", "0040-00000250", NO_BASE64 },
    { "image/watermark,text_SGk,type_SGk", "PROCESS_ARGUMENT", "0040-00000250",
      INVALID ("Hi", "type") },
    { "image/watermark,text_SGk,color_AABBCCDD", "PROCESS_ARGUMENT", "0040-00000254",
      INVALID ("AABBCCDD", "color") },
    { "image/watermark,text_SGk,shadow_200", "PROCESS_ARGUMENT", "0040-00000255",
      INVALID ("200", "shadow") },
    { "image/watermark,text_SGk,size_0", "PROCESS_ARGUMENT", "0040-00000256",
      INVALID ("0", "size") },
    { "image/watermark,text_SGk,size_2000", "PROCESS_ARGUMENT", "0040-00000256",
      INVALID ("2000", "size") },
    { "image/watermark,text_SGk,x_8000", "PROCESS_ARGUMENT", "0040-00000262",
      INVALID ("8000", "x") },
    { "image/watermark,text_SGk,t_200", "PROCESS_ARGUMENT", "0040-00000263", INVALID ("200", "t") },
    { "image/watermark,text_SGk,y_8000", "PROCESS_ARGUMENT", "0040-00000264",
      INVALID ("8000", "y") },
    { "image/watermark,text_SGk,voffset_2000", "PROCESS_ARGUMENT", "0040-00000268",
      INVALID ("2000", "voffset") },
    { "image/watermark,text_SGk,order_2", "PROCESS_ARGUMENT", "0040-00000269",
      INVALID ("2", "order") },
    { "image/watermark,text_SGk,align_3", "PROCESS_ARGUMENT", "0040-00000271",
      INVALID ("3", "align") },
    { "image/watermark,text_SGk,fill_2", "PROCESS_ARGUMENT", "0040-00000274",
      INVALID ("2", "fill") },
    /* panda.png?x-oss-process=image/watermark,image_..., then ...=image/info, then
       ?x-oss-process=... */
    { "image/watermark,image_cGFuZGEucG5nP3gtb3NzLXByb2Nlc3M9aW1hZ2Uvd2F0ZXJtYXJrLHRleHRfU0dr",
      "PROCESS_ARGUMENT", "0040-00000373", "A watermark's object" },
    { "image/watermark,image_cGFuZGEucG5nP3gtb3NzLXByb2Nlc3M9aW1hZ2UvaW5mbw", "PROCESS_ARGUMENT",
      "0040-00000374", "A watermark's object" },
    { "image/watermark,image_P3gtb3NzLXByb2Nlc3M9aW1hZ2UvaW5mbw", "PROCESS_ARGUMENT",
      "0040-00000265", "The key" },
    { "image/info/resize,w_1", "PROCESS_ARGUMENT", "", "No operation can follow info." },
    { "video/snapshot,f_jpg", "PROCESS_MISSING", "", LACKS ("t of snapshot") },
    { "video/snapshot,t_1,f_gif", "PROCESS_ARGUMENT", "0053-00000107", INVALID ("gif", "f") },
    { "video/snapshot,t_1,w_-800", "PROCESS_ARGUMENT", "0053-00000104", INVALID ("-800", "w") },
    { "video/snapshot,t_1,m_slow", "PROCESS_ARGUMENT", "", INVALID ("slow", "m") },
    { "video/snapshot,t_1,m_", "PROCESS_ARGUMENT", "", INVALID ("", "m") },
    { "video/snapshot,t_1/resize,w_1", "PROCESS_ARGUMENT", "",
      "No operation can follow snapshot." },
    { "video/resize,w_1", "PROCESS_ARGUMENT", "0040-00000213", "The operation: resize" },
    { "doc/snapshot,page_0", "PROCESS_ARGUMENT", "", INVALID ("0", "page") },
    { "video/convert,f_mp4", "NOT_IMPLEMENTED", "", "video/convert" },
    { "doc/convert,target_png|sys/saveas,o_YQ", "NOT_IMPLEMENTED", "", "doc/convert" },
    { "image/blindwatermark,content_YQ", "NOT_IMPLEMENTED", "", "image/blindwatermark" },
    { "hls/sign", "NOT_IMPLEMENTED", "", "hls/sign" },
    { "image/resize,w_1|", "PROCESS_ARGUMENT", "", "The operation:  is invalid." },
    { "image/resize,w_1|sys/saveas", "PROCESS_MISSING", "", LACKS ("o of sys/saveas") },
    { "image/resize,w_1|sys/saveas,b_YQ", "PROCESS_MISSING", "", LACKS ("o of sys/saveas") },
    { "image/resize,w_1|sys/saveas,o_YQA=", "PROCESS_REQUEST", "", NO_BASE64 },
    { "image/resize,w_1|sys/saveas,o_", "PROCESS_ARGUMENT", "", INVALID ("", "o") },
    { "image/resize,w_1|sys/saveas,o_YQ|sys/saveas,o_YQ", "PROCESS_ARGUMENT", "",
      "More than one pipe." },
    { "image/resize,w_1|sys/saveas,o_YQ/notify,topic_dGVzdA==", "NOT_IMPLEMENTED", "",
      "sys/notify" },
};

static void test_bad (void **state)
{
    (void) state;
    for (size_t i = 0; i < G_N_ELEMENTS (bad); i++) {
        struct error e = { .message = "accepted" };
        struct process *p = (struct process *) &e;
        if (strcmp (error_name (parse (bad[i].text, &p, &e)), bad[i].code) != 0 ||
            strcmp (e.subject, bad[i].ec) != 0 || !g_str_has_prefix (e.message, bad[i].message))
            fail_msg ("%s: %s %s %s", bad[i].text, error_name (e.code), e.subject, e.message);
        assert_ptr_equal (p, &e);
    }
}

/* `n` times `part` behind `start`. */
static char *repeated (const char *start, const char *part, unsigned n)
{
    GString *text = g_string_new (start);
    for (unsigned i = 0; i < n; i++)
        g_string_append (text, part);
    return g_string_free (text, false);
}

static void assert_limit (const char *start, const char *part, unsigned most, const char *code)
{
    struct error e;
    _cleanup_process_ struct process *p = NULL;
    g_autofree char *just = repeated (start, part, most), *over = repeated (start, part, most + 1);
    assert_ok (parse (just, &p, &e), &e);
    struct process *none = NULL;
    assert_string_equal (error_name (parse (over, &none, &e)), code);
}

static void test_limits (void **state)
{
    (void) state;
    assert_limit ("image", "/rotate,1", LIMIT_PROCESS_OPS, "PROCESS_ARGUMENT");
    assert_limit ("image/resize", ",w_1", LIMIT_PROCESS_PARAMS, "PROCESS_ARGUMENT");
    assert_limit ("image", "/watermark,image_YQ", LIMIT_PROCESS_SOURCES, "WATERMARK");
    assert_limit ("image", "/watermark,text_YQ", LIMIT_PROCESS_TEXTS, "WATERMARK");

    struct error e;
    struct process *p = NULL;
    g_autofree char *text = repeated ("", "\xe6\x96\x87", 65);
    g_autofree char *encoded = g_base64_encode ((const guchar *) text, strlen (text));
    g_autofree char *just = g_strdup_printf ("image/watermark,text_%.*s", 64 * 4, encoded);
    g_autofree char *over = g_strdup_printf ("image/watermark,text_%s", encoded);
    assert_ok (parse (just, &p, &e), &e);
    process_free (p);
    assert_err (WATERMARK, parse (over, &p, &e));
    assert_non_null (strstr (e.message, "font content is too large"));

    g_autofree char *full = repeated ("image/rotate,1", "/", LIMIT_PROCESS_TEXT);
    assert_err (PROCESS_ARGUMENT, parse (full, &p, &e));
    assert_string_equal (e.subject, "0017-00000288");
    assert_err (PROCESS_ARGUMENT, process_parse ("image/info\0", 11, &p, &e));
    assert_err (PROCESS_ARGUMENT, process_parse ("image/\xff", 7, &p, &e));
}

static void test_meaning (void **state)
{
    (void) state;
    struct error e;
    _cleanup_process_ struct process *p = NULL;
    assert_ok (
        parse (
            "image/resize,w_7/watermark,text_5paH5a2X,image_cGFuZGEucG5nP3gtb3NzLXByb2Nlc3M9aW1hZ2U"
            "vcmVzaXplLFBfMzA/format,webp|sys/saveas,o_b3V0LnBuZw==,b_YnVja2V0",
            &p, &e),
        &e);
    assert_int_equal (p->n_ops, 3);
    assert_true (p->ops[0].resize.has_w && !p->ops[0].resize.has_h && p->ops[0].resize.limit == 1);
    const struct process_watermark *watermark = &p->ops[1].watermark;
    assert_string_equal (watermark->text, "文字");
    assert_int_equal (watermark->g, PROCESS_SE);
    assert_int_equal (watermark->align, 2);
    const struct process_source *sources[LIMIT_PROCESS_SOURCES];
    assert_int_equal (process_sources (p, sources), 1);
    assert_string_equal (sources[0]->key, "panda.png");
    assert_int_equal (sources[0]->process->ops[0].resize.percent_of_main, 30);
    assert_string_equal (p->saveas.object, "out.png");
    assert_string_equal (p->saveas.bucket, "bucket");
    assert_true (process_needs_fonts (p));
    assert_int_equal (process_result (p, PROCESS_JPG), PROCESS_WEBP);
}

static enum process_format result_of (const char *text, enum process_format source)
{
    struct error e;
    _cleanup_process_ struct process *p = NULL;
    assert_ok (parse (text, &p, &e), &e);
    return process_result (p, source);
}

static void test_results (void **state)
{
    (void) state;
    assert_int_equal (result_of ("image/resize,w_1", PROCESS_TIFF), PROCESS_TIFF);
    assert_int_equal (result_of ("image/format,gif", PROCESS_JPG), PROCESS_JPG);
    assert_int_equal (result_of ("image/format,gif", PROCESS_GIF), PROCESS_GIF);
    assert_int_equal (result_of ("image/format,png/resize,w_1/format,jpg", PROCESS_GIF),
                      PROCESS_JPG);
    assert_int_equal (result_of ("image/info", PROCESS_GIF), PROCESS_JSON);
    assert_int_equal (result_of ("video/snapshot,t_1,f_png", PROCESS_JPG), PROCESS_PNG);
    assert_int_equal (result_of ("doc/snapshot,target_jpg", PROCESS_PNG), PROCESS_JPG);
    assert_string_equal (process_content_type (PROCESS_JPG), "image/jpeg");
    assert_string_equal (process_content_type (PROCESS_JSON), "application/json");
}

static void test_styles (void **state)
{
    (void) state;
    g_autofree char *name = NULL, *other = NULL;
    const char *rest;
    assert_true (process_style ("style/small", 11, &name, &rest));
    assert_string_equal (name, "small");
    assert_string_equal (rest, "");
    assert_true (process_style ("style/a/b|sys/saveas,o_YQ", 25, &other, &rest));
    assert_string_equal (other, "a/b");
    assert_string_equal (rest, "|sys/saveas,o_YQ");
    assert_false (process_style ("image/info", 10, &other, &rest));
    assert_false (process_style ("styl", 4, &other, &rest));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_good),    cmocka_unit_test (test_bad),
        cmocka_unit_test (test_limits),  cmocka_unit_test (test_meaning),
        cmocka_unit_test (test_results), cmocka_unit_test (test_styles),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
