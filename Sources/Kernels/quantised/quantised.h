// What every form of the inner product provides to the 8-bit kernels. One table each.
#pragma once
#include "../table.h"

/// Lanes of a block of outputs, bytes of a block of weights four inputs deep.
#define OCK_LANES 16
#define OCK_WEIGHT_BLOCK 64

/// A tile of output blocks over a range of pixels of one item of the batch.
typedef struct {
    const ock_qconv *conv;
    const ock_qconv_call *call;
    const uint8_t *in;
    const int8_t *weights;
    /// The first output block of the tile among all, and the blocks in the tile.
    int block, blocks;
    uint8_t *out;
    float *float_out;
} ock_qdense_job;

/// One block of channels of one item.
typedef struct {
    const ock_qconv *conv;
    const ock_qconv_call *call;
    const uint8_t *in;
    const int8_t *weights;
    int block;
    uint8_t *out;
    float *float_out;
    uint8_t *line;
} ock_qdepthwise_job;

typedef struct {
    /// The most output blocks of a tile, and what the product subtracts from activations.
    int tile_blocks, offset;
    void (*dense)(const ock_qdense_job *, int first_pixel, int end_pixel);
    /// Output rows [first, end); `first` is a multiple of the convolution's shared rows.
    void (*depthwise)(const ock_qdepthwise_job *, int first_row, int end_row);
    /// Rows [first, end) of the columns of `blocks` blocks from `block` on.
    void (*gemm)(const ock_qgemm_call *, const int8_t *weights, int block, int blocks, int first, int end);

    void (*quantize)(const float *, uint8_t *, size_t, float scale, ock_steps);
    void (*dequantize)(const uint8_t *, float *, size_t, float scale, int zero);
    /// One block of `lanes` channels out of planes of `area` floats, to pixels of `width` (4 or 16) bytes.
    void (*quantize_to_blocked)(const float *, uint8_t *, int lanes, int width, int area, float scale, ock_steps);
    void (*range_with_zero)(const float *, size_t, float *low, float *high);
    void (*bytes_to_blocked)(const uint8_t *, uint8_t *, int lanes, int width, int area);
    void (*bytes_from_blocked)(const uint8_t *, uint8_t *, int lanes, int width, int area);
    void (*byte_binary)(const ock_qbinary *, const uint8_t *, const uint8_t *, uint8_t *, size_t);
    /// b: 16 lanes.
    void (*byte_binary_lanes)(const ock_qbinary *, const uint8_t *, const uint8_t *, uint8_t *, size_t area);
    void (*byte_max_pool)(const ock_pool_shape *, const uint8_t *, uint8_t *, int block);
    void (*byte_average_pool)(const ock_pool_shape *, const uint8_t *, uint8_t *, int block, float, int, ock_steps);
    void (*byte_global_average)(const uint8_t *, uint8_t *, int area, float factor, int zero, ock_steps);
} ock_qtable;

extern const ock_qtable ock_qtable_plain;
#if defined(__x86_64__)
extern const ock_qtable ock_qtable_avx2, ock_qtable_avxvnni, ock_qtable_avx512, ock_qtable_vnni;
#elif defined(__aarch64__)
extern const ock_qtable ock_qtable_neon, ock_qtable_dotprod;
#endif

const ock_qtable *ock_qtable_for(ock_dot dot);
const ock_qtable *ock_active_qtable(void);

static inline int ock_lane_blocks(int channels) { return (channels + OCK_LANES - 1) / OCK_LANES; }
/// Output blocks are cut into tiles of at most `most` as evenly as can be.
static inline int ock_qtiles(int blocks, int most) { return (blocks + most - 1) / most; }
static inline int ock_qtile_first(int blocks, int most, int tile) { return blocks * tile / ock_qtiles(blocks, most); }

/// Four-byte steps of one input block of a convolution.
static inline int ock_qsteps(int channels) { return (channels + 3) / 4; }
