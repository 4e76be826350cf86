#include "test.h"

#include <unistd.h>

#include "cli/command.h"

struct sample {
    struct command_server server;
    const char *name;
    GPtrArray *items;
    int64_t count;
    bool is_on;
};

static const struct command_option options[] = {
    { "name", 'n', COMMAND_STRING, offsetof (struct sample, name), "NAME", "BINDERY_UNIT_NAME",
      "" },
    { "item", 0, COMMAND_LIST, offsetof (struct sample, items), "X", NULL, "" },
    { "count", 0, COMMAND_INT, offsetof (struct sample, count), "N", NULL, "" },
    { "is-on", 0, COMMAND_FLAG, offsetof (struct sample, is_on), NULL, NULL, "what it switches" },
    COMMAND_SERVER_OPTIONS,
    { NULL },
};
static const struct command command = { "sample", "a sample", "A [B]", 1, 2, options, "text\n" };

/* Parses words that are split at spaces; what it says on standard error is read into `said`. */
static int parse (const char *line, struct sample *ret, GPtrArray *words, GString *said)
{
    int pipes[2], kept = dup (2), status;
    assert_int_equal (pipe (pipes), 0);
    dup2 (pipes[1], 2);
    g_auto (GStrv) args = g_strsplit (line, " ", -1);
    *ret = (struct sample){ 0 };
    if (!*line)
        g_clear_pointer (&args[0], g_free);
    command_parse (&command, args, ret, words, &status);
    dup2 (kept, 2);
    close (kept);
    close (pipes[1]);
    char buf[512];
    for (ssize_t n; (n = read (pipes[0], buf, sizeof buf)) > 0;)
        g_string_append_len (said, buf, n);
    close (pipes[0]);
    return status;
}

static void expect_complaint (const char *line, const char *part)
{
    struct sample s;
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    g_autoptr (GString) said = g_string_new (NULL);
    assert_int_equal (parse (line, &s, words, said), EXIT_USAGE);
    if (!strstr (said->str, part))
        fail_msg ("'%s' does not say '%s'", said->str, part);
    command_clear (&command, &s);
}

static void test_all_forms (void **state)
{
    (void) state;
    char *args[] = { "--name=x=y", "one",     "--item", "a",  "--item=-b", "--is-on",
                     "--json",     "--count", "7",      "--", "--name",    NULL };
    struct sample s = { 0 };
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    int status;
    assert_true (command_parse (&command, args, &s, words, &status));
    assert_string_equal (s.name, "x=y");
    assert_int_equal (s.items->len, 2);
    assert_string_equal (s.items->pdata[1], "-b");
    assert_true (s.is_on && s.server.json);
    assert_int_equal (s.count, 7);
    assert_string_equal (words->pdata[0], "one");
    assert_string_equal (words->pdata[1], "--name"); /* after "--" all are words */
    assert_null (words->pdata[2]);
    command_clear (&command, &s);
}

static void test_values_may_begin_with_a_dash (void **state)
{
    (void) state;
    char *args[] = { "word", "-n", "-Size,Filename", NULL };
    struct sample s = { 0 };
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    int status;
    assert_true (command_parse (&command, args, &s, words, &status));
    assert_string_equal (s.name, "-Size,Filename");
}

static void test_option_beats_variable (void **state)
{
    (void) state;
    g_setenv ("BINDERY_UNIT_NAME", "variable", TRUE);
    char *without[] = { "word", NULL }, *with[] = { "word", "--name", "option", NULL };
    struct sample a = { 0 }, b = { 0 };
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    g_autoptr (GPtrArray) more_words = g_ptr_array_new ();
    int status;
    assert_true (command_parse (&command, without, &a, words, &status));
    assert_true (command_parse (&command, with, &b, more_words, &status));
    g_unsetenv ("BINDERY_UNIT_NAME");
    assert_string_equal (a.name, "variable");
    assert_string_equal (b.name, "option");
}

static void test_complaints (void **state)
{
    (void) state;
    expect_complaint ("", "expected A [B]");
    expect_complaint ("a b c", "unexpected word 'c'");
    expect_complaint ("a --nmae x", "did you mean --name?");
    expect_complaint ("a --zzzzzzzz", "unknown option --zzzzzzzz\n");
    expect_complaint ("a -x", "unknown option -x");
    expect_complaint ("a --name", "--name needs a value (NAME)");
    expect_complaint ("a --name x --name y", "given twice");
    expect_complaint ("a --is-on=yes", "takes no value");
    expect_complaint ("a --count -1", "expected a whole number");
    expect_complaint ("a --count 1x", "expected a whole number");
}

static void test_help_has_every_option (void **state)
{
    (void) state;
    g_autofree char *help = command_help (&command);
    for (const struct command_option *o = options; o->name; o++) {
        g_autofree char *flag = g_strdup_printf ("--%s", o->name);
        assert_non_null (strstr (help, flag));
    }
    assert_non_null (strstr (help, "Usage: bindery sample A [B] [options]"));
    assert_non_null (strstr (help, "[$BINDERY_UNIT_NAME]"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_all_forms),
        cmocka_unit_test (test_values_may_begin_with_a_dash),
        cmocka_unit_test (test_option_beats_variable),
        cmocka_unit_test (test_complaints),
        cmocka_unit_test (test_help_has_every_option),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
