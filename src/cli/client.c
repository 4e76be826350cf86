/* The API client of the sub-commands, on libcurl. It shares no code with the server's check of
 * signatures on purpose: each is a test of the other. */
#include "cli/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "api/call.h"
#include "auth/keys.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/endpoint.h"

#define DEFAULT_DATA "/var/lib/bindery"
#define LOCAL_DATA   "bindery-data" /* where ./quickstart keeps it */
#define ANSWER_MAX   (64u << 20)
#define CONNECT_MS   5000L
#define CALL_MS      60000L
#define API_VERSION  "2020-09-30"
#define CONTENT_TYPE "application/x-www-form-urlencoded"
#define NONCE_BYTES  16
#define PAGE         "100"
#define PAGES_MOST   100000 /* ends a server that never does */

struct client {
    CURL *curl;
    struct endpoint imm, admin;
    char *data, *ca_file;
    struct principal *key;
    char *token;                       /* of a temporary key, else NULL */
    char *code, *message, *request_id; /* of the last refusal, else NULL */
};

/* ---- Finding the server ---- */

static bool has_server (const char *data)
{
    g_autofree char *path = g_build_filename (data, "root-key", NULL);
    g_autofree char *endpoints = g_build_filename (data, "endpoints.json", NULL);
    return g_file_test (path, G_FILE_TEST_EXISTS) || g_file_test (endpoints, G_FILE_TEST_EXISTS);
}

static const char *choose_data (const char *wanted)
{
    if (wanted)
        return wanted;
    return !has_server (DEFAULT_DATA) && has_server (LOCAL_DATA) ? LOCAL_DATA : DEFAULT_DATA;
}

static enum err find_key (struct client *c, struct error *e)
{
    const char *id = g_getenv ("BINDERY_ACCESS_KEY_ID");
    const char *secret = g_getenv ("BINDERY_ACCESS_KEY_SECRET");
    bool is_given = id && *id && secret && *secret;
    g_autofree char *path = g_build_filename (c->data, "root-key", NULL);
    if (!is_given && !g_file_test (path, G_FILE_TEST_EXISTS)) /* keys_open() would make one */
        return FAIL (e, KEY_NOT_FOUND,
                     "there is no access key: set BINDERY_ACCESS_KEY_ID and "
                     "BINDERY_ACCESS_KEY_SECRET, or name the server's data folder with --data "
                     "(looked for %s)",
                     path);
    struct keys *keys;
    enum err r = keys_open (c->data, is_given ? id : NULL, is_given ? secret : NULL, &keys, e);
    if (r != ERR_OK)
        return r;
    r = keys_find (keys, keys_root (keys)->id, &c->key, e);
    keys_close (keys);
    const char *token = g_getenv ("BINDERY_SECURITY_TOKEN");
    if (is_given && token && *token)
        c->token = g_strdup (token);
    return r;
}

enum err client_open (const struct command_server *o, struct client **ret, struct error *e)
{
    _cleanup_client_ struct client *c = g_new0 (struct client, 1);
    c->data = g_strdup (choose_data (o->data));
    c->ca_file = g_strdup (o->ca_file);
    enum err r = endpoint_find (o, c->data, &c->imm, &c->admin, e);
    if (r == ERR_OK)
        r = find_key (c, e);
    if (r != ERR_OK)
        return r;
    c->curl = curl_easy_init ();
    if (!c->curl)
        return FAIL (e, IO, "libcurl cannot start");
    *ret = g_steal_pointer (&c);
    return ERR_OK;
}

static void forget_refusal (struct client *c)
{
    g_clear_pointer (&c->code, g_free);
    g_clear_pointer (&c->message, g_free);
    g_clear_pointer (&c->request_id, g_free);
}

void client_close (struct client *c)
{
    if (!c)
        return;
    if (c->curl)
        curl_easy_cleanup (c->curl);
    forget_refusal (c);
    principal_unref (c->key);
    g_free (c->token);
    endpoint_clear (&c->imm);
    endpoint_clear (&c->admin);
    g_free (c->data);
    g_free (c->ca_file);
    g_free (c);
}

/* ---- Signing ---- */

static char *encode_params (const json_t *params)
{
    GString *out = g_string_new (NULL);
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *) params, name, value)
    {
        g_autofree char *text = json_is_string (value)
                                    ? g_strdup (json_string_value (value))
                                    : json_dumps (value, JSON_COMPACT | JSON_ENCODE_ANY);
        if (out->len)
            g_string_append_c (out, '&');
        text_percent_encode (out, name, strlen (name), "");
        g_string_append_c (out, '=');
        text_percent_encode (out, text, strlen (text), "");
    }
    return g_string_free (out, FALSE);
}

