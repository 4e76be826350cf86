/* Filters that look at a pixel's neighbours: blurred copies of a picture, mixed with it.
 *
 * A kernel is one half of a symmetric, separable one: the weight of the pixel itself, then those
 * of its neighbours up to the radius; its sum, with all but the first counted twice, is 1. Beyond
 * an edge the pixel at it goes on. Frames do not see each other. Colour that is transparent
 * does not bleed.
 *
 * Threads: one. */
#pragma once

#include "base/error.h"
#include "render/picture.h"

#define FILTER_RADIUS 50 /* no kernel is wider */

/* A Gaussian of this standard deviation, cut off at `radius`, 1 to FILTER_RADIUS. */
void filter_gauss (float kernel[FILTER_RADIUS + 1], int radius, double sigma);

/* Each pixel becomes `own` times itself and `blurred` times its blurred self. */
NODISCARD enum err filter_run (struct picture *p, const float *kernel, int radius, float own,
                               float blurred, struct error *e);
