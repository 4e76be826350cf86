/* A server that keeps a few objects and answers as S3 does, and a remote store of it. */
#pragma once

#include "http_fake.h"
#include "store/s3.h"

struct object {
    const char *key;
    unsigned size;     /* so many bytes of pattern() */
    const char *extra; /* header lines */
};

struct cloud {
    const struct object *objects; /* in the order in which they are listed; key NULL at the end */
    const char *buckets[8];       /* that there are; "bucket" has the objects */
    const char *region;           /* where they are; NULL: in all */
    const char *lie;              /* a whole page, in place of the second */
    bool skips;                   /* pages without keys come in between */
    unsigned version;             /* of the objects */
    bool changes;                 /* each answer is of another version */
    bool cuts;                    /* objects that are asked for without a range are cut in half */
    unsigned listed;              /* keys that were sent in pages */
    unsigned wholes;              /* of these, that were sent */
};

/* What an object has at `at`. */
char pattern (uint64_t at);

struct sky {
    struct cloud cloud;
    struct fake *fake;
    struct client_thread *thread;
    struct store *s;
    struct error e;
};

#define KEYS(...)                                                                                  \
    .cloud = { .objects = (const struct object[]){ __VA_ARGS__, { NULL } },                        \
               .buckets = { "bucket" } }

/* Name and kind may be left out. The store may be moved away: set `s` to NULL then. */
void open_sky (struct sky *y, struct s3_options o);
void close_sky (struct sky *y);
