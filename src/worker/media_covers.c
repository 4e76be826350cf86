/* Pictures within a recording: their sizes, by the extractors of images. */
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "worker/extract.h"
#include "worker/media.h"
#include "worker/sniff.h"

/* Only what is an image is looked into, so that this does not come back here. */
static void look_into (const AVPacket *packet, json_t *cover)
{
    static const char *const members[] = { "ImageWidth", "ImageHeight" };
    if (packet->size <= 0)
        return;
    g_autofree struct input *in = g_new (struct input, 1);
    input_of_bytes (in, packet->data, (size_t) packet->size);
    json_auto_t *found = json_object ();
    if (g_str_has_prefix (sniff (in), "image/"))
        (void) !extract (in, found, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (members); i++)
        if (json_object_get (found, members[i]))
            json_object_set (cover, members[i], json_object_get (found, members[i]));
}

static json_t *answer_cover (const AVStream *stream)
{
    const AVCodecParameters *codec = stream->codecpar;
    json_t *cover = json_object ();
    if (codec->width > 0 && codec->height > 0) {
        json_object_set_new (cover, "ImageWidth", json_integer (codec->width));
        json_object_set_new (cover, "ImageHeight", json_integer (codec->height));
    }
    look_into (&stream->attached_pic, cover);
    return cover;
}

void media_report_covers (const struct media *media, json_t *meta)
{
    json_t *list = json_array ();
    for (unsigned i = 0; i < media->format->nb_streams; i++) {
        const AVStream *stream = media->format->streams[i];
        if (!media_is_attached (stream) || json_array_size (list) >= LIMIT_MEDIA_COVERS)
            continue;
        json_t *cover = answer_cover (stream);
        if (json_object_size (cover))
            json_array_append_new (list, cover);
        else
            json_decref (cover);
    }
    if (json_array_size (list))
        json_object_set_new (meta, "AudioCovers", list);
    else
        json_decref (list);
}
