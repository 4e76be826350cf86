#include <stdarg.h>

#include "worker_test.h"

#include "worker/sniff.h"

static void check (const void *bytes, size_t length, const char *extension, const char *type,
                   const char *media)
{
    struct input *in = input_of (bytes, length, extension);
    const char *got = sniff (in);
    if (strcmp (got, type) != 0)
        fail_msg ("%.20s: %s, not %s", (const char *) bytes, got, type);
    if (strcmp (sniff_media_type (got), media) != 0)
        fail_msg ("%s: %s, not %s", got, sniff_media_type (got), media);
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
    ROW ("MZ is how this text begins", "text/plain", "document"),
    ROW ("\x7f"
         "ELF\2\1\1\0\0\0\0\0\0\0\0\0\1\0\x3e\0",
         "application/x-object", "other"),
    ROW ("\x7f"
         "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\x3e\0",
         "application/x-sharedlib", "other"),
    ROW ("\x7f"
         "ELF\1\2\1\0\0\0\0\0\0\0\0\0\0\4\0\x28",
         "application/x-coredump", "other"),
    ROW ("\xfe\xed\xfa\xcf\1\0\0\x0c", "application/x-mach-binary", "other"),
    ROW ("\xca\xfe\xba\xbe\0\0\0\2\1\0\0\7", "application/x-mach-binary", "other"),
    ROW ("\xca\xfe\xba\xbe\0\0\0\x34\0\x1d", "application/java-vm", "other"),
    ROW ("\0asm\1\0\0\0", "application/wasm", "other"),
    ROW ("dex\n035\0", "application/vnd.android.dex", "other"),
    ROW ("\xa7\r\r\n\0\0\0\0\x5e\x2b\x5a\x64\xe3\0\0\0", "application/x-bytecode.python", "other"),
    ROW ("ab\r\ncd and more, which is text", "text/plain", "document"),
    ROW ("\xde\x12\x04\x95\0\0\0\0\1\0\0\0", "application/x-gettext-translation", "other"),
    ROW ("\x95\x04\x12\xde\0\0\0\0\0\0\0\1", "application/x-gettext-translation", "other"),
    ROW ("PACK\0\0\0\2\0\0\0\7", "application/x-git-pack", "other"),
    ROW ("\xfftOc\0\0\0\2\0\0", "application/x-git-pack-index", "other"),
    ROW ("\0\5\x16\7\0\2\0\0Mac OS X", "multipart/appledouble", "other"),
    ROW ("PAR1\x15\4\x15", "application/vnd.apache.parquet", "other"),
    ROW ("ARROW1\0\0", "application/vnd.apache.arrow.file", "other"),
    ROW ("ORC is what orcs are called", "text/plain", "document"),
    ROW ("ORC\n\x0a\0\x12\3\1\2\3\4\5\6\7ORC\x10", "application/vnd.apache.orc", "other"),
    ROW ("glTF\2\0\0\0", "model/gltf-binary", "other"),
    ROW ("ply\nformat ascii 1.0\nelement vertex 3\n", "model/ply", "other"),
    ROW ("ply is thin wood\n", "text/plain", "document"),
    ROW ("solid cube\nfacet normal 0 0 1\n", "model/stl", "other"),
    ROW ("solid ground\n", "text/plain", "document"),
    ROW ("QFI\xfb\0\0\0\3", "application/x-qemu-disk", "other"),
    ROW ("KDMV\1\0\0\0", "application/x-vmdk", "other"),
    ROW ("# Disk DescriptorFile\nversion=1\n", "application/x-vmdk", "other"),
    ROW ("conectix\0\0\0\2", "application/x-vhd", "other"),
    ROW ("xar!\0\x1c\0\1", "application/x-xar", "archive"),
    ROW ("\xed\xab\xee\xdb\3\0", "application/x-rpm", "archive"),
    ROW ("\x22\x53-lh5-\x10\0\0\0\x20\0\0\0\1\2\3\4\x20\1", "application/x-lzh-compressed",
         "archive"),
    ROW ("a -lh5- is an option, you know?", "text/plain", "document"),
    ROW ("\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x3e", "application/x-lzma", "archive"),
    ROW ("LZIP\1\x0c", "application/x-lzip", "archive"),
    ROW ("\x04\x22\x4d\x18\x64", "application/x-lz4", "archive"),
    ROW ("\x28\xb5\x2f\xfd\x24", "application/zstd", "archive"),
    ROW ("MSWIM\0\0\0\xd0", "application/x-ms-wim", "archive"),
    ROW ("AT&TFORM\0\0\1\0DJVU", "image/vnd.djvu", "document"),
    ROW ("ITSF\3\0\0\0", "application/vnd.ms-htmlhelp", "document"),
    ROW ("d8:announce3:url4:infod6:lengthi5ee", "application/x-bittorrent", "other"),
    ROW ("d7:comment3:abc4:infod4:name1:aee", "application/x-bittorrent", "other"),
    ROW ("d4: is no torrent", "text/plain", "document"),
    ROW ("\xd4\xc3\xb2\xa1\2\0\4\0", "application/vnd.tcpdump.pcap", "other"),
    ROW ("\x4d\x3c\xb2\xa1\2\0\4\0", "application/vnd.tcpdump.pcap", "other"),
    ROW ("\x0a\x0d\x0d\x0a\x1c\0\0\0", "application/x-pcapng", "other"),
    ROW ("\0\1\0\0\0\x0f\0\x80\0\3\0\x70", "font/ttf", "other"),
    ROW ("OTTO\0\x0b", "font/otf", "other"),
    ROW ("ttcf\0\1\0\0", "font/collection", "other"),
    ROW ("wOFF\0\1\0\0", "font/woff", "other"),
    ROW ("\x80\1\x33\6\0\0%!PS-AdobeFont-1.0: CMR10", "application/x-font-type1", "other"),
    ROW ("-----BEGIN CERTIFICATE-----\nMIIB", "application/x-pem-file", "other"),
    ROW ("-----BEGIN RSA PRIVATE KEY-----\nMIIB", "application/x-pem-file", "other"),
    ROW ("-----BEGIN PGP PUBLIC KEY BLOCK-----\n", "application/pgp-keys", "other"),
    ROW ("-----BEGIN PGP MESSAGE-----\n", "application/pgp-encrypted", "other"),
    ROW ("\xfe\xed\xfe\xed\0\0\0\2", "application/x-java-keystore", "other"),
    ROW ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "text/calendar", "document"),
    ROW ("WEBVTT\n\n00:01.000 --> 00:02.000\nhi\n", "text/vtt", "document"),
    ROW ("1\r\n00:00:01,000 --> 00:00:02,000\r\nhi\r\n", "application/x-subrip", "document"),
    ROW ("[Script Info]\nTitle: x\n", "text/x-ssa", "document"),
    ROW ("#EXTM3U\n#EXTINF:10,Song\na.mp3\n", "audio/x-mpegurl", "audio"),
    ROW ("#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\na.ts\n", "application/vnd.apple.mpegurl",
         "video"),
    ROW ("[playlist]\nFile1=a.mp3\n", "audio/x-scpls", "audio"),
    ROW ("<?xml version='1.0'?><playlist version='1'/>", "application/xspf+xml", "audio"),
    ROW ("<?xml version='1.0'?><FictionBook xmlns=''/>", "application/x-fictionbook+xml",
         "document"),
    ROW ("<?xml version='1.0'?><tt xml:lang='en'/>", "application/ttml+xml", "document"),
    ROW ("#!/bin/bash -e\necho\n", "application/x-sh", "document"),
    ROW ("#!/usr/bin/env python3\nprint()\n", "text/x-python", "document"),
    ROW ("#! /usr/bin/perl -w\n", "text/x-perl", "document"),
    ROW ("#!/opt/unheard-of\n", "text/plain", "document"),
    ROW ("/* XPM */\nstatic char *a[] = {", "image/x-xpixmap", "image"),
    ROW (".TH LS 1\n", "text/troff", "document"),
    ROW ("ring \a and tab \v are text", "text/plain", "document"),
};

