/* Credentials: given, or read from a file again and again. */
#include "store/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/macros.h"

struct shared {
    struct credential public;
    atomic_int refs;
};

struct credentials {
    pthread_mutex_t lock;
    struct credential *now; /* NULL: the file gave none so far */
    uint64_t last_number;
    char *path, *section; /* NULL: given once */
    struct stat seen;     /* the file as it was read */
    int64_t looked_ms;
    struct error trouble; /* why the file could not be used, when it was last read */
};

/* What a source says, before it is checked. */
struct parts {
    char *id, *secret, *token, *expiration;
};

static void parts_clear (struct parts *p)
{
    g_free (p->id);
    g_free (p->secret);
    g_free (p->token);
    g_free (p->expiration);
}

#define _cleanup_parts_ __attribute__ ((cleanup (parts_clear)))

static const struct {
    size_t at;
    const char *name;
} names[] = {
    { offsetof (struct parts, id), "access-key-id" },
    { offsetof (struct parts, id), "aws_access_key_id" },
    { offsetof (struct parts, id), "AccessKeyId" },
    { offsetof (struct parts, secret), "access-key-secret" },
    { offsetof (struct parts, secret), "aws_secret_access_key" },
    { offsetof (struct parts, secret), "AccessKeySecret" },
    { offsetof (struct parts, secret), "SecretAccessKey" },
    { offsetof (struct parts, token), "security-token" },
    { offsetof (struct parts, token), "aws_session_token" },
    { offsetof (struct parts, token), "SecurityToken" },
    { offsetof (struct parts, token), "SessionToken" },
    { offsetof (struct parts, token), "Token" },
    { offsetof (struct parts, expiration), "expiration" },
    { offsetof (struct parts, expiration), "Expiration" },
};

struct credential *credential_ref (struct credential *x)
{
    atomic_fetch_add (&((struct shared *) x)->refs, 1);
    return x;
}

void credential_unref (struct credential *x)
{
    if (!x || atomic_fetch_sub (&((struct shared *) x)->refs, 1) != 1)
        return;
    g_free (x->id);
    g_free (x->secret);
    g_free (x->token);
    g_free (x);
}

static bool fits_header (const char *text)
{
    for (; *text; text++)
        if (!g_ascii_isgraph (*text))
            return false;
    return true;
}

static enum err check_parts (const struct parts *p, int64_t *ret_expires_s, struct error *e)
{
    bool has_id = p->id && *p->id, has_secret = p->secret && *p->secret;
    if (has_id != has_secret)
        return FAIL (e, INVALID_ARGUMENT, "an access key %s",
                     has_id ? "has no secret" : "has no id");
    if (!has_id && p->token && *p->token)
        return FAIL (e, INVALID_ARGUMENT, "a security token without an access key");
    if ((p->id && !fits_header (p->id)) || (p->token && !fits_header (p->token)))
        return FAIL (e, INVALID_ARGUMENT,
                     "an access key id or security token with spaces, control"
                     " characters or letters beyond ASCII");
    int64_t ns = 0;
    bool has_end = p->expiration && *p->expiration;
    if (has_end && !clock_parse (p->expiration, &ns, NULL))
        return FAIL (e, INVALID_ARGUMENT, "an expiration that is no time of RFC 3339");
    *ret_expires_s = has_end ? ns / INT64_C (1000000000) : INT64_MAX;
    return ERR_OK;
}

static char *text_or_null (const char *text)
{
    return text && *text ? g_strdup (text) : NULL;
}

static bool is_same (const struct credential *x, const struct parts *p, int64_t expires_s)
{
    return g_strcmp0 (x->id, p->id) == 0 && g_strcmp0 (x->secret, p->secret) == 0 &&
           g_strcmp0 (x->token ? x->token : "", p->token ? p->token : "") == 0 &&
           x->expires_s == expires_s;
}

static void replace (struct credentials *c, const struct parts *p, int64_t expires_s)
{
    struct shared *x = g_new0 (struct shared, 1);
    x->public = (struct credential){ text_or_null (p->id), text_or_null (p->secret),
                                     text_or_null (p->token), expires_s, ++c->last_number };
    atomic_init (&x->refs, 1);
    credential_unref (c->now);
    c->now = &x->public;
}

static struct credentials *make (void)
{
    struct credentials *c = g_new0 (struct credentials, 1);
    pthread_mutex_init (&c->lock, NULL);
    c->looked_ms = INT64_MIN / 2;
    return c;
}

enum err credentials_new (const char *id, const char *secret, const char *token,
                          struct credentials **ret, struct error *e)
{
    const struct parts p = { (char *) id, (char *) secret, (char *) token, NULL };
    int64_t expires_s;
    enum err r = check_parts (&p, &expires_s, e);
    if (r != ERR_OK)
        return r;
    *ret = make ();
    replace (*ret, &p, expires_s);
    return ERR_OK;
}

struct credentials *credentials_new_file (const char *path, const char *section)
{
    struct credentials *c = make ();
    c->path = g_strdup (path);
    c->section = g_strdup (section ? section : "default");
    return c;
}

void credentials_free (struct credentials *c)
{
    if (!c)
        return;
    credential_unref (c->now);
    g_free (c->path);
    g_free (c->section);
    pthread_mutex_destroy (&c->lock);
    g_free (c);
}

