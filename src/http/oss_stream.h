/* Inside of the OSS endpoint only: an object of a remote store on its way to a client, in windows
 * of LIMIT_OSS_WINDOW, of which at most two are held. While one is sent, the next is fetched; a
 * client that does not read has none fetched. */
#pragma once

#include <microhttpd.h>

#include "http/exchange.h"
#include "store/store.h"

struct stream;

/* Asks the store for the object, and waits: the facts are there, and the beginning if it is wanted.
 * What store_fetch() has. `n_streams` counts those that there are: BUSY beyond LIMIT_OSS_STREAMS.
 */
NODISCARD enum err stream_open (struct store *store, const char *bucket, const char *key,
                                bool is_head, atomic_int *n_streams, struct stream **ret,
                                struct error *e);

/* What is known: facts, attributes. */
const struct store_handle *stream_object (const struct stream *s);

/* The response that sends bytes [at, at + length) on this exchange; the stream is its from now on.
 */
struct MHD_Response *stream_take_response (struct stream *s, struct exchange *x, uint64_t at,
                                           uint64_t length);

/* A stream without a response. NULL is fine. */
void stream_free (struct stream *s);
