/* Which sidecar belongs to which image: by the keys, and by which of them are rows. It reads;
 * work_sidecar.c writes. */
#include "index/sidecar.h"

#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "index/rows.h"

#define EXTENSION ".xmp"

/* What cameras and programs call images. Those of raw files come first in a sidecar's name. */
static const struct {
    const char *name;
    bool is_raw;
} extensions[] = {
    { "3fr", true },   { "arw", true },   { "cr2", true },   { "cr3", true },   { "crw", true },
    { "dcr", true },   { "dng", true },   { "erf", true },   { "fff", true },   { "gpr", true },
    { "iiq", true },   { "k25", true },   { "kdc", true },   { "mef", true },   { "mos", true },
    { "mrw", true },   { "nef", true },   { "nrw", true },   { "orf", true },   { "ori", true },
    { "pef", true },   { "raf", true },   { "raw", true },   { "rw2", true },   { "rwl", true },
    { "sr2", true },   { "srf", true },   { "srw", true },   { "x3f", true },

    { "apng", false }, { "avif", false }, { "bmp", false },  { "gif", false },  { "heic", false },
    { "heif", false }, { "hif", false },  { "ico", false },  { "j2k", false },  { "jfif", false },
    { "jp2", false },  { "jpe", false },  { "jpeg", false }, { "jpf", false },  { "jpg", false },
    { "jpx", false },  { "jxl", false },  { "png", false },  { "psb", false },  { "psd", false },
    { "svg", false },  { "tif", false },  { "tiff", false }, { "webp", false },
};

/* The dot before the extension, or NULL: none, or nothing before it. */
static const char *find_dot (const char *key)
{
    const char *dot = strrchr (key, '.'), *slash = strrchr (key, '/');
    const char *name = slash ? slash + 1 : key;
    return dot && dot > name ? dot : NULL;
}

/* Index into `extensions`, or their number. */
static size_t find_type (const char *key)
{
    const char *dot = find_dot (key);
    size_t i = dot ? 0 : N_ELEMENTS (extensions);
    while (i < N_ELEMENTS (extensions) && g_ascii_strcasecmp (dot + 1, extensions[i].name) != 0)
        i++;
    return i;
}

bool sidecar_is_one (const char *key)
{
    const char *dot = find_dot (key);
    return dot && g_ascii_strcasecmp (dot, EXTENSION) == 0;
}

bool sidecar_is_image (const char *key)
{
    return find_type (key) < N_ELEMENTS (extensions);
}

bool sidecar_is_raw (const char *key)
{
    size_t i = find_type (key);
    return i < N_ELEMENTS (extensions) && extensions[i].is_raw;
}

char *sidecar_base (const char *key)
{
    const char *dot = find_dot (key);
    return g_strndup (key, dot ? (gsize) (dot - key) : strlen (key));
}

bool sidecar_may_concern (const char *base, const char *image)
{
    size_t n = strlen (base);
    return sidecar_is_image (image) && strncmp (image, base, n) == 0 &&
           (!image[n] || image + n == find_dot (image));
}

/* ---- rows ---- */

/* The condition is that of the index object_sidecar, letter by letter. */
#define IS_SIDECAR "lower (substr (uri, -4)) = '" EXTENSION "'"
#define BASE_IS    "substr (uri, 1, length (uri) - 4) "