static void test_types (void **state)
{
    (void) state;
    for (size_t i = 0; i < N_ELEMENTS (types); i++)
        check (types[i].bytes, types[i].length, "", types[i].type, types[i].media);
}

/* What is not what its extension says is not misled by it. */
static void test_wrong_extension (void **state)
{
    (void) state;
    static const char *const extensions[] = { "jpg", "mp3", "pdf", "exe", "docm", "cbz", "tar" };
    for (size_t i = 0; i < N_ELEMENTS (types); i++)
        for (size_t k = 0; k < N_ELEMENTS (extensions); k++)
            if (strcmp (extensions[k], "cbz") != 0 ||
                strcmp (types[i].type, "application/zip") != 0)
                check (types[i].bytes, types[i].length, extensions[k], types[i].type,
                       types[i].media);
}

/* The extension refines plain text, JSON and packages, and nothing else. */
static void test_extension (void **state)
{
    (void) state;
    check ("a,b\n1,2\n", 8, "csv", "text/csv", "document");
    check ("# Title\n", 8, "md", "text/markdown", "document");
    check ("# Title\n", 8, "jpg", "text/plain", "document");
    check ("v 0 0 0\n", 8, "obj", "model/obj", "other");
    check ("\xff\xd8\xff\xe0", 4, "csv", "image/jpeg", "image");
    check ("{\"a\":1}", 7, "csv", "application/json", "document");
    check ("{\"a\":1}", 7, "geojson", "application/geo+json", "document");
    check ("{\"a\":1}", 7, "gltf", "model/gltf+json", "other");
    check ("#!/bin/sh\n", 10, "py", "application/x-sh", "document");
    check ("\x01\x02\x03\x04", 4, "txt", "application/octet-stream", "other");
    check ("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22, "cbz", "application/vnd.comicbook+zip",
           "document");
}

