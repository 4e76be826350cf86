/* Sampling a listing for bounds. Keys are seen as a tree of their characters, of which one page at
 * a time is looked at; it knows nothing of ranges, bindings or the index. */
#include "scan/split.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

/* Of one sample: who takes whole pages is fetched the next one, too. */
#define PAGE_KEYS (LIMIT_STORE_PAGE - 1)

#define BIG_KEYS  16000    /* what more than a page counts for */
#define LAST_CHAR 0x10ffff /* sorts after every other */

/* Neighbouring keys: a few, or those that begin with the same characters. */
struct part {
    char *first;          /* key */
    double weight;        /* share of everything, as a guess */
    bool is_big;          /* more than a page, and not looked into; else this is all of it: */
    char *after, *before; /* exclusive; NULL: no bound */
    char *last;           /* key of the page that begins with `first` */
    size_t shared;        /* bytes that its keys are known to share, at least */
};

struct sampler {
    const struct split *s;
    int64_t until_ms;
    unsigned requests;
    struct store_page page;
};

static void part_free (void *p)
{
    struct part *part = p;
    g_free (part->first);
    g_free (part->after);
    g_free (part->before);
    g_free (part->last);
    g_free (part);
}

/* Lists one page of (after, before). CLOSED when there were enough. */
static enum err look (struct sampler *m, const char *after, const char *before, size_t max,
                      struct error *e)
{
    const struct split *s = m->s;
    struct store_listing *listing;
    if (m->requests++ >= LIMIT_SPLIT_REQUESTS || clock_mono_ms () >= m->until_ms ||
        (s->is_stopped && s->is_stopped (s->arg)))
        return FAIL (e, CLOSED, "no more samples");
    enum err r = store_list_open (s->store, s->bucket, after, before, NULL, &listing, e);
    if (r != ERR_OK)
        return r;
    r = store_list_next (listing, max, &m->page, e);
    store_list_close (listing);
    return r;
}

static const char *key_at (const struct sampler *m, guint i)
{
    return g_array_index (m->page.objects, struct store_object, i).key;
}

static guint n_keys (const struct sampler *m)
{
    return m->page.objects->len;
}

