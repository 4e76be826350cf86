/* What libvips alone gives: pictures scaled and saved by two processes, nothing else.
 *
 *   floor_process convert IN OUT        saves a picture in another format
 *   floor_process run WIDTH SUFFIX N FILE [MARK]
 *       N times: reads FILE, scales it to WIDTH, puts the picture MARK into its lower right corner,
 *       saves it to memory as SUFFIX says (".jpg[Q=80,strip]"). Prints the seconds that it took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vips/vips.h>

#include "base/text.h"

#define PROCESSES 2
#define MARGIN    10 /* pixels beside a watermark */

static void die (const char *what)
{
    fprintf (stderr, "floor_process: %s: %s\n", what, vips_error_buffer ());
    exit (1);
}

struct job {
    int width;
    const char *suffix, *file;
    VipsImage *mark; /* NULL: none */
};

static VipsImage *put_mark (VipsImage *picture, VipsImage *mark)
{
    VipsImage *out;
    if (vips_composite2 (picture, mark, &out, VIPS_BLEND_MODE_OVER, "x",
                         picture->Xsize - mark->Xsize - MARGIN, "y",
                         picture->Ysize - mark->Ysize - MARGIN, NULL) != 0)
        die ("composite");
    g_object_unref (picture);
    return out;
}

static void run_once (const struct job *j)
{
    g_autofree char *bytes = NULL;
    gsize length;
    if (!g_file_get_contents (j->file, &bytes, &length, NULL))
        die (j->file);
    const char *options = g_str_has_suffix (j->file, ".gif") ? "n=-1" : "";
    VipsImage *picture;
    if (vips_thumbnail_buffer (bytes, length, &picture, j->width, "height", 100000, "option_string",
                               options, NULL) != 0)
        die ("thumbnail");
    if (j->mark)
        picture = put_mark (picture, j->mark);
    void *out;
    if (vips_image_write_to_buffer (picture, j->suffix, &out, &length, NULL) != 0)
        die ("write");
    g_free (out);
    g_object_unref (picture);
}

static void run (const struct job *j, uint64_t n)
{
    pid_t children[PROCESSES];
    int64_t begun_us = g_get_monotonic_time ();
    for (uint64_t i = 0; i < PROCESSES; i++) {
        children[i] = fork ();
        if (children[i] < 0)
            die ("fork");
        if (children[i] > 0)
            continue;
        for (uint64_t k = i; k < n; k += PROCESSES)
            run_once (j);
        _exit (0);
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        int status;
        if (waitpid (children[i], &status, 0) < 0 || status != 0)
            die ("a process failed");
    }
    printf ("%.6f\n", (double) (g_get_monotonic_time () - begun_us) / 1e6);
}

static void convert (const char *in, const char *out)
{
    VipsImage *picture = vips_image_new_from_file (in, NULL);
    if (!picture || vips_image_write_to_file (picture, out, NULL) != 0)
        die (in);
    g_object_unref (picture);
}

int main (int argc, char **argv)
{
    uint64_t width, n;
    if (VIPS_INIT ("floor_process") != 0)
        die ("start");
    vips_concurrency_set (1);
    vips_cache_set_max (0);
    if (argc == 4 && g_str_equal (argv[1], "convert")) {
        convert (argv[2], argv[3]);
    } else if ((argc == 6 || argc == 7) && g_str_equal (argv[1], "run") &&
               text_parse_u64 (argv[2], &width) && width <= 16384 && text_parse_u64 (argv[4], &n)) {
        struct job j = { .width = (int) width, .suffix = argv[3], .file = argv[5] };
        if (argc == 7 && !(j.mark = vips_image_new_from_file (argv[6], NULL)))
            die (argv[6]);
        run (&j, n);
        g_clear_object (&j.mark);
    } else {
        die ("usage: convert IN OUT, or run WIDTH SUFFIX N FILE [MARK]");
    }
    return 0;
}
