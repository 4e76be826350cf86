/* Scans as sets of key ranges, each with a cursor and a lease. */
#include <string.h>

#include "index/work_internal.h"

void range_free (void *ptr)
{
    struct range *r = ptr;
    if (!r)
        return;
    g_free (r->lo);
    g_free (r->hi);
    g_free (r->cursor);
    g_free (r);
}

/* ---- Bounds. Both are exclusive, keys are UTF-8 without NUL. ---- */

/* The least text above `key`: no key lies between them. */
static char *just_above (const char *key)
{
    return g_strconcat (key, "\001", NULL);
}

/* Above all that begins with `prefix`, by its last character that can be raised; NULL: no bound. */
static char *above_prefix (const char *prefix)
{
    g_autoptr (GString) text = g_string_new (prefix);
    while (text->len) {
        const char *last = g_utf8_find_prev_char (text->str, text->str + text->len);
        gunichar c = g_utf8_get_char (last);
        g_string_truncate (text, (gsize) (last - text->str));
        if (c == 0x10ffff)
            continue;
        g_string_append_unichar (text, c == 0xd7ff ? 0xe000 : c + 1);
        return g_strdup (text->str);
    }
    return NULL;
}

/* Below `prefix` itself, which may be a key. A few keys before it may come along: a range may be
 * wider than asked for, since listing and index are compared over the same bounds. */
static char *below_prefix (const char *prefix)
{
    g_autoptr (GString) text = g_string_new (prefix);
    const char *last = g_utf8_find_prev_char (text->str, text->str + text->len);
    gunichar c = g_utf8_get_char (last);
    g_string_truncate (text, (gsize) (last - text->str));
    if (c > 1) {
        g_string_append_unichar (text, c == 0xe000 ? 0xd7ff : c - 1);
        g_string_append_unichar (text, 0x10ffff);
    }
    return text->len ? g_strdup (text->str) : NULL;
}

/* ---- Starting ---- */

static enum err add_range (struct change *c, const char *lo, const char *hi, unsigned flags,
                           struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->s,
                              "INSERT INTO range (binding, lo, hi, lease_until, epoch, flags)"
                              " VALUES (?, ?, ?, 0, 0, ?)",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, c->binding);
    sql_bind_text (st, 2, lo);
    sql_bind_text (st, 3, hi);
    sql_bind_int (st, 4, flags);
    return sql_run (st, e);
}

static enum err start_partial (struct change *c, const char *prefix, unsigned flags,
                               struct error *e)
{
    g_autofree char *lo = below_prefix (prefix), *hi = above_prefix (prefix);
    return add_range (c, lo, hi, flags | RANGE_PARTIAL, e);
}

/* A forced range that the new scan replaces passes its force on: what somebody asked for is not
 * forgotten. */
static enum err inherit_force (struct change *c, unsigned *flags, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r =
        sql_prepare (c->s, "SELECT 1 FROM range WHERE binding = ? AND flags & ? LIMIT 1", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, c->binding);
    sql_bind_int (st, 2, RANGE_FORCE);
    r = sql_step (st, &has_row, e);
    if (r == ERR_OK && has_row)
        *flags |= RANGE_FORCE;
    return r;
}

/* The ranges between `lo`, the bounds and `hi`. */
static enum err add_ranges (struct change *c, const char *lo, const char *const *bounds,
                            const char *hi, unsigned flags, struct error *e)
{
    for (; bounds && *bounds; bounds++) {
        g_autofree char *end = just_above (*bounds);
        enum err r = add_range (c, lo, end, flags, e);
        if (r != ERR_OK)
            return r;
        lo = *bounds;
    }
    return add_range (c, lo, hi, flags, e);
}

static enum err start_full (struct change *c, const char *const *bounds, unsigned flags,
                            struct error *e)
{
    flags &= ~(unsigned) RANGE_PARTIAL;
    enum err r = inherit_force (c, &flags, e);
    if (r == ERR_OK)
        r = work_run_int (c->s, "DELETE FROM range WHERE binding = ?", c->binding, e);
    if (r == ERR_OK)
        r = work_run_ints (c->s,
                           "UPDATE binding SET scan = scan + 1, start_ns = ?, scan_end_ns = 0,"
                           " listed = 0, indexed = 0, unchanged = 0, deleted = 0 WHERE id = ?",
                           c->now_ns, c->binding, e);
    return r == ERR_OK ? add_ranges (c, NULL, bounds, NULL, flags, e) : r;
}

