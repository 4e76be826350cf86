/* libarchive over struct input. A compressed stream goes through two readers: the outer one only
 * unpacks, the inner one reads tar or cpio out of that, so that every unpacked block is counted
 * before it is looked at. */
#include "worker/archive_input.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <archive.h>
#include <archive_entry.h>

#include "base/limits.h"
#include "base/text.h"
#include "worker/sniff_table.h"

struct archive_input {
    struct input *in;
    uint64_t at;           /* of the object, where the next block begins */
    struct archive *outer; /* only unpacks; NULL if the archive is not compressed as a whole */
    struct archive *reader;
    const void *first; /* block of `outer` that the reader has not had yet */
    size_t first_length;
    uint64_t unpacked, members;
    bool is_bare, is_exhausted, is_encrypted;
    char *name;
};

typedef int support_fn (struct archive *a);

static const struct format {
    const char *type;
    support_fn *format, *filter; /* a filter: of the whole file, tar or cpio may be in it */
} formats[] = {
    { "application/zip", archive_read_support_format_zip_seekable, NULL },
    { "application/x-7z-compressed", archive_read_support_format_7zip, NULL },
    { "application/x-tar", archive_read_support_format_tar, NULL },
    { "application/x-cpio", archive_read_support_format_cpio, NULL },
    { "application/x-archive", archive_read_support_format_ar, NULL },
    { "application/vnd.debian.binary-package", archive_read_support_format_ar, NULL },
    { "application/vnd.ms-cab-compressed", archive_read_support_format_cab, NULL },
    { "application/x-iso9660-image", archive_read_support_format_iso9660, NULL },
    { "application/vnd.rar", archive_read_support_format_rar5, NULL },
    { "application/gzip", NULL, archive_read_support_filter_gzip },
    { "application/x-bzip2", NULL, archive_read_support_filter_bzip2 },
    { "application/x-xz", NULL, archive_read_support_filter_xz },
    { "application/x-lzma", NULL, archive_read_support_filter_lzma },
    { "application/x-lzip", NULL, archive_read_support_filter_lzip },
    { "application/x-lz4", NULL, archive_read_support_filter_lz4 },
    { "application/zstd", NULL, archive_read_support_filter_zstd },
    { "application/x-compress", NULL, archive_read_support_filter_compress },
};

static const struct format *find_format (const char *type)
{
    for (size_t i = 0; i < N_ELEMENTS (formats); i++)
        if (!strcmp (formats[i].type, type))
            return &formats[i];
    return NULL;
}

/* ---- what libarchive calls ---- */

static la_ssize_t read_object (struct archive *reader, void *context, const void **ret)
{
    struct archive_input *a = context;
    struct input *in = a->in;
    if (a->at >= in->size)
        return 0;
    const uint8_t *p = input_at (in, a->at, 1);
    if (!p) {
        a->is_exhausted = in->has_missed || in->bytes_read + INPUT_WINDOW > LIMIT_INPUT_READ;
        archive_set_error (reader, EIO, "no more is read");
        return a->is_exhausted ? ARCHIVE_FATAL : 0;
    }
    uint64_t end = a->at < in->head_length ? in->head_length : in->window_at + in->window_length;
    size_t length = (size_t) (end - a->at);
    a->at = end;
    *ret = p;
    return (la_ssize_t) length;
}

static la_int64_t skip_object (struct archive *reader UNUSED, void *context, la_int64_t request)
{
    struct archive_input *a = context;
    uint64_t left = a->in->size - MIN (a->at, a->in->size);
    uint64_t step = MIN ((uint64_t) MAX (request, 0), left);
    a->at += step;
    return (la_int64_t) step;
}

static la_int64_t seek_object (struct archive *reader UNUSED, void *context, la_int64_t offset,
                               int whence)
{
    struct archive_input *a = context;
    int64_t base = whence == SEEK_SET   ? 0
                   : whence == SEEK_CUR ? (int64_t) a->at
                                        : (int64_t) a->in->size;
    int64_t to;
    if (__builtin_add_overflow (base, offset, &to) || to < 0 || (uint64_t) to > a->in->size)
        return ARCHIVE_FATAL;
    a->at = (uint64_t) to;
    return to;
}

