/* Every limit of the server that is not a configuration option, by name. Sizes in bytes. */
#pragma once

#include <stdint.h>

#define KIB 1024ull
#define MIB (1024ull * KIB)
#define GIB (1024ull * MIB)

/* Names (spec sections 0 and 5). */
#define LIMIT_NAME_MAX        128 /* project and dataset names, characters */
#define LIMIT_BUCKET_NAME_MIN 3
#define LIMIT_BUCKET_NAME_MAX 63
#define LIMIT_KEY_MAX                                                                              \
    4096 /* bytes of a key that a directory may yield; longer is reported as failed */
#define LIMIT_URI_MAX (LIMIT_KEY_MAX + LIMIT_BUCKET_NAME_MAX + 8)

/* Requests. */
#define LIMIT_REQUEST_HEAD  (4 * MIB)  /* query of a request */
#define LIMIT_REQUEST_LINES (16 * KIB) /* request line and headers, without the query */
#define LIMIT_REQUEST_BODY  (8 * MIB)
#define LIMIT_PARAMS        256 /* parameters of one request */
#define LIMIT_JSON_DEPTH    32
#define LIMIT_JSON_VALUES   100000 /* in one JSON parameter */
#define LIMIT_STORE_WAIT_MS 2000   /* no action waits longer for a store: SDKs read for 3 s */

/* The OSS endpoint. */
#define LIMIT_OSS_BODY      (64 * KIB) /* of a request: a process text */
#define LIMIT_OSS_WINDOW    (1 * MIB)  /* of a remote object that is sent; two are held */
#define LIMIT_OSS_STREAMS   256        /* remote objects that are being sent */

#define LIMIT_PARAM_NAME    128   /* bytes of a parameter's name */
#define LIMIT_HEADERS       128   /* header lines of one request */
#define LIMIT_NONCE_BUCKETS 65536 /* of 64 nonces each, 8 bytes a nonce */
#define LIMIT_CONNECTIONS                                                                          \
    2560 /* of each listener, if the process may open eight times as many files; else an eighth */
#define LIMIT_CONNECTIONS_LEAST 512   /* but no fewer */
#define LIMIT_DESCRIPTORS       65536 /* numbers of descriptors that connections may have */
/* Heads of a listener that have not come whole: more, and the largest is shut. */
#define LIMIT_HEADS        (64 * MIB)
#define LIMIT_REQUESTS     (64 * MIB) /* heads and bodies of all requests being read or run */
#define LIMIT_BODY_DRAIN   (64 * MIB) /* of a refused body, read so that the answer gets through */
#define LIMIT_IDLE_S       8  /* a connection without a whole request head on which nothing moves */
#define LIMIT_BODY_IDLE_S  30 /* the same while a body is awaited */
#define LIMIT_KEPT_IDLE_S  20 /* the same between two requests */
#define LIMIT_REQUEST_MS   120000 /* from the first byte of a request to the last of its body */

#define LIMIT_LOG_REFUSALS 200 /* refused requests that have a line in the log, a second */
#define LIMIT_RATE_BUCKETS                                                                         \
    4096 /* users, addresses or projects whose requests are counted, before full buckets are       \
            dropped */

#define LIMIT_CERTIFICATE_FILE                                                                     \
    MIB                           /* of a certificate with those that it is signed by, of a key    \
                                   */
#define LIMIT_FORWARDED       32  /* addresses of X-Forwarded-For that are looked at */
#define LIMIT_TRUSTED_PROXIES 256 /* addresses and blocks */

#define LIMIT_EVENT_BODY      (4 * MIB) /* of one notification */
#define LIMIT_EVENT_RECORDS   1000      /* of one notification */
#define LIMIT_SUBSCRIPTION    1024      /* bytes of a topic's name and its token */

#define LIMIT_NOTIFY_MS       20000 /* of each request that sets up notifications of a bucket */
#define LIMIT_NOTIFY_DEPTH    16    /* elements within elements of their configuration */
#define LIMIT_NOTIFY_URL      512   /* bytes of an address under which this server is reached */

