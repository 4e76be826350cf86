/* What the files of this folder share; nothing else includes it.
 *
 * One `struct bound` stands for one binding that is being kept in step. It is reference-counted:
 * the table of the scan holds one reference, each thread and each job in flight that works for it
 * another. Once `is_ending` is set nothing is written for it any more; who wants to write takes the
 * bound's gate for reading first (bound_enter), and ending takes it for writing. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/limits.h"
#include "base/queue.h"
#include "index/files.h"
#include "index/work.h"
#include "scan/prefetch.h"
#include "scan/scan.h"
#include "scan/watch.h"
#include "store/store.h"
#include "wire/pool.h"

/* Range leases are renewed with each write of a cursor, at the latest this often. */
#define SCAN_FLUSH_MS     2000
#define SCAN_LEASE_NS     (60 * INT64_C (1000000000))
#define SCAN_PREFIXES_MAX 256 /* changed folders that are scanned one by one; more: everything */
#define SCAN_SETTLED_MS                                                                            \
    10000 /* a full scan ends this long after its listing, whatever is still restless */
#define SCAN_MOUNTS_MS                                                                             \
    60000 /* mounting and unmounting on the machine asks for a scan this often at most */
#define SCAN_LATER_MAX_S  300 /* longest pause between two tries of an object whose store failed */
#define SCAN_REFUSALS     4   /* of a remote store, one after the other, before its binding waits */
#define SCAN_AT_ONCE      4  /* tries of a remote object that is replaced, before they are spread */
#define SCAN_TEXTS        64 /* texts of scanned objects on their way at once */
#define SCAN_TEXTS_MS     100 /* until it is seen that nothing else is on its way any more */
#define SCAN_URGENT_SHARE 64  /* of LIMIT_JOBS_IN_FLIGHT, kept free for events */
#define SCAN_FAILS_MAX    3   /* ranges that fail in a row, until their store counts as down */
#define NS_PER_MS         INT64_C (1000000)
#define NS_PER_S          INT64_C (1000000000)

struct bound {
    atomic_int refs;
    struct scan *scan;
    int64_t id, dataset_id;
    char *project, *dataset, *bucket;
    struct dataset_db *db;

    pthread_rwlock_t gate;           /* see above */
    _Atomic (struct store *) remote; /* the store of its bucket (borrowed), once it was found and if
                                      * it is remote: it is not asked for the bucket time and again,
                                      * for each answer about an object tells of it too */
    atomic_bool is_ending;

    /* Under scan->lock from here on. */
    bool has_begun; /* bound_begin() was done */
    bool is_paused;
    int64_t budget_ns;           /* until then it has used its objects per second */
    bool knows_store, is_remote; /* which kind of store has the bucket */
    bool is_planning;            /* a scan thread decides what to scan */
    bool is_clearing;            /* a scan thread clears up after it */
    bool needs_scan;             /* of everything, as soon as no range is left */
    bool is_resumed; /* the ranges were left by another run: watches are missing, scan again after
                        them */
    bool may_have_ranges;
    bool force; /* next scan re-extracts what has other operators */
    bool forget_mounts;
    bool said_unwatched; /* that some folders are polled was logged */
    int ranges_running;
    uint64_t walked;         /* turn of the range that was taken last */
    GHashTable *failed;      /* set of ids (int64_t) of ranges that failed and did not end since */
    bool is_resting;         /* some of them wait for wake_ms; the others go on */
    int64_t wake_ms;         /* clock_mono_ms */
    unsigned fails_in_row;   /* of ranges, without a page in between */
    int64_t over_quota;      /* objects that this scan had to leave out */
    bool is_scanning;        /* the listing of a full scan is not complete */
    GHashTable *prefixes;    /* changed folders to scan: char * set */
    int64_t scan_started_ms; /* the last full one */
    int64_t next_scan_ms, next_poll_ms, retry_ms; /* clock_mono_ms; retry_ms 0: not failing */
    enum binding_state state;                     /* as the catalogue has it */
    enum binding_phase phase;
    char *reason;
    char *gap_reason; /* why part of this scan could not be seen, or NULL */
    enum err gap_code;
    int64_t ranges_done_ms; /* when the listing of the first scan ended; 0: it has not */
    uint32_t operators;
    struct quotas quotas;

    GPtrArray *mounts; /* struct store_mount: identities as the last scan found them; NULL before */

    GHashTable *in_flight; /* set of work ids: int64_t keys, owned */
    unsigned background_in_flight;
    int64_t next_work_ns;             /* no work is due before */
    bool is_starved;                  /* scan work was left because too much was in flight */
    bool is_dirtied;                  /* events came since nothing was in flight */
    unsigned refusals;                /* of a remote store, since it last answered */
    char *refusal;                    /* why the binding waits because of them, or NULL */
    uint64_t served;                  /* turn of the indexer that served it last */
    int64_t rate_since_ms, rate_done; /* for the estimate: results since */
    double rate;                      /* objects a second, smoothed; 0: not known */
};

