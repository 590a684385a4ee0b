// The 8-bit kernels as their definitions say, on weights packed one block of outputs a tile.
#include "../quantised/quantised.h"
#include "plain.h"

static uint8_t steps_of(float x, ock_steps s) {
    float low = (float)(s.low - s.zero), high = (float)(s.high - s.zero);
    // What is not a number becomes the lowest.
    x = x > low ? x : low;
    return (uint8_t)((int)rintf(x < high ? x : high) + s.zero);
}

static void store(const ock_qconv *conv, const ock_qconv_call *call, uint8_t *out, float *float_out, int oc, int pixel,
                  int32_t sum) {
    ptrdiff_t area = (ptrdiff_t)conv->shape.out_height * conv->shape.out_width;
    if (float_out) {
        int block = conv->float_block;
        float *at = float_out + ((ptrdiff_t)(oc / block) * area + pixel) * block + oc % block;
        *at = fmaf((float)sum, call->scales[oc], call->float_bias ? call->float_bias[oc] : 0);
        return;
    }
    int width = ock_byte_block(conv->shape.out_channels);
    out[((ptrdiff_t)(oc / width) * area + pixel) * width + oc % width] = steps_of((float)sum * call->scales[oc], call->steps);
}

// The input at (channel, y, x), or the zero point outside.
static int input_at(const ock_qconv *conv, const ock_qconv_call *call, const uint8_t *in, int channel, int y, int x) {
    const ock_conv_shape *s = &conv->shape;
    if (y < 0 || x < 0 || y >= s->in_height || x >= s->in_width) return call->in_zero;
    int width = ock_byte_block(s->in_channels);
    return in[(((ptrdiff_t)(channel / width) * s->in_height + y) * s->in_width + x) * width + channel % width];
}

static void dense_pixel(const ock_qdense_job *job, const ock_qconv_call *call, int pixel, int lanes) {
    const ock_qconv *conv = job->conv;
    const ock_conv_shape *s = &conv->shape;
    int top = pixel / s->out_width * s->stride_y - s->pad_top, left = pixel % s->out_width * s->stride_x - s->pad_left;
    int32_t sums[OCK_LANES] = {0};
    const int8_t *w = job->weights;
    for (int part = 0; part < conv->parts; part++)
        for (int ic0 = 0; ic0 < conv->group_in; ic0 += OCK_LANES)
            for (int ky = 0; ky < s->kernel_height; ky++)
                for (int kx = 0; kx < s->kernel_width; kx++)
                    for (int ic = ic0; ic < ock_min(ic0 + OCK_LANES, conv->group_in); ic += 4, w += OCK_WEIGHT_BLOCK)
                        for (int i = 0; i < 4 && ic + i < conv->group_in; i++) {
                            int x = input_at(conv, call, job->in, ic + i, top + ky * s->dilation_y,
                                             left + kx * s->dilation_x);
                            for (int lane = 0; lane < OCK_LANES; lane++) sums[lane] += w[4 * lane + i] * x;
                        }
    for (int lane = 0; lane < lanes; lane++)
        store(conv, call, job->out, job->float_out, lane, pixel, call->bias[job->block * OCK_LANES + lane] + sums[lane]);
}

static void dense(const ock_qdense_job *job, int first, int end) {
    // The job's outputs begin at its own block.
    ock_qconv_call call = *job->call;
    call.scales += job->block * OCK_LANES;
    if (call.float_bias) call.float_bias += job->block * OCK_LANES;
    int lanes = ock_min(OCK_LANES, job->conv->shape.out_channels - job->block * OCK_LANES);
    for (int pixel = first; pixel < end; pixel++) dense_pixel(job, &call, pixel, lanes);
}

static void depthwise(const ock_qdepthwise_job *job, int first, int end) {
    const ock_qconv *conv = job->conv;
    const ock_conv_shape *s = &conv->shape;
    ock_qconv_call call = *job->call;
    call.scales += job->block * OCK_LANES;
    if (call.float_bias) call.float_bias += job->block * OCK_LANES;
    int lanes = ock_min(OCK_LANES, s->out_channels - job->block * OCK_LANES);
    for (int row = first; row < end; row++)
        for (int column = 0; column < s->out_width; column++)
            for (int lane = 0; lane < lanes; lane++) {
                int32_t sum = call.bias[job->block * OCK_LANES + lane];
                // The weights of the first of the rows that share a line are not shifted.
                const int8_t *w = job->weights + 4 * lane;
                for (int part = 0; part < conv->parts; part++)
                    for (int group = 0; group < conv->row_groups; group++)
                        for (int kx = 0; kx < s->kernel_width; kx++, w += OCK_WEIGHT_BLOCK)
                            for (int i = 0; i < 4; i++)
                                sum += w[i] * input_at(conv, &call, job->in, lane,
                                                       row * s->stride_y - s->pad_top + (4 * group + i) * s->dilation_y,
                                                       column * s->stride_x - s->pad_left + kx * s->dilation_x);
                store(conv, &call, job->out, job->float_out, lane, row * s->out_width + column, sum);
            }
}

static void gemm(const ock_qgemm_call *call, const int8_t *weights, int block, int blocks, int first, int end) {
    (void)blocks;
    for (int row = first; row < end; row++)
        for (int n = block * OCK_LANES; n < ock_min((block + 1) * OCK_LANES, call->n); n++) {
            int32_t sum = call->bias[n];
            const int8_t *w = weights + n % OCK_LANES * 4;
            for (int part = 0; part < call->parts; part++)
                for (int k = 0; k < call->k; k += 4, w += OCK_WEIGHT_BLOCK)
                    for (int i = 0; i < 4 && k + i < call->k; i++) sum += w[i] * call->a[row * call->lda + k + i];
            ptrdiff_t at = (ptrdiff_t)row * call->n + n;
            if (call->float_c) call->float_c[at] = fmaf((float)sum, call->scales[n], call->float_bias ? call->float_bias[n] : 0);
            else call->c[at] = steps_of((float)sum * call->scales[n], call->steps);
        }
}

