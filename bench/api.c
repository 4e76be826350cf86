/* Calls a second over keep-alive connections, and what a bare server gives for the same bytes.
 *
 *   bench_api load HOST:PORT CONNECTIONS REQUESTS QUERY [PAUSE]   sends REQUESTS calls, signed
 *       before the clock starts, each with a nonce of its own, the next of a connection PAUSE ms
 *       after the answer; prints calls a second and the median latency.
 *       The key is in BINDERY_ACCESS_KEY_ID and BINDERY_ACCESS_KEY_SECRET. QUERY: parameters of the
 *       call, encoded and joined by '&', without those of the signature; or, with a '/' in front,
 *       a target that needs nothing more: all requests are for it.
 *   bench_api peer FILE   answers every request with FILE by libmicrohttpd alone, as it is
 *       configured by itself; prints its port. Ends with its input.
 */
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <glib.h>

#include "base/clock.h"
#include "base/text.h"

#define CONNECTIONS_MAX 1024
#define ANSWER_MAX      (512 * 1024)
#define NETWORK_THREADS 2 /* as the server has for each listener */

static void die (const char *why)
{
    fprintf (stderr, "bench_api: %s\n", why);
    exit (1);
}

/* ---- The requests ---- */

static void append_pair (GString *out, const char *name, const char *value)
{
    g_string_append_printf (out, "%s%s=", out->len ? "&" : "", name);
    text_percent_encode (out, value, strlen (value), "");
}

