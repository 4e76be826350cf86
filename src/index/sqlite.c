/* The SQLite driver. The only file that knows sqlite3: turns its errors into ours, keeps prepared
 * statements, and opens files so that they are safe (defensive, WAL) and light (mapped, not read).
 */
#include <assert.h>
#include <limits.h>
#include <sqlite3.h>
#include <string.h>
#include <glib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "index/phrase.h"
#include "index/sql.h"

struct sqlite {
    struct sql base;
    sqlite3 *db;
    GHashTable *statements; /* text -> struct sqlite_stmt */
    uint64_t clock;         /* counts uses, to find the statement that was used least lately */
    enum sql_durability durability;
    int64_t deadline_ms;
    bool is_reader;
    int log_pages; /* after the last commit; SQL_TIDY_LATER only */
};

struct sqlite_stmt {
    struct sql_stmt base;
    sqlite3_stmt *st;
    char *text;
    bool is_cached, is_busy;
    int bind_error; /* of the first value that could not be bound; the step reports it */
    uint64_t last_use;
};

/* Between two looks at the deadline: about a millisecond. */
#define OPERATIONS_PER_LOOK 20000
#define PAGE_BYTES          8192
#define MMAP_BYTES          (64 * GIB) /* SQLite takes as much of it as it was built for */

static struct sqlite *of_sql (struct sql *s)
{
    return (struct sqlite *) s;
}

static struct sqlite_stmt *of_stmt (struct sql_stmt *st)
{
    return (struct sqlite_stmt *) st;
}

static enum err translate (sqlite3 *db, int code, struct error *e)
{
    const char *text = db ? sqlite3_errmsg (db) : sqlite3_errstr (code);
    const char *file = db ? sqlite3_db_filename (db, "main") : NULL;
    if (!file)
        file = "the database";
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return FAIL (e, BUSY, "%s is locked: %s", file, text);
    case SQLITE_INTERRUPT:
        return FAIL (e, TIMED_OUT, "the statement took too long");
    case SQLITE_FULL:
        return FAIL (e, DATABASE, "%s: no space left: free some, then try again", file);
    case SQLITE_IOERR:
        return FAIL (e, DATABASE, "%s: %s: look at the disk and the system's log", file, text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return FAIL (e, DATABASE,
                     "%s is damaged (%s): stop the server, move it away with its -wal and -shm, "
                     "start again and scan anew",
                     file, text);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return FAIL (e, DATABASE, "%s: %s: check its owner and mode", file, text);
    case SQLITE_TOOBIG:
        return FAIL (e, DATABASE, "%s: a value is over %llu bytes", file, LIMIT_SQL_VALUE);
    default:
        return FAIL (e, DATABASE, "%s: %s", file, text);
    }
}

/* ---- Statements ---- */

