/* zlib without its checksum: a text that came out whole is as good with a wrong one. */
#include "worker/inflate.h"

#include <zlib.h>

/* True at the end of the stream; false if it is damaged, cut, or longer than the array. */
static bool inflate_all (const uint8_t *data, size_t length, GByteArray *out)
{
    z_stream s = { .next_in = (Bytef *) data,
                   .avail_in = (uInt) length,
                   .next_out = out->data,
                   .avail_out = out->len };
    if (inflateInit2 (&s, -MAX_WBITS) != Z_OK)
        return false;
    int status = inflate (&s, Z_FINISH);
    g_byte_array_set_size (out, (guint) s.total_out);
    inflateEnd (&s);
    return status == Z_STREAM_END;
}

GByteArray *inflate_bytes (const uint8_t *data, size_t length, size_t limit)
{
    bool is_zlib =
        length >= 2 && (data[0] & 15) == 8 && !((data[0] << 8 | data[1]) % 31) && !(data[1] & 0x20);
    if (!is_zlib || length > UINT32_MAX || limit >= UINT32_MAX)
        return NULL;
    g_autoptr (GByteArray) out = g_byte_array_new ();
    g_byte_array_set_size (out, (guint) limit);
    return inflate_all (data + 2, length - 2, out) ? g_steal_pointer (&out) : NULL;
}

GByteArray *inflate_start (const uint8_t *data, size_t length, size_t limit)
{
    enum { ANY_HEADER = 32 };
    z_stream s = { .next_in = (Bytef *) data, .avail_in = (uInt) MIN (length, UINT32_MAX) };
    if (limit >= UINT32_MAX || inflateInit2 (&s, ANY_HEADER + MAX_WBITS) != Z_OK)
        return NULL;
    g_autoptr (GByteArray) out = g_byte_array_new ();
    g_byte_array_set_size (out, (guint) limit);
    s.next_out = out->data;
    s.avail_out = out->len;
    (void) inflate (&s, Z_SYNC_FLUSH);
    g_byte_array_set_size (out, (guint) s.total_out);
    inflateEnd (&s);
    return out->len ? g_steal_pointer (&out) : NULL;
}