static void make_nonce (char out[2 * NONCE_BYTES + 1])
{
    uint8_t random[NONCE_BYTES];
    if (getrandom (random, sizeof random, 0) != NONCE_BYTES)
        memset (random, 0, sizeof random); /* cannot happen for 16 bytes; refused as replayed */
    text_hex (random, sizeof random, out);
}

static void make_date (char *buf, size_t size)
{
    g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
    g_autofree char *text = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
    g_strlcpy (buf, text, size);
}

struct signed_headers {
    struct curl_slist *list;
    GString *canonical, *names;
};

/* To be called in the order of names. */
static void append_header (struct signed_headers *h, const char *name, const char *value)
{
    g_autofree char *line = g_strdup_printf ("%s: %s", name, value);
    h->list = curl_slist_append (h->list, line);
    g_string_append_printf (h->canonical, "%s:%s\n", name, value);
    g_string_append_printf (h->names, "%s%s", h->names->len ? ";" : "", name);
}

/* The headers of a call, signed (spec 1.3). */
static struct curl_slist *sign (const struct client *c, const char *url, const char *action,
                                const char *body)
{
    char nonce[2 * NONCE_BYTES + 1], date[32];
    make_nonce (nonce);
    make_date (date, sizeof date);
    g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, body, -1);
    g_autoptr (GString) canonical = g_string_new ("POST\n/\n\n");
    g_autoptr (GString) names = g_string_new (NULL);
    struct signed_headers h = { NULL, canonical, names };
    append_header (&h, "content-type", CONTENT_TYPE);
    append_header (&h, "host", strstr (url, "://") + 3);
    append_header (&h, "x-acs-action", action);
    append_header (&h, "x-acs-content-sha256", hash);
    append_header (&h, "x-acs-date", date);
    if (c->token)
        append_header (&h, "x-acs-security-token", c->token);
    append_header (&h, "x-acs-signature-nonce", nonce);
    append_header (&h, "x-acs-version", API_VERSION);
    g_string_append_printf (canonical, "\n%s\n%s", names->str, hash);
    g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, canonical->str, -1);
    g_autofree char *to_sign = g_strconcat ("ACS3-HMAC-SHA256\n", digest, NULL);
    g_autofree char *signature = g_compute_hmac_for_string (
        G_CHECKSUM_SHA256, (const guchar *) c->key->secret, strlen (c->key->secret), to_sign, -1);
    g_autofree char *authorization = g_strdup_printf (
        "Authorization: ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s", c->key->id,
        names->str, signature);
    h.list = curl_slist_append (h.list, authorization);
    h.list = curl_slist_append (h.list, "Expect:"); /* no round trip before the body */
    return curl_slist_append (h.list, "Accept: application/json");
}

/* ---- Calling ---- */

static size_t collect (char *data, size_t size, size_t n, void *arg)
{
    GString *answer = arg;
    if (answer->len + size * n > ANSWER_MAX)
        return 0;
    g_string_append_len (answer, data, (gssize) (size * n));
    return size * n;
}

