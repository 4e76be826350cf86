/* Sorted runs of names and their merge; see the header. A run is a row of records: length of the
 * text (2 bytes), its type, the text, a NUL. */
#include "store/dir_runs.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "store/dir_private.h"

#define HEAD_SIZE  3
#define RECORD_MAX (HEAD_SIZE + NAMES_TEXT_MAX + 1)
#define PIECE_MIN  (2 * KIB) /* of a run, read at a time: more than RECORD_MAX */
#define PIECE_MAX  (32 * KIB)
#define WRITE_SIZE (64 * KIB)

struct run {
    uint64_t at, end;
};

/* Where the merge is in a run. */
struct cursor {
    struct run rest; /* not read yet */
    char *piece;
    size_t at, next, used; /* this record, the next, and the end of what was read of the run */
    size_t len;            /* of the text; 0 after the last */
};

struct dir_runs {
    struct spill *spill;
    const struct store_list_hooks *hooks;
    uint64_t base; /* what is below in the file belongs to others */
    GArray *runs;  /* struct run, as they follow in the file; those being merged are taken out */
    size_t fan;    /* runs of one merge */
    size_t piece_size;
    char *pieces;
    struct cursor cursors[LIMIT_DIR_MERGE];
    struct cursor *heap[LIMIT_DIR_MERGE]; /* the first has the smallest text */
    size_t n;                             /* of heap */
    char last[NAMES_TEXT_MAX + 1];
    char *out; /* to be written */
    size_t used;
};

struct dir_runs *dir_runs_new (struct spill *spill, size_t memory,
                               const struct store_list_hooks *hooks)
{
    struct dir_runs *r = g_new0 (struct dir_runs, 1);
    r->spill = spill;
    r->hooks = hooks;
    r->base = spill->end;
    r->runs = g_array_new (FALSE, FALSE, sizeof (struct run));
    r->piece_size = CLAMP (memory / 2 / LIMIT_DIR_MERGE, PIECE_MIN, PIECE_MAX);
    r->fan = CLAMP (memory / 2 / r->piece_size, 2, LIMIT_DIR_MERGE);
    r->pieces = g_malloc (r->fan * r->piece_size);
    r->out = g_malloc (WRITE_SIZE);
    return r;
}

void dir_runs_free (struct dir_runs *r)
{
    if (!r)
        return;
    spill_shrink (r->spill, r->base);
    g_array_unref (r->runs);
    g_free (r->pieces);
    g_free (r->out);
    g_free (r);
}

size_t dir_runs_held (const struct dir_runs *r)
{
    return r->fan * r->piece_size;
}

/* ---- Writing ---- */

static enum err flush (struct dir_runs *r, struct error *e)
{
    enum err code = spill_append (r->spill, r->out, r->used, e);
    r->used = 0;
    return code;
}

static enum err put (struct dir_runs *r, const char *text, size_t len, uint8_t type,
                     struct error *e)
{
    enum err code = r->used + RECORD_MAX > WRITE_SIZE ? flush (r, e) : ERR_OK;
    uint16_t head = (uint16_t) len;
    char *at = r->out + r->used;
    memcpy (at, &head, sizeof head);
    at[HEAD_SIZE - 1] = (char) type;
    memcpy (at + HEAD_SIZE, text, len + 1);
    r->used += HEAD_SIZE + len + 1;
    return code;
}

/* What was put since `from` is a run. */
static enum err end_run (struct dir_runs *r, uint64_t from, struct error *e)
{
    enum err code = flush (r, e);
    struct run run = { from, r->spill->end };
    g_array_append_val (r->runs, run);
    return code;
}

/* ---- Merging ---- */

static const char *text_of (const struct cursor *c)
{
    return c->piece + c->at + HEAD_SIZE;
}

static uint8_t type_of (const struct cursor *c)
{
    return (uint8_t) c->piece[c->at + HEAD_SIZE - 1];
}

/* Reads on in the run, so that a whole record is there. */
static enum err read_piece (struct dir_runs *r, struct cursor *c, struct error *e)
{
    size_t left = c->used - c->next;
    if (left >= RECORD_MAX || c->rest.at == c->rest.end)
        return ERR_OK;
    if (dir_is_stopped (r->hooks))
        return FAIL (e, CLOSED, "the listing was stopped");
    memmove (c->piece, c->piece + c->next, left);
    size_t n = MIN (r->piece_size - left, c->rest.end - c->rest.at);
    enum err code = spill_read (r->spill, c->rest.at, c->piece + left, n, e);
    c->rest.at += n;
    c->next = 0;
    c->used = left + n;
    return code;
}

