/* Clocks and RFC 3339. No locale, no zone database: a zone is a fixed offset. */
#include "base/clock.h"

#include <string.h>
#include <time.h>
#include <glib.h>

#define NS_PER_S 1000000000ll

int64_t clock_now_ns (void)
{
    struct timespec t;
    clock_gettime (CLOCK_REALTIME, &t);
    return (int64_t) t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t clock_mono_ms (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void split (int64_t ns, int64_t *ret_s, int64_t *ret_fraction)
{
    int64_t s = ns / NS_PER_S, fraction = ns % NS_PER_S;
    if (fraction < 0) {
        fraction += NS_PER_S;
        s--;
    }
    *ret_s = s;
    *ret_fraction = fraction;
}

/* A separator and that many digits; every row of an index has several times. */
static char *put (char *out, char separator, int value, int digits)
{
    *out++ = separator;
    for (int i = digits; i-- > 0; value /= 10)
        out[i] = (char) ('0' + value % 10);
    return out + digits;
}

static char *put_seconds (char *out, int64_t seconds)
{
    time_t t = (time_t) seconds;
    struct tm tm;
    gmtime_r (&t, &tm); /* nanoseconds of 64 bits reach from 1677 to 2262 */
    out = put (out, (char) ('0' + (tm.tm_year + 1900) / 1000), (tm.tm_year + 1900) % 1000, 3);
    out = put (out, '-', tm.tm_mon + 1, 2);
    out = put (out, '-', tm.tm_mday, 2);
    out = put (out, 'T', tm.tm_hour, 2);
    out = put (out, ':', tm.tm_min, 2);
    return put (out, ':', tm.tm_sec, 2);
}

void clock_format (int64_t ns, int offset_min, char buf[CLOCK_TEXT_SIZE])
{
    int64_t seconds, fraction;
    split (ns, &seconds, &fraction);
    char *end = put_seconds (buf, seconds + (int64_t) offset_min * 60);
    if (fraction) {
        end = put (end, '.', (int) fraction, 9);
        while (end[-1] == '0')
            end--;
    }
    int east = offset_min < 0 ? -offset_min : offset_min;
    end = put (end, offset_min < 0 ? '-' : '+', east / 60, 2);
    *put (end, ':', east % 60, 2) = '\0';
}

void clock_format_ms (int64_t ns, char buf[CLOCK_TEXT_SIZE])
{
    int64_t seconds, fraction;
    split (ns, &seconds, &fraction);
    char *end = put (put_seconds (buf, seconds), '.', (int) (fraction / 1000000), 3);
    *end++ = 'Z';
    *end = '\0';
}

/* Reads exactly `digits` decimal digits. */
static bool take_digits (const char **p, int digits, int *ret)
{
    int v = 0;
    for (int i = 0; i < digits; i++) {
        if (!g_ascii_isdigit ((*p)[i]))
            return false;
        v = v * 10 + ((*p)[i] - '0');
    }
    *p += digits;
    *ret = v;
    return true;
}

static bool take_char (const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

static bool take_offset (const char **p, int *ret_min)
{
    if (**p == 'Z' || **p == 'z') {
        (*p)++;
        *ret_min = 0;
        return true;
    }
    int sign = **p == '-' ? -1 : 1, h, m;
    if (**p != '+' && **p != '-')
        return false;
    (*p)++;
    if (!take_digits (p, 2, &h) || !take_char (p, ':') || !take_digits (p, 2, &m) || h > 23 ||
        m > 59)
        return false;
    *ret_min = sign * (h * 60 + m);
    return true;
}

static bool take_fraction (const char **p, int *ret_ns)
{
    *ret_ns = 0;
    if (**p != '.')
        return true;
    (*p)++;
    int digits = 0, v = 0;
    for (; g_ascii_isdigit (**p); (*p)++, digits++) {
        if (digits == 9)
            return false;
        v = v * 10 + (**p - '0');
    }
    if (!digits)
        return false;
    for (; digits < 9; digits++)
        v *= 10;
    *ret_ns = v;
    return true;
}

bool clock_from_civil (int year, int month, int day, int hour, int minute, int second,
                       int64_t *ret_ns)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 60)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > days[month - 1] + (month == 2 && leap))
        return false;
    struct tm tm = { .tm_year = year - 1900,
                     .tm_mon = month - 1,
                     .tm_mday = day,
                     .tm_hour = hour,
                     .tm_min = minute,
                     .tm_sec = second };
    *ret_ns = (int64_t) timegm (&tm) * NS_PER_S;
    return true;
}

