/* Words of mail, and mails that are broken or made to hurt. */
#include "worker_test.h"

#include "base/limits.h"
#include "worker/mime.h"

static void check_words (const char *value, const char *expected)
{
    g_autofree char *got = mime_decode_words (value);
    assert_string_equal (got, expected);
}

static void test_encoded_words (void **state)
{
    (void) state;
    check_words ("plain", "plain");
    check_words ("=?utf-8?Q?caf=C3=A9_noir?=", "café noir");
    check_words ("=?ISO-8859-1?q?caf=E9?= and =?utf-8?b?w6k=?=", "café and é");
    check_words ("=?utf-8?B?5pel?=\t =?utf-8?B?5pys?=", "日本");
    check_words ("=?utf-8?Q?=E6=97?= =?utf-8?Q?=A5?=", "日"); /* a character in two words */
    check_words ("=?koi8-r?B?8NLJ18XU?=", "Привет");
    check_words ("=?iso-2022-jp?B?GyRCOzNFRBsoQg==?=", "山田");
    check_words ("=?gb2312?B?1tDOxA==?=", "中文");
    check_words ("=?windows-1251?Q?=CF=F0=E8*ru?=", "При*ru");
    check_words ("=?utf-8*de?Q?gr=C3=BCn?=", "grün"); /* with a language */
}

static void test_broken_words (void **state)
{
    (void) state;
    check_words ("=?", "=?");
    check_words ("=?utf-8?Q?never closed", "=?utf-8?Q?never closed");
    check_words ("=?utf-8?X?abc?=", "=?utf-8?X?abc?=");
    check_words ("=?utf-8?Q?=ZZ=4?=", "=ZZ=4");
    check_words ("caf\xe9 cr\xe8me br\xfbl\xe9"
                 "e",
                 "café crème brûlée");
    g_autofree char *unknown = mime_decode_words ("=?klingon-1?Q?abc?=");
    assert_true (g_utf8_validate (unknown, -1, NULL));
    assert_non_null (strstr (unknown, "abc"));
}

static void check_parameter (const char *value, const char *name, const char *expected)
{
    g_autofree char *got = mime_parameter (value, name);
    if (expected)
        assert_string_equal (got, expected);
    else
        assert_null (got);
}

static void test_parameters (void **state)
{
    (void) state;
    check_parameter ("text/plain; charset=utf-8", "charset", "utf-8");
    check_parameter ("text/plain; CHARSET = \"a;b\" ; x=y", "charset", "a;b");
    check_parameter ("a/b; name=\"q\\\"uote\\\\\"", "name", "q\"uote\\");
    check_parameter ("a/b; filename*=UTF-8''na%C3%AFve%20file.txt", "filename", "naïve file.txt");
    check_parameter ("a/b; filename*=iso-8859-1'en'%A3%20rates", "filename", "£ rates");
    check_parameter ("a/b; filename*0=\"long \"; filename*1=\"name\"; filename*2=\".pdf\"",
                     "filename", "long name.pdf");
    check_parameter ("a/b; filename*0*=utf-8''%e2%82%ac; filename*1*=%20r; filename*2=\"a%41\"",
                     "filename", "€ ra%41");
    check_parameter ("a/b; filename=\"=?utf-8?B?w6k=?=\"", "filename", "é");
    check_parameter ("a/b; filenames=x", "filename", NULL);
    check_parameter ("a/b; =x; ;;", "filename", NULL);
    check_parameter ("a/b; filename=", "filename", "");
    check_parameter ("a/b; filename=\"open", "filename", "open");
    check_parameter ("a/b; filename*=utf-8''%zz%4", "filename", "%zz%4");
}

