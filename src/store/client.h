/* Requests to stores over HTTP: one thread of the process carries out all of them for all stores,
 * signed, retried and judged. What comes out is either what was asked for, whole, or an error that
 * says whose fault it is; never wrong data.
 *
 * client_thread: the fetch thread, one in a process. client: one store. client_submit() hands a
 * request over and returns; `done` is called on the fetch thread, once, and must not block.
 * client_call() is the same for a thread that waits. Any thread may call any function, but for
 * client_call(), client_free() and client_thread_free(): not the fetch thread.
 *
 * In flight: each store has a window, LIMIT_STORE_WINDOW_START requests at first, up to
 * LIMIT_STORE_WINDOW: one more for each success until the store says for the first time that it is
 * too much (SlowDown, 429, 503, a timeout), then one more for each window of successes; half as
 * many when it says so. What does not fit waits: urgent requests first, the others in order,
 * LIMIT_STORE_QUEUE of a store at most, and stores take turns.
 *
 * Retries: what may pass by itself (503, 429, 500, cut connections, timeouts, lies) is tried again
 * after a random pause of up to LIMIT_STORE_PAUSE_MS, twice that, and so on to
 * LIMIT_STORE_PAUSE_MOST_MS, LIMIT_STORE_TRIES times in all and never beyond the deadline.
 *
 * Learned by itself and remembered: the region of a bucket (redirects are followed for nothing
 * else, and only to the same service's host of that region), and how far the store's clock is away.
 *
 * TLS is verified, with the system's authorities or `ca_file`. HTTP/2 where TLS offers it. Proxies
 * are used only if `proxy` names one: variables of the environment such as http_proxy mean nothing
 * here, because a proxy sees the names of objects and, without TLS, their bytes. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/credentials.h"
#include "store/sign.h"

/* ---- The thread ---- */

struct client_thread;
NODISCARD enum err client_thread_new (struct client_thread **ret, struct error *e);

/* Ends the thread. All its clients must be freed before. NULL is fine. */
void client_thread_free (struct client_thread *t);

/* ---- One store ---- */

struct client_options {
    const char *endpoint;    /* "https://HOST[:PORT]", no path */
    enum sign_scheme scheme; /* SIGN_OSS4 without a region becomes SIGN_OSS1 */
    const char *region;      /* NULL or "": from the endpoint's name, else "us-east-1" (S3) */
    bool is_virtual; /* http://BUCKET.HOST/KEY instead of http://HOST/BUCKET/KEY; OSS wants that */
    const char *ca_file;             /* PEM; NULL or "": the system's */
    const char *proxy;               /* "http://HOST:PORT"; NULL or "": none */
    struct credentials *credentials; /* taken, also on failure; NULL: none, nothing is signed */
};

struct client;

/* INVALID_ARGUMENT for an endpoint or CA file that cannot be used. Sends nothing. */
NODISCARD enum err client_new (struct client_thread *t, const struct client_options *options,
                               struct client **ret, struct error *e);

/* What is under way or waiting ends soon, with CLOSED, as does all that is submitted from now on.
 * Does not wait. */
void client_cancel (struct client *c);

/* Ends what is under way or waiting with CLOSED, waits for that, and frees. NULL is fine. */
void client_free (struct client *c);

/* ---- Requests ---- */

/* Some bytes of an object: `length` at `at`, or the last `length` if is_suffix. With is_all they
 * are believed to be all there are, and no Range header is sent: some stores look the object up
 * apart from reading it for one that has it. Of a larger object, no more than these are read. */
struct client_range {
    uint64_t at, length; /* length 0: all of the object, no Range header */
    bool is_suffix, is_all;
};

/* What a success must look like; anything else is a lie, and tried again. */
enum client_expect {
    CLIENT_ANY,    /* no demand */
    CLIENT_OBJECT, /* an ETag, and a length that is known before the first byte */
    CLIENT_XML,    /* a body that is XML and not HTML */
};

struct client_response;
typedef void client_done_fn (void *arg, struct client_response *r);

