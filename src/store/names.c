/* The window of names; see the header. Sorting is by 8 bytes at a time: a byte-wise radix sort of
 * integers, then the same again 8 bytes further on for each run of equals. */
#include "store/names.h"

#include <assert.h>
#include <endian.h>
#include <string.h>
#include <glib.h>

#define SMALL_RUN    64         /* shorter runs are sorted by insertion */
#define PADDING      8          /* after the arena, so that 8 bytes can be loaded anywhere */
#define KEEP_MAX     (1u << 20) /* a bigger arena is given back when the window is emptied */
#define HEADER_SIZE  2          /* before each text in the arena: its length, or that and DROPPED */
#define DROPPED      0x8000u
#define COST_ENTRY   (2 * sizeof (struct name)) /* the entry and its place while sorting */
#define KEEP_QUARTER 3                          /* quarters of the limit kept when it is full */

void names_clear (struct names *x)
{
    g_free (x->v);
    g_free (x->arena);
    *x = (struct names){ 0 };
}

void names_begin (struct names *x, size_t limit)
{
    assert (limit >= NAMES_MIN_LIMIT && limit < UINT32_MAX);
    if (x->size > KEEP_MAX || x->room * COST_ENTRY > KEEP_MAX)
        names_clear (x);
    x->n = x->used = 0;
    x->limit = limit;
    x->is_cut = false;
}

size_t names_held (const struct names *x)
{
    return x->used + x->n * COST_ENTRY;
}

/* The 8 bytes at `depth` as a number that compares as they do; 0 after the end. */
static inline uint64_t load_key (const struct names *x, const struct name *name, size_t depth)
{
    size_t left = name->len > depth ? name->len - depth : 0;
    if (left == 0)
        return 0;
    uint64_t bytes;
    memcpy (&bytes, x->arena + name->at + depth, sizeof bytes);
    uint64_t key = be64toh (bytes);
    return left >= 8 ? key : key & ~(UINT64_MAX >> (8 * left));
}

static void sort_small (struct name *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct name name = v[i];
        size_t at = i;
        for (; at > 0 && v[at - 1].key > name.key; at--)
            v[at] = v[at - 1];
        v[at] = name;
    }
}

/* Radix sort from the lowest byte up; bytes that are the same in all keys cost nothing. */
static void sort_keys (struct name *v, struct name *spare, size_t n)
{
    uint32_t counts[8][256] = { 0 };
    for (size_t i = 0; i < n; i++)
        for (int byte = 0; byte < 8; byte++)
            counts[byte][(v[i].key >> (8 * byte)) & 255]++;
    struct name *from = v, *to = spare;
    for (int byte = 0; byte < 8; byte++) {
        uint32_t *count = counts[byte], sum = 0;
        if (count[(v[0].key >> (8 * byte)) & 255] == n)
            continue;
        for (int i = 0; i < 256; i++) {
            uint32_t c = count[i];
            count[i] = sum;
            sum += c;
        }
        for (size_t i = 0; i < n; i++)
            to[count[(from[i].key >> (8 * byte)) & 255]++] = from[i];
        struct name *swap = from;
        from = to;
        to = swap;
    }
    if (from != v)
        memcpy (v, from, n * sizeof *v);
}

/* Sorts names that are equal in their first `depth` bytes. The recursion ends with the texts: it
 * is at most NAMES_TEXT_MAX / 8 deep. */
static void sort_run (const struct names *x, struct name *v, struct name *spare, size_t n,
                      size_t depth)
{
    for (size_t i = 0; i < n; i++)
        v[i].key = load_key (x, &v[i], depth);
    if (n <= SMALL_RUN)
        sort_small (v, n);
    else
        sort_keys (v, spare, n);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && v[to].key == v[from].key;)
            to++;
        /* A key whose last byte is 0 holds the end: such texts are the same. */
        if (to - from > 1 && (v[from].key & 255))
            sort_run (x, v + from, spare, to - from, depth + 8);
    }
}

