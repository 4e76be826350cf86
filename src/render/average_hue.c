/* average-hue: the mean of each colour over all pixels of the first frame, on white where they are
 * transparent. */
#include <math.h>

#include "render/ops.h"

enum err op_average_hue (struct render *r, const struct process_op *op UNUSED, struct error *e)
{
    g_autoptr (VipsImage) stats = NULL;
    struct picture *p = &r->picture;
    enum err err = picture_to_rgb (p, e);
    if (err == ERR_OK)
        err = picture_first_frame (p, e);
    if (err == ERR_OK)
        err = picture_flatten (p, e);
    if (err != ERR_OK)
        return err;
    if (vips_stats (p->image, &stats, NULL))
        return picture_failed (e);
    unsigned mean[3];
    for (int band = 0; band < 3; band++) /* row 0 is of all bands, column 4 the mean */
        mean[band] = (unsigned) lrint (*VIPS_MATRIX (stats, 4, band + 1));
    r->answer = g_string_new (NULL);
    g_string_printf (r->answer, "{\"RGB\": \"0x%02x%02x%02x\"}", mean[0], mean[1], mean[2]);
    return ERR_OK;
}
