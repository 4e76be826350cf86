/* A request as it is sent: signed, and told to curl. */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/client_private.h"

#define MORE_HEADERS 2 /* Range and If-Match */

int64_t fetch_now_s (const struct client *c)
{
    return clock_now_ns () / INT64_C (1000000000) + c->skew_s;
}

const char *fetch_method (const struct fetch *f)
{
    return f->is_asking_why ? "GET" : f->ask.method;
}

bool fetch_is_head (const struct fetch *f)
{
    return g_str_equal (fetch_method (f), "HEAD");
}

static void add_line (void *arg, const char *name, const char *value)
{
    struct fetch *f = arg;
    /* curl takes "Name:" as "do not send it", and "Name;" as an empty value */
    g_autofree char *line = g_strconcat (name, *value ? ": " : ";", value, NULL);
    f->lines = curl_slist_append (f->lines, line);
}

/* The headers that are signed: the caller's, Range and If-Match. `texts` keeps what was made. */
static size_t collect_headers (const struct fetch *f, struct sign_pair *ret,
                               char *texts[MORE_HEADERS])
{
    const struct client_request *ask = &f->ask;
    size_t n = 0;
    for (; n < ask->n_headers; n++)
        ret[n] = ask->headers[n];
    static const struct client_range first_byte = { .length = 1 };
    const struct client_range *range = f->is_asking_why ? &first_byte : &ask->range;
    if (range->length > 0 && !range->is_all) {
        texts[0] = range->is_suffix
                       ? g_strdup_printf ("bytes=-%" G_GUINT64_FORMAT, range->length)
                       : g_strdup_printf ("bytes=%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT,
                                          range->at, range->at + range->length - 1);
        ret[n++] = (struct sign_pair){ "Range", texts[0] };
    }
    if (ask->if_match) {
        texts[1] = g_strdup_printf ("\"%s\"", ask->if_match);
        ret[n++] = (struct sign_pair){ "If-Match", texts[1] };
    }
    return n;
}

static void sign (struct fetch *f, const char *host)
{
    struct client *c = f->client;
    const struct client_request *ask = &f->ask;
    g_autofree struct sign_pair *headers = g_new (struct sign_pair, ask->n_headers + MORE_HEADERS);
    char *texts[MORE_HEADERS] = { NULL };
    const struct sign_request r = {
        .method = fetch_method (f),
        .host = host,
        .bucket = ask->bucket,
        .key = ask->key,
        .is_virtual = c->place.is_virtual && ask->bucket,
        .query = ask->query,
        .n_query = ask->n_query,
        .headers = headers,
        .n_headers = collect_headers (f, headers, texts),
        .payload = f->payload,
        .region = f->region,
        .now_s = fetch_now_s (c),
    };
    bool has_type = false;
    for (size_t i = 0; i < r.n_headers; i++) {
        add_line (f, headers[i].name, headers[i].value);
        has_type |= g_ascii_strcasecmp (headers[i].name, "content-type") == 0;
    }
    if (f->credential && f->credential->id) {
        const struct sign_key key = { f->credential->id, f->credential->secret,
                                      f->credential->token };
        sign_headers (c->place.signing, &r, &key, &c->sign_cache, add_line, f);
    }
    f->lines = curl_slist_append (f->lines, "Expect:");
    if (!has_type)
        f->lines = curl_slist_append (f->lines, "Content-Type:");
    g_autoptr (GString) url = g_string_sized_new (256);
    g_string_append_printf (url, "%s://%s", c->place.scheme, host);
    sign_append_target (c->place.signing, &r, url);
    f->url = g_string_free (g_steal_pointer (&url), FALSE);
    for (size_t i = 0; i < MORE_HEADERS; i++)
        g_free (texts[i]);
}