/* Counts what was unpacked; false if that was too much. */
static bool count (struct archive_input *a, size_t length)
{
    a->unpacked += length;
    a->is_exhausted = a->is_exhausted || a->unpacked > LIMIT_ARCHIVE_UNPACKED;
    return !a->is_exhausted;
}

static la_ssize_t read_unpacked (struct archive *reader, void *context, const void **ret)
{
    struct archive_input *a = context;
    size_t length = a->first_length;
    la_int64_t offset;
    *ret = a->first;
    a->first_length = 0;
    int r = length ? ARCHIVE_OK : archive_read_data_block (a->outer, ret, &length, &offset);
    if (r == ARCHIVE_EOF)
        return 0;
    if (r >= ARCHIVE_WARN && count (a, length))
        return (la_ssize_t) length;
    archive_set_error (reader, EIO, "no more is unpacked");
    return ARCHIVE_FATAL;
}

/* ---- opening ---- */

static bool open_object (struct archive_input *a, struct archive *reader)
{
    archive_read_set_skip_callback (reader, skip_object);
    archive_read_set_seek_callback (reader, seek_object);
    archive_read_set_read_callback (reader, read_object);
    archive_read_set_callback_data (reader, a);
    return archive_read_open1 (reader) == ARCHIVE_OK;
}

static bool is_cpio (const uint8_t *p, size_t length)
{
    return length >= 110 &&
           (!memcmp (p, "070701", 6) || !memcmp (p, "070702", 6) || !memcmp (p, "070707", 6));
}

/* The outer reader up to its first block, and the inner one if that block begins an archive. */
static bool open_compressed (struct archive_input *a, const struct format *format)
{
    struct archive_entry *entry;
    la_int64_t offset;
    a->outer = archive_read_new ();
    archive_read_support_format_raw (a->outer);
    format->filter (a->outer);
    if (!open_object (a, a->outer) || archive_filter_code (a->outer, 0) == ARCHIVE_FILTER_NONE ||
        archive_read_next_header (a->outer, &entry) < ARCHIVE_WARN)
        return false;
    int r = archive_read_data_block (a->outer, &a->first, &a->first_length, &offset);
    if (r != ARCHIVE_EOF && r < ARCHIVE_WARN)
        return false;
    if (r == ARCHIVE_EOF)
        a->first_length = 0;
    bool has_tar = sniff_is_tar (a->first, a->first_length);
    if (!count (a, a->first_length))
        return false;
    if (!has_tar && !is_cpio (a->first, a->first_length)) {
        a->is_bare = true;
        return true;
    }
    a->reader = archive_read_new ();
    (has_tar ? archive_read_support_format_tar : archive_read_support_format_cpio) (a->reader);
    archive_read_set_read_callback (a->reader, read_unpacked);
    archive_read_set_callback_data (a->reader, a);
    return archive_read_open1 (a->reader) == ARCHIVE_OK;
}

static bool open_plain (struct archive_input *a, const struct format *format)
{
    a->reader = archive_read_new ();
    format->format (a->reader);
    if (format->format == archive_read_support_format_rar5)
        archive_read_support_format_rar (a->reader);
    return open_object (a, a->reader);
}

enum err archive_input_open (struct input *in, const char *type, struct archive_input **ret,
                             struct error *e)
{
    const struct format *format = find_format (type);
    assert (format);
    _cleanup_archive_ struct archive_input *a = g_new0 (struct archive_input, 1);
    a->in = in;
    if (!(format->filter ? open_compressed (a, format) : open_plain (a, format)))
        return FAIL (e, EXTRACT_FAILED, "cannot be read as %s", type);
    *ret = g_steal_pointer (&a);
    return ERR_OK;
}

void archive_input_free (struct archive_input *a)
{
    if (!a)
        return;
    archive_read_free (a->reader);
    archive_read_free (a->outer);
    g_free (a->name);
    g_free (a);
}

