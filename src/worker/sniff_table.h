/* The tables of the sniffer: magic bytes, what plain text is by extension, kinds of media. */
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

struct text_extension {
    const char *extension, *type;
};
extern const struct text_extension sniff_text_extensions[];
extern const size_t sniff_n_text_extensions;

/* Binary families, sniff_binary.c. */
sniff_fn sniff_tiff, sniff_bmff, sniff_riff, sniff_ebml, sniff_ogg, sniff_asf, sniff_zip, sniff_ole,
    sniff_id3, sniff_mpeg_audio, sniff_transport, sniff_m2ts, sniff_ac3, sniff_bmp, sniff_ico,
    sniff_cur, sniff_pnm, sniff_cafe, sniff_iff, sniff_ttf, sniff_deb, sniff_tga, sniff_bzip2,
    sniff_quicktime, sniff_png, sniff_pcx, sniff_iiq, sniff_gzip;

/* Text of every sort, or NULL; sniff_text.c. */
sniff_fn sniff_text;
