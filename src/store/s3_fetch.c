/* Fetching ranges of remote objects in the background, into a memory file of the object's size.
 *
 * A fetch is one or a few requests at a time, called a wave; when the last of a wave has ended, the
 * fetch takes its next step, on the fetch thread. The first fetch asks for the head of the object
 * and, if the caller believes to know how large it is, for the tail beside it; then, if need be,
 * for the real tail, for the facts of an empty object, and for tags. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/s3_private.h"

#define WAVE_MAX (STORE_RANGES + 2)

struct fetching;

/* One request of a wave. */
struct piece {
    struct fetching *fetching;
    struct store_range range;
    bool is_all; /* there are no other bytes, it is believed */
    void (*take) (struct fetching *f, struct piece *p, struct client_response *r);
};

struct fetching {
    struct store_s3 *store;
    struct store_handle *h;
    char *bucket; /* as the store names it */
    store_fetched_fn *done;
    void *arg;
    uint64_t head, tail;
    void (*step) (struct fetching *f); /* after the wave */
    bool is_first, has_facts, is_empty;
    bool is_other; /* what came as all of the object is not the version that was believed in */

    pthread_mutex_t lock; /* of the rest */
    struct piece pieces[WAVE_MAX];
    unsigned n_pieces, left;
    enum err code; /* of the first piece that failed */
    char message[256];

    /* What the handle gets if all goes well. */
    int fd;
    struct store_facts facts;
    json_t *attributes;
    struct store_range known[STORE_RANGES];
    unsigned n_known;
    uint64_t bytes;
};

static void fetching_free (struct fetching *f)
{
    if (f->fd >= 0 && f->fd != f->h->fd)
        close (f->fd);
    json_decref (f->attributes);
    pthread_mutex_destroy (&f->lock);
    g_free (f->bucket);
    g_free (f);
}

static void fail (struct fetching *f, enum err code, const char *message)
{
    if (f->code != ERR_OK)
        return;
    f->code = code;
    g_snprintf (f->message, sizeof f->message, "store '%s': %s", f->store->base.name, message);
}

/* ---- Waves ---- */

/* Gives the handle what came, if all came, and tells the caller. */
static void finish (struct fetching *f)
{
    struct store_handle *h = f->h;
    if (f->code == ERR_OK) {
        if (f->is_first) {
            h->fd = f->fd;
            h->facts = f->facts;
            h->attributes = g_steal_pointer (&f->attributes);
        }
        memcpy (h->known, f->known, sizeof h->known);
        h->n_known = f->n_known;
        h->bytes_fetched += f->bytes;
        h->rounds++;
    }
    store_fetched_fn *done = f->done;
    void *arg = f->arg;
    enum err code = f->code;
    char message[sizeof f->message];
    memcpy (message, f->message, sizeof message);
    fetching_free (f);
    done (arg, code, message);
}

/* Takes `n` pieces off the wave; true if none is left. */
static bool leave (struct fetching *f, unsigned n)
{
    pthread_mutex_lock (&f->lock);
    f->left -= n;
    bool is_over = f->left == 0;
    pthread_mutex_unlock (&f->lock);
    return is_over;
}

/* On the fetch thread, where a wave ended. */
static void go_on (struct fetching *f)
{
    if (f->code == ERR_OK)
        f->step (f);
    else
        finish (f);
}

static void piece_done (void *arg, struct client_response *r)
{
    struct piece *p = arg;
    struct fetching *f = p->fetching;
    pthread_mutex_lock (&f->lock);
    p->take (f, p, r);
    pthread_mutex_unlock (&f->lock);
    if (leave (f, 1))
        go_on (f);
}

static struct piece *add_piece (struct fetching *f, struct store_range range,
                                void (*take) (struct fetching *, struct piece *,
                                              struct client_response *))
{
    assert (f->n_pieces < WAVE_MAX);
    struct piece *p = &f->pieces[f->n_pieces++];
    *p = (struct piece){ .fetching = f, .range = range, .take = take };
    return p;
}

