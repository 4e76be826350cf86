/* Values of parameters: numbers, words, colors, encoded texts, objects of watermarks. */
#include <string.h>

#include "base/text.h"
#include "process/value.h"

/* What OSS says of a value; `reason` follows it. */
static enum err refuse (const struct process_param *param, const char *name, const char *text,
                        const char *reason, struct error *e)
{
    char ec[16];
    return FAIL_ON (e, PROCESS_ARGUMENT, process_ec (param->ec, ec),
                    "The value: %.64s of parameter: %s is invalid.%s", text, name, reason);
}

static enum err set_int (struct process_op *op, const struct process_param *param, const char *name,
                         const char *text, struct error *e)
{
    int64_t number;
    if (!text_parse_i64 (text, &number)) {
        bool is_long = text[0] != '\0' && text[strspn (text, "-0123456789")] == '\0';
        return refuse (param, name, text, is_long ? "" : "reason:Value must be digit", e);
    }
    if (number < param->min || number > param->max)
        return refuse (param, name, text, "", e);
    *process_field (op, param) = (int32_t) number;
    return ERR_OK;
}

static enum err set_color (struct process_op *op, const struct process_param *param,
                           const char *name, const char *text, struct error *e)
{
    if (strlen (text) != 6 || text[strspn (text, "0123456789abcdefABCDEF")] != '\0')
        return refuse (param, name, text, "", e);
    uint32_t color = 0;
    for (const char *c = text; *c != '\0'; c++)
        color = color << 4 | (uint32_t) g_ascii_xdigit_value (*c);
    *process_field (op, param) = (int32_t) color;
    return ERR_OK;
}

/* Decodes base64url; what it holds must be UTF-8. */
static enum err decode (const struct process_param *param, const char *text, char **ret,
                        struct error *e)
{
    char ec[16];
    g_autofree char *decoded = NULL;
    size_t len;
    if (!process_decode (text, &decoded, &len) || !text_is_utf8 (decoded, len))
        return FAIL_ON (e, PROCESS_REQUEST, process_ec (param->ec, ec),
                        "Input is not base64 decoding.");
    *ret = g_steal_pointer (&decoded);
    return ERR_OK;
}

static enum err set_word (struct process_op *op, const struct process_param *param,
                          const char *name, const char *text, struct error *e)
{
    g_autofree char *decoded = NULL;
    if (param->is_encoded) {
        enum err r = decode (param, text, &decoded, e);
        if (r != ERR_OK)
            return r;
        text = decoded;
    }
    if (strcmp (text, "jpeg") == 0)
        text = "jpg";
    int32_t i = 0;
    while (param->words[i] != NULL && strcmp (param->words[i], text) != 0)
        i++;
    if (param->words[i] == NULL || *text == '\0')
        return refuse (param, name, text, "", e);
    *process_field (op, param) = i;
    return ERR_OK;
}

static enum err set_text (struct process_reading *reading, struct process_op *op,
                          const struct process_param *param, const char *name, const char *text,
                          struct error *e)
{
    g_autofree char *decoded = NULL;
    if (*text == '\0')
        return refuse (&(struct process_param){ .ec = 258 }, name, text, "", e);
    enum err r = decode (param, text, &decoded, e);
    if (r != ERR_OK)
        return r;
    if (text_utf8_length (decoded) > (size_t) param->max)
        return FAIL (e, WATERMARK, "font content is too large: %zu characters, %d are allowed",
                     text_utf8_length (decoded), param->max);
    if (++reading->n_texts > LIMIT_PROCESS_TEXTS)
        return FAIL (e, WATERMARK, "more than %d text watermarks", LIMIT_PROCESS_TEXTS);
    g_free (*process_pointer (op, param));
    *process_pointer (op, param) = g_steal_pointer (&decoded);
    return ERR_OK;
}

static enum err read_source (struct process_reading *reading, const char *text,
                             struct process_source **ret, struct error *e)
{
    static const char separator[] = "?x-oss-process=";
    const char *question = strstr (text, separator);
    size_t key_len = question != NULL ? (size_t) (question - text) : strlen (text);
    if (key_len == 0 || key_len > LIMIT_PROCESS_KEY)
        return FAIL_ON (e, PROCESS_ARGUMENT, "0040-00000265",
                        "The key of a watermark's object has no byte, or more than %d",
                        LIMIT_PROCESS_KEY);

    struct process *process = NULL;
    if (question != NULL) {
        const char *chain = question + strlen (separator);
        struct process_reading nested = { .is_nested = true };
        enum err r = process_read (&nested, chain, strlen (chain), &process, e);
        if (r != ERR_OK)
            return r;
    }
    if (++reading->n_sources > LIMIT_PROCESS_SOURCES) {
        process_free (process);
        return FAIL (e, WATERMARK, "more than %d image watermarks", LIMIT_PROCESS_SOURCES);
    }
    struct process_source *source = g_new0 (struct process_source, 1);
    source->key = g_strndup (text, key_len);
    source->process = process;
    *ret = source;
    return ERR_OK;
}

static enum err set_source (struct process_reading *reading, struct process_op *op,
                            const struct process_param *param, const char *text, struct error *e)
{
    g_autofree char *decoded = NULL;
    enum err r = decode (param, text, &decoded, e);
    struct process_source *source = NULL;
    if (r == ERR_OK)
        r = read_source (reading, decoded, &source, e);
    if (r != ERR_OK)
        return r;
    process_source_free (*process_pointer (op, param));
    *process_pointer (op, param) = source;
    return ERR_OK;
}

enum err process_set (struct process_reading *reading, struct process_op *op,
                      const struct process_param *param, const char *name, const char *text,
                      struct error *e)
{
    enum err r = ERR_OK;
    switch (param->value) {
    case PROCESS_VALUE_INT:
        r = set_int (op, param, name, text, e);
        break;
    case PROCESS_VALUE_WORD:
        r = set_word (op, param, name, text, e);
        break;
    case PROCESS_VALUE_COLOR:
        r = set_color (op, param, name, text, e);
        break;
    case PROCESS_VALUE_TEXT:
        r = set_text (reading, op, param, name, text, e);
        break;
    case PROCESS_VALUE_SOURCE:
        r = set_source (reading, op, param, text, e);
        break;
    }
    if (r == ERR_OK && param->need == PROCESS_NEED_OPTIONAL)
        *process_field_has (op, param) = true;
    return r;
}
