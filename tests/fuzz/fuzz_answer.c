/* Answers of stores: a letter that says what was asked for, then the raw answer. Whatever comes, a
 * success is exactly what was asked for, and nothing goes further than it may. */
#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "store/client_private.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define OBJECT_MOST 64

static struct client_request request_of (char letter)
{
    struct client_request ask = { .method = letter == 'H' ? "HEAD" : "GET",
                                  .bucket = "bucket",
                                  .key = letter == 'L' ? NULL : "k",
                                  .limit = letter == 'L' ? LIMIT_STORE_ANSWER : OBJECT_MOST,
                                  .expect = letter == 'L' ? CLIENT_XML : CLIENT_OBJECT };
    if (letter == 'R' || letter == 'S')
        ask.range = (struct client_range){ letter == 'R' ? 4 : 0, 4, letter == 'S' };
    if (letter == 'M')
        ask.if_match = "abc";
    return ask;
}

/* Feeds the head by lines and the body in two pieces, as curl may. */
static CURLcode feed (struct fetch *f, char *text, size_t len)
{
    char *at = text, *end = text + len;
    while (at < end) {
        char *line_end = memchr (at, '\n', (size_t) (end - at));
        size_t n = line_end ? (size_t) (line_end - at) + 1 : (size_t) (end - at);
        if (answer_on_header (at, 1, n, f) != n)
            return CURLE_WRITE_ERROR;
        at += n;
        if (n <= 2)
            break;
    }
    size_t half = (size_t) (end - at) / 2;
    if (half > 0 && answer_on_body (at, 1, half, f) != half)
        return CURLE_WRITE_ERROR;
    size_t rest = (size_t) (end - at) - half;
    if (rest > 0 && answer_on_body (at + half, 1, rest, f) != rest)
        return CURLE_WRITE_ERROR;
    return CURLE_OK;
}

static void check (const struct fetch *f)
{
    const struct client_response *a = &f->answer;
    assert (a->code == ERR_OK || a->message[0]);
    if (a->code != ERR_OK)
        return;
    assert (a->status == 200 || a->status == 204 || a->status == 206);
    assert (a->written <= (f->ask.range.length ? f->ask.range.length : f->ask.limit));
    assert ((a->body ? a->body->len : 0) == a->written);
    assert (f->expected == UINT64_MAX || f->expected == a->written);
    assert (f->ask.expect != CLIENT_OBJECT || client_header (a, "etag"));
    assert (a->status != 206 || a->at + a->written <= a->size);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct client c = { 0 };
    struct client_options o = { .endpoint = "http://store.example" };
    enum err r = place_init (&c.place, &o, NULL);
    assert (r == ERR_OK);
    struct fetch *f = g_new0 (struct fetch, 1);
    f->client = &c;
    f->ask = request_of ((char) data[0]);
    f->region = g_strdup ("us-east-1");
    answer_begin (f);
    g_autofree char *text = g_memdup2 (data + 1, size - 1);
    enum next next = answer_finish (f, feed (f, text, size - 1));
    assert (next != NEXT_AGAIN || f->hops + f->did_clock + f->did_ask_why > 0);
    check (f);
    fetch_free (f);
    place_clear (&c.place);
    return 0;
}
