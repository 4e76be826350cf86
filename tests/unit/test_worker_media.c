/* Recordings: what they may not make us do, and texts and places as they write them. */
#include "worker_test.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/wait.h>

#include "base/limits.h"
#include "worker/init.h"
#include "worker/media.h"

/* ---- nothing is opened ---- */

/* From here on a process that opens or connects is killed. */
static bool forbid_opening (void)
{
    static const int calls[] = { SCMP_SYS (open),   SCMP_SYS (openat), SCMP_SYS (openat2),
                                 SCMP_SYS (socket), SCMP_SYS (stat),   SCMP_SYS (newfstatat),
                                 SCMP_SYS (access), SCMP_SYS (clone),  SCMP_SYS (clone3) };
    scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
    for (size_t i = 0; i < N_ELEMENTS (calls); i++)
        if (seccomp_rule_add (filter, SCMP_ACT_KILL_PROCESS, calls[i], 0) < 0)
            return false;
    return seccomp_load (filter) == 0;
}

/* Extracts in a process that may not open anything; whether it ended by itself. */
static bool survives (const void *bytes, size_t length, const char *extension, bool opens)
{
    struct input *in = input_of (bytes, length, extension);
    pid_t child = fork ();
    assert_true (child >= 0);
    if (child == 0) {
        json_auto_t *meta = json_object ();
        if (!forbid_opening ())
            _exit (1);
        (void) !extract (in, meta, NULL);
        _exit (opens && open ("/etc/hostname", O_RDONLY | O_CLOEXEC) < 0);
    }
    int status;
    assert_int_equal (waitpid (child, &status, 0), child);
    input_done (in);
    return WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

static const struct {
    const char *extension, *text;
} scripts[] = {
    { "m3u8",
      "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n" },
    { "mp4", "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nhttp://127.0.0.1/x.ts\n" },
    { "avi", "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nconcat:/etc/passwd|/etc/group\n" },
    { "ffconcat", "ffconcat version 1.0\nfile '/etc/passwd'\n" },
    { "mkv", "ffconcat version 1.0\nfile /etc/passwd\nduration 5\n" },
    { "sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n" },
    { "json", "[{\"startTime\":0,\"duration\":10,\"content\":\"x\"}]" },
    { "mpd",
      "<?xml version='1.0'?><MPD><Period><AdaptationSet><Representation><BaseURL>file:///etc/"
      "passwd</BaseURL></Representation></AdaptationSet></Period></MPD>" },
    { "ref", "RTSPtextrtsp://127.0.0.1/a\r\n" },
    { "asx", "<asx version='3.0'><entry><ref href='http://127.0.0.1/'/></entry></asx>" },
    { "wpl", ";FFMETADATA1\ntitle=x\n" },
    { "avi", "RIFF\x50\0\0\0AVI #EXTM3U\nfile:///etc/passwd\n" },
};

/* What asks for other files is a text to us. */
static void test_scripts_open_nothing (void **state)
{
    (void) state;
    assert_false (survives ("x", 1, "", true));
    for (size_t i = 0; i < N_ELEMENTS (scripts); i++) {
        size_t length = strlen (scripts[i].text);
        assert_true (survives (scripts[i].text, length, scripts[i].extension, false));
        json_auto_t *meta = json_object ();
        struct input *in = input_of (scripts[i].text, length, scripts[i].extension);
        (void) !extract (in, meta, NULL);
        input_done (in);
        assert_null (json_object_get (meta, "FormatName"));
        assert_null (json_object_get (meta, "StreamCount"));
    }
}

static char *read_sample (const char *name, size_t *ret_length)
{
    g_autofree char *path = g_build_filename (getenv ("SAMPLES"), name, NULL);
    char *bytes;
    assert_true (g_file_get_contents (path, &bytes, ret_length, NULL));
    return bytes;
}

/* A film whose frames are said to be in another file: the reference is an alias to a path. */
static void test_film_elsewhere (void **state)
{
    (void) state;
    size_t length;
    g_autofree char *bytes = read_sample ("quicktime.mov", &length);
    char *entry = memmem (bytes, length, "\0\0\0\x0curl \0\0\0\x01", 12);
    assert_non_null (entry);
    memcpy (entry + 4, "alis\0\0\0\0", 8);
    assert_true (survives (bytes, length, "mov", false));
    memcpy (entry + 4, "url \0\0\0\0", 8);
    assert_true (survives (bytes, length, "mov", false));
}

/* All that the project carries, with the calls that the jail has too. */
static void test_samples_open_nothing (void **state)
{
    (void) state;
    static const char *const names[] = { "h264.mp4",  "hdr.mp4",     "av1.mkv",      "vp9.webm",
                                         "song.m4a",  "opus.opus",   "transport.ts", "theora.ogv",
                                         "flac.flac", "windows.wmv", "prores.mov",   "real.rm" };
    for (size_t i = 0; i < N_ELEMENTS (names); i++) {
        size_t length;
        g_autofree char *bytes = read_sample (names[i], &length);
        assert_true (survives (bytes, length, "", false));
    }
}

/* ---- limits ---- */

/* What may not be read is as if it were not there: no more than the limit, and a plain failure. */
static void test_read_limit (void **state)
{
    (void) state;
    size_t length;
    g_autofree char *bytes = read_sample ("transport.ts", &length);
    g_autoptr (GByteArray) large = g_byte_array_new ();
    while (large->len < 8 * MIB)
        g_byte_array_append (large, (const uint8_t *) bytes, (guint) length);
    struct input *in = input_of (large->data, large->len, "ts");
    in->read_limit = 256 * KIB;
    struct media media;
    struct error e;
    assert_ok (media_open (in, "video/mp2t", &media, &e), &e);
    assert_true (in->bytes_read <= 256 * KIB);
    media_clear (&media);
    input_done (in);
}

/* A header that claims what is not there fails at once, with the type answered. */
static void test_hollow_headers (void **state)
{
    (void) state;
    static const struct {
        const char *bytes;
        size_t length;
    } rows[] = {
        { "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01", 9 },
        { "fLaC\0\0\0\x22", 8 },
        { "OggS\0\x02\0\0\0\0\0\0\0\0", 14 },
        { "RIFF\xff\xff\xff\xffWAVEfmt ", 16 },
        { "FLV\x01\x05\0\0\0\x09", 9 },
        { "\0\0\0\030ftypisom\0\0\0\0isommp42", 24 },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        json_auto_t *meta = json_object ();
        struct error e;
        struct input *in = input_of (rows[i].bytes, rows[i].length, "");
        assert_err (EXTRACT_FAILED, extract (in, meta, &e));
        input_done (in);
        const char *type = text_of (meta, "ContentType");
        assert_non_null (type);
        assert_null (json_object_get (meta, "AudioStreams"));
        assert_non_null (strstr (e.message, type)); /* not libav's name of it */
    }
}

/* Tags without end, each with a name of its own, cost a bounded time: libav looks each up in a
 * list. */
static void test_endless_tags (void **state)
{
    (void) state;
    enum { TAGS = 60000, SIZE = 10 + 12 };
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    unsigned n = TAGS * SIZE;
    const uint8_t head[] = { 'I',           'D',     '3', 3, 0, 0, n >> 21 & 0x7f, n >> 14 & 0x7f,
                             n >> 7 & 0x7f, n & 0x7f };
    g_byte_array_append (bytes, head, sizeof head);
    for (unsigned i = 0; i < TAGS; i++) {
        char frame[SIZE + 1];
        g_snprintf (frame + 10, 13, "_%08u_v_", i);
        memcpy (frame, "TXXX\0\0\0\x0c\0", 10);
        frame[10] = frame[19] = frame[21] = '\0';
        g_byte_array_append (bytes, (const uint8_t *) frame, SIZE);
    }
    clock_t begun = clock ();
    json_auto_t *meta = json_object ();
    struct input *in = input_of (bytes->data, bytes->len, "mp3");
    assert_err (EXTRACT_FAILED, extract (in, meta, NULL));
    input_done (in);
    assert_true ((clock () - begun) / (CLOCKS_PER_SEC / 1000) < LIMIT_JOB_CPU_MS);
}

/* ---- texts and places ---- */

static void test_texts (void **state)
{
    (void) state;
    static const struct {
        const char *from, *to;
        size_t limit;
        bool has_lines;
    } rows[] = {
        { " a \n", "a", 64, false },
        { "a\r\nb", "a b", 64, false },
        { "a\r\nb\tc\x01", "a\nb\tc", 64, true },
        { "caf\xe9", "caf\xef\xbf\xbd", 64, false },
        { "ab\xc2\x9b"
          "cd",
          "ab cd", 64, false },
        { "\x01\x02", NULL, 64, false },
        { "", NULL, 64, false },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        json_auto_t *text = media_text (rows[i].from, rows[i].limit, rows[i].has_lines);
        if (rows[i].to)
            assert_string_equal (json_string_value (text), rows[i].to);
        else
            assert_null (text);
    }
    g_autofree char *longer = g_strnfill (5000, 'x');
    json_auto_t *cut = media_text (longer, 1024, false);
    assert_in_range (json_string_length (cut), 1000, 1024);
    memset (longer, 0xff, 5000);
    json_auto_t *broken = media_text (longer, 1024, false);
    assert_in_range (json_string_length (broken), 1000, 1024);
}

static void test_places (void **state)
{
    (void) state;
    static const struct {
        const char *from, *to;
    } rows[] = {
        { "+37.3318-122.0312+010.000/", "37.3318,-122.0312" },
        { "+48.8577+002.2950+035.0/", "48.8577,2.295" },
        { "-3345.5+15112.25/", "-33.758333,151.204167" },
        { "+401213.1-0750015.1/", "40.203639,-75.004194" },
        { "+00+000/", "0,0" },
        { "+90.0-180.0", "90,-180" },
        { "+90.1+000.0/", NULL },
        { "+10.0+181.0/", NULL },
        { "37.3318-122.0312/", NULL },
        { "+3.5+002.0/", NULL },
        { "+12.5", NULL },
        { "Paris", NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        json_auto_t *place = media_position (rows[i].from);
        if (rows[i].to)
            assert_string_equal (json_string_value (place), rows[i].to);
        else
            assert_null (place);
    }
}

int main (void)
{
    init_libraries ();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_scripts_open_nothing),
        cmocka_unit_test (test_film_elsewhere),
        cmocka_unit_test (test_samples_open_nothing),
        cmocka_unit_test (test_read_limit),
        cmocka_unit_test (test_hollow_headers),
        cmocka_unit_test (test_endless_tags),
        cmocka_unit_test (test_texts),
        cmocka_unit_test (test_places),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
