/* Inside of http only: takes the queries out of the request lines of a connection's bytes.
 *
 * Clients write up to LIMIT_REQUEST_HEAD into the query of a request. The HTTP library reads a head
 * into memory that each connection has, and clears all of it after each request; so that memory has
 * room for LIMIT_REQUEST_LINES, and what may be large never gets there. A head without its query is
 * a head like any other, which is all that the library sees.
 *
 * Bytes are fed as they come, in any pieces. Where a request ends follows from its head, by the
 * rules of the library: nothing, or Content-Length, is read as a body. Whatever else tells a length
 * makes the rest of the connection opaque: it is passed on as it is, and the connection must be
 * closed after that request. One thread at a time; knows no sockets. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum heads_state {
    HEADS_BEGIN, /* of a request, or empty lines before it */
    HEADS_METHOD,
    HEADS_GAP,
    HEADS_PATH,
    HEADS_QUERY,
    HEADS_VERSION,
    HEADS_FIELD,
    HEADS_BODY,
    HEADS_OPAQUE,
};

/* Zeroed before its first use. */
struct heads {
    enum heads_state state;
    size_t n_passed;  /* bytes of this head that were passed on */
    size_t n_fields;  /* lines of it */
    size_t n_taken;   /* of all queries that are here */
    unsigned n_ended; /* requests whose end was passed on */
    bool is_over;     /* a head is beyond a limit: feed no more, see heads_explain() */
    bool has_length;  /* this head has a Content-Length */
    uint64_t body;    /* bytes of the body that are still to come */
    size_t n_line;    /* bytes of this line of it */
    char line[48];    /* the first of them */
    GString *query;   /* of this request line, NULL while there is none */
    GQueue waiting;   /* GString, or a NULL: of those that have been passed on */
};

void heads_clear (struct heads *h);

/* Takes the queries out of `bytes`, in place; gives how many are left to pass on. */
size_t heads_feed (struct heads *h, char *bytes, size_t n);

/* The target of the next request whose line was passed on, `path` being what was left of it; caller
 * frees. */
char *heads_take_target (struct heads *h, const char *path);

/* Why it is over. */
NODISCARD enum err heads_explain (const struct heads *h, struct error *e);
