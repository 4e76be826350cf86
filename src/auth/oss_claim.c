/* Reads the claims of the six forms of a signature, and puts together what each has signed. */
#include "auth/oss_claim.h"

#include <string.h>

#include "auth/scheme.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/text.h"

#define NS       1000000000ll
#define UNSIGNED "UNSIGNED-PAYLOAD"

/* The words of a V4 scheme beyond those of its family. */
struct words {
    const struct signing_family *family;
    const char *headers; /* in Authorization: which headers are signed */
    const char *algorithm, *credential, *date, *expires, *url_headers, *signature, *token;
};

static const struct words words_s3 = {
    &signing_s3,     "SignedHeaders",       "X-Amz-Algorithm", "X-Amz-Credential",     "X-Amz-Date",
    "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Security-Token",
};
static const struct words words_oss4 = {
    &signing_oss4,          "AdditionalHeaders", "x-oss-signature-version",  "x-oss-credential",
    "x-oss-date",           "x-oss-expires",     "x-oss-additional-headers", "x-oss-signature",
    "x-oss-security-token",
};

void oss_claim_clear (struct oss_claim *c)
{
    g_free (c->key_id);
    g_free (c->signature);
    g_free (c->stamp);
    g_free (c->day);
    if (c->to_sign)
        g_string_free (c->to_sign, TRUE);
}

static const char *header (const struct oss_request *r, const char *name)
{
    const char *value = g_hash_table_lookup (r->headers, name);
    return value && *value ? value : NULL;
}

static const char *param (const struct oss_request *r, const char *name)
{
    const char *value = scheme_find (r->query, r->n_query, name);
    return value && *value ? value : NULL;
}

/* As it is signed: without space around, repeated ones in one line. */
static void append_value (GString *out, const char *value, bool squeeze)
{
    g_autofree char *bare = g_strstrip (g_strdup (value));
    char *to = bare;
    for (const char *from = bare; *from; from++)
        if (*from == '\n')
            *to++ = ',';
        else if (!squeeze || !g_ascii_isspace (*from) || !g_ascii_isspace (from[1]))
            *to++ = squeeze && g_ascii_isspace (*from) ? ' ' : *from;
    *to = '\0';
    g_string_append (out, bare);
}

