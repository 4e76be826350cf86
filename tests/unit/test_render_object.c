/* Frames of videos, pages of documents, and what is answered as JSON. The videos have ten frames, a
 * tenth of a second each: eight white columns, and behind them grey of 30 + 20 n in frame n. */
#include <jansson.h>

#include "pictures.h"

static enum err run (const char *text, struct source source, struct render *r, struct error *e)
{
    struct render_result result;
    _cleanup_process_ struct process *process = NULL;
    enum err err = process_parse (text, strlen (text), &process, e);
    *r = (struct render){ .source = source, .process = process };
    if (err == ERR_OK)
        err = render_run (r, &result, e);
    close (source.fd);
    r->process = NULL;
    if (err != ERR_OK)
        return err;
    r->picture.format = result.format;
    r->answer = g_string_new_len ((char *) result.bytes, (gssize) result.size);
    g_free (result.bytes);
    return err == ERR_OK && r->picture.image ? picture_keep (&r->picture, e) : err;
}

static enum err snap (const char *name, const char *more, struct render *r, struct error *e)
{
    g_autofree char *text = g_strdup_printf ("video/snapshot,%s", more);
    return run (text, open_file ("RENDERS", name), r, e);
}

/* ---- video/snapshot ---- */

static void assert_frame (const char *name, const char *more, int frame)
{
    struct render r;
    struct error e;
    assert_ok (snap (name, more, &r, &e), &e);
    assert_int_equal (32, picture_width (&r.picture));
    assert_int_equal (16, picture_height (&r.picture));
    for (int band = 0; band < 3; band++)
        assert_near (30 + 20 * frame, pixel (&r, 20, 8, band), 2, 20, 8);
    assert_near (235, pixel (&r, 3, 8, 0), 3, 3, 8);
    render_clear (&r);
}

static void finds_the_frame (void **state UNUSED)
{
    static const char *const names[] = { "steps.mp4", "steps.ts", "steps-hevc.mkv" };
    for (size_t i = 0; i < N_ELEMENTS (names); i++) {
        assert_frame (names[i], "t_0,f_png", 0);
        assert_frame (names[i], "t_100,f_png", 1);
        assert_frame (names[i], "t_301,f_png", 4); /* the first that is not before */
        assert_frame (names[i], "t_700,f_png", 7);
        assert_frame (names[i], "t_900,f_png", 9);
        assert_frame (names[i], "t_1000,f_png", 9); /* the end */
    }
}

static void finds_the_key_frame (void **state UNUSED)
{
    static const char *const names[] = { "steps.mp4", "steps.ts", "steps-hevc.mkv" };
    for (size_t i = 0; i < N_ELEMENTS (names); i++) {
        assert_frame (names[i], "t_0,f_png,m_fast", 0);
        assert_frame (names[i], "t_450,f_png,m_fast", 0);
        assert_frame (names[i], "t_500,f_png,m_fast", 5);
        assert_frame (names[i], "t_999,f_png,m_fast", 5);
    }
}

static void refuses_what_is_behind_the_end (void **state UNUSED)
{
    struct render r;
    struct error e;
    assert_err (PROCESS_ARGUMENT, snap ("steps.mp4", "t_1001,f_jpg", &r, &e));
    render_clear (&r);
    assert_err (PROCESS_ARGUMENT, snap ("steps.mp4", "t_2147483647,f_jpg", &r, &e));
    render_clear (&r);
}

static void assert_size (const char *name, const char *more, int width, int height)
{
    struct render r;
    struct error e;
    assert_ok (snap (name, more, &r, &e), &e);
    assert_int_equal (width, picture_width (&r.picture));
    assert_int_equal (height, picture_height (&r.picture));
    render_clear (&r);
}

static void has_the_size_that_is_asked_for (void **state UNUSED)
{
    assert_size ("steps.mp4", "t_0,f_jpg,w_0,h_0", 32, 16);
    assert_size ("steps.mp4", "t_0,f_jpg,w_16", 16, 8);
    assert_size ("steps.mp4", "t_0,f_jpg,h_4", 8, 4);
    assert_size ("steps.mp4", "t_0,f_jpg,w_10,h_16", 10, 16);
    assert_size ("steps.mp4", "t_0,f_jpg,w_1", 1, 1);
    struct render r;
    struct error e;
    assert_err (PROCESS_ARGUMENT, snap ("steps.mp4", "t_0,f_jpg,w_33", &r, &e));
    render_clear (&r);
    assert_err (PROCESS_ARGUMENT, snap ("steps.mp4", "t_0,f_jpg,w_32,h_17", &r, &e));
    render_clear (&r);
}

