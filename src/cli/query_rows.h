/* Objects of a query as rows of a table. Pure functions but the last. */
#pragma once

#include <jansson.h>
#include <glib.h>

/* The text of a field of an object (a File of the API) for people: sizes with units, times without
 * fraction. A dotted name goes into objects and into EXIF ("EXIF.Model"). "" if it is not there.
 * Caller frees. */
char *query_cell (const json_t *file, const char *field);

/* "ImageWidth,EXIF.Model" to the fields that the API must be asked for: ["ImageWidth", "EXIF"]. */
json_t *query_with_fields (char **columns);

/* "-ProduceTime,Size" to Sort and Order. Both owned by the caller. */
void query_split_sort (const char *text, char **ret_sort, char **ret_order);

/* Prints the objects (array) as a table with these columns. */
void query_print_rows (const json_t *files, char **columns);