static void quantize(const float *x, uint8_t *y, size_t n, float scale, ock_steps steps) {
    for (size_t i = 0; i < n; i++) y[i] = steps_of(x[i] / scale, steps);
}

static void dequantize(const uint8_t *x, float *y, size_t n, float scale, int zero) {
    for (size_t i = 0; i < n; i++) y[i] = (float)(x[i] - zero) * scale;
}

static void quantize_to_blocked(const float *x, uint8_t *y, int lanes, int width, int area, float scale,
                                ock_steps steps) {
    for (int i = 0; i < area; i++)
        for (int lane = 0; lane < width; lane++)
            *y++ = lane < lanes ? steps_of(x[(ptrdiff_t)lane * area + i] / scale, steps) : 0;
}

static void range_with_zero(const float *x, size_t n, float *low, float *high) {
    *low = *high = 0;
    for (size_t i = 0; i < n; i++) {
        if (x[i] < *low) *low = x[i];
        if (x[i] > *high) *high = x[i];
    }
}

static void bytes_to_blocked(const uint8_t *x, uint8_t *y, int lanes, int width, int area) {
    for (int i = 0; i < area; i++)
        for (int lane = 0; lane < width; lane++) *y++ = lane < lanes ? x[(ptrdiff_t)lane * area + i] : 0;
}

static void bytes_from_blocked(const uint8_t *x, uint8_t *y, int lanes, int width, int area) {
    for (int lane = 0; lane < lanes; lane++)
        for (int i = 0; i < area; i++) *y++ = x[(ptrdiff_t)i * width + lane];
}

static uint8_t binary_one(const ock_qbinary *op, uint8_t a, uint8_t b) {
    if (op->product) {
        float product = (float)((a - op->a_zero) * (b - op->b_zero));
        return steps_of(fmaf(product, op->a_scale, op->shift), op->steps);
    }
    return steps_of(fmaf(a, op->a_scale, fmaf(b, op->b_scale, op->shift)), op->steps);
}

static void byte_binary(const ock_qbinary *op, const uint8_t *a, const uint8_t *b, uint8_t *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = binary_one(op, a[i], b[i]);
}

static void byte_binary_lanes(const ock_qbinary *op, const uint8_t *a, const uint8_t *b, uint8_t *y, size_t area) {
    for (size_t i = 0; i < area * OCK_LANES; i++) y[i] = binary_one(op, a[i], b[i % OCK_LANES]);
}

static void pool(const ock_pool_shape *s, const uint8_t *in, uint8_t *out, int block, const float *scale, int zero,
                 ock_steps steps) {
    in += (ptrdiff_t)block * s->in_height * s->in_width * OCK_LANES;
    out += (ptrdiff_t)block * s->out_height * s->out_width * OCK_LANES;
    for (int row = 0; row < s->out_height; row++)
        for (int column = 0; column < s->out_width; column++)
            for (int lane = 0; lane < OCK_LANES; lane++) {
                int best = 0, sum = 0, inside = 0, padded = 0;
                for (int ky = 0; ky < s->kernel_height; ky++)
                    for (int kx = 0; kx < s->kernel_width; kx++) {
                        int y = row * s->stride_y - s->pad_top + ky * s->dilation_y;
                        int x = column * s->stride_x - s->pad_left + kx * s->dilation_x;
                        if (y < s->in_height + s->pad_bottom && x < s->in_width + s->pad_right) padded++;
                        if (y < 0 || x < 0 || y >= s->in_height || x >= s->in_width) continue;
                        int value = in[((ptrdiff_t)y * s->in_width + x) * OCK_LANES + lane];
                        best = ock_max(best, value);
                        sum += value - zero;
                        inside++;
                    }
                int count = s->count_padding ? padded : inside;
                *out++ = scale ? steps_of((float)sum * (count > 0 ? *scale / (float)count : 0), steps) : (uint8_t)best;
            }
}

static void byte_max_pool(const ock_pool_shape *s, const uint8_t *in, uint8_t *out, int block) {
    pool(s, in, out, block, NULL, 0, (ock_steps){0, 0, 0});
}

static void byte_average_pool(const ock_pool_shape *s, const uint8_t *in, uint8_t *out, int block, float scale, int zero,
                              ock_steps steps) {
    pool(s, in, out, block, &scale, zero, steps);
}

static void byte_global_average(const uint8_t *in, uint8_t *out, int area, float factor, int zero, ock_steps steps) {
    for (int lane = 0; lane < OCK_LANES; lane++) {
        int sum = 0;
        for (int i = 0; i < area; i++) sum += in[(ptrdiff_t)i * OCK_LANES + lane] - zero;
        out[lane] = steps_of((float)sum * factor, steps);
    }
}

const ock_qtable ock_qtable_plain = {
    .tile_blocks = 1,
    .offset = 0,
    .dense = dense,
    .depthwise = depthwise,
    .gemm = gemm,
    .quantize = quantize,
    .dequantize = dequantize,
    .quantize_to_blocked = quantize_to_blocked,
    .range_with_zero = range_with_zero,
    .bytes_to_blocked = bytes_to_blocked,
    .bytes_from_blocked = bytes_from_blocked,
    .byte_binary = byte_binary,
    .byte_binary_lanes = byte_binary_lanes,
    .byte_max_pool = byte_max_pool,
    .byte_average_pool = byte_average_pool,
    .byte_global_average = byte_global_average,
};
