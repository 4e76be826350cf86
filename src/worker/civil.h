/* Times as files write them, made times of the answer. */
#pragma once

#include <stdbool.h>
#include <glib.h>

/* Appends "2020-08-19T17:11:11.25+08:00" for "2020:08:19 17:11:11", "2020-08-19T17:11:11.25+08:00"
 * and the like. A date alone is its midnight; seconds may be missing. `fraction` (digits) and
 * `zone` ("+08:00", "Z") are taken where the text has none, and may be NULL; without a zone the
 * time is a local one. False, and nothing appended, if the text is no time that exists. */
bool civil_append (GString *out, const char *text, const char *fraction, const char *zone);

/* The zone of a local time from what a GPS receiver said at that moment in UTC: a date as
 * "2020:08:19", a clock as "9/1 11/1 11/1". Appended only if both are a whole number of quarters of
 * an hour apart, give or take CIVIL_GPS_LAG_S, and no more than 14 hours: a receiver that keeps an
 * old position says nothing about now. */
#define CIVIL_GPS_LAG_S 60
void civil_append_zone (GString *out, const char *local, const char *date, const char *clock);

/* Whether civil_append would append. */
bool civil_is_time (const char *text);
