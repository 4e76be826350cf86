/* The official templates, and which operator yields which member of a document. */
#include "index/operators.h"

#include <string.h>

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
    { "ContentType", OP_MIME },
    { "MediaType", OP_MIME },
    { "EXIF", OP_EXIF },
    { "ImageWidth", OP_EXIF },
    { "ImageHeight", OP_EXIF },
    { "Orientation", OP_EXIF },
    { "ProduceTime", OP_EXIF },
    { "LatLong", OP_EXIF },
    { "Title", OP_EXIF | OP_MEDIA_META },
    { "Artist", OP_EXIF | OP_MEDIA_META },
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

uint32_t operators_of_member (const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS (members); i++)
        if (strcmp (members[i].name, name) == 0)
            return members[i].operators;
    return 0;
}
