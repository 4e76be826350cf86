/* Formats as the rest of the world calls them. */
#include "process/process.h"

const char *process_content_type (enum process_format format)
{
    static const char *const types[] = {
        [PROCESS_JPG] = "image/jpeg",        [PROCESS_PNG] = "image/png",
        [PROCESS_WEBP] = "image/webp",       [PROCESS_GIF] = "image/gif",
        [PROCESS_BMP] = "image/bmp",         [PROCESS_TIFF] = "image/tiff",
        [PROCESS_HEIC] = "image/heic",       [PROCESS_AVIF] = "image/avif",
        [PROCESS_JSON] = "application/json",
    };
    return (size_t) format < N_ELEMENTS (types) ? types[format] : "application/octet-stream";
}
