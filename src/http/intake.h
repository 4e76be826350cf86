/* Inside of http only: stands between the HTTP library and what it reads, to keep the queries of
 * requests out of its memory (http/heads.h). Network threads. */
#pragma once

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "http/heads.h"

struct waiter;

typedef ssize_t tls_recv_fn (gnutls_session_t session, void *data, size_t size);

/* Of one connection. */
struct intake {
    int fd;
    gnutls_session_t session; /* NULL: plain HTTP */
    struct waiter *waiter;    /* is told how much there is of unfinished requests */
    void (*refuse) (void *arg, const struct error *why); /* a head beyond a limit */
    void *arg;
    tls_recv_fn *tls_recv; /* that of GnuTLS */
    struct heads heads;
    size_t n_discarded; /* bytes that came after it */
    bool has_more;      /* the system may have bytes that the library was not told of */
};

/* Begins with fd, session, waiter, refuse and arg set. */
void intake_begin (struct intake *in);
void intake_end (struct intake *in);

/* The target of the request whose line the library has just read as `path`; caller frees. */
char *intake_take_target (struct intake *in, const char *path);

/* Whether nothing more may be read after the request that is here. */
bool intake_must_end (const struct intake *in);

/* False if the library would read by itself after all: then the listeners must not start. */
bool intake_is_active (void);