#define LIMIT_QUERY_MS        2500 /* a query that takes longer is ended: SDKs read for 3 s */

/* Access policies. */
#define LIMIT_POLICY_DOCUMENT                                                                      \
    (16 * KIB) /* bytes; RAM takes 6,144 characters and does not count those between values */
#define LIMIT_POLICY_STATEMENTS 100  /* of one document */
#define LIMIT_POLICY_VALUES     1000 /* of one list in it */
#define LIMIT_POLICY_RESOURCE                                                                      \
    (LIMIT_URI_MAX +                                                                               \
     256) /* bytes of a resource or action that is asked for; nothing allows longer ones */
#define LIMIT_POLICY_FACT 512 /* bytes of a request's User-Agent that conditions look at */

/* Users. */
#define LIMIT_USERS          1000
#define LIMIT_USER_KEYS      2     /* access keys of a user, temporary ones not counted */
#define LIMIT_USER_POLICIES  20    /* attached to a user */
#define LIMIT_POLICIES       1500  /* beside the built-in ones */
#define LIMIT_TEMPORARY_KEYS 10000 /* of all users; expired ones make room */
#define LIMIT_SESSION_MIN_S  900   /* of temporary keys */
#define LIMIT_SESSION_MAX_S  43200
#define LIMIT_SESSION_S      3600  /* of those that say nothing of it */
#define LIMIT_EXPIRED_KEEP_S 86400 /* that an expired one is told from one that never was */
#define LIMIT_USE_SAVE_S     60    /* between two writings of when keys were last used */

/* Definitions: how many there may be, and what new ones get (spec section 5). */
#define LIMIT_PROJECTS           100
#define LIMIT_TAG_CHARS          128
#define LIMIT_WORKFLOW_BYTES     (16 * KIB) /* WorkflowParameters as JSON text */
#define LIMIT_PAGE               200        /* entries of one page of a list */
#define LIMIT_AUDIT_SIGN_INS     60 /* failed ones that have a line in the audit log, a minute */
#define LIMIT_PAGE_DEFAULT       100
#define LIMIT_LIST_LEFT_OUT      2000 /* rows that its caller does not see, by one call */
#define LIMIT_LIST_MS            1000 /* that it takes for that; then the page is cut short */
#define LIMIT_LIST_FETCHED       500  /* of these, fetched at once */
#define QUOTA_DATASETS           1000000000
#define QUOTA_BINDINGS           10
#define QUOTA_FILES              100000000
#define QUOTA_ENTITIES           10000000000
#define QUOTA_RELATIONS          100000000000
#define QUOTA_TOTAL_FILE_SIZE    90000000000000000
#define QUOTA_ENGINE_CONCURRENCY 100

/* Index. */
#define LIMIT_CATALOG_KNOWN 4096 /* projects, datasets and bindings that are kept in memory */
#define LIMIT_BATCH_ROWS    500  /* rows of one write transaction */
#define LIMIT_BATCH_RESULTS                                                                        \
    128 /* of extraction that are stored together; far below those in flight, so that workers      \
           never wait */
#define LIMIT_BATCH_BYTES     (4 * MIB) /* of the results of one write transaction */
#define LIMIT_BATCH_MS        20
#define LIMIT_OPEN_DATASETS   64
#define LIMIT_BATCH_URIS      100
#define LIMIT_READERS         8          /* reader sessions of one dataset */
#define LIMIT_STATEMENTS      96         /* prepared statements that a session keeps */
#define LIMIT_NUMBERS         4096       /* codes of texts that a session remembers */
#define LIMIT_SESSION_WAIT_MS 5000       /* for a session, and for a lock of the file */
#define LIMIT_WRITE_WAIT_MS   30000      /* for a turn to write */
#define LIMIT_LOG             (32 * MIB) /* of a dataset file, until a thread moves it into the file */
#define LIMIT_LOG_MOST        (128 * MIB) /* until background writers wait for that */
#define LIMIT_SQL_VALUE       (16 * MIB)  /* one value or row */
#define LIMIT_SQL_TEXT        (1 * MIB)   /* one statement */