/* Listing a folder is work, listing a remote bucket is waiting: each has threads of its own. */
enum walk_kind { WALK_LOCAL, WALK_REMOTE, WALK_KINDS };

struct scan {
    struct scan_options o;
    char *server; /* owner of leases */
    pthread_mutex_t lock;
    pthread_cond_t scan_wake, index_wake; /* CLOCK_MONOTONIC */
    GHashTable *bounds;                   /* int64_t id -> struct bound */
    GPtrArray *ended; /* struct bound, owned: what is left to clear up after unbinding */
    GArray *purges;   /* int64_t: datasets that a bucket is being purged of, once a call */
    bool is_stopping;
    unsigned background_in_flight, urgent_in_flight;
    unsigned texts_in_flight; /* of background_in_flight: rows that get their text */
    size_t results_bytes;     /* of `results` and what is being stored */
    struct pool *pool;
    struct watch *watch;
    struct queue *results; /* struct extraction */
    pthread_t index_thread, write_thread;
    pthread_t *scan_threads;
    unsigned n_scan_threads;
    unsigned walks[WALK_KINDS], walks_max[WALK_KINDS]; /* threads that plan or walk, and may */
    uint64_t walk_turn;

    /* Of remote objects, under `lock`: see remote.c. */
    GQueue fetches_waiting[2]; /* struct extraction: for room; those that go first, the others */
    uint64_t fetched_bytes;    /* that they hold, or will when their fetch has ended */
    unsigned fetching_objects; /* that are on their way and do not wait for room */
    unsigned fetches;          /* calls of store_fetch() that have not ended */
    bool is_letting_go;
    pthread_cond_t fetches_ended;
    struct queue *lookups; /* struct extraction: cannot be read, but are there */
    pthread_t lookup_thread;
    GHashTable *kept;    /* see kept.c */
    uint64_t kept_bytes; /* of fetched_bytes: kept, or to be kept if there is a text */
    unsigned n_kept;     /* the same, objects */
    unsigned kept_max;   /* of these: a descriptor each */
};

/* bound.c */
struct bound *bound_ref (struct bound *b);
void bound_unref (struct bound *b);
NODISCARD enum err bound_new (struct scan *s, const struct binding *binding, struct bound **ret,
                              struct error *e);
/* Makes its rows in the dataset, after the leftovers of an earlier binding of the bucket have gone:
 * maybe millions. */
NODISCARD enum err bound_begin (struct bound *b, struct error *e);
/* True if writing for it is allowed; then bound_leave() ends it. */
bool bound_enter (struct bound *b);
void bound_leave (struct bound *b);
/* Ends it: waits for those inside. */
void bound_end (struct bound *b);
/* Reads template and quotas from the catalogue anew. */
void bound_refresh (struct bound *b);
/* Writes state, phase and reason to the catalogue if they differ. With scan->lock held. */
void bound_set_state (struct bound *b, enum binding_state state, enum binding_phase phase,
                      const char *reason);
/* False if the root of the bucket is not known to be the one that was bound, or cannot be asked. */
bool bound_has_its_root (struct bound *b);
/* Identities as struct store_mount, from struct store_mount, from the index (struct work_mount). */
struct store_mount *bound_copy_mount (const struct store_mount *m);
GPtrArray *bound_copy_mounts (const GPtrArray *stored);
/* Keeps them (struct work_mount) in memory too, for objects that seem to be gone. */
void bound_remember_mounts (struct bound *b, const GPtrArray *stored);

/* merge.c: one listing page against the index. */
struct merge {
    struct dataset_db *db;
    const char *bucket;
    const char *before; /* end of the range */
    uint32_t extractor, operators;
    bool force;
    bool is_remote;         /* objects of the store appear whole, at once */
    struct index_page rows; /* read ahead */
    guint next;
    char *last; /* key of the last row that was read */
    bool rows_done;
    GArray *puts;       /* struct merge_put of this page */
    GPtrArray *deletes; /* const char * */
    GStringChunk *deleted_keys;
    int64_t listed, unchanged;
};
void merge_init (struct merge *m, struct dataset_db *db, const char *bucket, const char *after,
                 const char *before);
void merge_clear (struct merge *m);
/* Fills puts, deletes, listed and unchanged for the page. */
NODISCARD enum err merge_page (struct merge *m, const struct store_page *page, int64_t now_ns,
                               struct error *e);

/* scanner.c */
void *scanner_run (void *scan);

/* ranges.c */
/* A binding that a scan thread should look after now (a reference, is_planning set), or NULL: the
 * one with the fewest ranges under way. It counts among s->walks[*ret_kind] until the thread has
 * done. With scan->lock. */
struct bound *ranges_next_bound (struct scan *s, int64_t now_ms, enum walk_kind *ret_kind);
/* A binding that was deleted and is to be cleared up (borrowed, is_clearing set), or NULL. With
 * scan->lock. */
