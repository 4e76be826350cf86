/* Pages of lists; see the header. Knows no list in particular. */
#include "api/listing.h"

#include "api/keyring.h"
#include "base/clock.h"
#include "base/limits.h"

#define SEALED "~" /* no token that names a row begins with it */

/* A page while it grows. */
struct page {
    const struct listing *list;
    json_t *entries;
    unsigned max, left_out;
    int64_t deadline_ms;
    char *next; /* NextToken; NULL: none yet */
    bool is_done;
};

/* Looks at the row whose turn it is. */
static void take_row (struct page *p, const void *row)
{
    const struct listing *l = p->list;
    if (!l->sees (l, row)) {
        p->left_out++;
        return;
    }
    if (json_array_size (p->entries) < p->max) {
        json_array_append_new (p->entries, l->entry (l, row));
        return;
    }
    p->next = l->position (l, row);
    p->is_done = true;
}

/* What is seen is no more than a page; what is not may be many, and policies may decide slowly. */
static bool is_spent (const struct page *p)
{
    return p->left_out >= LIMIT_LIST_LEFT_OUT ||
           (p->left_out && clock_mono_ms () >= p->deadline_ms);
}

/* Takes at most `wanted` rows. The position of the one behind them, from which the next are
 * fetched, becomes *from. */
static void take_rows (struct page *p, const GPtrArray *rows, unsigned wanted, char **from)
{
    guint i = 0;
    while (i < rows->len && i < wanted && !p->is_done && !is_spent (p))
        take_row (p, rows->pdata[i++]);
    g_clear_pointer (from, g_free);
    if (i < rows->len && !p->is_done)
        *from = p->list->position (p->list, rows->pdata[i]);
    else
        p->is_done = true;
}

/* The position that a token stands for. One that cannot be unsealed is no token of this list. */
static enum err open_token (const struct listing *l, const char *token, char **ret, struct error *e)
{
    g_auto (GStrv) parts = NULL;
    g_autofree char *position = NULL;
    if (g_str_has_prefix (token, SEALED)) {
        enum err ignored = keyring_unseal (l->call->api->keyring, l->call->action->name,
                                           token + strlen (SEALED), &position, NULL);
        (void) ignored;
    }
    if (!position)
        position = g_strdup (token);
    if (token_split (position, l->form, l->fixed, &parts, NULL) != ERR_OK)
        return token_split (token, l->form, l->fixed, &parts, e); /* says what the caller knows */
    *ret = g_steal_pointer (&position);
    return ERR_OK;
}

/* The token for a row that the caller may not be able to see. */
static enum err seal_token (const struct listing *l, const char *position, char **ret,
                            struct error *e)
{
    g_autofree char *sealed = NULL;
    enum err r = keyring_seal (l->call->api->keyring, l->call->action->name, position, &sealed, e);
    if (r == ERR_OK)
        *ret = g_strconcat (SEALED, sealed, NULL);
    return r;
}

static enum err fetch (const struct listing *l, const char *from, unsigned max, GPtrArray **ret,
                       struct error *e)
{
    g_auto (GStrv) parts = from ? g_strsplit (from, ":", -1) : NULL;
    return l->fetch (l, parts, max, ret, e);
}

/* The first rows are as many as a page has, and one more to name the next: enough for a caller who
 * sees all. */
static enum err fill (struct page *p, char **from, struct error *e)
{
    unsigned wanted = p->max + 1;
    do {
        g_autoptr (GPtrArray) rows = NULL;
        enum err r = fetch (p->list, *from, wanted + 1, &rows, e);
        if (r != ERR_OK)
            return r;
        take_rows (p, rows, wanted, from);
        wanted = LIMIT_LIST_FETCHED;
    } while (!p->is_done && !is_spent (p));
    return ERR_OK;
}

enum err listing_reply (const struct listing *l, const char *next_token, unsigned max,
                        struct reply *reply, struct error *e)
{
    json_auto_t *entries = json_array ();
    struct page page = {
        .list = l, .entries = entries, .max = max, .deadline_ms = clock_mono_ms () + LIMIT_LIST_MS
    };
    g_autofree char *from = NULL, *next = NULL;
    enum err r = is_given (next_token) ? open_token (l, next_token, &from, e) : ERR_OK;
    if (r == ERR_OK)
        r = fill (&page, &from, e);
    if (r == ERR_OK && from && !page.next)
        r = seal_token (l, from, &page.next, e);
    next = page.next;
    return r == ERR_OK ? reply_page (reply, l->name, entries, next, e) : r;
}