static void is_turned (void **state UNUSED)
{
    struct render r;
    struct error e;
    assert_size ("steps-turned.mp4", "t_0,f_jpg", 32, 16);
    assert_size ("steps-turned.mp4", "t_0,f_jpg,ar_auto", 16, 32);
    assert_size ("steps-turned.mp4", "t_0,f_jpg,ar_auto,w_8", 8, 16);
    assert_size ("steps-turned.mp4", "t_0,f_jpg,ar_w", 32, 16);
    assert_size ("steps-turned.mp4", "t_0,f_jpg,ar_h", 16, 32);
    assert_size ("steps.mp4", "t_0,f_jpg,ar_h", 16, 32);
    assert_size ("steps.mp4", "t_0,f_jpg,ar_w", 32, 16);
    /* A quarter against the clock: what was left is below. */
    assert_ok (snap ("steps-turned.mp4", "t_0,f_png,ar_auto", &r, &e), &e);
    assert_near (235, pixel (&r, 8, 29, 0), 3, 8, 29);
    assert_near (30, pixel (&r, 8, 3, 0), 3, 8, 3);
    render_clear (&r);
}

static void has_the_format_that_is_asked_for (void **state UNUSED)
{
    struct render r;
    struct error e;
    assert_ok (snap ("steps.mp4", "t_0,f_jpg", &r, &e), &e);
    assert_int_equal (PROCESS_JPG, r.picture.format);
    assert_memory_equal ("\xff\xd8\xff", r.answer->str, 3);
    render_clear (&r);
    assert_ok (snap ("steps.mp4", "t_0,f_png", &r, &e), &e);
    assert_memory_equal ("\x89PNG", r.answer->str, 4);
    render_clear (&r);
}

static void decodes_many_codecs (void **state UNUSED)
{
    static const char *const names[] = { "h264.mp4",      "hdr.mp4",      "av1.mkv",
                                         "vp8.webm",      "vp9.webm",     "mpeg4.avi",
                                         "flash.flv",     "phone.3gp",    "prores.mov",
                                         "quicktime.mov", "transport.ts", "program.mpg",
                                         "fragments.mp4" };
    for (size_t i = 0; i < N_ELEMENTS (names); i++) {
        struct render r;
        struct error e;
        assert_ok (run ("video/snapshot,t_50,f_jpg", open_file ("SAMPLES", names[i]), &r, &e), &e);
        assert_in_range (picture_width (&r.picture), 64, 128);
        render_clear (&r);
    }
}

/* Every length of a file that breaks off: an answer or a refusal, no crash. */
static void survives_what_breaks_off (void **state UNUSED)
{
    static const char *const names[] = { "steps.mp4", "steps.ts", "steps-hevc.mkv" };
    for (size_t i = 0; i < N_ELEMENTS (names); i++) {
        g_autofree char *path = g_build_filename (g_getenv ("RENDERS"), names[i], NULL),
                        *bytes = NULL;
        gsize size;
        assert_true (g_file_get_contents (path, &bytes, &size, NULL));
        for (size_t cut = 0; cut < size; cut += 37) {
            struct render r;
            struct error e;
            enum err err = run ("video/snapshot,t_500,f_jpg", open_bytes (bytes, cut), &r, &e);
            assert_true (err == ERR_OK || err == ERR_EXTRACT_FAILED || err == ERR_PROCESS_REQUEST ||
                         err == ERR_PROCESS_ARGUMENT);
            render_clear (&r);
        }
    }
}

static void refuses_what_is_no_video (void **state UNUSED)
{
    static const char *const names[] = { "layer3.mp3", "plain.png", "linear.pdf", "english.txt",
                                         "lossless.m4a" };
    for (size_t i = 0; i < N_ELEMENTS (names); i++) {
        struct render r;
        struct error e;
        assert_err (PROCESS_REQUEST,
                    run ("video/snapshot,t_0,f_jpg", open_file ("SAMPLES", names[i]), &r, &e));
        render_clear (&r);
    }
}

/* ---- JSON ---- */

static json_t *ask (const char *text, const char *name)
{
    struct render r;
    struct error e;
    assert_ok (run (text, open_file ("SAMPLES", name), &r, &e), &e);
    json_t *answer = json_loads (r.answer->str, 0, NULL);
    assert_non_null (answer);
    render_clear (&r);
    return answer;
}

