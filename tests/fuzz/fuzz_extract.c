/* Any bytes go through sniffer and extractors; whatever comes out must fit the wire. */
#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>
#include <jansson.h>

#include "wire/meta.h"
#include "worker/extract.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    int fd = memfd_create ("object", MFD_CLOEXEC);
    assert (fd >= 0 && write (fd, data, size) == (ssize_t) size);
    struct input *in = malloc (sizeof *in);
    struct error e;
    json_t *meta = json_object (), *parsed = NULL;
    input_init (in, fd, size, "");
    enum err err = extract (in, meta, &e);
    assert (err == ERR_OK || err == ERR_EXTRACT_FAILED);
    char *text = json_dumps (meta, JSON_COMPACT);
    err = meta_parse (text, strlen (text), &parsed, &e);
    assert (err == ERR_OK && json_equal (meta, parsed));
    json_decref (parsed);
    json_decref (meta);
    free (text);
    free (in);
    close (fd);
    return 0;
}
