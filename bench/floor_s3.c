/* The floor of indexing a bucket: signed requests by curl alone, nothing is done with what comes.
 *
 *   floor_s3 ENDPOINT BUCKET get CONCURRENCY < KEYS   the first 64 KiB of each key (a NUL after
 * each) floor_s3 ENDPOINT BUCKET list                     all pages of the listing, one after the
 * other
 *
 * The key is in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Prints objects, seconds, bytes, and ms
 * of CPU time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <curl/curl.h>
#include <glib.h>

#include "base/macros.h"
#include "base/text.h"
#include "store/sign.h"

#define HEAD            "bytes=0-65535"
#define CONCURRENCY_MAX 256
#define REGION          "us-east-1"

struct target {
    const char *endpoint, *bucket;
    struct sign_key key;
    struct sign_cache cache;
};

/* One connection, for one request after the other. */
struct lane {
    CURL *curl;
    struct curl_slist *headers;
    GString *body; /* NULL: bytes are counted only */
    uint64_t *bytes;
};

static void die (const char *why)
{
    fprintf (stderr, "floor_s3: %s\n", why);
    exit (1);
}

static size_t take (char *data, size_t size, size_t n, void *arg)
{
    struct lane *lane = arg;
    *lane->bytes += size * n;
    if (lane->body)
        g_string_append_len (lane->body, data, (gssize) (size * n));
    return size * n;
}

static void add_header (void *arg, const char *name, const char *value)
{
    struct lane *lane = arg;
    g_autofree char *line = g_strconcat (name, ": ", value, NULL);
    lane->headers = curl_slist_append (lane->headers, line);
}

static void lane_open (struct lane *lane, uint64_t *bytes)
{
    lane->curl = curl_easy_init ();
    if (!lane->curl)
        die ("no memory");
    lane->bytes = bytes;
    curl_easy_setopt (lane->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt (lane->curl, CURLOPT_WRITEDATA, lane);
    curl_easy_setopt (lane->curl, CURLOPT_PRIVATE, lane);
    curl_easy_setopt (lane->curl, CURLOPT_PROXY, "");
    curl_easy_setopt (lane->curl, CURLOPT_PATH_AS_IS, 1L);
}

static void lane_close (struct lane *lane)
{
    curl_easy_cleanup (lane->curl);
    curl_slist_free_all (lane->headers);
    if (lane->body)
        g_string_free (lane->body, TRUE);
}

/* Makes the lane ready for one GET. */
static void lane_aim (struct lane *lane, struct target *t, const char *key,
                      const struct sign_pair *query, size_t n_query)
{
    const struct sign_pair range = { "range", HEAD };
    const struct sign_request r = {
        .method = "GET",
        .host = strstr (t->endpoint, "://") + strlen ("://"),
        .bucket = t->bucket,
        .key = key,
        .query = query,
        .n_query = n_query,
        .headers = &range,
        .n_headers = key ? 1 : 0,
        .payload = sign_sha256_of_nothing,
        .region = REGION,
        .now_s = g_get_real_time () / G_USEC_PER_SEC,
    };
    curl_slist_free_all (g_steal_pointer (&lane->headers));
    if (key)
        add_header (lane, range.name, range.value);
    sign_headers (SIGN_S3, &r, &t->key, &t->cache, add_header, lane);
    g_autoptr (GString) url = g_string_new (t->endpoint);
    sign_append_target (SIGN_S3, &r, url);
    curl_easy_setopt (lane->curl, CURLOPT_URL, url->str);
    curl_easy_setopt (lane->curl, CURLOPT_HTTPHEADER, lane->headers);
}

static void check_answer (CURL *curl, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo (curl, CURLINFO_RESPONSE_CODE, &status);
    /* 416: an empty object has no first byte. */
    if (code != CURLE_OK || (status != 200 && status != 206 && status != 416)) {
        fprintf (stderr, "floor_s3: status %ld, %s\n", status, curl_easy_strerror (code));
        exit (1);
    }
}

/* ---- get ---- */

static GPtrArray *read_keys (void)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func (free);
    char *key = NULL;
    size_t size = 0;
    while (getdelim (&key, &size, '\0', stdin) > 0)
        g_ptr_array_add (keys, g_steal_pointer (&key));
    free (key);
    return keys;
}

