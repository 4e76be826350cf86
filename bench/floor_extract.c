/* The floor of indexing: the extractors open the same files, in as many processes as there are
 * workers; no jail, no frames, no JSON, no index. Only what rows wait for, unless "texts" says
 * otherwise. Prints files a second and CPU microseconds a file.
 * Usage: floor_extract [PROCESSES ["texts"]] < NAMES (a NUL after each) */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib.h>

#include "base/macros.h"
#include "base/text.h"
#include "worker/extract.h"
#include "worker/init.h"

#define PROCESSES_MAX 64

static const char *extension_of (const char *name)
{
    const char *dot = strrchr (name, '.');
    return dot && !strchr (dot, '/') && strlen (dot + 1) <= 15 ? dot + 1 : "";
}

static void extract_file (const char *name, bool with_text, struct input *in)
{
    struct stat st;
    struct error e;
    _cleanup_close_ int fd = open (name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat (fd, &st) < 0)
        return;
    json_auto_t *meta = json_object ();
    input_init (in, fd, (uint64_t) st.st_size, extension_of (name));
    in->leaves_text = !with_text;
    if (extract (in, meta, &e) != ERR_OK)
        return;
}

static void work (const GPtrArray *names, bool with_text, atomic_uint *next)
{
    struct input *in = g_new (struct input, 1);
    for (unsigned i; (i = atomic_fetch_add (next, 1)) < names->len;)
        extract_file (g_ptr_array_index (names, i), with_text, in);
    g_free (in);
    _exit (0);
}

static GPtrArray *read_names (void)
{
    GPtrArray *names = g_ptr_array_new_with_free_func (free);
    char *name = NULL;
    size_t size = 0;
    while (getdelim (&name, &size, '\0', stdin) > 0)
        g_ptr_array_add (names, g_steal_pointer (&name));
    free (name);
    return names;
}

/* Of all children that have ended. */
static double cpu_us (void)
{
    struct rusage u;
    getrusage (RUSAGE_CHILDREN, &u);
    return (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

int main (int argc, char **argv)
{
    uint64_t processes = 2;
    bool with_text = argc == 3 && g_str_equal (argv[2], "texts");
    if (argc > 2 + with_text || (argc > 1 && !text_parse_u64 (argv[1], &processes)) || !processes ||
        processes > PROCESSES_MAX) {
        g_printerr ("usage: floor_extract [PROCESSES [\"texts\"]] < NAMES\n");
        return 2;
    }
    g_autoptr (GPtrArray) names = read_names ();
    init_libraries ();
    atomic_uint *next =
        mmap (NULL, sizeof *next, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (next == MAP_FAILED)
        return 1;
    int64_t begun = g_get_monotonic_time ();
    for (uint64_t i = 0; i < processes; i++)
        if (fork () == 0)
            work (names, with_text, next);
    unsigned crashed = 0;
    for (int status; wait (&status) > 0;)
        crashed += status != 0;
    double seconds = (double) (g_get_monotonic_time () - begun) / 1e6;
    g_print ("%.0f %.1f\n", names->len / seconds, cpu_us () / names->len);
    return crashed ? 1 : 0;
}
