/* Reads XML of which all bytes are there, in one pass; keeps the path of open elements and the text
 * of the innermost. It knows no entities but the five and no document types, and passes attributes
 * over. */
#include "store/s3_xml.h"

#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "base/text.h"

#define REFERENCE_MAX 12 /* bytes of "&...;" */

struct reader {
    const char *at, *end; /* what is left */
    const char *root;
    s3_xml_fn *take;
    void *arg;
    struct error *e;
    GString *path, *text;
    gsize around[LIMIT_STORE_XML_DEPTH]; /* of each open element: the path's length outside of it */
    unsigned depth, elements;
    bool has_ended; /* the root has */
};

static enum err no_xml (struct reader *x, const char *why)
{
    return FAIL (x->e, STORE_DOWN, "the answer is no XML: %s", why);
}

/* ---- Pieces ---- */

static bool skip (struct reader *x, const char *mark)
{
    size_t n = strlen (mark);
    if (n > (size_t) (x->end - x->at) || memcmp (x->at, mark, n) != 0)
        return false;
    x->at += n;
    return true;
}

static void skip_space (struct reader *x)
{
    while (x->at < x->end && g_ascii_isspace (*x->at))
        x->at++;
}

/* Goes behind the next `mark`. What is before it has *ret_len bytes. */
static enum err skip_past (struct reader *x, const char *mark, size_t *ret_len)
{
    const char *found = memmem (x->at, (size_t) (x->end - x->at), mark, strlen (mark));
    if (!found)
        return no_xml (x, "it ends too early");
    *ret_len = (size_t) (found - x->at);
    x->at = found + strlen (mark);
    return ERR_OK;
}

static bool is_of_name (char c)
{
    return g_ascii_isalnum (c) || c == '_' || c == '-' || c == '.' || c == ':' || (guchar) c >= 128;
}

/* The name that begins here; 0: none does. */
static size_t skip_name (struct reader *x)
{
    const char *begin = x->at;
    while (x->at < x->end && is_of_name (*x->at))
        x->at++;
    return (size_t) (x->at - begin);
}

/* ---- Text ---- */

static enum err add_text (struct reader *x, const char *text, size_t len)
{
    if (x->text->len + len > LIMIT_STORE_XML_TEXT)
        return FAIL (x->e, STORE_DOWN, "the answer has a value of more than %llu bytes",
                     LIMIT_STORE_XML_TEXT);
    g_string_append_len (x->text, text, (gssize) len);
    return ERR_OK;
}

/* "#65" or "#x41". */
static bool read_number (const char *text, gunichar *ret)
{
    bool is_hex = text[1] == 'x';
    gunichar c = 0;
    for (text += is_hex ? 2 : 1; *text; text++) {
        if (is_hex ? !g_ascii_isxdigit (*text) : !g_ascii_isdigit (*text))
            return false;
        c = c * (is_hex ? 16 : 10) + (gunichar) g_ascii_xdigit_value (*text);
        if (c > 0x10ffff)
            return false;
    }
    *ret = c;
    return c != 0 && g_unichar_validate (c);
}

static bool read_name (const char *name, gunichar *ret)
{
    static const struct {
        const char *name;
        char meant;
    } entities[] = {
        { "quot", '"' }, { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "apos", '\'' }
    };
    for (size_t i = 0; i < N_ELEMENTS (entities); i++)
        if (strcmp (entities[i].name, name) == 0) {
            *ret = (gunichar) entities[i].meant;
            return true;
        }
    return false;
}

/* "&...;" */
static enum err take_reference (struct reader *x)
{
    char name[REFERENCE_MAX] = "", utf8[6];
    const size_t left = MIN ((size_t) (x->end - x->at), REFERENCE_MAX);
    const char *semicolon = memchr (x->at, ';', left);
    gunichar c;
    if (!semicolon)
        return no_xml (x, "it has an '&' that begins nothing");
    memcpy (name, x->at + 1, (size_t) (semicolon - x->at) - 1);
    if (!(name[0] == '#' ? read_number (name, &c) : read_name (name, &c)))
        return no_xml (x, "it has an entity that is not known");
    x->at = semicolon + 1;
    return add_text (x, utf8, (size_t) g_unichar_to_utf8 (c, utf8));
}

/* Up to the next tag. */
static enum err take_text (struct reader *x)
{
    const char *stop = memchr (x->at, '<', (size_t) (x->end - x->at));
    enum err r = ERR_OK;
    stop = stop ? stop : x->end;
    while (r == ERR_OK && x->at < stop) {
        const char *amp = memchr (x->at, '&', (size_t) (stop - x->at));
        const char *upto = amp ? amp : stop;
        r = add_text (x, x->at, (size_t) (upto - x->at));
        x->at = upto;
        if (r == ERR_OK && amp)
            r = take_reference (x);
    }
    return r;
}

/* ---- Elements ---- */

