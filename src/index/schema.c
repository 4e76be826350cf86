/* The tables. Ids of bindings and datasets are never used again (AUTOINCREMENT), those of rows come
 * from dataset.next_id. Text compares in byte order. */
#include "index/schema.h"

#include <string.h>
#include <glib.h>

#include "base/text.h"
#include "index/body.h"
#include "index/fields.h"

/* Raise them when the scripts below change, and DATASET_VERSION with every release that changes
 * fields.def or what phrase_words() yields. The version in a dataset file has a sum of the fields
 * behind it: while a program is being written, too, no file has columns that the program has not.
 */
#define CATALOG_VERSION "4"
#define DATASET_VERSION G_GINT64_CONSTANT (3)

/* Secrets are sealed bytes; expires_ns, token_sum and the session are of temporary keys alone. */
#define ACCESS_TABLES                                                                              \
    "CREATE TABLE user (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"          \
    " display_name TEXT NOT NULL, comments TEXT NOT NULL, create_ns INTEGER NOT NULL,"             \
    " update_ns INTEGER NOT NULL);"                                                                \
    "CREATE TABLE access_key (id TEXT PRIMARY KEY, user_id INTEGER NOT NULL, secret BLOB NOT "     \
    "NULL,"                                                                                        \
    " is_active INTEGER NOT NULL, create_ns INTEGER NOT NULL, used_ns INTEGER NOT NULL,"           \
    " expires_ns INTEGER NOT NULL, token_sum BLOB NOT NULL, session_name TEXT NOT NULL,"           \
    " session_policy TEXT NOT NULL) WITHOUT ROWID;"                                                \
    "CREATE INDEX access_key_user ON access_key (user_id, expires_ns);"                            \
    "CREATE INDEX access_key_expires ON access_key (expires_ns);"                                  \
    "CREATE TABLE policy (name TEXT PRIMARY KEY, description TEXT NOT NULL,"                       \
    " document TEXT NOT NULL, create_ns INTEGER NOT NULL, update_ns INTEGER NOT NULL)"             \
    " WITHOUT ROWID;"                                                                              \
    "CREATE TABLE user_policy (user_id INTEGER NOT NULL, policy TEXT NOT NULL,"                    \
    " attach_ns INTEGER NOT NULL, PRIMARY KEY (user_id, policy)) WITHOUT ROWID;"                   \
    "CREATE INDEX user_policy_policy ON user_policy (policy);"

#define STYLE_TABLE                                                                                \
    "CREATE TABLE style (bucket TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,"            \
    " create_ns INTEGER NOT NULL, update_ns INTEGER NOT NULL, PRIMARY KEY (bucket, name))"         \
    " WITHOUT ROWID;"

static const char catalog_script[] =
    "CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE project (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
    " description TEXT NOT NULL, template_id TEXT NOT NULL, service_role TEXT NOT NULL,"
    " max_bind_count INTEGER NOT NULL, max_file_count INTEGER NOT NULL,"
    " max_entity_count INTEGER NOT NULL, max_relation_count INTEGER NOT NULL,"
    " max_total_file_size INTEGER NOT NULL, max_dataset_count INTEGER NOT NULL,"
    " create_ns INTEGER NOT NULL, update_ns INTEGER NOT NULL);"
    "CREATE TABLE project_tag (project_id INTEGER NOT NULL, key TEXT NOT NULL,"
    " value TEXT NOT NULL, PRIMARY KEY (project_id, key)) WITHOUT ROWID;"
    "CREATE TABLE dataset (id INTEGER PRIMARY KEY AUTOINCREMENT, project_id INTEGER NOT NULL,"
    " name TEXT NOT NULL, description TEXT NOT NULL, template_id TEXT NOT NULL,"
    " workflow_parameters TEXT NOT NULL,"
    " max_bind_count INTEGER NOT NULL, max_file_count INTEGER NOT NULL,"
    " max_entity_count INTEGER NOT NULL, max_relation_count INTEGER NOT NULL,"
    " max_total_file_size INTEGER NOT NULL,"
    " create_ns INTEGER NOT NULL, update_ns INTEGER NOT NULL, UNIQUE (project_id, name));"
    "CREATE TABLE binding (id INTEGER PRIMARY KEY AUTOINCREMENT, dataset_id INTEGER NOT NULL,"
    " bucket TEXT NOT NULL, state INTEGER NOT NULL, phase INTEGER NOT NULL, reason TEXT NOT NULL,"
    " create_ns INTEGER NOT NULL, update_ns INTEGER NOT NULL, secret TEXT NOT NULL DEFAULT '',"
    " subscription TEXT NOT NULL DEFAULT '', UNIQUE (dataset_id, bucket));"
    "CREATE TABLE attachment (bucket TEXT PRIMARY KEY, project_id INTEGER NOT NULL,"
    " description TEXT NOT NULL, create_ns INTEGER NOT NULL, update_ns INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX attachment_project ON attachment (project_id, bucket);" ACCESS_TABLES STYLE_TABLE;

