/* For tests of the worker's library: bytes as the object of a job. */
#pragma once

#include <sys/mman.h>
#include <unistd.h>
#include <glib.h>
#include <jansson.h>

#include "test.h"
#include "worker/extract.h"
#include "worker/input.h"

static UNUSED struct input *input_of (const void *bytes, size_t length, const char *extension)
{
    int fd = memfd_create ("object", MFD_CLOEXEC);
    assert_true (fd >= 0);
    assert_int_equal (write (fd, bytes, length), length);
    struct input *in = g_new (struct input, 1);
    input_init (in, fd, length, extension);
    return in;
}

static UNUSED void input_done (struct input *in)
{
    close (in->fd);
    g_free (in);
}

/* What the extractors say of an object; the caller owns it. */
static UNUSED json_t *extracted (const void *bytes, size_t length, const char *extension,
                                 enum err *ret)
{
    struct error e = { .code = ERR_OK };
    struct input *in = input_of (bytes, length, extension);
    json_t *meta = json_object ();
    *ret = extract (in, meta, &e);
    input_done (in);
    return meta;
}

/* NULL if there is no such field. */
static UNUSED const char *text_of (const json_t *meta, const char *field)
{
    return json_string_value (json_object_get (meta, field));
}
