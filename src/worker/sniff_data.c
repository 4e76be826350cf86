/* Closer looks at programs, data, keys, fonts and archives whose first bytes say too little. */
#include <string.h>
#include <glib.h>

#include "base/macros.h"
#include "worker/sniff_table.h"

/* ---- programs ---- */

struct elf {
    struct input *in;
    bool is_wide, is_big;
};

static uint64_t elf_number (const struct elf *f, uint64_t at, unsigned size)
{
    const uint8_t *p = input_at (f->in, at, size);
    uint64_t value = 0;
    for (unsigned i = 0; p && i < size; i++)
        value = value << 8 | p[f->is_big ? i : size - 1 - i];
    return value;
}

/* A shared object that names its loader is a program. */
static bool has_interpreter (const struct elf *f)
{
    enum { INTERPRETER = 3 };
    uint64_t at = elf_number (f, f->is_wide ? 32 : 28, f->is_wide ? 8 : 4);
    uint64_t size = elf_number (f, f->is_wide ? 54 : 42, 2);
    uint64_t n = MIN (elf_number (f, f->is_wide ? 56 : 44, 2), 32);
    for (uint64_t i = 0; i < n && at < f->in->size; i++, at += size)
        if (elf_number (f, at, 4) == INTERPRETER)
            return true;
    return false;
}

const char *sniff_elf (struct input *in)
{
    enum { RELOCATABLE = 1, SHARED = 3, CORE = 4 };
    const uint8_t *p = input_at (in, 0, 20);
    if (!p)
        return "application/x-executable";
    struct elf f = { in, p[4] == 2, p[5] == 2 };
    switch (elf_number (&f, 16, 2)) {
    case RELOCATABLE:
        return "application/x-object";
    case SHARED:
        return has_interpreter (&f) ? "application/x-executable" : "application/x-sharedlib";
    case CORE:
        return "application/x-coredump";
    default:
        return "application/x-executable";
    }
}

/* The header of DOS leads to that of Windows; without one it has to be plausible for DOS. */
const char *sniff_pe (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 64);
    if (!p)
        return NULL;
    bool is_dos = get_u16le (p + 2) < 512 && get_u16le (p + 4) && get_u16le (p + 8) >= 2 &&
                  get_u16le (p + 8) < 0x1000 && get_u16le (p + 24) < 0x1000;
    p = input_at (in, get_u32le (p + 60), 4);
    if (p && (!memcmp (p, "PE\0\0", 4) || !memcmp (p, "NE", 2) || !memcmp (p, "LE\0\0", 4)))
        return "application/vnd.microsoft.portable-executable";
    return is_dos ? "application/x-dosexec" : NULL;
}

/* The number of the version, and flags or a time of which little is set. */
const char *sniff_pyc (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 16);
    if (!p)
        return NULL;
    unsigned version = get_u16le (p);
    bool is_three = version >= 3390 && version < 4000 && get_u32le (p + 4) <= 3;
    bool is_old = (version >= 3000 && version < 3390) || (version >= 50823 && version <= 62211);
    return is_three || (is_old && get_u32le (p + 4)) ? "application/x-bytecode.python" : NULL;
}

/* Counts of bytes and of names, in the order of that old format. */
const char *sniff_terminfo (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 13);
    bool is_terminfo = p && get_u16le (p + 2) >= 2 && get_u16le (p + 2) <= 512 &&
                       get_u16le (p + 4) <= 64 && get_u16le (p + 6) <= 64 &&
                       get_u16le (p + 8) <= 1024 && g_ascii_isgraph (p[12]);
    return is_terminfo ? "application/x-terminfo" : NULL;
}

/* ---- data ---- */

/* Shapes and their index share a header; the first entry of an index is where shapes begin. */
const char *sniff_shapes (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 104);
    if (!p || get_u32le (p + 28) != 1000)
        return p || in->size != 100 ? NULL : "application/vnd.shp";
    return get_u32be (p + 100) == 50 ? "application/vnd.shx" : "application/vnd.shp";
}

/* A version, a date, whole descriptions of fields with a mark behind the last. */
const char *sniff_dbf (struct input *in)
{
    static const uint8_t versions[] = { 0x02, 0x03, 0x30, 0x31, 0x32, 0x43, 0x63,
                                        0x83, 0x8b, 0x8e, 0xcb, 0xf5, 0xfb };
    const uint8_t *p = input_at (in, 0, 32);
    if (!p || !memchr (versions, p[0], sizeof versions) || !p[2] || p[2] > 12 || !p[3] || p[3] > 31)
        return NULL;
    unsigned header = get_u16le (p + 8), record = get_u16le (p + 10);
    if (header < 65 || !record)
        return NULL;
    const uint8_t *end = input_at (in, header - 1, 1), *visual = input_at (in, header - 264, 1);
    bool has_mark = end && (*end == '\r' || (visual && *visual == '\r'));
    return has_mark && (header % 32 == 1 || header % 32 == 8) ? "application/vnd.dbf" : NULL;
}

/* As many triangles as it says make up all of the file. */
const char *sniff_stl (struct input *in)
{
    const uint8_t *p = input_at (in, 80, 4);
    return p && get_u32le (p) && 84 + 50 * (uint64_t) get_u32le (p) == in->size ? "model/stl"
                                                                                : NULL;
}

