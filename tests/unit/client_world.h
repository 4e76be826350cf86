/* A server that answers as a test says, the fetch thread, and a client of the one by the other. */
#pragma once

#include "http_fake.h"
#include "store/client.h"

struct world {
    struct fake *fake;
    struct client_thread *thread;
    struct client *client;
};

/* `credentials` NULL: "id" and "secret". */
void world_init (struct world *w, fake_answer_fn *answer, const void *arg,
                 struct credentials *credentials);
void world_clear (struct world *w);

/* GET of an object, of the bucket "bucket" in the first case. */
struct client_request get (const char *key);
struct client_request get_of (const char *bucket, const char *key);
