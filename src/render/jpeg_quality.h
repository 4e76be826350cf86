/* The quality that a JPEG was made with, by its quantisation table. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* 1 to 100, as libjpeg counts; 0 if there is no table that tells. */
int jpeg_quality (const uint8_t *bytes, size_t size);
