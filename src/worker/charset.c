/* The table of encodings and their converters. The descriptors are the one state that outlives a
 * job: the C library has each encoding in a module that it loads when it is first asked for, which
 * the jail refuses, and unloads when nobody has it open. */
#include "worker/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/macros.h"

struct charset {
    const char *name;    /* as registered; "": only kept open */
    const char *iconv;   /* as the C library calls it, or what is compatible and larger */
    const char *aliases; /* " a b ", lower case */
};

/* clang-format off */
static const struct charset charsets[] = {
    { "UTF-8", "UTF-8", " utf8 unicode-1-1-utf-8 cp65001 " },
    { "US-ASCII", "UTF-8", " ascii ansi_x3.4-1968 iso646-us us cp20127 " },
    { "UTF-16LE", "UTF-16LE", " unicode ucs-2le cp1200 " },
    { "UTF-16BE", "UTF-16BE", " utf-16 ucs-2 cp1201 " },
    { "UTF-32LE", "UTF-32LE", " ucs-4le cp12000 " },
    { "UTF-32BE", "UTF-32BE", " utf-32 ucs-4 cp12001 " },
    { "UTF-7", "UTF-7", " cp65000 unicode-1-1-utf-7 " },
    { "GB18030", "GB18030", " gbk gb2312 cp936 ms936 euc-cn x-gbk gb_2312-80 chinese cp54936 windows-936 " },
    { "Big5", "BIG5-HKSCS", " big5-hkscs cn-big5 x-x-big5 cp950 windows-950 " },
    { "Shift_JIS", "CP932", " sjis shift-jis ms_kanji x-sjis windows-31j cp932 ms932 cp943 " },
    { "EUC-JP", "EUC-JP-MS", " x-euc-jp eucjp ujis cp51932 cp20932 " },
    { "ISO-2022-JP", "ISO-2022-JP-3", " csiso2022jp iso-2022-jp-ms cp50220 cp50221 iso-2022-jp-2 " },
    { "EUC-KR", "CP949", " ks_c_5601-1987 ks_c_5601-1989 korean cp949 uhc windows-949 ksc5601 cp51949 " },
    { "ISO-2022-KR", "ISO-2022-KR", " cp50225 " },
    { "windows-1250", "CP1250", " cp1250 x-cp1250 " },
    { "windows-1251", "CP1251", " cp1251 x-cp1251 " },
    { "windows-1252", "CP1252", " cp1252 x-cp1252 x-ansi ansi cp32769 " },
    { "windows-1253", "CP1253", " cp1253 " },
    { "windows-1254", "CP1254", " cp1254 " },
    { "windows-1255", "CP1255", " cp1255 " },
    { "windows-1256", "CP1256", " cp1256 " },
    { "windows-1257", "CP1257", " cp1257 " },
    { "windows-1258", "CP1258", " cp1258 " },
    { "windows-874", "CP874", " cp874 tis-620 tis620 iso-8859-11 dos-874 " },
    { "KOI8-R", "KOI8-R", " koi8 koi cp20866 cskoi8r " },
    { "KOI8-U", "KOI8-U", " koi8-ru cp21866 " },
    { "IBM866", "CP866", " cp866 866 dos-866 " },
    { "IBM437", "IBM437", " cp437 437 " },
    { "IBM850", "IBM850", " cp850 850 " },
    { "IBM852", "IBM852", " cp852 852 " },
    { "macintosh", "MACINTOSH", " mac x-mac-roman macroman cp10000 cp32768 " },
    { "x-mac-cyrillic", "MAC-CYRILLIC", " cp10007 " },
    { "ISO-8859-1", "CP1252", " latin1 iso8859-1 iso_8859-1 l1 ibm819 cp819 cp28591 iso-8859-1:1987 iso88591 " },
    { "ISO-8859-2", "ISO-8859-2", " latin2 iso8859-2 iso_8859-2 l2 cp28592 " },
    { "ISO-8859-3", "ISO-8859-3", " latin3 iso8859-3 cp28593 " },
    { "ISO-8859-4", "ISO-8859-4", " latin4 iso8859-4 cp28594 " },
    { "ISO-8859-5", "ISO-8859-5", " cyrillic iso8859-5 iso_8859-5 cp28595 " },
    { "ISO-8859-6", "ISO-8859-6", " arabic iso8859-6 cp28596 " },
    { "ISO-8859-7", "ISO-8859-7", " greek iso8859-7 iso_8859-7 cp28597 " },
    { "ISO-8859-8", "ISO-8859-8", " hebrew iso8859-8 iso-8859-8-i logical cp28598 " },
    { "ISO-8859-9", "CP1254", " latin5 iso8859-9 cp28599 " },
    { "ISO-8859-10", "ISO-8859-10", " latin6 iso8859-10 " },
    { "ISO-8859-13", "ISO-8859-13", " iso8859-13 cp28603 " },
    { "ISO-8859-14", "ISO-8859-14", " iso8859-14 " },
    { "ISO-8859-15", "ISO-8859-15", " latin9 iso8859-15 l9 cp28605 latin-9 " },
    { "ISO-8859-16", "ISO-8859-16", " iso8859-16 " },
    /* What libav opens by itself, for broadcasts and subtitles; never found by name. */
    { "", "ISO6937", "" },
    { "", "ISO-8859-1", "" },
    { "", "ISO-8859-9", "" },
    { "", "ISO-8859-11", "" },
    { "", "TIS-620", "" },
    { "", "GB2312", "" },
    { "", "GBK", "" },
    { "", "BIG5", "" },
    { "", "EUC-KR", "" },
    { "", "SHIFT_JIS", "" },
    { "", "EUC-JP", "" },
    { "", "ISO-2022-JP", "" },
    { "", "UTF-16", "" },
    { "", "UTF-32", "" },
    { "", "UCS-2BE", "" },
};
/* clang-format on */

