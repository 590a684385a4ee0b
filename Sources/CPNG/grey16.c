#include "CPNG.h"
#include <setjmp.h>
#include <string.h>

struct source {
  const unsigned char *bytes;
  size_t left;
};

static void read_bytes(png_structp png, png_bytep out, size_t count) {
  struct source *source = png_get_io_ptr(png);
  if (count > source->left) png_error(png, "Read Error");
  memcpy(out, source->bytes, count);
  source->bytes += count;
  source->left -= count;
}

static void keep_message(png_structp png, png_const_charp message) {
  char *kept = png_get_error_ptr(png);
  strncpy(kept, message, OCP_PNG_MESSAGE - 1);
  kept[OCP_PNG_MESSAGE - 1] = 0;
  longjmp(png_jmpbuf(png), 1);
}

static void ignore(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

int ocp_png_read_grey16(
    const unsigned char *bytes, size_t count, uint32_t width, uint32_t height, uint16_t *out, char message[OCP_PNG_MESSAGE]) {
  message[0] = 0;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, message, keep_message, ignore);
  if (!png) return 0;
  png_infop info = png_create_info_struct(png);
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return 0;
  }
  struct source source = {bytes, count};
  png_set_read_fn(png, &source, read_bytes);
  png_read_info(png, info);
  if (png_get_image_width(png, info) != width || png_get_image_height(png, info) != height ||
      png_get_bit_depth(png, info) != 16 || png_get_color_type(png, info) != PNG_COLOR_TYPE_GRAY)
    png_error(png, "not a grey picture of 16 bits");
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  png_set_swap(png);
#endif
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  for (int pass = 0; pass < passes; pass++)
    for (uint32_t row = 0; row < height; row++) png_read_row(png, (png_bytep)(out + (size_t)row * width), NULL);
  png_destroy_read_struct(&png, &info, NULL);
  return 1;
}
