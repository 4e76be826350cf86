/* Reads the words of a sub-command by its table of options; writes its manual from the same. */
#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

int command_usage (const struct command *c, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    g_autofree char *message = g_strdup_vprintf (format, args);
    va_end (args);
    fprintf (stderr, "bindery %s: %s\nTry 'bindery %s --help'.\n", c->name, message, c->name);
    return EXIT_USAGE;
}

static void append_option (GString *out, const struct command_option *o)
{
    g_autofree char *left = g_strdup_printf (
        "%s--%s%s%s", o->letter ? (char[]){ '-', o->letter, ',', ' ', '\0' } : "    ", o->name,
        o->value ? " " : "", o->value ? o->value : "");
    g_string_append_printf (out, "  %-32s %s", left, o->help);
    if (o->variable)
        g_string_append_printf (out, " [$%s]", o->variable);
    g_string_append_c (out, '\n');
}

char *command_help (const struct command *c)
{
    GString *out = g_string_new (NULL);
    g_string_append_printf (out, "bindery %s: %s\n\nUsage: bindery %s%s%s [options]\n\n%s", c->name,
                            c->summary, c->name, *c->words ? " " : "", c->words, c->text);
    g_string_append (out, "\nOptions:\n");
    for (const struct command_option *o = c->options; o->name; o++)
        append_option (out, o);
    g_string_append_printf (out, "  %-32s %s\n", "-h, --help", "this text");
    return g_string_free (out, FALSE);
}

/* The option that a word names: "--name", "--name=VALUE" or "-x". */
static const struct command_option *find_option (const struct command *c, const char *word)
{
    size_t len = strcspn (word, "=");
    for (const struct command_option *o = c->options; o->name; o++) {
        if (word[1] == '-' && strlen (o->name) == len - 2 &&
            strncmp (word + 2, o->name, len - 2) == 0)
            return o;
        if (o->letter && word[1] == o->letter && !word[2])
            return o;
    }
    return NULL;
}

static int unknown_option (const struct command *c, const char *word)
{
    g_autoptr (GPtrArray) names = g_ptr_array_new ();
    for (const struct command_option *o = c->options; o->name; o++)
        g_ptr_array_add (names, (char *) o->name);
    g_ptr_array_add (names, NULL);
    g_autofree char *name = g_strndup (word, strcspn (word, "="));
    const char *nearest = text_nearest (name + strspn (name, "-"), (const char **) names->pdata);
    if (nearest)
        return command_usage (c, "unknown option %s; did you mean --%s?", name, nearest);
    return command_usage (c, "unknown option %s", name);
}

static int set_option (const struct command *c, const struct command_option *o, void *options,
                       const char *value)
{
    void *field = (char *) options + o->offset;
    switch (o->kind) {
    case COMMAND_FLAG:
        *(bool *) field = true;
        return EXIT_DONE;
    case COMMAND_STRING:
        if (*(const char **) field)
            return command_usage (c, "--%s is given twice", o->name);
        *(const char **) field = value;
        return EXIT_DONE;
    case COMMAND_LIST:
        if (!*(GPtrArray **) field)
            *(GPtrArray **) field = g_ptr_array_new ();
        g_ptr_array_add (*(GPtrArray **) field, (char *) value);
        return EXIT_DONE;
    case COMMAND_INT:
        if (!text_parse_i64 (value, field) || *(int64_t *) field < 0)
            return command_usage (c, "--%s is '%s', expected a whole number", o->name, value);
        return EXIT_DONE;
    }
    return EXIT_DONE;
}

/* Reads the option at **args and moves on by one or two words. */
static int read_option (const struct command *c, char ***args, void *options)
{
    char *word = **args;
    const struct command_option *o = find_option (c, word);
    if (!o)
        return unknown_option (c, word);
    const char *equals = word[1] == '-' ? strchr (word, '=') : NULL;
    *args += 1;
    if (o->kind == COMMAND_FLAG)
        return equals ? command_usage (c, "--%s takes no value", o->name)
                      : set_option (c, o, options, NULL);
    if (equals)
        return set_option (c, o, options, equals + 1);
    if (!**args)
        return command_usage (c, "--%s needs a value (%s)", o->name, o->value);
    return set_option (c, o, options, *(*args)++);
}

static void set_from_environment (const struct command *c, void *options)
{
    for (const struct command_option *o = c->options; o->name; o++) {
        const char *value = o->variable ? g_getenv (o->variable) : NULL;
        const char **field = (const char **) ((char *) options + o->offset);
        if (value && *value && o->kind == COMMAND_STRING && !*field)
            *field = value;
    }
}

static int check_words (const struct command *c, const GPtrArray *words)
{
    if (words->len < c->words_min)
        return command_usage (c, "expected %s", c->words);
    if (words->len > c->words_max)
        return command_usage (c, "unexpected word '%s'", (const char *) words->pdata[c->words_max]);
    return EXIT_DONE;
}

bool command_parse (const struct command *c, char **args, void *options, GPtrArray *words,
                    int *ret_exit)
{
    bool only_words = false;
    *ret_exit = EXIT_DONE;
    while (*args && *ret_exit == EXIT_DONE) {
        char *word = *args;
        bool is_option = !only_words && word[0] == '-' && word[1];
        if (is_option && strcmp (word, "--") == 0) {
            only_words = true;
            args++;
        } else if (is_option && (strcmp (word, "--help") == 0 || strcmp (word, "-h") == 0)) {
            g_autofree char *help = command_help (c);
            fputs (help, stdout);
            return false;
        } else if (is_option) {
            *ret_exit = read_option (c, &args, options);
        } else {
            g_ptr_array_add (words, *args++);
        }
    }
    set_from_environment (c, options);
    if (*ret_exit == EXIT_DONE)
        *ret_exit = check_words (c, words);
    g_ptr_array_add (words, NULL);
    return *ret_exit == EXIT_DONE;
}

void command_clear (const struct command *c, void *options)
{
    for (const struct command_option *o = c->options; o->name; o++) {
        GPtrArray **list = (GPtrArray **) ((char *) options + o->offset);
        if (o->kind == COMMAND_LIST && *list)
            g_ptr_array_unref (g_steal_pointer (list));
    }
}
