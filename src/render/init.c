/* Starting libvips: with its own code only. */
#include "render/init.h"

#include <gmodule.h>
#include <malloc.h>
#include <vips/vips.h>
#include <vips/vector.h>

#include "base/macros.h"

/* At its start libvips loads all modules of a folder that it finds through this variable; those
 * beside HEIF parse formats that are never asked for, ImageMagick's among them. */
#define NO_MODULES  "/nonexistent"

#define KEPT_MEMORY (32 << 20) /* bytes that are not given back between two jobs */

/* Reads and writes HEIC and AVIF; pictures of these formats are unsupported where it is not
 * installed. Stays for the life of the process. */
static void load_heif (void)
{
    GModule *module = g_module_open (VIPS_HEIF_MODULE, G_MODULE_BIND_LAZY);
    if (module)
        g_module_make_resident (module);
}

/* What the C library does at the first thread of a process is done here. */
static void *do_nothing (void *arg)
{
    return arg;
}

static void warm_threads (void)
{
    g_thread_join (g_thread_new ("first", do_nothing, NULL));
}

bool render_init (void)
{
    mallopt (M_ARENA_MAX, 1);                /* threads' own heaps would fill the address space */
    mallopt (M_MMAP_THRESHOLD, KEPT_MEMORY); /* what a job frees, the next one uses */
    mallopt (M_TRIM_THRESHOLD, KEPT_MEMORY);
    g_setenv ("VIPSHOME", NO_MODULES, TRUE);
    if (VIPS_INIT ("bindery-render"))
        return false;
    load_heif ();
    warm_threads ();
    vips_concurrency_set (1);
    vips_cache_set_max (0);
    vips_vector_set_enabled (FALSE); /* its code is made in executable memory */
    return true;
}
