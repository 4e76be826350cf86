/* Text: is it any, and of what sort. Only the head is looked at. */
#include <assert.h>
#include <string.h>
#include <glib.h>
#include <jansson.h>

#include "worker/charset.h"
#include "worker/sniff_table.h"

/* Bytes that no text has. Escape, bell and backspace happen in logs, form feeds in sources. */
static bool is_control (uint8_t c)
{
    return c == 0x7f || (c < 0x20 && !strchr ("\t\n\r\f\v\b\a\x1b", c)) || c == 0;
}

/* UTF-8, whose last character the end of the head may have cut, or an 8-bit encoding. */
static bool is_text (const uint8_t *text, size_t length)
{
    size_t high = 0;
    for (size_t i = 0; i < length; i++) {
        if (is_control (text[i]))
            return false;
        high += text[i] >= 0x80;
    }
    const char *end;
    if (g_utf8_validate ((const char *) text, (gssize) length, &end))
        return true;
    size_t left = length - (size_t) (end - (const char *) text);
    if (left < 4 && length == INPUT_HEAD)
        return true;
    return length >= 16 &&
           (high * 4 <= length * 3 || charset_detect (text, length, length == INPUT_HEAD));
}

static bool begins (const char *text, size_t length, const char *with)
{
    size_t n = strlen (with);
    return length >= n && !g_ascii_strncasecmp (text, with, n);
}

/* A type by how the text begins. */
static const struct beginning {
    const char *text, *type;
} beginnings[] = {
    { "<!doctype html", "text/html" },
    { "<html", "text/html" },
    { "<head", "text/html" },
    { "<body", "text/html" },
    { "<script", "text/html" },
    { "<!doctype svg", "image/svg+xml" },
    { "<svg", "image/svg+xml" },
    { "BEGIN:VCALENDAR", "text/calendar" },
    { "BEGIN:VCARD", "text/vcard" },
    { "WEBVTT", "text/vtt" },
    { "[Script Info]", "text/x-ssa" },
    { "<SAMI>", "application/x-sami" },
    { "[playlist]", "audio/x-scpls" },
    { "<?wpl", "application/vnd.ms-wpl" },
    { "<?php", "text/x-php" },
    { "/* XPM */", "image/x-xpixmap" },
    { "-----BEGIN PGP MESSAGE", "application/pgp-encrypted" },
    { "-----BEGIN PGP SIGNATURE", "application/pgp-signature" },
    { "-----BEGIN PGP SIGNED MESSAGE", "text/plain" },
    { "-----BEGIN PGP", "application/pgp-keys" },
    { "-----BEGIN ", "application/x-pem-file" },
    { "%!PS-AdobeFont", "application/x-font-type1" },
    { "%!PS", "application/postscript" },
    { "ISO-10303-21;", "model/step" },
    { "'\\\" t", "text/troff" },
    { ".TH ", "text/troff" },
    { ".\\\" ", "text/troff" },
};

/* Root elements of XML that have a type of their own. */
static const struct beginning roots[] = {
    { "svg", "image/svg+xml" },
    { "html", "application/xhtml+xml" },
    { "rss", "application/rss+xml" },
    { "feed", "application/atom+xml" },
    { "kml", "application/vnd.google-earth.kml+xml" },
    { "gpx", "application/gpx+xml" },
    { "FictionBook", "application/x-fictionbook+xml" },
    { "tt", "application/ttml+xml" },
    { "playlist", "application/xspf+xml" },
    { "plist", "application/x-plist" },
    { "COLLADA", "model/vnd.collada+xml" },
    { "X3D", "model/x3d+xml" },
};

/* Where the root element begins: behind declaration, comments and document type. */
static const char *xml_root (const char *text, size_t length)
{
    const char *end = text + length;
    for (const char *p = memchr (text, '<', length); p; p = memchr (p, '<', (size_t) (end - p))) {
        size_t left = (size_t) (end - p);
        if (left < 2)
            return NULL;
        if (p[1] != '?' && p[1] != '!')
            return p + 1;
        bool is_comment = begins (p, left, "<!--");
        const char *close = is_comment ? memmem (p, left, "-->", 3) : memchr (p, '>', left);
        if (!close)
            return NULL;
        p = close + 1;
    }
    return NULL;
}

