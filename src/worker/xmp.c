/* The reader of XMP packets. GMarkup does the XML: it knows no document types, and no entities but
 * the five of XML. Namespaces are told by their address, whatever prefix a packet gives them. */
#include "worker/xmp.h"

#include <math.h>
#include <string.h>
#include <glib.h>

#include "base/limits.h"
#include "base/macros.h"
#include "worker/civil.h"

enum space { RDF, DC, XMP, PHOTOSHOP, TIFF, EXIF, CAMERA, N_SPACES };

static const char *const spaces[N_SPACES] = {
    [RDF] = "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    [DC] = "http://purl.org/dc/elements/1.1/",
    [XMP] = "http://ns.adobe.com/xap/1.0/",
    [PHOTOSHOP] = "http://ns.adobe.com/photoshop/1.0/",
    [TIFF] = "http://ns.adobe.com/tiff/1.0/",
    [EXIF] = "http://ns.adobe.com/exif/1.0/",
    [CAMERA] = "http://ns.google.com/photos/1.0/camera/",
};

enum property {
    TITLE,
    ARTIST,
    TAKEN,
    DATED,
    CREATED,
    ORIENTATION,
    LATITUDE,
    LATITUDE_REF,
    LONGITUDE,
    LONGITUDE_REF,
    RATING,
    KEYWORDS,
    LANGUAGE,
    MOTION_PHOTO,
    MICRO_VIDEO,
    N_PROPERTIES
};

/* Which items of a list count. */
enum items { DEFAULT_ITEM, FIRST_ITEM, JOINED_ITEMS, EACH_ITEM };

static const struct {
    enum space space;
    const char *name;
    enum items items;
} properties[N_PROPERTIES] = {
    [TITLE] = { DC, "title", DEFAULT_ITEM },
    [ARTIST] = { DC, "creator", JOINED_ITEMS },
    [TAKEN] = { EXIF, "DateTimeOriginal", FIRST_ITEM },
    [DATED] = { PHOTOSHOP, "DateCreated", FIRST_ITEM },
    [CREATED] = { XMP, "CreateDate", FIRST_ITEM },
    [ORIENTATION] = { TIFF, "Orientation", FIRST_ITEM },
    [LATITUDE] = { EXIF, "GPSLatitude", FIRST_ITEM },
    [LATITUDE_REF] = { EXIF, "GPSLatitudeRef", FIRST_ITEM },
    [LONGITUDE] = { EXIF, "GPSLongitude", FIRST_ITEM },
    [LONGITUDE_REF] = { EXIF, "GPSLongitudeRef", FIRST_ITEM },
    [RATING] = { XMP, "Rating", FIRST_ITEM },
    [KEYWORDS] = { DC, "subject", EACH_ITEM },
    [LANGUAGE] = { DC, "language", FIRST_ITEM },
    [MOTION_PHOTO] = { CAMERA, "MotionPhoto", FIRST_ITEM },
    [MICRO_VIDEO] = { CAMERA, "MicroVideo", FIRST_ITEM },
};

/* Depths below rdf:RDF. */
enum { DESCRIPTION = 1, PROPERTY = 2, ITEM = 4 };

struct xmp {
    GMarkupParseContext *context;
    size_t fed;
    bool is_over;
    char prefixes[N_SPACES][LIMIT_XMP_PREFIX];
    unsigned depth, rdf_depth; /* elements that are open; where rdf:RDF is, 0: nowhere */
    enum property property;    /* that is open, or N_PROPERTIES */
    bool is_default;           /* the item that is open is in the default language */
    char *values[N_PROPERTIES];
    GPtrArray *keywords;
};

/* ---- names ---- */

static void learn_prefix (struct xmp *x, const char *prefix, const char *address)
{
    for (enum space s = 0; s < N_SPACES; s++)
        if (!strcmp (address, spaces[s]) && strlen (prefix) < LIMIT_XMP_PREFIX)
            memcpy (x->prefixes[s], prefix, strlen (prefix) + 1);
}

