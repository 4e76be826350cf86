/* What a kind of worker may use: one row in profile.c for each. The server keeps the deadline, the
 * worker takes the rest upon itself before it has seen an object; which system calls it may make is
 * in worker/syscalls.c, how long a reply may be in frame.c.
 *
 * Threads: any; the rows are constant. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum profile_id { PROFILE_EXTRACT, PROFILE_RENDER, PROFILE_RENDER_TEXT, PROFILES };

struct profile {
    enum profile_id id;
    const char *name; /* first argument of the program */
    uint32_t wall_ms; /* a job, by the clock on the wall: then the worker is killed */
    uint32_t cpu_ms;  /* a job, of CPU time: then the worker ends itself */
    uint64_t memory;  /* bytes of address space, the libraries' own included */
    uint32_t files;   /* descriptors */
    uint32_t jobs;    /* until the worker is replaced by a fresh one */
    uint64_t output;  /* bytes that it may write into a file that it was given */
    uint32_t tasks;   /* threads; the kernel counts all of the user's, of root none */
    bool reads_fonts; /* and what is beside them in their folders, nothing else */
};

const struct profile *profile_get (enum profile_id id);

/* NULL if there is none of that name. */
const struct profile *profile_find (const char *name);
