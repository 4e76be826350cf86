/* bindery serve: puts the parts of the server together, runs until a signal, takes them apart. */
#include "cli/commands.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <glib.h>

#include "api/call.h"
#include "api/keyring.h"
#include "api/rates.h"
#include "auth/keys.h"
#include "auth/nonces.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/datadir.h"
#include "cli/listeners.h"
#include "cli/openstores.h"
#include "cli/signals.h"
#include "http/server.h"
#include "index/operators.h"
#include "media/media.h"

#define REGION_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
#define STOP_CALLS_MS  2000 /* running calls get this long */
#define WARN_OF_MAX    20   /* things of one kind that the log names at the start */
#define STOP_ALL_MS    4800 /* then the process ends, whatever still runs: nothing is lost */

/* All parts, in the order in which they start; they stop in the other. */
struct server {
    struct config config;
    int lock_fd;
    struct catalog *catalog;
    struct datasets *datasets;
    struct client_thread *fetching; /* of the remote stores; NULL: there are none */
    struct stores *stores;
    struct keys *keys;
    struct keyring *keyring;
    struct nonces *nonces;
    struct scan *scan;
    struct media *media;
    struct http *http;
    char *account_id, *worker_path, *render_path;
    struct api api;
};

/* ---- Process ---- */

static void raise_file_limit (void)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit (RLIMIT_NOFILE, &limit);
}

/* Many threads that each allocate a little would otherwise hold a heap each that never shrinks. */
static void keep_memory_low (void)
{
    mallopt (M_ARENA_MAX, 2);
    mallopt (M_TRIM_THRESHOLD, 1 << 20);
    mallopt (M_MMAP_THRESHOLD, 1 << 20);
}

static void set_up_log (const struct config *c)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };
    enum log_level level = LOG_INFO;
    for (size_t i = 0; i < N_ELEMENTS (names); i++)
        if (strcmp (names[i], c->log_level) == 0)
            level = (enum log_level) i;
    log_init (level, strcmp (c->log_format, "json") == 0 ? LOG_JSON : LOG_TEXT);
}

/* ---- Parts ---- */

/* A program of ours; `option` names it. */
static enum err find_program (const char *name, const char *wanted, const char *option, char **ret,
                              struct error *e)
{
    if (*wanted) {
        *ret = g_strdup (wanted);
        return ERR_OK;
    }
    g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
    g_autofree char *dir = self ? g_path_get_dirname (self) : NULL;
    g_autofree char *beside = dir ? g_build_filename (dir, name, NULL) : NULL;
    if (beside && g_file_test (beside, G_FILE_TEST_IS_EXECUTABLE)) {
        *ret = g_steal_pointer (&beside);
        return ERR_OK;
    }
    char *found = g_find_program_in_path (name);
    if (!found)
        return FAIL (e, UNAVAILABLE,
                     "cannot find %s, neither beside this program nor in PATH; name it with --%s",
                     name, option);
    *ret = found;
    return ERR_OK;
}

/* Found out at the start, not under load. */
static enum err check_file_limit (struct error *e)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < LIMIT_REMOTE_FILES)
        return FAIL (
            e, UNAVAILABLE,
            "this process may open %llu files; to serve remote stores it needs %d: raise the "
            "limit (ulimit -n, or LimitNOFILE= of the service)",
            (unsigned long long) limit.rlim_cur, LIMIT_REMOTE_FILES);
    return ERR_OK;
}

static enum err open_stores (struct server *s, struct error *e)
{
    enum err r = openstores (&s->config, &s->fetching, &s->stores, e);
    return r == ERR_OK && s->fetching ? check_file_limit (e) : r;
}

static void say_made_anew (const char *path)
{
    LOG (LOG_WARN, "index",
         "an older version made this dataset file: it is made anew, all bound buckets are scanned",
         LOG_STR ("file", path));
}

