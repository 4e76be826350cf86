/* Structured logs to standard error, one line an event, as text or JSON. Only http, scan, cli and
 * main log; each failure once. Never a secret, never a signed URL. Any thread may call. */
#pragma once

#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_AUDIT };
enum log_format { LOG_TEXT, LOG_JSON };

struct log_field {
    const char *key;
    const char *text; /* NULL: `number` is the value */
    int64_t number;
};

#define LOG_STR(k, v)                                                                              \
    {                                                                                              \
        (k), (v) ? (v) : "", 0                                                                     \
    }
#define LOG_NUM(k, v)                                                                              \
    {                                                                                              \
        (k), NULL, (int64_t) (v)                                                                   \
    }

#define LOG_END                                                                                    \
    {                                                                                              \
        NULL, NULL, 0                                                                              \
    }

/* Sets level and format for the process, LOG_ERROR at most: what is audited is always written; call
 * before threads start. Default: INFO, text. */
void log_init (enum log_level level, enum log_format format);

/* Writes one line. `fields` ends with LOG_END. Values are escaped, lines never break. */
void log_write (enum log_level level, const char *module, const char *message,
                const struct log_field *fields);

/* LOG (LOG_INFO, "scan", "page merged", LOG_STR ("bucket", b), LOG_NUM ("keys", n)); */
#define LOG(level, module, message, ...)                                                           \
    log_write ((level), (module), (message),                                                       \
               (const struct log_field[]){ __VA_OPT__ (__VA_ARGS__, ) LOG_END })
