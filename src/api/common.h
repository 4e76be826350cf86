/* What handlers share: finding what a call names, URIs, pages and their tokens, values of answers.
 */
#pragma once

#include "api/params.gen.h"

/* ---- What a call names ---- */

/* Owns what was found; the rest is NULL. Start with { 0 }. */
struct target {
    struct project *project;
    struct dataset *dataset;
    struct dataset_db *db;
    char *bucket;
    struct binding *binding;
};
void target_clear (struct target *t);
#define _cleanup_target_ __attribute__ ((cleanup (target_clear)))

/* Each finds what the one before finds, then its own; a missing thing is NOT_FOUND with the
 * protocol's sentence and the name. target_db: after target_dataset(), opens the dataset's file.
 * target_bucket: a dataset and the bucket of `uri`, bound or not. */
NODISCARD enum err target_project (const struct api *api, const char *project, struct target *t,
                                   struct error *e);
NODISCARD enum err target_dataset (const struct api *api, const char *project, const char *dataset,
                                   struct target *t, struct error *e);
NODISCARD enum err target_db (const struct api *api, struct target *t, struct error *e);
NODISCARD enum err target_bucket (const struct api *api, const char *project, const char *dataset,
                                  const char *uri, struct target *t, struct error *e);
NODISCARD enum err target_binding (const struct api *api, const char *project, const char *dataset,
                                   const char *uri, struct target *t, struct error *e);

/* ---- URIs: oss://BUCKET[/KEY]; s3:// means the same and is stored as oss:// ---- */

/* The bucket of a URI that names one. Everything else, "oss://b/" too, is InvalidURI with what was
 * expected. */
NODISCARD enum err uri_bucket (const char *uri, char **ret, struct error *e);

/* A URI of an object, with the scheme that the index uses. `subject`: the parameter to blame. */
NODISCARD enum err uri_object (const char *uri, const char *subject, char **ret, struct error *e);

/* ---- Pages ---- */

/* Entries of a page: absent or 0 means `fallback`. */
unsigned page_size (struct opt_int max_results, unsigned fallback);

/* Splits a NextToken. `form` names its parts ("owner:project:dataset"); `fixed` has one entry for
 * each: what the part must be, or NULL for any name that is legal. InvalidNextToken if it is not
 * so. */
NODISCARD enum err token_split (const char *token, const char *form, const char *const *fixed,
                                char ***ret, struct error *e);

/* True for a parameter that is there and not "". */
bool is_given (const char *text);

/* ---- Answers ---- */

/* Makes `body` (owned; NULL if it could not be built) the answer. */
NODISCARD enum err reply_take (struct reply *reply, json_t *body, struct error *e);

/* Answers a page: `list` (borrowed) as member `name`, and NextToken: `next`, "" for NULL. */
NODISCARD enum err reply_page (struct reply *reply, const char *name, json_t *list,
                               const char *next, struct error *e);

/* A time in the zone of the server; "" for 0. */
json_t *json_time (const struct api *api, int64_t ns);

/* A string that may hold anything: bytes that are not UTF-8 are made visible. */
json_t *json_text (const char *text);

/* The statistics of a dataset. */
NODISCARD enum err stats_of_dataset (const struct api *api, int64_t id, struct dataset_stats *ret,
                                     struct error *e);

/* WithFields as a NULL-terminated list of borrowed names; NULL if `array` is NULL or empty: all.
 * InvalidWithFields for what is no member of the files that the action answers. Free the list
 * alone. */
NODISCARD enum err file_fields (const struct action *action, const json_t *array, const char ***ret,
                                struct error *e);

/* A binding with its progress. */
json_t *binding_json (const struct api *api, const struct binding *b);

/* ---- Definitions ---- */

struct quota_params {
    struct opt_int bind_count, file_count, entity_count, relation_count, total_file_size;
};
/* The quotas among the parameters of the actions that make and change projects and datasets. */
#define QUOTA_PARAMS(p)                                                                            \
    {                                                                                              \
        (p)->dataset_max_bind_count, (p)->dataset_max_file_count, (p)->dataset_max_entity_count,   \
            (p)->dataset_max_relation_count, (p)->dataset_max_total_file_size                      \
    }
/* Changes the quotas that were given. One below what is in use is fine: nothing is lost, and
 * nothing more may be added until use has fallen below it. */
void quotas_apply (struct quotas *q, const struct quota_params *given);
json_t *quotas_json (const struct quotas *q);

void set_int (int64_t *field, struct opt_int given);
void set_text (char **field, const char *given);

/* OK for NULL, "" and the templates that the index knows; else InvalidTemplateId listing them. */
NODISCARD enum err template_check (const char *template_id, struct error *e);
