/* RTF: a flat walk over groups, control words and text. Of the destinations only the document's
 * properties are kept, and of fonts the encoding of text in them; the rest of what is not body text
 * is passed over. */
#include <string.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/text_fields.h"

enum place { BODY, SKIPPED, FONTS, INFO, TITLE, AUTHOR, KEYWORDS, CREATED, CHANGED };

struct group {
    enum place place;
    uint8_t fallback;           /* characters to pass over after \u */
    const struct charset *font; /* encoding of text in the font; NULL: that of the document */
};

struct rtf {
    json_t *meta;
    const char *at, *end;
    const struct charset *charset;
    GHashTable *fonts; /* charsets by number, of those that have one */
    long font;         /* the one that the table is about */
    long default_font; /* of body text that names none */
    struct group groups[LIMIT_RTF_DEPTH];
    unsigned depth, skip, unicode_high;
    bool is_first;  /* in its group: what comes names a destination */
    GString *bytes; /* text in the encoding of the document, not yet converted */
    GString *property;
    unsigned time[6];
    struct body_text body;
};

/* ---- text ---- */

static void put (struct rtf *r, const char *utf8, size_t length)
{
    enum place place = r->groups[r->depth].place;
    if (place == BODY)
        body_text_append (&r->body, utf8, length);
    else if (place >= TITLE && r->property->len < LIMIT_CAPTION_SOURCE)
        g_string_append_len (r->property, utf8, (gssize) length);
}

static void flush (struct rtf *r)
{
    g_autoptr (GString) text = g_string_new (NULL);
    const struct group *g = &r->groups[r->depth];
    const struct charset *charset = g->place == BODY && g->font ? g->font : r->charset;
    if (!r->bytes->len)
        return;
    if (charset && !charset_is_utf8 (charset))
        charset_convert (charset, r->bytes->str, r->bytes->len, LIMIT_TEXT_READ, text);
    else
        g_string_append_len (text, r->bytes->str, (gssize) r->bytes->len);
    put (r, text->str, text->len);
    g_string_truncate (r->bytes, 0);
}

static void put_byte (struct rtf *r, char c)
{
    if (r->skip)
        r->skip--;
    else if (r->groups[r->depth].place != SKIPPED && r->groups[r->depth].place != FONTS)
        g_string_append_c (r->bytes, c);
}

/* \u: a unit of UTF-16, as a signed number. */
static void put_unit (struct rtf *r, long value)
{
    char utf8[6];
    gunichar c = (gunichar) (value & 0xffff);
    flush (r);
    r->skip = r->groups[r->depth].fallback;
    if (c >= 0xd800 && c < 0xdc00) {
        r->unicode_high = c;
        return;
    }
    if (c >= 0xdc00 && c < 0xe000)
        c = r->unicode_high ? 0x10000 + ((r->unicode_high - 0xd800) << 10) + (c - 0xdc00) : 0xfffd;
    r->unicode_high = 0;
    put (r, utf8, (size_t) g_unichar_to_utf8 (c, utf8));
}

static void put_break (struct rtf *r)
{
    flush (r);
    if (r->groups[r->depth].place == BODY)
        body_text_append_break (&r->body);
}

/* ---- properties ---- */

static void end_time (struct rtf *r, const char *field)
{
    g_autofree char *text =
        g_strdup_printf ("%04u-%02u-%02uT%02u:%02u:%02u", r->time[0], r->time[1], r->time[2],
                         r->time[3], r->time[4], r->time[5]);
    if (r->time[0])
        text_fields_set_time (r->meta, field, text);
    memset (r->time, 0, sizeof r->time);
}

static void end_property (struct rtf *r, enum place place)
{
    const char *text = r->property->str;
    size_t length = r->property->len;
    if (place == TITLE)
        text_fields_set (r->meta, "Title", text, length, LIMIT_CAPTION);
    else if (place == AUTHOR)
        text_fields_set (r->meta, "Artist", text, length, LIMIT_CAPTION);
    else if (place == KEYWORDS)
        text_fields_add_labels (r->meta, text, length);
    else if (place == CREATED)
        end_time (r, "ProduceTime");
    else if (place == CHANGED)
        end_time (r, "DocumentModifiedTime");
    g_string_truncate (r->property, 0);
}

static void choose_font (struct rtf *r, long font)
{
    flush (r);
    r->groups[r->depth].font = g_hash_table_lookup (r->fonts, GINT_TO_POINTER ((int) font));
}

/* ---- groups ---- */

/* False if they are nested too deep. */
static bool open_group (struct rtf *r)
{
    flush (r);
    if (r->depth + 1 >= LIMIT_RTF_DEPTH)
        return false;
    r->groups[r->depth + 1] = r->groups[r->depth];
    r->depth++;
    r->is_first = true;
    r->skip = 0;
    return true;
}

