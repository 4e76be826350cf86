/* A store in memory whose every call can be watched and disturbed at an exact point, for tests of
 * the rules that hold between listing, events and extraction. */
#pragma once

#include "store/store.h"

enum fake_point {
    FAKE_LIST_OPEN,
    FAKE_LIST_PAGE,
    FAKE_OPEN,
    FAKE_OPENED,
    FAKE_HEAD,
    FAKE_VERIFY,
    FAKE_FETCH, /* `page` is the round, from 0 */
    FAKE_PUT,
};

struct fake;

/* Called before (FAKE_OPENED: after) the step; `key` of a listing is what it is after (NULL: the
 * start; of a page: what it was opened with), `page` counts from 0.
 * What it returns but OK becomes the step's result. Runs without the fake's lock, on the product's
 * threads. */
typedef enum err fake_hook (void *arg, struct fake *f, enum fake_point point, const char *key,
                            int page);

/* A store with one bucket, "fake", pages of `page_size` keys. The store is owned by who gets
 * fake_store(). */
struct fake *fake_new (size_t page_size);
struct store *fake_store (struct fake *f);

/* Makes or replaces an object (a new version each time); removes it. */
void fake_put (struct fake *f, const char *key, const void *bytes, size_t len);
/* The same; the bytes may be shared by many. */
void fake_put_bytes (struct fake *f, const char *key, GBytes *bytes);
void fake_touch (struct fake *f, const char *key, int64_t mtime_ns);
void fake_remove (struct fake *f, const char *key);
/* What the listing says about the object from now on: a gap from `lo` to `hi` (NULL: no gap). */
void fake_set_gap (struct fake *f, const char *lo, const char *hi);
/* Keys of a page from now on. */
void fake_set_page_size (struct fake *f, size_t n);
/* The storage class of an object. What is archived is listed, but not fetched. */
void fake_set_class (struct fake *f, const char *key, const char *storage_class);
/* There is no such bucket, for a while. */
void fake_set_missing (struct fake *f, bool is_missing);
/* The root's identity. */
void fake_set_root (struct fake *f, uint64_t inode);
/* Objects are fetched from now on, on a thread of the fake's own. */
void fake_set_remote (struct fake *f);
/* While held, fetches wait. */
void fake_hold (struct fake *f, bool is_held);
void fake_set_hook (struct fake *f, fake_hook *hook, void *arg);

unsigned fake_opens (struct fake *f);    /* calls of open so far */
unsigned fake_waiting (struct fake *f);  /* fetches that wait now */
unsigned fake_fetches (struct fake *f);  /* fetches that were done so far, or failed */
uint64_t fake_fetched (struct fake *f);  /* bytes that they brought */
unsigned fake_pages (struct fake *f);    /* pages that were listed */
unsigned fake_listings (struct fake *f); /* listings that came to their end */
