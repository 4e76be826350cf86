/* Where a server is reached, and what shows that it is the right one: a certificate that is valid
 * for its name, or, of a server whose data folder we can read, the public key that it says there.
 */
#pragma once

#include <curl/curl.h>

#include "base/error.h"
#include "cli/command.h"

struct endpoint {
    char *url; /* "https://HOST:PORT"; NULL if it is not known */
    char *pin; /* "sha256//BASE64" of its public key; NULL: its certificate must be valid */
};
void endpoint_clear (struct endpoint *p);

/* Those that `o` names, else those of the server that runs on the data folder `data`. UNAVAILABLE
 * if that of the API is not known then. */
NODISCARD enum err endpoint_find (const struct command_server *o, const char *data,
                                  struct endpoint *ret_imm, struct endpoint *ret_admin,
                                  struct error *e);

/* After the pin did not fit: true if the server has another key by now, or within a moment. */
bool endpoint_renew (struct endpoint *p, const char *data);

/* What curl must check. `ca_file` may be NULL: the authorities of the system. */
void endpoint_set_options (const struct endpoint *p, const char *ca_file, CURL *curl);