/* Zeros of some size with bytes here and there. */
static void check_pieces (size_t size, const char *type, const char *media, unsigned n, ...)
{
    g_autofree uint8_t *bytes = g_malloc0 (size);
    va_list pieces;
    va_start (pieces, n);
    for (unsigned i = 0; i < n; i++) {
        size_t at = va_arg (pieces, size_t), length = va_arg (pieces, size_t);
        memcpy (bytes + at, va_arg (pieces, const char *), length);
    }
    va_end (pieces);
    check (bytes, size, "txt", type, media);
}
#define PIECE(at, text) (size_t) (at), sizeof (text) - 1, (text)

/* Types that are told by what is further in, by their size, or by several signs together. */
static void test_far_signs (void **state)
{
    (void) state;
    check_pieces (134, "model/stl", "other", 2, PIECE (0, "solid"), PIECE (80, "\1"));
    check_pieces (135, "application/octet-stream", "other", 2, PIECE (0, "solid"),
                  PIECE (80, "\1"));
    check_pieces (1024, "application/x-tar", "archive", 2, PIECE (0, "v7.txt"),
                  PIECE (148, "001473\0 "));
    check_pieces (1024, "application/octet-stream", "other", 2, PIECE (0, "v7.txt"),
                  PIECE (148, "001474\0 "));
    check_pieces (512, "application/x-tar", "archive", 2, PIECE (0, "GIF89a.txt"),
                  PIECE (257, "ustar"));
    check_pieces (40000, "application/x-iso9660-image", "archive", 1, PIECE (32769, "CD001"));
    check_pieces (2048, "application/x-apple-diskimage", "archive", 2, PIECE (0, "\1\2"),
                  PIECE (1536, "koly\0\0\0\4"));
    check_pieces (2048, "application/x-vhd", "other", 1, PIECE (1536, "conectix"));
    check_pieces (512, "application/x-virtualbox-vdi", "other", 1, PIECE (64, "\x7f\x10\xda\xbe"));
    check_pieces (512, "application/vnd.microsoft.portable-executable", "other", 3,
                  PIECE (0, "MZ\x90"), PIECE (60, "\x80"), PIECE (128, "PE\0\0"));
    check_pieces (512, "application/octet-stream", "other", 1, PIECE (0, "MZ"));
    check_pieces (200, "application/vnd.shp", "other", 3, PIECE (0, "\0\0\x27\x0a"),
                  PIECE (28, "\xe8\3"), PIECE (103, "\1"));
    check_pieces (108, "application/vnd.shx", "other", 3, PIECE (0, "\0\0\x27\x0a"),
                  PIECE (28, "\xe8\3"), PIECE (103, "\x32"));
    check_pieces (100, "application/vnd.dbf", "other", 2, PIECE (0, "\3\x67\7\1\2\0\0\0\x41\0\x0b"),
                  PIECE (64, "\r"));
    check_pieces (100, "application/octet-stream", "other", 1,
                  PIECE (0, "\3\x67\7\1\2\0\0\0\x41\0\x0b"));
    check_pieces (100, "application/x-mobipocket-ebook", "document", 1, PIECE (60, "BOOKMOBI"));
    check_pieces (260, "application/pkix-cert", "other", 1,
                  PIECE (0, "\x30\x82\1\0\x30\x81\xaa\xa0\3\2\1\2"));
    check_pieces (260, "application/x-pkcs12", "other", 1, PIECE (0, "\x30\x82\1\0\2\1\3"));
    check_pieces (261, "application/octet-stream", "other", 1, PIECE (0, "\x30\x82\1\0\2\1\3"));
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
        { { "mimetype", "content.xml" },
          "application/vnd.oasis.opendocument.presentation-template",
          "application/vnd.oasis.opendocument.presentation-template" },
        { { "[Content_Types].xml", "3D/3dmodel.model" }, "x", "model/3mf" },
        { { "a.txt", "word.txt" }, "x", "application/zip" },
        { { "mimetype" }, "text/evil", "application/zip" },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autoptr (GByteArray) zip = g_byte_array_new ();
        for (size_t k = 0; k < 3 && rows[i].names[k]; k++)
            add_member (zip, rows[i].names[k], rows[i].data);
        check (zip->data, zip->len, "jpg", rows[i].type, sniff_media_type (rows[i].type));
    }
}

/* Templates and macros by extension, within their family alone. */
static void test_package_extensions (void **state)
{
    (void) state;
    g_autoptr (GByteArray) zip = g_byte_array_new ();
    add_member (zip, "word/document.xml", "x");
    check (zip->data, zip->len, "docm", "application/vnd.ms-word.document.macroEnabled.12",
           "document");
    check (zip->data, zip->len, "DOTX",
           "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document");
    check (zip->data, zip->len, "dotx",
           "application/vnd.openxmlformats-officedocument.wordprocessingml.template", "document");
    check (zip->data, zip->len, "xlsm",
           "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document");
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
        cmocka_unit_test (test_wrong_extension),
        cmocka_unit_test (test_extension),
        cmocka_unit_test (test_far_signs),
        cmocka_unit_test (test_package_extensions),
        cmocka_unit_test (test_packages),
        cmocka_unit_test (test_mpeg_frames),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