/* ---- members ---- */

static void describe (struct archive_input *a, struct archive_entry *entry,
                      struct archive_member *ret)
{
    const char *name = archive_entry_pathname_utf8 (entry);
    if (!name)
        name = archive_entry_pathname (entry);
    g_free (a->name);
    a->name = g_utf8_make_valid (name ? name : "", -1);
    int64_t size = archive_entry_size (entry);
    *ret = (struct archive_member){
        .name = a->name,
        .size = size > 0 ? (uint64_t) size : 0,
        .is_file = archive_entry_filetype (entry) == AE_IFREG && !archive_entry_hardlink (entry),
        .is_encrypted = archive_entry_is_encrypted (entry),
    };
    a->is_encrypted = a->is_encrypted || ret->is_encrypted;
}

enum archive_step archive_input_next (struct archive_input *a, struct archive_member *ret)
{
    struct archive_entry *entry;
    if (a->members++ >= LIMIT_ARCHIVE_MEMBERS)
        return ARCHIVE_EXHAUSTED;
    if (a->is_bare && a->members > 1)
        return ARCHIVE_END;
    if (a->is_bare) {
        *ret = (struct archive_member){ .name = "", .is_file = true };
        return ARCHIVE_MEMBER;
    }
    int r = archive_read_next_header (a->reader, &entry);
    if (r == ARCHIVE_EOF)
        return ARCHIVE_END;
    if (r < ARCHIVE_WARN)
        return a->is_exhausted ? ARCHIVE_EXHAUSTED : ARCHIVE_DAMAGED;
    describe (a, entry, ret);
    return ARCHIVE_MEMBER;
}

bool archive_input_is_encrypted (const struct archive_input *a)
{
    return a->is_encrypted || (a->reader && archive_read_has_encrypted_entries (a->reader) > 0);
}

bool archive_input_is_bare (const struct archive_input *a)
{
    return a->is_bare;
}

/* ---- contents ---- */

/* ARCHIVE_MEMBER: there is a piece. */
static enum archive_step next_piece (struct archive_input *a, const uint8_t **ret,
                                     size_t *ret_length)
{
    const void *p = a->first;
    size_t length = a->first_length;
    la_int64_t offset;
    int r = ARCHIVE_OK;
    if (!a->is_bare)
        r = archive_read_data_block (a->reader, &p, &length, &offset);
    else if (!length)
        r = archive_read_data_block (a->outer, &p, &length, &offset);
    a->first_length = a->is_bare ? 0 : a->first_length;
    if (r == ARCHIVE_EOF)
        return ARCHIVE_END;
    if (r < ARCHIVE_WARN)
        return ARCHIVE_DAMAGED;
    bool is_counted = a->outer && !a->is_bare;
    if (!is_counted && !count (a, length))
        return ARCHIVE_EXHAUSTED;
    *ret = p;
    *ret_length = length;
    return ARCHIVE_MEMBER;
}

bool archive_input_piece (struct archive_input *a, const uint8_t **ret, size_t *ret_length)
{
    return next_piece (a, ret, ret_length) == ARCHIVE_MEMBER;
}

enum err archive_input_read (struct archive_input *a, size_t limit, GByteArray **ret,
                             struct error *e)
{
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    enum archive_step step = ARCHIVE_MEMBER;
    const uint8_t *piece;
    size_t length;
    while (bytes->len < limit && (step = next_piece (a, &piece, &length)) == ARCHIVE_MEMBER)
        g_byte_array_append (bytes, piece, (guint) MIN (length, limit - bytes->len));
    if (step == ARCHIVE_DAMAGED || step == ARCHIVE_EXHAUSTED)
        return FAIL (e, EXTRACT_FAILED, "a member cannot be read: %s",
                     step == ARCHIVE_DAMAGED ? "it is damaged or encrypted" : "it is too long");
    *ret = g_steal_pointer (&bytes);
    return ERR_OK;
}