static int compare_texts (gconstpointer a, gconstpointer b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

/* The signature of RPC v1 over a GET with the parameters `query`. */
static char *signature (const char *query, const char *secret)
{
    g_auto (GStrv) pairs = g_strsplit (query, "&", -1);
    qsort (pairs, g_strv_length (pairs), sizeof *pairs, compare_texts);
    g_autofree char *sorted = g_strjoinv ("&", pairs);
    g_autofree char *key = g_strconcat (secret, "&", NULL);
    g_autoptr (GString) text = g_string_new ("GET&%2F&");
    text_percent_encode (text, sorted, strlen (sorted), "");
    uint8_t digest[20];
    gsize len = sizeof digest;
    g_autoptr (GHmac) mac = g_hmac_new (G_CHECKSUM_SHA1, (const guchar *) key, strlen (key));
    g_hmac_update (mac, (const guchar *) text->str, (gssize) text->len);
    g_hmac_get_digest (mac, digest, &len);
    return g_base64_encode (digest, len);
}

static char *plain_request_new (const char *host, const char *target)
{
    return g_strdup_printf ("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: keep-alive\r\n\r\n", target,
                            host);
}

static char *request_new (const char *host, const char *query, const char *now)
{
    const char *id = g_getenv ("BINDERY_ACCESS_KEY_ID");
    const char *secret = g_getenv ("BINDERY_ACCESS_KEY_SECRET");
    g_autofree char *nonce = g_uuid_string_random ();
    g_autoptr (GString) all = g_string_new (query);
    append_pair (all, "AccessKeyId", id ? id : "");
    append_pair (all, "SignatureMethod", "HMAC-SHA1");
    append_pair (all, "SignatureNonce", nonce);
    append_pair (all, "SignatureVersion", "1.0");
    append_pair (all, "Timestamp", now);
    append_pair (all, "Version", "2020-09-30");
    g_autofree char *signed_text = signature (all->str, secret ? secret : "");
    append_pair (all, "Signature", signed_text);
    return g_strdup_printf ("GET /?%s HTTP/1.1\r\nHost: %s\r\nConnection: keep-alive\r\n\r\n",
                            all->str, host);
}

static GPtrArray *requests_new (const char *host, const char *query, uint64_t n)
{
    char now[CLOCK_TEXT_SIZE];
    clock_format_ms (clock_now_ns (), now);
    g_strlcpy (now + strlen ("1970-01-01T00:00:00"), "Z", 2);
    GPtrArray *list = g_ptr_array_new_full ((guint) n, g_free);
    for (uint64_t i = 0; i < n; i++)
        g_ptr_array_add (list, *query == '/' ? plain_request_new (host, query)
                                             : request_new (host, query, now));
    return list;
}

/* ---- The client ---- */

struct lane {
    int fd;
    int64_t sent_us;
    size_t len;
    char answer[ANSWER_MAX];
};

struct load {
    struct sockaddr_in to;
    GPtrArray *requests;
    guint next, refused;
    GArray *latencies;
    unsigned dialled;
    uint64_t pause_ms;
    int epoll;
};

static void lane_dial (struct load *load, struct lane *lane)
{
    int on = 1;
    lane->fd = socket (AF_INET, SOCK_STREAM, 0);
    if (lane->fd < 0 ||
        connect (lane->fd, (const struct sockaddr *) &load->to, sizeof load->to) < 0)
        die (g_strerror (errno));
    setsockopt (lane->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = lane };
    epoll_ctl (load->epoll, EPOLL_CTL_ADD, lane->fd, &event);
    load->dialled++;
}

static void lane_send (struct load *load, struct lane *lane)
{
    const char *text = load->requests->pdata[load->next++];
    size_t len = strlen (text);
    lane->len = 0;
    lane->sent_us = g_get_monotonic_time ();
    if (send (lane->fd, text, len, MSG_NOSIGNAL) != (ssize_t) len)
        die ("a request could not be sent whole");
}

/* Bytes of the whole answer once its head is there; 0 before. */
static size_t answer_size (const struct lane *lane)
{
    const char *end = strstr (lane->answer, "\r\n\r\n");
    const char *field = strcasestr (lane->answer, "\r\nContent-Length: ");
    uint64_t length = 0;
    if (!end)
        return 0;
    field = field ? field + strlen ("\r\nContent-Length: ") : "";
    g_autofree char *text = g_strndup (field, strspn (field, "0123456789"));
    if (!text_parse_u64 (text, &length) || length > ANSWER_MAX)
        die ("an answer without a usable length");
    return (size_t) (end + 4 - lane->answer) + (size_t) length;
}

/* True when the answer is complete. */
static bool lane_read (struct lane *lane)
{
    ssize_t n = recv (lane->fd, lane->answer + lane->len, sizeof lane->answer - lane->len - 1, 0);
    if (n <= 0)
        die (n ? g_strerror (errno) : "the server closed a connection in the middle");
    lane->len += (size_t) n;
    lane->answer[lane->len] = '\0';
    size_t size = answer_size (lane);
    return size && lane->len >= size;
}

static void lane_done (struct load *load, struct lane *lane)
{
    int64_t us = g_get_monotonic_time () - lane->sent_us;
    g_array_append_val (load->latencies, us);
    if (!g_str_has_prefix (lane->answer, "HTTP/1.1 200 ")) {
        if (!load->refused++)
            fprintf (stderr, "bench_api: %s\n", lane->answer);
    }
    bool is_over = strcasestr (lane->answer, "\r\nConnection: close\r\n");
    if (is_over)
        close (lane->fd);
    if (load->next == load->requests->len)
        return;
    if (is_over)
        lane_dial (load, lane);
    if (load->pause_ms)
        g_usleep (load->pause_ms * 1000);
    lane_send (load, lane);
}

static int compare_us (gconstpointer a, gconstpointer b)
{
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

static int64_t quantile (const GArray *sorted, unsigned percent)
{
    return g_array_index (sorted, int64_t, (sorted->len - 1) * percent / 100);
}

static void load_run (struct load *load, unsigned n_lanes)
{
    g_autofree struct lane *lanes = g_new0 (struct lane, n_lanes);
    load->epoll = epoll_create1 (EPOLL_CLOEXEC);
    for (unsigned i = 0; i < n_lanes; i++)
        lane_dial (load, &lanes[i]);
    int64_t begun_us = g_get_monotonic_time ();
    for (unsigned i = 0; i < n_lanes && load->next < load->requests->len; i++)
        lane_send (load, &lanes[i]);
    while (load->latencies->len < load->requests->len) {
        struct epoll_event events[64];
        int n = epoll_wait (load->epoll, events, G_N_ELEMENTS (events), 30000);
        if (n <= 0)
            die ("no answer within 30 s");
        for (int i = 0; i < n; i++)
            if (lane_read (events[i].data.ptr))
                lane_done (load, events[i].data.ptr);
    }
    double s = (double) (g_get_monotonic_time () - begun_us) / 1e6;
    g_array_sort (load->latencies, compare_us);
    printf ("{\"perSecond\":%.0f,\"medianUs\":%" PRId64 ",\"p99Us\":%" PRId64
            ",\"refused\":%u,\"connections\":%u}\n",
            load->latencies->len / s, quantile (load->latencies, 50),
            quantile (load->latencies, 99), load->refused, load->dialled);
}

static void load_main (int argc, char **argv)
{
    uint64_t port, n_lanes, n, pause_ms = 0;
    const char *colon = strrchr (argv[0], ':');
    if (!colon || !text_parse_u64 (colon + 1, &port) || port > 65535 ||
        !text_parse_u64 (argv[1], &n_lanes) || !n_lanes || n_lanes > CONNECTIONS_MAX ||
        !text_parse_u64 (argv[2], &n) || n < n_lanes || n > G_MAXINT ||
        (argc > 4 && !text_parse_u64 (argv[4], &pause_ms)))
        die ("cannot understand the arguments");
    struct load load = {
        .to = { .sin_family = AF_INET,
                .sin_port = htons ((uint16_t) port),
                .sin_addr.s_addr = htonl (INADDR_LOOPBACK) },
        .requests = requests_new (argv[0], argv[3], n),
        .pause_ms = pause_ms,
        .latencies = g_array_sized_new (FALSE, FALSE, sizeof (int64_t), (guint) n),
    };
    load_run (&load, (unsigned) n_lanes);
    g_ptr_array_unref (load.requests);
    g_array_unref (load.latencies);
}

/* ---- The peer ---- */

struct bytes {
    char *text;
    gsize len;
};

static enum MHD_Result reply (void *cls, struct MHD_Connection *c, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_size, void **context)
{
    (void) url, (void) method, (void) version, (void) data, (void) data_size;
    const struct bytes *b = cls;
    if (!*context) {
        *context = cls;
        return MHD_YES;
    }
    struct MHD_Response *r =
        MHD_create_response_from_buffer (b->len, b->text, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header (r, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json; charset=utf-8");
    MHD_add_response_header (r, "x-acs-request-id", "00000000-0000-0000-0000-000000000000");
    enum MHD_Result queued = MHD_queue_response (c, MHD_HTTP_OK, r);
    MHD_destroy_response (r);
    return queued;
}

static void peer_main (char **argv)
{
    struct bytes b;
    if (!g_file_get_contents (argv[0], &b.text, &b.len, NULL))
        die ("cannot understand the arguments");
    struct MHD_Daemon *d =
        MHD_start_daemon (MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, reply, &b,
                          MHD_OPTION_THREAD_POOL_SIZE, (unsigned) NETWORK_THREADS, MHD_OPTION_END);
    if (!d)
        die ("the peer does not start");
    printf ("%u\n", MHD_get_daemon_info (d, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush (stdout);
    while (getchar () != EOF)
        ;
    MHD_stop_daemon (d);
    g_free (b.text);
}

int main (int argc, char **argv)
{
    if ((argc == 6 || argc == 7) && strcmp (argv[1], "load") == 0)
        load_main (argc - 2, argv + 2);
    else if (argc == 3 && strcmp (argv[1], "peer") == 0)
        peer_main (argv + 2);
    else
        die ("usage: load HOST:PORT CONNECTIONS REQUESTS QUERY [PAUSE], or peer FILE");
    return 0;
}
