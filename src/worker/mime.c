/* Pieces of mail on their way to text. */
#include "worker/mime.h"

#include <string.h>

#include "base/limits.h"
#include "base/macros.h"

/* ---- header lines ---- */

void mime_split (const char *bytes, size_t length, struct mime_part *ret)
{
    const char *end = bytes + length, *line = bytes;
    while (line < end && *line != '\n' && !(*line == '\r' && line + 1 < end && line[1] == '\n')) {
        const char *newline = memchr (line, '\n', (size_t) (end - line));
        line = newline ? newline + 1 : end;
    }
    ret->headers = bytes;
    ret->headers_length = (size_t) (line - bytes);
    while (line < end && *line == '\r')
        line++;
    ret->body = line < end ? line + 1 : end;
    ret->body_length = (size_t) (end - ret->body);
}

/* Without the line ends; a line that begins with white space belongs to the one before. */
static char *unfold (const char *p, const char *end)
{
    GString *value = g_string_new (NULL);
    while (p < end && value->len < LIMIT_MAIL_HEADER) {
        const char *newline = memchr (p, '\n', (size_t) (end - p));
        const char *stop = newline ? newline : end;
        size_t length = (size_t) (stop - p);
        if (length && stop[-1] == '\r')
            length--;
        g_string_append_len (value, p, (gssize) MIN (length, LIMIT_MAIL_HEADER));
        p = stop + 1;
        if (p >= end || (*p != ' ' && *p != '\t'))
            break;
    }
    char *text = g_string_free (value, FALSE);
    return g_strstrip (text);
}

char *mime_header (const struct mime_part *part, const char *name)
{
    const char *line = part->headers, *end = line + part->headers_length;
    size_t n = strlen (name);
    while (line < end) {
        size_t left = (size_t) (end - line);
        const char *newline = memchr (line, '\n', left);
        if (left > n && line[n] == ':' && !g_ascii_strncasecmp (line, name, n))
            return unfold (line + n + 1, end);
        line = newline ? newline + 1 : end;
    }
    return NULL;
}

/* ---- transfer encodings ---- */

static void append_base64 (GString *out, const char *p, size_t length)
{
    gint state = 0;
    guint save = 0;
    g_autofree guchar *bytes = g_malloc (length / 4 * 3 + 3);
    gsize n = g_base64_decode_step (p, length, bytes, &state, &save);
    g_string_append_len (out, (char *) bytes, (gssize) n);
}

/* Only white space up to the end of the line, which then is none. */
static bool is_soft_end (const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
        p++;
    return p == end || *p == '\n';
}

/* `is_word`: of an encoded word, where '_' is a space. */
static void append_quoted (GString *out, const char *p, size_t length, bool is_word)
{
    for (const char *end = p + length; p < end; p++) {
        bool has_hex = end - p > 2 && g_ascii_isxdigit (p[1]) && g_ascii_isxdigit (p[2]);
        if (*p == '=' && has_hex) {
            g_string_append_c (
                out, (char) (g_ascii_xdigit_value (p[1]) << 4 | g_ascii_xdigit_value (p[2])));
            p += 2;
        } else if (*p == '=' && !is_word && is_soft_end (p + 1, end)) {
            const char *newline = memchr (p, '\n', (size_t) (end - p));
            p = newline ? newline : end;
        } else {
            g_string_append_c (out, is_word && *p == '_' ? ' ' : *p);
        }
    }
}

GString *mime_decode_body (const char *bytes, size_t length, const char *encoding)
{
    GString *out = g_string_new (NULL);
    if (encoding && !g_ascii_strcasecmp (encoding, "base64"))
        append_base64 (out, bytes, length);
    else if (encoding && !g_ascii_strcasecmp (encoding, "quoted-printable"))
        append_quoted (out, bytes, length, false);
    else
        g_string_append_len (out, bytes, (gssize) length);
    return out;
}

/* ---- encoded words ---- */

struct word {
    const struct charset *charset;
    const char *text, *end; /* of the encoded text, and behind the word */
    size_t length;
    bool is_base64;
};