static void take_range (struct fetching *f, struct piece *p, struct client_response *r);
static void take_head (struct fetching *f, struct piece *p, struct client_response *r);
static void take_facts (struct fetching *f, struct piece *p, struct client_response *r);
static void take_tags (struct fetching *f, struct piece *p, struct client_response *r);

static enum err submit (struct fetching *f, struct piece *p, const char *etag, struct error *e)
{
    static const struct sign_pair tagging = { "tagging", NULL };
    bool is_facts = p->take == take_facts, is_tags = p->take == take_tags;
    struct client_request request = {
        .method = is_facts ? "HEAD" : "GET",
        .bucket = f->bucket,
        .key = f->h->key,
        .expect = is_tags ? CLIENT_XML : CLIENT_OBJECT,
        .is_urgent = f->h->is_urgent,
        .done = piece_done,
        .arg = p,
    };
    if (is_tags) {
        request.query = &tagging;
        request.n_query = 1;
    } else if (!is_facts) {
        request.range = (struct client_range){ .at = p->range.at,
                                               .length = p->range.length,
                                               .is_all = p->is_all };
        request.if_match = etag;
        request.is_to_fd = true;
        request.fd = f->fd;
        request.fd_at = p->range.at;
    }
    return client_submit (f->store->client, &request, e);
}

/* Sends the wave. OK: `step` or `finish` will be called by the last that ends. An error: nothing is
 * under way, and the caller has `f` still. */
static enum err send_wave (struct fetching *f, void (*step) (struct fetching *), struct error *e)
{
    unsigned n = f->left = f->n_pieces;
    f->step = step;
    struct error why;
    /* As it was before the wave: its first answer may come while the last piece is sent. */
    const char *etag = f->has_facts ? f->facts.etag : NULL;
    for (unsigned i = 0; i < n; i++) {
        enum err r = submit (f, &f->pieces[i], etag, &why);
        if (r == ERR_OK)
            continue;
        pthread_mutex_lock (&f->lock);
        fail (f, r, why.message);
        pthread_mutex_unlock (&f->lock);
        if (!leave (f, n - i))
            return ERR_OK;
        if (e)
            *e = why;
        return r;
    }
    return ERR_OK;
}

/* The next wave, on the fetch thread. */
static void next_wave (struct fetching *f, void (*step) (struct fetching *))
{
    if (f->n_pieces == 0)
        step (f);
    else if (send_wave (f, step, NULL) != ERR_OK)
        finish (f);
}

/* ---- What comes ---- */

static void take_range (struct fetching *f, struct piece *p, struct client_response *r)
{
    f->bytes += r->written;
    if (r->code != ERR_OK)
        fail (f, r->code, r->message);
    else if (r->written &&
             !s3_known_add (f->known, &f->n_known, (struct store_range){ p->range.at, r->written }))
        fail (f, ERR_LIMIT, "more ranges of an object than can be known");
}

/* Facts, from the first answer that has them. Others must be of the same version. */
static void take_version (struct fetching *f, const struct client_response *r)
{
    struct store_facts facts;
    struct error e;
    if (s3_facts_read (f->store->dialect, r, &facts, &e) != ERR_OK) {
        fail (f, e.code, e.message);
    } else if (s3_is_marker (f->h->key, facts.size)) {
        fail (f, ERR_NO_OBJECT, "it marks a folder and is no object");
    } else if (!f->has_facts) {
        f->facts = facts;
        f->has_facts = true;
    } else if (strcmp (f->facts.etag, facts.etag) != 0 || f->facts.size != facts.size) {
        fail (f, ERR_VERSION_CHANGED, "the object was replaced while it was read");
    }
}

static bool is_as_believed (const struct fetching *f)
{
    const struct store_facts *guess = &f->h->facts;
    return f->facts.size == guess->size && strcmp (f->facts.etag, guess->etag) == 0;
}

