/* Frames between the server and a worker or renderer, over a stream socket pair: a header of eight
 * bytes, then at most as many bytes as the type allows, and with a job up to FRAME_FDS descriptors
 * (SCM_RIGHTS, sent with the first byte of its frame). Both ends are on the same machine and of the
 * same build, so structs go as they are; FRAME_VERSION in READY says so.
 *
 * Every type is a row in frame.c: who may send it, in which state, how long it may be. What does
 * not fit its row is WORKER_PROTOCOL, found out before a byte of the body is read.
 *
 * Threads: none; a reader belongs to whoever reads its socket. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define FRAME_VERSION   6
#define RENDER_VERSION  1  /* grows when the same text makes another rendition of the same object */
#define FRAME_SOCKET    3  /* the worker's end */
#define FRAME_EXTENSION 16 /* bytes of an extension, with its NUL */
#define FRAME_MESSAGE   256 /* bytes of a message, with its NUL */
#define FRAME_EXTRAS    3   /* most further objects of a rendition: its image watermarks */
#define FRAME_FDS       (2 + FRAME_EXTRAS) /* most descriptors of a frame */
#define FRAME_KNOWN     16                 /* most ranges of an object that a job brings */
#define FRAME_NEEDS     8                  /* most ranges that a worker asks for at once */
#define FRAME_AHEAD                                                                                \
    16384 /* bytes that a reader takes from its socket at once: a frame with descriptors fits, so  \
             that those of the next one do not come in the middle of it */

enum frame_type {
    FRAME_READY, /* worker, once: the jail stands. struct frame_ready */
    FRAME_JOB,   /* server: an object, with its descriptor and maybe its sidecar's. struct frame_job
                  */
    FRAME_RESULT,     /* worker: the answer to the oldest job. struct frame_reply, then JSON */
    FRAME_FAIL,       /* worker: the oldest job's object is damaged. The same */
    FRAME_UNREADABLE, /* both: the oldest job's object could not be read. struct frame_reply */
    FRAME_NEED,       /* worker: the oldest job needs more of its object. struct frame_need */
    FRAME_RENDER,     /* server: a rendition to make. struct frame_render, then its text */
    FRAME_RENDERED,   /* renderer: the oldest job is done. struct frame_rendered */
    FRAME_REFUSED,    /* renderer: the oldest job cannot be done. struct frame_refused */
    FRAME_TYPES
};

/* What the reader's side knows of the conversation; a mask, so that a row can name several. */
enum frame_state {
    FRAME_STARTING = 1,   /* server: READY has not come */
    FRAME_IDLE = 2,       /* server: READY came, no job is out */
    FRAME_BUSY = 4,       /* server: at least one job is out, the oldest an extraction */
    FRAME_WORKING = 8,    /* worker: waits for a job */
    FRAME_RENDERING = 16, /* server: the same, the oldest a rendition */
    FRAME_RENDERER = 32   /* renderer: waits for a job */
};

struct frame_ready {
    uint32_t wire_version, extractor_version; /* of a renderer, RENDER_VERSION is the latter */
    char missing[FRAME_MESSAGE]; /* parts of the jail that could not be set up, "" if none */
};

/* A reply names its job by what nobody could know before the job came: one that is sent too many is
 * not taken for the next job's. */
struct frame_reply {
    uint64_t job;                /* its id */
    uint32_t left_text, unused;  /* there may be a text that was left, as the job asked */
    char message[FRAME_MESSAGE]; /* for a person: why; RESULT: what was left out, or "" */
};

/* Bytes [at, at + length) of an object. */
struct frame_range {
    uint64_t at, length;
};

struct frame_job {
    uint64_t id;                           /* random */
    uint64_t size;                         /* bytes of the object, as its version says */
    uint64_t sidecar_size;                 /* the same of the sidecar; 0 without one */
    char extension[FRAME_EXTENSION];       /* a hint, lower case, "" if none */
    uint32_t is_final;                     /* no NEED: what is known has to do */
    uint32_t n_known;                      /* 0: all of the object is there */
    uint32_t leaves_text, unused;          /* no DocumentText, and no work that only it needs */
    struct frame_range known[FRAME_KNOWN]; /* ascending, apart, not empty, inside the object */
};