static void close_group (struct rtf *r)
{
    flush (r);
    enum place place = r->groups[r->depth].place;
    r->depth -= r->depth > 0;
    if (place > INFO && r->groups[r->depth].place != place)
        end_property (r, place);
    else if (place == FONTS && r->groups[r->depth].place != place)
        choose_font (r, r->default_font);
    r->is_first = false;
    r->skip = 0;
}

/* ---- control words ---- */

static const struct destination {
    const char *name;
    enum place place;
} destinations[] = {
    { "info", INFO },
    { "title", TITLE },
    { "author", AUTHOR },
    { "keywords", KEYWORDS },
    { "creatim", CREATED },
    { "revtim", CHANGED },
    { "fonttbl", FONTS },
    { "colortbl", SKIPPED },
    { "stylesheet", SKIPPED },
    { "pict", SKIPPED },
    { "object", SKIPPED },
    { "objdata", SKIPPED },
    { "header", SKIPPED },
    { "headerl", SKIPPED },
    { "headerr", SKIPPED },
    { "headerf", SKIPPED },
    { "footer", SKIPPED },
    { "footerl", SKIPPED },
    { "footerr", SKIPPED },
    { "footerf", SKIPPED },
    { "fldinst", SKIPPED },
    { "listtable", SKIPPED },
    { "listoverridetable", SKIPPED },
    { "rsidtbl", SKIPPED },
    { "xe", SKIPPED },
    { "tc", SKIPPED },
    { "bkmkstart", SKIPPED },
    { "bkmkend", SKIPPED },
    { "template", SKIPPED },
    { "filetbl", SKIPPED },
    { "revtbl", SKIPPED },
    { "generator", SKIPPED },
    { "private", SKIPPED },
    { "ftnsep", SKIPPED },
    { "ftnsepc", SKIPPED },
    { "nonshppict", SKIPPED },
};

static const struct {
    const char *name, *text;
} symbols[] = {
    { "tab", " " },
    { "cell", " " },
    { "emdash", "\xe2\x80\x94" },
    { "endash", "\xe2\x80\x93" },
    { "lquote", "\xe2\x80\x98" },
    { "rquote", "\xe2\x80\x99" },
    { "ldblquote", "\xe2\x80\x9c" },
    { "rdblquote", "\xe2\x80\x9d" },
    { "bullet", "\xe2\x80\xa2" },
    { "emspace", " " },
    { "enspace", " " },
    { "nestcell", " " },
};

static const char *const breaks[] = { "par", "line", "page", "sect", "row", "column", "nestrow" };
static const char *const time_words[] = { "yr", "mo", "dy", "hr", "min", "sec" };

static const struct charset *code_page (long page)
{
    char name[16];
    g_snprintf (name, sizeof name, "cp%ld", page);
    return charset_find (name, strlen (name));
}

static void set_code_page (struct rtf *r, long page)
{
    const struct charset *c = code_page (page);
    if (c)
        r->charset = c;
}

/* ---- fonts: each has the encoding of its own script ---- */

/* What Windows calls the character sets of fonts, and their code pages. Those that are not here (a
 * default, symbols) are that of the document. */
static const struct {
    uint8_t charset;
    uint16_t page;
} font_charsets[] = {
    { 0, 1252 },   { 77, 10000 }, { 78, 932 },   { 79, 949 },   { 80, 936 },   { 81, 950 },
    { 89, 10007 }, { 128, 932 },  { 129, 949 },  { 134, 936 },  { 136, 950 },  { 161, 1253 },
    { 162, 1254 }, { 163, 1258 }, { 177, 1255 }, { 178, 1256 }, { 186, 1257 }, { 204, 1251 },
    { 222, 874 },  { 238, 1250 }, { 254, 437 },  { 255, 850 },
};

static void set_font_page (struct rtf *r, long page)
{
    const struct charset *c = code_page (page);
    if (c && g_hash_table_size (r->fonts) < LIMIT_RTF_FONTS)
        g_hash_table_insert (r->fonts, GINT_TO_POINTER ((int) r->font), (gpointer) c);
}

static void set_font_charset (struct rtf *r, long charset)
{
    for (size_t i = 0; i < N_ELEMENTS (font_charsets); i++)
        if (font_charsets[i].charset == charset)
            set_font_page (r, font_charsets[i].page);
}

/* False if it is none of the words about fonts. Those in the table say what a font is, those in a
 * text which one it has. */
static bool run_font_word (struct rtf *r, const char *word, long value)
{
    bool is_table = r->groups[r->depth].place == FONTS;
    if (!strcmp (word, "f") && is_table)
        r->font = value;
    else if (!strcmp (word, "f"))
        choose_font (r, value);
    else if (!strcmp (word, "fcharset") && is_table)
        set_font_charset (r, value);
    else if (!strcmp (word, "cpg") && is_table)
        set_font_page (r, value);
    else if (!strcmp (word, "deff"))
        r->default_font = value;
    else if (!strcmp (word, "plain"))
        choose_font (r, r->default_font);
    else
        return false;
    return true;
}

