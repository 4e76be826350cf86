/* Values of EXIF tags as text. */
#include <string.h>
#include <glib.h>

#include "worker/exif_reader.h"

static void append_number (const struct exif_reader *r, const struct exif_entry *v, uint64_t i,
                           GString *out)
{
    const uint8_t *p = v->data + i * exif_type_sizes[v->type];
    switch (v->type) {
    case SBYTE:
        g_string_append_printf (out, "%d", (int8_t) p[0]);
        break;
    case SSHORT:
        g_string_append_printf (out, "%d", (int16_t) exif_number (r, p, 2));
        break;
    case SLONG:
        g_string_append_printf (out, "%d", (int32_t) exif_number (r, p, 4));
        break;
    case RATIONAL:
        g_string_append_printf (out, "%u/%u", (uint32_t) exif_number (r, p, 4),
                                (uint32_t) exif_number (r, p + 4, 4));
        break;
    case SRATIONAL:
        g_string_append_printf (out, "%d/%d", (int32_t) exif_number (r, p, 4),
                                (int32_t) exif_number (r, p + 4, 4));
        break;
    case FLOAT:
    case DOUBLE: {
        union {
            uint32_t bits;
            float value;
        } f = { .bits = (uint32_t) exif_number (r, p, 4) };
        union {
            uint64_t bits;
            double value;
        } d = { .bits = v->type == DOUBLE ? exif_number (r, p, 8) : 0 };
        char buf[G_ASCII_DTOSTR_BUF_SIZE];
        g_ascii_formatd (buf, sizeof buf, "%.9g", v->type == DOUBLE ? d.value : (double) f.value);
        g_string_append (out, buf);
        break;
    }
    default:
        g_string_append_printf (out, "%" G_GUINT64_FORMAT,
                                exif_number (r, p, exif_type_sizes[v->type]));
    }
}

/* Text up to its NUL, without spaces around it. */
static void append_text (GString *out, const uint8_t *text, uint64_t length)
{
    const uint8_t *nul = memchr (text, '\0', length);
    g_autofree char *valid =
        g_utf8_make_valid ((const char *) text, nul ? nul - text : (gssize) length);
    g_string_append (out, g_strstrip (valid));
}

static void append_utf16 (GString *out, const uint8_t *text, uint64_t length, bool is_little)
{
    GString *utf8 = g_string_new (NULL);
    for (uint64_t i = 0; i + 1 < length; i += 2) {
        gunichar c = is_little ? get_u16le (text + i) : get_u16be (text + i);
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < length) {
            gunichar low = is_little ? get_u16le (text + i + 2) : get_u16be (text + i + 2);
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                i += 2;
            }
        }
        if (!c)
            break;
        if (c != 0xfeff)
            g_string_append_unichar (utf8, g_unichar_validate (c) ? c : 0xfffd);
    }
    append_text (out, (const uint8_t *) utf8->str, utf8->len);
    g_string_free (utf8, TRUE);
}

static void append_comment (const struct exif_reader *r, const struct exif_entry *v, GString *out)
{
    if (v->count < 8 || exif_type_sizes[v->type] != 1)
        return;
    if (!memcmp (v->data, "UNICODE\0", 8))
        append_utf16 (out, v->data + 8, v->count - 8, r->is_little);
    else if (!memcmp (v->data, "ASCII\0\0\0", 8) || !memcmp (v->data, "\0\0\0\0\0\0\0\0", 8))
        append_text (out, v->data + 8, v->count - 8);
    else if (memcmp (v->data, "JIS\0\0\0\0\0", 8))
        append_text (out, v->data, v->count);
}

/* Version numbers and the like are digits without a NUL; other small blobs are numbers. */
static void append_undefined (const struct exif_reader *r, const struct exif_entry *v, GString *out)
{
    bool is_text = v->count > 1;
    for (uint64_t i = 0; i < v->count; i++)
        is_text = is_text && g_ascii_isprint (v->data[i]);
    if (is_text)
        append_text (out, v->data, v->count);
    else
        for (uint64_t i = 0; i < v->count && v->count <= LIMIT_EXIF_BLOB; i++) {
            g_string_append (out, i ? " " : "");
            append_number (r, v, i, out);
        }
}

