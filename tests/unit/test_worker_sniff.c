#include "worker_test.h"

#include "worker/sniff.h"

static void check (const void *bytes, size_t length, const char *extension, const char *type,
                   const char *media)
{
    struct input *in = input_of (bytes, length, extension);
    const char *got = sniff (in);
    assert_string_equal (got, type);
    assert_string_equal (sniff_media_type (got), media);
    input_done (in);
}

#define ROW(bytes, type, media)                                                                    \
    {                                                                                              \
        bytes, sizeof (bytes) - 1, type, media                                                     \
    }

static const struct {
    const char *bytes;
    size_t length;
    const char *type, *media;
} types[] = {
    ROW ("", "application/octet-stream", "other"),
    ROW ("\0", "application/octet-stream", "other"),
    ROW ("\x01\x02\x03\x04", "application/octet-stream", "other"),
    ROW ("\xff\xd8\xff\xe0", "image/jpeg", "image"),
    ROW ("\0\0\0\x18"
         "ftypheic\0\0\0\0mif1heic",
         "image/heic", "image"),
    ROW ("\0\0\0\x18"
         "ftypmif1\0\0\0\0mif1avif",
         "image/avif", "image"),
    ROW ("\0\0\0\x18"
         "ftypcrx \0\0\0\1crx isom",
         "image/x-canon-cr3", "image"),
    ROW ("\0\0\0\x18"
         "ftypisom\0\0\0\0isommp41",
         "video/mp4", "video"),
    ROW ("\0\0\0\x18"
         "ftypqt  \0\0\0\0qt      ",
         "video/quicktime", "video"),
    ROW ("\0\0\0\x18"
         "ftypM4A \0\0\0\0M4A mp42",
         "audio/mp4", "audio"),
    ROW ("\0\0\0\x18"
         "ftyp3gp4\0\0\0\0isom3gp4",
         "video/3gpp", "video"),
    ROW ("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\1\x42\x82\x84webm", "video/webm", "video"),
    ROW ("\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", "video/x-matroska", "video"),
    ROW ("RIFF\0\0\0\0WAVEfmt ", "audio/wav", "audio"),
    ROW ("RIFF\0\0\0\0WEBPVP8 ", "image/webp", "image"),
    ROW ("RIFF\0\0\0\0AVI LIST", "video/x-msvideo", "video"),
    ROW ("FORM\0\0\0\0AIFFCOMM", "audio/x-aiff", "audio"),
    ROW ("ID3\4\0\0\0\0\0\0"
         "fLaC",
         "audio/flac", "audio"),
    ROW ("ID3\3\0\0\0\0\0\0", "audio/mpeg", "audio"),
    ROW ("fLaC\0\0\0\x22", "audio/flac", "audio"),
    ROW ("MThd\0\0\0\6", "audio/midi", "audio"),
    ROW ("%PDF-1.7\n", "application/pdf", "document"),
    ROW ("junk before\n%PDF-1.4\n", "application/pdf", "document"),
    ROW ("{\\rtf1\\ansi", "application/rtf", "document"),
    ROW ("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "application/zip", "archive"),
    ROW ("\x1f\x8b\x08\0\0\0\0\0", "application/gzip", "archive"),
    ROW ("BZh91AY&SY", "application/x-bzip2", "archive"),
    ROW ("7z\xbc\xaf\x27\x1c\0\4", "application/x-7z-compressed", "archive"),
    ROW ("wOF2\0\1\0\0", "font/woff2", "other"),
    ROW ("\x7f"
         "ELF\2\1\1",
         "application/x-executable", "other"),
    ROW ("SQLite format 3\0", "application/vnd.sqlite3", "other"),
    ROW ("<!DOCTYPE html><p>", "text/html", "document"),
    ROW ("\xef\xbb\xbf\n <HTML>", "text/html", "document"),
    ROW ("<?xml version='1.0'?><a/>", "application/xml", "document"),
    ROW ("<?xml version='1.0'?>\n<!-- <html> --><svg xmlns=''/>", "image/svg+xml", "image"),
    ROW ("<?xml version='1.0'?><ns:svg xmlns:ns=''/>", "image/svg+xml", "image"),
    ROW ("\xff\xfe<\0h\0t\0m\0l\0>\0", "text/html", "document"),
    ROW ("\xfe\xff\0a\0b", "text/plain", "document"),
    ROW ("{\"a\": [1, 2]}\n", "application/json", "document"),
    ROW ("{a: 1}", "text/plain", "document"),
    ROW ("[1] see below", "text/plain", "document"),
    ROW ("From: a@b\r\nTo: c@d\r\nSubject: e\r\n\r\nhello", "message/rfc822", "document"),
    ROW ("From a@b Mon\nFrom: a@b\nTo: c@d\nSubject: e\n\nhello", "application/mbox", "document"),
    ROW ("From: here to there\nis a poem\n", "text/plain", "document"),
    ROW ("BEGIN:VCARD\r\nVERSION:3.0\r\n", "text/vcard", "document"),
    ROW ("BM is how this text begins, and no picture", "text/plain", "document"),
    ROW ("P is for pictures", "text/plain", "document"),
    ROW ("P6\n1 1\n255\nabc", "image/x-portable-pixmap", "image"),
    ROW ("caf\xe9 au lait, s'il vous pla\xeet", "text/plain", "document"),
    ROW ("one NUL is enough \0", "application/octet-stream", "other"),
};

static void test_types (void **state)
{
    (void) state;
    for (size_t i = 0; i < N_ELEMENTS (types); i++)
        check (types[i].bytes, types[i].length, "", types[i].type, types[i].media);
}

/* The extension refines plain text, and nothing else. */
static void test_extension (void **state)
{
    (void) state;
    check ("a,b\n1,2\n", 8, "csv", "text/csv", "document");
    check ("# Title\n", 8, "md", "text/markdown", "document");
    check ("# Title\n", 8, "jpg", "text/plain", "document");
    check ("\xff\xd8\xff\xe0", 4, "csv", "image/jpeg", "image");
    check ("{\"a\":1}", 7, "csv", "application/json", "document");
    check ("\x01\x02\x03\x04", 4, "txt", "application/octet-stream", "other");
}

/* A local header of ZIP with a stored member. */
static void add_member (GByteArray *out, const char *name, const char *data)
{
    uint8_t h[30] = "PK\3\4\x14";
    h[18] = h[22] = (uint8_t) strlen (data);
    h[26] = (uint8_t) strlen (name);
    g_byte_array_append (out, h, sizeof h);
    g_byte_array_append (out, (const uint8_t *) name, (guint) strlen (name));
    g_byte_array_append (out, (const uint8_t *) data, (guint) strlen (data));
}

static void test_packages (void **state)
{
    (void) state;
    static const struct {
        const char *names[3], *data, *type;
    } rows[] = {
        { { "[Content_Types].xml", "_rels/.rels", "word/document.xml" },
          "x",
          "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
        { { "[Content_Types].xml", "docProps/app.xml", "xl/workbook.xml" },
          "x",
          "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
        { { "mimetype", "META-INF/manifest.xml" }, "application/epub+zip", "application/epub+zip" },
        { { "mimetype", "content.xml" },
          "application/vnd.oasis.opendocument.text",
          "application/vnd.oasis.opendocument.text" },
        { { "META-INF/", "META-INF/MANIFEST.MF", "a.class" }, "", "application/java-archive" },
        { { "a.txt", "word.txt" }, "x", "application/zip" },
        { { "mimetype" }, "text/evil", "application/zip" },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autoptr (GByteArray) zip = g_byte_array_new ();
        for (size_t k = 0; k < 3 && rows[i].names[k]; k++)
            add_member (zip, rows[i].names[k], rows[i].data);
        struct input *in = input_of (zip->data, zip->len, "jpg");
        assert_string_equal (sniff (in), rows[i].type);
        input_done (in);
    }
}

/* Two frames in a row are MP3, one sync in noise is not. */
static void test_mpeg_frames (void **state)
{
    (void) state;
    uint8_t two[417 + 418] = "\xff\xfb\x90";
    check (two, sizeof two, "", "application/octet-stream", "other");
    memcpy (two + 417, "\xff\xfb\x92\0", 4);
    check (two, sizeof two, "", "audio/mpeg", "audio");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_types),
        cmocka_unit_test (test_extension),
        cmocka_unit_test (test_packages),
        cmocka_unit_test (test_mpeg_frames),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