#define LIMIT_BODY_WORDS                                                                           \
    (8 * MIB) /* of the words of one text, in their searchable form; what follows is not found.    \
                 Part of what is stored: see DATASET_VERSION */

/* Queries (spec section 3.2). */
#define LIMIT_QUERY_CONDITIONS   100  /* of one SubQueries */
#define LIMIT_QUERY_DEPTH        5    /* SubQueries inside SubQueries */
#define LIMIT_QUERY_NODES        1000 /* of a whole query */
#define LIMIT_QUERY_VALUE        (8 * KIB)
#define LIMIT_QUERY_SORT         5 /* fields */
#define LIMIT_QUERY_FILES        100
#define LIMIT_QUERY_GROUPS       2000
#define LIMIT_QUERY_AGGREGATIONS 20
#define LIMIT_QUERY_TOKEN        (64 * KIB)
#define LIMIT_QUERY_BUCKETS      64 /* more: a condition on Filename reads all rows */

/* Scan. */
#define LIMIT_PAGE_KEYS 2000 /* keys of one listing page */
/* Splitting the listing of a remote bucket into ranges that are listed side by side. */
#define LIMIT_SPLIT_RANGES   16    /* that a range is split into at once */
#define LIMIT_SPLIT_ROWS     2000  /* a range has at least about that many keys */
#define LIMIT_SPLIT_SAMPLES  512   /* rows of the index that are looked at to find bounds */
#define LIMIT_SPLIT_PAGES    8     /* of a range, until it counts as a long one */
#define LIMIT_SPLIT_REQUESTS 64    /* to the store to find bounds */
#define LIMIT_SPLIT_KEY      900   /* bytes of a key that is looked into: stores take 1024 */
#define LIMIT_SPLIT_MS       10000 /* until it is split by what is known */

#define LIMIT_DIR_RUNS       1024 /* sorted runs of the names of one folder; more are merged */
#define LIMIT_DIR_MERGE      64   /* runs that are merged at once */
#define LIMIT_DIR_WINDOW                                                                           \
    (32 * MIB) /* names that a listing holds; what is more is put aside in sorted runs */
#define LIMIT_NEAR_MS        20   /* a folder that was found is believed to be where it was */
#define LIMIT_DIR_DEPTH      1024 /* nested folders */
#define LIMIT_DIR_OPEN       64 /* folders that a listing keeps open; the upper ones are opened again */
#define LIMIT_WATCHES        (256 * 1024) /* folders watched by a server */
#define LIMIT_UNWATCHED      4096 /* prefixes of a binding that are polled; more: all of it is */
#define LIMIT_WATCH_BATCH    512  /* events handed over at a time */
#define LIMIT_JOBS_IN_FLIGHT 512  /* objects on their way from work to the index */
#define LIMIT_RESULTS_WAITING                                                                      \
    (32 * MIB) /* results that wait to be stored: more, and no job begins until half of them are;  \
                  those that run then come on top */
#define LIMIT_STRIKES     2     /* crashes or timeouts before an object is Failed */
#define LIMIT_SETTLE_MS   2000  /* quiet time before a file counts as written */
#define LIMIT_RESTLESS_MS 60000 /* a file that never rests is indexed this often */
#define LIMIT_WORK_WAIT_NS                                                                         \
    INT64_C (3600000000000) /* work due later than that was queued before the clock was set back   \
                             */

#define LIMIT_SIDECAR_SIBLINGS                                                                     \
    256 /* objects named like a sidecar, up to a dot, that are looked at */

