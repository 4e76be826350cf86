/* Stores: where the objects of buckets are. A back-end is one `const struct store_ops`, picked by
 * kind.
 *
 * Objects are named by keys: UTF-8 without NUL, at most LIMIT_KEY_MAX bytes, in byte order. A
 * listing is a cursor that yields pages in strictly ascending key order. What a listing could not
 * see, it says (gaps), so that nobody takes "not seen" for "not there".
 *
 * Threads: a store may be used by any number of threads at once; a listing or a handle by one at a
 * time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <jansson.h>

#include "base/error.h"

#define STORE_ETAG_SIZE  64
#define STORE_CLASS_SIZE 32
#define STORE_RANGES     16 /* ranges of an object that a handle can know */

/* The facts of an object that a listing knows. etag, size and mtime together are its version.
 * Remote stores give whole seconds, as their headers do. */
struct store_facts {
    uint64_t size;                        /* bytes */
    int64_t mtime_ns;                     /* last modification, ns UTC since 1970 */
    char etag[STORE_ETAG_SIZE];           /* without quotes; upper-case hex where we make it */
    char storage_class[STORE_CLASS_SIZE]; /* as the store spells it; "": it does not say */
};

/* Bytes [at, at + length) of an object. */
struct store_range {
    uint64_t at, length;
};

struct store_object {
    const char *key; /* owned by the page */
    struct store_facts facts;
};

/* A range of keys, [lo, hi), of which the page knows nothing: an unreadable folder, a mount point
 * that is not the one it was. `hi` NULL: to the end. */
struct store_gap {
    char *lo, *hi;
    enum err code; /* STORE_DENIED, STORE_CHANGED, STORE_DOWN */
    char *message;
};

/* `lo` and `message` are copied, `hi` is taken. */
struct store_gap *store_gap_new (const char *lo, char *take_hi, enum err code, const char *message);
void store_gap_free (void *gap);

/* Something in the bucket that cannot be an object: `key` holds raw bytes made printable (\xHH). */
struct store_reject {
    char *key;
    char *reason;
};

/* One page. All objects lie in (after, upto]; `upto` NULL: to the end of the listing (then
 * is_last). The page is complete for that range but for its gaps. `after` is the `upto` of the page
 * before, which may be the same (a page of rejects only). A gap may reach beyond the page; it is
 * told again by each page that it touches.
 *
 * Complete means: as of some moment since store_list_open(), because the names of a folder are read
 * once and then given out page by page. So what the index learned after that is not contradicted by
 * a page: compare with the moment of store_list_open(), or ask store_head() before deleting. */
struct store_page {
    GArray *objects;    /* struct store_object, strictly ascending by key */
    GPtrArray *gaps;    /* struct store_gap */
    GPtrArray *rejects; /* struct store_reject */
    GPtrArray *mounts;  /* struct store_mount: the root's in the first page, then each mount point
                         * that was entered; to be known_mounts of the next listing */
    GStringChunk *keys; /* memory of the keys */
    char *upto;
    bool is_last;
};

void store_page_init (struct store_page *p);
void store_page_reset (struct store_page *p); /* empties it, keeps its memory */
void store_page_clear (struct store_page *p);

/* Adds a reject; the raw bytes of the key are made printable here. */
void store_page_add_reject (struct store_page *p, const char *raw, size_t len, const char *reason);

/* Identity of a file system below a bucket: its root ("" as prefix) and each mount point ("a/b/").
 */
struct store_mount {
    char *prefix;
    uint64_t device, inode, fsid;
};

void store_mount_free (void *mount);

/* True if it is another file system, or another folder of one. Device numbers change when a machine
 * starts again, so they count only where there is no fsid (network and FUSE file systems). */
bool store_mount_is_changed (const struct store_mount *a, const struct store_mount *b);