static void test_dates (void **state)
{
    (void) state;
    static const struct {
        const char *text, *date;
    } rows[] = {
        { "Tue, 1 Jul 2003 10:52:37 +0200 (CEST)", "2003-07-01T10:52:37+02:00" },
        { "1 Jul 03 10:52 GMT", "2003-07-01T10:52:00+00:00" },
        { "Fri, 21 Nov 1997 09:55:06 EST", "1997-11-21T09:55:06-05:00" },
        { "01-Jul-2003 10:52:37 -0000", "2003-07-01T10:52:37+00:00" },
        { "Tue, 1 Jul 2003", NULL },
        { "yesterday", NULL },
        { "1 Foo 2003 10:52:37", NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autofree char *got = mime_date (rows[i].text);
        assert_true (g_strcmp0 (got, rows[i].date) == 0);
    }
}

static void test_bodies (void **state)
{
    (void) state;
    static const struct {
        const char *bytes, *encoding, *expected;
    } rows[] = {
        { "a=20b=\r\nc=\nd=3D", "Quoted-Printable", "a bcd=" },
        { "a=G0=", "quoted-printable", "a=G0" },
        { "aGVs\r\nbG8=\r\n", "BASE64", "hello" },
        { "a!GVs??", "base64", "hel" },
        { "as it is", "8bit", "as it is" },
        { "as it is", NULL, "as it is" },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        GString *got = mime_decode_body (rows[i].bytes, strlen (rows[i].bytes), rows[i].encoding);
        assert_string_equal (got->str, rows[i].expected);
        g_string_free (got, TRUE);
    }
}

#define HEAD "From: a@example.org\nTo: b@example.org\nSubject: s\nMIME-Version: 1.0\n"

static json_t *read_mail (const char *text, size_t length)
{
    enum err err;
    json_t *meta = extracted (text, length, "eml", &err);
    assert_int_equal (err, ERR_OK);
    assert_string_equal (text_of (meta, "ContentType"), "message/rfc822");
    return meta;
}

static void check_mail (const char *text, const char *body, int attached)
{
    json_auto_t *meta = read_mail (text, strlen (text));
    assert_true (g_strcmp0 (text_of (meta, "DocumentText"), body) == 0);
    assert_int_equal (json_integer_value (json_object_get (meta, "EntryCount")), attached);
}

static void test_multiparts (void **state)
{
    (void) state;
    check_mail (HEAD "Content-Type: multipart/mixed; boundary=\"a b\"\n\nprologue\n--a b\n\nfirst\n"
                     "--a b\nContent-Type: multipart/alternative; boundary=in\n\n--in\n\nsecond\n"
                     "--in\nContent-Type: text/html\n\n<p>no</p>\n--in--\n--a b\n"
                     "Content-Type: image/png; name=p.png\n\nx\n--a b--\nepilogue\n",
                "first\nsecond", 1);
    /* HTML where there is nothing else; a message within; text that is attached is none. */
    check_mail (HEAD
                "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html\n\n"
                "<p>yes</p>\n--x\nContent-Disposition: attachment; filename=a.txt\n\nno\n--x--\n",
                "yes", 1);
    check_mail (HEAD "Content-Type: message/rfc822\n\nSubject: inner\n\nwithin\n", "within", 0);
}

static void test_broken_boundaries (void **state)
{
    (void) state;
    check_mail (HEAD "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nnever ends\n",
                "never ends", 0);
    check_mail (HEAD "Content-Type: multipart/mixed\n\nno boundary\n", NULL, 0);
    check_mail (HEAD "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\nempty\n", NULL, 0);
    check_mail (HEAD "Content-Type: multipart/mixed; boundary=x\n\ntext with --x in it\n", NULL, 0);
    check_mail (HEAD "Content-Type: multipart/mixed; boundary=x\n\n--x", NULL, 0);
    check_mail (HEAD, NULL, 0);
    check_mail (HEAD "\n", NULL, 0);
}

/* Far more header, parts and depth than any mail has: what is within the limits is read. */
static void test_large_mails (void **state)
{
    (void) state;
    g_autoptr (GString) mail = g_string_new (HEAD "X-Long: ");
    for (unsigned i = 0; i < 3 * MIB / 8; i++)
        g_string_append (mail, "abcdefg ");
    g_string_append (mail, "\nDate: Tue, 1 Jul 2003 10:52:37 +0200\n\nbehind\n");
    json_auto_t *huge = read_mail (mail->str, mail->len);
    assert_string_equal (text_of (huge, "DocumentText"), "behind");
    assert_string_equal (text_of (huge, "ProduceTime"), "2003-07-01T10:52:37+02:00");

    g_string_assign (mail, HEAD "Content-Type: multipart/mixed; boundary=x\n\n");
    for (unsigned i = 0; i < 2 * LIMIT_MAIL_PARTS; i++)
        g_string_append_printf (mail, "--x\nContent-Type: image/png; name=%u.png\n\nx\n", i);
    json_auto_t *many = read_mail (mail->str, mail->len);
    assert_null (json_object_get (many, "EntryCount"));
    assert_int_equal (json_array_size (json_object_get (many, "EntryNames")), LIMIT_ENTRY_NAMES);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_encoded_words),
        cmocka_unit_test (test_broken_words),
        cmocka_unit_test (test_parameters),
        cmocka_unit_test (test_dates),
        cmocka_unit_test (test_bodies),
        cmocka_unit_test (test_multiparts),
        cmocka_unit_test (test_broken_boundaries),
        cmocka_unit_test (test_large_mails),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
