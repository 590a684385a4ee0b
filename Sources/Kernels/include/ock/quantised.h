// 8-bit kernels: u8 activations x s8 weights summed exactly in 32 bits, so every instruction set gives the same bytes.
//
// The blocked layout of bytes is [batch][blocks][height][width][c] with c = ock_byte_block(channels), under every
// instruction set. As with floats, the lanes of the last block beyond the channels may hold anything.
#pragma once

/// Channels in a block of the 8-bit blocked layout: 4 up to 4 channels (pictures), else 16.
int ock_byte_block(int channels);

/// Lanes that arrays of one value an output channel are padded to: whole blocks of 16.
size_t ock_byte_lanes(int channels);

/// Forms of the inner product. They differ in speed only.
typedef enum {
    OCK_DOT_PLAIN,
    OCK_DOT_NEON,
    /// Armv8.2's SDOT.
    OCK_DOT_NEON_DOTPROD,
    /// 16-bit multiply-add of even and odd bytes, which does not saturate.
    OCK_DOT_AVX2,
    OCK_DOT_AVX_VNNI,
    OCK_DOT_AVX512,
    OCK_DOT_AVX512_VNNI,
    OCK_DOT_COUNT,
} ock_dot;

/// The form in use: what the active instruction set and the CPU allow, unless the calling thread forbids dot products.
ock_dot ock_active_dot(void);

/// Lets the calling thread's kernels do without the CPU's dot-product instructions; for tests.
void ock_forbid_dot_products(bool forbidden);

/// round(x) + zero clamped to low...high, where x is a number divided by the result's scale; rounds half to even.
typedef struct {
    int zero, low, high;
} ock_steps;

/// A convolution of bytes prepared for one shape and one form of the inner product.
typedef struct {
    ock_conv_shape shape;
    ock_dot dot;
    bool depthwise;
    /// Bytes whose sum a weight is: 1, or more where weights less their zero point leave -128...127.
    int parts;
    /// Groups after merging small ones into dense blocks, and the channels of each.
    int groups, group_in, group_out;
    /// Depthwise: how many output rows share the input rows of one interleaved line, and lines of four input rows.
    int shared_rows, row_groups;
    /// Channels in a block of the blocked layout of floats.
    int float_block;
} ock_qconv;

/// Where a run reads and writes. `bias` and `scales` have a value for each of ock_byte_lanes(out_channels) lanes:
/// result = steps(float(sum + bias) * scale). With `float_output`, float(sum + bias) * scale + float_bias is stored
/// there instead, in the blocked layout of floats; float_bias may be NULL. Batch strides in elements.
typedef struct {
    const uint8_t *input;
    const int8_t *weights;
    const int32_t *bias;
    const float *scales, *float_bias;
    uint8_t *output;
    float *float_output;
    uint8_t *scratch;
    ptrdiff_t input_batch, output_batch;
    /// The input's zero point: what padding holds.
    int in_zero;
    ock_steps steps;
    int threads;
} ock_qconv_call;

/// Prepares a convolution; `parts` as in ock_qconv.
void ock_qconv_init(ock_qconv *conv, const ock_conv_shape *shape, int parts);

size_t ock_qconv_weight_bytes(const ock_qconv *conv);
size_t ock_qconv_scratch_bytes(const ock_qconv *conv, int threads);

/// Packs weights [out][in / groups][kh][kw], each already less its zero point, and writes each output channel's sum of
/// weights to sums[ock_byte_lanes(out)]; a run's bias is the layer's bias - (in_zero - ock_dot_offset()) * sum.
void ock_qconv_pack(const ock_qconv *conv, const int16_t *weights, int8_t *packed, int32_t *sums);

/// What the inner product of this form subtracts from every activation: 0, or 128 where the CPU multiplies s8 by s8.
int ock_dot_offset(ock_dot dot);

void ock_qconv_run(const ock_qconv *conv, const ock_qconv_call *call);