/* What a listing tells and asks while it walks. All may be NULL. */
struct store_list_hooks {
    /* Called before a folder's names are read, with a descriptor of it (borrowed) and its prefix
     * ("" or "a/b/"): the place to set a watch, so that nothing changes unseen between watch and
     * listing. */
    void (*on_folder) (void *arg, int dir_fd, const char *prefix);
    void *arg;
    /* Mounts known from before (struct store_mount); a difference makes a gap with STORE_CHANGED,
     * or fails the listing if it is the root. NULL: accept what is there. */
    const GPtrArray *known_mounts;
    /* Asked every few entries: true makes store_list_next() give up with CLOSED. */
    bool (*is_stopped) (void *arg);
    /* How many keys from behind `after` to the end of the listing the caller knows of, at most
     * `max`. Stores that cannot be told where to end are asked for little more than these. Called
     * from store_list_next(), if the listing has an end. */
    size_t (*count_known) (void *arg, const char *after, size_t max);
};

struct store;
struct store_listing;

/* An object that was opened to be read. Of a remote one the descriptor is a memory file as large as
 * the object, of which only the known ranges are filled; the rest reads as zeros. */
struct store_handle {
    int fd;                   /* readable, seekable; -1 once taken, or before the first fetch */
    struct store_facts facts; /* as they were when it was opened */
    struct store *store;      /* borrowed */
    char *bucket, *key;
    bool is_remote;
    bool is_urgent;                         /* fetches go before others; set by who reads */
    struct store_range known[STORE_RANGES]; /* of a remote one: ascending, apart, not empty */
    unsigned n_known;
    uint64_t bytes_fetched; /* of bodies, all rounds together */
    unsigned rounds;        /* fetches that succeeded */
    json_t *attributes; /* of a remote one: File members that the store tells, an object; or NULL */
};

/* The handle of a remote object before its first fetch. */
void store_handle_init (struct store_handle *h, struct store *s, const char *bucket,
                        const char *key);
void store_handle_clear (struct store_handle *h);

/* True if all of the object is there: no fetch can bring more. */
bool store_handle_is_whole (const struct store_handle *h);

/* A descriptor of its own for somebody who may only read: the caller closes it. Each has its own
 * position. IO if the system gives none. */
NODISCARD enum err store_handle_reader (const struct store_handle *h, int *ret_fd, struct error *e);

/* Told when a fetch has ended, on the thread that fetches, which it must not block; it may begin
 * the next fetch. `message` is a sentence for people, "" after OK. */
typedef void store_fetched_fn (void *arg, enum err code, const char *message);

/* Where an object was found just now: the next one of the same folder is found in fewer steps.
 * Nobody but the store looks inside. It is forgotten after LIMIT_NEAR_MS, for folders move. */
struct store_near {
    struct store *store; /* NULL: nothing is known */
    char *bucket, *prefix;
    int root, folder;
    int64_t until_ms;
};

void store_near_init (struct store_near *n);
void store_near_clear (struct store_near *n);
#define _cleanup_near_ __attribute__ ((cleanup (store_near_clear)))

/* How a bucket is to report its changes (store/notify.h), or that it is to stop. */
struct notify_style;
struct store_notify {
    const struct notify_style *style;
    const char *id;      /* of the configuration and, where we make one, of the topic */
    const char *address; /* what is posted to, with a secret in it: for topics that we make */
    const char *target;  /* ARN of where events go; "" where we make it */
    bool is_removal;
};

struct store_ops {
    const char *kind; /* "dir" */
    void (*free) (struct store *s);
    /* Adds a char * (caller frees) for each bucket that can be bound, in byte order. */
    enum err (*buckets) (struct store *s, GPtrArray *names, struct error *e);
    /* OK if the bucket exists and can be read: NO_BUCKET, STORE_DENIED, STORE_CREDENTIALS,
     * STORE_DOWN otherwise. Waits no longer than that for a network. */
    enum err (*check) (struct store *s, const char *bucket, uint32_t wait_ms, struct error *e);
    /* The mounts of a bucket's root as they are now (struct store_mount); only the root's is sure
     * to be in it. Stores without such a thing give an empty array. */
    enum err (*mounts) (struct store *s, const char *bucket, GPtrArray *ret, struct error *e);
    enum err (*list_open) (struct store *s, const char *bucket, const char *after,
                           const char *before, const struct store_list_hooks *hooks,
                           struct store_listing **ret, struct error *e);
    enum err (*list_next) (struct store_listing *l, size_t max, struct store_page *page,
                           struct error *e);
    void (*list_close) (struct store_listing *l);
    enum err (*head) (struct store *s, const char *bucket, const char *key, struct store_facts *ret,
                      struct error *e);
    /* The same, in fewer steps; NULL: there are no fewer. */
    enum err (*head_near) (struct store *s, const char *bucket, const char *key,
                           struct store_near *near, struct store_facts *ret, struct error *e);
    enum err (*open) (struct store *s, const char *bucket, const char *key, struct store_near *near,
                      struct store_handle *ret, struct error *e);
    enum err (*verify) (struct store_handle *h, struct store_near *near, struct error *e);
    /* Stores that report changes by themselves; NULL: they are watched, or cannot. */
    enum err (*notify) (struct store *s, const char *bucket, const struct store_notify *n,
                        char **ret_target, struct error *e);
    /* What the store calls the bucket, borrowed; NULL: the same. */
    const char *(*own_name) (struct store *s, const char *bucket);
    /* Remote stores only; NULL: objects are opened. */
    enum err (*fetch) (struct store_handle *h, uint64_t head, uint64_t tail,
                       const struct store_range *more, size_t n, store_fetched_fn *done, void *arg,
                       struct error *e);
    /* The same: fetches that are under way end soon, with CLOSED. */
    void (*cancel) (struct store *s);
    /* Stores that can be written. */
    enum err (*put) (struct store *s, const char *bucket, const char *key, const void *bytes,
                     size_t len, const char *content_type, struct error *e);
};

