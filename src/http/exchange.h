/* Inside of http only: one request and its answer, and the connection that they are on.
 *
 * Network threads own an exchange but for the time between calls_take() and its answer, when an API
 * thread has it and the connection is suspended. */
#pragma once

#include <microhttpd.h>
#include <stdatomic.h>

#include "base/net.h"
#include "http/accesslog.h"
#include "http/crowd.h"
#include "http/forwarded.h"
#include "http/intake.h"
#include "http/refusal.h"
#include "http/server.h"
#include "http/tls.h"
#include "http/waiting.h"

struct exchange;

/* How a listener takes requests and what it answers. */
struct manner {
    const char *id_header; /* of every answer: with the request id */
    size_t body_max;       /* bytes */
    /* A head that is well formed; may refuse it (x->refused). NULL: nothing is checked. */
    void (*check) (struct exchange *x);
    /* A request that has been read: fills x->answer (true), or parks the exchange until run() has,
     * with the connection suspended. */
    bool (*dispatch) (struct exchange *x);
    void (*run) (struct exchange *x);
    /* Fills `ret`, which is zeroed or an answer that was begun, with a refusal. Any thread. */
    void (*refuse) (const struct api *api, const struct call_request *r, const struct error *why,
                    struct call_answer *ret);
    /* Queues what x->answer says. */
    enum MHD_Result (*answer) (struct exchange *x);
    /* Frees x->own; NULL: there is none. */
    void (*end) (struct exchange *x);
};

/* One listening socket. */
struct listener {
    struct http *http;
    const struct manner *manner;
    struct tls *tls; /* NULL: plain HTTP */
    enum call_face face;
    struct MHD_Daemon *daemon;
    uint16_t port;
    char address[80];
    struct waiting waiting;
    struct crowd *crowd;
};

struct http {
    const struct api *api;
    struct http_hooks hooks;
    queue_fn *queue; /* of the library */
    struct listener imm, admin, oss_listener;
    struct oss *oss;         /* NULL: its listener is not wanted */
    struct tls *tls;         /* NULL: neither listener speaks it */
    struct proxies *proxies; /* that are believed */
    struct calls *calls;
    struct auditlog *audit;
    struct accesslog access;
    atomic_bool is_draining;
    atomic_size_t held;   /* bytes of heads and bodies, by all exchanges together */
    atomic_int n_running; /* exchanges from the dispatch of the call to the end of the answer */
};

/* What is known of a connection as long as it lives. */
struct peer {
    struct listener *listener;
    struct exchange *exchange; /* the one in progress; NULL between two */
    struct waiter waiter;
    struct intake intake;
    struct net_address from;
    bool is_proxy;                   /* that is believed */
    char address[NET_TEXT_SIZE];     /* the same as text; "?" if it is not known */
    gnutls_session_t session;        /* NULL: plain HTTP */
    bool has_spoken, is_plain;       /* of TLS: something has come, and it was not TLS */
    struct certificate *certificate; /* that the session began with */
};

/* Blocking; always gives an answer. */
typedef void exchange_fn (const struct api *api, const struct call_request *r,
                          struct call_answer *ret);

struct exchange {
    struct listener *listener;
    struct MHD_Connection *connection;
    struct peer *peer;
    char *uri, *path; /* undecoded; the path of the URI is known when it is dispatched */
    exchange_fn *run; /* how it is answered, by an API thread */
    char method[24];
    char client[NET_TEXT_SIZE]; /* whose request it is: the peer, or for whom that forwards it */
    bool is_secure;             /* the client spoke TLS */
    GString *body;
    size_t held;    /* its part of http->held */
    size_t drained; /* bytes of a refused body */
    int64_t start_ms;
    bool is_begun, is_running, is_answered, must_close;
    struct error refused; /* code ERR_OK: not refused */
    struct call_answer answer;
    const char *user; /* who has proved to be asking; NULL: nobody, or it is not known yet */
    void *own;        /* of the listener's manner */
};

/* Callbacks of the library; `cls` is the listener. */
enum MHD_Result exchange_on_accept (void *cls, const struct sockaddr *from, socklen_t len);
void exchange_on_connection (void *cls, struct MHD_Connection *c, void **socket_context,
                             enum MHD_ConnectionNotificationCode what);
void *exchange_on_uri (void *cls, const char *uri, struct MHD_Connection *c);
enum MHD_Result exchange_on_data (void *cls, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **request_context);
void exchange_on_end (void *cls, struct MHD_Connection *c, void **request_context,
                      enum MHD_RequestTerminationCode why);

/* The peer of a connection. */
struct peer *exchange_peer (struct MHD_Connection *c);

/* The manner of the API: x->run is run on an API thread; x->answer is all of an answer. */
void exchange_run (struct exchange *x);
enum MHD_Result exchange_answer (struct exchange *x);

/* Lower-case name -> value; repeated ones joined by "\n". The caller unrefs. */
GHashTable *exchange_headers (const struct exchange *x);

/* Counts the exchange among the running ones, for which http_stop() waits, until it has ended or
 * exchange_leave(). False when there shall be no more. */
bool exchange_enter (struct exchange *x);
void exchange_leave (struct exchange *x);

/* The body is not needed any more. */
void exchange_release_body (struct exchange *x);

/* Says whether the connection may be used again, and for how long. */
void exchange_set_persistence (const struct exchange *x, struct MHD_Response *r);

/* Fills x->answer with a refusal. */
void exchange_refuse (struct exchange *x, const struct error *why);

/* The path of a request target, without query; caller frees. */
char *exchange_path (const struct exchange *x);
