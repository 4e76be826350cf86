/* The merge: a page of the listing and the rows of the index, both in key order, side by side. It
 * knows neither threads nor ranges, only what one page proves. */
#include "scan/internal.h"

#include <string.h>

void merge_init (struct merge *m, struct dataset_db *db, const char *bucket, const char *after,
                 const char *before)
{
    *m = (struct merge){ .db = db, .bucket = bucket, .before = before, .last = g_strdup (after) };
    index_page_init (&m->rows);
    m->puts = g_array_new (FALSE, FALSE, sizeof (struct merge_put));
    m->deletes = g_ptr_array_new ();
    m->deleted_keys = g_string_chunk_new (16 * KIB);
}

void merge_clear (struct merge *m)
{
    index_page_clear (&m->rows);
    g_clear_pointer (&m->puts, g_array_unref);
    g_clear_pointer (&m->deletes, g_ptr_array_unref);
    g_clear_pointer (&m->deleted_keys, g_string_chunk_free);
    g_clear_pointer (&m->last, g_free);
}

/* The next row that was not consumed, or NULL at the end of the range. */
static enum err peek (struct merge *m, const struct index_entry **ret, struct error *e)
{
    if (m->next == m->rows.entries->len && !m->rows_done) {
        enum err r =
            files_page (m->db, m->bucket, m->last, m->before, LIMIT_PAGE_KEYS, &m->rows, e);
        if (r != ERR_OK)
            return r;
        m->next = 0;
        m->rows_done = m->rows.is_last;
        if (m->rows.entries->len) {
            g_free (m->last);
            m->last = g_strdup (
                g_array_index (m->rows.entries, struct index_entry, m->rows.entries->len - 1).key);
        }
    }
    *ret = m->next < m->rows.entries->len
               ? &g_array_index (m->rows.entries, struct index_entry, m->next)
               : NULL;
    return ERR_OK;
}

static bool is_in_gap (const struct store_page *page, const char *key)
{
    for (guint i = 0; i < page->gaps->len; i++) {
        const struct store_gap *g = g_ptr_array_index (page->gaps, i);
        if (strcmp (key, g->lo) >= 0 && (!g->hi || strcmp (key, g->hi) < 0))
            return true;
    }
    return false;
}

static void missing (struct merge *m, const struct store_page *page, const struct index_entry *row)
{
    if (!is_in_gap (page, row->key))
        g_ptr_array_add (m->deletes, g_string_chunk_insert (m->deleted_keys, row->key));
}

enum change { CHANGE_NONE, CHANGE_TEXT, CHANGE_CLASS, CHANGE_OBJECT };

/* What is archived cannot be read: it stays as it was read before, whatever could be found out
 * today. Once it is not any more, it is looked at. */
static enum change compare (const struct merge *m, const struct store_facts *facts,
                            const struct index_entry *row)
{
    bool is_archived = store_class_is_archived (facts->storage_class);
    bool is_same = row->version.size == facts->size && row->version.mtime_ns == facts->mtime_ns &&
                   strcmp (row->version.etag, facts->etag) == 0 && row->status != FILE_PENDING;
    if (is_same && !is_archived)
        is_same = row->extractor >= m->extractor && (!m->force || row->operators == m->operators) &&
                  !store_class_is_archived (row->storage_class);
    if (!is_same)
        return CHANGE_OBJECT;
    if (strcmp (file_storage_class (facts->storage_class), row->storage_class) != 0)
        return CHANGE_CLASS;
    return !is_archived && row->operators & FILE_LACKS_TEXT ? CHANGE_TEXT : CHANGE_NONE;
}

/* A file may still be written; an object is there at once. */
static int64_t settled_ns (const struct store_facts *facts, int64_t now_ns)
{
    int64_t age_ns;
    if (__builtin_sub_overflow (now_ns, facts->mtime_ns, &age_ns) || age_ns < 0 ||
        age_ns >= LIMIT_SETTLE_MS * NS_PER_MS)
        return 0;
    return facts->mtime_ns + LIMIT_SETTLE_MS * NS_PER_MS;
}

static void put (struct merge *m, const struct store_object *o, enum change change, int64_t now_ns)
{
    struct merge_put p = { .key = o->key,
                           .storage_class = o->facts.storage_class,
                           .is_archived = store_class_is_archived (o->facts.storage_class),
                           .only_class = change == CHANGE_CLASS,
                           .only_text = change == CHANGE_TEXT };
    p.version.size = o->facts.size;
    p.version.mtime_ns = o->facts.mtime_ns;
    g_strlcpy (p.version.etag, o->facts.etag, sizeof p.version.etag);
    p.not_before_ns = m->is_remote ? 0 : settled_ns (&o->facts, now_ns);
    g_array_append_val (m->puts, p);
}

enum err merge_page (struct merge *m, const struct store_page *page, int64_t now_ns,
                     struct error *e)
{
    g_array_set_size (m->puts, 0);
    g_ptr_array_set_size (m->deletes, 0);
    g_string_chunk_clear (m->deleted_keys);
    m->listed = page->objects->len;
    m->unchanged = 0;
    const struct index_entry *row;
    enum err r;
    for (guint i = 0; i < page->objects->len; i++) {
        const struct store_object *o = &g_array_index (page->objects, struct store_object, i);
        int order = 1;
        while ((r = peek (m, &row, e)) == ERR_OK && row &&
               (order = strcmp (row->key, o->key)) < 0) {
            missing (m, page, row);
            m->next++;
        }
        if (r != ERR_OK)
            return r;
        bool is_known = row && order == 0;
        enum change change = is_known ? compare (m, &o->facts, row) : CHANGE_OBJECT;
        m->unchanged += change != CHANGE_OBJECT;
        if (change != CHANGE_NONE)
            put (m, o, change, now_ns);
        m->next += is_known;
    }
    while ((r = peek (m, &row, e)) == ERR_OK && row &&
           (!page->upto || strcmp (row->key, page->upto) <= 0)) {
        missing (m, page, row);
        m->next++;
    }
    return r;
}
