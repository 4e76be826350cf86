/* A request as text, for targets that take one: method and target on the first line; then headers
 * as name:value; an empty line; the body. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <string.h>

struct request {
    char *method, *uri, *body;
    GHashTable *headers;
};

static inline GHashTable *request_parse_headers (char **lines)
{
    GHashTable *headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    for (char **line = lines; *line; line++) {
        char *colon = strchr (*line, ':');
        if (colon)
            g_hash_table_replace (headers, g_strndup (*line, (gsize) (colon - *line)),
                                  g_strdup (colon + 1));
    }
    return headers;
}

static inline bool request_parse (const uint8_t *data, size_t size, struct request *ret)
{
    g_autofree char *text = g_strndup ((const char *) data, size);
    g_auto (GStrv) parts = g_strsplit (text, "\n\n", 2);
    g_auto (GStrv) lines = g_strsplit (parts[0] ? parts[0] : "", "\n", -1);
    g_auto (GStrv) words = g_strsplit (lines[0] ? lines[0] : "", " ", 2);
    if (!words[0] || !words[1])
        return false;
    *ret =
        (struct request){ g_strdup (words[0]), g_strdup (words[1]),
                          g_strdup (parts[1] ? parts[1] : ""), request_parse_headers (lines + 1) };
    return true;
}

static inline void request_clear (struct request *r)
{
    g_free (r->method);
    g_free (r->uri);
    g_free (r->body);
    g_hash_table_unref (r->headers);
}
