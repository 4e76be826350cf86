/* The tables of the sniffer: magic bytes, closer looks, what an extension adds. */
#pragma once

#include <stddef.h>

#include "worker/input.h"

/* Looks closer after the bytes matched: a type, or NULL for "not this row". */
typedef const char *sniff_fn (struct input *in);

struct magic {
    uint32_t offset;
    uint8_t length;
    const char *bytes;
    const char *type; /* if there is no function, or to be overruled by it */
    sniff_fn *refine; /* may be NULL */
};
extern const struct magic sniff_magics[];
extern const size_t sniff_n_magics;

extern sniff_fn *const sniff_last_looks[];
extern const size_t sniff_n_last_looks;

/* What the extension makes of text, JSON and packages, which it may refine; `type` if nothing. */
const char *sniff_by_extension (const struct input *in, const char *type);

#define TAR_BLOCK 512
/* The sum of a tar header's bytes, its own field as spaces. */
bool sniff_is_tar (const uint8_t *bytes, size_t length);

/* Binary families, sniff_binary.c. */
sniff_fn sniff_tiff, sniff_bmff, sniff_riff, sniff_ebml, sniff_ogg, sniff_asf, sniff_zip, sniff_ole,
    sniff_id3, sniff_mpeg_audio, sniff_transport, sniff_m2ts, sniff_ac3, sniff_bmp, sniff_ico,
    sniff_cur, sniff_pnm, sniff_cafe, sniff_iff, sniff_ttf, sniff_deb, sniff_tga, sniff_bzip2,
    sniff_quicktime, sniff_png, sniff_pcx, sniff_iiq, sniff_gzip;

/* Programs, data, keys, fonts, archives; sniff_data.c. */
sniff_fn sniff_elf, sniff_pe, sniff_pyc, sniff_terminfo, sniff_shapes, sniff_dbf, sniff_stl,
    sniff_ply, sniff_orc, sniff_torrent, sniff_trailer, sniff_der, sniff_pgp, sniff_eot, sniff_tar,
    sniff_lzma, sniff_lha, sniff_arj;

/* Text of every sort, or NULL; sniff_text.c. */
sniff_fn sniff_text;