static bool is_name (const struct xmp *x, const char *qualified, enum space space, const char *name)
{
    size_t n = strlen (x->prefixes[space]);
    return n && !strncmp (qualified, x->prefixes[space], n) && qualified[n] == ':' &&
           !strcmp (qualified + n + 1, name);
}

static enum property find_property (const struct xmp *x, const char *qualified)
{
    enum property p = 0;
    while (p < N_PROPERTIES && !is_name (x, qualified, properties[p].space, properties[p].name))
        p++;
    return p;
}

/* ---- elements ---- */

static unsigned below_rdf (const struct xmp *x)
{
    return x->rdf_depth ? x->depth - x->rdf_depth : 0;
}

static void start_element (GMarkupParseContext *context UNUSED, const char *element,
                           const char **names, const char **values, void *data, GError **error)
{
    struct xmp *x = data;
    if (++x->depth > LIMIT_XMP_DEPTH) {
        g_set_error_literal (error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT, "too deep");
        return;
    }
    x->is_default = false;
    for (unsigned i = 0; names[i]; i++) {
        if (g_str_has_prefix (names[i], "xmlns:"))
            learn_prefix (x, names[i] + strlen ("xmlns:"), values[i]);
        x->is_default =
            x->is_default || (!strcmp (names[i], "xml:lang") && !strcmp (values[i], "x-default"));
    }
    if (!x->rdf_depth && is_name (x, element, RDF, "RDF"))
        x->rdf_depth = x->depth;
    unsigned below = below_rdf (x);
    for (unsigned i = 0; names[i] && below == DESCRIPTION; i++) {
        enum property p = find_property (x, names[i]);
        if (p < N_PROPERTIES && properties[p].items == EACH_ITEM)
            caption_add_keyword (&x->keywords, values[i], strlen (values[i]));
        else if (p < N_PROPERTIES)
            caption_set (&x->values[p], values[i], strlen (values[i]));
    }
    if (below == PROPERTY)
        x->property = find_property (x, element);
}

static void end_element (GMarkupParseContext *context UNUSED, const char *element UNUSED,
                         void *data, GError **error UNUSED)
{
    struct xmp *x = data;
    if (below_rdf (x) == PROPERTY)
        x->property = N_PROPERTIES;
    if (x->depth-- == x->rdf_depth)
        x->rdf_depth = 0;
}

static void take_text (GMarkupParseContext *context UNUSED, const char *text, size_t length,
                       void *data, GError **error UNUSED)
{
    struct xmp *x = data;
    unsigned below = below_rdf (x);
    if (x->property == N_PROPERTIES || (below != PROPERTY && below != ITEM))
        return;
    char **value = &x->values[x->property];
    switch (properties[x->property].items) {
    case EACH_ITEM:
        caption_add_keyword (&x->keywords, text, length);
        break;
    case JOINED_ITEMS:
        caption_append (value, text, length);
        break;
    case DEFAULT_ITEM:
        if (x->is_default && below == ITEM)
            g_clear_pointer (value, g_free);
        caption_set (value, text, length);
        break;
    case FIRST_ITEM:
        caption_set (value, text, length);
        break;
    }
}

struct xmp *xmp_new (void)
{
    static const GMarkupParser parser = {
        .start_element = start_element,
        .end_element = end_element,
        .text = take_text,
    };
    struct xmp *x = g_new0 (struct xmp, 1);
    x->property = N_PROPERTIES;
    x->context = g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, x, NULL);
    return x;
}

void xmp_free (struct xmp *x)
{
    if (!x)
        return;
    g_markup_parse_context_free (x->context);
    for (enum property p = 0; p < N_PROPERTIES; p++)
        g_free (x->values[p]);
    g_clear_pointer (&x->keywords, g_ptr_array_unref);
    g_free (x);
}

