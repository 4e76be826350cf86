/* Measures listing a directory bucket against the least that anybody could do: reading the names of
 * each folder, sorting them, and one statx each. Both run in turn over the same warm tree.
 *
 *     list [FILES FOLDERS NAME_LENGTH]
 *
 * Without arguments: a million files in 1,000 folders, then in one folder with 200-byte names. The
 * trees are made in a new folder under $TMPDIR or /tmp, and removed. */
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "store/dir.h"

#define ROUNDS 3

struct shape {
    uint64_t files, folders, name_length;
};

/* ---- The tree ---- */

static uint64_t next_random (uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void make_folder (const char *path, uint64_t n, uint64_t name_length, uint64_t *random)
{
    int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert (fd >= 0);
    g_autofree char *name = g_malloc0 (name_length + 1);
    for (uint64_t i = 0; i < n; i++) {
        g_snprintf (name, name_length + 1, "%06x%06x", (unsigned) (next_random (random) & 0xffffff),
                    (unsigned) i);
        for (uint64_t at = strlen (name); at < name_length; at++)
            name[at] = (char) ('a' + next_random (random) % 26);
        int file = openat (fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        assert (file >= 0);
        close (file);
    }
    close (fd);
}

static void make_tree (const char *root, const struct shape *shape)
{
    uint64_t random = 1;
    for (uint64_t i = 0; i < shape->folders; i++) {
        g_autofree char *path = g_strdup_printf ("%s/folder-%04u", root, (unsigned) i);
        assert (mkdir (path, 0755) == 0);
        make_folder (path, shape->files / shape->folders, shape->name_length, &random);
    }
}

static int remove_one (const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;
    return remove (path);
}

/* ---- The least ---- */

static int compare_texts (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

static uint64_t walk_bare (int dir)
{
    DIR *stream = fdopendir (dir);
    g_autoptr (GPtrArray) names = g_ptr_array_new ();
    GStringChunk *texts = g_string_chunk_new (256 * KIB);
    uint64_t n = 0;
    for (struct dirent *entry; (entry = readdir (stream)) != NULL;) {
        if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
            continue;
        char *name = g_string_chunk_insert_len (texts, entry->d_name - 1,
                                                (gssize) strlen (entry->d_name) + 1);
        *name = (char) entry->d_type;
        g_ptr_array_add (names, name + 1);
    }
    g_ptr_array_sort (names, compare_texts);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        struct statx sx;
        if (name[-1] == DT_DIR) {
            n += walk_bare (openat (dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        } else {
            int r = statx (dir, name, AT_SYMLINK_NOFOLLOW,
                           STATX_TYPE | STATX_SIZE | STATX_MTIME | STATX_INO, &sx);
            assert (r == 0);
            n++;
        }
    }
    closedir (stream);
    g_string_chunk_free (texts);
    return n;
}

/* ---- The listing ---- */

static uint64_t anonymous_memory (void)
{
    g_autofree char *status = NULL;
    uint64_t kib = 0;
    if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
        return 0;
    const char *line = strstr (status, "RssAnon:");
    if (line) {
        g_autofree char *digits = g_strndup (line + 8, strcspn (line + 8, "k"));
        if (!text_parse_u64 (g_strstrip (digits), &kib))
            kib = 0;
    }
    return kib * KIB;
}

static uint64_t walk_listing (const char *root, uint64_t *peak)
{
    struct store *s;
    struct error e;
    struct store_listing *l;
    struct store_page page;
    uint64_t n = 0;
    store_page_init (&page);
    if (store_dir_new ("bench", NULL, &s, &e) != ERR_OK ||
        store_dir_add_bucket (s, "bench", root, &e) != ERR_OK ||
        store_list_open (s, "bench", NULL, NULL, NULL, &l, &e) != ERR_OK)
        g_error ("%s", e.message);
    for (unsigned pages = 0; !page.is_last; pages++) {
        if (store_list_next (l, LIMIT_PAGE_KEYS, &page, &e) != ERR_OK)
            g_error ("%s", e.message);
        n += page.objects->len;
        if (pages % 16 == 0)
            *peak = MAX (*peak, anonymous_memory ());
    }
    store_list_close (l);
    store_page_clear (&page);
    store_free (s);
    return n;
}

/* ---- Both ---- */

static void measure (const char *root, const struct shape *shape)
{
    int64_t bare_ns = INT64_MAX, listing_ns = INT64_MAX;
    uint64_t base = anonymous_memory (), peak = 0, n = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t start = clock_now_ns ();
        n = walk_listing (root, &peak);
        listing_ns = MIN (listing_ns, clock_now_ns () - start);
        assert (n == shape->files / shape->folders * shape->folders);
    }
    for (int i = 0; i < ROUNDS; i++) {
        int64_t start = clock_now_ns ();
        uint64_t bare = walk_bare (open (root, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        bare_ns = MIN (bare_ns, clock_now_ns () - start);
        assert (bare == n);
    }
    char memory[32];
    printf ("%" PRIu64 " files in %" PRIu64 " folders, names of %" PRIu64 " bytes: "
            "bare %.0f/s, listing %.0f/s, ratio %.2f, anonymous memory +%s\n",
            n, shape->folders, shape->name_length, (double) n / (double) bare_ns * 1e9,
            (double) n / (double) listing_ns * 1e9, (double) bare_ns / (double) listing_ns,
            text_format_size (peak > base ? peak - base : 0, memory));
    fflush (stdout);
}

static void run (const struct shape *shape)
{
    g_autofree char *root = g_build_filename (g_get_tmp_dir (), "bindery-bench-XXXXXX", NULL);
    if (!mkdtemp (root))
        g_error ("no folder can be made in %s", g_get_tmp_dir ());
    make_tree (root, shape);
    measure (root, shape);
    nftw (root, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

int main (int argc, char **argv)
{
    static const struct shape shapes[] = { { 1000000, 1000, 20 }, { 1000000, 1, 200 } };
    struct shape shape;
    if (argc == 4 && text_parse_u64 (argv[1], &shape.files) &&
        text_parse_u64 (argv[2], &shape.folders) && text_parse_u64 (argv[3], &shape.name_length) &&
        shape.folders > 0 && shape.name_length >= 12 && shape.name_length < 256) {
        run (&shape);
        return 0;
    }
    if (argc > 1) {
        fprintf (stderr, "usage: %s [FILES FOLDERS NAME_LENGTH]\n", argv[0]);
        return 2;
    }
    for (size_t i = 0; i < N_ELEMENTS (shapes); i++)
        run (&shapes[i]);
    return 0;
}
