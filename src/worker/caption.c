/* Texts about an image, made fit for an answer. */
#include "worker/caption.h"

#include <string.h>
#include <glib.h>

#include "base/limits.h"

void caption_clear (struct caption *c)
{
    g_clear_pointer (&c->title, g_free);
    g_clear_pointer (&c->artist, g_free);
    g_clear_pointer (&c->time, g_free);
    g_clear_pointer (&c->language, g_free);
    g_clear_pointer (&c->keywords, g_ptr_array_unref);
}

static char *latin1 (const char *value, size_t length)
{
    GString *text = g_string_new (NULL);
    for (size_t i = 0; i < length; i++)
        g_string_append_unichar (text, (guchar) value[i]);
    return g_string_free (text, FALSE);
}

/* The end of a text that is too long goes, at the start of a character. */
static void shorten (char *text, size_t limit)
{
    if (strlen (text) <= limit)
        return;
    size_t n = limit;
    while ((text[n] & 0xc0) == 0x80)
        n--;
    text[n] = '\0';
}

char *caption_clean (const char *value, size_t length, size_t limit)
{
    length = strnlen (value, MIN (length, LIMIT_CAPTION_SOURCE));
    const char *end;
    bool is_utf8 = g_utf8_validate (value, (gssize) length, &end) ||
                   (length == LIMIT_CAPTION_SOURCE && value + length - end < 4);
    g_autofree char *text =
        is_utf8 ? g_strndup (value, (gsize) (end - value)) : latin1 (value, length);
    for (char *p = text; *p; p++)
        if (g_ascii_iscntrl (*p))
            *p = ' ';
    g_strchug (text);
    shorten (text, limit);
    g_strchomp (text);
    return *text ? g_steal_pointer (&text) : NULL;
}

void caption_set (char **text, const char *value, size_t length)
{
    if (!*text)
        *text = caption_clean (value, length, LIMIT_CAPTION);
}

void caption_append (char **text, const char *value, size_t length)
{
    g_autofree char *more = caption_clean (value, length, LIMIT_CAPTION),
                    *old = g_steal_pointer (text);
    *text = old && more ? g_strjoin (", ", old, more, NULL)
                        : (old ? g_steal_pointer (&old) : g_steal_pointer (&more));
    if (*text)
        shorten (*text, LIMIT_CAPTION);
}

void caption_add_keyword (GPtrArray **keywords, const char *value, size_t length)
{
    g_autofree char *keyword = caption_clean (value, length, LIMIT_KEYWORD);
    if (!keyword)
        return;
    if (!*keywords)
        *keywords = g_ptr_array_new_with_free_func (g_free);
    if ((*keywords)->len < LIMIT_KEYWORDS &&
        !g_ptr_array_find_with_equal_func (*keywords, keyword, g_str_equal, NULL))
        g_ptr_array_add (*keywords, g_steal_pointer (&keyword));
}