enum err sidecar_exists (struct sql *s, const char *bucket, const char *base, const char *other,
                         bool *ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autofree char *uri = rows_uri (bucket, base),
                    *second = other ? rows_uri (bucket, other) : NULL;
    enum err r = sql_prepare (
        s, "SELECT 1 FROM object WHERE " BASE_IS "IN (?, ?) AND " IS_SIDECAR " LIMIT 1", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_text (st, 1, uri);
    sql_bind_text (st, 2, second);
    return sql_step (st, ret, e);
}

enum err sidecar_has_any (struct sql *s, const char *bucket, bool *ret, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autofree char *lo = NULL, *hi = NULL;
    enum err r = sql_prepare (s,
                              "SELECT 1 FROM object WHERE " BASE_IS "> ? AND " BASE_IS
                              "< ? AND " IS_SIDECAR " LIMIT 1",
                              &st, e);
    if (r != ERR_OK)
        return r;
    rows_bounds (bucket, NULL, NULL, &lo, &hi);
    sql_bind_text (st, 1, lo);
    sql_bind_text (st, 2, hi);
    return sql_step (st, ret, e);
}

enum err sidecar_is_used (struct dataset_db *db, const char *bucket, bool *ret, struct error *e)
{
    struct sql *s = NULL;
    enum err r = dataset_read (db, &s, e);
    if (r != ERR_OK)
        return r;
    r = sidecar_has_any (s, bucket, ret, e);
    dataset_read_done (db, s);
    return r;
}

/* The first of them, in byte order: "a.XMP" before "a.xmp". */
static enum err find_by_base (struct sql *s, const char *bucket, const char *base, char **ret,
                              struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autofree char *uri = rows_uri (bucket, base);
    bool has_row = false;
    enum err r = sql_find (s, "SELECT min (uri) FROM object WHERE " BASE_IS "= ? AND " IS_SIDECAR,
                           uri, &st, &has_row, e);
    const char *found =
        r == ERR_OK && has_row && !sql_is_null (st, 0) ? sql_get_text (st, 0) : NULL;
    if (r == ERR_OK)
        *ret = found ? g_strdup (found + strlen (uri) - strlen (base)) : NULL;
    return r;
}

static enum err has_raw (struct sql *s, const char *bucket, const char *base, bool *ret,
                         struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    g_autofree char *lo = NULL, *hi = NULL, *after = g_strconcat (base, ".", NULL),
                    *before = g_strconcat (base, "/", NULL);
    bool has_row = false, found = false;
    enum err r =
        sql_prepare (s, "SELECT uri FROM object WHERE uri > ? AND uri < ? LIMIT ?", &st, e);
    if (r != ERR_OK)
        return r;
    rows_bounds (bucket, after, before, &lo, &hi);
    size_t skip = strlen (lo) - strlen (after);
    sql_bind_text (st, 1, lo);
    sql_bind_text (st, 2, hi);
    sql_bind_int (st, 3, LIMIT_SIDECAR_SIBLINGS);
    while (!found && (r = sql_step (st, &has_row, e)) == ERR_OK && has_row) {
        const char *key = sql_get_text (st, 0) + skip;
        found = sidecar_is_raw (key) && sidecar_may_concern (base, key);
    }
    if (r == ERR_OK)
        *ret = found;
    return r;
}

/* Whether a sidecar "dir/a.xmp" is for others than `image`, which is no "dir/a". */
static enum err is_for_others (struct sql *s, const char *bucket, const char *base,
                               const char *image, bool *ret, struct error *e)
{
    struct row row = { 0 };
    g_autofree char *uri = rows_uri (bucket, base);
    enum err r = sidecar_is_image (base) ? rows_find (s, uri, &row, e) : ERR_OK;
    *ret = row.is_there;
    return r == ERR_OK && !row.is_there && !sidecar_is_raw (image)
               ? has_raw (s, bucket, base, ret, e)
               : r;
}

static enum err find (struct sql *s, const char *bucket, const char *image, char **ret,
                      struct error *e)
{
    g_autofree char *base = sidecar_base (image), *found = NULL;
    bool exists = false, is_others = false;
    enum err r = sidecar_exists (s, bucket, image, base, &exists, e);
    if (r == ERR_OK && exists)
        r = find_by_base (s, bucket, image, &found, e);
    if (r == ERR_OK && exists && !found) {
        r = find_by_base (s, bucket, base, &found, e);
        if (r == ERR_OK && found)
            r = is_for_others (s, bucket, base, image, &is_others, e);
    }
    if (r == ERR_OK)
        *ret = is_others ? NULL : g_steal_pointer (&found);
    return r;
}

enum err sidecar_find (struct dataset_db *db, const char *bucket, const char *image, char **ret,
                       struct error *e)
{
    struct sql *s = NULL;
    enum err r = dataset_read (db, &s, e);
    if (r != ERR_OK)
        return r;
    r = find (s, bucket, image, ret, e);
    dataset_read_done (db, s);
    return r;
}
