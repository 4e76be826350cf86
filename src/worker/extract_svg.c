/* SVG: width, height and viewBox of the root element, in CSS pixels. Read from the head of the file
 * alone, without entities: a document type is passed over. */
#include <math.h>
#include <string.h>
#include <glib.h>

#include "worker/extract.h"
#include "worker/image.h"
#include "worker/inflate.h"

enum attribute { WIDTH, HEIGHT, VIEW_BOX, N_ATTRIBUTES };

struct svg {
    const char *at, *end;
    char values[N_ATTRIBUTES][128];
};

/* ---- the root element ---- */

static bool starts (const struct svg *s, const char *text)
{
    size_t n = strlen (text);
    return (size_t) (s->end - s->at) >= n && !memcmp (s->at, text, n);
}

/* Moves behind `text`; to the end, if it is not there. */
static void pass (struct svg *s, const char *text)
{
    const char *found = memmem (s->at, (size_t) (s->end - s->at), text, strlen (text));
    s->at = found ? found + strlen (text) : s->end;
}

/* Behind "<!DOCTYPE", to its end: the first '>' that is not within brackets or quotes. */
static void pass_doctype (struct svg *s)
{
    bool in_brackets = false;
    for (char quote = 0; s->at < s->end; s->at++) {
        char c = *s->at;
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '[' || c == ']')
            in_brackets = c == '[';
        else if (c == '>' && !in_brackets)
            return;
    }
}

/* Moves behind the name of the first element; false if that is no svg. */
static bool find_root (struct svg *s)
{
    for (pass (s, "<"); s->at < s->end; pass (s, "<")) {
        if (starts (s, "?"))
            pass (s, "?>");
        else if (starts (s, "!--"))
            pass (s, "-->");
        else if (starts (s, "!"))
            pass_doctype (s);
        else
            break;
    }
    const char *name = s->at;
    while (s->at < s->end && !g_ascii_isspace (*s->at) && *s->at != '>' && *s->at != '/') {
        if (*s->at == ':')
            name = s->at + 1;
        s->at++;
    }
    return s->at - name == 3 && !memcmp (name, "svg", 3);
}

/* ---- its attributes ---- */

static void pass_space (struct svg *s)
{
    while (s->at < s->end && g_ascii_isspace (*s->at))
        s->at++;
}

static void keep_value (struct svg *s, const char *name, size_t name_length, const char *value,
                        size_t length)
{
    static const char *const names[] = { "width", "height", "viewBox" };
    for (enum attribute a = 0; a < N_ATTRIBUTES; a++)
        if (strlen (names[a]) == name_length && !memcmp (names[a], name, name_length) &&
            length < sizeof s->values[a]) {
            memcpy (s->values[a], value, length);
            s->values[a][length] = '\0';
        }
}

/* One attribute; false at the end of the element, or if it is damaged. */
static bool take_attribute (struct svg *s)
{
    pass_space (s);
    const char *name = s->at;
    while (s->at < s->end && !strchr ("= \t\r\n/>", *s->at))
        s->at++;
    size_t name_length = (size_t) (s->at - name);
    pass_space (s);
    if (!name_length || !starts (s, "="))
        return false;
    s->at++;
    pass_space (s);
    if (!starts (s, "\"") && !starts (s, "'"))
        return false;
    char quote = *s->at++;
    const char *end = memchr (s->at, quote, (size_t) (s->end - s->at));
    if (!end)
        return false;
    keep_value (s, name, name_length, s->at, (size_t) (end - s->at));
    s->at = end + 1;
    return true;
}

/* ---- lengths ---- */

static const struct {
    char name[3];
    double pixels;
} units[] = { { "", 1 },           { "px", 1 },         { "pt", 96.0 / 72 }, { "pc", 16 },
              { "mm", 96 / 25.4 }, { "cm", 96 / 2.54 }, { "in", 96 } };

/* In pixels; 0 if it is none, or relative to where the image is shown. */
static double parse_length (char *text)
{
    char *end = g_strstrip (text);
    double value = g_ascii_isdigit (*end) || *end == '.' ? g_ascii_strtod (text, &end) : 0;
    for (size_t i = 0; i < G_N_ELEMENTS (units); i++)
        if (!strcmp (end, units[i].name))
            return value * units[i].pixels;
    return 0;
}

/* Width and height of "x y width height". */
static void parse_view_box (const char *text, double ret[2])
{
    double numbers[4];
    for (unsigned i = 0; i < 4; i++) {
        char *end;
        text += strspn (text, ", \t\r\n");
        numbers[i] = g_ascii_strtod (text, &end);
        if (end == text || !isfinite (numbers[i]))
            return;
        text = end;
    }
    ret[0] = MAX (numbers[2], 0);
    ret[1] = MAX (numbers[3], 0);
}

static uint64_t pixels (double value)
{
    return value > 0 && value < INT32_MAX ? MAX ((uint64_t) (value + 0.5), 1) : 0;
}

/* A length that is missing follows from the other one and the shape of the viewBox. */
static void settle_size (struct svg *s, struct image *image)
{
    double box[2] = { 0, 0 };
    double width = parse_length (s->values[WIDTH]), height = parse_length (s->values[HEIGHT]);
    parse_view_box (s->values[VIEW_BOX], box);
    bool has_shape = box[0] > 0 && box[1] > 0;
    if (width <= 0 && has_shape)
        width = height > 0 ? height * box[0] / box[1] : box[0];
    if (height <= 0 && has_shape)
        height = width * box[1] / box[0];
    image->width = pixels (width);
    image->height = pixels (height);
}

/* The start of the drawing, which may be packed (SVGZ). */
static GByteArray *unpack (const struct input *in)
{
    bool is_packed = in->head_length > 2 && !memcmp (in->head, "\x1f\x8b", 2);
    return is_packed ? inflate_start (in->head, in->head_length, INPUT_HEAD) : NULL;
}

/* An SVG need not have a size. */
enum err extract_svg (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_image_ struct image image;
    image_init (&image, "svg");
    g_autoptr (GByteArray) unpacked = unpack (in);
    const char *start = (const char *) (unpacked ? unpacked->data : in->head);
    struct svg s = { .at = start, .end = start + (unpacked ? unpacked->len : in->head_length) };
    if (find_root (&s)) {
        while (take_attribute (&s)) {}
        settle_size (&s, &image);
    }
    return image.width && image.height ? image_report (in, &image, meta, e) : ERR_OK;
}
