/* Closer looks at families that share their first bytes. */
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/box.h"
#include "worker/exif.h"
#include "worker/sniff_table.h"

struct name_type {
    const char *name, *type;
};

static const char *find_type (const struct name_type *rows, size_t n, const void *bytes,
                              size_t size)
{
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen (rows[i].name);
        if (length <= size && !memcmp (bytes, rows[i].name, length))
            return rows[i].type;
    }
    return NULL;
}

static bool head_has (const struct input *in, const void *bytes, size_t length)
{
    return memmem (in->head, in->head_length, bytes, length) != NULL;
}

/* ---- images ---- */

/* A PEF's first directory is the picture itself, in the maker's compression. */
static bool is_pef (const struct exif *x)
{
    const char *make = exif_get (x, "Make"), *compression = exif_get (x, "Compression");
    return make && compression && !strcmp (compression, "65535") &&
           (g_str_has_prefix (make, "PENTAX") || g_str_has_prefix (make, "RICOH"));
}

/* What a TIFF that names a camera is, if its extension says so: makers have several formats, and
 * old cameras do not mark the preview. */
static const char *raw_by_extension (const struct input *in)
{
    static const struct name_type extensions[] = {
        { "3fr", "image/x-hasselblad-3fr" }, { "fff", "image/x-hasselblad-3fr" },
        { "arw", "image/x-sony-arw" },       { "sr2", "image/x-sony-arw" },
        { "dcr", "image/x-kodak-dcr" },      { "kdc", "image/x-kodak-kdc" },
        { "erf", "image/x-epson-erf" },      { "mef", "image/x-mamiya-mef" },
        { "mos", "image/x-leaf-mos" },       { "nef", "image/x-nikon-nef" },
        { "nrw", "image/x-nikon-nrw" },      { "pef", "image/x-pentax-pef" },
        { "srw", "image/x-samsung-srw" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (extensions); i++)
        if (!strcmp (in->extension, extensions[i].name))
            return extensions[i].type;
    return NULL;
}

/* Raw formats are TIFFs whose first directory is a preview, by the maker that it names. */
const char *sniff_tiff (struct input *in)
{
    static const struct name_type makers[] = {
        { "NIKON", "image/x-nikon-nef" },   { "Nikon", "image/x-nikon-nef" },
        { "SONY", "image/x-sony-arw" },     { "PENTAX", "image/x-pentax-pef" },
        { "Canon", "image/x-canon-cr2" },   { "SAMSUNG", "image/x-samsung-srw" },
        { "EASTMAN", "image/x-kodak-dcr" }, { "Hasselblad", "image/x-hasselblad-3fr" },
        { "KODAK", "image/x-kodak-dcr" },   { "Kodak", "image/x-kodak-dcr" },
        { "SEIKO", "image/x-epson-erf" },   { "EPSON", "image/x-epson-erf" },
        { "Mamiya", "image/x-mamiya-mef" }, { "Leaf", "image/x-leaf-mos" },
    };
    const uint8_t *p = input_at (in, 8, 2);
    if (p && !memcmp (p, "CR", 2))
        return "image/x-canon-cr2";
    struct exif x;
    exif_init (&x);
    exif_parse (in, 0, in->size, &x);
    const char *make = exif_get (&x, "Make"), *subfile = exif_get (&x, "NewSubfileType");
    const char *type = "image/tiff", *found;
    if (exif_get (&x, "DNGVersion"))
        type = "image/x-adobe-dng";
    else if (make && (found = raw_by_extension (in)))
        type = found;
    else if (make && subfile && !strcmp (subfile, "1") && exif_get (&x, "SubIFDs") &&
             (found = find_type (makers, G_N_ELEMENTS (makers), make, strlen (make))))
        type = found;
    else if (is_pef (&x))
        type = "image/x-pentax-pef";
    exif_clear (&x);
    return type;
}

/* An animation if its control chunk comes before the pixels. */
const char *sniff_png (struct input *in)
{
    uint64_t at = 8;
    for (unsigned i = 0; i < 64; i++) {
        const uint8_t *p = input_at (in, at, 8);
        if (!p || !memcmp (p + 4, "IDAT", 4))
            break;
        if (!memcmp (p + 4, "acTL", 4))
            return "image/apng";
        at += 12ull + get_u32be (p);
    }
    return "image/png";
}

/* A version that there was, whether the lines are packed, and bits of a sample. */
const char *sniff_pcx (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 66);
    bool is_pcx = p && p[1] <= 5 && p[1] != 1 && p[2] <= 1 && strchr ("\1\2\4\10", p[3]) && p[3] &&
                  p[64] == 0 && p[65] >= 1 && p[65] <= 4;
    return is_pcx ? "image/vnd.zbrush.pcx" : NULL;
}

