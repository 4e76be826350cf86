/* The reference page of the limits, made from the constants and options that the server works by.
 */
#pragma once

/* All limits that somebody outside may meet, as Markdown. Caller frees. */
char *limits_markdown (void);
