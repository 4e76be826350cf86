/* How far a scan is: reads a Binding of the API, measures the rate, writes lines for people. Pure
 * functions: time comes in from outside. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
    int64_t listed, indexed, unchanged, deleted, failed, pending;
    bool is_scanning;           /* phase FullScanning */
    const char *state, *reason; /* borrowed from the document */
};

/* Reads a Binding; members that are not there count as 0 or "". */
void progress_read (const json_t *binding, struct progress *ret);

/* Files that are done with. */
int64_t progress_done (const struct progress *p);

/* Files a second over the last few seconds. Zeroed at first. */
struct progress_rate {
    int64_t at_ms[16], done[16];
    unsigned n;
};
void progress_rate_add (struct progress_rate *r, int64_t now_ms, int64_t done);
double progress_rate_get (const struct progress_rate *r);

/* "███████▌     62%  12,345 of 19,876 files  1,234/s  0:07 left", at most `columns` wide; `rate` 0
 * if not known. Without `is_utf8` the bar is made of '#'. Caller frees. */
char *progress_bar (const struct progress *p, double rate, unsigned columns, bool is_utf8);

/* The same without a bar, for logs. Caller frees. */
char *progress_line (const struct progress *p, double rate);

/* "0:07", "12:34", "1:02:03", "4 days". Caller frees. */
char *progress_duration (int64_t seconds);