/* Back-ends embed these as the first members of their own. */
struct store {
    const struct store_ops *ops;
    char *name;
};

struct store_listing {
    const struct store_ops *ops;
};

/* Calls of the operations above, with their contracts:
 *
 * store_list_open: keys in (after, before); NULL: no bound. `before` lets a range end. NO_BUCKET,
 * STORE_DENIED, STORE_DOWN, STORE_CHANGED (root). `hooks` must outlive the listing.
 * store_list_next: at most `max` objects into `page` (reset first). After is_last it must not be
 * called. Any error: nothing may be concluded, close the listing. store_head: facts now; NO_OBJECT
 * if there is none, NOT_A_FILE for what is no regular file. store_open: opens it for reading, never
 * blocks on a FIFO or device; facts are of the open descriptor. store_verify: VERSION_CHANGED if
 * the facts of what has the name now, inode included, are no longer those of the handle; NO_OBJECT
 * if the name is gone, NOT_A_FILE if it is something else now. `near` may be NULL; it helps, and
 * holds what was found. */
void store_free (struct store *s);
NODISCARD enum err store_buckets (struct store *s, GPtrArray *names, struct error *e);
NODISCARD enum err store_check (struct store *s, const char *bucket, struct error *e);
NODISCARD enum err store_mounts (struct store *s, const char *bucket, GPtrArray *ret,
                                 struct error *e);
NODISCARD enum err store_list_open (struct store *s, const char *bucket, const char *after,
                                    const char *before, const struct store_list_hooks *hooks,
                                    struct store_listing **ret, struct error *e);
NODISCARD enum err store_list_next (struct store_listing *l, size_t max, struct store_page *page,
                                    struct error *e);
void store_list_close (struct store_listing *l);
NODISCARD enum err store_head (struct store *s, const char *bucket, const char *key,
                               struct store_facts *ret, struct error *e);
NODISCARD enum err store_head_near (struct store *s, const char *bucket, const char *key,
                                    struct store_near *near, struct store_facts *ret,
                                    struct error *e);
NODISCARD enum err store_open (struct store *s, const char *bucket, const char *key,
                               struct store_near *near, struct store_handle *ret, struct error *e);
NODISCARD enum err store_verify (struct store_handle *h, struct store_near *near, struct error *e);

/* True if objects are fetched over a network, by ranges: store_fetch() in place of store_open(). */
bool store_is_remote (const struct store *s);

/* Fetches parts of a remote object in the background. The first fetch of a handle (fd -1) makes the
 * memory file and brings facts, attributes, the first `head` bytes and the last `tail`; `more` is
 * not looked at. If h->facts has an etag then, its size is taken for the object's, which saves a
 * round trip for the tail; if it is not, nothing but time is lost. Later ones bring the ranges of
 * `more` (cut at the object's end; what is known already is not fetched again; at most STORE_RANGES
 * of them), if the object is still the one that facts.etag names. OK: `done` will be called once,
 * and the handle is the store's until then. Any error: it will not, and nothing began (BUSY: too
 * much waits already; CLOSED: the store ends). `done` gets OK, BUSY, NO_OBJECT, NO_BUCKET,
 * VERSION_CHANGED, STORE_DENIED, STORE_ARCHIVED, STORE_CREDENTIALS, STORE_DOWN (nothing is known),
 * LIMIT (more ranges than a handle can know), IO or CLOSED. After an error the handle has what it
 * had. */
