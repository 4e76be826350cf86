#include "test.h"

#include <iconv.h>

#include "worker/charset.h"

static const struct charset *find (const char *name)
{
    return charset_find (name, strlen (name));
}

static void test_names (void **state)
{
    (void) state;
    assert_string_equal (charset_name (find ("UTF-8")), "UTF-8");
    assert_string_equal (charset_name (find ("utf8")), "UTF-8");
    assert_string_equal (charset_name (find ("GB2312")), "GB18030");
    assert_string_equal (charset_name (find ("Latin1")), "ISO-8859-1");
    assert_string_equal (charset_name (find ("cp1252")), "windows-1252");
    assert_null (find ("klingon"));
    assert_null (find (""));
    assert_null (find ("utf8 cp1252"));
    assert_null (find ("a-name-that-is-longer-than-any-name-of-a-charset"));
}

/* Every row has a converter, and it converts. */
static void test_all_convert (void **state)
{
    (void) state;
    static const char *const names[] = {
        "UTF-8",        "UTF-7",       "GB18030",     "Big5",        "Shift_JIS",
        "EUC-JP",       "ISO-2022-JP", "EUC-KR",      "ISO-2022-KR", "windows-1250",
        "windows-1258", "windows-874", "KOI8-R",      "KOI8-U",      "IBM866",
        "IBM437",       "IBM850",      "IBM852",      "macintosh",   "x-mac-cyrillic",
        "ISO-8859-1",   "ISO-8859-10", "ISO-8859-14", "ISO-8859-16",
    };
    for (size_t i = 0; i < G_N_ELEMENTS (names); i++) {
        g_autoptr (GString) text = g_string_new (NULL);
        charset_convert (find (names[i]), "abc", 3, 100, text);
        if (strcmp (text->str, "abc") != 0)
            fail_msg ("%s gives %s", names[i], text->str);
    }
}

static void test_convert (void **state)
{
    (void) state;
    g_autoptr (GString) text = g_string_new (NULL);
    charset_convert (find ("Shift_JIS"), "\x93\xfa\x96\x7b\xff!", 6, 100, text);
    assert_string_equal (text->str, "\xe6\x97\xa5\xe6\x9c\xac\xef\xbf\xbd!");
    g_string_truncate (text, 0);
    charset_convert (find ("UTF-16LE"), "a\0b\0c", 5, 100, text);
    assert_string_equal (text->str, "ab\xef\xbf\xbd");
    g_string_truncate (text, 0);
    g_autofree char *many = g_malloc (100000);
    memset (many, 'x', 100000);
    charset_convert (find ("KOI8-R"), many, 100000, 5000, text);
    assert_in_range (text->len, 5000, 10000);
}

/* Prose in the encodings that people still meet, made by the C library. */
static void test_detect (void **state)
{
    (void) state;
    static const struct {
        const char *iconv, *expected, *text;
    } rows[] = {
        { "UTF-8", "UTF-8", "Grüße aus München" },
        { "UTF-8", "US-ASCII", "plain words" },
        { "UTF-16LE", "UTF-16LE", "plain words in wide characters" },
        { "UTF-16BE", "UTF-16BE", "plain words in wide characters" },
        { "CP1251", "windows-1251", "Все люди рождаются свободными и равными в своём достоинстве" },
        { "KOI8-R", "KOI8-R", "Все люди рождаются свободными и равными в своём достоинстве" },
        { "CP866", "IBM866", "Все люди рождаются свободными и равными в своём достоинстве" },
        { "ISO-8859-1", "ISO-8859-1",
          "Der Mond ist aufgegangen, die goldnen Sternlein prägen schön "
          "über Wälder und Flüsse" },
        { "CP1252", "windows-1252",
          "L’été dernier, les élèves étaient à la plage – c’était génial" },
        { "ISO-8859-2", "ISO-8859-2",
          "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw" },
        { "CP1250", "windows-1250",
          "Příliš žluťoučký kůň úpěl ďábelské ódy, všichni lidé se rodí" },
        { "GBK", "GB18030",
          "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待"
          "。" },
        { "BIG5", "Big5",
          "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係的精神相對待"
          "。" },
        { "SHIFT_JIS", "Shift_JIS",
          "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。" },
        { "EUC-JP", "EUC-JP",
          "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。" },
        { "ISO-2022-JP", "ISO-2022-JP", "すべての人間は、生まれながらにして自由であり" },
        { "EUC-KR", "EUC-KR",
          "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다." },
        { "CP1253", "windows-1253",
          "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια" },
        { "CP1255", "windows-1255", "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם" },
        { "CP1256", "windows-1256", "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق" },
        { "CP1254", "windows-1254",
          "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
        size_t length;
        g_autofree char *bytes =
            g_convert (rows[i].text, -1, rows[i].iconv, "UTF-8", NULL, &length, NULL);
        assert_non_null (bytes);
        const struct charset *c = charset_detect ((uint8_t *) bytes, length, false);
        assert_non_null (c);
        if (strcmp (charset_name (c), rows[i].expected) != 0)
            fail_msg ("%s taken for %s", rows[i].expected, charset_name (c));
    }
}

static void test_cut (void **state)
{
    (void) state;
    const struct charset *c = charset_detect ((const uint8_t *) "Gr\xc3\xbc\xc3", 5, true);
    assert_string_equal (charset_name (c), "UTF-8");
    size_t mark;
    assert_string_equal (
        charset_name (charset_of_mark ((const uint8_t *) "\xff\xfe\0\0", 4, &mark)), "UTF-32LE");
    assert_int_equal (mark, 4);
    assert_null (charset_of_mark ((const uint8_t *) "\xff", 1, &mark));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_names),   cmocka_unit_test (test_all_convert),
        cmocka_unit_test (test_convert), cmocka_unit_test (test_detect),
        cmocka_unit_test (test_cut),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