/* What turns a catalogue of one version into one of the next: in order, none left out. */
static const struct {
    const char *from, *to, *script;
} catalog_steps[] = {
    { "1", "2",
      "ALTER TABLE binding ADD COLUMN secret TEXT NOT NULL DEFAULT '';"
      "ALTER TABLE binding ADD COLUMN subscription TEXT NOT NULL DEFAULT '';" },
    { "2", "3", ACCESS_TABLES },
    { "3", "4", STYLE_TABLE },
};

/* binding.failed, .rejected and .pending are how many there are now: kept with the rows that they
 * count. binding.scan numbers the full scans: a reject with an older number was not seen again. */
static const char dataset_script[] =
    "CREATE TABLE dataset (only INTEGER PRIMARY KEY CHECK (only = 1), commit_no INTEGER NOT NULL,"
    " next_id INTEGER NOT NULL, file_count INTEGER NOT NULL, total_file_size INTEGER NOT NULL);"
    "INSERT INTO dataset VALUES (1, 0, 1, 0, 0);"
    "CREATE TABLE object (uri TEXT PRIMARY KEY, id INTEGER NOT NULL, size INTEGER NOT NULL,"
    " mtime_ns INTEGER NOT NULL, etag TEXT NOT NULL, extractor INTEGER NOT NULL,"
    " operators INTEGER NOT NULL, status INTEGER NOT NULL, commit_no INTEGER NOT NULL,"
    " storage_class TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX object_failed ON object (uri) WHERE status = 2;"
    "CREATE INDEX object_sidecar ON object (substr (uri, 1, length (uri) - 4))"
    " WHERE lower (substr (uri, -4)) = '.xmp';"
    "CREATE TABLE doc (id INTEGER PRIMARY KEY, json TEXT NOT NULL);"
    "CREATE TABLE binding (id INTEGER PRIMARY KEY, bucket TEXT NOT NULL, is_ended INTEGER NOT NULL,"
    " scan INTEGER NOT NULL, start_ns INTEGER NOT NULL, scan_end_ns INTEGER NOT NULL,"
    " listed INTEGER NOT NULL, indexed INTEGER NOT NULL, unchanged INTEGER NOT NULL,"
    " deleted INTEGER NOT NULL, failed INTEGER NOT NULL, rejected INTEGER NOT NULL,"
    " pending INTEGER NOT NULL);"
    "CREATE TABLE range (id INTEGER PRIMARY KEY AUTOINCREMENT, binding INTEGER NOT NULL, lo TEXT,"
    " hi TEXT, cursor TEXT, lease_owner TEXT, lease_until INTEGER NOT NULL, epoch INTEGER NOT NULL,"
    " flags INTEGER NOT NULL);"
    "CREATE INDEX range_binding ON range (binding);"
    "CREATE TABLE mount (binding INTEGER NOT NULL, prefix TEXT NOT NULL, device INTEGER NOT NULL,"
    " inode INTEGER NOT NULL, fsid INTEGER NOT NULL, PRIMARY KEY (binding, prefix)) WITHOUT ROWID;"
    "CREATE TABLE work (binding INTEGER NOT NULL, key TEXT NOT NULL, id INTEGER NOT NULL,"
    " priority INTEGER NOT NULL, not_before INTEGER NOT NULL, since INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, strikes INTEGER NOT NULL, commit_no INTEGER NOT NULL,"
    " storage_class TEXT NOT NULL, size INTEGER, mtime_ns INTEGER, etag TEXT,"
    " PRIMARY KEY (binding, key)) WITHOUT ROWID;"
    "CREATE INDEX work_due ON work (binding, priority, not_before, id);"
    "CREATE TABLE failure (binding INTEGER NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL,"
    " time_ns INTEGER NOT NULL, scan INTEGER NOT NULL, PRIMARY KEY (binding, key)) WITHOUT ROWID;";

