#include "CPNG.h"
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

const char *ocp_png_message(const png_image *image) { return image->message; }

size_t ocp_png_size_bound(const png_image *image) { return PNG_IMAGE_PNG_SIZE_MAX(*image); }

struct ocp_reader {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t count, at;
    char message[sizeof((ocp_header *)0)->message];
};

static void fail(png_structp png, png_const_charp words) {
    ocp_reader *reader = png_get_error_ptr(png);
    strncpy(reader->message, words, sizeof reader->message - 1);
    png_longjmp(png, 1);
}

// Warnings are about what is not used here: a colour profile, a checksum of a comment.
static void ignore(png_structp png, png_const_charp words) {
    (void)png;
    (void)words;
}

static void supply(png_structp png, png_bytep to, size_t count) {
    ocp_reader *reader = png_get_io_ptr(png);
    if (count > reader->count - reader->at) png_error(png, "read beyond end of data");
    memcpy(to, reader->bytes + reader->at, count);
    reader->at += count;
}

// Everything that is neither size, palette, transparency nor pixels. Colour profiles and texts may be compressed a
// thousandfold, and gamma must not change what the samples say.
static void skip_other_chunks(png_structp png) {
    static const png_byte kinds[] = {
        'b', 'K', 'G', 'D', 0, 'c', 'H', 'R', 'M', 0, 'e', 'X', 'I', 'f', 0, 'g', 'A', 'M', 'A', 0, 'h', 'I', 'S', 'T',
        0,   'i', 'C', 'C', 'P', 0, 'i', 'T', 'X', 't', 0, 'o', 'F', 'F', 's', 0, 'p', 'C', 'A', 'L', 0, 'p', 'H', 'Y',
        's', 0,   's', 'B', 'I', 'T', 0, 's', 'C', 'A', 'L', 0, 's', 'P', 'L', 'T', 0, 's', 'R', 'G', 'B', 0, 's', 'T',
        'E', 'R', 0,   't', 'E', 'X', 't', 0, 't', 'I', 'M', 'E', 0, 'z', 'T', 'X', 't', 0};
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, kinds, sizeof kinds / 5);
}

static bool read_header(ocp_reader *reader, uint32_t side_limit, ocp_header *header) {
    if (setjmp(png_jmpbuf(reader->png))) return false;
    png_set_user_limits(reader->png, side_limit, side_limit);
    png_set_benign_errors(reader->png, 1);
    skip_other_chunks(reader->png);
    png_set_read_fn(reader->png, reader, supply);
    png_read_info(reader->png, reader->info);
    header->width = png_get_image_width(reader->png, reader->info);
    header->height = png_get_image_height(reader->png, reader->info);
    header->bits_per_pixel =
        (uint32_t)png_get_bit_depth(reader->png, reader->info) * png_get_channels(reader->png, reader->info);
    return true;
}

ocp_reader *ocp_reader_new(const void *bytes, size_t count, uint32_t side_limit, ocp_header *header) {
    strcpy(header->message, "out of memory");
    ocp_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return NULL;
    reader->bytes = bytes;
    reader->count = count;
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, fail, ignore);
    reader->info = reader->png ? png_create_info_struct(reader->png) : NULL;
    if (reader->info) {
        if (read_header(reader, side_limit, header)) return reader;
        memcpy(header->message, reader->message, sizeof header->message);
    }
    ocp_reader_free(reader);
    return NULL;
}

static void ask_for_rgb(ocp_reader *reader) {
    png_structp png = reader->png;
    // Palettes, fewer bits than eight, and transparent colours.
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    png_color_16 white = {.red = 255, .green = 255, .blue = 255, .gray = 255};
    png_set_background(png, &white, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1);
}

bool ocp_reader_pixels(ocp_reader *reader, uint8_t *rgb, size_t row_bytes, ocp_header *header) {
    if (setjmp(png_jmpbuf(reader->png))) {
        memcpy(header->message, reader->message, sizeof header->message);
        return false;
    }
    ask_for_rgb(reader);
    int passes = png_set_interlace_handling(reader->png);
    png_read_update_info(reader->png, reader->info);
    if (png_get_rowbytes(reader->png, reader->info) != (size_t)header->width * 3 || row_bytes < header->width * 3)
        png_error(reader->png, "rows are not RGB");
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t row = 0; row < header->height; row++)
            png_read_row(reader->png, rgb + row * row_bytes, NULL);
    return true;
}

void ocp_reader_free(ocp_reader *reader) {
    png_destroy_read_struct(&reader->png, &reader->info, NULL);
    free(reader);
}