static void take_head (struct fetching *f, struct piece *p, struct client_response *r)
{
    if (r->code == ERR_OUT_OF_RANGE) { /* as any range of nothing is */
        f->is_empty = true;
        return;
    }
    take_range (f, p, r);
    if (r->code != ERR_OK)
        return;
    take_version (f, r);
    f->is_other = p->is_all && !is_as_believed (f);
    if (f->code == ERR_OK && !f->attributes)
        f->attributes = s3_attributes (f->store->dialect, r, &f->facts);
}

/* The tail where the caller believes it to be. If the object got shorter, the head tells. */
static void take_guess (struct fetching *f, struct piece *p, struct client_response *r)
{
    if (r->code == ERR_OUT_OF_RANGE)
        return;
    take_range (f, p, r);
    if (r->code == ERR_OK)
        take_version (f, r);
}

static void take_facts (struct fetching *f, struct piece *p UNUSED, struct client_response *r)
{
    if (r->code != ERR_OK) {
        fail (f, r->code, r->message);
        return;
    }
    take_version (f, r);
    if (f->code == ERR_OK)
        f->attributes = s3_attributes (f->store->dialect, r, &f->facts);
}

/* Whoever may not read tags does without. */
static void take_tags (struct fetching *f, struct piece *p UNUSED, struct client_response *r)
{
    struct error e;
    json_t *tags = NULL;
    if (r->code == ERR_STORE_DENIED || r->code == ERR_NO_OBJECT || r->code == ERR_BAD_REQUEST)
        return;
    if (r->code != ERR_OK)
        fail (f, r->code, r->message);
    else if (s3_tags_read (r->body ? r->body->data : NULL, r->body ? r->body->len : 0, &tags, &e) !=
             ERR_OK)
        fail (f, e.code, e.message);
    else
        json_object_set_new (f->attributes, "OSSTagging", tags);
}

/* ---- The first fetch ---- */

/* What is whole is never written again. */
static void seal (struct fetching *f)
{
    bool is_whole = f->n_known == 1 && f->known[0].length == f->facts.size;
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | (is_whole ? F_SEAL_WRITE : 0);
    if ((!is_whole && ftruncate (f->fd, (off_t) f->facts.size) < 0) ||
        fcntl (f->fd, F_ADD_SEALS, seals) < 0)
        fail (f, ERR_IO, g_strerror (errno));
    finish (f);
}

/* All bytes are there that were asked for, but perhaps the real tail; facts are there. */
static void after_head (struct fetching *f)
{
    f->n_pieces = 0;
    uint64_t tail = MIN (f->tail, f->facts.size);
    struct store_range want = { f->facts.size - tail, tail }, missing[STORE_RANGES + 1];
    unsigned n = s3_known_missing (f->known, f->n_known, want, missing);
    for (unsigned i = 0; i < n; i++)
        add_piece (f, missing[i], take_range);
    if (json_integer_value (json_object_get (f->attributes, "OSSTaggingCount")) > 0)
        add_piece (f, (struct store_range){ 0, 0 }, take_tags);
    next_wave (f, seal);
}

static void after_first (struct fetching *f);

/* The tail is where the caller, who may be wrong, believes the end to be. */
static void add_first (struct fetching *f, uint64_t size)
{
    /* Not 0 bytes: the answer must have facts, and a body if it is a refusal. */
    struct piece *p = add_piece (f, (struct store_range){ 0, MAX (f->head, 1) }, take_head);
    p->is_all = size > 0 && size <= f->head;
    if (f->tail > 0 && size > f->head) {
        uint64_t at = MAX (f->head, size - MIN (f->tail, size));
        add_piece (f, (struct store_range){ at, size - at }, take_guess);
    }
}

/* The facts of an object that was believed to be empty, or was when a range was asked for. */
static void after_facts (struct fetching *f)
{
    f->n_pieces = 0;
    if (f->facts.size == 0) {
        after_head (f);
    } else if (f->is_empty) {
        fail (f, ERR_VERSION_CHANGED, "the object was replaced while it was read");
        finish (f);
    } else {
        add_first (f, f->facts.size);
        next_wave (f, after_first);
    }
}

