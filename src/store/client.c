/* Requests to stores over HTTP: what callers see. */
#include "store/client.h"

enum err client_thread_new (struct client_thread **ret UNUSED, struct error *e)
{
    return FAIL (e, NOT_IMPLEMENTED, "stores over HTTP are not built in");
}

void client_thread_free (struct client_thread *t UNUSED)
{
}

enum err client_new (struct client_thread *t UNUSED, const struct client_options *options UNUSED,
                     struct client **ret UNUSED, struct error *e)
{
    return FAIL (e, NOT_IMPLEMENTED, "stores over HTTP are not built in");
}

void client_free (struct client *c UNUSED)
{
}

const char *client_header (const struct client_response *r, const char *name)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (g_str_equal (r->headers[i].name, name))
            return r->headers[i].value;
    return NULL;
}

void client_response_clear (struct client_response *r)
{
    if (r->body)
        g_byte_array_unref (r->body);
    g_free (r->headers);
    g_free (r->memory);
    *r = (struct client_response){ 0 };
}

enum err client_submit (struct client *c UNUSED, const struct client_request *r UNUSED,
                        struct error *e)
{
    return FAIL (e, NOT_IMPLEMENTED, "stores over HTTP are not built in");
}

enum err client_call (struct client *c UNUSED, const struct client_request *r UNUSED,
                      struct client_response *ret, struct error *e)
{
    *ret = (struct client_response){ 0 };
    return FAIL (e, NOT_IMPLEMENTED, "stores over HTTP are not built in");
}

void client_stats (struct client *c UNUSED, struct client_stats *ret)
{
    *ret = (struct client_stats){ 0 };
}

char *client_region (struct client *c UNUSED, const char *bucket UNUSED)
{
    return g_strdup ("us-east-1");
}