static enum err open_index (struct server *s, struct error *e)
{
    enum err r = catalog_open (s->config.data, &s->catalog, e);
    if (r != ERR_OK)
        return r;
    g_autoptr (GArray) ids = NULL;
    r = catalog_dataset_ids (s->catalog, &ids, e);
    if (r != ERR_OK)
        return r;
    r = datasets_open (s->config.data, ids, &s->datasets, e);
    if (r != ERR_OK)
        return r;
    datasets_set_notice (s->datasets, say_made_anew);
    return datadir_account (s->catalog, s->config.account_id, &s->account_id, e);
}

static enum err open_keys (struct server *s, struct error *e)
{
    const struct config *c = &s->config;
    enum err r = keys_open (c->data, c->access_key_id, c->access_key_secret, &s->keys, e);
    if (r != ERR_OK)
        return r;
    g_autofree char *path = g_build_filename (c->data, "nonces", NULL);
    return nonces_open (path, clock_now_ns (), &s->nonces, e);
}

/* The first of them by name. */
static void warn_of_each (const GPtrArray *names, const char *what, const char *message)
{
    for (guint i = 0; i < names->len && i < WARN_OF_MAX; i++)
        LOG (LOG_WARN, "serve", message, LOG_STR (what, names->pdata[i]),
             LOG_NUM ("of", names->len));
}

static void warn_of_findings (const struct keyring_findings *f)
{
    warn_of_each (f->unreadable, "access_key_id",
                  "the secret of an access key is damaged: delete it, make another");
    warn_of_each (f->broken, "policy",
                  "a policy is none any more: it denies everything until it is");
    if (f->deleted)
        LOG (LOG_WARN, "serve", "the secret key was lost: the access keys of users are deleted",
             LOG_NUM ("deleted", f->deleted));
}

static enum err open_keyring (struct server *s, struct error *e)
{
    const struct keyring_options o = { .catalog = s->catalog,
                                       .keys = s->keys,
                                       .data = s->config.data,
                                       .secret_key_file = s->config.secret_key_file,
                                       .is_secret_key_lost = s->config.secret_key_lost };
    struct keyring_findings findings;
    enum err r = keyring_open (&o, &s->keyring, &findings, e);
    if (r != ERR_OK)
        return r;
    warn_of_findings (&findings);
    keyring_findings_clear (&findings);
    return ERR_OK;
}

/* Whoever chose `sandbox = best-effort` must know what came of it. */
static void warn_of_jail (struct scan *scan)
{
    struct scan_workers stats;
    scan_get_workers (scan, &stats);
    if (stats.jail_missing[0])
        LOG (LOG_WARN, "serve",
             "the jail of the workers is not whole: a hostile file can do more than it should",
             LOG_STR ("missing", stats.jail_missing), LOG_STR ("sandbox", "best-effort"));
}

static enum err start_scan (struct server *s, struct error *e)
{
    const struct config *c = &s->config;
    enum err r = find_program ("bindery-worker", c->worker_path, "worker-path", &s->worker_path, e);
    if (r != ERR_OK)
        return r;
    const struct scan_options o = {
        .catalog = s->catalog,
        .datasets = s->datasets,
        .stores = s->stores,
        .worker_path = s->worker_path,
        .sandbox_required = strcmp (c->sandbox, "required") == 0,
        .workers = (unsigned) c->workers,
        .scan_threads = (unsigned) c->scan_threads,
        .list_threads = (unsigned) c->list_threads,
        .objects_per_s = c->binding_objects_per_second,
        .rescan_interval_s = c->rescan_interval,
        .poll_interval_s = c->poll_interval,
        .retry_interval_s = c->retry_interval,
        .owner_id = s->account_id,
        .default_template = c->default_template,
        .timezone_min = s->api.timezone_min,
    };
    r = scan_new (&o, &s->scan, e);
    if (r == ERR_OK)
        warn_of_jail (s->scan);
    return r;
}

static void say_failed (const char *why)
{
    LOG (LOG_WARN, "media", "a renderer failed", LOG_STR ("error", why));
}

