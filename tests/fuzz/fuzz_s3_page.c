/* Pages of listings: whatever comes, it is refused, or its keys ascend and its facts can be. */
#include <assert.h>
#include <string.h>

#include "store/s3_private.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void look (const struct s3_page *p, const struct s3_asked *asked)
{
    assert (p->entries->len <= asked->max && p->has_truncated);
    for (guint i = 0; i < p->entries->len; i++) {
        const struct s3_entry *x = &g_array_index (p->entries, struct s3_entry, i);
        assert (x->len > 0 && x->key[x->len] == '\0' && x->facts.size <= INT64_MAX);
        assert (*x->facts.etag && x->facts.mtime_ns % 1000000000 == 0);
        assert (i == 0 || memcmp (x[-1].key, x->key, MIN (x[-1].len, x->len) + 1) < 0 ||
                x[-1].len < x->len);
    }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    const struct s3_asked asked = { .bucket = "b", .after = "A", .max = 3 };
    struct s3_page page;
    struct error e;
    json_t *tags = NULL;
    enum err r = s3_page_read (data, size, &page, &e);
    if (r == ERR_OK)
        r = s3_page_check (&page, &asked, &e);
    if (r == ERR_OK)
        look (&page, &asked);
    assert (r == ERR_OK || r == ERR_STORE_DOWN);
    s3_page_clear (&page);
    r = s3_tags_read (data, size, &tags, &e);
    assert (r == ERR_OK || r == ERR_STORE_DOWN);
    json_decref (tags);
    return 0;
}