/* Phase One's own header, within that of a TIFF. */
const char *sniff_iiq (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 16);
    bool is_iiq = p && (!memcmp (p + 13, "waR", 3) || !memcmp (p + 12, "Raw", 3)) &&
                  (!memcmp (p, "II*", 3) || !memcmp (p, "MM\0*", 4));
    return is_iiq ? "image/x-phaseone-iiq" : NULL;
}

const char *sniff_bmp (struct input *in)
{
    static const uint8_t headers[] = { 12, 16, 40, 52, 56, 64, 108, 124 };
    const uint8_t *p = input_at (in, 0, 18);
    return p && memchr (headers, (int) MIN (get_u32le (p + 14), 255), sizeof headers) ? "image/bmp"
                                                                                      : NULL;
}

/* A count of images, and a first entry that points into the file. */
static bool is_icon (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 22);
    if (!p)
        return false;
    uint16_t n = get_u16le (p + 4);
    uint32_t length = get_u32le (p + 14), offset = get_u32le (p + 18);
    return n > 0 && n <= 256 && p[9] == 0 && offset >= 6u + 16u * n && length && offset < in->size;
}

const char *sniff_ico (struct input *in)
{
    return is_icon (in) ? "image/vnd.microsoft.icon" : NULL;
}

const char *sniff_cur (struct input *in)
{
    return is_icon (in) ? "image/x-win-bitmap" : NULL;
}

const char *sniff_pnm (struct input *in)
{
    static const char *const types[] = { "image/x-portable-bitmap",      "image/x-portable-graymap",
                                         "image/x-portable-pixmap",      "image/x-portable-bitmap",
                                         "image/x-portable-graymap",     "image/x-portable-pixmap",
                                         "image/x-portable-arbitrarymap" };
    const uint8_t *p = input_at (in, 0, 4);
    if (!p)
        return NULL;
    if ((p[1] == 'F' || p[1] == 'f') && p[2] == '\n' && g_ascii_isdigit (p[3]))
        return "image/x-portable-floatmap";
    bool is_header = p[1] >= '1' && p[1] <= '7' && g_ascii_isspace (p[2]) &&
                     (g_ascii_isdigit (p[3]) || p[3] == '#' || (p[1] == '7' && p[3] == 'W'));
    return is_header ? types[p[1] - '1'] : NULL;
}

/* Truevision has no magic at the start: a footer, or a header in which everything is plausible. */
const char *sniff_tga (struct input *in)
{
    const uint8_t *p = in->size >= 44 ? input_at (in, in->size - 18, 18) : NULL;
    if (p && !memcmp (p, "TRUEVISION-XFILE.\0", 18))
        return "image/x-tga";
    p = input_at (in, 0, 18);
    if (!p || p[1] > 1 || !strchr ("\1\2\3\11\12\13", p[2]) || !p[2])
        return NULL;
    bool is_mapped = p[2] == 1 || p[2] == 9;
    bool has_depth = p[16] == 8 || p[16] == 16 || p[16] == 24 || p[16] == 32;
    bool has_size = get_u16le (p + 12) && get_u16le (p + 14);
    return p[1] == is_mapped && has_depth && has_size && !(p[17] & 0xc0) && !p[8] && !p[10] &&
                   (p[1] || (!get_u16le (p + 3) && !get_u16le (p + 5) && !p[7]))
               ? "image/x-tga"
               : NULL;
}

