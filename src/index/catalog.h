/* The catalogue: definitions of projects, datasets, bindings and attachments. Small, always
 * durable: every write was told to somebody and survives a power cut before the call returns.
 *
 * Threads: any. Writes are serialised inside. Structs that are returned are owned by the caller. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "base/error.h"

struct catalog;

/* Quotas of a dataset; a project's are the defaults of its datasets (spec section 5). */
struct quotas {
    int64_t max_bind_count, max_file_count, max_entity_count, max_relation_count,
        max_total_file_size;
};

struct tag {
    char *key, *value;
};

struct project {
    int64_t id;
    char *name, *description, *template_id, *service_role; /* never NULL; "" if not set */
    struct quotas quotas;
    int64_t max_dataset_count;
    GPtrArray *tags; /* struct tag; may be NULL */
    int64_t create_ns, update_ns;
    int64_t dataset_count; /* filled by get and list */
};

struct dataset {
    int64_t id; /* never used again; names the dataset's file */
    int64_t project_id;
    char *name, *description, *template_id,
        *workflow_parameters; /* the last as JSON text, "" if none */
    struct quotas quotas;
    int64_t create_ns, update_ns;
    int64_t bind_count; /* filled by get and list */
};

enum binding_state {
    BINDING_READY,
    BINDING_RUNNING,
    BINDING_STOPPED,
    BINDING_RETRYING,
    BINDING_FAILED
};
enum binding_phase { BINDING_FULL_SCANNING, BINDING_INCREMENTAL_SCANNING };

/* "Running", "FullScanning" ... */
const char *binding_state_name (enum binding_state state);
const char *binding_phase_name (enum binding_phase phase);

struct binding {
    int64_t id; /* never used again: the epoch of everything that is done for the binding */
    int64_t dataset_id;
    char *project, *dataset, *bucket; /* names */
    enum binding_state state;
    enum binding_phase phase;
    char *reason; /* "" if there is nothing to say */
    int64_t create_ns, update_ns;
};

struct attachment {
    char *bucket, *project, *description;
    int64_t create_ns, update_ns;
};

void project_free (void *p);
void dataset_free (void *d);
void binding_free (void *b);
void attachment_free (void *a);

/* A text of x-oss-process that goes by a name, in one bucket. */
struct style {
    char *bucket, *name, *text;
    int64_t create_ns, update_ns;
};
void style_free (void *s);
void tag_free (void *t);

/* Opens or makes DATA/catalog.db. */
NODISCARD enum err catalog_open (const char *data_dir, struct catalog **ret, struct error *e);
void catalog_close (struct catalog *c);

/* A setting kept for good (account id, schema version). NOT_FOUND if never set. */
NODISCARD enum err catalog_get_setting (struct catalog *c, const char *key, char **ret,
                                        struct error *e);
NODISCARD enum err catalog_set_setting (struct catalog *c, const char *key, const char *value,
                                        struct error *e);

/* Projects. create: fills id, create_ns and update_ns; EXISTS ("project"), LIMIT over
 * `max_projects`. update: by p->id, everything but name and create_ns; fills update_ns. delete:
 * CONFLICT while it has datasets or attachments. get: NOT_FOUND "The specified resource project is
 * not found." list: names with `prefix`, from `from` on (inclusive, NULL: start), byte order, at
 * most max + 1; only projects that carry all `tags` (struct tag; may be NULL). */
NODISCARD enum err catalog_create_project (struct catalog *c, struct project *p,
                                           unsigned max_projects, struct error *e);
NODISCARD enum err catalog_get_project (struct catalog *c, const char *name, struct project **ret,
                                        struct error *e);
NODISCARD enum err catalog_list_projects (struct catalog *c, const char *prefix, const char *from,
                                          const GPtrArray *tags, unsigned max, GPtrArray **ret,
                                          struct error *e);
NODISCARD enum err catalog_update_project (struct catalog *c, struct project *p, struct error *e);
NODISCARD enum err catalog_delete_project (struct catalog *c, const char *name, struct error *e);

/* Datasets of a project. create: EXISTS ("dataset"), LIMIT over the project's max_dataset_count.
 * delete: CONFLICT while it has bindings (that it has no rows, the caller makes sure). */
NODISCARD enum err catalog_create_dataset (struct catalog *c, struct dataset *d, struct error *e);
NODISCARD enum err catalog_get_dataset (struct catalog *c, int64_t project_id, const char *name,
                                        struct dataset **ret, struct error *e);
NODISCARD enum err catalog_list_datasets (struct catalog *c, int64_t project_id, const char *prefix,
                                          const char *from, unsigned max, GPtrArray **ret,
                                          struct error *e);
