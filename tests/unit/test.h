/* What every unit test includes: cmocka with the headers it wants. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"

/* Fails with the error's own message. */
#define assert_ok(call, e)                                                                         \
    do {                                                                                           \
        enum err assert_ok_code = (call);                                                          \
        if (assert_ok_code != ERR_OK)                                                              \
            fail_msg ("%s: %s", error_name (assert_ok_code), (e)->message);                        \
    } while (0)
#define assert_err(name, call) assert_string_equal (#name, error_name (call))
