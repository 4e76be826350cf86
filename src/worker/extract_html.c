/* HTML, XHTML and other XML, by libxml2's SAX parsers: no tree, no network, no entity of the
 * document's own. What a reader sees is the text; what the head says are the fields. */
#include <string.h>
#include <strings.h>
#include <libxml/HTMLparser.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/html.h"
#include "worker/text_fields.h"

struct page {
    struct body_text body;
    json_t *meta;
    GString *title;  /* while its element is open; NULL else */
    unsigned hidden; /* open elements without visible text */
    unsigned depth;
    bool has_lang;
    xmlParserCtxtPtr parser;
};

enum role { ROLE_HIDDEN = 1, ROLE_BLOCK, ROLE_CELL, ROLE_TITLE, ROLE_META, ROLE_LINE };

static const struct {
    const char *name;
    enum role role;
} elements[] = {
    { "script", ROLE_HIDDEN },    { "style", ROLE_HIDDEN },  { "template", ROLE_HIDDEN },
    { "noscript", ROLE_HIDDEN },  { "svg", ROLE_HIDDEN },    { "math", ROLE_HIDDEN },
    { "object", ROLE_HIDDEN },    { "select", ROLE_HIDDEN }, { "textarea", ROLE_HIDDEN },
    { "title", ROLE_TITLE },      { "meta", ROLE_META },     { "br", ROLE_LINE },
    { "hr", ROLE_LINE },          { "td", ROLE_CELL },       { "th", ROLE_CELL },
    { "p", ROLE_BLOCK },          { "div", ROLE_BLOCK },     { "h1", ROLE_BLOCK },
    { "h2", ROLE_BLOCK },         { "h3", ROLE_BLOCK },      { "h4", ROLE_BLOCK },
    { "h5", ROLE_BLOCK },         { "h6", ROLE_BLOCK },      { "li", ROLE_BLOCK },
    { "ul", ROLE_BLOCK },         { "ol", ROLE_BLOCK },      { "dl", ROLE_BLOCK },
    { "dt", ROLE_BLOCK },         { "dd", ROLE_BLOCK },      { "tr", ROLE_BLOCK },
    { "table", ROLE_BLOCK },      { "caption", ROLE_BLOCK }, { "pre", ROLE_BLOCK },
    { "blockquote", ROLE_BLOCK }, { "section", ROLE_BLOCK }, { "article", ROLE_BLOCK },
    { "header", ROLE_BLOCK },     { "footer", ROLE_BLOCK },  { "main", ROLE_BLOCK },
    { "nav", ROLE_BLOCK },        { "aside", ROLE_BLOCK },   { "figure", ROLE_BLOCK },
    { "figcaption", ROLE_BLOCK }, { "form", ROLE_BLOCK },    { "option", ROLE_BLOCK },
    { "body", ROLE_BLOCK },       { "address", ROLE_BLOCK },
};

static enum role role_of (const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS (elements); i++)
        if (!strcasecmp (elements[i].name, name))
            return elements[i].role;
    return 0;
}

static const char *local_name (const xmlChar *name)
{
    const char *colon = strrchr ((const char *) name, ':');
    return colon ? colon + 1 : (const char *) name;
}

/* ---- the head ---- */

static void set_text (json_t *meta, const char *field, const char *text)
{
    text_fields_set (meta, field, text, strlen (text), LIMIT_CAPTION);
}

static void take_title (json_t *meta, const char *text)
{
    set_text (meta, "Title", text);
}

static void take_author (json_t *meta, const char *text)
{
    set_text (meta, "Artist", text);
}

static void take_keywords (json_t *meta, const char *text)
{
    text_fields_add_labels (meta, text, strlen (text));
}

static void take_created (json_t *meta, const char *text)
{
    text_fields_set_time (meta, "ProduceTime", text);
}

static void take_modified (json_t *meta, const char *text)
{
    text_fields_set_time (meta, "DocumentModifiedTime", text);
}

static void take_language (json_t *meta, const char *text)
{
    if (strlen (text) <= LIMIT_LANGUAGE)
        text_fields_set (meta, "Language", text, strlen (text), LIMIT_LANGUAGE);
}