/* Stores over HTTP. */
#define LIMIT_STORE_WINDOW_START 32   /* requests of a store in flight, at first */
#define LIMIT_STORE_WINDOW       256  /* the same, at most */
#define LIMIT_STORE_QUEUE        4096 /* requests of a store that wait */
#define LIMIT_STORE_TRIES        8    /* of one request */
#define LIMIT_STORE_PAUSE_MS     100  /* longest pause before the second try */
#define LIMIT_STORE_PAUSE_MOST_MS                                                                  \
    5000                              /* the same before any later one                             \
                                       */
#define LIMIT_STORE_DEADLINE_MS 60000 /* of a request, all tries and waiting included */
#define LIMIT_STORE_TRY_MS      30000 /* of one try */
#define LIMIT_STORE_CONNECT_MS  5000
#define LIMIT_STORE_DRIP_BYTES                                                                     \
    256 /* a second; an answer that is slower for LIMIT_STORE_DRIP_S ends */
#define LIMIT_STORE_DRIP_S       10
#define LIMIT_STORE_READ         (64 * KIB) /* of an answer that are read at a time */
#define LIMIT_STORE_HEAD         (64 * KIB) /* of an answer: all header lines */
#define LIMIT_STORE_HEADERS      256
#define LIMIT_STORE_ERROR        (64 * KIB) /* bytes of a refusal that are looked at */
#define LIMIT_STORE_ANSWER       (8 * MIB)  /* of a body in memory, unless the request says less */
#define LIMIT_STORE_BODY         (64 * MIB) /* of a request */
#define LIMIT_STORE_BUCKETS      4096       /* of a store whose regions are remembered */
#define LIMIT_STORE_SKEW_S       86400      /* a clock that is further away is not believed */
#define LIMIT_STORE_SKEW_LEAST_S 60         /* a difference that explains nothing */
#define LIMIT_STORE_TRUST_MS                                                                       \
    60000 /* credentials that worked are believed to be right for so long */
#define LIMIT_STORE_IN_FLIGHT     1024 /* requests in flight, of all stores */
#define LIMIT_STORE_QUEUE_URGENT  256  /* urgent requests that wait although the queue is full */
#define LIMIT_STORE_SWEEP_MS      250  /* between two looks for requests whose deadline is over */
#define LIMIT_STORE_EVENTS        256  /* sockets that are served at a time */
#define LIMIT_STORE_HOPS          3    /* regions that one request is sent to */
#define LIMIT_CREDENTIALS_FILE    (64 * KIB)
#define LIMIT_CREDENTIALS_LOOK_MS 1000 /* between two looks at the file */
#define LIMIT_CREDENTIALS_EARLY_S 60   /* credentials that expire sooner are read again */

/* Ranges of remote objects. */
#define LIMIT_FETCH_ROUNDS 8           /* fetches of one object before a worker has to make do */
#define LIMIT_FETCH_OBJECT (256 * MIB) /* of one object; its extractor may allow less */
#define LIMIT_FETCH_STEP   (64 * KIB)  /* fetched where a worker lacks something, at least */
#define LIMIT_FETCH_GAP    (64 * KIB) /* between two ranges; smaller, and it is fetched with them */
#define LIMIT_FETCH_MEMORY                                                                         \
    (256 * MIB) /* of all objects on their way; one that needs more waits until it is alone */
#define LIMIT_FETCH_KEPT       (96 * MIB) /* of these: documents whose text follows later */
#define LIMIT_FETCH_KEPT_FILES 1024
#define LIMIT_FETCH_REST       (128 * KIB) /* of an object; less, and it is fetched with any range */