static enum err get_version (struct sql *s, char **ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (s, "SELECT version FROM schema_version", &st, e);
    if (r == ERR_OK)
        r = sql_step (st, &has_row, e);
    if (r != ERR_OK)
        return r;
    *ret = has_row ? g_strdup (sql_get_text (st, 0)) : NULL;
    return ERR_OK;
}

static enum err set_version (struct sql *s, const char *version, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (s, "INSERT INTO schema_version VALUES (?)", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, version);
    return sql_run (st, e);
}

static enum err make (struct sql *s, const char *const *scripts, const char *version,
                      struct error *e)
{
    for (; *scripts; scripts++) {
        enum err r = sql_exec (s, *scripts, e);
        if (r != ERR_OK)
            return r;
    }
    return set_version (s, version, e);
}

static enum err make_version_table (struct sql *s, char **ret_found, struct error *e)
{
    enum err r =
        sql_exec (s, "CREATE TABLE IF NOT EXISTS schema_version (version TEXT NOT NULL)", e);
    return r == ERR_OK ? get_version (s, ret_found, e) : r;
}

/* Runs `change` in a transaction of its own: all of it is done, or nothing. */
static enum err in_transaction (struct sql *s, enum err (*change) (struct sql *, struct error *),
                                struct error *e)
{
    enum err r = sql_begin (s, SQL_DURABLE, e);
    if (r != ERR_OK)
        return r;
    r = change (s, e);
    if (r == ERR_OK)
        return sql_commit (s, e);
    sql_rollback (s);
    return r;
}

/* ---- The catalogue ---- */

static enum err make_catalog (struct sql *s, struct error *e)
{
    static const char *const scripts[] = { catalog_script, NULL };
    return make (s, scripts, CATALOG_VERSION, e);
}

static enum err change_version (struct sql *s, const char *version, struct error *e)
{
    enum err r = sql_exec (s, "DELETE FROM schema_version", e);
    return r == ERR_OK ? set_version (s, version, e) : r;
}

/* What was there is kept: nothing else has it. */
static enum err upgrade_catalog (struct sql *s, struct error *e)
{
    g_autofree char *found = NULL;
    enum err r = get_version (s, &found, e);
    for (size_t i = 0; r == ERR_OK && i < N_ELEMENTS (catalog_steps); i++) {
        if (strcmp (found, catalog_steps[i].from) != 0)
            continue;
        r = sql_exec (s, catalog_steps[i].script, e);
        g_free (found);
        found = g_strdup (catalog_steps[i].to);
    }
    if (r == ERR_OK && strcmp (found, CATALOG_VERSION) != 0)
        return FAIL (e, DATABASE,
                     "its tables are of version %s, this program's are of " CATALOG_VERSION
                     ": use the program that made the data folder",
                     found);
    return r == ERR_OK ? change_version (s, found, e) : r;
}

enum err schema_make_catalog (struct sql *s, struct error *e)
{
    g_autofree char *found = NULL;
    enum err r = make_version_table (s, &found, e);
    if (r != ERR_OK)
        return r;
    if (!found)
        return in_transaction (s, make_catalog, e);
    return strcmp (found, CATALOG_VERSION) == 0 ? ERR_OK : in_transaction (s, upgrade_catalog, e);
}