/* Words that have text or a destination; false if it is none of them. */
static bool run_table_word (struct rtf *r, const char *word)
{
    struct group *g = &r->groups[r->depth];
    for (size_t i = 0; i < N_ELEMENTS (destinations); i++)
        if (!strcmp (destinations[i].name, word)) {
            bool is_property = destinations[i].place > INFO;
            bool is_placed = g->place != SKIPPED && (!is_property || g->place == INFO);
            g->place = is_placed ? destinations[i].place : g->place;
            return true;
        }
    for (size_t i = 0; i < N_ELEMENTS (symbols); i++)
        if (!strcmp (symbols[i].name, word)) {
            flush (r);
            put (r, symbols[i].text, strlen (symbols[i].text));
            return true;
        }
    for (size_t i = 0; i < N_ELEMENTS (breaks); i++)
        if (!strcmp (breaks[i], word)) {
            put_break (r);
            return true;
        }
    return false;
}

static void run_word (struct rtf *r, const char *word, long value)
{
    struct group *g = &r->groups[r->depth];
    if (run_table_word (r, word) || run_font_word (r, word, value))
        return;
    if (!strcmp (word, "u"))
        put_unit (r, value);
    else if (!strcmp (word, "uc"))
        g->fallback = (uint8_t) CLAMP (value, 0, 16);
    else if (!strcmp (word, "ansicpg"))
        set_code_page (r, value);
    else if (!strcmp (word, "bin") && value > 0)
        r->at += MIN (value, r->end - r->at);
    for (size_t i = 0; i < N_ELEMENTS (time_words); i++)
        if ((g->place == CREATED || g->place == CHANGED) && !strcmp (time_words[i], word))
            r->time[i] = (unsigned) CLAMP (value, 0, 9999);
}

/* Behind the backslash: letters, a number, a space that belongs to them. */
static void read_word (struct rtf *r)
{
    char word[32];
    size_t n = 0;
    long value = 0;
    while (r->at < r->end && g_ascii_isalpha (*r->at)) {
        if (n < sizeof word - 1)
            word[n++] = *r->at;
        r->at++;
    }
    word[n] = '\0';
    bool is_negative = r->at < r->end && *r->at == '-';
    r->at += is_negative;
    for (; r->at < r->end && g_ascii_isdigit (*r->at); r->at++)
        value = value < 100000000 ? value * 10 + (*r->at - '0') : value;
    r->at += r->at < r->end && *r->at == ' ';
    run_word (r, word, is_negative ? -value : value);
}

static void read_control (struct rtf *r)
{
    char c = r->at < r->end ? *r->at : '\0';
    if (g_ascii_isalpha (c)) {
        read_word (r);
        r->is_first = false;
        return;
    }
    r->at += r->at < r->end;
    if (c == '\'' && r->end - r->at >= 2) {
        int high = g_ascii_xdigit_value (r->at[0]), low = g_ascii_xdigit_value (r->at[1]);
        if (high >= 0 && low >= 0)
            put_byte (r, (char) (high << 4 | low));
        r->at += 2;
    } else if (c == '*' && r->is_first) {
        r->groups[r->depth].place = SKIPPED; /* a destination that old readers pass over */
    } else if (c == '\\' || c == '{' || c == '}') {
        put_byte (r, c);
    } else if (c == '~' || c == '_') {
        put_byte (r, c == '~' ? ' ' : '-');
    } else if (c == '\n' || c == '\r') {
        put_break (r);
    }
}

static void read_all (struct rtf *r)
{
    while (r->at < r->end && !body_text_is_full (&r->body)) {
        char c = *r->at++;
        if (c == '\\') {
            read_control (r);
        } else if (c == '{') {
            if (!open_group (r))
                return;
        } else if (c == '}') {
            close_group (r);
        } else if (c != '\r' && c != '\n') {
            r->is_first = false;
            put_byte (r, c);
        }
    }
    flush (r);
}

enum err extract_rtf (struct input *in, json_t *meta, struct error *e UNUSED)
{
    size_t length;
    g_autofree uint8_t *bytes =
        text_fields_load (in, text_fields_size (in, LIMIT_RTF_READ), &length);
    g_autofree struct rtf *r = g_new0 (struct rtf, 1);
    r->meta = meta;
    r->at = (const char *) bytes;
    r->end = r->at + length;
    r->charset = charset_find ("windows-1252", 12);
    r->groups[0] = (struct group){ BODY, 1 };
    r->fonts = g_hash_table_new (NULL, NULL);
    r->bytes = g_string_new (NULL);
    r->property = g_string_new (NULL);
    body_text_init (&r->body);
    text_fields_leave (in, &r->body);
    read_all (r);
    text_fields_report (meta, &r->body, r->charset, true);
    g_hash_table_unref (r->fonts);
    g_string_free (r->bytes, TRUE);
    g_string_free (r->property, TRUE);
    body_text_clear (&r->body);
    return ERR_OK;
}
