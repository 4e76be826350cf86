/* Refusals of the OSS endpoint, as OSS has them. */
#include "http/oss_call.h"

#include <string.h>
#include <sys/random.h>

#include "base/text.h"

#define ID_BYTES 12
#define RETRY_MS 1000

/* What an error is called here; those that are not listed are what err.def says, or, if that is
 * InternalError, nothing that a client could change. */
static const struct row {
    enum err code;
    unsigned status;
    const char *name;
} rows[] = {
    { ERR_NO_OBJECT, 404, "NoSuchKey" },
    { ERR_NOT_A_FILE, 404, "NoSuchKey" },
    { ERR_NO_BUCKET, 404, "NoSuchBucket" },
    { ERR_NO_PERMISSION, 403, "AccessDenied" },
    { ERR_KEY_NOT_FOUND, 403, "InvalidAccessKeyId" },
    { ERR_KEY_INACTIVE, 403, "InvalidAccessKeyId" },
    { ERR_SIGNATURE_MISMATCH, 403, "SignatureDoesNotMatch" },
    { ERR_SIGNATURE_INCOMPLETE, 400, "InvalidArgument" },
    { ERR_TIME_FORMAT, 403, "AccessDenied" },
    { ERR_TIME_EXPIRED, 403, "RequestTimeTooSkewed" },
    { ERR_TOKEN_MISSING, 403, "InvalidSecurityToken" },
    { ERR_TOKEN_MALFORMED, 403, "InvalidSecurityToken" },
    { ERR_TOKEN_MISMATCH, 403, "InvalidSecurityToken" },
    { ERR_TOKEN_EXPIRED, 403, "SecurityTokenExpired" },
    { ERR_BAD_METHOD, 405, "MethodNotAllowed" },
    { ERR_MISSING_PARAM, 400, "MissingArgument" },
    { ERR_INVALID_PARAM, 400, "InvalidArgument" },
    { ERR_LIMIT, 400, "InvalidArgument" },
    { ERR_OUT_OF_RANGE, 416, "InvalidRange" },
    { ERR_BODY_TOO_LARGE, 400, "EntityTooLarge" },
    { ERR_THROTTLED, 503, "SlowDown" },
    { ERR_STORE_DENIED, 403, "AccessDenied" },
    { ERR_STORE_ARCHIVED, 403, "InvalidObjectState" },
    { ERR_STORE_DOWN, 503, "ServiceUnavailable" },
    { ERR_STORE_CHANGED, 503, "ServiceUnavailable" },
    { ERR_STORE_CREDENTIALS, 503, "ServiceUnavailable" },
    { ERR_VERSION_CHANGED, 503, "ServiceUnavailable" },
    { ERR_CONFLICT, 409, "Conflict" },
};

static const struct row *find_row (enum err code)
{
    for (size_t i = 0; i < N_ELEMENTS (rows); i++)
        if (rows[i].code == code)
            return &rows[i];
    return NULL;
}

void oss_begin (struct call_answer *a)
{
    uint8_t id[ID_BYTES];
    if (getrandom (id, sizeof id, 0) != (ssize_t) sizeof id)
        for (size_t i = 0; i < sizeof id; i++)
            id[i] = (uint8_t) g_random_int ();
    call_answer_clear (a);
    *a = (struct call_answer){ .status = 200, .retry_after_ms = -1 };
    text_hex (id, sizeof id, a->request_id);
    for (char *p = a->request_id; *p; p++)
        *p = g_ascii_toupper (*p);
}

/* Text for XML 1.0, which has no way to write most control characters. */
static void append_element (GString *out, const char *name, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid (text, -1);
    for (char *p = valid; *p; p++)
        if ((unsigned char) *p < ' ' || *p == 0x7f)
            *p = ' ';
    g_autofree char *escaped = g_markup_escape_text (valid, -1);
    g_string_append_printf (out, "  <%s>%s</%s>\n", name, escaped, name);
}

static const char *host_of (const struct call_request *r)
{
    const char *host = r->headers ? g_hash_table_lookup (r->headers, "host") : NULL;
    return host && *host && strlen (host) < 256 ? host : "oss";
}

void oss_refuse (const struct api *api, const struct call_request *r, const struct error *why,
                 struct call_answer *ret)
{
    (void) api;
    const struct row *row = find_row (why->code);
    char wire[96];
    const char *code = row ? row->name : error_wire_code (why, wire, sizeof wire);
    unsigned status = row ? row->status : error_status (why->code);
    bool is_ours = status == 500;
    if (!*ret->request_id)
        oss_begin (ret);
    ret->status = status;
    ret->code = why->code;
    ret->content_type = "application/xml";
    ret->retry_after_ms = status == 503 ? RETRY_MS : -1;
    g_strlcpy (ret->detail, why->message, sizeof ret->detail);
    g_strlcpy (ret->audit.code, code, sizeof ret->audit.code);
    ret->body = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\n");
    append_element (ret->body, "Code", code);
    append_element (ret->body, "Message",
                    is_ours ? "We encountered an internal error. Please try again." : why->message);
    append_element (ret->body, "RequestId", ret->request_id);
    append_element (ret->body, "HostId", host_of (r));
    if (g_str_has_prefix (why->subject, "0"))
        append_element (ret->body, "EC", why->subject);
    g_string_append (ret->body, "</Error>\n");
}
