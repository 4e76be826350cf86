/* Which demuxer of libav reads which type. */
#include <string.h>
#include <glib.h>

#include "worker/media.h"

/* First match wins; `bytes`, if there are any, are what the object must begin with. */
static const struct row {
    const char *type, *demuxer, *bytes;
    size_t length;
} rows[] = {
    { "video/mp4", "mov" },
    { "video/quicktime", "mov" },
    { "video/x-m4v", "mov" },
    { "video/3gpp", "mov" },
    { "video/3gpp2", "mov" },
    { "audio/mp4", "mov" },
    { "audio/3gpp", "mov" },
    { "audio/3gpp2", "mov" },
    { "video/x-matroska", "matroska" },
    { "video/webm", "matroska" },
    { "video/x-msvideo", "avi" },
    { "video/x-flv", "flv" },
    { "video/mp2t", "mpegts" },
    { "video/mpeg", "mpegvideo", "\0\0\1\xb3", 4 },
    { "video/mpeg", "mpeg" },
    { "video/h264", "h264" },
    { "video/h265", "hevc" },
    { "video/ogg", "ogg" },
    { "audio/ogg", "ogg" },
    { "video/x-ms-wmv", "asf" },
    { "video/x-ms-asf", "asf" },
    { "audio/x-ms-wma", "asf" },
    { "video/x-ms-wtv", "wtv" },
    { "video/x-dv", "dv" },
    { "video/x-nut", "nut" },
    { "video/x-ivf", "ivf" },
    { "video/x-yuv4mpeg", "yuv4mpegpipe" },
    { "application/vnd.rn-realmedia", "rm" },
    { "audio/x-pn-realaudio", "rm" },
    { "application/mxf", "mxf" },
    { "application/gxf", "gxf" },
    { "audio/mpeg", "mp3" },
    { "audio/aac", "aac" },
    { "audio/ac3", "ac3" },
    { "audio/eac3", "eac3" },
    { "audio/vnd.dts", "dts" },
    { "audio/flac", "flac" },
    { "audio/wav", "wav" },
    { "audio/x-w64", "w64" },
    { "audio/x-aiff", "aiff" },
    { "audio/x-caf", "caf" },
    { "audio/basic", "au" },
    { "audio/amr", "amr" },
    { "audio/amr-wb", "amr" },
    { "audio/x-ape", "ape" },
    { "audio/x-wavpack", "wv" },
    { "audio/x-musepack", "mpc8", "MPCK", 4 },
    { "audio/x-musepack", "mpc" },
    { "audio/x-tta", "tta" },
    { "audio/x-tak", "tak" },
    { "audio/x-dsf", "dsf" },
    { "audio/x-dff", "iff" },
    { "audio/x-8svx", "iff" },
    { "audio/x-voc", "voc" },
};

const char *media_demuxer (struct input *in, const char *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
        const uint8_t *p = input_at (in, 0, rows[i].length);
        if (!strcmp (rows[i].type, type) &&
            (!rows[i].bytes || (p && !memcmp (p, rows[i].bytes, rows[i].length))))
            return rows[i].demuxer;
    }
    return NULL;
}