/* Those that have ended take the next key. */
static void reap (CURLM *multi, struct target *t, const GPtrArray *keys, guint *next, guint *done)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read (multi, &left));) {
        struct lane *lane;
        CURL *curl = m->easy_handle;
        check_answer (curl, m->data.result);
        curl_easy_getinfo (curl, CURLINFO_PRIVATE, (char **) &lane);
        curl_multi_remove_handle (multi, curl);
        (*done)++;
        if (*next < keys->len) {
            lane_aim (lane, t, keys->pdata[(*next)++], NULL, 0);
            curl_multi_add_handle (multi, curl);
        }
    }
}

static guint get_all (struct target *t, guint concurrency, uint64_t *bytes)
{
    g_autoptr (GPtrArray) keys = read_keys ();
    g_autofree struct lane *lanes = g_new0 (struct lane, concurrency);
    CURLM *multi = curl_multi_init ();
    guint next = 0, done = 0;
    curl_multi_setopt (multi, CURLMOPT_MAXCONNECTS, (long) concurrency);
    for (; next < concurrency && next < keys->len; next++) {
        lane_open (&lanes[next], bytes);
        lane_aim (&lanes[next], t, keys->pdata[next], NULL, 0);
        curl_multi_add_handle (multi, lanes[next].curl);
    }
    const guint opened = next;
    while (done < keys->len) {
        int running;
        if (curl_multi_perform (multi, &running) != CURLM_OK)
            die ("curl_multi_perform failed");
        reap (multi, t, keys, &next, &done);
        if (done < keys->len)
            curl_multi_poll (multi, NULL, 0, 1000, NULL);
    }
    for (guint i = 0; i < opened; i++)
        lane_close (&lanes[i]);
    curl_multi_cleanup (multi);
    return done;
}

/* ---- list ---- */

/* The text of the first element of that name behind `xml`, or NULL. Keys are URL-encoded, so
 * nothing in them needs another decoding. */
static char *element (const char *xml, const char *name)
{
    g_autofree char *open = g_strconcat ("<", name, ">", NULL);
    const char *begin = strstr (xml, open);
    if (!begin)
        return NULL;
    begin += strlen (open);
    const char *end = strchr (begin, '<');
    return end ? g_strndup (begin, (size_t) (end - begin)) : NULL;
}

static guint count (const char *xml, const char *what)
{
    guint n = 0;
    for (const char *p = xml; (p = strstr (p, what)); p += strlen (what))
        n++;
    return n;
}

static guint list_all (struct target *t, uint64_t *bytes)
{
    struct lane lane = { .body = g_string_new ("") };
    lane_open (&lane, bytes);
    g_autofree char *token = NULL;
    guint n = 0;
    do {
        const struct sign_pair query[] = {
            { "list-type", "2" },
            { "encoding-type", "url" },
            { "max-keys", "1000" },
            { "continuation-token", token },
        };
        g_string_truncate (lane.body, 0);
        lane_aim (&lane, t, NULL, query, token ? 4 : 3);
        check_answer (lane.curl, curl_easy_perform (lane.curl));
        n += count (lane.body->str, "<Contents>");
        g_free (token);
        token = element (lane.body->str, "NextContinuationToken");
    } while (token && *token);
    lane_close (&lane);
    return n;
}

int main (int argc, char **argv)
{
    struct target t = { 0 };
    uint64_t bytes = 0, concurrency = 0;
    const bool is_list = argc == 4 && strcmp (argv[3], "list") == 0;
    const bool is_get = argc == 5 && strcmp (argv[3], "get") == 0 &&
                        text_parse_u64 (argv[4], &concurrency) && concurrency >= 1 &&
                        concurrency <= CONCURRENCY_MAX;
    if ((!is_list && !is_get) || !strstr (argv[1], "://"))
        die ("usage: floor_s3 ENDPOINT BUCKET list | get CONCURRENCY (1 to 256) < KEYS");
    t.endpoint = argv[1];
    t.bucket = argv[2];
    t.key.id = getenv ("AWS_ACCESS_KEY_ID");
    t.key.secret = getenv ("AWS_SECRET_ACCESS_KEY");
    if (!t.key.id || !t.key.secret)
        die ("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
    curl_global_init (CURL_GLOBAL_ALL);
    const gint64 begin = g_get_monotonic_time ();
    const guint n = is_list ? list_all (&t, &bytes) : get_all (&t, (guint) concurrency, &bytes);
    printf ("%u %.6f %llu %.0f\n", n, (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC,
            (unsigned long long) bytes, 1000.0 * (double) clock () / CLOCKS_PER_SEC);
    sign_cache_clear (&t.cache);
    curl_global_cleanup ();
    return 0;
}