static enum err start_media (struct server *s, struct error *e)
{
    const struct config *c = &s->config;
    long cores = sysconf (_SC_NPROCESSORS_ONLN);
    g_autofree char *folder = *c->rendition_folder ? g_strdup (c->rendition_folder)
                                                   : g_build_filename (c->data, "renditions", NULL);
    enum err r = find_program ("bindery-render", c->render_path, "render-path", &s->render_path, e);
    if (r != ERR_OK)
        return r;
    const struct media_options o = {
        .stores = s->stores,
        .catalog = s->catalog,
        .datasets = s->datasets,
        .render_path = s->render_path,
        .cache_dir = folder,
        .cache_bytes = c->rendition_cache,
        .renderers = (unsigned) (c->renderers ? c->renderers : CLAMP (cores, 1, 64)),
        .queue_max = (unsigned) c->render_queue,
        .sandbox_required = strcmp (c->sandbox, "required") == 0,
        .is_warm = catalog_has_attachments (s->catalog),
        .on_failed_worker = say_failed,
    };
    return media_new (&o, &s->media, e);
}

static bool is_ready (void *arg, char *ret_reason, size_t size)
{
    struct scan_workers stats;
    scan_get_workers (arg, &stats);
    if (!stats.workers)
        g_strlcpy (ret_reason, "no worker is running", size);
    return stats.workers > 0;
}

static enum err start_http (struct server *s, struct error *e)
{
    s->api = (struct api){
        .config = &s->config,
        .catalog = s->catalog,
        .datasets = s->datasets,
        .stores = s->stores,
        .scan = s->scan,
        .media = s->media,
        .keys = s->keys,
        .keyring = s->keyring,
        .nonces = s->nonces,
        .rates = rates_new (&s->config),
        .region = s->config.region,
        .account_id = s->account_id,
        .timezone_min = s->api.timezone_min,
        .start_ns = clock_now_ns (),
    };
    enum err r = http_start (&s->api, &(struct http_hooks){ is_ready, s->scan }, &s->http, e);
    if (r != ERR_OK)
        return r;
    return listeners_announce (&s->config, s->http, e);
}

/* What no table of options can check. */
static enum err check_config (struct server *s, struct error *e)
{
    const struct config *c = &s->config;
    if (!clock_parse_zone (c->timezone, &s->api.timezone_min))
        return FAIL (e, INVALID_ARGUMENT, "timezone is '%s', expected UTC or an offset like +08:00",
                     c->timezone);
    size_t len = strlen (c->region); /* a part of ARNs, between colons */
    if (len < 1 || len > LIMIT_NAME_MAX || strspn (c->region, REGION_LETTERS) != len)
        return FAIL (e, INVALID_ARGUMENT, "region is '%s', expected letters, digits, '-' and '_'",
                     c->region);
    uint32_t operators;
    if (operators_of_template (c->default_template, &operators, NULL) == ERR_OK)
        return ERR_OK;
    g_autoptr (GString) known = g_string_new (NULL);
    for (size_t i = 0; operators_template_id (i); i++)
        g_string_append_printf (known, "%s%s", i ? ", " : "", operators_template_id (i));
    return FAIL (e, INVALID_ARGUMENT, "default-template is '%s', expected one of: %s",
                 c->default_template, known->str);
}

static enum err server_start (struct server *s, struct error *e)
{
    enum err r = datadir_lock (s->config.data, &s->lock_fd, e);
    if (r != ERR_OK)
        return r;
    datadir_remove_endpoints (s->config.data); /* of a server that was killed */
    enum err (*const steps[]) (
        struct server *, struct error *) = { check_config, open_stores, open_index,  open_keys,
                                             open_keyring, start_scan,  start_media, start_http };
    for (size_t i = 0; i < N_ELEMENTS (steps) && r == ERR_OK; i++)
        r = steps[i](s, e);
    return r;
}