/// C[m][n] from A[m][k] of bytes (rows `lda` apart) and a packed matrix; bias, scales, steps and float_output as for
/// convolutions, rows of C dense.
typedef struct {
    int m, n, k;
    ock_dot dot;
    int parts;
    const uint8_t *a;
    ptrdiff_t lda;
    const int8_t *packed;
    const int32_t *bias;
    const float *scales, *float_bias;
    uint8_t *c;
    float *float_c;
    ock_steps steps;
    int threads;
} ock_qgemm_call;

size_t ock_qgemm_packed_bytes(int k, int n, int parts);

/// Packs B, [k][n] or when `transposed` [n][k], each already less its zero point; sums as for ock_qconv_pack.
void ock_qgemm_pack(const int16_t *b, bool transposed, int k, int n, int parts, ock_dot dot, int8_t *packed,
                    int32_t *sums);

void ock_qgemm(const ock_qgemm_call *call);

/// y = steps(x / scale), and back: y = (x - zero) * scale.
void ock_quantize(const float *x, uint8_t *y, size_t n, float scale, ock_steps steps, int threads);
void ock_dequantize(const uint8_t *x, float *y, size_t n, float scale, int zero, int threads);

/// The same from planar [batch][channels][area] to the blocked layout of bytes.
void ock_quantize_to_blocked(const float *x, uint8_t *y, int batch, int channels, int area, float scale,
                             ock_steps steps, int threads);
/// The same between the blocked layouts of floats and bytes.
void ock_quantize_blocked(const float *x, uint8_t *y, int batch, int channels, int area, float scale, ock_steps steps,
                          int threads);
void ock_dequantize_blocked(const uint8_t *x, float *y, int batch, int channels, int area, float scale, int zero,
                            int threads);

/// The smallest and the largest of n floats and 0.
void ock_range_with_zero(const float *x, size_t n, float *low, float *high, int threads);

/// Planar bytes to blocked and back; batch strides in bytes.
void ock_bytes_to_blocked(const uint8_t *in, uint8_t *out, int batch, int channels, int area, int threads);
void ock_bytes_from_blocked(const uint8_t *in, uint8_t *out, int batch, int channels, int area, int threads);

/// y[i] = table[x[i]]; y may be x.
void ock_byte_table(const uint8_t table[256], const uint8_t *x, uint8_t *y, size_t n, int threads);

/// A sum or a product of two quantised tensors: steps(a_scale a + (b_scale b + shift)) for a sum, whose scales are
/// already divided by the result's; steps((a - a_zero) (b - b_zero) a_scale + shift) for a product. Every sum is fused.
typedef struct {
    bool product;
    float a_scale, b_scale, shift;
    int a_zero, b_zero;
    ock_steps steps;
} ock_qbinary;

void ock_byte_binary(const ock_qbinary *op, const uint8_t *a, const uint8_t *b, uint8_t *y, size_t n, int threads);

/// Blocked: b has one value a channel ([blocks][16]); a and y have `area` pixels. All of one item's blocks.
void ock_byte_binary_channel(const ock_qbinary *op, const uint8_t *a, const uint8_t *b, uint8_t *y, size_t blocks,
                             size_t area, int threads);

/// Pooling of blocked bytes with blocks of 16; `shape->blocks` counts batch x blocks. Averages are
/// steps((sum - count * zero) * scale / count), `scale` the input's over the output's.
void ock_byte_max_pool(const ock_pool_shape *shape, const uint8_t *in, uint8_t *out, int threads);
void ock_byte_average_pool(const ock_pool_shape *shape, const uint8_t *in, uint8_t *out, float scale, int zero,
                           ock_steps steps, int threads);
/// The mean of `area` pixels of each block.
void ock_byte_global_average(const uint8_t *in, uint8_t *out, int blocks, int area, float scale, int zero,
                             ock_steps steps, int threads);
/// out[block][y][x] = in[block][rows[y]][columns[x]], blocks of 16.
void ock_byte_resize_nearest(const uint8_t *in, uint8_t *out, int blocks, int in_height, int in_width, int out_height,
                             int out_width, const int *rows, const int *columns, int threads);
