/* One page of ListObjectsV2: reads it, and finds out whether it can be true. */
#include "store/s3_private.h"

#include <string.h>

#include "base/text.h"
#include "store/s3_xml.h"

#define KEY_BLOCK (64 * KIB)

/* ---- Reading ---- */

struct reading {
    struct s3_page *page;
    struct store_facts facts; /* of the entry that is open */
    GString *key;
    size_t expected; /* the row of elements[] that most likely comes next */
    bool has_key, has_size, has_time, has_etag;
};

static void begin_entry (struct reading *x)
{
    x->facts = (struct store_facts){ 0 };
    x->has_key = x->has_size = x->has_time = x->has_etag = false;
}

static bool take_key (struct reading *x, const char *text)
{
    g_string_assign (x->key, text);
    return x->has_key = true;
}

static bool take_size (struct reading *x, const char *text)
{
    return x->has_size = text_parse_u64 (text, &x->facts.size) && x->facts.size <= INT64_MAX;
}

static bool take_time (struct reading *x, const char *text)
{
    return x->has_time = s3_iso_time (text, &x->facts.mtime_ns);
}

static bool take_etag (struct reading *x, const char *text)
{
    return x->has_etag = s3_etag (text, x->facts.etag);
}

static bool take_class (struct reading *x, const char *text)
{
    g_strlcpy (x->facts.storage_class, text, sizeof x->facts.storage_class);
    return true;
}

/* The key as the store means it. Escapes are undone at the end of the page, when it is known
 * whether there are any. */
static bool end_entry (struct reading *x, const char *text UNUSED)
{
    if (!x->has_key || !x->has_size || !x->has_time || !x->has_etag)
        return false;
    struct s3_entry entry = { .key = g_string_chunk_insert_len (x->page->keys, x->key->str,
                                                                (gssize) x->key->len),
                              .len = x->key->len,
                              .facts = x->facts };
    g_array_append_val (x->page->entries, entry);
    begin_entry (x);
    return true;
}

static bool take_prefix (struct reading *x, const char *text UNUSED)
{
    return x->page->has_prefixes = true;
}

static bool take_name (struct reading *x, const char *text)
{
    g_free (x->page->name);
    x->page->name = g_strdup (text);
    return true;
}

static bool take_token (struct reading *x, const char *text)
{
    g_free (x->page->token);
    x->page->token = *text ? g_strdup (text) : NULL;
    return true;
}

static bool take_count (struct reading *x, const char *text)
{
    return text_parse_u64 (text, &x->page->key_count);
}

static bool take_truncated (struct reading *x, const char *text)
{
    x->page->is_truncated = strcmp (text, "true") == 0;
    x->page->has_truncated = x->page->is_truncated || strcmp (text, "false") == 0;
    return x->page->has_truncated;
}

static bool take_encoding (struct reading *x, const char *text)
{
    x->page->is_encoded = strcmp (text, "url") == 0;
    return x->page->is_encoded || !*text;
}

/* Values that are looked at; false: it cannot be one. Those of an entry in their usual order. */
static const struct element {
    const char *path;
    bool (*take) (struct reading *x, const char *text);
} elements[] = {
    { "Contents/Key", take_key },
    { "Contents/LastModified", take_time },
    { "Contents/ETag", take_etag },
    { "Contents/Size", take_size },
    { "Contents/StorageClass", take_class },
    { "Contents", end_entry },
    { "CommonPrefixes", take_prefix },
    { "Name", take_name },
    { "KeyCount", take_count },
    { "IsTruncated", take_truncated },
    { "EncodingType", take_encoding },
    { "NextContinuationToken", take_token },
};

static enum err take (void *arg, const char *path, const char *text, struct error *e)
{
    struct reading *x = arg;
    for (size_t n = 0; n < N_ELEMENTS (elements); n++) {
        size_t i = (x->expected + n) % N_ELEMENTS (elements);
        if (strcmp (elements[i].path, path) != 0)
            continue;
        x->expected = elements[i].take == end_entry ? 0 : i + 1;
        return elements[i].take (x, text)
                   ? ERR_OK
                   : FAIL (e, STORE_DOWN, "<%s> cannot be '%.64s'", path, text);
    }
    return ERR_OK;
}

/* In place: no key gets longer. A key that held an escaped NUL stays a text with a length. */
static enum err decode_keys (struct s3_page *p, struct error *e)
{
    for (guint i = 0; i < p->entries->len; i++) {
        struct s3_entry *entry = &g_array_index (p->entries, struct s3_entry, i);
        g_autofree char *key = NULL;
        if (!text_percent_decode (entry->key, entry->len, true, &key, &entry->len))
            return FAIL (e, STORE_DOWN, "the key '%.64s' is not URL-encoded", entry->key);
        memcpy (entry->key, key, entry->len + 1);
    }
    return ERR_OK;
}

enum err s3_page_read (const void *text, size_t len, struct s3_page *ret, struct error *e)
{
    *ret = (struct s3_page){
        .entries = g_array_new (FALSE, FALSE, sizeof (struct s3_entry)),
        .keys = g_string_chunk_new (KEY_BLOCK),
        .key_count = UINT64_MAX,
    };
    g_autoptr (GString) key = g_string_new (NULL);
    struct reading x = { .page = ret, .key = key };
    enum err r = s3_xml_read (text, len, "ListBucketResult", take, &x, e);
    return r == ERR_OK && ret->is_encoded ? decode_keys (ret, e) : r;
}

void s3_page_clear (struct s3_page *p)
{
    g_clear_pointer (&p->entries, g_array_unref);
    g_clear_pointer (&p->keys, g_string_chunk_free);
    g_clear_pointer (&p->name, g_free);
    g_clear_pointer (&p->token, g_free);
}

/* ---- Judging ---- */

static int compare_keys (const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp (a, b, MIN (a_len, b_len));
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* Keys must ascend, from the one asked for on. */
static enum err check_order (const struct s3_page *p, const struct s3_asked *asked, struct error *e)
{
    const char *before = asked->after ? asked->after : "";
    size_t before_len = strlen (before);
    for (guint i = 0; i < p->entries->len; i++) {
        const struct s3_entry *entry = &g_array_index (p->entries, struct s3_entry, i);
        int order = compare_keys (entry->key, entry->len, before, before_len);
        if (order <= 0 && i == 0)
            return FAIL (e, STORE_DOWN, "keys after '%.200s' were asked for, '%.200s' came", before,
                         entry->key);
        if (order <= 0)
            return FAIL (e, STORE_DOWN, "the key '%.200s' comes %s '%.200s'", entry->key,
                         order ? "behind" : "twice, behind", before);
        before = entry->key;
        before_len = entry->len;
    }
    return ERR_OK;
}

enum err s3_page_check (const struct s3_page *p, const struct s3_asked *asked, struct error *e)
{
    guint n = p->entries->len;
    if (p->name && strcmp (p->name, asked->bucket) != 0)
        return FAIL (e, STORE_DOWN, "the page is of another bucket, '%.64s'", p->name);
    if (p->has_prefixes)
        return FAIL (e, STORE_DOWN, "the page has prefixes in place of keys");
    if (!p->has_truncated)
        return FAIL (e, STORE_DOWN, "the page does not tell whether it is the last");
    if (n > asked->max)
        return FAIL (e, STORE_DOWN, "%zu keys were asked for, %u came", asked->max, n);
    if (p->key_count != UINT64_MAX && p->key_count != n)
        return FAIL (e, STORE_DOWN, "the page tells of %" G_GUINT64_FORMAT " keys and has %u",
                     p->key_count, n);
    return check_order (p, asked, e);
}