struct bound *ranges_next_ended (struct scan *s);
/* When the next one is due, at most a second from now. With scan->lock. */
int64_t ranges_next_due_ms (struct scan *s, int64_t now_ms);
/* Starts a scan if one is due, and leases a range of it: NOT_FOUND if there is none. Ends
 * is_planning. */
NODISCARD enum err ranges_take (struct bound *b, struct range **ret, struct error *e);
/* Of a remote bucket, while a range of it is walked. The range is long and threads are idle: split
 * it. Another binding has fewer ranges under way and waits for a thread: give the range back. */
bool ranges_should_split (struct bound *b);
bool ranges_should_yield (struct bound *b);
/* A page of a range was listed. */
void ranges_listed (struct bound *b);
/* A range was walked to its end and released; given back before its end; failed. */
void ranges_ended (struct bound *b, const struct range *range, int64_t over_quota);
void ranges_left (struct bound *b);
void ranges_failed (struct bound *b, const struct error *why);
/* True if only this range is to be left alone for a while, not the whole binding; then it rests:
 * asked once, before it is given back. */
bool ranges_rest (struct bound *b, const struct range *range, const struct error *why);
/* The store or the index fails: nothing is done for the binding until it is tried again, all of it.
 * With scan->lock. */
void ranges_retry_later (struct bound *b, const char *why);

/* indexer.c */
void *indexer_run (void *scan);
/* writer.c */
void *writer_run (void *scan);

/* Of a remote object on its way. */
struct remote {
    const struct prefetch *prefetch;
    uint64_t head, tail;                   /* of the first fetch */
    struct store_range more[STORE_RANGES]; /* of later ones; n_more 0: it is the first */
    unsigned n_more;
    uint64_t wanted, reserved; /* bytes of the next fetch; of all */
    atomic_uint under_way;     /* fetches: the object's, the sidecar's */
    uint64_t kept;             /* bytes that kept_reserve() reserved */
    enum err sidecar_code;
    bool is_final;  /* the worker has to make do with what is known */
    bool has_facts; /* the store told them apart from its content */
};

/* One object on its way from work through a worker to the index. */
struct extraction {
    struct bound *bound; /* a reference */
    struct work_item *item;
    struct store_handle handle, sidecar; /* sidecar.fd -1: it has none, or is not extracted */
    struct remote remote;                /* if handle.is_remote */
    uint32_t operators;
    enum err code;     /* of opening or of the worker */
    char message[256]; /* why; OK: what was left out */
    json_t *meta;
    bool left_text; /* `meta` has no text, but may get one */
    size_t bytes;   /* that `meta` came in */
    bool is_unchanged;
    bool is_restless; /* it was written a moment ago, and maybe still is */
    int64_t again_ns; /* when its work is due again; INT64_MAX: it is done */
};
void extraction_free (struct extraction *x);
/* Sends it to a worker. It belongs to the pool then, and may be answered and gone already. */
NODISCARD enum err extraction_submit (struct extraction *x, struct error *e);
/* The end of its way; whatever it is. */
void extraction_to_writer (struct extraction *x);
/* The row says that this version was extracted as it would be now. */
bool extraction_is_indexed (const struct extraction *x);
/* Its work has waited for it to rest as long as work may. */
bool extraction_is_overdue (const struct extraction *x);

/* remote.c: no call waits, but for remote_stop(). Each takes the extraction. */
/* `sidecar`: key of what belongs to it, or NULL. */
void remote_begin (struct extraction *x, struct store *store, const char *sidecar);
/* Its worker asks for more. */
void remote_need (struct extraction *x, const struct frame_need *need);
/* Its worker has answered: nothing of it is needed any more. */
void remote_end (struct extraction *x);
/* The scan is stopping: ends all fetches, and waits until they have. */
void remote_stop (struct scan *s);
void *remote_run_lookups (void *scan);

/* kept.c */
void kept_init (struct scan *s);
/* True if there is room to keep all of it for a text that follows its row. */
bool kept_reserve (struct extraction *x);
/* Its row is to be written: keeps it if its text is to follow. With scan->lock. */
void kept_settle (struct extraction *x);
/* What was kept of it becomes its handle, if it is what the row is of; then it is among those that
 * are fetched. */
bool kept_take (struct extraction *x);
/* No text of that binding is to follow any more. With scan->lock. */
void kept_forget (struct scan *s, const struct bound *b);

/* events.c: a watch_fn; `scan` is its argument. */
void events_receive (void *scan, int64_t binding, const struct watch_event *events, size_t n);
/* What begins with `prefix` is to be scanned; a folder whose parent is, too, needs no scan of its
 * own, and too many become a scan of everything. With scan->lock. */
void events_add_prefix (struct bound *b, const char *prefix);
/* The folders that cannot be watched become prefixes to scan. */
void events_poll_folders (struct bound *b);