/* ---- Dataset files ---- */

static char *dataset_version (void)
{
    g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, fields_schema (), -1);
    return g_strdup_printf ("%" G_GINT64_FORMAT "-%.8s", DATASET_VERSION, sum);
}

static enum err make_dataset (struct sql *s, struct error *e)
{
    const char *const scripts[] = { dataset_script, fields_schema (), body_schema, NULL };
    g_autofree char *version = dataset_version ();
    return make (s, scripts, version, e);
}

/* Virtual tables first: they take tables of theirs along. */
static enum err find_table (struct sql *s, char **ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (s,
                              "SELECT name FROM sqlite_schema WHERE type = 'table'"
                              " AND name NOT IN ('sqlite_sequence', 'kept_mount', 'kept_dataset')"
                              " ORDER BY sql LIKE 'CREATE VIRTUAL %' DESC LIMIT 1",
                              &st, e);
    if (r == ERR_OK)
        r = sql_step (st, &has_row, e);
    if (r == ERR_OK)
        *ret = has_row ? g_strdup (sql_get_text (st, 0)) : NULL;
    return r;
}

static enum err drop_tables (struct sql *s, struct error *e)
{
    for (;;) {
        g_autofree char *name = NULL;
        enum err r = find_table (s, &name, e);
        if (r != ERR_OK || !name)
            return r;
        g_auto (GStrv) parts = g_strsplit (name, "\"", -1);
        g_autofree char *quoted = g_strjoinv ("\"\"", parts);
        g_autofree char *drop = g_strconcat ("DROP TABLE \"", quoted, "\"", NULL);
        if ((r = sql_exec (s, drop, e)) != ERR_OK)
            return r;
    }
}

/* What a bucket cannot tell is kept: which roots and mount points it was bound with, and the
 * numbers that are never used again. All versions have these columns. */
static enum err make_dataset_anew (struct sql *s, struct error *e)
{
    enum err r = sql_exec (
        s,
        "CREATE TABLE kept_mount AS SELECT binding, prefix, device, inode, fsid FROM mount;"
        "CREATE TABLE kept_dataset AS SELECT commit_no, next_id FROM dataset;",
        e);
    if (r == ERR_OK)
        r = drop_tables (s, e);
    if (r == ERR_OK)
        r = sql_exec (s, "CREATE TABLE schema_version (version TEXT NOT NULL)", e);
    if (r == ERR_OK)
        r = make_dataset (s, e);
    if (r != ERR_OK)
        return r;
    return sql_exec (s,
                     "INSERT INTO mount (binding, prefix, device, inode, fsid)"
                     " SELECT binding, prefix, device, inode, fsid FROM kept_mount;"
                     "UPDATE dataset SET (commit_no, next_id) ="
                     " (SELECT commit_no, next_id FROM kept_dataset);"
                     "DROP TABLE kept_mount; DROP TABLE kept_dataset;",
                     e);
}

enum err schema_make_dataset (struct sql *s, bool *ret_anew, struct error *e)
{
    g_autofree char *found = NULL, *mine = dataset_version ();
    enum err r = make_version_table (s, &found, e);
    if (r != ERR_OK)
        return r;
    *ret_anew = false;
    if (!found)
        return in_transaction (s, make_dataset, e);
    if (strcmp (found, mine) == 0)
        return ERR_OK;
    int64_t number;
    g_autofree char *digits = g_strndup (found, strcspn (found, "-"));
    if (!text_parse_i64 (digits, &number) || number > DATASET_VERSION)
        return FAIL (e, DATABASE,
                     "its tables are of version %s, this program's are of %s: use a newer program, "
                     "or move the file away: the buckets fill a new one",
                     found, mine);
    r = in_transaction (s, make_dataset_anew, e);
    *ret_anew = r == ERR_OK;
    return r;
}
