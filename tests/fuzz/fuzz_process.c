/* Texts of x-oss-process: what is read has one canonical text, which means the same, and whatever
 * size it is tried on, no side becomes 0. */
#include <assert.h>
#include <string.h>

#include "process/geometry.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const struct process_size sizes[] = {
    { 0, 0 },
    { 1, 1 },
    { 1, 30000 },
    { 30000, 8333 },
    { 400, 300 },
    { 4096, 4096 },
    { 16384, 1024 },
    { 65535, 65535 },
    { UINT32_MAX, 1 },
    { 200, 100 },
    { UINT32_MAX, UINT32_MAX },
};

static void try_size (const struct process *p, struct process_size size, uint32_t frames)
{
    struct error e = { 0 };
    struct process_size main_size = { 640, 480 };
    enum err r = process_check_size (p, size.width, size.height, frames, &e);
    assert (r == ERR_OK || *e.message);
    for (size_t i = 0; r == ERR_OK && size.width && i < p->n_ops; i++) {
        r = process_resize_by (&p->ops[i], frames, &main_size, &size, &e);
        assert (r != ERR_OK || (size.width && size.height));
        assert ((uint64_t) size.width * size.height <= LIMIT_SOURCE_PIXELS ||
                p->ops[0].id == PROCESS_INFO || p->kind != PROCESS_KIND_IMAGE);
    }
}

static void check (const struct process *p)
{
    g_autofree char *canonical = process_canonical (p);
    _cleanup_process_ struct process *again = NULL;
    if (strlen (canonical) > LIMIT_PROCESS_TEXT)
        return;
    assert (process_parse (canonical, strlen (canonical), &again, NULL) == ERR_OK);
    g_autofree char *twice = process_canonical (again);
    assert (strcmp (canonical, twice) == 0);
    assert (again->kind == p->kind && again->n_ops == p->n_ops && !again->saveas.object);
    for (size_t i = 0; i < p->n_ops; i++)
        assert (again->ops[i].id == p->ops[i].id);

    const struct process_source *sources[LIMIT_PROCESS_SOURCES], *same[LIMIT_PROCESS_SOURCES];
    size_t n = process_sources (p, sources);
    assert (n == process_sources (again, same));
    for (size_t i = 0; i < n; i++)
        assert (strcmp (sources[i]->key, same[i]->key) == 0 && *sources[i]->key);
    assert (process_needs_fonts (p) == process_needs_fonts (again));
    assert (process_result (p, PROCESS_GIF) == process_result (again, PROCESS_GIF));
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    _cleanup_process_ struct process *p = NULL;
    g_autofree char *name = NULL;
    const char *rest;
    struct error e = { 0 };
    if (process_style ((const char *) data, size, &name, &rest))
        assert (rest >= (const char *) data && rest <= (const char *) data + size);
    if (process_parse ((const char *) data, size, &p, &e) != ERR_OK) {
        assert (!p && *e.message);
        return 0;
    }
    assert (p->n_ops > 0 && (p->kind == PROCESS_KIND_IMAGE || p->n_ops == 1));
    check (p);
    for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++) {
        try_size (p, sizes[i], 1);
        try_size (p, sizes[i], UINT32_MAX);
    }
    return 0;
}
