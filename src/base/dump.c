/* JSON as text. Numbers with a point are left to jansson. */
#include "base/dump.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* What stands behind the backslash; 'u': four digits, 0: the byte stands for itself. */
static const char escapes[256] = {
    [0 ... 7] = 'u', ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n',          [0x0b] = 'u',
    ['\f'] = 'f',    ['\r'] = 'r', ['"'] = '"',  [0x0e ... 0x1f] = 'u', ['\\'] = '\\',
};

static void dump_escape (GString *out, unsigned char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char text[] = { '\\', escapes[c], '0', '0', digits[c >> 4], digits[c & 15] };
    g_string_append_len (out, text, escapes[c] == 'u' ? sizeof text : 2);
}

void dump_string (GString *out, const char *text, size_t len)
{
    const char *end = text + len;
    g_string_append_c (out, '"');
    for (const char *p = text; p < end; p++) {
        if (!escapes[(unsigned char) *p])
            continue;
        g_string_append_len (out, text, p - text);
        dump_escape (out, (unsigned char) *p);
        text = p + 1;
    }
    g_string_append_len (out, text, end - text);
    g_string_append_c (out, '"');
}

static void dump_integer (GString *out, int64_t number)
{
    char text[24], *p = text + sizeof text;
    uint64_t rest = number < 0 ? -(uint64_t) number : (uint64_t) number;
    do
        *--p = (char) ('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        *--p = '-';
    g_string_append_len (out, p, text + sizeof text - p);
}

static void dump_real (GString *out, const json_t *value)
{
    char text[64];
    size_t len = json_dumpb (value, text, sizeof text, JSON_ENCODE_ANY);
    assert (len > 0 && len <= sizeof text);
    g_string_append_len (out, text, (gssize) len);
}

static void dump_array (GString *out, const json_t *array)
{
    size_t i;
    json_t *entry;
    g_string_append_c (out, '[');
    json_array_foreach (array, i, entry)
    {
        if (i)
            g_string_append_c (out, ',');
        dump_json (out, entry);
    }
    g_string_append_c (out, ']');
}

static void dump_object (GString *out, const json_t *object)
{
    const char *name;
    json_t *value;
    char before = '{';
    json_object_foreach ((json_t *) object, name, value)
    {
        g_string_append_c (out, before);
        dump_string (out, name, strlen (name));
        g_string_append_c (out, ':');
        dump_json (out, value);
        before = ',';
    }
    g_string_append (out, before == '{' ? "{}" : "}");
}

void dump_json (GString *out, const json_t *value)
{
    switch (json_typeof (value)) {
    case JSON_OBJECT:
        dump_object (out, value);
        break;
    case JSON_ARRAY:
        dump_array (out, value);
        break;
    case JSON_STRING:
        dump_string (out, json_string_value (value), json_string_length (value));
        break;
    case JSON_INTEGER:
        dump_integer (out, json_integer_value (value));
        break;
    case JSON_REAL:
        dump_real (out, value);
        break;
    case JSON_TRUE:
        g_string_append (out, "true");
        break;
    case JSON_FALSE:
        g_string_append (out, "false");
        break;
    case JSON_NULL:
        g_string_append (out, "null");
        break;
    }
}
