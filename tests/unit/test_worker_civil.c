#include <glib.h>

#include "test.h"
#include "worker/civil.h"

static void test_zones_of_positions (void **state)
{
    (void) state;
    static const struct {
        const char *local, *date, *clock, *zone;
    } rows[] = {
        { "2020:08:19 17:11:11", "2020:08:19", "9/1 11/1 11/1", "+08:00" },
        { "2020:08:19 17:11:11", "2020:08:19", "9/1 10/1 1190/100", "+08:00" },
        { "2020:01:01 00:30:00", "2019:12:31", "19/1 0/1 0/1", "+05:30" },
        { "2019:12:31 20:00:00", "2020:01:01", "1/1 0/1 0/1", "-05:00" },
        { "2020:08:19 09:11:11", "2020:08:19", "9/1 11/1 11/1", "+00:00" },
        /* an old position; more than a day; no such date; no such clock */
        { "2020:08:19 17:11:11", "2020:08:19", "9/1 5/1 11/1", "" },
        { "2020:08:19 17:11:11", "2020:08:18", "9/1 11/1 11/1", "" },
        { "2020:08:19 17:11:11", "2020:02:30", "9/1 11/1 11/1", "" },
        { "2020:08:19 17:11:11", "", "9/1 11/1 11/1", "" },
        { "2020:08:19 17:11:11", "2020:08:19", "9/1 11/0 11/1", "" },
        { "2020:08:19 17:11:11", "2020:08:19", "9/1 11/1", "" },
        { "2020:08:19 17:11:11", "2020:08:19", "18446744073709551615/1 0/1 0/1", "" },
        { "", "2020:08:19", "9/1 11/1 11/1", "" },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autoptr (GString) zone = g_string_new (NULL);
        civil_append_zone (zone, rows[i].local, rows[i].date, rows[i].clock);
        assert_string_equal (zone->str, rows[i].zone);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test (test_zones_of_positions) };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
