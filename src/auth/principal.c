/* Principals: counted, and wiped by whoever lets go last. */
#include "auth/principal.h"

#include <assert.h>
#include <string.h>
#include <glib.h>

struct principal *principal_new (void)
{
    struct principal *p = g_new0 (struct principal, 1);
    p->is_active = true;
    atomic_init (&p->refs, 1);
    return p;
}

struct principal *principal_ref (struct principal *p)
{
    unsigned before = atomic_fetch_add_explicit (&p->refs, 1, memory_order_relaxed);
    assert (before > 0);
    return p;
}

void principal_unref (struct principal *p)
{
    if (!p || atomic_fetch_sub_explicit (&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    policy_list_unref (p->list);
    policy_unref ((struct policy *) p->policies.session);
    g_free (p->user_name);
    g_free (p->user_id);
    g_free (p->session_name);
    explicit_bzero (p, sizeof *p);
    g_free (p);
}

void principal_set_policies (struct principal *p, struct policy_list *list)
{
    policy_list_ref (list);
    policy_list_unref (p->list);
    p->list = list;
    p->policies.identity = list->named;
    p->policies.n_identity = list->n;
}

struct policy_list *policy_list_new (size_t n)
{
    struct policy_list *list =
        g_malloc0 (sizeof (struct policy_list) + n * sizeof (struct policy_named));
    atomic_init (&list->refs, 1);
    list->n = n;
    return list;
}

struct policy_list *policy_list_ref (struct policy_list *list)
{
    unsigned before = atomic_fetch_add_explicit (&list->refs, 1, memory_order_relaxed);
    assert (before > 0);
    return list;
}

void policy_list_unref (struct policy_list *list)
{
    if (!list || atomic_fetch_sub_explicit (&list->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < list->n; i++) {
        g_free (list->named[i].name);
        policy_unref (list->named[i].policy);
    }
    g_free (list);
}

char *principal_display_name (const struct principal *p)
{
    if (p->is_root || !p->user_name)
        return g_strdup ("root");
    return p->session_name ? g_strconcat (p->user_name, ":", p->session_name, NULL)
                           : g_strdup (p->user_name);
}

/* Both are sent and kept as words, so neither may hold a space, a control character or a comma. */
static bool is_word (const char *text, size_t max)
{
    size_t len = strlen (text);
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isgraph (text[i]) || text[i] == ',')
            return false;
    return len > 0 && len <= max;
}

enum err principal_set_key (struct principal *p, const char *id, const char *secret,
                            const char *where, struct error *e)
{
    if (!is_word (id, PRINCIPAL_ID_MAX))
        return FAIL (e, INVALID_ARGUMENT, "%s: the AccessKeyId must be 1 to %d visible characters",
                     where, PRINCIPAL_ID_MAX);
    if (!is_word (secret, PRINCIPAL_SECRET_MAX))
        return FAIL (e, INVALID_ARGUMENT,
                     "%s: the AccessKeySecret must be 1 to %d visible characters", where,
                     PRINCIPAL_SECRET_MAX);
    g_strlcpy (p->id, id, sizeof p->id);
    g_strlcpy (p->secret, secret, sizeof p->secret);
    return ERR_OK;
}