static enum err enter (struct reader *x, const char *name, int len)
{
    if (x->has_ended)
        return no_xml (x, "something follows its end");
    if (x->depth == 0 &&
        ((size_t) len != strlen (x->root) || strncmp (name, x->root, (size_t) len)))
        return FAIL (x->e, STORE_DOWN, "the answer is <%.*s>, expected <%s>", MIN (len, 40), name,
                     x->root);
    if (x->depth >= LIMIT_STORE_XML_DEPTH)
        return FAIL (x->e, STORE_DOWN, "the answer has more than %d elements within each other",
                     LIMIT_STORE_XML_DEPTH);
    if (x->elements >= LIMIT_STORE_XML_ELEMENTS)
        return FAIL (x->e, STORE_DOWN, "the answer has more than %d elements",
                     LIMIT_STORE_XML_ELEMENTS);
    if (len > LIMIT_STORE_XML_NAME)
        return FAIL (x->e, STORE_DOWN, "the answer has an element whose name is too long");
    x->elements++;
    x->around[x->depth] = x->path->len;
    if (x->depth++ > 0) {
        if (x->path->len)
            g_string_append_c (x->path, '/');
        g_string_append_len (x->path, name, len);
    }
    g_string_truncate (x->text, 0);
    return ERR_OK;
}

static enum err leave (struct reader *x)
{
    x->has_ended = --x->depth == 0;
    if (x->has_ended)
        return ERR_OK;
    enum err r = x->take (x->arg, x->path->str, x->text->str, x->e);
    g_string_truncate (x->path, x->around[x->depth]);
    g_string_truncate (x->text, 0);
    return r;
}

/* The name of the innermost open element. */
static const char *innermost (const struct reader *x)
{
    gsize around = x->around[x->depth - 1];
    return x->depth == 1 ? x->root : x->path->str + around + (around > 0);
}

/* Behind "</". */
static enum err take_end (struct reader *x)
{
    const char *name = x->at;
    size_t len = skip_name (x);
    skip_space (x);
    bool is_it = x->depth && strlen (innermost (x)) == len && !memcmp (name, innermost (x), len);
    return is_it && skip (x, ">") ? leave (x) : no_xml (x, "an element is not closed");
}

/* name="value" */
static bool skip_attribute (struct reader *x)
{
    if (!skip_name (x))
        return false;
    skip_space (x);
    if (!skip (x, "="))
        return false;
    skip_space (x);
    const char *quote = x->at;
    if (!skip (x, "\"") && !skip (x, "'"))
        return false;
    const char *close = memchr (x->at, *quote, (size_t) (x->end - x->at));
    if (!close || memchr (x->at, '<', (size_t) (close - x->at)))
        return false;
    x->at = close + 1;
    return true;
}

/* Behind "<". */
static enum err take_start (struct reader *x)
{
    const char *name = x->at;
    size_t len = skip_name (x);
    if (len == 0)
        return no_xml (x, "it has a '<' that begins nothing");
    enum err r = enter (x, name, (int) MIN (len, G_MAXINT));
    if (r != ERR_OK)
        return r;
    for (;;) {
        const char *before = x->at;
        skip_space (x);
        if (skip (x, ">"))
            return ERR_OK;
        if (skip (x, "/>"))
            return leave (x);
        if (x->at == before || !skip_attribute (x))
            return no_xml (x, "it has a tag that is none");
    }
}

/* Whatever begins with '<'. */
static enum err take_markup (struct reader *x)
{
    size_t len = 0;
    if (skip (x, "<?"))
        return skip_past (x, "?>", &len);
    if (skip (x, "<!--"))
        return skip_past (x, "-->", &len);
    if (x->depth && skip (x, "<![CDATA[")) {
        const char *text = x->at;
        enum err r = skip_past (x, "]]>", &len);
        return r == ERR_OK ? add_text (x, text, len) : r;
    }
    if (skip (x, "<!"))
        return no_xml (x, "it has a declaration");
    if (skip (x, "</"))
        return take_end (x);
    x->at++;
    return take_start (x);
}

/* Around the root there is nothing but white space. */
static enum err take_outside (struct reader *x)
{
    skip_space (x);
    return x->at == x->end || *x->at == '<' ? ERR_OK : no_xml (x, "it has text around its element");
}

static enum err read_all (struct reader *x)
{
    enum err r = ERR_OK;
    skip (x, "\xef\xbb\xbf");
    while (r == ERR_OK && x->at < x->end) {
        if (*x->at == '<')
            r = take_markup (x);
        else
            r = x->depth ? take_text (x) : take_outside (x);
    }
    if (r == ERR_OK && x->depth)
        return no_xml (x, "it ends too early");
    if (r == ERR_OK && !x->has_ended)
        return FAIL (x->e, STORE_DOWN, "the answer is empty, expected <%s>", x->root);
    return r;
}

enum err s3_xml_read (const void *text, size_t len, const char *root, s3_xml_fn *take, void *arg,
                      struct error *e)
{
    if (len == 0)
        return FAIL (e, STORE_DOWN, "the answer is empty, expected <%s>", root);
    if (!text_is_utf8 (text, len))
        return FAIL (e, STORE_DOWN, "the answer is no XML: it is not UTF-8");
    g_autoptr (GString) path = g_string_new (NULL), value = g_string_new (NULL);
    struct reader x = { .at = text,
                        .end = (const char *) text + len,
                        .root = root,
                        .take = take,
                        .arg = arg,
                        .e = e,
                        .path = path,
                        .text = value };
    return read_all (&x);
}
