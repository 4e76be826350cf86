/* What a rendition is made of, and the hash over it. */
#include "media/wanted.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"

enum err wanted_init (struct wanted *w, const struct media_request *r, struct error *e)
{
    const struct process_source *sources[LIMIT_PROCESS_SOURCES];
    static_assert (LIMIT_PROCESS_SOURCES == FRAME_EXTRAS, "a frame has room for every source");
    g_autofree char *text = process_canonical (r->process);
    size_t length = strlen (text);
    if (length == 0 || length > LIMIT_PROCESS_TEXT)
        return FAIL (e, PROCESS_ARGUMENT, "The process text has %zu bytes, more than %llu.", length,
                     LIMIT_PROCESS_TEXT);
    size_t n = process_sources (r->process, sources);
    *w = (struct wanted){ .bucket = g_strdup (r->bucket),
                          .text = g_steal_pointer (&text),
                          .text_length = length };
    w->objects[w->n_objects++].key = g_strdup (r->key);
    for (size_t i = 0; i < n; i++)
        w->objects[w->n_objects++].key = g_strdup (sources[i]->key);
    return ERR_OK;
}

void wanted_clear (struct wanted *w)
{
    for (unsigned i = 0; i < w->n_objects; i++)
        g_free (w->objects[i].key);
    g_free (w->bucket);
    g_free (w->text);
    *w = (struct wanted){ .bucket = NULL };
}

/* ---- The digest ---- */

/* With its length, so that no two lists of texts hash alike. */
static void feed (GChecksum *c, const void *bytes, size_t n)
{
    uint64_t length = n;
    g_checksum_update (c, (const guchar *) &length, sizeof length);
    g_checksum_update (c, bytes, (gssize) n);
}

static void feed_text (GChecksum *c, const char *text)
{
    feed (c, text, strlen (text));
}

static void make_digest (struct wanted *w)
{
    const uint32_t version = RENDER_VERSION;
    gsize length = CACHE_KEY;
    g_autoptr (GChecksum) c = g_checksum_new (G_CHECKSUM_SHA256);
    feed (c, &version, sizeof version);
    feed_text (c, w->bucket);
    feed_text (c, w->text);
    for (unsigned i = 0; i < w->n_objects; i++) {
        const struct wanted_object *o = &w->objects[i];
        feed_text (c, o->key);
        feed_text (c, o->facts.etag);
        feed (c, &o->facts.size, sizeof o->facts.size);
        feed (c, &o->facts.mtime_ns, sizeof o->facts.mtime_ns);
    }
    g_checksum_get_digest (c, w->digest, &length);
}

guint wanted_hash (gconstpointer digest)
{
    guint r;
    memcpy (&r, digest, sizeof r); /* of a hash: as good as any part of it */
    return r;
}

gboolean wanted_equal (gconstpointer a, gconstpointer b)
{
    return memcmp (a, b, CACHE_KEY) == 0;
}

void wanted_etag (const struct wanted *w, char ret[MEDIA_ETAG_SIZE])
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < MEDIA_ETAG_SIZE / 2; i++) {
        ret[2 * i] = digits[w->digest[i] >> 4];
        ret[2 * i + 1] = digits[w->digest[i] & 15];
    }
    ret[MEDIA_ETAG_SIZE - 1] = '\0';
}

/* ---- Facts ---- */

/* A watermark that is not there is no missing source. */
static enum err blame (unsigned i, const char *key, enum err r, struct error *e)
{
    if (i > 0 && (r == ERR_NO_OBJECT || r == ERR_NOT_A_FILE))
        return FAIL (e, WATERMARK, "The object '%s' of a watermark does not exist.", key);
    return r;
}

enum err wanted_ask (struct wanted *w, struct facts *f, bool may_wait, struct error *e)
{
    bool is_known = true;
    w->is_known = false;
    for (unsigned i = 0; i < w->n_objects && is_known; i++) {
        struct wanted_object *o = &w->objects[i];
        enum err r = facts_get (f, w->bucket, o->key, may_wait, &o->facts, &is_known, e);
        if (r != ERR_OK)
            return blame (i, o->key, r, e);
    }
    w->is_known = is_known;
    if (is_known)
        make_digest (w);
    return ERR_OK;
}

void wanted_forget (struct wanted *w, struct facts *f)
{
    for (unsigned i = 0; i < w->n_objects; i++)
        facts_forget (f, w->bucket, w->objects[i].key);
    w->is_known = false;
}