static CURLcode perform (struct client *c, const struct endpoint *p, const char *action,
                         const char *body, GString *answer, char detail[CURL_ERROR_SIZE])
{
    struct curl_slist *headers = sign (c, p->url, action, body);
    curl_easy_reset (c->curl); /* keeps the connection */
    endpoint_set_options (p, c->ca_file, c->curl);
    curl_easy_setopt (c->curl, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt (c->curl, CURLOPT_PROXY, ""); /* the server is near */
    curl_easy_setopt (c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (c->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt (c->curl, CURLOPT_TIMEOUT_MS, CALL_MS);
    curl_easy_setopt (c->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt (c->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt (c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) strlen (body));
    curl_easy_setopt (c->curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt (c->curl, CURLOPT_WRITEDATA, answer);
    CURLcode code = curl_easy_perform (c->curl);
    curl_slist_free_all (headers);
    curl_easy_setopt (c->curl, CURLOPT_ERRORBUFFER, NULL);
    return code;
}

/* What to do about it, too. */
static enum err explain (const struct endpoint *p, CURLcode code, const char *detail,
                         struct error *e)
{
    switch ((int) code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return FAIL (e, UNAVAILABLE,
                     "the certificate of %s is not trusted (%s); name the file of its authority "
                     "with --ca-file, or the server's data folder with --data",
                     p->url, detail);
    case CURLE_SSL_CACERT_BADFILE:
        return FAIL (e, UNAVAILABLE, "the file of --ca-file cannot be used: %s", detail);
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return FAIL (e, UNAVAILABLE,
                     "what answers at %s has not the key of the server that runs on the data "
                     "folder",
                     p->url);
    default:
        return FAIL (
            e, UNAVAILABLE,
            "cannot reach the server at %s: %s; is it running? Start it with `bindery serve ...`",
            p->url, *detail ? detail : curl_easy_strerror (code));
    }
}

static enum err transfer (struct client *c, struct endpoint *p, const char *action,
                          const char *body, GString *answer, long *ret_status, struct error *e)
{
    char detail[CURL_ERROR_SIZE] = "";
    CURLcode code = perform (c, p, action, body, answer, detail);
    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH && endpoint_renew (p, c->data))
        code = perform (c, p, action, body, answer, detail);
    if (code != CURLE_OK)
        return explain (p, code, detail, e);
    curl_easy_getinfo (c->curl, CURLINFO_RESPONSE_CODE, ret_status);
    return ERR_OK;
}

static char *dup_member (const json_t *doc, const char *name)
{
    const char *text = json_string_value (json_object_get (doc, name));
    return g_strdup (text ? text : "");
}

static enum err read_answer (struct client *c, const char *url, long status, const GString *text,
                             json_t **ret, struct error *e)
{
    json_error_t error;
    json_auto_t *doc = json_loadb (text->str, text->len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object (doc))
        return FAIL (e, UNAVAILABLE,
                     "%s answered %ld, but no JSON object: is that the server's IMM API?", url,
                     status);
    if (status >= 400) {
        c->code = dup_member (doc, "Code");
        c->message = dup_member (doc, "Message");
        c->request_id = dup_member (doc, "RequestId");
        return FAIL (e, CONFLICT, "%s: %s", c->code, c->message);
    }
    *ret = g_steal_pointer (&doc);
    return ERR_OK;
}

static enum err choose_endpoint (struct client *c, const char *action, struct endpoint **ret,
                                 struct error *e)
{
    const struct action *known = action_find (action);
    bool is_admin = known && known->face == CALL_ADMIN;
    if (is_admin && !c->admin.url)
        return FAIL (e, UNAVAILABLE,
                     "%s is an administration action: name that endpoint with --admin-endpoint, or "
                     "the server's data folder with --data",
                     action);
    *ret = is_admin ? &c->admin : &c->imm;
    return ERR_OK;
}

enum err client_action (struct client *c, const char *action, const json_t *params, json_t **ret,
                        struct error *e)
{
    forget_refusal (c);
    struct endpoint *p = NULL;
    enum err r = choose_endpoint (c, action, &p, e);
    if (r != ERR_OK)
        return r;
    g_autofree char *body = encode_params (params);
    g_autoptr (GString) answer = g_string_new (NULL);
    long status = 0;
    r = transfer (c, p, action, body, answer, &status, e);
    return r == ERR_OK ? read_answer (c, p->url, status, answer, ret, e) : r;
}

enum err client_list (struct client *c, const char *action, const json_t *params, const char *name,
                      json_t **ret, struct error *e)
{
    json_auto_t *all = json_array ();
    json_auto_t *page = json_copy ((json_t *) params);
    json_object_set_new (page, "MaxResults", json_string (PAGE));
    for (unsigned i = 0; i < PAGES_MOST; i++) {
        json_auto_t *answer = NULL;
        enum err r = client_action (c, action, page, &answer, e);
        if (r != ERR_OK)
            return r;
        json_array_extend (all, json_object_get (answer, name));
        json_t *token = json_object_get (answer, "NextToken");
        if (!json_string_length (token))
            break;
        json_object_set (page, "NextToken", token);
    }
    *ret = g_steal_pointer (&all);
    return ERR_OK;
}

const char *client_endpoint (const struct client *c)
{
    return c->imm.url;
}

const char *client_refusal (const struct client *c)
{
    return c->code ? c->code : "";
}

int client_complain (const struct client *c, const struct error *e)
{
    if (c && c->code)
        fprintf (stderr, "bindery: %s: %s\nRequestId: %s\n", c->code, c->message, c->request_id);
    else
        fprintf (stderr, "bindery: %s\n", e->message);
    return EXIT_ERROR;
}

const char *client_text (const json_t *object, const char *name)
{
    const char *text = json_string_value (json_object_get (object, name));
    return text ? text : "";
}

char *client_time (const json_t *object, const char *name)
{
    return g_strndup (client_text (object, name), strlen ("2026-01-31T12:00:00"));
}

void client_print_json (const json_t *doc)
{
    json_dumpf (doc, stdout, JSON_INDENT (2) | JSON_PRESERVE_ORDER);
    putchar ('\n');
}
