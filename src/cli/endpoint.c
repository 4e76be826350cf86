/* Finds endpoints; see the header. */
#include "cli/endpoint.h"

#include <string.h>

#include "base/clock.h"
#include "cli/datadir.h"

#define RENEW_MS      2000 /* from the first connection with a new certificate to its file */
#define RENEW_LOOK_US 20000

void endpoint_clear (struct endpoint *p)
{
    g_free (p->url);
    g_free (p->pin);
    *p = (struct endpoint){ 0 };
}

static char *make_url (const char *endpoint)
{
    if (!endpoint)
        return NULL;
    if (g_str_has_prefix (endpoint, "http://") || g_str_has_prefix (endpoint, "https://"))
        return g_strdup (endpoint);
    return g_strconcat ("http://", endpoint, NULL);
}

static void take_listener (struct endpoint *p, const struct datadir_listener *l, const char *pin)
{
    if (p->url)
        return;
    p->url = g_strconcat (l->is_tls ? "https://" : "http://", l->address, NULL);
    p->pin = l->is_tls ? g_strdup (pin) : NULL;
}

enum err endpoint_find (const struct command_server *o, const char *data, struct endpoint *ret_imm,
                        struct endpoint *ret_admin, struct error *e)
{
    *ret_imm = (struct endpoint){ .url = make_url (o->endpoint) };
    *ret_admin = (struct endpoint){ .url = make_url (o->admin_endpoint) };
    if (ret_imm->url && (ret_admin->url || !o->data))
        return ERR_OK;
    _cleanup_endpoints_ struct datadir_endpoints found = { 0 };
    struct error why;
    enum err r = datadir_read_endpoints (data, &found, &why);
    if (r != ERR_OK && !ret_imm->url)
        return FAIL (e, UNAVAILABLE,
                     "no server seems to run on the data folder %s (%s); start one with `bindery "
                     "serve --data %s ...`, or name one with --endpoint or --data",
                     data, why.message, data);
    if (r != ERR_OK)
        return ERR_OK;
    take_listener (ret_imm, &found.imm, found.key_pin);
    take_listener (ret_admin, &found.admin, found.key_pin);
    return ERR_OK;
}

bool endpoint_renew (struct endpoint *p, const char *data)
{
    int64_t until = clock_mono_ms () + RENEW_MS;
    while (p->pin) {
        _cleanup_endpoints_ struct datadir_endpoints found = { 0 };
        if (datadir_read_endpoints (data, &found, NULL) == ERR_OK && found.key_pin &&
            strcmp (found.key_pin, p->pin) != 0) {
            g_free (p->pin);
            p->pin = g_steal_pointer (&found.key_pin);
            return true;
        }
        if (clock_mono_ms () >= until)
            return false;
        g_usleep (RENEW_LOOK_US);
    }
    return false;
}

void endpoint_set_options (const struct endpoint *p, const char *ca_file, CURL *curl)
{
    curl_easy_setopt (curl, CURLOPT_URL, p->url);
    curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http,https");
    if (p->pin) { /* it is known by its key: the certificate is seldom for the name "127.0.0.1" */
        curl_easy_setopt (curl, CURLOPT_PINNEDPUBLICKEY, p->pin);
        curl_easy_setopt (curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt (curl, CURLOPT_SSL_VERIFYHOST, 0L);
    } else if (ca_file) {
        curl_easy_setopt (curl, CURLOPT_CAINFO, ca_file);
        curl_easy_setopt (curl, CURLOPT_CAPATH, NULL);
    }
}