static struct {
    bool is_open;
    iconv_t converters[N_ELEMENTS (charsets)];
} opened;

void charset_init (void)
{
    if (opened.is_open)
        return;
    for (size_t i = 0; i < N_ELEMENTS (charsets); i++)
        opened.converters[i] = iconv_open ("UTF-8", charsets[i].iconv);
    opened.is_open = true;
}

const struct charset *charset_find (const char *name, size_t length)
{
    char word[40];
    if (length == 0 || length > sizeof word - 3 || memchr (name, ' ', length))
        return NULL;
    g_snprintf (word, sizeof word, " %.*s ", (int) length, name);
    for (char *p = word; *p; p++)
        *p = g_ascii_tolower (*p);
    for (size_t i = 0; i < N_ELEMENTS (charsets); i++)
        if ((strlen (charsets[i].name) == length &&
             !g_ascii_strncasecmp (charsets[i].name, name, length)) ||
            strstr (charsets[i].aliases, word))
            return &charsets[i];
    return NULL;
}

const char *charset_name (const struct charset *c)
{
    return c->name;
}

bool charset_is_utf8 (const struct charset *c)
{
    return !strcmp (c->iconv, "UTF-8");
}

const struct charset *charset_of_mark (const uint8_t *bytes, size_t length, size_t *ret_mark)
{
    static const struct {
        const char *name;
        uint8_t length;
        char mark[4];
    } marks[] = { { "UTF-8", 3, "\xef\xbb\xbf" },
                  { "UTF-32LE", 4, { '\xff', '\xfe', 0, 0 } },
                  { "UTF-32BE", 4, { 0, 0, '\xfe', '\xff' } },
                  { "UTF-16LE", 2, "\xff\xfe" },
                  { "UTF-16BE", 2, "\xfe\xff" } };
    *ret_mark = 0;
    for (size_t i = 0; i < N_ELEMENTS (marks); i++)
        if (length >= marks[i].length && !memcmp (bytes, marks[i].mark, marks[i].length)) {
            *ret_mark = marks[i].length;
            return charset_find (marks[i].name, strlen (marks[i].name));
        }
    return NULL;
}

static void append_replacement (GString *to)
{
    g_string_append_len (to, "\xef\xbf\xbd", 3);
}

/* Converts until the end, the limit, or a byte that does not fit; that one is passed over. */
static void convert_some (iconv_t converter, char **in, size_t *left, GString *to)
{
    char out[4096], *p = out;
    size_t room = sizeof out;
    size_t r = iconv (converter, in, left, &p, &room);
    g_string_append_len (to, out, p - out);
    if (r != (size_t) -1 || errno == E2BIG)
        return;
    append_replacement (to);
    size_t bad = errno == EILSEQ ? 1 : *left; /* EINVAL: the last character is cut */
    *in += bad;
    *left -= bad;
}

void charset_convert (const struct charset *c, const void *bytes, size_t length, size_t limit,
                      GString *to)
{
    charset_init ();
    iconv_t converter = opened.converters[c - charsets];
    char *in = (char *) (uintptr_t) bytes;
    size_t end = to->len + limit;
    if (converter == (iconv_t) -1)
        return;
    (void) iconv (converter, NULL, NULL, NULL, NULL);
    while (length && to->len < end)
        convert_some (converter, &in, &length, to);
    /* Some hold a character back, to join what follows with it. */
    char rest[16], *p = rest;
    size_t room = sizeof rest;
    (void) iconv (converter, NULL, NULL, &p, &room);
    g_string_append_len (to, rest, p - rest);
}