enum err work_start_scan (struct dataset_db *db, int64_t binding, const char *prefix,
                          const char *const *bounds, unsigned flags, struct error *e)
{
    struct change c;
    enum err r = work_begin_change (db, true, binding, &c, e);
    if (r != ERR_OK)
        return r;
    r = work_check_binding (c.s, binding, e);
    if (r == ERR_OK)
        r = prefix && *prefix ? start_partial (&c, prefix, flags, e)
                              : start_full (&c, bounds, flags, e);
    return work_end_change (&c, r, e);
}

/* ---- Leases ---- */

static enum err find_free (struct change *c, int64_t now_ns, struct range **ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (c->s,
                              "SELECT id, lo, hi, cursor, epoch, flags FROM range"
                              " WHERE binding = ? AND lease_until <= ? ORDER BY id LIMIT 1",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, c->binding);
    sql_bind_int (st, 2, now_ns);
    r = sql_step (st, &has_row, e);
    if (r != ERR_OK)
        return r;
    if (!has_row)
        return FAIL (e, NOT_FOUND, "no range of binding %" G_GINT64_FORMAT " is free", c->binding);
    struct range *range = g_new0 (struct range, 1);
    range->binding = c->binding;
    range->id = sql_get_int (st, 0);
    range->lo = g_strdup (sql_get_text (st, 1));
    range->hi = g_strdup (sql_get_text (st, 2));
    range->cursor = g_strdup (sql_get_text (st, 3));
    range->epoch = sql_get_int (st, 4) + 1;
    range->flags = (unsigned) sql_get_int (st, 5);
    *ret = range;
    return ERR_OK;
}

static enum err take_lease (struct change *c, const char *owner, int64_t now_ns, int64_t until_ns,
                            struct range **ret, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = find_free (c, now_ns, ret, e);
    if (r == ERR_OK)
        r = sql_prepare (
            c->s, "UPDATE range SET lease_owner = ?, lease_until = ?, epoch = ? WHERE id = ?", &st,
            e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, owner);
    sql_bind_int (st, 2, until_ns);
    sql_bind_int (st, 3, (*ret)->epoch);
    sql_bind_int (st, 4, (*ret)->id);
    return sql_run (st, e);
}

enum err range_lease (struct dataset_db *db, int64_t binding, const char *owner, int64_t now_ns,
                      int64_t until_ns, struct range **ret, struct error *e)
{
    struct change c;
    struct range *range = NULL;
    enum err r = work_begin_change (db, false, binding, &c, e);
    if (r == ERR_OK)
        r = work_end_change (&c, take_lease (&c, owner, now_ns, until_ns, &range, e), e);
    if (r != ERR_OK) {
        range_free (range);
        return r;
    }
    *ret = range;
    return ERR_OK;
}

enum err work_move_range (struct change *c, const struct range *range, const char *cursor,
                          int64_t until_ns, struct error *e)
{
    struct sql_stmt *st = NULL;
    enum err r = sql_prepare (c->s,
                              "UPDATE range SET cursor = coalesce (?, cursor),"
                              " lease_until = max (lease_until, ?)"
                              " WHERE id = ? AND binding = ? AND epoch = ?",
                              &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, cursor);
    sql_bind_int (st, 2, until_ns);
    sql_bind_int (st, 3, range->id);
    sql_bind_int (st, 4, range->binding);
    sql_bind_int (st, 5, range->epoch);
    r = sql_run (st, e);
    if (r == ERR_OK && !sql_changes (c->s))
        return FAIL (e, SUPERSEDED, "the range is no longer leased under epoch %" G_GINT64_FORMAT,
                     range->epoch);
    return r;
}

enum err range_renew (struct dataset_db *db, const struct range *range, const char *cursor,
                      int64_t until_ns, struct error *e)
{
    struct change c;
    enum err r = work_begin_change (db, false, range->binding, &c, e);
    return r == ERR_OK ? work_end_change (&c, work_move_range (&c, range, cursor, until_ns, e), e)
                       : r;
}

