// Shim over libpng's simplified API (libpng-dev), which keeps libpng's setjmp on the C side.
#pragma once
#include <png.h>

/// What libpng says of the last failure (or warning).
const char *ocp_png_message(const png_image *image);

/// An upper bound for the compressed size of `image`, header and chunks included (PNG_IMAGE_PNG_SIZE_MAX).
size_t ocp_png_size_bound(const png_image *image);
