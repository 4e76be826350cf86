/* render-file [-n TIMES] PROCESS IN OUT [WATERMARK...]: what bindery-render does with a file,
 * without its jail. Prints format and size of the result; -n repeats it and prints ms of CPU time
 * for each. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <glib.h>

#include "base/macros.h"
#include "base/text.h"
#include "render/init.h"
#include "render/render.h"
#include "worker/init.h"

static bool open_source (const char *path, struct source *ret)
{
    struct stat st;
    *ret = (struct source){ .fd = open (path, O_RDONLY | O_CLOEXEC) };
    if (ret->fd < 0 || fstat (ret->fd, &st) < 0) {
        fprintf (stderr, "%s: %s\n", path, g_strerror (errno));
        return false;
    }
    ret->size = (uint64_t) st.st_size;
    return true;
}

static enum err run_once (const struct process *process, const struct render *sources,
                          struct render_result *ret, struct error *e)
{
    struct render r = *sources;
    r.process = process;
    enum err err = render_run (&r, ret, e);
    render_clear (&r);
    return err;
}

static enum err run (const char *text, const struct render *sources, uint64_t times,
                     struct render_result *ret, struct error *e)
{
    _cleanup_process_ struct process *process = NULL;
    enum err err = process_parse (text, strlen (text), &process, e);
    int64_t start = clock ();
    for (uint64_t i = 0; err == ERR_OK && i < times; i++) {
        g_free (ret->bytes);
        ret->bytes = NULL;
        err = run_once (process, sources, ret, e);
    }
    if (times > 1)
        printf ("%.2f ms ", (double) (clock () - start) * 1000 / CLOCKS_PER_SEC / (double) times);
    return err;
}

int main (int argc, char **argv)
{
    struct render sources = { 0 };
    struct render_result result = { 0 };
    struct error e;
    uint64_t times = 1;
    if (argc > 2 && strcmp (argv[1], "-n") == 0 && text_parse_u64 (argv[2], &times)) {
        argv += 2;
        argc -= 2;
    }
    if (argc < 4 || argc > 4 + FRAME_EXTRAS || !open_source (argv[2], &sources.source))
        return 2;
    for (int i = 4; i < argc; i++)
        if (!open_source (argv[i], &sources.extras[sources.n_extras++]))
            return 2;
    init_libraries ();
    if (!render_init ())
        return 2;
    if (run (argv[1], &sources, times, &result, &e) != ERR_OK) {
        fprintf (stderr, "%s: %s\n", error_name (e.code), e.message);
        return 1;
    }
    printf ("%d %ux%u %u frames %zu bytes\n", (int) result.format, result.width, result.height,
            result.frames, result.size);
    bool is_written =
        g_file_set_contents (argv[3], (char *) result.bytes, (gssize) result.size, NULL);
    g_free (result.bytes);
    return is_written ? 0 : 1;
}
