/* process.def and process_words.def, expanded to tables. */
#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "process/table.h"

/* clang-format off */
#define WORDS(list)     static const char *const words_##list[] = {
#define WORD(id, word)  word,
#define WORDS_END(list) NULL };
#include "process/process_words.def"

#define VALUE_INT(least, most) .value = PROCESS_VALUE_INT, .min = (least), .max = (most)
#define VALUE_WORD(list)       .value = PROCESS_VALUE_WORD, .words = words_##list
#define VALUE_WORD64(list)     VALUE_WORD (list), .is_encoded = true
#define VALUE_COLOR            .value = PROCESS_VALUE_COLOR
#define VALUE_TEXT(most)       .value = PROCESS_VALUE_TEXT, .max = (most)
#define VALUE_SOURCE           .value = PROCESS_VALUE_SOURCE

/* offsetof() wants the operation's name in each row: a type of that name in a function's scope. */
#define OP(id, name, kind, wire, flags, ec, help)                                                  \
    static const struct process_param *params_##name (void)                                        \
    {                                                                                              \
        typedef struct process_##name self;                                                        \
        static const struct process_param rows[] = {
#define REQUIRED(field, wire, kind, ec, help)                                                      \
    { ROW (field, wire, kind, ec, help), .need = PROCESS_NEED_REQUIRED },
#define OPTIONAL(field, wire, kind, ec, help)                                                      \
    { ROW (field, wire, kind, ec, help), .need = PROCESS_NEED_OPTIONAL,                            \
      .offset_has = BODY + offsetof (self, has_##field) },
#define DEFAULT(field, wire, kind, preset_, ec, help)                                              \
    { ROW (field, wire, kind, ec, help), .need = PROCESS_NEED_DEFAULT, .preset = (preset_) },
#define ROW(field, wire, kind, number, what)                                                       \
    .key = (wire), VALUE_##kind, .offset = BODY + offsetof (self, field), .ec = (number), .help = (what)
#define BODY offsetof (struct process_op, resize) /* that of every member of the union */
#define END(name)                                                                                  \
            { .key = NULL, .offset = sizeof (self) }                                               \
        };                                                                                         \
        return rows;                                                                               \
    }
#include "process/process.def"
/* clang-format on */

static const struct process_row op_rows[] = {
#define OP(id, name_, kind_, wire, flags_, ec_, help_)                                             \
    [PROCESS_##id] = { .name = (wire),                                                             \
                       .kind = PROCESS_KIND_##kind_,                                               \
                       .flags = (flags_),                                                          \
                       .ec = (ec_),                                                                \
                       .help = (help_) },
#include "process/process.def"
};

static const struct process_param *(*const op_params[]) (void) = {
#define OP(id, name, kind, wire, flags, ec, help) [PROCESS_##id] = params_##name,
#include "process/process.def"
};

static const char *const later[] = {
#define LATER(wire) wire,
#include "process/process.def"
    NULL
};

const struct process_row *process_row (enum process_op_id id)
{
    return &op_rows[id];
}

const struct process_param *process_params (enum process_op_id id)
{
    return op_params[id]();
}

const char *process_type (enum process_kind kind)
{
    static const char *const types[] = {
        [PROCESS_KIND_IMAGE] = "image",      [PROCESS_KIND_VIDEO_SNAPSHOT] = "video",
        [PROCESS_KIND_VIDEO_INFO] = "video", [PROCESS_KIND_AUDIO_INFO] = "audio",
        [PROCESS_KIND_DOC_SNAPSHOT] = "doc",
    };
    return types[kind];
}

enum process_op_id process_find (const char *type, const char *name)
{
    unsigned id = 0;
    while (id < PROCESS_N_OPS &&
           (!text_is (op_rows[id].name, name) || !text_is (process_type (op_rows[id].kind), type)))
        id++;
    return (enum process_op_id) id;
}

bool process_is_later (const char *text)
{
    return g_strv_contains (later, text);
}

const char *const *process_later (void)
{
    return later;
}

const struct process_param *process_param (enum process_op_id id, const char *key)
{
    const struct process_param *param = process_params (id);
    while (param->key != NULL && strcmp (param->key, key) != 0)
        param++;
    return param->key != NULL ? param : NULL;
}

static bool is_pointer (const struct process_param *param)
{
    return param->value == PROCESS_VALUE_TEXT || param->value == PROCESS_VALUE_SOURCE;
}

void process_forget (struct process_op *op, const char *key)
{
    const struct process_param *param = process_param (op->id, key);
    assert (param != NULL && !is_pointer (param));
    *process_field (op, param) = (int32_t) param->preset;
    if (param->need == PROCESS_NEED_OPTIONAL)
        *process_field_has (op, param) = false;
}

void process_op_init (struct process_op *op, enum process_op_id id)
{
    *op = (struct process_op){ .id = id };
    for (const struct process_param *p = process_params (id); p->key != NULL; p++)
        if (!is_pointer (p))
            process_forget (op, p->key);
}

bool process_is_preset (struct process_op *op, const struct process_param *param)
{
    switch (param->need) {
    case PROCESS_NEED_REQUIRED:
        return false;
    case PROCESS_NEED_OPTIONAL:
        return !*process_field_has (op, param);
    case PROCESS_NEED_DEFAULT:
        break;
    }
    return *process_field (op, param) == (int32_t) param->preset;
}