/* ---- boxes and chunks ---- */

static const struct name_type brands[] = {
    { "heic", "image/heic" },          { "heix", "image/heic" },
    { "heim", "image/heic" },          { "heis", "image/heic" },
    { "hevc", "image/heic-sequence" }, { "hevx", "image/heic-sequence" },
    { "avif", "image/avif" },          { "avis", "image/avif" },
    { "mif1", "image/heif" },          { "msf1", "image/heif-sequence" },
    { "crx ", "image/x-canon-cr3" },   { "jp2 ", "image/jp2" },
    { "jpx ", "image/jpx" },           { "jxl ", "image/jxl" },
    { "qt  ", "video/quicktime" },     { "M4A ", "audio/mp4" },
    { "M4B ", "audio/mp4" },           { "M4P ", "audio/mp4" },
    { "F4A ", "audio/mp4" },           { "M4V", "video/x-m4v" },
    { "3g2", "video/3gpp2" },          { "3g", "video/3gpp" },
};

/* Sound without a picture, by the handlers of the tracks. The general brands do not say. */
static bool is_sound (struct input *in)
{
    struct box file = { 0, 0, in->size }, moov, trak, mdia, hdlr;
    bool has_sound = false, has_picture = false;
    if (!box_find (in, &file, 0, BOX_TYPE ('m', 'o', 'o', 'v'), &moov))
        return false;
    uint64_t at = moov.at;
    for (unsigned i = 0; i < LIMIT_SEGMENTS && box_next (in, &at, moov.end, &trak); i++) {
        const uint8_t *p;
        if (trak.type != BOX_TYPE ('t', 'r', 'a', 'k') ||
            !box_find (in, &trak, 0, BOX_TYPE ('m', 'd', 'i', 'a'), &mdia) ||
            !box_find (in, &mdia, 0, BOX_TYPE ('h', 'd', 'l', 'r'), &hdlr) ||
            !(p = input_at (in, hdlr.at, 12)))
            continue;
        has_sound = has_sound || !memcmp (p + 8, "soun", 4);
        has_picture = has_picture || !memcmp (p + 8, "vide", 4);
    }
    return has_sound && !has_picture;
}

/* The major brand; where that is the general one of images, the first special one that the file is
 * compatible with. */
const char *sniff_bmff (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 16);
    if (!p)
        return NULL;
    uint32_t size = MIN (get_u32be (p), 256);
    const char *type = find_type (brands, G_N_ELEMENTS (brands), p + 8, 4);
    if (!type)
        return is_sound (in) ? "audio/mp4" : "video/mp4";
    if (!strncmp (type, "video/3g", 8) && is_sound (in))
        return !strcmp (type, "video/3gpp") ? "audio/3gpp" : "audio/3gpp2";
    if (strcmp (type, "image/heif") && strcmp (type, "image/heif-sequence"))
        return type;
    for (uint32_t at = 16; at + 4 <= size && (p = input_at (in, at, 4)); at += 4) {
        const char *other = find_type (brands, 8, p, 4);
        if (other)
            return other;
    }
    return type;
}

/* QuickTime before it had a type box: a first atom of plausible size. */
const char *sniff_quicktime (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 16);
    if (!p)
        return NULL;
    uint32_t size = get_u32be (p);
    return size == 1 || (size >= 8 && size <= in->size) ? "video/quicktime" : NULL;
}

