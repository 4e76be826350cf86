/* Time: wall clock in ns UTC since 1970, monotonic clock in ms, RFC 3339 text both ways. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_TEXT_SIZE 48 /* holds any text that this module writes */

/* Nanoseconds since 1970-01-01T00:00:00Z. */
int64_t clock_now_ns (void);

/* Milliseconds of a clock that never goes back. */
int64_t clock_mono_ms (void);

/* "2021-06-29T14:50:13.011643661+00:00" in a zone `offset_min` minutes east of UTC: RFC3339Nano,
 * without the fraction's trailing zeros (none at all when it is 0). Writes CLOCK_TEXT_SIZE bytes at
 * most. */
void clock_format (int64_t ns, int offset_min, char buf[CLOCK_TEXT_SIZE]);

/* "2021-06-29T14:50:13.011Z", for logs. */
void clock_format_ms (int64_t ns, char buf[CLOCK_TEXT_SIZE]);

/* Parses RFC 3339 with 0 to 9 digits of fraction and Z or an offset (required). Year 1678 to 2261,
 * the range of int64 nanoseconds. False if the text is anything else. `ret_offset_min` may be NULL.
 */
bool clock_parse (const char *text, int64_t *ret_ns, int *ret_offset_min);

/* ns of a civil UTC time; false if a part is out of range (month 1-12, day by month, second 0-60).
 */
bool clock_from_civil (int year, int month, int day, int hour, int minute, int second,
                       int64_t *ret_ns);

/* Parses a zone setting: "UTC", "Z" or "+08:00". Minutes east of UTC. */
bool clock_parse_zone (const char *text, int *ret_offset_min);

/* "Sun, 06 Nov 1994 08:49:37 GMT", as headers of HTTP have it; fractions are left out. */
void clock_format_http (int64_t ns, char buf[CLOCK_TEXT_SIZE]);

/* The same, and nothing else. */
bool clock_parse_http (const char *text, int64_t *ret_ns);

/* "19941106T084937Z", as signatures have it. */
bool clock_parse_stamp (const char *text, int64_t *ret_ns);
