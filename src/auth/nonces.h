/* Nonces of verified requests, each remembered until its request would be too old anyway, so no
 * signed request is accepted twice.
 *
 * The memory is a file of fixed size, mapped and shared with the kernel: what is in it survives the
 * process (kill -9, restarts). A slot is 8 bytes, written at once: a 32-bit tag and the second of
 * expiry; the bucket is chosen by further bits of a keyed hash. Slots are reused when expired.
 * After a crash of the machine, or when the file is damaged or not ours, it is made anew, and
 * requests dated before that moment are refused, since they might be replays. Thread-safe. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct nonces;

/* Opens or makes the file (32 MiB, mode 0600). */
NODISCARD enum err nonces_open (const char *path, int64_t now_ns, struct nonces **ret,
                                struct error *e);

/* The same with another size, for tests: buckets of 64 slots, a power of two. */
NODISCARD enum err nonces_open_sized (const char *path, size_t n_buckets, int64_t now_ns,
                                      struct nonces **ret, struct error *e);

/* Marks the file as complete and closes it. NULL is fine. */
void nonces_close (struct nonces *n);

/* Remembers the nonce of a request dated `date_ns`, whose signature has been verified. NONCE_USED
 * if it is known; TIME_EXPIRED if the request is older than the memory; THROTTLED when its bucket
 * is full of nonces that are still needed. */
NODISCARD enum err nonces_use (struct nonces *n, const char *key_id, const char *nonce,
                               int64_t date_ns, int64_t now_ns, struct error *e);