const char *sniff_riff (struct input *in)
{
    static const struct name_type forms[] = {
        { "WEBP", "image/webp" },       { "WAVE", "audio/wav" },
        { "AVI ", "video/x-msvideo" },  { "RMID", "audio/midi" },
        { "CDXA", "video/mpeg" },       { "ACON", "image/x-ani" },
        { "CDR", "image/x-coreldraw" }, { "sfbk", "audio/x-soundfont" },
    };
    const uint8_t *p = input_at (in, 8, 4);
    return p ? find_type (forms, G_N_ELEMENTS (forms), p, 4) : NULL;
}

const char *sniff_iff (struct input *in)
{
    static const struct name_type forms[] = {
        { "AIFF", "audio/x-aiff" }, { "AIFC", "audio/x-aiff" },   { "8SVX", "audio/x-8svx" },
        { "ILBM", "image/x-ilbm" }, { "DJVU", "image/vnd.djvu" },
    };
    const uint8_t *p = input_at (in, 8, 4);
    return p ? find_type (forms, G_N_ELEMENTS (forms), p, 4) : NULL;
}

const char *sniff_ebml (struct input *in)
{
    return memmem (in->head, MIN (in->head_length, 64), "webm", 4) ? "video/webm"
                                                                   : "video/x-matroska";
}

const char *sniff_ogg (struct input *in)
{
    if (head_has (in, "\x80theora", 7) || head_has (in, "BBCD\0", 5))
        return "video/ogg";
    return "audio/ogg";
}

const char *sniff_asf (struct input *in)
{
    static const uint8_t video[] = { 0xc0, 0xef, 0x19, 0xbc, 0x4d, 0x5b, 0xcf, 0x11 };
    static const uint8_t audio[] = { 0x40, 0x9e, 0x69, 0xf8, 0x4d, 0x5b, 0xcf, 0x11 };
    if (head_has (in, video, sizeof video))
        return "video/x-ms-wmv";
    return head_has (in, audio, sizeof audio) ? "audio/x-ms-wma" : "video/x-ms-asf";
}

static bool has_sync (struct input *in, unsigned first, unsigned step)
{
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *p = input_at (in, first + (uint64_t) i * step, 1);
        if (!p || *p != 0x47)
            return false;
    }
    return true;
}

const char *sniff_transport (struct input *in)
{
    return has_sync (in, 0, 188) ? "video/mp2t" : NULL;
}

const char *sniff_m2ts (struct input *in)
{
    return has_sync (in, 4, 192) ? "video/mp2t" : NULL;
}

/* ---- audio without a container ---- */

/* Bytes of the MPEG audio frame with this header, or 0 if it is none. */
static unsigned mpeg_frame_length (const uint8_t *p)
{
    static const uint16_t rates[2][3][15] = {
        { { 0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448 },
          { 0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384 },
          { 0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320 } },
        { { 0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256 },
          { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160 },
          { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160 } },
    };
    static const unsigned hertz[] = { 44100, 48000, 32000 };
    unsigned version = p[1] >> 3 & 3, layer = 4 - (p[1] >> 1 & 3), rate = p[2] >> 4,
             sampling = p[2] >> 2 & 3, padding = p[2] >> 1 & 1;
    if (p[0] != 0xff || (p[1] & 0xe0) != 0xe0 || version == 1 || layer == 4 || rate == 0 ||
        rate == 15 || sampling == 3)
        return 0;
    unsigned bits = rates[version != 3][layer - 1][rate] * 1000u;
    unsigned hz = hertz[sampling] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
    if (layer == 1)
        return (12 * bits / hz + padding) * 4;
    return (layer == 3 && version != 3 ? 72 : 144) * bits / hz + padding;
}

static unsigned adts_frame_length (const uint8_t *p)
{
    if (p[0] != 0xff || (p[1] & 0xf6) != 0xf0 || (p[2] >> 2 & 15) > 12)
        return 0;
    return (unsigned) (p[3] & 3) << 11 | (unsigned) p[4] << 3 | p[5] >> 5;
}