/* The job is over with that; it is to be done again, from the start, with more. */
struct frame_need {
    uint64_t job;       /* its id */
    uint64_t allowance; /* bytes that are read of an object of this type, at most */
    uint32_t n, unused;
    struct frame_range ranges[FRAME_NEEDS]; /* like known[], and apart from these */
};

/* Its descriptors: the memory file that the rendition is written to, empty; the source; the objects
 * of its image watermarks, in the order of the text. `text_length` bytes of canonical text follow
 * the struct, without a NUL. */
struct frame_render {
    uint64_t id;                        /* random */
    uint64_t size;                      /* bytes of the source */
    uint64_t extra_sizes[FRAME_EXTRAS]; /* bytes of the further objects */
    uint64_t max_output;                /* bytes that may be written */
    uint32_t n_extra, text_length;
    char extension[FRAME_EXTENSION]; /* of the source's key: a hint, lower case, "" if none */
};

/* Of a picture whose frames differ in nothing but pixels; of JSON width, height, frames are 0. */
struct frame_rendered {
    uint64_t job;    /* its id */
    uint64_t size;   /* bytes of the output, from its start */
    uint32_t format; /* enum process_format */
    uint32_t width, height, frames;
};

/* Why a rendition cannot be made. */
enum frame_refusal {
    REFUSAL_DAMAGED,      /* the source is broken */
    REFUSAL_UNSUPPORTED,  /* the source is of a format that such an operation does not take */
    REFUSAL_TOO_LARGE,    /* source or result exceed a limit */
    REFUSAL_BAD_REQUEST,  /* the operation does not fit this source: a crop outside of it */
    REFUSAL_BAD_ARGUMENT, /* a parameter does not fit this source */
    REFUSAL_WATERMARK,    /* the object of a watermark is broken, or does not fit */
    REFUSALS
};

struct frame_refused {
    uint64_t job;  /* its id */
    uint32_t code; /* enum frame_refusal */
    uint32_t page; /* the vendor's page about it, as process_ec() numbers them; 0: none */
    char message[FRAME_MESSAGE]; /* for the one who asked */
};

struct frame_header {
    uint32_t type, length;
};

/* What stands behind the last '.' of a key's name, in lower case; "" if it is too long. */
void frame_extension (const char *key, char ret[FRAME_EXTENSION]);

/* A frame while it arrives. Zeroed memory (frame_reader_init()) is an empty one. */
struct frame_reader {
    struct frame_header header;
    size_t have; /* bytes of header and body so far */
    char *body;  /* header.length bytes and a NUL */
    int fds[FRAME_FDS];
    unsigned n_fds; /* came with the frame */
    /* Bytes [at, end) were read and belong to the frame or those after it. is_drained: there were
     * no more, a moment ago. */
    size_t at, end;
    bool is_drained;
    char ahead[FRAME_AHEAD];
};

void frame_reader_init (struct frame_reader *r);

/* Frees what a frame holds, and closes its descriptors: ready for the next frame. */
void frame_reader_next (struct frame_reader *r);
/* The same at the end of a stream: what was read ahead goes, too. */
void frame_reader_clear (struct frame_reader *r);

/* Reads what is there of one frame; on a blocking socket waits for all of it, at the second call if
 * the first knows that nothing was there a moment ago. `*ret_complete` says whether the frame is
 * whole; then the caller uses it and calls frame_reader_next(). CLOSED at the end of
 * the stream (between frames or within one), WORKER_PROTOCOL if the frame does not fit its row in
 * `state`, IO. */
NODISCARD enum err frame_read (struct frame_reader *r, int socket, enum frame_state state,
                               bool *ret_complete, struct error *e);

/* Sends one frame; `n_fds` descriptors go with it, and stay the caller's. On a non-blocking socket
 * a frame must fit its buffer, else IO. Never raises SIGPIPE: CLOSED if the other end is gone. */
NODISCARD enum err frame_send (int socket, enum frame_type type, const void *body, size_t length,
                               const int *fds, unsigned n_fds, struct error *e);
