/* Texts of documents: deflating, and keeping the index of words in step. */
#include "index/body.h"

#define ZLIB_CONST /* it reads only */
#include <zlib.h>
#include <glib.h>

#include "base/limits.h"
#include "index/phrase.h"

#define SHORT_TEXT         1024 /* bytes, twice of which fit the window */
#define SHORT_WINDOW_BITS  11
#define SHORT_MEMORY_LEVEL 3
#define USUAL_MEMORY_LEVEL 8

/* `ascii`: bytes that are no space part no words; phrase_words() has told them apart already. */
const char body_schema[] =
    "CREATE TABLE body (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, text BLOB NOT NULL);"
    "CREATE VIRTUAL TABLE body_words USING"
    " fts5 (words, content = '', columnsize = 0, tokenize = 'ascii');";

static enum err inflate_text (const void *packed, size_t packed_len, size_t len, char **ret,
                              struct error *e)
{
    uLongf size = len;
    if (len > LIMIT_SQL_VALUE)
        return FAIL (e, DATABASE, "a text of the index is damaged: %zu bytes", len);
    g_autofree char *text = g_malloc (len + 1);
    if (uncompress ((Bytef *) text, &size, packed, packed_len) != Z_OK || size != len)
        return FAIL (e, DATABASE, "a text of the index is damaged: it does not unpack");
    text[len] = '\0';
    *ret = g_steal_pointer (&text);
    return ERR_OK;
}

enum err body_read (struct sql *s, int64_t id, char **ret, size_t *ret_len, struct error *e)
{
    _cleanup_stmt_ struct sql_stmt *st = NULL;
    bool has_row = false;
    enum err r = sql_prepare (s, "SELECT text, size FROM body WHERE id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    if ((r = sql_step (st, &has_row, e)) != ERR_OK)
        return r;
    if (!has_row) {
        *ret = NULL;
        *ret_len = 0;
        return ERR_OK;
    }
    size_t packed_len, len = (size_t) sql_get_int (st, 1);
    const char *packed = sql_get_text_len (st, 0, &packed_len);
    if ((r = inflate_text (packed, packed_len, len, ret, e)) == ERR_OK)
        *ret_len = len;
    return r;
}

/* Puts the words of a text into the index (`statement` begins INSERT), or takes them out. */
static enum err change_words (struct sql *s, const char *statement, int64_t id, const char *text,
                              size_t len, struct error *e)
{
    struct sql_stmt *st;
    enum err r = sql_prepare (s, statement, &st, e);
    if (r != ERR_OK)
        return r;
    size_t words_len;
    g_autofree char *words = phrase_words (text, len, LIMIT_BODY_WORDS, &words_len);
    sql_bind_int (st, 1, id);
    sql_lend_text_len (st, 2, words, words_len);
    return sql_run (st, e);
}

static enum err take_out (struct sql *s, int64_t id, struct error *e)
{
    g_autofree char *text = NULL;
    size_t len;
    enum err r = body_read (s, id, &text, &len, e);
    if (r != ERR_OK || !text)
        return r;
    r = change_words (s,
                      "INSERT INTO body_words (body_words, rowid, words) VALUES ('delete', ?, ?)",
                      id, text, len, e);
    struct sql_stmt *st;
    if (r == ERR_OK)
        r = sql_prepare (s, "DELETE FROM body WHERE id = ?", &st, e);
    if (r != ERR_OK)
        return r;
    sql_bind_int (st, 1, id);
    return sql_run (st, e);
}

/* A short text needs a small window: setting up the tables of the usual one would cost more than
 * deflating it. */
static Bytef *deflate_text (const char *text, size_t len, size_t *ret_size)
{
    bool is_short = len <= SHORT_TEXT;
    z_stream z = { .next_in = (const Bytef *) text, .avail_in = (uInt) len };
    if (deflateInit2 (&z, Z_BEST_SPEED, Z_DEFLATED, is_short ? SHORT_WINDOW_BITS : MAX_WBITS,
                      is_short ? SHORT_MEMORY_LEVEL : USUAL_MEMORY_LEVEL,
                      Z_DEFAULT_STRATEGY) != Z_OK)
        g_error ("zlib: no room to deflate %zu bytes", len);
    uLong room = deflateBound (&z, len);
    Bytef *packed = g_malloc (room);
    z.next_out = packed;
    z.avail_out = (uInt) room;
    if (deflate (&z, Z_FINISH) != Z_STREAM_END)
        g_error ("zlib: cannot deflate %zu bytes", len);
    *ret_size = z.total_out;
    deflateEnd (&z);
    return packed;
}

static enum err put_text (struct sql *s, int64_t id, const char *text, size_t len, struct error *e)
{
    struct sql_stmt *st;
    enum err r = sql_prepare (s, "INSERT INTO body VALUES (?, ?, ?)", &st, e);
    if (r != ERR_OK)
        return r;
    size_t size;
    g_autofree Bytef *packed = deflate_text (text, len, &size);
    sql_bind_int (st, 1, id);
    sql_bind_int (st, 2, (int64_t) len);
    sql_bind_blob (st, 3, packed, size);
    return sql_run (st, e);
}

enum err body_write (struct sql *s, int64_t id, const char *text, size_t len, struct error *e)
{
    enum err r = take_out (s, id, e);
    if (r != ERR_OK || !text || !len)
        return r;
    r = put_text (s, id, text, len, e);
    if (r == ERR_OK)
        r = change_words (s, "INSERT INTO body_words (rowid, words) VALUES (?, ?)", id, text, len,
                          e);
    return r;
}

char *body_pattern (const char *phrase)
{
    size_t len;
    g_autofree char *words = phrase_words (phrase, strlen (phrase), LIMIT_BODY_WORDS, &len);
    return g_strconcat ("\"", words, "\"", NULL);
}
