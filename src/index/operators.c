/* The official templates, and which operator yields which member of a document. */
#include "index/operators.h"

#include <string.h>

#include "base/text.h"

#define IMAGE_SET (OP_OSSMETA | OP_MIME | OP_FACE | OP_LABELS | OP_SCORING | OP_REGEO | OP_EXIF)

static const struct {
    const char *id;
    uint32_t operators;
} templates[] = {
    { "Official:DefaultEmptyId", 0 },
    { "Official:OSSBasicMeta", OP_OSSMETA },
    { "Official:AllFunction", IMAGE_SET | OP_MEDIA_META | OP_EXTRACT_TEXT },
    { "Official:FaceManagement", OP_OSSMETA | OP_FACE },
    { "Official:ImageManagement", IMAGE_SET },
    { "Official:CognitionImageManagement", IMAGE_SET | OP_EMBEDDINGS },
    { "Official:DocumentManagement", OP_OSSMETA | OP_MIME | OP_EXTRACT_TEXT },
    { "Official:MediaMeta", OP_OSSMETA | OP_MIME | OP_REGEO | OP_MEDIA_META | OP_EXIF },
    { "Official:CognitionDocumentManagement", OP_OSSMETA | OP_MIME },
};

#define ANY        (OP_OSSMETA | OP_MIME)
#define SEEN       (OP_FACE | OP_LABELS | OP_REGEO)
#define RECORDINGS (ANY | OP_MEDIA_META | OP_EXIF | OP_REGEO)

static const struct {
    const char *media_type;
    uint32_t operators;
} media[] = {
    { "image", ANY | SEEN | OP_EXIF | OP_SCORING | OP_EMBEDDINGS },
    { "video", RECORDINGS | SEEN },
    { "audio", RECORDINGS },
    { "document", ANY | OP_EXTRACT_TEXT },
    { "archive", ANY | OP_EXTRACT_TEXT },
    { "other", ANY | OP_EXTRACT_TEXT },
};

/* Rows of two or three operators: one for each MediaType that has such a member. */
static const struct {
    const char *name;
    uint32_t operators;
} members[] = {
    { "Filename", OP_OSSMETA },
    { "ETag", OP_OSSMETA },
    { "FileModifiedTime", OP_OSSMETA },
    { "OSSObjectType", OP_OSSMETA },
    { "ObjectACL", OP_OSSMETA },
    { "OSSStorageClass", OP_OSSMETA },
    { "OSSCRC64", OP_OSSMETA },
    { "ContentMd5", OP_OSSMETA },
    { "ServerSideEncryption", OP_OSSMETA },
    { "ServerSideEncryptionKeyId", OP_OSSMETA },
    { "ServerSideDataEncryption", OP_OSSMETA },
    { "ServerSideEncryptionCustomerAlgorithm", OP_OSSMETA },
    { "CacheControl", OP_OSSMETA },
    { "ContentDisposition", OP_OSSMETA },
    { "ContentEncoding", OP_OSSMETA },
    { "ContentLanguage", OP_OSSMETA },
    { "AccessControlAllowOrigin", OP_OSSMETA },
    { "AccessControlRequestMethod", OP_OSSMETA },
    { "OSSTaggingCount", OP_OSSMETA },
    { "OSSTagging", OP_OSSMETA },
    { "OSSUserMeta", OP_OSSMETA },
    { "OSSVersionId", OP_OSSMETA },
    { "OSSExpiration", OP_OSSMETA },
    { "ContentType", OP_MIME },
    { "MediaType", OP_MIME },
    { "EXIF", OP_EXIF | OP_MEDIA_META },
    { "ImageWidth", OP_EXIF },
    { "ImageHeight", OP_EXIF },
    { "Orientation", OP_EXIF },
    { "FrameCount", OP_EXIF },
    { "ColorProfile", OP_EXIF },
    { "Rating", OP_EXIF },
    { "MotionPhoto", OP_EXIF },
    { "LatLong", OP_EXIF | OP_MEDIA_META },
    { "ProduceTime", OP_EXIF | OP_MEDIA_META | OP_EXTRACT_TEXT },
    { "Title", OP_EXIF | OP_MEDIA_META | OP_EXTRACT_TEXT },
    { "Artist", OP_EXIF | OP_MEDIA_META | OP_EXTRACT_TEXT },
    { "Labels", OP_LABELS | OP_EXTRACT_TEXT }, /* a file's own keywords, too */
    { "Album", OP_MEDIA_META },
    { "AlbumArtist", OP_MEDIA_META },
    { "Composer", OP_MEDIA_META },
    { "Performer", OP_MEDIA_META },
    { "VideoWidth", OP_MEDIA_META },
    { "VideoHeight", OP_MEDIA_META },
    { "Duration", OP_MEDIA_META },
    { "StartTime", OP_MEDIA_META },
    { "Bitrate", OP_MEDIA_META },
    { "FormatName", OP_MEDIA_META },
    { "FormatLongName", OP_MEDIA_META },
    { "StreamCount", OP_MEDIA_META },
    { "ProgramCount", OP_MEDIA_META },
    { "VideoStreams", OP_MEDIA_META },
    { "AudioStreams", OP_MEDIA_META },
    { "Subtitles", OP_MEDIA_META },
    { "AudioCovers", OP_MEDIA_META },
    { "Language", OP_EXIF | OP_MEDIA_META | OP_EXTRACT_TEXT },
    { "PageCount", OP_EXTRACT_TEXT },
    { "Encrypted", OP_EXTRACT_TEXT },
    { "Charset", OP_EXTRACT_TEXT },
    { "MailFrom", OP_EXTRACT_TEXT },
    { "MailTo", OP_EXTRACT_TEXT },
    { "DocumentModifiedTime", OP_EXTRACT_TEXT },
    { "EntryCount", OP_EXTRACT_TEXT },
    { "EntryNames", OP_EXTRACT_TEXT },
    { "DocumentText", OP_EXTRACT_TEXT },
};

enum err operators_of_template (const char *id, uint32_t *ret, struct error *e)
{
    for (size_t i = 0; i < N_ELEMENTS (templates); i++) {
        if (strcmp (templates[i].id, id) == 0) {
            *ret = templates[i].operators;
            return ERR_OK;
        }
    }
    return FAIL (e, NOT_FOUND, "there is no template '%s'", id);
}

const char *operators_template_id (size_t i)
{
    return i < N_ELEMENTS (templates) ? templates[i].id : NULL;
}

uint32_t operators_for_media (uint32_t operators, const char *media_type)
{
    if (!media_type)
        return operators;
    for (size_t i = 0; i < N_ELEMENTS (media); i++)
        if (strcmp (media[i].media_type, media_type) == 0)
            return operators & media[i].operators;
    return operators;
}

bool operators_want_content (uint32_t operators, const char *media_type)
{
    uint32_t content = operators_for_media (operators, media_type) & ~(uint32_t) OP_OSSMETA;
    return media_type ? content & ~(uint32_t) OP_MIME : content;
}

uint32_t operators_of_member (const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS (members); i++)
        if (text_is (members[i].name, name))
            return members[i].operators;
    return 0;
}