bool clock_parse (const char *text, int64_t *ret_ns, int *ret_offset_min)
{
    const char *p = text;
    int year, month, day, hour, minute, second, fraction, offset;
    int64_t ns;
    if (!take_digits (&p, 4, &year) || !take_char (&p, '-') || !take_digits (&p, 2, &month) ||
        !take_char (&p, '-') || !take_digits (&p, 2, &day) || (*p != 'T' && *p != 't' && *p != ' '))
        return false;
    p++;
    if (!take_digits (&p, 2, &hour) || !take_char (&p, ':') || !take_digits (&p, 2, &minute) ||
        !take_char (&p, ':') || !take_digits (&p, 2, &second) || !take_fraction (&p, &fraction) ||
        !take_offset (&p, &offset) || *p)
        return false;
    if (!clock_from_civil (year, month, day, hour, minute, second, &ns))
        return false;
    *ret_ns = ns + fraction - (int64_t) offset * 60 * NS_PER_S;
    if (ret_offset_min)
        *ret_offset_min = offset;
    return true;
}

bool clock_parse_zone (const char *text, int *ret_offset_min)
{
    if (strcmp (text, "UTC") == 0) {
        *ret_offset_min = 0;
        return true;
    }
    const char *p = text;
    int offset;
    if (!take_offset (&p, &offset) || *p)
        return false;
    *ret_offset_min = offset;
    return true;
}

static const char days_of_week[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

void clock_format_http (int64_t ns, char buf[CLOCK_TEXT_SIZE])
{
    int64_t seconds, fraction;
    split (ns, &seconds, &fraction);
    time_t t = (time_t) seconds;
    struct tm tm;
    gmtime_r (&t, &tm);
    g_snprintf (buf, CLOCK_TEXT_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                days_of_week[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
                tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* One of `n` words of three letters: its number from 1 on. */
static bool take_word (const char **p, const char (*words)[4], int n, int *ret)
{
    for (int i = 0; i < n; i++)
        if (strncmp (*p, words[i], 3) == 0) {
            *p += 3;
            *ret = i + 1;
            return true;
        }
    return false;
}

static bool take_text (const char **p, const char *text)
{
    if (!g_str_has_prefix (*p, text))
        return false;
    *p += strlen (text);
    return true;
}

bool clock_parse_http (const char *text, int64_t *ret_ns)
{
    const char *p = text;
    int week_day, year, month, day, hour, minute, second;
    return take_word (&p, days_of_week, 7, &week_day) && take_text (&p, ", ") &&
           take_digits (&p, 2, &day) && take_char (&p, ' ') && take_word (&p, months, 12, &month) &&
           take_char (&p, ' ') && take_digits (&p, 4, &year) && take_char (&p, ' ') &&
           take_digits (&p, 2, &hour) && take_char (&p, ':') && take_digits (&p, 2, &minute) &&
           take_char (&p, ':') && take_digits (&p, 2, &second) && take_text (&p, " GMT") && !*p &&
           clock_from_civil (year, month, day, hour, minute, second, ret_ns);
}

bool clock_parse_stamp (const char *text, int64_t *ret_ns)
{
    const char *p = text;
    int year, month, day, hour, minute, second;
    return take_digits (&p, 4, &year) && take_digits (&p, 2, &month) && take_digits (&p, 2, &day) &&
           take_char (&p, 'T') && take_digits (&p, 2, &hour) && take_digits (&p, 2, &minute) &&
           take_digits (&p, 2, &second) && take_char (&p, 'Z') && !*p &&
           clock_from_civil (year, month, day, hour, minute, second, ret_ns);
}
