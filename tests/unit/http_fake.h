/* An HTTP server for tests on a free port of the loopback: a function answers each request with
 * whatever bytes it likes, and may lie, wait or hang up. One thread a connection. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct fake_conn;

struct fake_request {
    unsigned number; /* from 1, in the order in which they came */
    char *method, *target;
    char *head; /* all header lines, "\r\n" between them */
    char *body;
    size_t body_len;
};

/* Writes an answer by fake_send(). False: the connection is closed then. Called by several threads
 * at once. */
typedef bool fake_answer_fn (void *arg, const struct fake_request *r, struct fake_conn *c);

struct fake *fake_new (fake_answer_fn *answer, void *arg);

/* Cuts all connections and waits until the answers under way have returned. */
void fake_free (struct fake *f);

/* "http://127.0.0.1:PORT", owned by the server; the same with another host: caller frees. */
const char *fake_url (const struct fake *f);
char *fake_url_of (const struct fake *f, const char *host);

unsigned fake_requests (struct fake *f);
unsigned fake_connections (struct fake *f);

/* Value of a header, or NULL; caller frees. */
char *fake_header (const struct fake_request *r, const char *name);

void fake_send_bytes (struct fake_conn *c, const void *bytes, size_t len);
void fake_send (struct fake_conn *c, const char *text);

/* Sends status line, `headers` (lines that end in \r\n), Content-Length and the body. */
void fake_reply (struct fake_conn *c, int status, const char *headers, const char *body);