/* Statements are long and looked up for every row: their length and their ends tell them apart. */
static guint hash_text (gconstpointer text)
{
    uint64_t end[2] = { 0 };
    size_t len = strlen (text), n = MIN (len, sizeof end);
    memcpy (end, (const char *) text + len - n, n);
    uint64_t mixed = (end[0] ^ end[1] * 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    return (guint) (mixed >> 32) + (guint) len;
}

static void stmt_free (void *p)
{
    struct sqlite_stmt *st = p;
    sqlite3_finalize (st->st);
    g_free (st->text);
    g_free (st);
}

static void forget_least_used (struct sqlite *s)
{
    GHashTableIter iter;
    gpointer value;
    struct sqlite_stmt *least = NULL;
    g_hash_table_iter_init (&iter, s->statements);
    while (g_hash_table_iter_next (&iter, NULL, &value)) {
        struct sqlite_stmt *st = value;
        if (!st->is_busy && (!least || st->last_use < least->last_use))
            least = st;
    }
    if (least)
        g_hash_table_remove (s->statements, least->text);
}

static enum err sqlite_prepare (struct sql *base, const char *text, struct sql_stmt **ret,
                                struct error *e)
{
    struct sqlite *s = of_sql (base);
    struct sqlite_stmt *st = g_hash_table_lookup (s->statements, text);
    bool is_taken = st && st->is_busy;
    if (!st || is_taken) {
        sqlite3_stmt *raw = NULL;
        int r = sqlite3_prepare_v3 (s->db, text, -1, is_taken ? 0 : SQLITE_PREPARE_PERSISTENT, &raw,
                                    NULL);
        if (r != SQLITE_OK)
            return translate (s->db, r, e);
        assert (raw);
        st = g_new0 (struct sqlite_stmt, 1);
        st->base.sql = base;
        st->st = raw;
        if (!is_taken) {
            if (g_hash_table_size (s->statements) >= LIMIT_STATEMENTS)
                forget_least_used (s);
            st->is_cached = true;
            st->text = g_strdup (text);
            g_hash_table_insert (s->statements, st->text, st);
        }
    }
    st->is_busy = true;
    st->last_use = ++s->clock;
    *ret = &st->base;
    return ERR_OK;
}

static void sqlite_finish (struct sql_stmt *base)
{
    struct sqlite_stmt *st = of_stmt (base);
    assert (st->is_busy);
    if (!st->is_cached) {
        stmt_free (st);
        return;
    }
    sqlite3_reset (st->st);
    sqlite3_clear_bindings (st->st);
    st->bind_error = SQLITE_OK;
    st->is_busy = false;
}

static void note_bind (struct sqlite_stmt *st, int r)
{
    assert (r != SQLITE_RANGE && r != SQLITE_MISUSE);
    if (r != SQLITE_OK && !st->bind_error)
        st->bind_error = r;
}

static void sqlite_bind_null (struct sql_stmt *st, int i)
{
    note_bind (of_stmt (st), sqlite3_bind_null (of_stmt (st)->st, i));
}

static void sqlite_bind_int (struct sql_stmt *st, int i, int64_t v)
{
    note_bind (of_stmt (st), sqlite3_bind_int64 (of_stmt (st)->st, i, v));
}

static void sqlite_bind_double (struct sql_stmt *st, int i, double v)
{
    note_bind (of_stmt (st), sqlite3_bind_double (of_stmt (st)->st, i, v));
}

static void sqlite_bind_text (struct sql_stmt *st, int i, const char *text, size_t len,
                              bool is_lent)
{
    note_bind (of_stmt (st),
               sqlite3_bind_text64 (of_stmt (st)->st, i, text, len,
                                    is_lent ? SQLITE_STATIC : SQLITE_TRANSIENT, SQLITE_UTF8));
}

static void sqlite_bind_blob (struct sql_stmt *st, int i, const void *bytes, size_t len)
{
    note_bind (of_stmt (st),
               sqlite3_bind_blob64 (of_stmt (st)->st, i, bytes, len, SQLITE_TRANSIENT));
}

static enum err sqlite_step (struct sql_stmt *base, bool *ret_row, struct error *e)
{
    struct sqlite_stmt *st = of_stmt (base);
    sqlite3 *db = of_sql (base->sql)->db;
    int r = st->bind_error;
    if (r != SQLITE_OK)
        return translate (NULL, r, e);
    r = sqlite3_step (st->st);
    if (r != SQLITE_ROW && r != SQLITE_DONE)
        return translate (db, r, e);
    *ret_row = r == SQLITE_ROW;
    return ERR_OK;
}

static bool sqlite_is_null (struct sql_stmt *st, int column)
{
    return sqlite3_column_type (of_stmt (st)->st, column) == SQLITE_NULL;
}

static int64_t sqlite_get_int (struct sql_stmt *st, int column)
{
    return sqlite3_column_int64 (of_stmt (st)->st, column);
}

static double sqlite_get_double (struct sql_stmt *st, int column)
{
    return sqlite3_column_double (of_stmt (st)->st, column);
}

static const char *sqlite_get_text (struct sql_stmt *st, int column, size_t *ret_len)
{
    const char *text = (const char *) sqlite3_column_text (of_stmt (st)->st, column);
    if (ret_len)
        *ret_len = (size_t) sqlite3_column_bytes (of_stmt (st)->st, column);
    return text;
}

/* ---- Sessions ---- */

static int on_progress (void *arg)
{
    const struct sqlite *s = arg;
    return clock_mono_ms () >= s->deadline_ms;
}

static void sqlite_set_deadline (struct sql *base, int64_t deadline_ms)
{
    struct sqlite *s = of_sql (base);
    s->deadline_ms = deadline_ms;
    if (deadline_ms)
        sqlite3_progress_handler (s->db, OPERATIONS_PER_LOOK, on_progress, s);
    else
        sqlite3_progress_handler (s->db, 0, NULL, NULL);
}

static enum err sqlite_exec (struct sql *base, const char *script, struct error *e)
{
    sqlite3 *db = of_sql (base)->db;
    int r = sqlite3_exec (db, script, NULL, NULL, NULL);
    return r == SQLITE_OK ? ERR_OK : translate (db, r, e);
}

static int64_t sqlite_changes (struct sql *base)
{
    return sqlite3_changes64 (of_sql (base)->db);
}

static enum err sqlite_begin (struct sql *base, enum sql_durability d, struct error *e)
{
    struct sqlite *s = of_sql (base);
    if (d != s->durability) {
        enum err r = sqlite_exec (
            base, d == SQL_DURABLE ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
            e);
        if (r != ERR_OK)
            return r;
        s->durability = d;
    }
    return sqlite_exec (base, "BEGIN IMMEDIATE", e);
}

static void sqlite_rollback (struct sql *base)
{
    sqlite3 *db = of_sql (base)->db;
    if (!sqlite3_get_autocommit (db)) /* an error may have rolled back already */
        sqlite3_exec (db, "ROLLBACK", NULL, NULL, NULL);
}

static enum err sqlite_commit (struct sql *base, struct error *e)
{
    enum err r = sqlite_exec (base, "COMMIT", e);
    if (r != ERR_OK)
        sqlite_rollback (base);
    return r;
}

static int on_commit (void *arg, sqlite3 *db UNUSED, const char *name UNUSED, int pages)
{
    struct sqlite *s = arg;
    s->log_pages = pages;
    return SQLITE_OK;
}

static size_t sqlite_untidy_bytes (struct sql *base)
{
    return (size_t) of_sql (base)->log_pages * PAGE_BYTES;
}

static void sqlite_tidy (struct sql *base)
{
    sqlite3_wal_checkpoint_v2 (of_sql (base)->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static void sqlite_close (struct sql *base)
{
    struct sqlite *s = of_sql (base);
    g_clear_pointer (&s->statements, g_hash_table_unref);
    if (s->db && !s->is_reader)
        sqlite3_wal_checkpoint_v2 (s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    int r = sqlite3_close (s->db);
    assert (r == SQLITE_OK);
    g_free (s);
}

/* phrase_match (text, phrase): 1 or 0; NULL if there is no text. The phrase is prepared once a
 * statement. */
static void phrase_match (sqlite3_context *context, int n, sqlite3_value **values)
{
    assert (n == 2);
    const char *text = (const char *) sqlite3_value_text (values[0]);
    const char *words = (const char *) sqlite3_value_text (values[1]);
    if (!text || !words)
        return;
    struct phrase *prepared = sqlite3_get_auxdata (context, 1);
    struct phrase *p = prepared;
    if (!p)
        p = phrase_new (words, (size_t) sqlite3_value_bytes (values[1]));
    bool matches = phrase_matches (p, text, (size_t) sqlite3_value_bytes (values[0]));
    sqlite3_result_int (context, matches);
    if (!prepared)
        sqlite3_set_auxdata (context, 1, p, phrase_free);
}

/* Functions that statements may call: one row each. */
static enum err add_functions (sqlite3 *db, struct error *e)
{
    static const struct {
        const char *name;
        int arguments;
        void (*run) (sqlite3_context *context, int n, sqlite3_value **values);
    } functions[] = {
        { "phrase_match", 2, phrase_match },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (functions); i++) {
        int r = sqlite3_create_function (db, functions[i].name, functions[i].arguments,
                                         SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                                         NULL, functions[i].run, NULL, NULL);
        if (r != SQLITE_OK)
            return translate (db, r, e);
    }
    return ERR_OK;
}

/* What a file or a statement may make SQLite do has a bound, and nothing in a file is trusted to
 * run. */
static void restrict_session (sqlite3 *db)
{
    sqlite3_db_config (db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config (db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config (db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config (db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_limit (db, SQLITE_LIMIT_LENGTH, (int) LIMIT_SQL_VALUE);
    sqlite3_limit (db, SQLITE_LIMIT_SQL_LENGTH, (int) LIMIT_SQL_TEXT);
    sqlite3_limit (db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit (db, SQLITE_LIMIT_WORKER_THREADS, 0);
    sqlite3_limit (db, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
    sqlite3_busy_timeout (db, LIMIT_SESSION_WAIT_MS);
    sqlite3_extended_result_codes (db, 1);
}

/* page_size counts only for a file that is being made. A page of 8 KiB holds most keys of object
 * without overflow. The cache holds what a transaction changes; all else is read through the
 * map, which is not memory of the process. */
static enum err set_up (struct sqlite *s, int flags, struct error *e)
{
    restrict_session (s->db);
    g_autofree char *map =
        g_strdup_printf ("PRAGMA mmap_size = %llu", (unsigned long long) MMAP_BYTES);
    enum err r = add_functions (s->db, e);
    if (r == ERR_OK)
        r = sqlite_exec (&s->base, map, e);
    if (r != ERR_OK)
        return r;
    if (flags & SQL_READ_ONLY)
        return sqlite_exec (&s->base,
                            "PRAGMA query_only = 1; PRAGMA cache_size = -1024;"
                            "PRAGMA temp_store = FILE",
                            e);
    r = sqlite_exec (&s->base,
                     "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;"
                     "PRAGMA synchronous = FULL; PRAGMA cache_size = -8192;"
                     "PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 33554432;"
                     "PRAGMA foreign_keys = OFF; PRAGMA temp_store = FILE",
                     e);
    if (flags & SQL_TIDY_LATER)
        sqlite3_wal_hook (s->db, on_commit, s); /* in place of wal_autocheckpoint */
    return r;
}

static enum err sqlite_open (const char *where, int flags, struct sql **ret, struct error *e)
{
    assert (sqlite3_threadsafe ());
    struct sqlite *s = g_new0 (struct sqlite, 1);
    s->base.ops = &sql_sqlite;
    s->statements = g_hash_table_new_full (hash_text, g_str_equal, NULL, stmt_free);
    s->durability = SQL_DURABLE;
    s->is_reader = flags & SQL_READ_ONLY;
    int how = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (flags & SQL_CREATE)
        how |= SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2 (where, &s->db, how, NULL);
    enum err r = code == SQLITE_OK ? set_up (s, flags, e) : translate (s->db, code, e);
    if (r != ERR_OK) {
        sqlite_close (&s->base);
        return r;
    }
    *ret = &s->base;
    return ERR_OK;
}

const struct sql_ops sql_sqlite = {
    .scheme = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .exec = sqlite_exec,
    .prepare = sqlite_prepare,
    .bind_null = sqlite_bind_null,
    .bind_int = sqlite_bind_int,
    .bind_double = sqlite_bind_double,
    .bind_text = sqlite_bind_text,
    .bind_blob = sqlite_bind_blob,
    .step = sqlite_step,
    .is_null = sqlite_is_null,
    .get_int = sqlite_get_int,
    .get_double = sqlite_get_double,
    .get_text = sqlite_get_text,
    .finish = sqlite_finish,
    .changes = sqlite_changes,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .set_deadline = sqlite_set_deadline,
    .untidy_bytes = sqlite_untidy_bytes,
    .tidy = sqlite_tidy,
};
