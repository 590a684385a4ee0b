// Shim over libpng (libpng-dev), which keeps libpng's setjmp on the C side.
#pragma once
#include <png.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What libpng says of the last failure (or warning) of a picture that it writes.
const char *ocp_png_message(const png_image *image);

/// An upper bound for the compressed size of `image`, header and chunks included (PNG_IMAGE_PNG_SIZE_MAX).
size_t ocp_png_size_bound(const png_image *image);

/// Reads one picture out of memory.
typedef struct ocp_reader ocp_reader;

/// What a picture's header says, and what went wrong.
typedef struct {
    uint32_t width, height;
    /// Bits of a pixel as it is stored.
    uint32_t bits_per_pixel;
    /// libpng's words where a call failed.
    char message[128];
} ocp_header;

/// Reads the header of the picture at `bytes`, which must stay where they are; NULL where there is none, with a message.
///
/// Sides above `side_limit` are refused.
ocp_reader *ocp_reader_new(const void *bytes, size_t count, uint32_t side_limit, ocp_header *header);

/// Reads the pixels as packed RGB of eight bits into `rgb`, rows of `row_bytes`: the upper bytes of 16-bit samples,
/// without gamma or colour profile; transparent pixels lie over white. False on failure, with a message.
bool ocp_reader_pixels(ocp_reader *reader, uint8_t *rgb, size_t row_bytes, ocp_header *header);

void ocp_reader_free(ocp_reader *reader);

/// Bytes for a message of libpng.
#define OCP_PNG_MESSAGE 96

/// Reads a grey PNG of 16 bits as its samples are, without regard to gamma, into `out` (width * height, in the machine's byte
/// order). 1, or 0 with the reason in `message` where the file is damaged or not of this size and kind.
int ocp_png_read_grey16(
    const unsigned char *bytes, size_t count, uint32_t width, uint32_t height, uint16_t *out, char message[OCP_PNG_MESSAGE]);
