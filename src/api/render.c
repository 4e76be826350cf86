/* JSON and XML answers; see the header. */
#include "api/render.h"

#include <string.h>

#define RETRY_AFTER_MS 1000

static const char *const content_types[] = {
    [RENDER_JSON] = "application/json;charset=utf-8",
    [RENDER_XML] = "text/xml;charset=utf-8", /* exactly this: SDKs compare */
};

void render_begin (struct call_answer *a)
{
    *a = (struct call_answer){ .status = 200, .retry_after_ms = -1, .code = ERR_OK };
    g_strlcpy (a->audit.code, "OK", sizeof a->audit.code);
    a->body = g_string_new (NULL);
    g_autofree char *id = g_uuid_string_random ();
    for (size_t i = 0; id[i]; i++)
        a->request_id[i] = g_ascii_toupper (id[i]);
}

/* ---- XML ---- */

static void append_xml (GString *out, const char *name, const json_t *value);

static bool is_xml_name (const char *text)
{
    if (!g_ascii_isalpha (*text) && *text != '_')
        return false;
    for (; *text; text++)
        if (!g_ascii_isalnum (*text) && !strchr ("_-.", *text))
            return false;
    return true;
}

/* U+FFFE and U+FFFF */
static bool is_no_character (const char *c)
{
    return strncmp (c, "\xef\xbf", 2) == 0 && (unsigned char) c[2] >= 0xbe;
}

/* XML 1.0 has no way to write most control characters and U+FFFE: they become U+FFFD. Readers take
 * a bare carriage return for a line feed. */
static void append_xml_text (GString *out, const char *text)
{
    g_autoptr (GString) legal = g_string_new (NULL);
    for (const char *c = text; *c; c++) {
        bool is_none = is_no_character (c);
        if (is_none)
            c += 2;
        if (is_none || ((unsigned char) *c < 0x20 && !strchr ("\t\n\r", *c)))
            g_string_append (legal, "\xef\xbf\xbd");
        else
            g_string_append_c (legal, *c);
    }
    g_autofree char *escaped = g_markup_escape_text (legal->str, (gssize) legal->len);
    g_auto (GStrv) parts = g_strsplit (escaped, "\r", -1);
    g_autofree char *whole = g_strjoinv ("&#13;", parts);
    g_string_append (out, whole);
}

static void append_members (GString *out, const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *) object, key, value) append_xml (out, key, value);
}

static void append_scalar (GString *out, const json_t *value)
{
    if (json_is_string (value)) {
        append_xml_text (out, json_string_value (value));
    } else if (!json_is_null (value)) {
        char *text = json_dumps (value, JSON_ENCODE_ANY | JSON_COMPACT);
        g_string_append (out, text);
        free (text);
    }
}

/* One element, or one for each member of an array. Keys of maps that are no names become
 * <Entry Key="...">. */
static void append_xml (GString *out, const char *name, const json_t *value)
{
    if (json_is_array (value)) {
        size_t i;
        const json_t *element;
        json_array_foreach (value, i, element) append_xml (out, name, element);
        return;
    }
    bool is_name = is_xml_name (name);
    g_string_append_printf (out, "<%s", is_name ? name : "Entry Key=\"");
    if (!is_name) {
        append_xml_text (out, name);
        g_string_append_c (out, '"');
    }
    g_string_append_c (out, '>');
    if (json_is_object (value))
        append_members (out, value);
    else
        append_scalar (out, value);
    g_string_append_printf (out, "</%s>", is_name ? name : "Entry");
}

/* Documents that are ready as text go through a parser: XML is rare, and has to be right. */
static void append_raw_xml (GString *out, const struct reply *reply)
{
    g_autofree char *text = g_strdup_printf ("[%s]", reply->raw->str);
    json_t *array = json_loads (text, 0, NULL);
    if (array)
        append_xml (out, reply->raw_name, array);
    json_decref (array);
}

static void xml_reply (struct call_answer *a, const struct action *action,
                       const struct reply *reply)
{
    g_string_append_printf (a->body,
                            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%sResponse>"
                            "<RequestId>%s</RequestId>",
                            action->name, a->request_id);
    if (reply->body)
        append_members (a->body, reply->body);
    if (reply->raw)
        append_raw_xml (a->body, reply);
    g_string_append_printf (a->body, "</%sResponse>", action->name);
}

/* ---- JSON ---- */

static int append_chunk (const char *chunk, size_t len, void *out)
{
    g_string_append_len (out, chunk, (gssize) len);
    return 0;
}

static void json_reply (struct call_answer *a, const struct reply *reply)
{
    g_string_append_printf (a->body, "{\"RequestId\":\"%s\"", a->request_id);
    if (json_object_size (reply->body)) {
        size_t brace = a->body->len;
        json_dump_callback (reply->body, append_chunk, a->body, JSON_COMPACT);
        a->body->str[brace] = ',';
        g_string_truncate (a->body, a->body->len - 1);
    }
    if (reply->raw) {
        g_string_append_printf (a->body, ",\"%s\":[", reply->raw_name);
        g_string_append_len (a->body, reply->raw->str, (gssize) reply->raw->len);
        g_string_append_c (a->body, ']');
    }
    g_string_append_c (a->body, '}');
}

void render_reply (struct call_answer *a, enum render_format format, const struct action *action,
                   const struct reply *reply)
{
    a->content_type = content_types[format];
    if (format == RENDER_XML)
        xml_reply (a, action, reply);
    else
        json_reply (a, reply);
}

/* ---- Refusals ---- */

/* What the client is told: a full queue inside is throttling to it, and what failed inside is
 * nothing it could act on. */
static void translate (const struct error *why, struct error *ret)
{
    *ret = *why;
    if (why->code == ERR_BUSY)
        ret->code = ERR_THROTTLED;
    if (error_status (why->code) == 500)
        g_strlcpy (ret->message, "The request processing has failed due to some unknown error.",
                   sizeof ret->message);
}

void render_error (struct call_answer *a, enum render_format format, const char *host_id,
                   const struct error *why, json_t *denied)
{
    struct error told;
    char code[128];
    translate (why, &told);
    error_wire_code (&told, code, sizeof code);
    g_autofree char *recommend =
        g_strdup_printf ("See '%s' among the errors of the user guide.", code);
    json_t *body = json_pack ("{s:s, s:s, s:s, s:s, s:s, s:O*}", "RequestId", a->request_id,
                              "HostId", host_id, "Code", code, "Message", told.message, "Recommend",
                              recommend, "AccessDeniedDetail", denied);
    g_string_truncate (a->body, 0);
    if (format == RENDER_XML) {
        g_string_append (a->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        append_xml (a->body, "Error", body);
    } else {
        json_dump_callback (body, append_chunk, a->body, JSON_COMPACT);
    }
    json_decref (body);
    a->content_type = content_types[format];
    a->status = error_status (told.code);
    a->code = why->code;
    g_strlcpy (a->audit.code, code, sizeof a->audit.code);
    a->retry_after_ms = told.code == ERR_THROTTLED ? RETRY_AFTER_MS : -1;
    g_strlcpy (a->detail, why->message, sizeof a->detail);
}