/* Also of a server that only half started. */
static void server_stop (struct server *s)
{
    if (s->lock_fd >= 0)
        datadir_remove_endpoints (s->config.data);
    if (!http_stop (s->http, STOP_CALLS_MS)) {
        LOG (LOG_WARN, "serve", "a call did not end in time; stopping without it");
        nonces_close (s->nonces);
        _exit (EXIT_DONE);
    }
    rates_free (s->api.rates);
    media_free (s->media);
    scan_free (s->scan);
    nonces_close (s->nonces);
    keyring_close (s->keyring);
    keys_close (s->keys);
    if (s->datasets)
        datasets_close (s->datasets);
    if (s->catalog)
        catalog_close (s->catalog);
    stores_free (s->stores);
    client_thread_free (s->fetching);
    if (s->lock_fd >= 0)
        close (s->lock_fd);
    g_free (s->account_id);
    g_free (s->worker_path);
    g_free (s->render_path);
    config_clear (&s->config);
}

/* ---- Command ---- */

static void log_started (const struct server *s)
{
    const char *path = keys_root_path (s->keys);
    LOG (LOG_INFO, "serve", "listening", LOG_STR ("imm", http_address_imm (s->http)),
         LOG_STR ("admin", http_address_admin (s->http)),
         LOG_STR ("oss", http_address_oss (s->http)), LOG_STR ("data", s->config.data),
         LOG_STR ("region", s->config.region), LOG_STR ("account", s->account_id),
         LOG_STR ("access_key_id", keys_root (s->keys)->id),
         LOG_STR ("secret_in", path ? path : "the configuration"),
         LOG_STR ("version", BINDERY_VERSION));
}

static void run_until_signal (struct server *s, const struct signals *signals)
{
    const char *name;
    while (!signals_wait (signals, &name)) {
        LOG (LOG_INFO, "serve", "reading again what may have changed", LOG_STR ("signal", name));
        listeners_reload (&s->config, s->http);
    }
    LOG (LOG_INFO, "serve", "stopping", LOG_STR ("signal", name));
}

static int run (struct server *s)
{
    umask (077);
    raise_file_limit ();
    keep_memory_low ();
    struct signals signals;
    signals_block (&signals);
    set_up_log (&s->config);
    struct error e;
    enum err r = server_start (s, &e);
    if (r == ERR_OK) {
        log_started (s);
        run_until_signal (s, &signals);
    } else {
        LOG (LOG_ERROR, "serve", "cannot start", LOG_STR ("error", e.message));
    }
    signals_arm_deadline (STOP_ALL_MS);
    server_stop (s);
    if (r == ERR_OK)
        LOG (LOG_INFO, "serve", "stopped");
    return r == ERR_OK ? EXIT_DONE : EXIT_ERROR;
}

static void print_help (void)
{
    g_autofree char *options = config_help ();
    printf ("bindery serve: run the server\n\n"
            "Usage: bindery serve [options]\n\n"
            "Serves the IMM API and keeps the index in step with all bound buckets, until SIGTERM\n"
            "or Ctrl-C; SIGHUP has it read its certificate and open its audit log again. Each\n"
            "option has a flag, a variable (--log-level, $BINDERY_LOG_LEVEL) and a line in the\n"
            "configuration file (log-level = debug in the section [server]); a flag beats a\n"
            "variable, a variable the file.\n\n"
            "  bindery serve --data /var/lib/bindery --store /srv/buckets\n"
            "  bindery serve --data ./data --bucket photos=/home/me/Pictures --imm-listen "
            "127.0.0.1:0\n\n"
            "Options:\n"
            "  --config FILE\n"
            "        configuration file (default /etc/bindery/bindery.conf if it is there; "
            "$BINDERY_CONFIG)\n%s",
            options);
}

int cli_serve (char **args)
{
    for (char **a = args; *a; a++) {
        if (strcmp (*a, "--help") == 0 || strcmp (*a, "-h") == 0) {
            print_help ();
            return EXIT_DONE;
        }
    }
    struct server s = { .lock_fd = -1 };
    struct error e;
    if (config_load (args, &s.config, &e) != ERR_OK) {
        fprintf (stderr, "bindery serve: %s\nTry 'bindery serve --help'.\n", e.message);
        config_clear (&s.config);
        return EXIT_USAGE;
    }
    return run (&s);
}