NODISCARD enum err catalog_update_dataset (struct catalog *c, struct dataset *d, struct error *e);
NODISCARD enum err catalog_delete_dataset (struct catalog *c, int64_t id, struct error *e);
/* Ids (int64_t) of all datasets, to sweep orphaned files. */
NODISCARD enum err catalog_dataset_ids (struct catalog *c, GArray **ret, struct error *e);

/* Bindings. create: state RUNNING, phase FULL_SCANNING, or what is set in `b`; EXISTS ("binding"),
 * LIMIT over the dataset's max_bind_count. get by id or by names. list: byte order of (dataset,
 * bucket) as a pair, from that pair on (inclusive, NULL: start); `dataset` NULL: all; `name_part`:
 * substring of "project:dataset:bucket", "" or NULL: all. list_all: of every project, for the start
 * of the server. set_state: update_ns changes only if `touch`. NOT_FOUND. */
NODISCARD enum err catalog_create_binding (struct catalog *c, struct binding *b, struct error *e);
NODISCARD enum err catalog_get_binding (struct catalog *c, int64_t dataset_id, const char *bucket,
                                        struct binding **ret, struct error *e);
NODISCARD enum err catalog_get_binding_by_id (struct catalog *c, int64_t id, struct binding **ret,
                                              struct error *e);
NODISCARD enum err catalog_list_bindings (struct catalog *c, const char *project,
                                          const char *dataset, const char *from_dataset,
                                          const char *from_bucket, const char *name_part,
                                          unsigned max, GPtrArray **ret, struct error *e);
NODISCARD enum err catalog_list_all_bindings (struct catalog *c, GPtrArray **ret, struct error *e);
NODISCARD enum err catalog_set_binding_state (struct catalog *c, int64_t id,
                                              enum binding_state state, enum binding_phase phase,
                                              const char *reason, bool touch, struct error *e);
NODISCARD enum err catalog_delete_binding (struct catalog *c, int64_t id, struct error *e);

/* How events of a binding come in. Not part of `struct binding`, so that no answer shows it by
 * accident. get: makes the secret when it is asked for the first time. renew: makes another.
 * set_subscription: "" for none. NOT_FOUND. */
struct binding_hook {
    char *secret;       /* 43 characters of base64url: 256 random bits */
    char *subscription; /* what a sender still waits to have confirmed, as text for people; or "" */
};
void binding_hook_clear (struct binding_hook *h);
NODISCARD enum err catalog_get_binding_hook (struct catalog *c, int64_t id,
                                             struct binding_hook *ret, struct error *e);
NODISCARD enum err catalog_renew_binding_secret (struct catalog *c, int64_t id, struct error *e);
NODISCARD enum err catalog_set_binding_subscription (struct catalog *c, int64_t id,
                                                     const char *text, struct error *e);

/* Attachments. create: EXISTS if the bucket is attached to any project ("attachment"). list: bucket
 * byte order. */
NODISCARD enum err catalog_create_attachment (struct catalog *c, struct attachment *a,
                                              struct error *e);
NODISCARD enum err catalog_get_attachment (struct catalog *c, const char *bucket,
                                           struct attachment **ret, struct error *e);
NODISCARD enum err catalog_list_attachments (struct catalog *c, const char *project,
                                             const char *from, unsigned max, GPtrArray **ret,
                                             struct error *e);
NODISCARD enum err catalog_delete_attachment (struct catalog *c, const char *bucket,
                                              struct error *e);

/* Whether the bucket is attached now, asked for every request: from memory, without the lock of the
 * catalogue. Nobody is told otherwise once catalog_delete_attachment() has returned. */
bool catalog_is_attached (struct catalog *c, const char *bucket);

/* Whether any is. */
bool catalog_has_attachments (struct catalog *c);

/* Styles. put: makes it, or gives it another text; fills times; LIMIT over `max` of its bucket.
 * get, delete: NO_STYLE. get is asked for many requests: from memory, as catalog_is_attached().
 * list: at most max + 1 of a bucket by name, from `from` (NULL: the first) on. */
NODISCARD enum err catalog_put_style (struct catalog *c, struct style *s, unsigned max,
                                      struct error *e);
NODISCARD enum err catalog_get_style (struct catalog *c, const char *bucket, const char *name,
                                      struct style **ret, struct error *e);
NODISCARD enum err catalog_list_styles (struct catalog *c, const char *bucket, const char *from,
                                        unsigned max, GPtrArray **ret, struct error *e);
NODISCARD enum err catalog_delete_style (struct catalog *c, const char *bucket, const char *name,
                                         struct error *e);