NODISCARD enum err store_fetch (struct store_handle *h, uint64_t head, uint64_t tail,
                                const struct store_range *more, size_t n, store_fetched_fn *done,
                                void *arg, struct error *e);

/* Every fetch that is under way ends soon, with CLOSED, unless it was over already. Does not wait.
 */
void store_cancel (struct store *s);

/* Writes an object of at most LIMIT_STORE_BODY bytes, in place of what has the key; once it
 * returns, a power cut takes nothing of it back. STORE_DENIED if the store is not writable,
 * NO_OBJECT for a key that none can have. `content_type` may be NULL. */
NODISCARD enum err store_put (struct store *s, const char *bucket, const char *key,
                              const void *bytes, size_t len, const char *content_type,
                              struct error *e);

/* Has a bucket report its changes, beside what others set up; again: as told last. *ret_target: ARN
 * of where they go; caller frees. NOT_IMPLEMENTED if the store cannot. */
NODISCARD enum err store_notify (struct store *s, const char *bucket, const struct store_notify *n,
                                 char **ret_target, struct error *e);

/* The name of the bucket in what the store reports. Borrowed. */
const char *store_own_name (struct store *s, const char *bucket);

/* True if two versions are the same. */
bool store_facts_equal (const struct store_facts *a, const struct store_facts *b);

/* True for a class whose objects must be restored before they can be read. */
bool store_class_is_archived (const char *storage_class);

/* The first key after all that begin with `prefix`: "a/b/" gives "a/b0". NULL: there is none. The
 * caller frees. */
char *store_prefix_end (const char *prefix);

/* ---- All stores of a server. A bucket name is unique across them. ---- */

struct stores;
struct stores *stores_new (void);
void stores_free (struct stores *all);

/* Takes ownership of `s`. Stores are added before threads share them. */
void stores_add_take (struct stores *all, struct store *s);

/* True if one of them is remote. */
bool stores_have_remote (const struct stores *all);

/* The store that has the bucket (borrowed); NO_BUCKET if none has, CONFLICT if several have,
 * STORE_DENIED, STORE_CREDENTIALS and STORE_DOWN as check() says: a store that cannot be asked may
 * have it. Once found, a bucket is sought nowhere else as long as that store does not say that it
 * is gone; what a remote store said is believed for LIMIT_STORE_CHECK_MS (LIMIT_STORE_RECHECK_MS if
 * it was an error), so this may be called for each object. Waits LIMIT_STORE_WAIT_MS at most, all
 * stores together. */
NODISCARD enum err stores_find (struct stores *all, const char *bucket, struct store **ret,
                                struct error *e);

/* True if that will wait for no network: the bucket is a folder, as far as is known, or no store is
 * remote. */
bool stores_find_is_cheap (struct stores *all, const char *bucket);

/* stores_find(), but asks now, whatever was said before: for a person who waits for the answer. */
NODISCARD enum err stores_ask (struct stores *all, const char *bucket, struct store **ret,
                               struct error *e);

/* The same as stores_find(), without a look if an object of that bucket was found just now. */
NODISCARD enum err stores_find_near (struct stores *all, const char *bucket,
                                     const struct store_near *near, struct store **ret,
                                     struct error *e);

struct store_bucket {
    char *name;
    struct store *store; /* borrowed */
};
void store_bucket_free (void *bucket);

/* Adds a struct store_bucket for each bucket of each store, by name, and by store where several
 * have the name. What is missing is told in `faults`: sentences (char *, caller frees). */
void stores_list (struct stores *all, GPtrArray *ret, GPtrArray *faults);

/* store_cancel() of all that are remote. */
void stores_cancel (struct stores *all);

/* True for 3 to 63 of a-z, 0-9 and '-', starting and ending with a letter or digit (OSS bucket
 * naming). */
bool store_bucket_name_is_legal (const char *name);