static enum err advance (struct dir_runs *r, struct cursor *c, struct error *e)
{
    enum err code = read_piece (r, c, e);
    c->at = c->next;
    c->len = 0;
    if (code != ERR_OK || c->at == c->used)
        return code;
    uint16_t len = 0;
    if (c->used - c->at > HEAD_SIZE)
        memcpy (&len, c->piece + c->at, sizeof len);
    c->len = len;
    c->next += HEAD_SIZE + c->len + 1;
    if (len == 0 || c->next > c->used || text_of (c)[len] != '\0')
        return FAIL (e, STORE_DOWN, "%s: the temporary file holds something else than was written",
                     r->spill->folder);
    return ERR_OK;
}

static bool is_below (const struct cursor *a, const struct cursor *b)
{
    return strcmp (text_of (a), text_of (b)) < 0;
}

/* Moves the cursor at `i` of the heap down to its place. */
static void sink (struct dir_runs *r, size_t i)
{
    struct cursor *c = r->heap[i];
    for (size_t child; (child = 2 * i + 1) < r->n; i = child) {
        if (child + 1 < r->n && is_below (r->heap[child + 1], r->heap[child]))
            child++;
        if (!is_below (r->heap[child], c))
            break;
        r->heap[i] = r->heap[child];
    }
    r->heap[i] = c;
}

/* Begins to merge the first `n` runs. */
static enum err begin (struct dir_runs *r, size_t n, struct error *e)
{
    for (size_t i = 0; i < n; i++) {
        struct cursor *c = r->heap[i] = &r->cursors[i];
        *c = (struct cursor){ .rest = g_array_index (r->runs, struct run, i),
                              .piece = r->pieces + i * r->piece_size };
        enum err code = advance (r, c, e);
        if (code != ERR_OK)
            return code;
    }
    g_array_remove_range (r->runs, 0, (guint) n);
    r->n = n;
    for (size_t i = n / 2; i-- > 0;)
        sink (r, i);
    return ERR_OK;
}

/* Goes on to the next text, over doubles of this one. */
static enum err step (struct dir_runs *r, struct error *e)
{
    struct cursor *c = r->heap[0];
    memcpy (r->last, text_of (c), c->len + 1);
    do {
        c = r->heap[0];
        enum err code = advance (r, c, e);
        if (code != ERR_OK)
            return code;
        if (c->len == 0)
            r->heap[0] = r->heap[--r->n];
        sink (r, 0);
    } while (r->n > 0 && strcmp (text_of (r->heap[0]), r->last) == 0);
    return ERR_OK;
}

/* Makes one run of the first `n`. */
static enum err merge (struct dir_runs *r, size_t n, struct error *e)
{
    uint64_t from = g_array_index (r->runs, struct run, 0).at, end = r->spill->end;
    uint64_t to = g_array_index (r->runs, struct run, n - 1).end;
    enum err code = begin (r, n, e);
    while (code == ERR_OK && r->n > 0) {
        const struct cursor *c = r->heap[0];
        code = put (r, text_of (c), c->len, type_of (c), e);
        if (code == ERR_OK)
            code = step (r, e);
    }
    if (code == ERR_OK)
        code = end_run (r, end, e);
    spill_forget (r->spill, from, to);
    return code;
}

/* ---- Operations ---- */

enum err dir_runs_add (struct dir_runs *r, const struct names *x, struct error *e)
{
    assert (x->n > 0);
    enum err code = r->runs->len == LIMIT_DIR_RUNS ? merge (r, r->fan, e) : ERR_OK;
    uint64_t from = r->spill->end;
    for (size_t i = 0; i < x->n && code == ERR_OK; i++)
        code = put (r, names_text (x, i), x->v[i].len, x->v[i].type, e);
    return code == ERR_OK ? end_run (r, from, e) : code;
}

enum err dir_runs_start (struct dir_runs *r, struct error *e)
{
    enum err code = ERR_OK;
    while (code == ERR_OK && r->runs->len > r->fan)
        code = merge (r, MIN (r->fan, r->runs->len - r->fan + 1), e);
    g_clear_pointer (&r->out, g_free);
    return code == ERR_OK ? begin (r, r->runs->len, e) : code;
}

enum err dir_runs_read (struct dir_runs *r, struct names *x, struct error *e)
{
    enum err code = ERR_OK;
    while (code == ERR_OK && r->n > 0) {
        const struct cursor *c = r->heap[0];
        if (!names_add (x, text_of (c), c->len, type_of (c)))
            break;
        code = step (r, e);
    }
    return code;
}

bool dir_runs_is_done (const struct dir_runs *r)
{
    return r->n == 0;
}
