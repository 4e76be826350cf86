/* PDF that is damaged, as files are: cut, without its table, with a table that lies, without pages.
 * Passwords are among the samples. */
#include "worker_test.h"

#include "worker/init.h"
#include "worker/pdf_stream.h"

static char *report (gsize *ret_length)
{
    g_autofree char *path = g_build_filename (getenv ("SAMPLES"), "report.pdf", NULL);
    char *bytes;
    assert_true (g_file_get_contents (path, &bytes, ret_length, NULL));
    return bytes;
}

/* Overwrites the first `from` behind `start` with as many bytes of `to`. */
static void replace (char *bytes, gsize length, const char *from, const char *to)
{
    assert_int_equal (strlen (from), strlen (to));
    char *at = memmem (bytes, length, from, strlen (from));
    assert_non_null (at);
    memcpy (at, to, strlen (to));
}

static void check (const char *bytes, gsize length, enum err expected, int pages)
{
    enum err err;
    json_auto_t *meta = extracted (bytes, length, "pdf", &err);
    assert_int_equal (err, expected);
    assert_string_equal (text_of (meta, "ContentType"), "application/pdf");
    assert_int_equal (json_integer_value (json_object_get (meta, "PageCount")), pages);
    assert_true (pages == 0 || strstr (text_of (meta, "DocumentText"), "First page"));
}

/* Where tables are wrong, objects are looked for, as readers do. */
static void test_damaged_tables (void **state)
{
    (void) state;
    static const struct {
        const char *from, *to;
    } rows[] = {
        { "startxref", "startxxxx" },   { "xref\n0 9", "xxxx\n0 9" },
        { "0000000015", "9999999999" }, { "/Size 9", "/Size 1" },
        { "0 9\n00000", "0 1\n00000" },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        gsize length;
        g_autofree char *bytes = report (&length);
        replace (bytes, length, rows[i].from, rows[i].to);
        enum err err;
        json_auto_t *meta = extracted (bytes, length, "pdf", &err);
        if (err != ERR_OK || json_integer_value (json_object_get (meta, "PageCount")) != 2)
            fail_msg ("%s: %s", rows[i].to, error_name (err));
    }
}

static void test_pages (void **state)
{
    (void) state;
    gsize length;
    g_autofree char *bytes = report (&length);
    check (bytes, length, ERR_OK, 2);
    replace (bytes, length, "/Pages 6", "/Pages 1");
    check (bytes, length, ERR_EXTRACT_FAILED, 0);
    replace (bytes, length, "/Pages 1", "/Pages 6");
    /* A tree whose branch is itself. */
    replace (bytes, length, "/Kids[3 0 R 5 0 R]", "/Kids[6 0 R 6 0 R]");
    enum err err;
    json_auto_t *meta = extracted (bytes, length, "pdf", &err);
    assert_true (err == ERR_OK || err == ERR_EXTRACT_FAILED);
    assert_null (json_object_get (meta, "DocumentText"));
}

static void test_cut (void **state)
{
    (void) state;
    gsize length;
    g_autofree char *bytes = report (&length);
    check (bytes, length - 30, ERR_OK, 2); /* its end alone is gone */
    check (bytes, 300, ERR_EXTRACT_FAILED, 0);
    check ("%PDF-", 5, ERR_EXTRACT_FAILED, 0);
}

/* What is in front of a PDF is passed over, and a mention of /Encrypt is no encryption. */
static void test_encryption (void **state)
{
    (void) state;
    gsize length;
    g_autofree char *bytes = report (&length);
    enum err err;
    json_auto_t *plain = extracted (bytes, length, "pdf", &err);
    assert_string_equal (text_of (plain, "Encrypted"), "false");
    replace (bytes, length, "/Author(Ada Lovelace)", "/Author(See /Encrypt)");
    json_auto_t *mention = extracted (bytes, length, "pdf", &err);
    assert_int_equal (err, ERR_OK);
    assert_string_equal (text_of (mention, "Encrypted"), "false");
    assert_string_equal (text_of (mention, "Artist"), "See /Encrypt");
}

