/* The table of fonts, and fontconfig's start. */
#include "render/fonts.h"

#include <fontconfig/fontconfig.h>

#define ALL_ELSE ", WenQuanYi Zen Hei, WenQuanYi Micro Hei, Droid Sans Fallback, sans"

/* The first that is installed is taken. The four of Founder Type are not free: Song, Kai and Hei
 * are styles that free fonts exist of, Fangsong is nearest to Song. */
static const char *const families[] = {
    [PROCESS_WQY_ZENHEI] = "WenQuanYi Zen Hei" ALL_ELSE,
    [PROCESS_WQY_MICROHEI] = "WenQuanYi Micro Hei" ALL_ELSE,
    [PROCESS_FANGZHENGSHUSONG] = "FZShuSong-Z01, AR PL UMing CN" ALL_ELSE,
    [PROCESS_FANGZHENGKAITI] = "FZKai-Z03, AR PL UKai CN" ALL_ELSE,
    [PROCESS_FANGZHENGHEITI] = "FZHei-B01, WenQuanYi Zen Hei" ALL_ELSE,
    [PROCESS_FANGZHENGFANGSONG] = "FZFangSong-Z02, AR PL UMing CN" ALL_ELSE,
    [PROCESS_DROIDSANSFALLBACK] = "Droid Sans Fallback" ALL_ELSE,
};

/* Not the desktop's taste but the same on every machine: grey edges, glyphs where they belong. */
static PangoContext *new_context (void)
{
    PangoContext *context = pango_font_map_create_context (pango_cairo_font_map_get_default ());
    cairo_font_options_t *options = cairo_font_options_create ();
    cairo_font_options_set_antialias (options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style (options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics (options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options (context, options);
    cairo_font_options_destroy (options);
    return context;
}

PangoLayout *fonts_layout (enum process_font font, int size, const char *text)
{
    g_autoptr (PangoContext) context = new_context ();
    g_autoptr (PangoFontDescription) description = pango_font_description_new ();
    PangoLayout *layout = pango_layout_new (context);
    pango_font_description_set_family_static (description, families[font]);
    pango_font_description_set_absolute_size (description, (double) size * PANGO_SCALE);
    pango_layout_set_font_description (layout, description);
    pango_layout_set_single_paragraph_mode (layout, TRUE);
    pango_layout_set_text (layout, text, -1);
    return layout;
}

/* Letters and Chinese in each font of the table, never drawn. pango asks fontconfig in threads of
 * its own, which end by themselves. */
void fonts_init (void)
{
    if (!FcInit ())
        return;
    (void) FcConfigSetRescanInterval (NULL, 0); /* what there is by now is all that there is */
    for (size_t font = 0; font < N_ELEMENTS (families); font++) {
        g_autoptr (PangoLayout) layout =
            fonts_layout ((enum process_font) font, 40, "Aa \xe4\xb8\xad\xe6\x96\x87");
        (void) pango_layout_get_line_count (layout);
    }
}
