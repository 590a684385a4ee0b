#include "CPNG.h"

const char *ocp_png_message(const png_image *image) { return image->message; }

size_t ocp_png_size_bound(const png_image *image) { return PNG_IMAGE_PNG_SIZE_MAX(*image); }