/* All is copied by client_submit(), but for `fd`. Zero is the default of everything but method. */
struct client_request {
    const char *method; /* "GET", "HEAD", "PUT", "DELETE", "POST" (never tried again after it may
                         * have been done) */
    const char *bucket, *key;      /* key NULL: the bucket; both: the service */
    const struct sign_pair *query; /* sub-resources and parameters, decoded */
    size_t n_query;
    const struct sign_pair *headers; /* not Host, Range, If-Match, Authorization, x-amz-date ... */
    size_t n_headers;
    const void *body; /* at most LIMIT_STORE_BODY */
    size_t body_len;
    struct client_range range; /* of a GET */
    const char *if_match; /* ETag without quotes: VERSION_CHANGED if it is another one, also where a
                           * store ignores If-Match but tells the ETag */
    enum client_expect expect;
    bool is_urgent; /* before all that is not */
    /* Where the body of a success goes: memory, or a descriptor (borrowed until done) from `fd_at`
     * on. More than `limit` bytes are an error (0: LIMIT_STORE_ANSWER), unless a range was asked
     * for: then at most that. */
    uint64_t limit;
    bool is_to_fd;
    int fd;
    uint64_t fd_at;
    uint32_t deadline_ms; /* from client_submit() on; 0: LIMIT_STORE_DEADLINE_MS */
    client_done_fn *done;
    void *arg;
};

struct client_header {
    const char *name; /* in lower case */
    const char *value;
};

/* OK, or: NO_BUCKET, NO_OBJECT; STORE_DENIED (this request is refused, others may not be);
 * VERSION_CHANGED (412, or another ETag); STORE_ARCHIVED (must be restored before it is read);
 * OUT_OF_RANGE (416: the object has none of those bytes; an empty object answers so to any range);
 * STORE_CREDENTIALS (key unknown or expired, clock wrong: nothing works until somebody acts);
 * STORE_DOWN (could not be reached, throttled, failed or lied, to the end of the retries);
 * BAD_REQUEST (the store does not take such a request); IO (writing to `fd` failed); CLOSED.
 *
 * The answer to HEAD has no body that says why. A 403 or 400 is asked again as a GET of one byte,
 * which tells; a 404 on an object is NO_OBJECT even if it is the bucket that is gone. */
struct client_response {
    enum err code;
    char message[256]; /* one sentence; "" if OK */
    int status;        /* HTTP status of the last answer; 0: none came */
    char s3_code[64];  /* "NoSuchKey"; "" if the store gave none */
    struct client_header *headers;
    size_t n_headers;
    GByteArray *body; /* NULL: none, or it went to the descriptor. May be stolen (set to NULL) */
    uint64_t written; /* bytes of the body */
    uint64_t at;      /* where in the object they begin */
    uint64_t size;    /* of the whole object; UINT64_MAX: not told */
    unsigned tries;   /* requests that were sent */
    char *memory;     /* of the headers */
};

/* Value of a header, or NULL. `name` in lower case. Repeated headers: the first. */
const char *client_header (const struct client_response *r, const char *name);

/* Frees what it holds. client_call() leaves that to the caller, also after an error; for `done` it
 * is done by who called it. */
void client_response_clear (struct client_response *r);
#define _cleanup_response_ __attribute__ ((cleanup (client_response_clear)))

/* BUSY: LIMIT_STORE_QUEUE requests wait already. CLOSED: the client is being freed. `done` is not
 * called then; in all other cases it is, and r->code says what became of it. */
NODISCARD enum err client_submit (struct client *c, const struct client_request *r,
                                  struct error *e);

/* Carries out a request and waits; r->done is not used. `ret` is always set, also on failure, and
 * the caller clears it. Waits for room in the queue. */
NODISCARD enum err client_call (struct client *c, const struct client_request *r,
                                struct client_response *ret, struct error *e);

/* ---- What it does ---- */

struct client_stats {
    uint64_t requests;    /* sent, retries included */
    uint64_t retries;     /* of those */
    uint64_t throttled;   /* answers that halved the window, or would have */
    uint64_t bytes_in;    /* of bodies */
    uint64_t connections; /* opened */
    uint32_t waiting, in_flight, window;
    uint32_t blocked; /* threads that wait for room */
};
void client_stats (struct client *c, struct client_stats *ret);

/* The region that requests for a bucket are signed with now. Caller frees. */
char *client_region (struct client *c, const char *bucket);