static void assert_refused (const char *text, const char *name, const char *code)
{
    struct render r;
    struct error e;
    assert_string_equal (code, error_name (run (text, open_file ("SAMPLES", name), &r, &e)));
    render_clear (&r);
}

static const char *value_of (json_t *answer, const char *name)
{
    return json_string_value (json_object_get (json_object_get (answer, name), "value"));
}

static void info_is_what_the_index_has (void **state UNUSED)
{
    json_auto_t *answer = ask ("image/info", "camera.jpg");
    assert_string_equal ("jpg", value_of (answer, "Format"));
    assert_non_null (value_of (answer, "FileSize"));
    assert_non_null (value_of (answer, "DateTimeOriginal"));
    assert_non_null (value_of (answer, "GPSLatitudeRef"));
    json_auto_t *plain = ask ("image/info", "plain.png");
    assert_string_equal ("png", value_of (plain, "Format"));
    assert_non_null (value_of (plain, "ImageWidth"));
    assert_non_null (value_of (plain, "ImageHeight"));
    assert_refused ("image/info", "h264.mp4", "PROCESS_REQUEST");
    assert_refused ("image/info", "no-frame.jpg", "EXTRACT_FAILED");
}

static void recordings_are_described (void **state UNUSED)
{
    json_auto_t *video = ask ("video/info", "h264.mp4"), *audio = ask ("audio/info", "layer3.mp3");
    assert_int_equal (64, json_integer_value (json_object_get (video, "VideoWidth")));
    assert_int_equal (2, json_integer_value (json_object_get (video, "StreamCount")));
    assert_null (json_object_get (video, "MediaType"));
    assert_non_null (json_object_get (video, "Size"));
    json_t *stream = json_array_get (json_object_get (audio, "AudioStreams"), 0);
    assert_string_equal ("44100", json_string_value (json_object_get (stream, "SampleRate")));
    assert_string_equal ("mp3", json_string_value (json_object_get (audio, "FormatName")));
    assert_refused ("audio/info", "h264.mp4", "PROCESS_REQUEST");
    assert_refused ("video/info", "layer3.mp3", "PROCESS_REQUEST");
    assert_refused ("video/info", "plain.png", "PROCESS_REQUEST");
}

/* ---- doc/snapshot ---- */

static void pages_are_drawn (void **state UNUSED)
{
    struct render r;
    struct error e;
    assert_ok (run ("doc/snapshot", open_file ("SAMPLES", "report.pdf"), &r, &e), &e);
    assert_int_equal (PROCESS_PNG, r.picture.format);
    int ink = 0, width = picture_width (&r.picture), height = picture_height (&r.picture);
    assert_int_equal (1190, width);
    assert_int_equal (1684, height);
    assert_int_equal (255, pixel (&r, 0, 0, 0));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            ink += pixel (&r, x, y, 0) < 128;
    assert_in_range (ink, 100, width * height / 4);
    render_clear (&r);
    assert_ok (run ("doc/snapshot,target_jpg,page_2", open_file ("SAMPLES", "report.pdf"), &r, &e),
               &e);
    assert_int_equal (PROCESS_JPG, r.picture.format);
    render_clear (&r);
}

static void bad_documents_are_refused (void **state UNUSED)
{
    assert_refused ("doc/snapshot,page_100", "report.pdf", "PROCESS_ARGUMENT");
    assert_refused ("doc/snapshot", "locked.pdf", "PROCESS_REQUEST");
    assert_refused ("doc/snapshot", "plain.png", "PROCESS_REQUEST");
    assert_refused ("doc/snapshot", "no-pages.pdf", "PROCESS_ARGUMENT");
    assert_refused ("doc/snapshot", "cut.pdf", "EXTRACT_FAILED");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (finds_the_frame),
        cmocka_unit_test (finds_the_key_frame),
        cmocka_unit_test (refuses_what_is_behind_the_end),
        cmocka_unit_test (has_the_size_that_is_asked_for),
        cmocka_unit_test (is_turned),
        cmocka_unit_test (has_the_format_that_is_asked_for),
        cmocka_unit_test (decodes_many_codecs),
        cmocka_unit_test (survives_what_breaks_off),
        cmocka_unit_test (refuses_what_is_no_video),
        cmocka_unit_test (info_is_what_the_index_has),
        cmocka_unit_test (recordings_are_described),
        cmocka_unit_test (pages_are_drawn),
        cmocka_unit_test (bad_documents_are_refused),
    };
    return cmocka_run_group_tests (tests, start_libraries, NULL);
}