/* Degrees, minutes, seconds; those at the end that are 0 are not written. */
static void append_degrees (const struct exif_reader *r, const struct exif_entry *v, GString *out)
{
    static const char *const units[] = { "deg ", "' ", "\" " };
    static const int digits[] = { 7, 5, 3 };
    uint64_t n = MIN (v->count, 3);
    while (n > 1 && exif_number (r, v->data + (n - 1) * 8, 4) == 0)
        n--;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t over = exif_number (r, v->data + i * 8, 4),
                 under = exif_number (r, v->data + i * 8 + 4, 4);
        char buf[32] = "0";
        if (under)
            g_snprintf (buf, sizeof buf, "%.*f", over % under ? digits[i] : 0,
                        (double) over / (double) under);
        g_string_append (out, buf);
        g_string_append (out, units[i]);
    }
}

static void append_compass (const struct exif_entry *v, GString *out)
{
    static const char *const names[] = { "North", "South", "East", "West" };
    for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
        if (g_ascii_toupper ((char) v->data[0]) == names[i][0])
            g_string_append (out, names[i]);
}

static void append_plain (const struct exif_reader *r, const struct exif_entry *v, GString *out)
{
    if (v->type == ASCII) {
        append_text (out, v->data, v->count);
    } else if (v->type == UNDEFINED) {
        append_undefined (r, v, out);
    } else if (v->count <= LIMIT_EXIF_NUMBERS) {
        for (uint64_t i = 0; i < v->count; i++) {
            g_string_append (out, i ? " " : "");
            append_number (r, v, i, out);
        }
    }
}

/* Up to the NUL, and without what fills the rest of its field. */
static void append_name (const struct exif_entry *v, GString *out)
{
    if (exif_type_sizes[v->type] != 1)
        return;
    const uint8_t *nul = memchr (v->data, '\0', v->count);
    uint64_t length = nul ? (uint64_t) (nul - v->data) : v->count;
    for (uint64_t i = 0; i < length; i++)
        if (!g_ascii_isprint (v->data[i]))
            return;
    append_text (out, v->data, length);
}

static void append_serial (const struct exif_reader *r, const struct exif_entry *v, GString *out)
{
    uint64_t number = v->type == LONG ? exif_number (r, v->data, 4) : 0;
    const char *model = exif_get (r->x, "Model");
    int digits = model && strstr (model, "EOS-1D") ? 6 : 10;
    if (number)
        g_string_append_printf (out, "%0*" G_GUINT64_FORMAT, digits, number);
}

/* From one value to another, which may be the same. */
static void append_span (const double span[2], GString *out)
{
    char buf[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append (out, g_ascii_formatd (buf, sizeof buf, "%.3g", span[0]));
    if (span[1] > span[0]) {
        g_string_append_c (out, '-');
        g_string_append (out, g_ascii_formatd (buf, sizeof buf, "%.3g", span[1]));
    }
}

/* The focal lengths of a lens and the apertures at these. */
static void append_lens (const struct exif_reader *r, const struct exif_entry *v, GString *out)
{
    double values[4];
    if (!exif_is_ratio (v) || v->count != 4)
        return;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t over = exif_number (r, v->data + i * 8, 4);
        uint64_t under = exif_number (r, v->data + i * 8 + 4, 4);
        if (!over || !under)
            return;
        values[i] = (double) over / (double) under;
    }
    append_span (values, out);
    g_string_append (out, "mm f/");
    append_span (values + 2, out);
}

void exif_append_value (const struct exif_reader *r, const struct exif_entry *v,
                        enum exif_form form, GString *out)
{
    switch (form) {
    case EXIF_PLAIN:
        append_plain (r, v, out);
        break;
    case EXIF_SKIP:
        break;
    case EXIF_UTF16:
        if (exif_type_sizes[v->type] == 1)
            append_utf16 (out, v->data, v->count, true);
        break;
    case EXIF_COMMENT:
        append_comment (r, v, out);
        break;
    case EXIF_DEGREES:
        if (exif_is_ratio (v))
            append_degrees (r, v, out);
        else
            append_plain (r, v, out);
        break;
    case EXIF_COMPASS:
        append_compass (v, out);
        break;
    case EXIF_NAME:
        append_name (v, out);
        break;
    case EXIF_SERIAL:
        append_serial (r, v, out);
        break;
    case EXIF_LENS:
        append_lens (r, v, out);
        break;
    }
}
