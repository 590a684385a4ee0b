// What every instruction set provides. One table each; the public functions look theirs up and call through it.
#pragma once
#include "Kernels.h"
#include <string.h>

/// One step of one direction of a recurrent layer; states are [batch][units], `units` a multiple of the block.
typedef struct {
    const ock_recurrent *layer;
    const float *packed, *projected;
    /// The input row of each sequence, or -1 where it rests.
    const int32_t *places;
    const float *before;
    float *after, *cell, *update, *reset;
    int batch, units, gates;
    /// GRU whose reset comes before the product takes two: the gates, then the candidate.
    int phase;
} ock_recurrent_step;

typedef struct {
    int block;

    size_t (*conv_weight_count)(const ock_conv *);
    void (*conv_pack)(const ock_conv *, const float *, const float *, float *);
    size_t (*conv_scratch_count)(const ock_conv *, int);
    void (*conv_run)(const ock_conv *, const ock_conv_call *);

    size_t (*gemm_packed_count)(int, int);
    int (*gemm_tiles)(int columns);
    void (*gemm_pack)(const float *, ptrdiff_t, bool, int, int, float *, int first_tile, int end_tile);
    void (*gemm)(const ock_gemm_call *);

    void (*to_blocked)(const float *, float *, int channels, int area);
    void (*from_blocked)(const float *, float *, int channels, int area);
    void (*transpose)(const float *, float *, int rows, int columns, int first_row, int end_row);

    void (*activate)(ock_act, const float *, float *, size_t);
    void (*binary)(ock_binary_kind, const float *, const float *, float *, size_t);
    void (*binary_scalar)(ock_binary_kind, const float *, float, bool, float *, size_t);
    void (*binary_lanes)(ock_binary_kind, const float *, const float *, bool, float *, size_t);

    void (*scale_shift)(const float *, const float *, const float *, float *, size_t);

    void (*max_pool)(const ock_pool_shape *, const float *, float *, int block);
    void (*average_pool)(const ock_pool_shape *, const float *, float *, int block);
    void (*global_pool)(const float *, float *, int area, bool max);
    void (*resize_nearest)(const float *, float *, int in_width, int out_height, int out_width, const int *,
                           const int *);
    void (*resize_linear)(const float *, float *, int in_width, int out_height, int out_width, const ock_tap *,
                          const ock_tap *);

    void (*softmax)(const float *, float *, size_t columns);
    void (*softmax_strided)(const float *, float *, size_t axis, size_t inner);
    void (*layer_norm)(const float *, const float *, const float *, const float *, float, float *, float *,
                       size_t columns);

    void (*picture_row)(const ock_picture *, int row, int first, int end, float *);
    void (*picture_blend)(const float *, const float *, float, float *, size_t);
    void (*picture_sample)(const float *, const int *, const float *, float, float, float *, size_t);
    void (*picture_pack)(const float *, ptrdiff_t, uint8_t *, int width);

    int (*scan_columns)(const float *, int, int, ptrdiff_t, float, ock_candidate *, int);
    int (*scan_rows)(const float *, int, int, ptrdiff_t, int, float, ock_candidate *, int);

    void (*recurrent_block)(const ock_recurrent_step *, int block);
    void (*suppress)(const float *, const float *, const float *, const float *, int, int, int, float, int32_t *);
} ock_table;

extern const ock_table ock_table_plain;
#if defined(__x86_64__)
extern const ock_table ock_table_avx2, ock_table_avx512;
#elif defined(__aarch64__)
extern const ock_table ock_table_neon;
#endif

const ock_table *ock_table_for(ock_isa isa);

/// The table of the instruction set in use.
const ock_table *ock_active_table(void);

/// Factors from brightness, less an offset, and chroma, less 128, to red, green (subtracted) and blue.
typedef struct {
    float offset, luma, red_v, green_u, green_v, blue_u;
} ock_yuv_terms;

/// The factors of a picture's matrix and range.
const ock_yuv_terms *ock_picture_terms(const ock_picture *picture);

/// Floats between the planes of a converted row of a picture: its width, a repeated last pixel, room for a vector.
static inline ptrdiff_t ock_picture_stride(int width) { return ((ptrdiff_t)width + 1 + 31) / 16 * 16; }

/// Red, green and blue (0...255) of one pixel.
void ock_picture_pixel(const ock_picture *picture, int row, int column, float rgb[3]);

/// A number of weights that are being packed, which may lie unaligned in their file.
static inline float ock_weight(const float *p) {
    float value;
    memcpy(&value, p, sizeof value);
    return value;
}

static inline int ock_min(int a, int b) { return a < b ? a : b; }
static inline int ock_max(int a, int b) { return a > b ? a : b; }

/// The start of part `i` of `count` things cut into `parts` about equal parts.
static inline size_t ock_part(size_t count, int parts, int i) { return count * (size_t)i / (size_t)parts; }

bool ock_is_depthwise(const ock_conv_shape *s);

/// How many small groups are merged into one whose channels fill whole blocks; the weights between them are zeros. All
/// groups when no smaller number does. `even`: every merged group must be of this size, else the last may be smaller.
int ock_merged_count(const ock_conv_shape *s, int block, bool even);