/* What such stores answer. */
#define LIMIT_STORE_PAGE         1000   /* keys of a page that is asked for */
#define LIMIT_STORE_EMPTY_PAGES  1000   /* pages of a listing in a row without a key */
#define LIMIT_STORE_LISTED       100000 /* buckets of one store that are listed */
#define LIMIT_STORE_TAGS         64     /* of an object */
#define LIMIT_STORE_XML_DEPTH    16     /* elements within elements of an answer */
#define LIMIT_STORE_XML_ELEMENTS 100000
#define LIMIT_STORE_XML_NAME     64         /* bytes of an element's name */
#define LIMIT_STORE_XML_TEXT     (16 * KIB) /* bytes of one value: a key, each byte as %XX */
#define LIMIT_STORE_CHECK_MS     10000      /* a bucket that was there is believed to be there */
#define LIMIT_STORE_RECHECK_MS   2000       /* a bucket that was not, or could not be asked for */

/* Descriptors that a server of remote stores must be allowed: of each object on its way and of its
 * sidecar the memory file and what workers read it by, connections, and the index. What it may have
 * beyond them is for LIMIT_FETCH_KEPT_FILES. */
#define LIMIT_REMOTE_FILES                                                                         \
    (LIMIT_JOBS_IN_FLIGHT * 4 + LIMIT_STORE_WINDOW * 2 + LIMIT_CONNECTIONS_LEAST * 2 + 512)

/* Worker. */
#define LIMIT_RESULT        (6 * MIB) /* bytes of one reply: a text of 2 MiB, escaped, and all else */
#define LIMIT_META_STRING   1024      /* bytes of a string in a list of strings */
#define LIMIT_JOB_WALL_MS   20000
#define LIMIT_JOB_CPU_MS    10000
#define LIMIT_WORKER_MEMORY (1 * GIB) /* address space */
#define LIMIT_WORKER_FILES  16        /* descriptors */
#define LIMIT_WORKER_JOBS   20000     /* jobs until a worker is replaced by a fresh one */
#define LIMIT_WORKER_STDERR 512       /* last bytes of its stderr that are kept for messages */

/* Renditions. */
#define LIMIT_RENDER_WALL_MS 20000
#define LIMIT_RENDER_CPU_MS  20000
#define LIMIT_RENDER_MEMORY  (1536 * MIB) /* address space of a renderer */
#define LIMIT_RENDER_JOBS    2000         /* jobs until a renderer is replaced by a fresh one */
#define LIMIT_RENDER_TASKS   8192         /* of its user, beyond which it starts no thread */
#define LIMIT_FONT_FILES     256          /* descriptors of one that reads fonts */
#define LIMIT_RENDER_SOURCE  (20 * MIB)   /* bytes of an image */
#define LIMIT_RENDER_OUTPUT  (64 * MIB)   /* bytes of a rendition */
#define LIMIT_PNG_PIXELS     (128 * MIB)  /* bytes of pixels; a larger PNG goes in parts */
#define LIMIT_RENDER_FRAMES  4096         /* of an animation that is processed */
#define LIMIT_READY_MS       10000        /* from the start of a worker to READY */
#define LIMIT_ALONE_MS       2000 /* until the threads that libraries had at the start have ended */
#define LIMIT_RESPAWN_MS                                                                           \
    30000 /* longest wait before a worker that keeps dying is started again                        \
           */
#define LIMIT_INPUT_READ (16 * MIB) /* bytes that one job may read of its object */

/* Renditions. */
#define LIMIT_PROCESS_TEXT    (8 * KIB) /* of a process string, decoded */
#define LIMIT_PROCESS_OPS     32        /* of a chain, and of that of a watermark's object */
#define LIMIT_PROCESS_PARAMS  32        /* that one operation is given, repeated ones included */
#define LIMIT_PROCESS_SOURCES 3         /* image watermarks of a chain */
#define LIMIT_PROCESS_TEXTS   8         /* text watermarks of a chain */
#define LIMIT_PROCESS_KEY     1024      /* bytes of a key in a process string */
#define LIMIT_SOURCE_SIDE     30000
#define LIMIT_SOURCE_PIXELS   250000000 /* of all frames */
#define LIMIT_ROTATE_SIDE     4096      /* of what rotate is given */
#define LIMIT_RESULT_SIDE     16384
#define LIMIT_RESULT_PIXELS   16777216            /* of one frame */
#define LIMIT_RESULT_FRAMES   LIMIT_SOURCE_PIXELS /* pixels of all frames of a result */
#define LIMIT_WEBP_SIDE       16383
#define LIMIT_HEIC_SIDE       4096
#define LIMIT_AVIF_WIDTH      4096
#define LIMIT_AVIF_PIXELS     9437184
#define LIMIT_STYLES          50 /* of a bucket */
#define LIMIT_STYLE_NAME      63