/* "=?charset*language?B?text?=" at `p`. */
static bool read_word (const char *p, struct word *ret)
{
    if (strncmp (p, "=?", 2) != 0)
        return false;
    const char *name = p + 2, *mode = strchr (name, '?');
    if (!mode || !mode[1] || mode[2] != '?')
        return false;
    const char *text = mode + 3, *end = strstr (text, "?=");
    size_t n = strcspn (name, "*?");
    ret->charset = charset_find (name, n);
    ret->text = text;
    ret->length = end ? (size_t) (end - text) : 0;
    ret->end = end ? end + 2 : text;
    ret->is_base64 = mode[1] == 'B' || mode[1] == 'b';
    return end && (ret->is_base64 || mode[1] == 'Q' || mode[1] == 'q');
}

/* Adjacent words in one encoding are one text: a character may be cut between them. */
static const char *decode_run (const char *p, struct word *word, GString *out)
{
    g_autoptr (GString) bytes = g_string_new (NULL);
    const struct charset *charset = word->charset;
    bool more = true;
    while (more) {
        if (word->is_base64)
            append_base64 (bytes, word->text, word->length);
        else
            append_quoted (bytes, word->text, word->length, true);
        p = word->end;
        const char *next = p + strspn (p, " \t");
        more = read_word (next, word);
        if (more)
            p = next;
        more = more && word->charset == charset;
    }
    const struct charset *guess =
        charset ? charset : charset_detect ((uint8_t *) bytes->str, bytes->len, false);
    if (guess)
        charset_convert (guess, bytes->str, bytes->len, LIMIT_MAIL_HEADER, out);
    return p;
}

static void append_raw (GString *out, const char *value, size_t length)
{
    const struct charset *c = g_utf8_validate (value, (gssize) length, NULL)
                                  ? NULL
                                  : charset_detect ((const uint8_t *) value, length, false);
    if (c)
        charset_convert (c, value, length, LIMIT_MAIL_HEADER, out);
    else
        g_string_append_len (out, value, (gssize) length);
}

char *mime_decode_words (const char *value)
{
    GString *out = g_string_new (NULL);
    struct word word;
    while (*value && out->len < LIMIT_MAIL_HEADER) {
        const char *mark = strstr (value, "=?");
        size_t plain = mark ? (size_t) (mark - value) : strlen (value);
        append_raw (out, value, plain);
        value += plain;
        if (mark && read_word (mark, &word))
            value = decode_run (mark, &word, out);
        else if (mark)
            g_string_append_c (out, *value++);
    }
    char *valid = g_utf8_make_valid (out->str, (gssize) out->len);
    g_string_free (out, TRUE);
    return valid;
}

/* ---- parameters ---- */

char *mime_value (const char *value)
{
    char *word = g_ascii_strdown (value, (gssize) strcspn (value, "; \t"));
    return word;
}

/* The value behind '=', quoted or not; moves `p` behind it. */
static char *read_parameter (const char **p)
{
    GString *value = g_string_new (NULL);
    const char *s = *p;
    if (*s != '"') {
        size_t n = strcspn (s, "; \t");
        g_string_append_len (value, s, (gssize) n);
        *p = s + n;
        return g_string_free (value, FALSE);
    }
    for (s++; *s && *s != '"'; s++) {
        s += *s == '\\' && s[1];
        g_string_append_c (value, *s);
    }
    *p = *s ? s + 1 : s;
    return g_string_free (value, FALSE);
}

/* A piece of a value, "charset'language'%41" if it is extended; the first names the charset. */
static void append_piece (GString *bytes, const char *piece, bool is_extended, bool is_first,
                          const struct charset **charset)
{
    const char *quote = is_extended && is_first ? strchr (piece, '\'') : NULL;
    const char *second = quote ? strchr (quote + 1, '\'') : NULL;
    if (second) {
        *charset = charset_find (piece, (size_t) (quote - piece));
        piece = second + 1;
    }
    for (; *piece; piece++) {
        bool is_hex = is_extended && *piece == '%' && g_ascii_isxdigit (piece[1]) &&
                      g_ascii_isxdigit (piece[2]);
        g_string_append_c (bytes, is_hex ? (char) (g_ascii_xdigit_value (piece[1]) << 4 |
                                                   g_ascii_xdigit_value (piece[2]))
                                         : *piece);
        piece += is_hex ? 2 : 0;
    }
}