static size_t common_prefix (const struct names *x)
{
    const char *first = names_text (x, 0);
    size_t common = x->v[0].len;
    for (size_t i = 1; i < x->n && common; i++) {
        const char *text = names_text (x, i);
        size_t len = 0;
        while (len < common && text[len] == first[len])
            len++;
        common = len;
    }
    return common;
}

static void drop_doubles (struct names *x)
{
    size_t kept = 0;
    for (size_t i = 0; i < x->n; i++) {
        bool is_double = i > 0 && x->v[i].key == x->v[kept - 1].key &&
                         strcmp (names_text (x, i), names_text (x, kept - 1)) == 0;
        if (!is_double)
            x->v[kept++] = x->v[i];
    }
    x->n = kept;
}

static void sort_all (struct names *x)
{
    g_autofree struct name *spare = x->n > SMALL_RUN ? g_new (struct name, x->n) : NULL;
    if (x->n > 1)
        sort_run (x, x->v, spare, x->n, common_prefix (x));
}

void names_sort (struct names *x)
{
    sort_all (x);
    drop_doubles (x);
}

static void set_header (struct names *x, uint32_t at, uint16_t value)
{
    memcpy (x->arena + at - HEADER_SIZE, &value, HEADER_SIZE);
}

/* Moves the texts that are kept together; their types are behind them, in place of the NUL. */
static void compact (struct names *x)
{
    size_t to = 0, n = 0;
    for (size_t from = 0; from < x->used;) {
        uint16_t header;
        memcpy (&header, x->arena + from, HEADER_SIZE);
        size_t len = header & ~DROPPED, size = HEADER_SIZE + len + 1;
        if (!(header & DROPPED)) {
            uint8_t type = (uint8_t) x->arena[from + size - 1];
            memmove (x->arena + to, x->arena + from, size);
            x->arena[to + size - 1] = '\0';
            x->v[n++] =
                (struct name){ .at = (uint32_t) to + HEADER_SIZE, .len = header, .type = type };
            to += size;
        }
        from += size;
    }
    x->n = n;
    x->used = to;
}

/* The window is full: keeps the smallest names, and from now on only such as are below. */
static void cut (struct names *x)
{
    sort_all (x);
    size_t kept = 0, bytes = 0, quota = x->limit / 4 * KEEP_QUARTER;
    while (kept < x->n && (kept == 0 || bytes < quota))
        bytes += HEADER_SIZE + x->v[kept++].len + 1u + COST_ENTRY;
    memcpy (x->bound, names_text (x, kept - 1), x->v[kept - 1].len + 1u);
    x->is_cut = true;
    for (size_t i = kept; i < x->n; i++)
        set_header (x, x->v[i].at, x->v[i].len | DROPPED);
    for (size_t i = 0; i < kept; i++)
        x->arena[x->v[i].at + x->v[i].len] = (char) x->v[i].type;
    compact (x);
}

static void make_room (struct names *x, size_t bytes)
{
    if (x->size < x->used + bytes + PADDING) {
        x->size = MAX (2 * x->size, 16 * 1024u);
        x->arena = g_realloc (x->arena, x->size);
    }
    if (x->room == x->n) {
        x->room = MAX (2 * x->room, 256);
        x->v = g_renew (struct name, x->v, x->room);
    }
}

void names_add (struct names *x, const char *text, size_t len, uint8_t type)
{
    assert (len > 0 && len <= NAMES_TEXT_MAX);
    if (x->is_cut && strcmp (text, x->bound) > 0)
        return;
    size_t bytes = HEADER_SIZE + len + 1;
    if (names_held (x) + bytes + COST_ENTRY > x->limit) {
        cut (x);
        if (strcmp (text, x->bound) > 0)
            return;
    }
    make_room (x, bytes);
    uint32_t at = (uint32_t) x->used + HEADER_SIZE;
    x->v[x->n++] = (struct name){ .at = at, .len = (uint16_t) len, .type = type };
    memcpy (x->arena + at, text, len + 1);
    set_header (x, at, (uint16_t) len);
    x->used += bytes;
}
