/* The floor of listing a directory: read every folder with getdents64, sort its names, statx every
 * file. Prints objects a second. Usage: floor_list ROOT */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <glib.h>

struct entry {
    char *name;
    unsigned char type;
};

struct dirent64_raw {
    uint64_t ino;
    int64_t off;
    unsigned short len;
    unsigned char type;
    char name[];
};

static uint64_t files, total_size;

static int compare (const void *a, const void *b)
{
    return strcmp (((const struct entry *) a)->name, ((const struct entry *) b)->name);
}

static void walk (int dir)
{
    static char buf[256 * 1024]; /* used up before the recursion */
    GArray *entries = g_array_new (FALSE, FALSE, sizeof (struct entry));
    GStringChunk *names = g_string_chunk_new (64 * 1024);
    long n;
    while ((n = syscall (SYS_getdents64, dir, buf, sizeof buf)) > 0)
        for (long i = 0; i < n;) {
            struct dirent64_raw *d = (struct dirent64_raw *) (void *) (buf + i);
            i += d->len;
            if (strcmp (d->name, ".") == 0 || strcmp (d->name, "..") == 0)
                continue;
            struct entry e = { g_string_chunk_insert (names, d->name), d->type };
            g_array_append_val (entries, e);
        }
    g_array_sort (entries, compare);
    for (guint i = 0; i < entries->len; i++) {
        const struct entry *e = &g_array_index (entries, struct entry, i);
        struct statx st;
        if (e->type == DT_DIR) {
            int sub = openat (dir, e->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (sub >= 0)
                walk (sub);
        } else if (statx (dir, e->name, AT_SYMLINK_NOFOLLOW, STATX_SIZE | STATX_MTIME | STATX_INO,
                          &st) == 0) {
            files++;
            total_size += st.stx_size;
        }
    }
    g_array_unref (entries);
    g_string_chunk_free (names);
    close (dir);
}

int main (int argc, char **argv)
{
    struct timespec a, b;
    int root = argc == 2 ? open (argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (root < 0) {
        fprintf (stderr, "usage: floor_list ROOT\n");
        return 2;
    }
    clock_gettime (CLOCK_MONOTONIC, &a);
    walk (root);
    clock_gettime (CLOCK_MONOTONIC, &b);
    double s = (double) (b.tv_sec - a.tv_sec) + (double) (b.tv_nsec - a.tv_nsec) / 1e9;
    printf ("%.0f\n", (double) files / s);
    return 0;
}
