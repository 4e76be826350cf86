/* The parser of times. Lenient about separators and what follows, strict about the calendar. */
#include "worker/civil.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"

/* `n` digits at *p, which moves behind them; -1 if there are fewer. */
static int take_number (const char **p, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++, (*p)++) {
        if (!g_ascii_isdigit (**p))
            return -1;
        value = value * 10 + (**p - '0');
    }
    return value;
}

/* The same behind one of the separators. */
static int take_part (const char **p, const char *separators)
{
    if (!**p || !strchr (separators, **p))
        return -1;
    ++*p;
    return take_number (p, 2);
}

/* Digits of a fraction, without zeros at the end. */
static void append_fraction (GString *out, const char *text)
{
    size_t n = strspn (text, "0123456789");
    n = MIN (n, 9);
    while (n && text[n - 1] == '0')
        n--;
    if (n)
        g_string_append_printf (out, ".%.*s", (int) n, text);
}

/* "Z", "+08:00", or "+0800" as recorders have it. */
static bool append_zone (GString *out, const char *text)
{
    int minutes;
    char spaced[8] = "";
    if (strlen (text) == 5 && strspn (text + 1, "0123456789") == 4)
        g_snprintf (spaced, sizeof spaced, "%.3s:%s", text, text + 3);
    if (!clock_parse_zone (*spaced ? spaced : text, &minutes))
        return false;
    int east = ABS (minutes);
    g_string_append_printf (out, "%c%02d:%02d", minutes < 0 ? '-' : '+', east / 60, east % 60);
    return true;
}

/* Hour, minute and, if it is there, second; all 0 at the end of the text. */
static bool take_clock (const char **p, int *hour, int *minute, int *second)
{
    *hour = *minute = *second = 0;
    if (!**p)
        return true;
    *hour = take_part (p, " T");
    *minute = *hour < 0 ? -1 : take_part (p, ":.");
    if (*minute >= 0 && (**p == ':' || **p == '.'))
        *second = take_part (p, ":.");
    return *minute >= 0 && *second >= 0 && *second <= 59;
}

bool civil_append (GString *out, const char *text, const char *fraction, const char *zone)
{
    const char *p = text;
    int hour, minute, second;
    int year = take_number (&p, 4);
    int month = year < 0 ? -1 : take_part (&p, ":-/.");
    int day = month < 0 ? -1 : take_part (&p, ":-/.");
    int64_t ns;
    if (day < 0 || !take_clock (&p, &hour, &minute, &second) ||
        !clock_from_civil (year, month, day, hour, minute, second, &ns))
        return false;
    g_string_append_printf (out, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day, hour, minute,
                            second);
    bool has_fraction = *p == '.';
    p += has_fraction;
    append_fraction (out, has_fraction ? p : fraction ? fraction : "");
    p += has_fraction ? strspn (p, "0123456789") : 0;
    if (!append_zone (out, p) && zone)
        append_zone (out, zone);
    return true;
}

bool civil_is_time (const char *text)
{
    g_autoptr (GString) out = g_string_new (NULL);
    return civil_append (out, text, NULL, NULL);
}

/* Seconds of a day in a clock of three rationals; false if that is none. */
static bool parse_clock (const char *text, int64_t *ret)
{
    static const int units[] = { 3600, 60, 1 };
    int64_t sum = 0;
    g_auto (GStrv) parts = g_strsplit_set (text, " /", 7);
    if (g_strv_length (parts) != 6)
        return false;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t over, under;
        if (!text_parse_u64 (parts[2 * i], &over) || !text_parse_u64 (parts[2 * i + 1], &under) ||
            !under || over / under > 60)
            return false;
        sum += (int64_t) (over / under) * units[i];
    }
    *ret = sum;
    return true;
}

/* Seconds since 1970 of a date and a time of the day, without any zone. */
static bool parse_seconds (const char *text, bool has_clock, int64_t *ret)
{
    const char *p = text;
    int hour = 0, minute = 0, second = 0;
    int year = take_number (&p, 4);
    int month = year < 0 ? -1 : take_part (&p, ":-");
    int day = month < 0 ? -1 : take_part (&p, ":-");
    int64_t ns;
    if (day < 0 || (has_clock && !take_clock (&p, &hour, &minute, &second)) ||
        !clock_from_civil (year, month, day, hour, minute, second, &ns))
        return false;
    *ret = ns / 1000000000;
    return true;
}

void civil_append_zone (GString *out, const char *local, const char *date, const char *clock)
{
    enum { QUARTER = 15 * 60, MOST = 14 * 3600 };
    int64_t here, day, utc;
    if (!parse_seconds (local, true, &here) || !parse_seconds (date, false, &day) ||
        !parse_clock (clock, &utc))
        return;
    int64_t ahead = here - day - utc;
    int64_t east = (ahead + (ahead < 0 ? -QUARTER : QUARTER) / 2) / QUARTER * QUARTER;
    if (ABS (ahead - east) > CIVIL_GPS_LAG_S || ABS (east) > MOST)
        return;
    int minutes = (int) (ABS (east) / 60);
    g_string_append_printf (out, "%c%02d:%02d", east < 0 ? '-' : '+', minutes / 60, minutes % 60);
}