static char *finish_parameter (const GString *bytes, const struct charset *charset)
{
    if (!charset)
        return mime_decode_words (bytes->str);
    g_autoptr (GString) text = g_string_new (NULL);
    charset_convert (charset, bytes->str, bytes->len, LIMIT_MAIL_HEADER, text);
    return g_utf8_make_valid (text->str, (gssize) text->len);
}

char *mime_parameter (const char *value, const char *name)
{
    g_autoptr (GString) bytes = g_string_new (NULL);
    const struct charset *charset = NULL;
    size_t n = strlen (name);
    bool is_found = false;
    const char *p = value + strcspn (value, ";");
    while (*p) {
        p += strspn (p, "; \t");
        const char *key = p;
        size_t length = strcspn (p, "=;");
        p += length;
        if (*p != '=')
            continue;
        p++;
        p += strspn (p, " \t");
        g_autofree char *piece = read_parameter (&p);
        p += strcspn (p, ";");
        while (length && g_ascii_isspace (key[length - 1]))
            length--;
        bool is_name =
            length >= n && !g_ascii_strncasecmp (key, name, n) && (length == n || key[n] == '*');
        if (is_name) {
            append_piece (bytes, piece, key[length - 1] == '*', !is_found, &charset);
            is_found = true;
        }
    }
    return is_found ? finish_parameter (bytes, charset) : NULL;
}

/* ---- dates ---- */

/* Digits at `*p`, at most `most` of them. */
static bool read_number (const char **p, unsigned most, unsigned *ret)
{
    unsigned n = 0;
    *ret = 0;
    while (n < most && g_ascii_isdigit (**p)) {
        *ret = *ret * 10 + (unsigned) (*(*p)++ - '0');
        n++;
    }
    return n > 0;
}

static bool read_month (const char **p, unsigned *ret)
{
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    char word[4] = "";
    for (unsigned i = 0; i < 3 && (*p)[i]; i++)
        word[i] = g_ascii_tolower ((*p)[i]);
    const char *found = strlen (word) == 3 ? strstr (months, word) : NULL;
    if (!found || (found - months) % 3)
        return false;
    *ret = (unsigned) (found - months) / 3 + 1;
    *p += strspn (*p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return true;
}

/* "+0200", or a name; hours and minutes as "+02:00". A zone that is not known is none. */
static const char *read_zone (const char *p, char zone[8])
{
    static const struct {
        const char *name, *zone;
    } names[] = { { "GMT", "+00:00" }, { "UTC", "+00:00" }, { "UT", "+00:00" },
                  { "Z", "+00:00" },   { "EST", "-05:00" }, { "EDT", "-04:00" },
                  { "CST", "-06:00" }, { "CDT", "-05:00" }, { "MST", "-07:00" },
                  { "MDT", "-06:00" }, { "PST", "-08:00" }, { "PDT", "-07:00" } };
    p += strspn (p, " \t");
    if ((*p == '+' || *p == '-') && strspn (p + 1, "0123456789") >= 4) {
        g_snprintf (zone, 8, "%c%.2s:%.2s", *p, p + 1, p + 3);
        return strcmp (zone, "-00:00") != 0 ? zone : "+00:00";
    }
    for (size_t i = 0; i < N_ELEMENTS (names); i++)
        if (g_str_has_prefix (p, names[i].name))
            return names[i].zone;
    return "";
}

char *mime_date (const char *value)
{
    unsigned day, month, year, hour, minute, second = 0;
    char zone[8];
    const char *comma = strchr (value, ','), *p = comma ? comma + 1 : value;
    p += strspn (p, " \t");
    if (!read_number (&p, 2, &day))
        return NULL;
    p += strspn (p, " \t-");
    if (!read_month (&p, &month))
        return NULL;
    p += strspn (p, " \t-");
    if (!read_number (&p, 4, &year))
        return NULL;
    year += year < 50 ? 2000 : year < 1000 ? 1900 : 0;
    p += strspn (p, " \t");
    if (!read_number (&p, 2, &hour) || *p++ != ':' || !read_number (&p, 2, &minute))
        return NULL;
    if (*p == ':' && p++ && !read_number (&p, 2, &second))
        return NULL;
    return g_strdup_printf ("%04u-%02u-%02uT%02u:%02u:%02u%s", year, month, day, hour, minute,
                            second, read_zone (p, zone));
}
