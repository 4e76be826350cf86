/* What a rendition is made of: objects in their versions, and the canonical text. Two requests with
 * the same digest want the same bytes. */
#pragma once

#include "media/cache.h"
#include "media/facts.h"
#include "media/media.h"
#include "process/process.h"
#include "wire/pool.h"

#define WANTED_OBJECTS (1 + FRAME_EXTRAS)

struct wanted_object {
    char *key;
    struct store_facts facts;
};

struct wanted {
    char *bucket, *text;
    size_t text_length;
    struct wanted_object objects[WANTED_OBJECTS]; /* the source, then those of watermarks */
    unsigned n_objects;
    bool is_known;             /* all facts, and so the digest */
    uint8_t digest[CACHE_KEY]; /* SHA-256 */
};

/* PROCESS_ARGUMENT if the text is too long. */
NODISCARD enum err wanted_init (struct wanted *w, const struct media_request *r, struct error *e);
void wanted_clear (struct wanted *w);

/* Asks for the facts; if some would have to be waited for and may not, is_known stays false. */
NODISCARD enum err wanted_ask (struct wanted *w, struct facts *f, bool may_wait, struct error *e);

/* Forgets what was said of the objects. */
void wanted_forget (struct wanted *w, struct facts *f);

/* For tables whose keys are digests. */
guint wanted_hash (gconstpointer digest);
gboolean wanted_equal (gconstpointer a, gconstpointer b);

/* 32 of 0-9A-F, of the digest. */
void wanted_etag (const struct wanted *w, char ret[MEDIA_ETAG_SIZE]);
