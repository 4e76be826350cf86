/* Phrases: what counts as a word, and what as right after it. */
#include "test.h"

#include <glib.h>

#include "index/phrase.h"

static bool match (const char *text, const char *phrase)
{
    struct phrase *p = phrase_new (phrase, strlen (phrase));
    bool r = phrase_matches (p, text, strlen (text));
    phrase_free (p);
    return r;
}

static void finds_words (void **state)
{
    (void) state;
    assert_true (match ("a quick brown fox", "quick brown"));
    assert_true (match ("a quick brown fox", "A QUICK"));
    assert_true (match ("a quick brown fox", "fox"));
    assert_true (match ("a quick brown fox", "a quick brown fox"));
    assert_false (match ("a quick brown fox", "quick fox"));
    assert_false (match ("a quick brown fox", "brown quick"));
    assert_false (match ("a quick brown fox", "fox jumps"));
}

static void finds_whole_words_only (void **state)
{
    (void) state;
    assert_false (match ("foxes", "fox"));
    assert_false (match ("a quick brown", "row"));
    assert_false (match ("a quick brown", "quick bro"));
    assert_true (match ("fo fox", "fox"));
    assert_true (match ("foxes fox", "fox"));
}

static void parts_names_of_files (void **state)
{
    (void) state;
    assert_true (match ("holiday/2021_06/IMG-1234.JPG", "img 1234"));
    assert_true (match ("holiday/2021_06/IMG1234.JPG", "1234.jpg"));
    assert_true (match ("holiday/2021_06/IMG1234.JPG", "img1234"));
    assert_true (match ("holiday/2021_06/IMG1234.JPG", "2021/06"));
    assert_false (match ("holiday/2021_06/IMG1234.JPG", "img 123"));
}

static void takes_ideographs_one_by_one (void **state)
{
    (void) state;
    assert_true (match ("北京市朝阳区", "朝阳"));
    assert_true (match ("北京市朝阳区", "北京市"));
    assert_false (match ("北京市朝阳区", "北市"));
    assert_true (match ("photo北京.jpg", "photo"));
    assert_true (match ("ラーメン屋", "屋"));
}

static void folds_letters (void **state)
{
    (void) state;
    assert_true (match ("CAF\u00c9 ΣΊΣΥΦΟΣ", "caf\u00e9 σίσυφος"));
    assert_true (match ("cafe\u0301", "CAF\u00c9")); /* decomposed and composed */
    assert_false (match ("cafe", "caf\u00e9"));
    assert_true (match ("\uff21\uff22\uff23", "abc")); /* full-width letters */
    assert_true (match ("\u212aelvin", "kelvin"));     /* the sign of kelvin */
    assert_true (match ("kelvin", "\u212aELVIN"));
}

/* Borders of the phrase must not be lost: "a a b" in "a a a b". */
static void finds_what_overlaps_itself (void **state)
{
    (void) state;
    assert_true (match ("a a a b", "a a b"));
    assert_true (match ("ab ab abab", "abab"));
    assert_true (match ("aa a", "a"));
    assert_true (match ("x a b a b a c", "a b a c"));
    assert_false (match ("a b a b a b", "a b a c"));
}

static void assert_words (const char *text, const char *words)
{
    size_t len;
    g_autofree char *found = phrase_words (text, strlen (text), 1000, &len);
    assert_string_equal (found, words);
    assert_int_equal (len, strlen (words));
}

/* Marks become one with the letter before them wherever a piece of the text ends. */
static void composes_letters (void **state)
{
    (void) state;
    assert_words ("Cafe\u0301 na\u00efve", "caf\u00e9 na\u00efve");
    assert_words ("e\u0301", "\u00e9");
    assert_words ("e\u0301e\u0301e", "\u00e9\u00e9e");
    assert_words ("xxe\u0301\u0302yy", "xx\u00e9\u0302yy");
    assert_words ("\u00e9a \uff21\uff22c", "\u00e9a abc");
    assert_words ("o\ufb03ce 2\u00b2", "office 22");
}

static void takes_anything (void **state)
{
    (void) state;
    assert_false (match ("", "a"));
    assert_false (match ("a", ""));
    assert_false (match ("---", "-"));
    assert_true (match ("\xff\xfe"
                        "fox\xc3",
                        "fox"));
    assert_true (match ("fox \xe5\x8c", "fox"));
    assert_false (match ("\u0301", "\u0301"));
    struct phrase *p = phrase_new ("a\0b", 3);
    assert_true (phrase_matches (p, "a\0b", 3));
    assert_false (phrase_is_empty (p));
    phrase_free (p);
    phrase_free (NULL);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (finds_words),          cmocka_unit_test (finds_whole_words_only),
        cmocka_unit_test (parts_names_of_files), cmocka_unit_test (takes_ideographs_one_by_one),
        cmocka_unit_test (folds_letters),        cmocka_unit_test (finds_what_overlaps_itself),
        cmocka_unit_test (composes_letters),     cmocka_unit_test (takes_anything),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