/* <meta name or property="..." content="..."> */
static const struct {
    const char *name;
    void (*take) (json_t *meta, const char *text);
} metas[] = {
    { "author", take_author },
    { "dc.creator", take_author },
    { "dcterms.creator", take_author },
    { "article:author", take_author },
    { "dc.title", take_title },
    { "dcterms.title", take_title },
    { "keywords", take_keywords },
    { "dc.subject", take_keywords },
    { "article:tag", take_keywords },
    { "article:published_time", take_created },
    { "dc.date", take_created },
    { "dc.date.created", take_created },
    { "dcterms.created", take_created },
    { "dcterms.date", take_created },
    { "article:modified_time", take_modified },
    { "og:updated_time", take_modified },
    { "dcterms.modified", take_modified },
    { "dc.date.modified", take_modified },
    { "dc.language", take_language },
    { "dcterms.language", take_language },
    { "content-language", take_language },
};

static const char *attribute (const xmlChar **attributes, const char *name)
{
    for (; attributes && attributes[0]; attributes += 2)
        if (!strcasecmp ((const char *) attributes[0], name))
            return attributes[1] ? (const char *) attributes[1] : "";
    return NULL;
}

static void take_meta (struct page *page, const xmlChar **attributes)
{
    const char *name = attribute (attributes, "name"), *content = attribute (attributes, "content");
    if (!name)
        name = attribute (attributes, "property");
    if (!name)
        name = attribute (attributes, "http-equiv");
    for (size_t i = 0; name && content && i < N_ELEMENTS (metas); i++)
        if (!strcasecmp (metas[i].name, name))
            metas[i].take (page->meta, content);
}

/* ---- the body ---- */

static void on_start (void *context, const xmlChar *name, const xmlChar **attributes)
{
    struct page *page = context;
    enum role role = role_of (local_name (name));
    const char *lang = page->has_lang ? NULL : attribute (attributes, "lang");
    if (!lang && !page->has_lang)
        lang = attribute (attributes, "xml:lang");
    /* That of the root or the body is the page's, any other that of a part. */
    if (lang && page->depth < 2)
        take_language (page->meta, lang);
    page->has_lang = page->has_lang || page->depth >= 2;
    if (++page->depth > LIMIT_MARKUP_DEPTH || body_text_is_full (&page->body))
        xmlStopParser (page->parser);
    page->hidden += role == ROLE_HIDDEN;
    if (role == ROLE_META)
        take_meta (page, attributes);
    else if (role == ROLE_TITLE && !page->title && !page->hidden)
        page->title = g_string_new (NULL);
    else if (role == ROLE_BLOCK || role == ROLE_LINE)
        body_text_append_break (&page->body);
    else if (role == ROLE_CELL)
        body_text_append_space (&page->body);
}

static void on_end (void *context, const xmlChar *name)
{
    struct page *page = context;
    enum role role = role_of (local_name (name));
    page->depth -= page->depth > 0;
    page->hidden -= role == ROLE_HIDDEN && page->hidden;
    if (role == ROLE_BLOCK)
        body_text_append_break (&page->body);
    if (role == ROLE_TITLE && page->title) {
        set_text (page->meta, "Title", page->title->str);
        g_string_free (page->title, TRUE);
        page->title = NULL;
    }
}

static void on_text (void *context, const xmlChar *text, int length)
{
    struct page *page = context;
    if (page->title && page->title->len < LIMIT_CAPTION_SOURCE)
        g_string_append_len (page->title, (const char *) text, length);
    else if (!page->title && !page->hidden)
        body_text_append (&page->body, text, (size_t) length);
}

static void page_clear (struct page *page)
{
    body_text_clear (&page->body);
    if (page->title)
        g_string_free (page->title, TRUE);
}

/* ---- encoding ---- */

/* The name behind "charset=" in the first KiB, as both forms of <meta> and the declaration of XML
 * have it. */
static const struct charset *declared_charset (const char *text, size_t length)
{
    static const char *const keys[] = { "charset=", "encoding=" };
    g_autofree char *head = g_ascii_strdown (text, (gssize) MIN (length, 2048));
    for (size_t i = 0; i < N_ELEMENTS (keys); i++) {
        const char *p = strstr (head, keys[i]);
        if (!p)
            continue;
        p += strlen (keys[i]);
        p += strspn (p, "\"' ");
        const struct charset *found = charset_find (p, strcspn (p, "\"' />;?"));
        if (found)
            return found;
    }
    return NULL;
}

/* A mark wins, then UTF-8 that is valid, then what is said, then a guess. */
static const struct charset *page_charset (const uint8_t *bytes, size_t length, bool is_cut,
                                           size_t *ret_mark)
{
    const struct charset *c = charset_of_mark (bytes, length, ret_mark);
    if (c)
        return c;
    const struct charset *guess = charset_detect (bytes, length, is_cut);
    const char *name = guess ? charset_name (guess) : "";
    if (g_str_has_prefix (name, "UTF-"))
        return guess;
    c = declared_charset ((const char *) bytes, length);
    return c && !g_str_has_prefix (charset_name (c), "UTF-16") ? c : guess;
}

