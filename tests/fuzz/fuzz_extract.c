/* Any bytes go through sniffer and extractors, as an object and as the ends of one whose middle is
 * not known; whatever comes out must fit the wire. */
#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>
#include <jansson.h>

#include "wire/meta.h"
#include "wire/need.h"
#include "worker/extract.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define HOLE (256 * 1024)

/* The bytes stand at both ends; between them lies what is not known. */
static void extract_parts (struct input *in, const uint8_t *data, size_t size, bool is_final)
{
    uint64_t head = size > INPUT_HEAD ? size : INPUT_HEAD;
    struct frame_job job = { .size = head + HOLE + size,
                             .n_known = 2,
                             .known = { { 0, head }, { head + HOLE, size } } };
    struct error e;
    json_t *meta = json_object ();
    int fd = memfd_create ("object", MFD_CLOEXEC);
    assert (fd >= 0 && ftruncate (fd, (off_t) job.size) == 0);
    assert (pwrite (fd, data, size, 0) == (ssize_t) size);
    assert (pwrite (fd, data, size, (off_t) (head + HOLE)) == (ssize_t) size);
    input_init_parts (in, fd, job.size, "", job.known, 2, is_final);
    enum err err = extract (in, meta, &e);
    assert (err == ERR_OK || err == ERR_EXTRACT_FAILED);
    struct frame_need need = { .n = in->n_missed };
    for (unsigned i = 0; i < in->n_missed; i++)
        need.ranges[i] = in->missed[i];
    assert (input_is_waiting (in) ? need_check (&need, &job, &e) == ERR_OK : !need.n);
    json_decref (meta);
    close (fd);
}

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
    if (size && size % 4 < 2) /* it takes as long as all the rest */
        extract_parts (in, data, size, size % 4);
    free (in);
    close (fd);
    return 0;
}
