/* Lines of the log: whatever a stranger sends stays in its line, and does nothing to a terminal. */
#include "test.h"

#include <glib.h>
#include <jansson.h>
#include <unistd.h>

#include "base/log.h"
#include "base/macros.h"

#define HOSTILE                                                                                    \
    "a\nb\x1b[2J\x7f\xc2\x85\xc2\x9b"                                                              \
    "2J\xe2\x80\xa8\xe2\x80\xae\xf3\xa0\x80\x81\"\\\xff\xc3\xa9"

/* What is written with that field. */
static void write_line (enum log_format format, char *ret, size_t size)
{
    char path[] = "/tmp/bindery-log-XXXXXX";
    int file = mkstemp (path), before = dup (STDERR_FILENO);
    assert_true (file >= 0 && before >= 0);
    unlink (path);
    assert_true (dup2 (file, STDERR_FILENO) >= 0);
    log_init (LOG_INFO, format);
    LOG (LOG_INFO, "http", "request", LOG_STR ("key", HOSTILE));
    assert_true (dup2 (before, STDERR_FILENO) >= 0);
    close (before);
    ssize_t n = pread (file, ret, size - 1, 0);
    close (file);
    assert_true (n > 0);
    ret[n] = '\0';
}

static void hidden_characters_are_escaped (void **state UNUSED)
{
    char line[512];
    write_line (LOG_TEXT, line, sizeof line);
    assert_non_null (strstr (line, " http: request key=\"a\\u000ab\\u001b[2J\\u007f\\u0085\\u009b2J"
                                   "\\u2028\\u202e\\udb40\\udc01\\\"\\\\\xef\xbf\xbd\xc3\xa9\"\n"));
    assert_ptr_equal (strchr (line, '\n'), line + strlen (line) - 1);
}

static void a_line_of_json_says_what_was_sent (void **state UNUSED)
{
    char line[512];
    write_line (LOG_JSON, line, sizeof line);
    json_auto_t *json = json_loads (line, 0, NULL);
    assert_non_null (json);
    g_autofree char *sent = g_utf8_make_valid (HOSTILE, -1);
    assert_string_equal (json_string_value (json_object_get (json, "key")), sent);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (hidden_characters_are_escaped),
        cmocka_unit_test (a_line_of_json_says_what_was_sent),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