/* ---- both kinds ---- */

/* The first bytes of the object as UTF-8; the caller frees. */
static GString *load_page (struct input *in, const struct charset **ret_charset)
{
    size_t length, mark;
    g_autofree uint8_t *bytes =
        text_fields_load (in, text_fields_size (in, LIMIT_TEXT_READ), &length);
    GString *text = g_string_new (NULL);
    *ret_charset = page_charset (bytes, length, length < in->size, &mark);
    const char *from = (const char *) bytes + mark;
    if (*ret_charset && !charset_is_utf8 (*ret_charset))
        charset_convert (*ret_charset, from, length - mark, LIMIT_TEXT_READ, text);
    else
        g_string_append_len (text, from, (gssize) (length - mark));
    return text;
}

void html_read (const char *text, size_t length, struct body_text *body, json_t *meta)
{
    struct page page = { .meta = meta, .body = *body };
    htmlSAXHandler handler = { .startElement = on_start,
                               .endElement = on_end,
                               .characters = on_text,
                               .cdataBlock = NULL,
                               .ignorableWhitespace = on_text };
    page.parser = htmlCreatePushParserCtxt (&handler, &page, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
    if (page.parser) {
        htmlCtxtUseOptions (page.parser, HTML_PARSE_NONET | HTML_PARSE_RECOVER |
                                             HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                             HTML_PARSE_IGNORE_ENC);
        for (size_t at = 0; at < length && !body_text_is_full (&page.body);) {
            size_t step = MIN (length - at, LIMIT_MARKUP_PIECE);
            if (htmlParseChunk (page.parser, text + at, (int) step, at + step == length)) {}
            at += step;
        }
        xmlFreeDoc (page.parser->myDoc);
        page.parser->myDoc = NULL;
        htmlFreeParserCtxt (page.parser);
    }
    *body = page.body;
    page.body.text = NULL;
    page_clear (&page);
}

enum err extract_html (struct input *in, json_t *meta, struct error *e UNUSED)
{
    const struct charset *charset;
    _cleanup_body_text_ struct body_text body;
    body_text_init (&body);
    text_fields_leave (in, &body);
    GString *text = load_page (in, &charset);
    html_read (text->str, text->len, &body, meta);
    g_string_free (text, TRUE);
    text_fields_report (meta, &body, charset, true);
    return ERR_OK;
}

/* ---- XML ---- */

static void on_xml_start (void *context, const xmlChar *name UNUSED,
                          const xmlChar **attributes UNUSED)
{
    struct page *page = context;
    if (++page->depth > LIMIT_MARKUP_DEPTH || body_text_is_full (&page->body))
        xmlStopParser (page->parser);
    body_text_append_space (&page->body);
}

static void on_xml_end (void *context, const xmlChar *name UNUSED)
{
    struct page *page = context;
    page->depth -= page->depth > 0;
    body_text_append_space (&page->body);
}

/* The text of all elements. Entities that the document defines are not read at all. */
enum err extract_xml (struct input *in, json_t *meta, struct error *e UNUSED)
{
    const struct charset *charset;
    struct page page = { .meta = meta };
    xmlSAXHandler handler = { .startElement = on_xml_start,
                              .endElement = on_xml_end,
                              .characters = on_text,
                              .cdataBlock = on_text,
                              .ignorableWhitespace = on_text };
    body_text_init (&page.body);
    text_fields_leave (in, &page.body);
    GString *text = load_page (in, &charset);
    page.parser = xmlCreatePushParserCtxt (&handler, &page, NULL, 0, NULL);
    if (page.parser) {
        xmlCtxtUseOptions (page.parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                            XML_PARSE_IGNORE_ENC);
        for (size_t at = 0; at < text->len && !body_text_is_full (&page.body);) {
            size_t step = MIN (text->len - at, LIMIT_MARKUP_PIECE);
            if (xmlParseChunk (page.parser, text->str + at, (int) step, at + step == text->len))
                break;
            at += step;
        }
        xmlFreeDoc (page.parser->myDoc); /* holds what the document type declares */
        page.parser->myDoc = NULL;
        xmlFreeParserCtxt (page.parser);
    }
    g_string_free (text, TRUE);
    text_fields_report (meta, &page.body, charset, false);
    page_clear (&page);
    return ERR_OK;
}