bool xmp_feed (struct xmp *x, struct input *in, uint64_t at, uint64_t length)
{
    while (length && !x->is_over) {
        size_t step = (size_t) MIN (length, INPUT_WINDOW);
        const uint8_t *p = input_at (in, at, step);
        unsigned skip = p && !x->fed && step > 3 && !memcmp (p, "\xef\xbb\xbf", 3) ? 3 : 0;
        x->is_over = !p || x->fed + step > LIMIT_XMP ||
                     !g_markup_parse_context_parse (x->context, (const char *) p + skip,
                                                    (gssize) (step - skip), NULL);
        x->fed += step;
        at += step;
        length -= step;
    }
    return !x->is_over;
}

/* ---- values ---- */

/* "39,54.20575N" or "39,54,12.345N": degrees and minutes, or seconds too. Some programs write plain
 * numbers, with the letter in a property of its own (`ref`, may be NULL), or with a sign. */
static bool parse_degrees (const char *text, const char *ref, const char *letters, double limit,
                           double *ret)
{
    bool is_negative = *text == '-', is_plain = true;
    double sum = 0, unit = 1;
    const char *p = text + is_negative;
    for (unsigned i = 0; i < 3; i++, unit *= 60) {
        char *end;
        double value = g_ascii_isdigit (*p) ? g_ascii_strtod (p, &end) : NAN;
        if (!isfinite (value))
            return false;
        sum += value / unit;
        p = end;
        if (*p != ',')
            break;
        p++;
        is_plain = false;
    }
    char letter = *p ? *p : ref ? *ref : is_plain ? letters[is_negative] : '\0';
    if (!letter || !strchr (letters, letter) || (*p && (p[1] || is_negative)) || sum > limit)
        return false;
    *ret = letter == letters[1] ? -sum : sum;
    return true;
}

/* 0 to 5, which some programs write as "3.0"; -1 means rejected. */
static bool parse_rating (const char *text, unsigned *ret)
{
    char *end;
    double value = g_ascii_isdigit (*text) ? g_ascii_strtod (text, &end) : NAN;
    if (!isfinite (value) || *end || value > 5)
        return false;
    *ret = (unsigned) (value + 0.5);
    return true;
}

static bool is_one (const char *text)
{
    return text && !strcmp (text, "1");
}

static void report_labels (const struct xmp *x, struct caption *c)
{
    char *const *v = x->values;
    for (unsigned i = 0; x->keywords && i < x->keywords->len; i++) {
        const char *keyword = g_ptr_array_index (x->keywords, i);
        caption_add_keyword (&c->keywords, keyword, strlen (keyword));
    }
    if (v[RATING] && !c->has_rating)
        c->has_rating = parse_rating (v[RATING], &c->rating);
    if (v[LANGUAGE] && !c->language)
        c->language = caption_clean (v[LANGUAGE], strlen (v[LANGUAGE]), LIMIT_LANGUAGE);
    c->is_motion = c->is_motion || is_one (v[MOTION_PHOTO]) || is_one (v[MICRO_VIDEO]);
}

void xmp_report (const struct xmp *x, struct caption *c)
{
    char *const *v = x->values;
    char **targets[] = { &c->title, &c->artist, &c->time, &c->time, &c->time };
    for (enum property p = TITLE; p <= CREATED; p++)
        if (v[p] && (p < TAKEN || civil_is_time (v[p]))) {
            c->is_created = c->is_created || (p == CREATED && !c->time);
            caption_set (targets[p], v[p], strlen (v[p]));
        }
    const char *o = v[ORIENTATION];
    if (o && o[0] >= '1' && o[0] <= '8' && !o[1] && !c->orientation)
        c->orientation = (unsigned) (o[0] - '0');
    if (v[LATITUDE] && !c->has_latitude)
        c->has_latitude = parse_degrees (v[LATITUDE], v[LATITUDE_REF], "NS", 90, &c->latitude);
    if (v[LONGITUDE] && !c->has_longitude)
        c->has_longitude = parse_degrees (v[LONGITUDE], v[LONGITUDE_REF], "EW", 180, &c->longitude);
    report_labels (x, c);
}

void xmp_parse (struct input *in, uint64_t at, uint64_t length, struct caption *c)
{
    _cleanup_xmp_ struct xmp *x = xmp_new ();
    (void) xmp_feed (x, in, at, length);
    xmp_report (x, c);
}