/* Bytes of whole characters that both begin with. */
static size_t shared (const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] && a[n] == b[n])
        n++;
    while (n > 0 && ((unsigned char) a[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* The first `len` bytes of a key, and above all that begins so. */
static char *behind (const char *key, size_t len)
{
    GString *text = g_string_new_len (key, (gssize) len);
    g_string_append_unichar (text, LAST_CHAR);
    return g_string_free (text, FALSE);
}

/* Where the character that begins at byte `at` ends. */
static size_t char_end (const char *key, size_t at)
{
    return key[at] ? (size_t) (g_utf8_next_char (key + at) - key) : at;
}

/* The number of bytes that all keys of the part share: by bisection between what is known and what
 * the page shows. */
static enum err find_branch (struct sampler *m, const struct part *part, size_t *ret,
                             struct error *e)
{
    const char *from = part->first + part->shared;
    glong lo = 0,
          hi = g_utf8_strlen (from, (gssize) (shared (part->first, part->last) - part->shared));
    while (lo < hi) {
        glong middle = lo + (hi - lo + 1) / 2;
        const char *end = g_utf8_offset_to_pointer (from, middle);
        g_autofree char *after = behind (part->first, (size_t) (end - part->first));
        enum err r = look (m, after, part->before, 1, e);
        if (r != ERR_OK)
            return r;
        if (n_keys (m))
            hi = middle - 1;
        else
            lo = middle;
    }
    *ret = (size_t) (g_utf8_offset_to_pointer (from, lo) - part->first);
    return ERR_OK;
}

/* The page's keys from `i` on that have the same character at `at`: the index after the last. */
static guint end_of_group (const struct sampler *m, guint i, size_t at)
{
    const char *first = key_at (m, i);
    size_t len = char_end (first, at);
    do
        i++;
    while (len > at && i < n_keys (m) && strncmp (key_at (m, i), first, len) == 0);
    return i;
}

/* Small groups become one part, until it is worth a page. */
static void add_small (GPtrArray *parts, const char *first, guint keys)
{
    struct part *last = parts->len ? g_ptr_array_index (parts, parts->len - 1) : NULL;
    if (last && !last->is_big && last->weight + keys <= PAGE_KEYS) {
        last->weight += keys;
        return;
    }
    struct part *part = g_new0 (struct part, 1);
    part->first = g_strdup (first);
    part->weight = keys;
    g_ptr_array_add (parts, part);
}

static void add_big (const struct sampler *m, GPtrArray *parts, size_t at, const char *after,
                     const char *before)
{
    struct part *part = g_new0 (struct part, 1);
    *part = (struct part){ .first = g_strdup (key_at (m, 0)),
                           .weight = BIG_KEYS,
                           .is_big = true,
                           .after = g_strdup (after),
                           .last = g_strdup (key_at (m, n_keys (m) - 1)),
                           .shared = char_end (key_at (m, 0), at) };
    part->before = behind (part->first, part->shared);
    if (before && strcmp (before, part->before) < 0) {
        g_free (part->before);
        part->before = g_strdup (before);
    }
    g_ptr_array_add (parts, part);
}

/* Adds the groups of the page that was listed after `after`, and says after which key to look on;
 * NULL: there are no more. The last group of a page may go on beyond it: it is listed from its
 * first key on, unless it fills the page. */
static char *add_groups (const struct sampler *m, size_t at, const char *after, const char *before,
                         GPtrArray *parts)
{
    guint i = 0, n = n_keys (m);
    while (i < n) {
        const char *first = key_at (m, i);
        guint end = end_of_group (m, i, at);
        bool goes_on = end == n && !m->page.is_last && first[at];
        if (goes_on && i > 0)
            return g_strdup (key_at (m, i - 1));
        if (goes_on) {
            add_big (m, parts, at, after, before);
            return behind (first, char_end (first, at));
        }
        add_small (parts, first, end - i);
        i = end;
    }
    return m->page.is_last ? NULL : g_strdup (m->page.upto);
}

/* What a part consists of. */
static enum err look_into (struct sampler *m, const struct part *part, GPtrArray *children,
                           struct error *e)
{
    size_t at = 0;
    enum err r = find_branch (m, part, &at, e);
    g_autofree char *from = g_strdup (part->after);
    while (r == ERR_OK) {
        r = look (m, from, part->before, PAGE_KEYS, e);
        if (r != ERR_OK)
            break;
        char *next = add_groups (m, at, from, part->before, children);
        g_free (from);
        from = next;
        if (!next)
            break;
    }
    return r;
}

/* The heaviest part that is worth a look: its index, or -1. */
static int heaviest (const GPtrArray *parts, size_t want)
{
    int found = -1;
    double most = 1.0 / (double) want;
    for (guint i = 0; i < parts->len; i++) {
        const struct part *part = g_ptr_array_index (parts, i);
        if (part->is_big && part->weight > most && strlen (part->first) < LIMIT_SPLIT_KEY) {
            most = part->weight;
            found = (int) i;
        }
    }
    return found;
}

/* Puts `children` in the place of a part; they share its weight. */
static void replace (GPtrArray *parts, int i, GPtrArray *children)
{
    double whole = ((struct part *) g_ptr_array_index (parts, i))->weight, sum = 0;
    for (guint k = 0; k < children->len; k++)
        sum += ((struct part *) g_ptr_array_index (children, k))->weight;
    g_ptr_array_remove_index (parts, (guint) i);
    for (guint k = 0; k < children->len; k++) {
        struct part *child = g_ptr_array_index (children, k);
        child->weight *= whole / sum;
        g_ptr_array_insert (parts, i + (int) k, child);
    }
    g_ptr_array_set_free_func (children, NULL);
}

/* A part begins where what lies before it weighs enough. A bound belongs to the range before it. */
static void add_bounds (const GPtrArray *parts, size_t want, GPtrArray *bounds)
{
    double sum = 0, next = 1.0 / (double) want;
    for (guint i = 0; i < parts->len; i++) {
        const struct part *part = g_ptr_array_index (parts, i);
        if (i > 0 && bounds->len + 1 < want && sum + part->weight / 2 >= next) {
            g_ptr_array_add (bounds, g_strdup (part->first));
            while (next <= sum + part->weight / 2)
                next += 1.0 / (double) want;
        }
        sum += part->weight;
    }
}

static enum err sample (struct sampler *m, GPtrArray *parts, struct error *e)
{
    const struct split *s = m->s;
    enum err r = look (m, s->after, s->before, PAGE_KEYS, e);
    if (r != ERR_OK || m->page.is_last || n_keys (m) < 2)
        return r;
    struct part *all = g_new0 (struct part, 1);
    *all = (struct part){ .first = g_strdup (key_at (m, 0)),
                          .weight = 1,
                          .is_big = true,
                          .after = g_strdup (s->after),
                          .before = g_strdup (s->before),
                          .last = g_strdup (key_at (m, n_keys (m) - 1)) };
    g_ptr_array_add (parts, all);
    for (int i; r == ERR_OK && (i = heaviest (parts, s->want)) >= 0;) {
        g_autoptr (GPtrArray) children = g_ptr_array_new_with_free_func (part_free);
        r = look_into (m, g_ptr_array_index (parts, i), children, e);
        if (r == ERR_OK)
            replace (parts, i, children);
    }
    return r;
}

enum err split_sample (const struct split *s, GPtrArray *bounds, struct error *e)
{
    struct sampler m = { .s = s, .until_ms = clock_mono_ms () + LIMIT_SPLIT_MS };
    g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (part_free);
    store_page_init (&m.page);
    enum err r = sample (&m, parts, e);
    store_page_clear (&m.page);
    if (r == ERR_OK || r == ERR_CLOSED)
        add_bounds (parts, s->want, bounds);
    return r == ERR_CLOSED ? ERR_OK : r;
}