const char *sniff_ply (struct input *in)
{
    return memmem (in->head, MIN (in->head_length, 64), "format ", 7) ? "model/ply" : NULL;
}

/* The footer says how long the part before it is, and repeats the magic. */
const char *sniff_orc (struct input *in)
{
    const uint8_t *p = in->size >= 16 ? input_at (in, in->size - 4, 4) : NULL;
    return p && !memcmp (p, "ORC", 3) ? "application/vnd.apache.orc" : NULL;
}

/* A dictionary, sorted, with that of the files in it. */
const char *sniff_torrent (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 3);
    bool is_dictionary = p && g_ascii_isdigit (p[1]) && (p[2] == ':' || g_ascii_isdigit (p[2]));
    bool has_info = is_dictionary && (memmem (in->head, in->head_length, "4:infod", 7) ||
                                      !memcmp (in->head, "d8:announce", MIN (in->size, 11)));
    return has_info ? "application/x-bittorrent" : NULL;
}

/* Disk images that say what they are in their last block. */
const char *sniff_trailer (struct input *in)
{
    const uint8_t *p = in->size >= 1024 ? input_at (in, in->size - 512, 8) : NULL;
    if (p && !memcmp (p, "koly\0\0\0\4", 8))
        return "application/x-apple-diskimage";
    return p && !memcmp (p, "conectix", 8) ? "application/x-vhd" : NULL;
}

/* ---- keys ---- */

/* A sequence that is the whole file, by what is first in it. */
const char *sniff_der (struct input *in)
{
    static const struct {
        uint8_t length;
        const char *bytes, *type;
    } firsts[] = {
        { 3, "\x02\x01\x03", "application/x-pkcs12" },
        { 4, "\x02\x01\0\x30", "application/pkcs8" },
        { 4, "\x02\x01\0\x02", "application/x-rsa-key" },
        { 11, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "application/pkcs7-mime" },
    };
    const uint8_t *p = input_at (in, 0, 24);
    if (!p || 4 + (uint64_t) get_u16be (p + 2) != in->size)
        return NULL;
    for (size_t i = 0; i < N_ELEMENTS (firsts); i++)
        if (!memcmp (p + 4, firsts[i].bytes, firsts[i].length))
            return firsts[i].type;
    if (p[4] != 0x30 || (p[5] != 0x82 && p[5] != 0x81))
        return NULL;
    p += p[5] == 0x82 ? 8 : 7;
    if (!memcmp (p, "\xa0\x03\x02\x01", 4))
        return "application/pkix-cert";
    return !memcmp (p, "\x02\x01\0\x30", 4) ? "application/pkcs10" : NULL;
}

/* A public key: its length, version 4, a time, an algorithm that there is. */
const char *sniff_pgp (struct input *in)
{
    static const uint8_t algorithms[] = { 1, 2, 3, 16, 17, 18, 19, 22 };
    const uint8_t *p = input_at (in, 0, 9);
    bool is_key = p && p[3] == 4 && get_u16be (p + 1) >= 32 && get_u16be (p + 1) < 4096 &&
                  memchr (algorithms, p[8], sizeof algorithms);
    return is_key ? "application/pgp-keys" : NULL;
}

/* ---- fonts ---- */

const char *sniff_eot (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 34);
    uint32_t version = p ? get_u32le (p + 8) : 0;
    bool is_eot = p && get_u32le (p) == in->size &&
                  (version == 0x10000 || version == 0x20001 || version == 0x20002);
    return is_eot ? "application/vnd.ms-fontobject" : NULL;
}

/* ---- archives ---- */

bool sniff_is_tar (const uint8_t *p, size_t length)
{
    unsigned sum = 0, said = 0;
    if (length < TAR_BLOCK)
        return false;
    for (unsigned i = 0; i < TAR_BLOCK; i++)
        sum += i >= 148 && i < 156 ? ' ' : p[i];
    for (unsigned i = 148; i < 156; i++)
        if (p[i] >= '0' && p[i] <= '7')
            said = said << 3 | (p[i] - '0');
    return p[0] && sum == said;
}

const char *sniff_tar (struct input *in)
{
    return sniff_is_tar (in->head, in->head_length) ? "application/x-tar" : NULL;
}

/* A size of the dictionary that encoders write, and a size of the whole, if it is known. */
const char *sniff_lzma (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 14);
    if (!p)
        return NULL;
    uint32_t dictionary = get_u32le (p + 1);
    uint64_t size = get_u64le (p + 5);
    bool has_size = size == UINT64_MAX || size < UINT64_C (1) << 38;
    bool is_power = !(dictionary & (dictionary - 1)) ||
                    !((dictionary / 3) & (dictionary / 3 - 1)) || dictionary == UINT32_MAX;
    return dictionary >= 4096 && is_power && has_size && !p[13] ? "application/x-lzma" : NULL;
}

const char *sniff_lha (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 21);
    bool is_lha = p && p[6] == '-' && strchr ("01234567dsx", p[5]) && p[5] && p[20] <= 3;
    return is_lha ? "application/x-lzh-compressed" : NULL;
}

const char *sniff_arj (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 11);
    bool is_arj =
        p && get_u16le (p + 2) >= 30 && get_u16le (p + 2) <= 2600 && p[4] >= 30 && p[10] == 2;
    return is_arj ? "application/x-arj" : NULL;
}