/* How they are made and kept. */
#define LIMIT_MEDIA_THREADS 8 /* that open sources and keep renditions */
#define LIMIT_MEDIA_FETCHES 8 /* remote sources on their way, beside those at renderers */
#define LIMIT_MEDIA_MEMORY                                                                         \
    (256 * MIB) /* of remote sources at a time; a larger one waits to be alone */
#define LIMIT_MEDIA_FETCHED   (512 * MIB) /* of one of them: the largest video that is fetched */
#define LIMIT_MEDIA_UNCACHED  MIB    /* bytes of a rendition that is answered before it is cached */
#define LIMIT_MEDIA_WAIT_MS   15000  /* that a request waits for its turn */
#define LIMIT_MEDIA_WAITERS   4096   /* requests that wait for renditions, of all */
#define LIMIT_MEDIA_SAVING    2      /* threads that save: stores that stall hold no more */
#define LIMIT_MEDIA_SAVES     256    /* renditions that wait to be saved */
#define LIMIT_MEDIA_TRIES     3      /* at a source that changes while it is read */
#define LIMIT_MEDIA_FACTS_MS  1000   /* what a remote store said of an object is believed */
#define LIMIT_MEDIA_FACTS     65536  /* objects of which that is known */
#define LIMIT_MEDIA_PLACES    16     /* folders in which objects were found just now */
#define LIMIT_MEDIA_BOUND_MS  5000   /* which datasets have a bucket is believed */
#define LIMIT_MEDIA_BOUND     4096   /* buckets of which that is known */
#define LIMIT_MEDIA_STRIKES   2      /* crashes or timeouts before a rendition is refused ... */
#define LIMIT_MEDIA_STRUCK_MS 600000 /* ... for that long */
#define LIMIT_MEDIA_STRUCK    1024   /* renditions that have a strike */
#define LIMIT_MEDIA_START_MS  5000   /* before renderers that did not come up are started again */
#define LIMIT_CACHE_OPEN      256    /* files of renditions that are kept open */
#define LIMIT_CACHE_TOUCH_S   3600   /* between two writings of when a rendition was last used */

/* EXIF. */
#define LIMIT_EXIF_ENTRIES 512  /* of one directory */
#define LIMIT_EXIF_SUBS    8    /* sub-directories of a TIFF */
#define LIMIT_EXIF_TEXT    4096 /* bytes of a text; longer is cut */
#define LIMIT_EXIF_BLOB    64   /* bytes of an undefined value; longer is left out */
#define LIMIT_EXIF_NUMBERS 64   /* numbers of an array; longer is left out */

/* XMP and IPTC. */
#define LIMIT_CAPTION        1024      /* bytes of a title or artist; longer is cut */
#define LIMIT_CAPTION_SOURCE 4096      /* bytes of such a text in the file that are looked at */
#define LIMIT_KEYWORD        256       /* bytes of a keyword; longer is cut */
#define LIMIT_KEYWORDS       256       /* of an image */
#define LIMIT_LANGUAGE       64        /* bytes of the name of a language; longer is cut */
#define LIMIT_PROFILE_NAME   256       /* bytes of the name of a colour profile; longer is cut */
#define LIMIT_ICC_PARTS      64        /* segments of a JPEG with a colour profile */
#define LIMIT_ICC_PACKED     16384     /* bytes of a packed one that are looked at */
#define LIMIT_ICC_TAGS       256       /* of a colour profile */
#define LIMIT_ICC_TEXT       512       /* bytes of such a name in the file */
#define LIMIT_XMP            (1 * MIB) /* of a packet, and of its extension */
#define LIMIT_XMP_DEPTH      64        /* elements within elements */
#define LIMIT_XMP_PREFIX     32        /* bytes of a prefix of a namespace, its NUL included */
#define LIMIT_IPTC_RECORDS   1024