static const char *xml_type (const char *text, size_t length)
{
    const char *root = xml_root (text, length);
    size_t left = root ? (size_t) (text + length - root) : 0;
    const char *colon = root ? memchr (root, ':', MIN (left, 16)) : NULL;
    for (size_t i = 0; root && i < G_N_ELEMENTS (roots); i++) {
        size_t n = strlen (roots[i].text);
        if (begins (root, left, roots[i].text) && left > n && !g_ascii_isalnum (root[n]))
            return roots[i].type;
        size_t rest = colon ? (size_t) (text + length - colon - 1) : 0;
        if (rest > n && begins (colon + 1, rest, roots[i].text) && !g_ascii_isalnum (colon[n + 1]))
            return roots[i].type;
    }
    return "application/xml";
}

/* A whole document if all of it is here, else what only JSON begins with. */
static bool is_json (const char *text, size_t length, bool is_whole)
{
    if (*text != '{' && *text != '[')
        return false;
    if (is_whole) {
        json_auto_t *root = json_loadb (text, length, 0, NULL);
        return root != NULL;
    }
    const char *p = text + 1, *end = text + length;
    while (p < end && g_ascii_isspace (*p))
        p++;
    if (p == end)
        return false;
    return *text == '{' ? *p == '"' && memchr (p, ':', (size_t) (end - p))
                        : strchr ("{[\"-0123456789", *p) != NULL;
}

/* Names of header lines that mail begins with. */
static const char *const mail_headers[] = {
    "Return-Path:", "Received:",   "Delivered-To:", "From:",     "To:",           "Subject:",
    "Date:",        "Message-ID:", "MIME-Version:", "Reply-To:", "Content-Type:", "X-"
};

static bool is_mail_header (const char *line, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS (mail_headers); i++)
        if (begins (line, length, mail_headers[i]))
            return memchr (line, ':', MIN (length, 64));
    return false;
}

/* Mail if its first lines are headers, and at least three of the usual ones. */
static bool is_mail (const char *text, size_t length)
{
    unsigned known = 0;
    const char *end = text + length, *line = text;
    for (unsigned i = 0; i < 50 && line < end; i++) {
        size_t left = (size_t) (end - line);
        const char *newline = memchr (line, '\n', left);
        if (*line == '\n' || *line == '\r')
            break;
        bool is_header = is_mail_header (line, left);
        if (i == 0 && !is_header)
            return false;
        known += is_header;
        line = newline ? newline + 1 : end;
    }
    return known >= 3;
}

static bool is_mailbox (const char *text, size_t length)
{
    const char *newline = begins (text, length, "From ") ? memchr (text, '\n', length) : NULL;
    return newline && is_mail (newline + 1, length - (size_t) (newline + 1 - text));
}

/* What runs a script: the name behind the last slash, or the word behind "env". */
static const char *script_type (const char *text, size_t length)
{
    static const struct beginning interpreters[] = {
        { "sh", "application/x-sh" },   { "bash", "application/x-sh" },
        { "dash", "application/x-sh" }, { "zsh", "application/x-sh" },
        { "ksh", "application/x-sh" },  { "python", "text/x-python" },
        { "perl", "text/x-perl" },      { "ruby", "text/x-ruby" },
        { "php", "text/x-php" },        { "node", "text/javascript" },
        { "lua", "text/x-lua" },        { "tclsh", "text/x-tcl" },
        { "awk", "text/x-awk" },        { "gawk", "text/x-awk" },
        { "Rscript", "text/x-r" },      { "pwsh", "text/x-powershell" },
    };
    const char *newline = memchr (text, '\n', MIN (length, 256));
    g_autofree char *line = newline ? g_strndup (text + 2, (gsize) (newline - text) - 2) : NULL;
    char *rest = line ? g_strchug (line) : NULL, *word;
    while (rest && (word = strsep (&rest, " \t\r"))) {
        const char *slash = strrchr (word, '/'), *name = slash ? slash + 1 : word;
        if (!strcmp (name, "env") || *name == '-' || !*name || strchr (name, '='))
            continue;
        size_t n = strcspn (name, "0123456789.-");
        for (size_t i = 0; i < G_N_ELEMENTS (interpreters); i++)
            if (strlen (interpreters[i].text) == n && !memcmp (interpreters[i].text, name, n))
                return interpreters[i].type;
        return "text/plain";
    }
    return "text/plain";
}

