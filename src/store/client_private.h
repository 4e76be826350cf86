/* What the files of the client share. A `struct fetch` is a request on its way: made by
 * client_submit(), then the fetch thread's alone until `done` was called. */
#pragma once

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/client.h"

/* What is to be done after an answer. */
enum next {
    NEXT_DONE,   /* it is final */
    NEXT_AGAIN,  /* sign and send at once: another region, clock or key */
    NEXT_LATER,  /* after a pause, if tries and time allow */
    NEXT_SLOWER, /* the same, and the window shrinks */
};

/* ---- Where buckets are (client_place.c) ---- */

struct place {
    char *scheme, *host, *port; /* of the endpoint; port NULL: the default */
    char *region;
    char *ca_file, *proxy;
    enum sign_scheme signing;
    bool is_virtual;
    GHashTable *moved;    /* bucket -> region, where it is not `region` */
    pthread_mutex_t lock; /* of `moved` */
};

NODISCARD enum err place_init (struct place *p, const struct client_options *options,
                               struct error *e);
void place_clear (struct place *p);

/* Caller frees. `bucket` may be NULL. */
char *place_region (struct place *p, const char *bucket);

/* "bucket.host:port", as the Host header has it. Caller frees. */
char *place_host (const struct place *p, const char *bucket, const char *region);

/* A refusal says that the bucket is in `region`: a name, or the host of an endpoint. True if that
 * is believable and another one than `used`; then it is remembered. */
bool place_learn (struct place *p, const char *bucket, const char *region, const char *used);

/* ---- The window of requests in flight (client_window.c) ---- */

struct window {
    unsigned size, good; /* `good` successes since it grew */
    bool is_short;       /* something waits for it, or had to since it grew */
    int64_t shrunk_ms;
};

void window_init (struct window *w);
void window_succeeded (struct window *w);

/* Whether something has to wait for it now. */
void window_asked (struct window *w, bool is_short);

/* At most once for all that was sent before the last time. */
void window_throttled (struct window *w, int64_t sent_ms, int64_t now_ms);

/* ---- One store ---- */

struct client {
    struct client_thread *thread;
    struct place place;
    struct credentials *credentials;

    /* Of the thread's lock. */
    unsigned n_waiting;    /* from client_submit() until it is sent or done, pauses included */
    atomic_uint n_blocked; /* threads that wait for room */
    bool is_closing, is_gone;

    /* Of the fetch thread. */
    GQueue urgent, normal, flying; /* struct fetch */
    struct window window;
    struct sign_cache sign_cache;
    int64_t skew_s;   /* the store's clock minus ours */
    uint64_t trusted; /* number of the last credentials that a store accepted */
    int64_t trusted_until_ms;

    atomic_uint_least64_t n_requests, n_retries, n_throttled, n_bytes, n_connections;
    atomic_uint n_queued, n_in_flight, window_size;
};

struct fetch {
    GList link; /* in a queue of its client, or in the inbox */
    struct client *client;
    struct client_request ask; /* strings are in `memory` */
    char *memory;
    char payload[SIGN_HEX_SIZE];
    int64_t deadline_ms, due_ms, sent_ms;
    unsigned tries, hops;
    bool is_counted; /* in n_waiting */
    bool did_clock, did_keys;
    bool is_asking_why, did_ask_why; /* a HEAD was refused without a reason: a GET tells it */

    char *earlier; /* what was wrong with the last try */

    /* Of one try. */
    CURL *easy;
    struct curl_slist *lines;
    char *url, *region;
    struct credential *credential;
    struct client_response answer;
    GString *head;       /* "name\0value\0" of each header */
    GArray *head_at;     /* gsize: where each begins in it */
    GByteArray *refusal; /* the body of what is no success */
    bool is_judged, is_success, is_whole;
    bool is_lie;       /* `answer` says what was wrong */
    uint64_t expected; /* bytes of the body; UINT64_MAX: not known */
    char why[CURL_ERROR_SIZE];
};

/* ---- Sending (client_send.c) ---- */

/* Signs and fills f->easy. STORE_CREDENTIALS. */
NODISCARD enum err fetch_prepare (struct fetch *f, struct error *e);

/* Drops what belongs to the last try, but for the answer. */
void fetch_clear_try (struct fetch *f);

/* The method of this try. */
const char *fetch_method (const struct fetch *f);
bool fetch_is_head (const struct fetch *f);

/* By the store's clock. */
int64_t fetch_now_s (const struct client *c);

/* ---- Reading (client_answer.c) ---- */

size_t answer_on_header (char *line, size_t size, size_t n, void *fetch);
size_t answer_on_body (char *bytes, size_t size, size_t n, void *fetch);

/* Before a try. */
void answer_begin (struct fetch *f);

/* Fills f->answer once the transfer ended. */
enum next answer_finish (struct fetch *f, CURLcode result);

/* "a lie": fills the answer as STORE_DOWN. */
void answer_set_lie (struct fetch *f, const char *format, ...) PRINTF (2, 3);

/* ---- Refusals (client_refusal.c) ---- */

/* Fills f->answer for a status that is no success. */
enum next refusal_judge (struct fetch *f);

/* The Code of an error document into f->answer.s3_code; false if it is none. */
bool refusal_read_code (struct fetch *f, const char *text, size_t len);

/* ---- A request's way (client_flight.c), all on the fetch thread ---- */

/* The queue of its client in which it waits. */
GQueue *flight_queue (struct fetch *f);

/* Sends as many of those that wait as windows allow; stores take turns. */
void flight_start (struct client_thread *t);

/* curl is through with it. */
void flight_land (struct client_thread *t, struct fetch *f, CURLcode result);

/* Pauses that are over; deadlines that are. */
void flight_resume (struct client_thread *t, int64_t now_ms);
void flight_sweep (struct client_thread *t, int64_t now_ms);

/* Ends all of a client with CLOSED. */
void flight_let_go (struct client_thread *t, struct client *c);

/* ---- The thread (client_thread.c) ---- */

struct client_thread {
    pthread_t thread;
    int epoll, wake;
    CURLM *multi;

    pthread_mutex_t lock; /* of what follows, and of some members of the clients */
    pthread_cond_t changed;
    GQueue inbox;                  /* struct fetch */
    GPtrArray *arriving, *leaving; /* struct client */
    bool is_stopping, is_woken;

    /* Of the thread. */
    GPtrArray *clients, *idle; /* struct client; CURL without a request */
    GSequence *pausing;        /* struct fetch by due_ms */
    unsigned next_client, n_in_flight;
    int64_t curl_due_ms; /* when curl wants to be called; INT64_MAX: never */
    int64_t swept_ms;
};

/* Takes a fetch. BUSY, CLOSED: it is still the caller's. With `wait`, waits for room. */
NODISCARD enum err thread_submit_take (struct client_thread *t, struct fetch *f, bool wait,
                                       struct error *e);
void thread_attach (struct client_thread *t, struct client *c);

/* Ends all of a client, soon; what is submitted from now on is CLOSED. */
void thread_cancel (struct client_thread *t, struct client *c);

/* Ends all of a client and waits until the thread has forgotten it. */
void thread_detach (struct client_thread *t, struct client *c);
bool thread_is_self (const struct client_thread *t);

void fetch_free (struct fetch *f);