/* Containers. */
#define LIMIT_SEGMENTS        16384     /* segments of a JPEG, chunks of a WebP, boxes of a HEIF */
#define LIMIT_CHUNKS          1000000   /* chunks of a PNG; LIMIT_INPUT_READ ends it before */
#define LIMIT_HEADER_LINES    4096      /* lines, cards or attributes of a header */
#define LIMIT_HEAPS           4         /* heaps within heaps of a CRW */
#define LIMIT_FRAMES          999999999 /* that a header may claim; with more it says nothing */
#define LIMIT_PICTURES        256       /* of a JPEG with several */
#define LIMIT_TRAILERS        64        /* parts of what Samsung writes behind an image */
#define LIMIT_PAGES           10000     /* of a TIFF */
#define LIMIT_ITEMS           16384     /* items of a HEIF */
#define LIMIT_ITEM_PROPERTIES 32        /* properties of one of them */
#define LIMIT_PNG_TEXTS       4096      /* texts of a PNG that are looked at, of each kind */
#define LIMIT_PNG_PACKED      64        /* of those that are compressed */
#define LIMIT_PNG_PROFILE     (256 * KIB) /* bytes of a chunk with a profile, and of its text */
#define LIMIT_ICONS           256         /* pictures of an ICO */
#define LIMIT_ZIP_MEMBERS     256         /* looked at to tell what a ZIP file is */
#define LIMIT_OLE_ENTRIES     64          /* of the directory of an OLE2 file */

/* Video and audio. */
#define LIMIT_MEDIA_HEADER_MS  500         /* CPU time of reading the header of one object */
#define LIMIT_MEDIA_LOOK_MS    1000        /* the same of looking into its streams */
#define LIMIT_MEDIA_READ       (64 * MIB)  /* bytes of one object */
#define LIMIT_MEDIA_ALLOCATION (128 * MIB) /* of one block of memory */
#define LIMIT_MEDIA_BUFFER     (32 * KIB)
#define LIMIT_MEDIA_STREAMS    512 /* of one container */
#define LIMIT_MEDIA_LISTED     64  /* of each kind that are answered, as meta.def has it */
#define LIMIT_MEDIA_COVERS     16  /* that are answered, as meta.def has it */
#define LIMIT_MEDIA_COUNT      INT64_C (999999999) /* largest small number that is answered */
#define LIMIT_MEDIA_NUMBER     INT64_C (999999999999999999) /* the same of bits and frames */
#define LIMIT_MEDIA_NAME       256 /* bytes of a codec's or layout's name; longer is cut */
#define LIMIT_MEDIA_WORD       64  /* the same of a language, format or ratio */
#define LIMIT_MEDIA_LYRIC      (64 * KIB - 1)

#define LIMIT_FILTER_PIXELS    67108864 /* of all frames of what is blurred or sharpened */

/* Frames of videos and pages of documents. */
#define LIMIT_VIDEO_READ   (256 * MIB) /* bytes of one object */
#define LIMIT_VIDEO_PIXELS 36000000    /* of a frame that is decoded: 8K */
#define LIMIT_VIDEO_MS     8000        /* CPU time to find a frame and decode up to it */
#define LIMIT_PAGE_MS      8000        /* the same to read what a page consists of */

