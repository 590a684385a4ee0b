// From a camera's pixels to a network's input in one pass: colour, resize, letterbox, normalisation, planar floats.
#pragma once

typedef enum {
    OCK_PIXELS_RGB24,
    OCK_PIXELS_BGR24,
    OCK_PIXELS_RGBA32,
    OCK_PIXELS_GRAY8,
    OCK_PIXELS_YUYV,
    OCK_PIXELS_UYVY,
    OCK_PIXELS_NV12,
    OCK_PIXELS_YUV420,
    OCK_PIXELS_YUV422,
} ock_pixels;

/// How brightness and chroma make red, green and blue.
typedef enum {
    OCK_MATRIX_BT601,
    OCK_MATRIX_BT709,
    OCK_MATRIX_BT2020,
    OCK_MATRIX_SMPTE240,
} ock_matrix;

/// A picture in memory: planes as the format has them, bytes a row for each. YUV is of the full range when `full_range`,
/// else 16...235.
typedef struct {
    ock_pixels format;
    bool full_range;
    ock_matrix matrix;
    int width, height;
    const uint8_t *planes[3];
    ptrdiff_t row_bytes[3];
} ock_picture;

/// Which part of the picture lands where. The source rectangle (pixels, may be fractional) is resampled bilinearly,
/// half-pixel centres, onto the target rectangle; the rest of the output is filled.
typedef struct {
    /// The pixels that may be read, a part of the picture that is not empty; samples beyond take the nearest.
    int first_column, end_column, first_row, end_row;
    double source_x, source_y, source_width, source_height;
    int target_x, target_y, target_width, target_height;
    int out_width, out_height;
    /// Output planes in the order blue, green, red instead of red, green, blue.
    bool bgr;
    /// out = value (0...255) * scale[plane] + shift[plane]; `fill` is a value of 0...255 before that.
    float scale[3], shift[3], fill[3];
} ock_picture_map;

/// Floats of scratch that ock_picture_to_planes needs for a picture of this width and a map of this width.
size_t ock_picture_scratch_count(int source_width, int target_width, int threads);

/// Writes three planes of out_height x out_width floats. The caller has checked that the planes reach far enough and
/// that the target rectangle lies inside the output.
void ock_picture_to_planes(const ock_picture *picture, const ock_picture_map *map, float *out, float *scratch,
                           int threads);

/// The picture as packed RGB24 of its own size, rounded to nearest; `row_bytes` at least 3 * width.
/// `scratch` as for ock_picture_to_planes.
void ock_picture_to_rgb(const ock_picture *picture, uint8_t *out, ptrdiff_t row_bytes, float *scratch, int threads);
