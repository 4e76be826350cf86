/* The window of names; see the header. Sorting is by 8 bytes at a time: a byte-wise radix sort of
 * integers, then the same again 8 bytes further on for each run of equals. */
#include "store/names.h"

#include <assert.h>
#include <endian.h>
#include <string.h>
#include <glib.h>

#define SMALL_RUN  64         /* shorter runs are sorted by insertion */
#define PADDING    8          /* after the arena, so that 8 bytes can be loaded anywhere */
#define KEEP_MAX   (1u << 20) /* a bigger arena is given back when the window is emptied */
#define COST_ENTRY (2 * sizeof (struct name)) /* the entry and its place while sorting */

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
    x->limit = limit;
    names_empty (x);
}

void names_empty (struct names *x)
{
    x->n = x->used = 0;
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

void names_sort (struct names *x)
{
    g_autofree struct name *spare = x->n > SMALL_RUN ? g_new (struct name, x->n) : NULL;
    if (x->n > 1)
        sort_run (x, x->v, spare, x->n, common_prefix (x));
    drop_doubles (x);
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

bool names_add (struct names *x, const char *text, size_t len, uint8_t type)
{
    assert (len > 0 && len <= NAMES_TEXT_MAX);
    if (names_held (x) + len + 1 + COST_ENTRY > x->limit)
        return false;
    make_room (x, len + 1);
    uint32_t at = (uint32_t) x->used;
    x->v[x->n++] = (struct name){ .at = at, .len = (uint16_t) len, .type = type };
    memcpy (x->arena + at, text, len + 1);
    x->used += len + 1;
    return true;
}