/* Texts and archives inside of objects. */
#define LIMIT_BODY_TEXT        (2 * MIB)   /* of a document's text that is kept for search */
#define LIMIT_TEXT_READ        (2 * MIB)   /* bytes of a text that are looked at */
#define LIMIT_TEXT_AT_ONCE     KIB         /* of a document whose text needs no job of its own */
#define LIMIT_TEXT_HEAD        (16 * KIB)  /* the same while only its metadata is asked for */
#define LIMIT_TEXT_GLANCE      (4 * KIB)   /* of its words, then, for what language it is */
#define LIMIT_MARKUP_DEPTH     512         /* elements within elements of HTML and XML */
#define LIMIT_MARKUP_PIECE     (32 * KIB)  /* that such a parser is fed at a time */
#define LIMIT_ENTRY_NAMES      1000        /* of an archive or a mail that are answered */
#define LIMIT_MAIL_READ        (8 * MIB)   /* bytes of a mail that are looked at */
#define LIMIT_MAIL_HEADER      (64 * KIB)  /* of one header line, unfolded; longer is cut */
#define LIMIT_MAIL_DEPTH       16          /* parts within parts */
#define LIMIT_MAIL_PARTS       1000        /* of one mail */
#define LIMIT_MAIL_ADDRESSES   4096        /* bytes of all recipients */
#define LIMIT_RTF_READ         (8 * MIB)   /* bytes of an RTF file that are looked at */
#define LIMIT_RTF_FONTS        1000        /* fonts of an RTF file whose encoding is remembered */
#define LIMIT_RTF_DEPTH        256         /* groups within groups */
#define LIMIT_ARCHIVE_UNPACKED (64 * MIB)  /* of an archive, to find its members and read some */
#define LIMIT_RAR_BLOCKS       256         /* of a RAR that are asked whether they are encrypted */
#define LIMIT_ARCHIVE_MEMBERS  (256 * KIB) /* of an archive that is walked member by member */

/* Documents. */
#define LIMIT_PROPERTY       (16 * KIB)  /* bytes of a property that are looked at */
#define LIMIT_DOCUMENT_SIZE  (1 * GIB)   /* of a document that is decoded at all */
#define LIMIT_DOCUMENT_READ  (256 * MIB) /* bytes that a job may read of a document */
#define LIMIT_PDF_OPEN_MS    4000        /* CPU time to find its pages and what it says of itself */
#define LIMIT_PDF_MS         8500        /* the same, and to read the text of its pages */
#define LIMIT_PDF_PAGE_MS    1000        /* to read one of them; longer, and it is cut */
#define LIMIT_PDF_PAGES      10000       /* that are read for text */
#define LIMIT_PDF_TRAILER    4096        /* bytes looked at behind a cross-reference table */
#define LIMIT_ZIP_END        (65536 + 64) /* bytes at the end where the directory of a ZIP is sought */
#define LIMIT_ZIP_DIRECTORY  (8 * MIB)    /* bytes of it that are read */
#define LIMIT_ZIP_ENTRIES    65536        /* of it that are read */
#define LIMIT_ZIP_UNPACKED   (128 * MIB) /* bytes unpacked from one package */
#define LIMIT_PACKAGE_DEPTH  256         /* elements within elements */
#define LIMIT_CHAPTER        (8 * MIB)   /* bytes of a chapter of an e-book */
#define LIMIT_CHAPTERS       65536       /* of an e-book */
#define LIMIT_CHAPTER_TAG    (64 * KIB)  /* bytes of one tag in it */
#define LIMIT_OLE_SECTORS    (16 * MIB)  /* of a compound file: 8 GiB of the smaller ones */
#define LIMIT_OLE_DIRECTORY  16384       /* entries of its directory */
#define LIMIT_OLE_PROPERTIES (256 * KIB) /* bytes of a property set */
#define LIMIT_OLE_STREAM     (32 * MIB)  /* bytes of a stream that is searched for text */
#define LIMIT_OLE_TABLE      (4 * MIB)   /* bytes of the table of a text's pieces */
#define LIMIT_OLE_PIECE      (64 * KIB)  /* bytes of a piece that are looked at together */
#define LIMIT_OLE_FIELDS     32          /* fields of a text within each other */
