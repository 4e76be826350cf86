/* Every sample as a remote object: the worker's extractors see only what a fetch would have
 * brought, and ask for more, until the answer is the one that they give for the whole file. How
 * much that takes is printed; $SAMPLES names the folder, and further folders are arguments. */
#include <ftw.h>

#include "known_test.h"
#include "worker_test.h"

#include "base/limits.h"
#include "scan/prefetch.h"

struct cost {
    unsigned rounds, requests;
    uint64_t bytes;
};

struct remote {
    const uint8_t *bytes;
    struct store_handle handle;
    struct cost cost;
};

static void learn (struct remote *r, uint64_t at, uint64_t length)
{
    known_add (&r->handle, r->bytes, at, length);
    r->cost.requests += length > 0;
    r->cost.bytes = r->handle.bytes_fetched;
}

static void fetch_first (struct remote *r, const struct prefetch *p)
{
    uint64_t size = r->handle.facts.size;
    if (size <= p->whole) {
        learn (r, 0, size);
    } else {
        learn (r, 0, p->head);
        learn (r, size - p->tail, p->tail);
    }
    r->handle.rounds = 1;
}

static bool fetch_more (struct remote *r, const struct frame_need *need)
{
    struct store_range more[STORE_RANGES];
    unsigned n = prefetch_more (&r->handle, need, more);
    for (unsigned i = 0; i < n; i++)
        learn (r, more[i].at, more[i].length);
    r->handle.rounds += n > 0;
    return n > 0;
}

static bool is_whole (const struct store_handle *h)
{
    return h->facts.size == 0 || (h->n_known == 1 && h->known[0].length == h->facts.size);
}

/* As the worker does it. True if it asks for more. */
static bool run_once (struct remote *r, struct input *in, const char *extension, uint32_t block,
                      bool is_final, json_t *meta, enum err *ret, struct frame_need *ret_need)
{
    struct frame_range known[FRAME_KNOWN];
    unsigned n = is_whole (&r->handle) ? 0 : r->handle.n_known;
    for (unsigned i = 0; i < n; i++)
        known[i] = (struct frame_range){ r->handle.known[i].at, r->handle.known[i].length };
    struct error e = { .code = ERR_OK };
    input_init_parts (in, r->handle.fd, r->handle.facts.size, extension, known, n, is_final);
    in->block = block;
    *ret = extract (in, meta, &e);
    *ret_need = (struct frame_need){ .allowance = in->read_limit, .n = in->n_missed };
    memcpy (ret_need->ranges, in->missed, sizeof in->missed);
    return input_is_waiting (in);
}

static enum err extract_remote (struct remote *r, const char *extension, const struct prefetch *p,
                                uint32_t block, json_t *meta)
{
    g_autofree struct input *in = g_new0 (struct input, 1);
    struct frame_need need;
    enum err err;
    fetch_first (r, p);
    bool is_final = false;
    while (run_once (r, in, extension, block, is_final, meta, &err, &need)) {
        assert_false (is_final);
        assert_in_range (need.n, 1, FRAME_NEEDS);
        json_object_clear (meta);
        is_final = !fetch_more (r, &need);
    }
    r->cost.rounds = r->handle.rounds;
    return err;
}

static enum err extract_whole (const char *bytes, size_t length, const char *extension,
                               json_t *meta)
{
    struct input *in = input_of (bytes, length, extension);
    struct error e;
    enum err err = extract (in, meta, &e);
    input_done (in);
    return err;
}

static void compare (const char *path, const struct prefetch *p, uint32_t block, bool prints)
{
    g_autofree char *bytes = NULL, *name = g_path_get_basename (path);
    size_t length;
    json_auto_t *expected = json_object (), *got = json_object ();
    const char *dot = strrchr (name, '.');
    g_autofree char *extension = g_ascii_strdown (dot && strlen (dot) < 16 ? dot + 1 : "", -1);
    assert_true (g_file_get_contents (path, &bytes, &length, NULL));
    struct remote r = { .bytes = (const uint8_t *) bytes,
                        .handle = { .fd = memfd_create ("object", MFD_CLOEXEC) } };
    assert_int_equal (ftruncate (r.handle.fd, (off_t) length), 0);
    r.handle.facts.size = length;
    enum err wanted = extract_whole (bytes, length, extension, expected);
    enum err err = extract_remote (&r, extension, p ? p : prefetch_find (extension), block, got);
    close (r.handle.fd);
    bool is_same = err == wanted && json_equal (got, expected);
    if (prints || !is_same)
        print_message ("%s %9zu bytes: %u rounds, %2u requests, %9llu bytes  %s\n",
                       is_same ? " " : "!", length, r.cost.rounds, r.cost.requests,
                       (unsigned long long) r.cost.bytes, name);
    if (!is_same) {
        g_autofree char *a = json_dumps (expected, JSON_SORT_KEYS),
                        *b = json_dumps (got, JSON_SORT_KEYS);
        print_message ("%s: %.2000s\n%s: %.2000s\n", error_name (wanted), a, error_name (err), b);
        if (!getenv ("TABLE"))
            fail_msg ("%s: another answer", name);
    }
}

static const struct prefetch *table_prefetch;
static uint32_t table_block;

static int visit (const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) ftw;
    if (type == FTW_F && !g_str_has_suffix (path, ".json") && st->st_size <= 128 * 1024 * 1024)
        compare (path, table_prefetch, table_block, getenv ("TABLE") && st->st_size > 65536);
    return 0;
}

static void test_samples (void **state)
{
    (void) state;
    table_prefetch = NULL;
    table_block = INPUT_BLOCK;
    assert_int_equal (nftw (getenv ("SAMPLES"), visit, 16, FTW_PHYS), 0);
}

/* Blocks so small that nearly every look beyond the head is a round. */
static void test_samples_in_small_blocks (void **state)
{
    static const struct prefetch least = { INPUT_HEAD, 0, INPUT_HEAD };
    (void) state;
    table_prefetch = &least;
    table_block = 4096;
    assert_int_equal (nftw (getenv ("SAMPLES"), visit, 16, FTW_PHYS), 0);
}

int main (int argc, char **argv)
{
    (void) argc;
    (void) argv;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_samples),
        cmocka_unit_test (test_samples_in_small_blocks),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