/* Segments make a list of pieces to stream one of songs. */
static const char *playlist_type (const char *text, size_t length)
{
    return memmem (text, length, "\n#EXT-X-", 8) ? "application/vnd.apple.mpegurl"
                                                 : "audio/x-mpegurl";
}

/* "1", then "00:00:01,000 -->". */
static bool is_subrip (const char *text, size_t length)
{
    const char *newline = memchr (text, '\n', MIN (length, 16)), *end = text + length;
    size_t digits = newline ? strspn (text, "0123456789") : 0;
    const char *line = newline ? newline + 1 : end;
    return digits && (newline == text + digits || (text[digits] == '\r')) && end - line > 16 &&
           line[2] == ':' && line[5] == ':' && (line[8] == ',' || line[8] == '.') &&
           !memcmp (line + 12, " -->", 4);
}

/* Types that take more than how the text begins. */
static const char *closer_type (const char *text, size_t length)
{
    assert (text);
    if (begins (text, length, "#!"))
        return script_type (text, length);
    if (begins (text, length, "#EXTM3U"))
        return playlist_type (text, length);
    if (begins (text, length, "solid") && memmem (text, length, "facet normal", 12))
        return "model/stl";
    if (begins (text, length, "#define ") && memmem (text, MIN (length, 128), "_width ", 7) &&
        memmem (text, length, "_bits[]", 7))
        return "image/x-xbitmap";
    return is_subrip (text, length) ? "application/x-subrip" : NULL;
}

static const char *text_type (const char *text, size_t length, bool is_whole)
{
    if (is_mailbox (text, length))
        return "application/mbox";
    if (is_mail (text, length))
        return "message/rfc822";
    while (length && g_ascii_isspace (*text)) {
        text++;
        length--;
    }
    if (!length)
        return "text/plain";
    for (size_t i = 0; i < G_N_ELEMENTS (beginnings); i++)
        if (begins (text, length, beginnings[i].text))
            return beginnings[i].type;
    const char *closer = closer_type (text, length);
    if (closer)
        return closer;
    if (begins (text, length, "<?xml") || begins (text, length, "<!DOCTYPE"))
        return xml_type (text, length);
    if (is_json (text, length, is_whole))
        return "application/json";
    if (begins (text, length, "<!--"))
        return xml_root (text, length) ? xml_type (text, length) : "text/plain";
    return "text/plain";
}

/* UTF-16 as UTF-8, so that the rest has one encoding to deal with. NULL if it is no text. */
static char *from_utf16 (const uint8_t *p, size_t length, bool is_little)
{
    GString *out = g_string_new (NULL);
    for (size_t i = 0; i + 1 < MIN (length, 4096); i += 2) {
        gunichar c = is_little ? get_u16le (p + i) : get_u16be (p + i);
        if (c < 0x80 && is_control ((uint8_t) c)) {
            g_string_free (out, TRUE);
            return NULL;
        }
        g_string_append_unichar (out, g_unichar_validate (c) ? c : '?');
    }
    return g_string_free (out, FALSE);
}

const char *sniff_text (struct input *in)
{
    const uint8_t *p = in->head;
    size_t length = in->head_length;
    bool is_whole = length == in->size;
    if (!length)
        return NULL;
    if (length >= 4 && (!memcmp (p, "\xff\xfe\0\0", 4) || !memcmp (p, "\0\0\xfe\xff", 4)))
        return "text/plain";
    if (length >= 4 && (!memcmp (p, "\xff\xfe", 2) || !memcmp (p, "\xfe\xff", 2))) {
        g_autofree char *utf8 = from_utf16 (p + 2, length - 2, p[0] == 0xff);
        return utf8 ? text_type (utf8, strlen (utf8), false) : NULL;
    }
    if (length >= 3 && !memcmp (p, "\xef\xbb\xbf", 3)) {
        p += 3;
        length -= 3;
    }
    if (is_text (p, length))
        return text_type ((const char *) p, length, is_whole);
    /* UTF-16 without a mark has a zero in nearly every character. */
    const struct charset *wide =
        length >= 16 && (!p[0] != !p[1]) ? charset_detect (p, length, true) : NULL;
    const char *name = wide ? charset_name (wide) : "";
    if (!g_str_has_prefix (name, "UTF-16"))
        return NULL;
    g_autofree char *utf8 = from_utf16 (p, length, !strcmp (name, "UTF-16LE"));
    return utf8 ? text_type (utf8, strlen (utf8), false) : NULL;
}