static int compare_texts (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

/* The request's headers of that beginning, sorted; the array is the caller's, the names are not. */
static GPtrArray *headers_with_prefix (const struct oss_request *r, const char *prefix)
{
    GPtrArray *names = g_ptr_array_new ();
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init (&iter, r->headers);
    while (g_hash_table_iter_next (&iter, &name, NULL))
        if (g_str_has_prefix (name, prefix))
            g_ptr_array_add (names, name);
    g_ptr_array_sort (names, compare_texts);
    return names;
}

static void set_window (struct oss_claim *c, int64_t date_ns, int64_t until_ns)
{
    c->from_ns = date_ns - AUTH_SKEW_S * NS;
    c->until_ns = until_ns;
}

/* ---- OSS V1 ---- */

static int compare_pairs (const void *a, const void *b)
{
    const struct auth_pair *x = *(const struct auth_pair *const *) a,
                           *y = *(const struct auth_pair *const *) b;
    int order = strcmp (x->name, y->name);
    return order ? order : strcmp (x->value, y->value);
}

/* "/bucket/key?acl&x-oss-process=image/info": nothing of it is encoded. */
static void append_resource (const struct oss_request *r, GString *out)
{
    g_string_append_c (out, '/');
    if (r->bucket)
        g_string_append_printf (out, "%s/", r->bucket);
    if (r->key)
        g_string_append (out, r->key);
    g_autoptr (GPtrArray) pairs = g_ptr_array_new ();
    for (size_t i = 0; i < r->n_query; i++)
        if (signing_is_sub_resource (r->query[i].name))
            g_ptr_array_add (pairs, (gpointer) &r->query[i]);
    g_ptr_array_sort (pairs, compare_pairs);
    for (guint i = 0; i < pairs->len; i++) {
        const struct auth_pair *p = pairs->pdata[i];
        g_string_append_printf (out, "%c%s%s%s", i ? '&' : '?', p->name, *p->value ? "=" : "",
                                p->value);
    }
}

static enum err write_v1 (const struct oss_request *r, struct oss_claim *c, const char *date,
                          struct error *e)
{
    GString *out = c->to_sign = g_string_sized_new (512);
    const char *md5 = header (r, "content-md5"), *type = header (r, "content-type");
    g_string_append_printf (out, "%s\n%s\n%s\n%s\n", r->method, md5 ? md5 : "", type ? type : "",
                            date);
    g_autoptr (GPtrArray) names = headers_with_prefix (r, "x-oss-");
    for (guint i = 0; i < names->len; i++) {
        g_string_append_printf (out, "%s:", (const char *) names->pdata[i]);
        append_value (out, g_hash_table_lookup (r->headers, names->pdata[i]), false);
        g_string_append_c (out, '\n');
    }
    append_resource (r, out);
    return oss_check_unambiguous (r, e);
}

/* "OSS ID:SIGNATURE" */
static enum err read_v1_header (const struct oss_request *r, struct oss_claim *c, struct error *e)
{
    const char *text = header (r, "authorization") + strlen ("OSS ");
    const char *colon = strchr (text, ':');
    const char *date = header (r, "x-oss-date");
    int64_t date_ns;
    if (!colon || colon == text || !colon[1])
        return FAIL (e, SIGNATURE_INCOMPLETE,
                     "The Authorization header is malformed; expected 'OSS ID:SIGNATURE'.");
    date = date ? date : header (r, "date");
    if (!date || !clock_parse_http (date, &date_ns))
        return FAIL (e, TIME_FORMAT,
                     "OSS authentication requires a valid Date: the header x-oss-date or Date, "
                     "such as 'Sun, 06 Nov 1994 08:49:37 GMT'.");
    c->key_id = g_strndup (text, (gsize) (colon - text));
    c->signature = g_strdup (colon + 1);
    c->token = header (r, "x-oss-security-token");
    set_window (c, date_ns, date_ns + AUTH_SKEW_S * NS);
    return write_v1 (r, c, date, e);
}

static enum err read_v1_url (const struct oss_request *r, struct oss_claim *c, struct error *e)
{
    const char *expires = param (r, "Expires"), *signature = param (r, "Signature");
    uint64_t until_s;
    if (!expires || !signature)
        return FAIL (e, SIGNATURE_INCOMPLETE,
                     "A signed URL needs OSSAccessKeyId, Expires and Signature.");
    if (!text_parse_u64 (expires, &until_s) || until_s > INT64_MAX / NS)
        return FAIL (e, TIME_FORMAT, "Expires is '%.32s', expected seconds since 1970.", expires);
    c->key_id = g_strdup (param (r, "OSSAccessKeyId"));
    c->signature = g_strdelimit (g_strdup (signature), " ", '+'); /* that was not encoded */
    c->token = param (r, "security-token");
    c->is_url = true;
    c->from_ns = INT64_MIN;
    c->until_ns = (int64_t) until_s * NS;
    return write_v1 (r, c, expires, e);
}

/* ---- The V4 schemes ---- */

/* "ID/20231203/REGION/oss/aliyun_v4_request" */
static enum err read_credential (const struct oss_request *r, const struct words *w,
                                 struct oss_claim *c, const char *text, struct error *e)
{
    g_auto (GStrv) parts = g_strsplit (text, "/", 6);
    if (g_strv_length (parts) != 5 || strcmp (parts[3], w->family->service) != 0 ||
        strcmp (parts[4], w->family->terminator) != 0)
        return FAIL (e, SIGNATURE_INCOMPLETE,
                     "The credential is malformed; expected 'ID/YYYYMMDD/%s/%s/%s'.", r->region,
                     w->family->service, w->family->terminator);
    if (strcmp (parts[2], r->region) != 0)
        return FAIL (e, INVALID_ARGUMENT,
                     "The request is signed for the region '%.64s'; this server's is '%s'.",
                     parts[2], r->region);
    c->key_id = g_strdup (parts[0]);
    c->day = g_strdup (parts[1]);
    return ERR_OK;
}

/* The stamp must be of the credential's day. */
static enum err read_stamp (struct oss_claim *c, const char *name, const char *text,
                            int64_t *ret_ns, struct error *e)
{
    if (!text || !clock_parse_stamp (text, ret_ns))
        return FAIL (e, TIME_FORMAT, "%s is '%.32s', expected a date such as 20231203T121212Z.",
                     name, text ? text : "");
    if (strncmp (text, c->day, 8) != 0 || strlen (c->day) != 8)
        return FAIL (e, SIGNATURE_INCOMPLETE,
                     "The day of the credential, '%.16s', is not that of %s.", c->day, name);
    c->stamp = g_strdup (text);
    return ERR_OK;
}

static void append_query (const struct oss_request *r, const struct words *w, GString *out)
{
    g_autoptr (GPtrArray) pairs = g_ptr_array_new_with_free_func (g_free);
    for (size_t i = 0; i < r->n_query; i++) {
        const struct auth_pair *p = &r->query[i];
        if (strcmp (p->name, w->signature) == 0)
            continue;
        GString *one = g_string_sized_new (64);
        text_percent_encode (one, p->name, strlen (p->name), "");
        if (*p->value || w->family == &signing_s3)
            g_string_append_c (one, '=');
        text_percent_encode (one, p->value, strlen (p->value), "");
        g_ptr_array_add (pairs, g_string_free (one, FALSE));
    }
    g_ptr_array_sort (pairs, compare_texts);
    for (guint i = 0; i < pairs->len; i++)
        g_string_append_printf (out, "%s%s", i ? "&" : "", (const char *) pairs->pdata[i]);
}

/* S3 signs the path as it is sent; OSS always that with the bucket. */
static void append_path (const struct oss_request *r, const struct words *w, GString *out)
{
    g_string_append_c (out, '/');
    if (r->bucket && (!r->is_virtual || w->family == &signing_oss4)) {
        text_percent_encode (out, r->bucket, strlen (r->bucket), "");
        if (r->key || w->family == &signing_oss4)
            g_string_append_c (out, '/');
    }
    if (r->key)
        text_percent_encode (out, r->key, strlen (r->key), "/");
}

/* Adds to the list what the scheme signs anyway. OSS: its own headers and two more. */
static void add_implied (const struct oss_request *r, GPtrArray *names)
{
    static const char *const more[] = { "content-md5", "content-type" };
    g_autoptr (GPtrArray) own = headers_with_prefix (r, signing_oss4.header_prefix);
    for (guint i = 0; i < own->len; i++)
        g_ptr_array_add (names, own->pdata[i]);
    for (size_t i = 0; i < N_ELEMENTS (more); i++)
        if (g_hash_table_contains (r->headers, more[i]))
            g_ptr_array_add (names, (gpointer) more[i]);
    g_ptr_array_sort (names, compare_texts);
}

/* S3: what carries meaning must be signed. */
static enum err check_covered (const struct oss_request *r, char **listed, struct error *e)
{
    const char *const *names = (const char *const *) listed;
    g_autoptr (GPtrArray) own = headers_with_prefix (r, signing_s3.header_prefix);
    if (!g_strv_contains (names, "host"))
        return FAIL (e, SIGNATURE_INCOMPLETE, "The header host must be signed.");
    for (guint i = 0; i < own->len; i++)
        if (!g_strv_contains (names, own->pdata[i]))
            return FAIL (e, SIGNATURE_INCOMPLETE, "The header %.64s is given but not signed.",
                         (const char *) own->pdata[i]);
    return ERR_OK;
}

static enum err append_headers (const struct oss_request *r, const struct words *w,
                                const char *listed, GString *out, struct error *e)
{
    g_auto (GStrv) names = NULL;
    bool is_s3 = w->family == &signing_s3;
    enum err code = signing_read_listed (r->headers, is_s3 ? "SignedHeaders" : "AdditionalHeaders",
                                         listed, &names, e);
    if (code == ERR_OK && is_s3)
        code = check_covered (r, names, e);
    if (code != ERR_OK)
        return code;
    g_autoptr (GPtrArray) all = g_ptr_array_new ();
    for (char **n = names; *n; n++)
        g_ptr_array_add (all, *n);
    if (w->family == &signing_oss4)
        add_implied (r, all);
    const char *before = "";
    for (guint i = 0; i < all->len; before = all->pdata[i++]) {
        if (strcmp (before, all->pdata[i]) == 0) /* listed, though it need not be */
            continue;
        g_string_append_printf (out, "%s:", (const char *) all->pdata[i]);
        append_value (out, g_hash_table_lookup (r->headers, all->pdata[i]),
                      w->family == &signing_s3);
        g_string_append_c (out, '\n');
    }
    g_autofree char *joined = g_strjoinv (";", names);
    g_string_append_printf (out, "\n%s\n", joined);
    return ERR_OK;
}

/* The canonical request. */
static enum err write_v4 (const struct oss_request *r, const struct words *w, struct oss_claim *c,
                          const char *listed, struct error *e)
{
    GString *out = c->to_sign = g_string_sized_new (1024);
    const char *payload = header (r, w->family->hash);
    g_string_append_printf (out, "%s\n", r->method);
    append_path (r, w, out);
    g_string_append_c (out, '\n');
    append_query (r, w, out);
    g_string_append_c (out, '\n');
    enum err code = append_headers (r, w, listed, out, e);
    g_string_append (out, payload ? payload : UNSIGNED);
    return code;
}

/* "ALGORITHM Credential=a,SignedHeaders=b;c,Signature=d", in any order; the parts are the caller's,
 * NULL where there is none. */
static enum err split_authorization (const struct words *w, const char *text, char *ret[3],
                                     struct error *e)
{
    const char *const names[] = { "Credential", w->headers, "Signature" };
    g_auto (GStrv) parts = g_strsplit (text, ",", 5);
    for (char **part = parts; *part; part++) {
        const char *p = g_strstrip (*part);
        size_t i = 0, len = strcspn (p, "=");
        while (i < N_ELEMENTS (names) &&
               (strlen (names[i]) != len || strncmp (p, names[i], len) != 0))
            i++;
        if (i == N_ELEMENTS (names) || ret[i] || !p[len])
            return FAIL (e, SIGNATURE_INCOMPLETE,
                         "The Authorization header has a part that is unknown or given twice: "
                         "'%.32s'.",
                         p);
        ret[i] = g_strdup (p + len + 1);
    }
    if (!ret[0] || !ret[2])
        return FAIL (e, SIGNATURE_INCOMPLETE, "The Authorization header has no %s.",
                     ret[0] ? "Signature" : "Credential");
    return ERR_OK;
}

static enum err read_v4_header (const struct oss_request *r, const struct words *w,
                                struct oss_claim *c, struct error *e)
{
    char *parts[3] = { NULL };
    int64_t date_ns = 0;
    const char *text = header (r, "authorization") + strlen (w->family->algorithm);
    enum err code = split_authorization (w, text, parts, e);
    if (code == ERR_OK)
        code = read_credential (r, w, c, parts[0], e);
    if (code == ERR_OK)
        code = read_stamp (c, w->family->date, header (r, w->family->date), &date_ns, e);
    if (code == ERR_OK && !header (r, w->family->hash))
        code = FAIL (e, SIGNATURE_INCOMPLETE, "The header %s must be given.", w->family->hash);
    if (code == ERR_OK)
        code = write_v4 (r, w, c, parts[1], e);
    c->family = w->family;
    c->token = header (r, w->family->token);
    c->signature = g_steal_pointer (&parts[2]);
    set_window (c, date_ns, date_ns + AUTH_SKEW_S * NS);
    g_free (parts[0]);
    g_free (parts[1]);
    return code;
}

static enum err read_v4_url (const struct oss_request *r, const struct words *w,
                             struct oss_claim *c, struct error *e)
{
    const char *credential = param (r, w->credential), *signature = param (r, w->signature);
    const char *algorithm = param (r, w->algorithm), *expires = param (r, w->expires);
    uint64_t expires_s;
    int64_t date_ns = 0;
    if (!credential || !signature || !algorithm || strcmp (algorithm, w->family->algorithm) != 0)
        return FAIL (e, SIGNATURE_INCOMPLETE, "A signed URL needs %s=%s, %s, %s, %s and %s.",
                     w->algorithm, w->family->algorithm, w->credential, w->date, w->expires,
                     w->signature);
    if (!expires || !text_parse_u64 (expires, &expires_s) || expires_s < 1 ||
        expires_s > OSS_EXPIRES_MAX_S)
        return FAIL (e, SIGNATURE_INCOMPLETE, "%s is '%.32s', expected 1 to %d seconds.",
                     w->expires, expires ? expires : "", OSS_EXPIRES_MAX_S);
    enum err code = read_credential (r, w, c, credential, e);
    if (code == ERR_OK)
        code = read_stamp (c, w->date, param (r, w->date), &date_ns, e);
    if (code == ERR_OK)
        code = write_v4 (r, w, c, param (r, w->url_headers), e);
    c->family = w->family;
    c->token = param (r, w->token);
    c->signature = g_strdup (signature);
    c->is_url = true;
    set_window (c, date_ns, date_ns + (int64_t) expires_s * NS);
    return code;
}

static enum err read_oss4_header (const struct oss_request *r, struct oss_claim *c, struct error *e)
{
    return read_v4_header (r, &words_oss4, c, e);
}

static enum err read_oss4_url (const struct oss_request *r, struct oss_claim *c, struct error *e)
{
    return read_v4_url (r, &words_oss4, c, e);
}

static enum err read_s3_header (const struct oss_request *r, struct oss_claim *c, struct error *e)
{
    return read_v4_header (r, &words_s3, c, e);
}

static enum err read_s3_url (const struct oss_request *r, struct oss_claim *c, struct error *e)
{
    return read_v4_url (r, &words_s3, c, e);
}

/* ---- Which one ---- */

typedef enum err read_fn (const struct oss_request *r, struct oss_claim *c, struct error *e);

static const struct form {
    const char *authorization; /* how the header begins, */
    const char *params[2];     /* or what the query of a URL has */
    read_fn *read;
} forms[] = {
    { "OSS ", { NULL }, read_v1_header },
    { "OSS4-HMAC-SHA256 ", { NULL }, read_oss4_header },
    { "AWS4-HMAC-SHA256 ", { NULL }, read_s3_header },
    { NULL, { "OSSAccessKeyId", "Signature" }, read_v1_url },
    { NULL, { "x-oss-signature-version", "x-oss-signature" }, read_oss4_url },
    { NULL, { "X-Amz-Algorithm", "X-Amz-Signature" }, read_s3_url },
};

static bool is_claimed (const struct oss_request *r, const struct form *f)
{
    const char *text = g_hash_table_lookup (r->headers, "authorization");
    if (f->authorization)
        return text && g_str_has_prefix (text, f->authorization);
    return scheme_find (r->query, r->n_query, f->params[0]) ||
           scheme_find (r->query, r->n_query, f->params[1]);
}

enum err oss_claim_read (const struct oss_request *r, struct oss_claim *c, bool *ret_is_signed,
                         struct error *e)
{
    const struct form *found = NULL;
    for (size_t i = 0; i < N_ELEMENTS (forms); i++) {
        if (!is_claimed (r, &forms[i]))
            continue;
        if (found)
            return FAIL (e, SIGNATURE_INCOMPLETE,
                         "The request is signed twice: only one of the Authorization header and "
                         "the parameters of a signed URL may be given.");
        found = &forms[i];
    }
    if (!found && g_hash_table_contains (r->headers, "authorization"))
        return FAIL (e, SIGNATURE_INCOMPLETE,
                     "The Authorization header is of no known kind: expected 'OSS ...', "
                     "'OSS4-HMAC-SHA256 ...' or 'AWS4-HMAC-SHA256 ...'.");
    *ret_is_signed = found != NULL;
    return found ? found->read (r, c, e) : ERR_OK;
}
