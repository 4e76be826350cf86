/* Styles of buckets: PutStyle, GetStyle, ListStyles, DeleteStyle. */
#include <string.h>

#include "api/handlers.h"
#include "api/users.h"
#include "base/limits.h"
#include "process/process.h"

static void style_freep (struct style **s)
{
    style_free (*s);
}
#define _cleanup_style_ __attribute__ ((cleanup (style_freep)))

/* What a style may say: a chain that is answered. What is stored where is for the request to say.
 */
static enum err check_content (const char *content, struct error *e)
{
    struct error why;
    _cleanup_process_ struct process *process = NULL;
    enum err r = process_parse (content, strlen (content), &process, &why);
    if (r != ERR_OK)
        return FAIL_ON (e, INVALID_PARAM, "Content",
                        "Specified parameter Content is not valid. %s Expected a text of "
                        "x-oss-process such as image/resize,w_200/format,webp.",
                        why.message);
    if (process->saveas.object)
        return FAIL_ON (e, INVALID_PARAM, "Content",
                        "Specified parameter Content is not valid. A style cannot say where its "
                        "result is saved; the request does, behind it.");
    return ERR_OK;
}

static json_t *style_json (const struct api *api, const struct style *s)
{
    return json_pack ("{s:s, s:s, s:o, s:o}", "StyleName", s->name, "Content", s->text,
                      "CreateTime", json_time (api, s->create_ns), "UpdateTime",
                      json_time (api, s->update_ns));
}

static enum err reply_style (const struct api *api, const struct style *s, struct reply *reply,
                             struct error *e)
{
    return reply_take (reply, json_pack ("{s:o}", "Style", style_json (api, s)), e);
}

static enum err explain (enum err r, const char *bucket, const char *name, struct error *e)
{
    if (r != ERR_NO_STYLE)
        return r;
    return FAIL (e, NO_STYLE,
                 "The specified style does not exist. Bucket '%s' has no style '%s'; names are "
                 "case-sensitive, ListStyles lists them.",
                 bucket, name);
}

enum err api_put_style (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct put_style_params *p = params;
    enum err r = check_content (p->content, e);
    if (r != ERR_OK)
        return r;
    _cleanup_style_ struct style *s = g_new0 (struct style, 1);
    s->bucket = g_strdup (p->oss_bucket);
    s->name = g_strdup (p->style_name);
    s->text = g_strdup (p->content);
    r = catalog_put_style (c->api->catalog, s, LIMIT_STYLES, e);
    if (r == ERR_LIMIT)
        return FAIL (e, LIMIT,
                     "resource count exceeds the limit: bucket '%s' has %d styles, and no more "
                     "than that are allowed; DeleteStyle makes room.",
                     p->oss_bucket, LIMIT_STYLES);
    return r == ERR_OK ? reply_style (c->api, s, reply, e) : r;
}

enum err api_get_style (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct get_style_params *p = params;
    _cleanup_style_ struct style *s = NULL;
    enum err r = catalog_get_style (c->api->catalog, p->oss_bucket, p->style_name, &s, e);
    return r == ERR_OK ? reply_style (c->api, s, reply, e)
                       : explain (r, p->oss_bucket, p->style_name, e);
}

enum err api_list_styles (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct list_styles_params *p = params;
    unsigned max = page_size (p->max_results, LIMIT_PAGE_DEFAULT);
    g_autoptr (GPtrArray) page = NULL;
    const char *from;
    enum err r = users_page_from (p->next_token, &from, e);
    if (r == ERR_OK)
        r = catalog_list_styles (c->api->catalog, p->oss_bucket, from, max, &page, e);
    if (r != ERR_OK)
        return r;
    json_auto_t *list = json_array ();
    for (guint i = 0; i < page->len && i < max; i++)
        json_array_append_new (list, style_json (c->api, page->pdata[i]));
    const char *next = page->len > max ? ((const struct style *) page->pdata[max])->name : NULL;
    return reply_page (reply, "Styles", list, next, e);
}

enum err api_delete_style (struct call *c, const void *params, struct reply *reply, struct error *e)
{
    const struct delete_style_params *p = params;
    enum err r = catalog_delete_style (c->api->catalog, p->oss_bucket, p->style_name, e);
    return r == ERR_OK ? reply_take (reply, json_object (), e)
                       : explain (r, p->oss_bucket, p->style_name, e);
}