/* Without a range nothing but the length of an answer tells how large the object is, and that might
 * be cut: what is not as it was listed is asked for again, in a way that proves it. */
static void prove (struct fetching *f)
{
    f->n_pieces = 0;
    f->is_other = f->has_facts = false;
    f->n_known = 0;
    json_decref (g_steal_pointer (&f->attributes));
    if (ftruncate (f->fd, 0) < 0)
        fail (f, ERR_IO, g_strerror (errno));
    add_first (f, 0);
    next_wave (f, after_first);
}

static void after_first (struct fetching *f)
{
    if (f->is_other) {
        prove (f);
        return;
    }
    if (!f->is_empty) {
        after_head (f);
        return;
    }
    f->n_pieces = 0;
    f->has_facts = false; /* a guess that came was of another version, then */
    f->n_known = 0;
    add_piece (f, (struct store_range){ 0, 0 }, take_facts);
    next_wave (f, after_facts);
}

/* Ranges of empty objects are refused, by some stores in odd ways: who knows asks for facts. */
static enum err begin_first (struct fetching *f, struct error *e)
{
    f->fd = memfd_create ("object", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (f->fd < 0)
        return FAIL (e, IO, "'%s' cannot be fetched: no memory file: %s", f->h->key,
                     g_strerror (errno));
    const struct store_facts *guess = &f->h->facts;
    if (*guess->etag && guess->size == 0) {
        add_piece (f, (struct store_range){ 0, 0 }, take_facts);
        return send_wave (f, after_facts, e);
    }
    add_first (f, *guess->etag ? guess->size : 0);
    return send_wave (f, after_first, e);
}

/* ---- Later ones ---- */

static enum err begin_more (struct fetching *f, const struct store_range *more, size_t n,
                            struct error *e)
{
    struct store_handle *h = f->h;
    f->fd = h->fd;
    f->facts = h->facts;
    f->has_facts = true;
    memcpy (f->known, h->known, sizeof f->known);
    f->n_known = h->n_known;
    /* What is wanted, each byte once. */
    struct store_range wanted[STORE_RANGES], missing[STORE_RANGES + 1];
    unsigned n_wanted = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t at = MIN (more[i].at, h->facts.size);
        struct store_range r = { at, MIN (more[i].length, h->facts.size - at) };
        bool has_room = s3_known_add (wanted, &n_wanted, r);
        assert (has_room); /* n <= STORE_RANGES */
    }
    for (unsigned i = 0; i < n_wanted; i++) {
        unsigned found = s3_known_missing (h->known, h->n_known, wanted[i], missing);
        for (unsigned k = 0; k < found; k++) {
            if (f->n_pieces == WAVE_MAX)
                return FAIL (e, LIMIT, "'%s': too many ranges are wanted", h->key);
            add_piece (f, missing[k], take_range);
        }
    }
    if (f->n_pieces == 0)
        return FAIL (e, LIMIT, "'%s': there is nothing more to fetch", h->key);
    return send_wave (f, finish, e);
}

enum err s3_fetch (struct store_handle *h, uint64_t head, uint64_t tail,
                   const struct store_range *more, size_t n, store_fetched_fn *done, void *arg,
                   struct error *e)
{
    struct store_s3 *s = (struct store_s3 *) h->store;
    const char *name;
    enum err r = s3_object_bucket (s, h->bucket, h->key, &name, e);
    if (r != ERR_OK)
        return r;
    struct fetching *f = g_new0 (struct fetching, 1);
    f->store = s;
    f->h = h;
    f->bucket = g_strdup (name);
    f->done = done;
    f->arg = arg;
    f->head = head;
    f->tail = tail;
    f->fd = -1;
    f->is_first = h->fd < 0;
    pthread_mutex_init (&f->lock, NULL);
    r = f->is_first ? begin_first (f, e) : begin_more (f, more, n, e);
    if (r != ERR_OK)
        fetching_free (f);
    return r;
}