static enum err read_all (int fd, const struct stat *st, char **ret, struct error *e)
{
    if (!S_ISREG (st->st_mode))
        return FAIL (e, INVALID_ARGUMENT, "it is no regular file");
    if (st->st_size > (off_t) LIMIT_CREDENTIALS_FILE)
        return FAIL (e, INVALID_ARGUMENT, "it is larger than %llu bytes", LIMIT_CREDENTIALS_FILE);
    g_autofree char *text = g_malloc (LIMIT_CREDENTIALS_FILE + 1);
    size_t len = 0;
    while (len < LIMIT_CREDENTIALS_FILE) {
        ssize_t n = read (fd, text + len, LIMIT_CREDENTIALS_FILE - len);
        if (n < 0)
            return FAIL (e, IO, "%s", g_strerror (errno));
        if (n == 0)
            break;
        len += (size_t) n;
    }
    text[len] = '\0';
    if (strlen (text) != len)
        return FAIL (e, INVALID_ARGUMENT, "it has a NUL byte");
    *ret = g_steal_pointer (&text);
    return ERR_OK;
}

static void set_part (struct parts *p, size_t i, const char *value)
{
    char **part = (char **) ((char *) p + names[i].at);
    g_free (*part);
    *part = g_strstrip (g_strdup (value));
}

static enum err parse_json (const char *text, struct parts *ret, struct error *e)
{
    json_auto_t *root = json_loads (text, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object (root))
        return FAIL (e, INVALID_ARGUMENT, "it is no JSON object");
    const json_t *inner = json_object_get (root, "Credentials");
    const json_t *from = json_is_object (inner) ? inner : root;
    for (size_t i = 0; i < N_ELEMENTS (names); i++) {
        const char *value = json_string_value (json_object_get (from, names[i].name));
        if (value)
            set_part (ret, i, value);
    }
    return ERR_OK;
}

static enum err parse_sections (const char *text, const char *section, struct parts *ret,
                                struct error *e)
{
    bool has_section = *text == '[' || strstr (text, "\n[");
    g_autofree char *whole =
        has_section ? g_strdup (text) : g_strdup_printf ("[%s]\n%s", section, text);
    g_autoptr (GKeyFile) file = g_key_file_new ();
    if (!g_key_file_load_from_data (file, whole, (gsize) -1, G_KEY_FILE_NONE, NULL))
        return FAIL (e, INVALID_ARGUMENT, "it is neither JSON nor lines of NAME = VALUE");
    if (!g_key_file_has_group (file, section))
        return FAIL (e, INVALID_ARGUMENT, "it has no section [%s]", section);
    for (size_t i = 0; i < N_ELEMENTS (names); i++) {
        g_autofree char *value = g_key_file_get_value (file, section, names[i].name, NULL);
        if (value)
            set_part (ret, i, value);
    }
    return ERR_OK;
}

/* `st` is filled as soon as the file could be looked at. */
static enum err read_file (struct credentials *c, struct stat *st, struct error *e)
{
    _cleanup_close_ int fd = open (c->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat (fd, st) < 0)
        return FAIL (e, IO, "%s", g_strerror (errno));
    g_autofree char *text = NULL;
    enum err r = read_all (fd, st, &text, e);
    if (r != ERR_OK)
        return r;
    _cleanup_parts_ struct parts p = { 0 };
    const char *start = text + strspn (text, " \t\r\n");
    r = *start == '{' ? parse_json (start, &p, e) : parse_sections (start, c->section, &p, e);
    if (r != ERR_OK)
        return r;
    int64_t expires_s = 0;
    r = check_parts (&p, &expires_s, e);
    if (r != ERR_OK)
        return r;
    if (!p.id || !*p.id)
        return FAIL (e, INVALID_ARGUMENT, "it names no access key");
    if (!c->now || !is_same (c->now, &p, expires_s))
        replace (c, &p, expires_s);
    return ERR_OK;
}

static bool is_same_file (const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Reads the file if it is another one than before. What cannot be used changes nothing. */
static void look (struct credentials *c, bool at_once)
{
    int64_t now_ms = clock_mono_ms ();
    if (!c->path || (!at_once && now_ms - c->looked_ms < LIMIT_CREDENTIALS_LOOK_MS))
        return;
    c->looked_ms = now_ms;
    struct stat st;
    if (stat (c->path, &st) == 0 && is_same_file (&st, &c->seen))
        return;
    c->seen = (struct stat){ 0 };
    if (read_file (c, &c->seen, &c->trouble) == ERR_OK)
        c->trouble = (struct error){ 0 };
}

static enum err pick (struct credentials *c, int64_t now_s, struct credential **ret,
                      struct error *e)
{
    const char *why = c->trouble.message;
    if (!c->now)
        return FAIL (e, STORE_CREDENTIALS, "no credentials in '%s': %s", c->path, why);
    if (c->now->expires_s > now_s) {
        *ret = credential_ref (c->now);
        return ERR_OK;
    }
    char end[CLOCK_TEXT_SIZE];
    clock_format (c->now->expires_s * INT64_C (1000000000), 0, end);
    return FAIL (e, STORE_CREDENTIALS, "the credentials in '%s' expired at %s%s%s", c->path, end,
                 *why ? ", and now: " : "", why);
}

enum err credentials_get (struct credentials *c, int64_t now_s, struct credential **ret,
                          struct error *e)
{
    pthread_mutex_lock (&c->lock);
    look (c, c->now && c->now->expires_s - LIMIT_CREDENTIALS_EARLY_S <= now_s);
    enum err r = pick (c, now_s, ret, e);
    pthread_mutex_unlock (&c->lock);
    return r;
}

bool credentials_refused (struct credentials *c, uint64_t number, int64_t now_s)
{
    pthread_mutex_lock (&c->lock);
    look (c, true);
    bool has_others = c->now && c->now->number != number && c->now->expires_s > now_s;
    pthread_mutex_unlock (&c->lock);
    return has_others;
}
