/* Parts of packages: encodings, entities, depth, and bombs. */
#include "worker_test.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/limits.h"
#include "worker/package.h"

/* A package of one part, packed. */
static struct input *package_of (const char *name, const void *bytes, size_t length)
{
    size_t size = length + MIB, used;
    g_autofree char *packed = g_malloc (size);
    struct archive *a = archive_write_new ();
    struct archive_entry *entry = archive_entry_new ();
    archive_write_set_format_zip (a);
    assert_int_equal (archive_write_open_memory (a, packed, size, &used), ARCHIVE_OK);
    archive_entry_set_pathname (entry, name);
    archive_entry_set_size (entry, (la_int64_t) length);
    archive_entry_set_filetype (entry, AE_IFREG);
    assert_int_equal (archive_write_header (a, entry), ARCHIVE_OK);
    assert_int_equal (archive_write_data (a, bytes, length), length);
    archive_entry_free (entry);
    assert_int_equal (archive_write_close (a), ARCHIVE_OK);
    archive_write_free (a);
    return input_of (packed, used, "docx");
}

struct seen {
    GString *text;
    unsigned elements;
};

static void on_start (void *data, const char *element, const char **names UNUSED,
                      const char **values UNUSED)
{
    struct seen *seen = data;
    seen->elements++;
    assert_null (strchr (element, ':'));
}

static void on_text (void *data, const char *text, size_t length)
{
    g_string_append_len (((struct seen *) data)->text, text, (gssize) length);
}

/* The text of a part, or of the error; the caller frees. */
static char *read_part (const void *bytes, size_t length, enum err *ret)
{
    static const struct package_events events = { .start = on_start, .text = on_text };
    struct input *in = package_of ("Part.xml", bytes, length);
    _cleanup_zip_ struct zip z;
    struct seen seen = { .text = g_string_new (NULL) };
    struct error e = { .code = ERR_OK };
    assert_ok (zip_open (&z, in, &e), &e);
    assert_err (NOT_FOUND, package_read (&z, "other.xml", &events, &seen, &e));
    *ret = package_read (&z, "part.XML", &events, &seen, &e);
    input_done (in);
    if (*ret != ERR_OK) {
        g_string_free (seen.text, TRUE);
        return g_strdup (e.message);
    }
    return g_string_free (seen.text, FALSE);
}

static void test_text (void **state)
{
    (void) state;
    static const struct {
        const char *xml, *text; /* NULL: refused */
    } rows[] = {
        { "<w:a xmlns:w='u'><w:b>x</w:b>&amp;&#233;<![CDATA[<y>]]></w:a>", "x&é<y>" },
        { "\xef\xbb\xbf<a>mark</a>", "mark" },
        { "<a>&nbsp;</a>", NULL },
        { "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", NULL },
        { "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", NULL },
        { "<a><b></a>", NULL },
        { "<a>never closed", NULL },
        { "<a>\xff</a>", NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        enum err err;
        g_autofree char *got = read_part (rows[i].xml, strlen (rows[i].xml), &err);
        if ((err == ERR_OK) != (rows[i].text != NULL))
            fail_msg ("%s: %s", rows[i].xml, got);
        if (rows[i].text)
            assert_string_equal (got, rows[i].text);
        else
            assert_int_equal (err, ERR_EXTRACT_FAILED);
    }
}

/* In pieces, of which some end within a pair of surrogates. */
static void test_utf16 (void **state)
{
    (void) state;
    g_autoptr (GString) xml = g_string_new ("<?xml version='1.0' encoding='UTF-16'?><a>");
    for (unsigned i = 0; i < 50000; i++)
        g_string_append (xml, i % 7 ? "\xf0\x9f\x98\x80" : "é");
    g_string_append (xml, "</a>");
    const char *text = strchr (xml->str, '>') + 1;
    text = strchr (text, '>') + 1;
    for (unsigned is_big = 0; is_big < 2; is_big++) {
        g_autoptr (GByteArray) wide = g_byte_array_new ();
        glong n;
        g_autofree gunichar2 *units = g_utf8_to_utf16 (xml->str, -1, NULL, &n, NULL);
        g_byte_array_append (wide, (const guint8 *) (is_big ? "\xfe\xff" : "\xff\xfe"), 2);
        for (glong i = 0; i < n; i++) {
            guint8 pair[2] = { (guint8) units[i], (guint8) (units[i] >> 8) };
            guint8 swapped[2] = { pair[1], pair[0] };
            g_byte_array_append (wide, is_big ? swapped : pair, 2);
        }
        enum err err;
        g_autofree char *got = read_part (wide->data, wide->len, &err);
        assert_int_equal (err, ERR_OK);
        assert_int_equal (strlen (got), strlen (text) - 4);
        assert_memory_equal (got, text, strlen (got));
    }
}

static char *nested (unsigned depth, size_t *ret_length)
{
    GString *xml = g_string_new (NULL);
    for (unsigned i = 0; i < depth; i++)
        g_string_append (xml, "<a>");
    for (unsigned i = 0; i < depth; i++)
        g_string_append (xml, "</a>");
    *ret_length = xml->len;
    return g_string_free (xml, FALSE);
}

static void test_depth (void **state)
{
    (void) state;
    size_t length;
    enum err err;
    g_autofree char *most = nested (LIMIT_PACKAGE_DEPTH, &length);
    g_autofree char *read = read_part (most, length, &err);
    assert_int_equal (err, ERR_OK);
    g_autofree char *more = nested (LIMIT_PACKAGE_DEPTH + 1, &length);
    g_autofree char *refused = read_part (more, length, &err);
    assert_int_equal (err, ERR_EXTRACT_FAILED);
    assert_non_null (strstr (refused, "too deep"));
}

/* A part that unpacks to more than a package may: what is read until then counts. */
static void test_bomb (void **state)
{
    (void) state;
    size_t length = LIMIT_ZIP_UNPACKED + MIB;
    g_autofree char *xml = g_malloc (length);
    memset (xml, ' ', length);
    memcpy (xml, "<a>", 3);
    enum err err;
    g_autofree char *got = read_part (xml, length, &err);
    assert_int_equal (err, ERR_LIMIT);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_text),
        cmocka_unit_test (test_utf16),
        cmocka_unit_test (test_depth),
        cmocka_unit_test (test_bomb),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