/* Two frames that follow each other, or one that ends the object: a single sync is too common. */
static bool has_frames (struct input *in, uint64_t at, unsigned (*frame_length) (const uint8_t *p))
{
    const uint8_t *p = input_at (in, at, 7);
    unsigned length = p ? frame_length (p) : 0;
    if (length < 7)
        return false;
    p = input_at (in, at + length, 7);
    return p ? frame_length (p) > 0 : at + length == in->size;
}

static const char *mpeg_audio_at (struct input *in, uint64_t at)
{
    if (has_frames (in, at, adts_frame_length))
        return "audio/aac";
    return has_frames (in, at, mpeg_frame_length) ? "audio/mpeg" : NULL;
}

const char *sniff_mpeg_audio (struct input *in)
{
    return mpeg_audio_at (in, 0);
}

/* An ID3 tag stands before several formats; what follows it decides, else it is MP3's. */
const char *sniff_id3 (struct input *in)
{
    static const struct name_type formats[] = {
        { "fLaC", "audio/flac" },      { "MAC ", "audio/x-ape" }, { "wvpk", "audio/x-wavpack" },
        { "MP+", "audio/x-musepack" }, { "TTA1", "audio/x-tta" }, { "OFR ", "audio/x-optimfrog" },
        { "DSD ", "audio/x-dsf" },     { "OggS", "audio/ogg" },
    };
    const uint8_t *p = input_at (in, 0, 10);
    if (!p || p[3] > 4 || (p[6] | p[7] | p[8] | p[9]) & 0x80)
        return NULL;
    uint64_t end =
        10 + ((uint64_t) p[6] << 21 | (uint64_t) p[7] << 14 | (uint64_t) p[8] << 7 | p[9]);
    if (!(p = input_at (in, end, 4)))
        return "audio/mpeg";
    const char *type = find_type (formats, G_N_ELEMENTS (formats), p, 4);
    if (!type)
        type = mpeg_audio_at (in, end);
    return type ? type : "audio/mpeg";
}

const char *sniff_ac3 (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 6);
    if (!p)
        return NULL;
    unsigned version = p[5] >> 3;
    if (version <= 10)
        return (p[4] & 0x3f) < 38 && p[4] >> 6 != 3 ? "audio/ac3" : NULL;
    return version <= 16 ? "audio/eac3" : NULL;
}

/* ---- other ---- */

const char *sniff_bzip2 (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 10);
    bool is_bzip2 = p && p[3] >= '1' && p[3] <= '9' &&
                    (!memcmp (p + 4, "1AY&SY", 6) || !memcmp (p + 4, "\x17rE8P\x90", 6));
    return is_bzip2 ? "application/x-bzip2" : NULL;
}

/* A drawing that is packed is one; whether it is a drawing its extension has to tell. */
const char *sniff_gzip (struct input *in)
{
    return !strcmp (in->extension, "svgz") ? "image/svg+xml" : "application/gzip";
}

/* Java classes and fat Mach-O programs share a magic; a class has a version of 45 or more there. */
const char *sniff_cafe (struct input *in)
{
    const uint8_t *p = input_at (in, 0, 8);
    if (!p)
        return NULL;
    return get_u32be (p + 4) < 40 ? "application/x-mach-binary" : "application/java-vm";
}

const char *sniff_deb (struct input *in)
{
    const uint8_t *p = input_at (in, 8, 13);
    return p && !memcmp (p, "debian-binary", 13) ? "application/vnd.debian.binary-package"
                                                 : "application/x-archive";
}

/* A table count with the search fields that belong to it. */
const char *sniff_ttf (struct input *in)
{
    const uint8_t *p = input_at (in, 4, 4);
    if (!p)
        return NULL;
    unsigned n = get_u16be (p), power = 1;
    while (power * 2 <= n)
        power *= 2;
    return n > 0 && n < 256 && get_u16be (p + 2) == power * 16 ? "font/ttf" : NULL;
}
