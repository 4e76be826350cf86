/* image/info, video/info and audio/info: what the index would hold of the object, too. */
#include "render/object.h"

#include <string.h>

#include "base/dump.h"
#include "render/ops.h"
#include "worker/extract.h"

enum err object_extract (const struct source *source, const char *media_type, json_t **ret,
                         struct error *e)
{
    g_autofree struct input *in = g_new (struct input, 1);
    json_auto_t *meta = json_object ();
    input_init (in, source->fd, source->size, source->extension);
    in->leaves_text = true;
    enum err err = extract (in, meta, e);
    const char *found = json_string_value (json_object_get (meta, "MediaType"));
    if (err == ERR_IO)
        return err;
    if (g_strcmp0 (found, media_type) != 0 && strcmp (media_type, "image") == 0)
        return FAIL_ON (e, PROCESS_REQUEST, "0040-00000005", "This image format is not supported.");
    if (g_strcmp0 (found, media_type) != 0)
        return FAIL (e, PROCESS_REQUEST, "the object is no %s that can be read", media_type);
    if (err != ERR_OK)
        return err;
    *ret = g_steal_pointer (&meta);
    return ERR_OK;
}

enum err op_info (struct render *r, const struct process_op *op UNUSED, struct error *e)
{
    json_auto_t *meta = NULL;
    enum err err = object_extract (&r->source, "image", &meta, e);
    if (err != ERR_OK)
        return err;
    const char *text = json_string_value (json_object_get (meta, "EXIF"));
    if (!text)
        return FAIL (e, PROCESS_REQUEST, "nothing is known of images of this format");
    r->answer = g_string_new (text);
    return ERR_OK;
}

/* What DetectMediaMeta answers. */
static const char *const media_fields[] = {
    "Album",       "AlbumArtist",    "Artist",     "AudioStreams", "Bitrate",   "Composer",
    "Duration",    "FormatLongName", "FormatName", "Language",     "LatLong",   "Performer",
    "ProduceTime", "ProgramCount",   "StartTime",  "StreamCount",  "Subtitles", "Title",
    "VideoHeight", "VideoStreams",   "VideoWidth",
};

/* The vendor's own answer has it as text, of the same operation through its API as a number. */
static void quote_sample_rates (json_t *streams)
{
    size_t i;
    json_t *stream;
    json_array_foreach (streams, i, stream)
    {
        json_t *rate = json_object_get (stream, "SampleRate");
        if (json_is_integer (rate))
            json_object_set_new (stream, "SampleRate",
                                 json_sprintf ("%" JSON_INTEGER_FORMAT, json_integer_value (rate)));
    }
}

enum err object_media_info (struct render *r, struct error *e)
{
    json_auto_t *meta = NULL, *answer = json_object ();
    bool is_video = r->process->kind == PROCESS_KIND_VIDEO_INFO;
    enum err err = object_extract (&r->source, is_video ? "video" : "audio", &meta, e);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < N_ELEMENTS (media_fields); i++) {
        json_t *value = json_object_get (meta, media_fields[i]);
        if (value && !json_is_null (value))
            json_object_set (answer, media_fields[i], value);
    }
    json_object_set_new (answer, "Size", json_integer ((json_int_t) r->source.size));
    quote_sample_rates (json_object_get (answer, "AudioStreams"));
    r->answer = g_string_new (NULL);
    dump_json (r->answer, answer);
    return ERR_OK;
}
