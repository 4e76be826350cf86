/* The data folder of a server: made at the first start, locked while a server runs, and where
 * clients on the same machine find its address. */
#pragma once

#include "base/error.h"
#include "index/catalog.h"

/* Makes the folder (mode 0700) if needed and locks it until *ret_fd is closed. CONFLICT while
 * another server has it, naming its process. */
NODISCARD enum err datadir_lock (const char *data, int *ret_fd, struct error *e);

/* The account: `wanted` (16 digits, "" if not configured) or the kept one, made at the first start.
 * CONFLICT if both are there and differ: rows and ARNs carry the account, it cannot change. The
 * caller frees. */
NODISCARD enum err datadir_account (struct catalog *catalog, const char *wanted, char **ret,
                                    struct error *e);

/* Where the server listens. */
struct datadir_listener {
    char *address; /* "HOST:PORT" */
    bool is_tls;
};
struct datadir_endpoints {
    struct datadir_listener imm, admin, oss; /* oss.address NULL: it does not listen */
    char *key_pin; /* hash of the public key that it has, "sha256//BASE64"; NULL: no TLS */
};
void datadir_clear_endpoints (struct datadir_endpoints *p);
#define _cleanup_endpoints_ __attribute__ ((cleanup (datadir_clear_endpoints)))

/* Writes DATA/endpoints.json, whole or not at all. */
NODISCARD enum err datadir_write_endpoints (const char *data, const struct datadir_endpoints *p,
                                            struct error *e);
void datadir_remove_endpoints (const char *data);

/* Reads it; the caller clears. NOT_FOUND if no server runs there. */
NODISCARD enum err datadir_read_endpoints (const char *data, struct datadir_endpoints *ret,
                                           struct error *e);
