/* render-file [-j RENDERER] [-n TIMES] PROCESS IN OUT [WATERMARK...]: what bindery-render does with
 * a file; in this process, or, -j, in a renderer in its jail. Prints format and size of the result;
 * -n repeats it and prints ms of CPU time for each (by the clock with -j). */
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
#include "jailed.h"
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

static bool run_here (const char *text, const struct render *sources, struct render_result *ret)
{
    struct error e;
    struct render r = *sources;
    _cleanup_process_ struct process *process = NULL;
    enum err err = process_parse (text, strlen (text), &process, &e);
    r.process = process;
    if (err == ERR_OK)
        err = render_run (&r, ret, &e);
    render_clear (&r);
    if (err != ERR_OK)
        fprintf (stderr, "%s: %s\n", error_name (err), e.message);
    return err == ERR_OK;
}

static bool run_jailed (struct jailed *j, const char *text, const struct render *sources,
                        struct render_result *ret)
{
    char why[FRAME_MESSAGE] = "";
    enum frame_type type = jailed_render (j, text, sources, ret, why);
    if (type != FRAME_RENDERED)
        fprintf (stderr, "%s: %s\n", type == FRAME_TYPES ? "died" : "refused", why);
    return type == FRAME_RENDERED;
}

static bool run (const char *renderer, const char *text, const struct render *sources,
                 uint64_t times, struct render_result *ret)
{
    struct jailed jailed;
    bool is_done = true;
    if (renderer)
        jailed_start (&jailed, renderer,
                      strstr (text, "text_") || strstr (text, "doc/") ? "render-text" : "render");
    int64_t clock_start = g_get_monotonic_time (), start = clock ();
    for (uint64_t i = 0; is_done && i < times; i++) {
        g_free (ret->bytes);
        ret->bytes = NULL;
        is_done =
            renderer ? run_jailed (&jailed, text, sources, ret) : run_here (text, sources, ret);
    }
    int64_t us = renderer ? g_get_monotonic_time () - clock_start : clock () - start;
    if (times > 1)
        printf ("%.2f ms ", (double) us / 1000 / (double) times);
    if (renderer)
        jailed_stop (&jailed);
    return is_done;
}

int main (int argc, char **argv)
{
    struct render sources = { 0 };
    struct render_result result = { 0 };
    const char *renderer = NULL;
    uint64_t times = 1;
    for (; argc > 2 && argv[1][0] == '-'; argv += 2, argc -= 2)
        if (argv[1][1] == 'j')
            renderer = argv[2];
        else if (!text_parse_u64 (argv[2], &times))
            return 2;
    if (argc < 4 || argc > 4 + FRAME_EXTRAS || !open_source (argv[2], &sources.source))
        return 2;
    for (int i = 4; i < argc; i++)
        if (!open_source (argv[i], &sources.extras[sources.n_extras++]))
            return 2;
    init_libraries ();
    if (!render_init () || !run (renderer, argv[1], &sources, times, &result))
        return 1;
    printf ("%d %ux%u %u frames %zu bytes\n", (int) result.format, result.width, result.height,
            result.frames, result.size);
    bool is_written =
        g_file_set_contents (argv[3], (char *) result.bytes, (gssize) result.size, NULL);
    g_free (result.bytes);
    return is_written ? 0 : 1;
}
