/* Video and audio through libav, which sees nothing but the object: bytes come from `struct input`,
 * every other open is refused, and the demuxer is the one that belongs to the sniffed type, so that
 * no playlist or script can call for another. What ffprobe prints with its default options is what
 * is answered; where a field has no such counterpart, the table of it says what it is.
 *
 * Threads: one. Nothing is decoded but what avformat_find_stream_info decodes. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <libavformat/avformat.h>

#include "base/error.h"
#include "worker/input.h"

/* An open object. */
struct media {
    struct input *in;
    AVFormatContext *format;
    AVIOContext *io;
    int64_t deadline_ns; /* of the CPU time of this thread */
    uint64_t at;         /* of the next read */
    bool is_late;        /* the deadline has passed */
};

/* Opens the object with the demuxer of this content type and looks into its streams. What was
 * found before the limits of LIMIT_MEDIA_* were reached is all right. EXTRACT_FAILED if nothing can
 * be made of it. `ret` must not move until it is cleared, and is to be cleared on failure too. */
NODISCARD enum err media_open (struct input *in, const char *type, struct media *ret,
                               struct error *e);
void media_clear (struct media *media);
#define _cleanup_media_ __attribute__ ((cleanup (media_clear)))

/* So much CPU time from now on, for what comes after media_open(); then all reading ends. */
void media_allow (struct media *media, int64_t ms);

/* Sees whether it is over, where nothing is read for long. */
void media_check_time (struct media *media);

/* Name of the demuxer for a type; NULL if there is none. */
const char *media_demuxer (struct input *in, const char *type);

/* Asks for what a demuxer will read as a whole; false if some of that is not known yet. */
bool media_want_header (struct input *in, const char *demuxer);

/* Answers VideoStreams, AudioStreams, Subtitles, VideoWidth and VideoHeight. */
void media_report_streams (const struct media *media, json_t *meta);

/* Answers Title, Artist, Album, AlbumArtist, Composer, Performer, Language, ProduceTime, LatLong
 * and EXIF from the tags. */
void media_report_tags (const struct media *media, json_t *meta);

/* Answers AudioCovers. */
void media_report_covers (const struct media *media, json_t *meta);

/* A cover or the like, not a moving picture. */
static inline bool media_is_attached (const AVStream *stream)
{
    return stream->disposition & AV_DISPOSITION_ATTACHED_PIC;
}

/* A tag as text of at most `limit` bytes: UTF-8 made valid, control characters out (but for line
 * breaks and tabs, if `has_lines`), no space around it. NULL if nothing is left. */
json_t *media_text (const char *value, size_t limit, bool has_lines);

/* "37.3318,-122.0312" for "+37.3318-122.0312+010/" and the other forms of ISO 6709; NULL if the
 * text is no place. */
json_t *media_position (const char *text);
