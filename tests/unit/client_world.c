/* A server, the fetch thread and a client. */
#include "client_world.h"

#include "test.h"

void world_init (struct world *w, fake_answer_fn *answer, const void *arg,
                 struct credentials *credentials)
{
    struct error e = { 0 };
    w->fake = fake_new (answer, (void *) arg);
    assert_ok (client_thread_new (&w->thread, &e), &e);
    if (!credentials)
        assert_ok (credentials_new ("id", "secret", NULL, &credentials, &e), &e);
    struct client_options o = { .endpoint = fake_url (w->fake), .credentials = credentials };
    assert_ok (client_new (w->thread, &o, &w->client, &e), &e);
}

void world_clear (struct world *w)
{
    client_free (w->client);
    client_thread_free (w->thread);
    fake_free (w->fake);
}

struct client_request get_of (const char *bucket, const char *key)
{
    return (struct client_request){
        .method = "GET", .bucket = bucket, .key = key, .expect = CLIENT_OBJECT
    };
}

struct client_request get (const char *key)
{
    return get_of ("bucket", key);
}