static void set_method (struct fetch *f)
{
    const struct client_request *ask = &f->ask;
    const char *method = fetch_method (f);
    bool is_get = g_str_equal (method, "GET");
    if (fetch_is_head (f))
        curl_easy_setopt (f->easy, CURLOPT_NOBODY, 1L);
    else if (is_get && ask->body_len == 0)
        curl_easy_setopt (f->easy, CURLOPT_HTTPGET, 1L);
    else if (ask->body_len > 0 || !g_str_equal (method, "DELETE")) {
        curl_easy_setopt (f->easy, CURLOPT_POSTFIELDS, ask->body ? ask->body : "");
        curl_easy_setopt (f->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) ask->body_len);
    }
    if (!is_get && !fetch_is_head (f))
        curl_easy_setopt (f->easy, CURLOPT_CUSTOMREQUEST, method);
}

static void set_connection (struct fetch *f)
{
    const struct place *p = &f->client->place;
    CURL *easy = f->easy;
    curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt (easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt (easy, CURLOPT_PROXY, p->proxy ? p->proxy : "");
    curl_easy_setopt (easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt (easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt (easy, CURLOPT_QUICK_EXIT, 1L); /* or a slow resolver would hold everybody */
    curl_easy_setopt (easy, CURLOPT_BUFFERSIZE, (long) LIMIT_STORE_READ);
    curl_easy_setopt (easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt (easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt (easy, CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L);
    curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT_MS, (long) LIMIT_STORE_CONNECT_MS);
    curl_easy_setopt (easy, CURLOPT_LOW_SPEED_LIMIT, (long) LIMIT_STORE_DRIP_BYTES);
    curl_easy_setopt (easy, CURLOPT_LOW_SPEED_TIME, (long) LIMIT_STORE_DRIP_S);
    if (!g_str_equal (p->scheme, "https"))
        return;
    curl_easy_setopt (easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt (easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt (easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
    if (p->ca_file)
        curl_easy_setopt (easy, CURLOPT_CAINFO, p->ca_file);
}

enum err fetch_prepare (struct fetch *f, struct error *e)
{
    struct client *c = f->client;
    if (c->credentials) {
        enum err r = credentials_get (c->credentials, fetch_now_s (c), &f->credential, e);
        if (r != ERR_OK)
            return r;
    }
    f->region = place_region (&c->place, f->ask.bucket);
    g_autofree char *host = place_host (&c->place, f->ask.bucket, f->region);
    sign (f, host);
    answer_begin (f);
    int64_t left_ms = f->deadline_ms - clock_mono_ms ();
    curl_easy_setopt (f->easy, CURLOPT_URL, f->url);
    curl_easy_setopt (f->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt (f->easy, CURLOPT_HTTPHEADER, f->lines);
    curl_easy_setopt (f->easy, CURLOPT_USERAGENT, "bindery/" BINDERY_VERSION);
    curl_easy_setopt (f->easy, CURLOPT_TIMEOUT_MS, (long) CLAMP (left_ms, 1, LIMIT_STORE_TRY_MS));
    curl_easy_setopt (f->easy, CURLOPT_HEADERFUNCTION, answer_on_header);
    curl_easy_setopt (f->easy, CURLOPT_HEADERDATA, f);
    curl_easy_setopt (f->easy, CURLOPT_WRITEFUNCTION, answer_on_body);
    curl_easy_setopt (f->easy, CURLOPT_WRITEDATA, f);
    curl_easy_setopt (f->easy, CURLOPT_ERRORBUFFER, f->why);
    curl_easy_setopt (f->easy, CURLOPT_PRIVATE, f);
    set_method (f);
    set_connection (f);
    return ERR_OK;
}

void fetch_clear_try (struct fetch *f)
{
    g_clear_pointer (&f->lines, curl_slist_free_all);
    g_clear_pointer (&f->url, g_free);
    g_clear_pointer (&f->region, g_free);
    g_clear_pointer (&f->credential, credential_unref);
    f->why[0] = '\0';
}
