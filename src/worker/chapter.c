/* From XHTML to text: all but what is in the head, scripts and styles; blocks begin lines. */
#include "worker/chapter.h"

#include <string.h>
#include <libxml/HTMLparser.h>

#include "base/limits.h"
#include "base/macros.h"

struct chapter {
    htmlParserCtxtPtr parser;
    struct body_text *text;
    unsigned hidden; /* elements that are open, and whose text is not shown */
    size_t fed, tag; /* bytes so far; those of the tag that is open, 0: none */
    char quote;      /* of the value that is open in it, or 0 */
};

static const char *const hidden[] = { "head", "script", "style", "rt", "rp", NULL };
static const char *const inlines[] = { "a",    "abbr", "b",     "bdi",  "bdo",    "big",    "cite",
                                       "code", "del",  "dfn",   "em",   "font",   "i",      "ins",
                                       "kbd",  "mark", "q",     "ruby", "rb",     "s",      "samp",
                                       "span", "sub",  "small", "sup",  "strong", "strike", "tt",
                                       "u",    "var",  "wbr",   NULL };

static void border (struct chapter *c, const char *element)
{
    if (!strcmp (element, "td") || !strcmp (element, "th") || !strcmp (element, "img"))
        body_text_append_space (c->text);
    else if (!g_strv_contains (inlines, element))
        body_text_append_break (c->text);
}

static void start_element (void *data, const xmlChar *name, const xmlChar **attributes UNUSED)
{
    struct chapter *c = data;
    c->hidden += g_strv_contains (hidden, (const char *) name);
    border (c, (const char *) name);
}

static void end_element (void *data, const xmlChar *name)
{
    struct chapter *c = data;
    if (c->hidden && g_strv_contains (hidden, (const char *) name))
        c->hidden--;
    border (c, (const char *) name);
}

static void take_text (void *data, const xmlChar *text, int length)
{
    struct chapter *c = data;
    if (!c->hidden)
        body_text_append (c->text, text, (size_t) length);
}

/* The parser compares each attribute of a tag with those before: long tags are no chapter's. */
static bool has_long_tag (struct chapter *c, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length && c->tag <= LIMIT_CHAPTER_TAG; i++) {
        char byte = (char) bytes[i];
        if (!c->tag)
            c->tag = byte == '<';
        else if (c->quote)
            c->quote = byte == c->quote ? 0 : c->quote;
        else if (byte == '"' || byte == '\'')
            c->quote = byte;
        else if (byte == '>' || (c->tag == 2 && !g_ascii_isalpha (byte) && byte != '/'))
            c->tag = 0;
        c->tag += c->tag != 0;
    }
    return c->tag > LIMIT_CHAPTER_TAG;
}

static bool feed (void *data, const uint8_t *bytes, size_t length)
{
    struct chapter *c = data;
    c->fed += length;
    if (has_long_tag (c, bytes, length))
        return false;
    (void) htmlParseChunk (c->parser, (const char *) bytes, (int) length, 0);
    return c->fed < LIMIT_CHAPTER && !body_text_is_full (c->text);
}

enum err chapter_read (struct zip *z, const struct zip_member *member, struct body_text *text,
                       struct error *e)
{
    htmlSAXHandler events = {
        .startElement = start_element,
        .endElement = end_element,
        .characters = take_text,
        .ignorableWhitespace = take_text,
    };
    struct chapter c = { .text = text };
    c.parser = htmlCreatePushParserCtxt (&events, &c, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
    if (!c.parser)
        return FAIL (e, EXTRACT_FAILED, "no parser for a chapter");
    htmlCtxtUseOptions (c.parser, HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                      HTML_PARSE_IGNORE_ENC | HTML_PARSE_NOIMPLIED);
    enum err err = zip_read (z, member, feed, &c, e);
    (void) htmlParseChunk (c.parser, "", 0, 1);
    htmlFreeParserCtxt (c.parser);
    body_text_append_break (text);
    return err;
}