/* ---- The end of a range, and of the scan with its last one ---- */

static enum err has_full_range (struct change *c, bool *ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    enum err r = sql_prepare (
        c->s, "SELECT 1 FROM range WHERE binding = ? AND NOT flags & ? LIMIT 1", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, c->binding);
    sql_bind_int (st, 2, RANGE_PARTIAL);
    return sql_step (st, ret, e);
}

/* Rejects that the scan did not see again are no longer there. */
static enum err end_scan (struct change *c, struct error *e)
{
    enum err r = work_run_ints (c->s, "UPDATE binding SET scan_end_ns = ? WHERE id = ?", c->now_ns,
                                c->binding, e);
    if (r == ERR_OK)
        r = work_run_ints (c->s,
                           "DELETE FROM failure WHERE binding = ?"
                           " AND scan < (SELECT scan FROM binding WHERE id = ?)",
                           c->binding, c->binding, e);
    if (r == ERR_OK)
        c->rejected -= sql_changes (c->s);
    return r;
}

static enum err finish_range (struct change *c, const struct range *range, struct error *e)
{
    bool is_running = true;
    enum err r = work_run_int (c->s, "DELETE FROM range WHERE id = ?", range->id, e);
    if (r == ERR_OK && !(range->flags & RANGE_PARTIAL))
        r = has_full_range (c, &is_running, e);
    return r == ERR_OK && !is_running ? end_scan (c, e) : r;
}

static enum err free_range (struct change *c, const struct range *range, struct error *e)
{
    return work_run_int (c->s, "UPDATE range SET lease_owner = NULL, lease_until = 0 WHERE id = ?",
                         range->id, e);
}

/* Nobody's, which range_wake() knows it by, and not to be had. */
static enum err rest_range (struct change *c, const struct range *range, struct error *e)
{
    return work_run_ints (c->s, "UPDATE range SET lease_owner = NULL, lease_until = ? WHERE id = ?",
                          INT64_MAX, range->id, e);
}

static enum err end_lease (struct dataset_db *db, const struct range *range,
                           enum err (*end) (struct change *, const struct range *, struct error *),
                           struct error *e)
{
    struct change c;
    enum err r = work_begin_change (db, false, range->binding, &c, e);
    if (r != ERR_OK)
        return r;
    r = work_move_range (&c, range, NULL, 0, e); /* SUPERSEDED? */
    return work_end_change (&c, r == ERR_OK ? end (&c, range, e) : r, e);
}

enum err range_release (struct dataset_db *db, const struct range *range, bool done,
                        struct error *e)
{
    return end_lease (db, range, done ? finish_range : free_range, e);
}

enum err range_rest (struct dataset_db *db, const struct range *range, struct error *e)
{
    return end_lease (db, range, rest_range, e);
}

/* ---- Splitting and waking ---- */

static enum err split (struct change *c, const struct range *range, const char *const *bounds,
                       struct error *e)
{
    struct sql_stmt *st = NULL;
    g_autofree char *hi = just_above (bounds[0]);
    enum err r = work_move_range (c, range, NULL, 0, e); /* SUPERSEDED? */
    if (r == ERR_OK)
        r = sql_prepare (c->s, "UPDATE range SET hi = ? WHERE id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, hi);
    sql_bind_int (st, 2, range->id);
    r = sql_run (st, e);
    return r == ERR_OK ? add_ranges (c, bounds[0], bounds + 1, range->hi, range->flags, e) : r;
}

enum err range_split (struct dataset_db *db, const struct range *range, const char *const *bounds,
                      struct error *e)
{
    struct change c;
    enum err r = work_begin_change (db, false, range->binding, &c, e);
    return r == ERR_OK ? work_end_change (&c, split (&c, range, bounds, e), e) : r;
}

enum err range_wake (struct dataset_db *db, int64_t binding, struct error *e)
{
    struct change c;
    enum err r = work_begin_change (db, false, binding, &c, e);
    if (r != ERR_OK)
        return r;
    r = work_run_int (c.s,
                      "UPDATE range SET lease_until = 0 WHERE binding = ? AND lease_owner IS NULL",
                      binding, e);
    return work_end_change (&c, r, e);
}