/* Only its own work counts: a machine that is busy cuts no text. */
static void test_deadline (void **state)
{
    (void) state;
    struct input *in = input_of ("12345678", 8, "pdf");
    g_autoptr (GInputStream) stream = pdf_stream_new (in);
    char bytes[4];
    pdf_stream_set_deadline (stream, pdf_stream_now_us () + 20000);
    g_usleep (60000);
    assert_int_equal (g_input_stream_read (stream, bytes, 4, NULL, NULL), 4);
    assert_false (pdf_stream_is_over (stream));
    pdf_stream_set_deadline (stream, pdf_stream_now_us () - 1);
    assert_int_equal (g_input_stream_read (stream, bytes, 4, NULL, NULL), 0);
    assert_true (pdf_stream_is_over (stream));
    input_done (in);
}

static void add_object (GString *pdf, const char *dictionary, const char *stream)
{
    static unsigned number;
    number = strstr (dictionary, "/Catalog") ? 1 : number + 1;
    g_string_append_printf (pdf, "%u 0 obj<<%s", number, dictionary);
    if (stream)
        g_string_append_printf (pdf, "/Length %zu>>stream\n%s\nendstream endobj\n", strlen (stream),
                                stream);
    else
        g_string_append (pdf, ">>endobj\n");
}

/* Three pages; the second draws a form that draws a form ... ten times each. */
static GString *slow_document (void)
{
    enum { FIRST_FORM = 9, FORMS = 9 };
    GString *pdf = g_string_new ("%PDF-1.4\n");
    add_object (pdf, "/Type/Catalog/Pages 2 0 R", NULL);
    add_object (pdf, "/Type/Pages/Kids[3 0 R 4 0 R 5 0 R]/Count 3", NULL);
    for (int page = 0; page < 3; page++) {
        g_autofree char *text = g_strdup_printf (
            "/Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents %d 0 R/Resources"
            "<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>/XObject<</X 9 0 R>>>>",
            6 + page);
        add_object (pdf, text, NULL);
    }
    add_object (pdf, "", "BT/F 9 Tf 9 9 Td(First)Tj ET");
    add_object (pdf, "", "/X Do");
    add_object (pdf, "", "BT/F 9 Tf 9 9 Td(Third)Tj ET");
    for (int form = 0; form < FORMS; form++) {
        g_autofree char *text = g_strdup_printf ("/Type/XObject/Subtype/Form/BBox[0 0 99 99]"
                                                 "/Resources<</XObject<</X %d 0 R>>>>",
                                                 FIRST_FORM + form + 1);
        add_object (pdf, text, "/X Do /X Do /X Do /X Do /X Do /X Do /X Do /X Do /X Do /X Do");
    }
    add_object (pdf, "/Type/XObject/Subtype/Form/BBox[0 0 99 99]", "q Q");
    g_string_append (pdf, "trailer<</Root 1 0 R/Size 20>>\nstartxref\n0\n%%EOF\n");
    return pdf;
}

/* A page that takes too long ends the text, and somebody is told. */
static void test_slow_page (void **state)
{
    (void) state;
    struct error e;
    GString *pdf = slow_document ();
    struct input *in = input_of (pdf->str, pdf->len, "pdf");
    json_auto_t *meta = json_object ();
    assert_ok (extract (in, meta, &e), &e);
    assert_int_equal (json_integer_value (json_object_get (meta, "PageCount")), 3);
    assert_true (g_str_has_prefix (text_of (meta, "DocumentText"), "First"));
    assert_null (strstr (text_of (meta, "DocumentText"), "Third"));
    assert_string_equal (in->remark,
                         "its text ends with page 2 of 3, which takes too long to read");
    input_done (in);
    g_string_free (pdf, TRUE);
}

int main (void)
{
    init_libraries ();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_damaged_tables),
        cmocka_unit_test (test_pages),
        cmocka_unit_test (test_cut),
        cmocka_unit_test (test_encryption),
        cmocka_unit_test (test_deadline),
        cmocka_unit_test (test_slow_page),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
