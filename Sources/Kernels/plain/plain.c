#include "plain.h"

static float sigmoid(float x) { return 1 / (1 + expf(-x)); }
static float clip(float x, float low, float high) { return x < low ? low : x > high ? high : x; }

float plain_act(ock_act act, float x) {
    switch (act.kind) {
    case OCK_ACT_CLIP: return clip(x, act.alpha, act.beta);
    case OCK_ACT_LEAKY_RELU: return x < 0 ? act.alpha * x : x;
    case OCK_ACT_SIGMOID: return sigmoid(x);
    case OCK_ACT_HARD_SIGMOID: return clip(act.alpha * x + act.beta, 0, 1);
    case OCK_ACT_SILU: return x * sigmoid(x);
    case OCK_ACT_HARD_SWISH: return x * clip(x / 6 + 0.5f, 0, 1);
    case OCK_ACT_TANH: return tanhf(x);
    case OCK_ACT_GELU_ERF: return 0.5f * x * (1 + erff(x * 0.70710678f));
    case OCK_ACT_GELU_TANH: return 0.5f * x * (1 + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
    case OCK_ACT_ELU: return x < 0 ? act.alpha * expm1f(x) : x;
    case OCK_ACT_MISH: return x * tanhf(x > 20 ? x : log1pf(expf(x)));
    case OCK_ACT_QUICK_GELU: return x * sigmoid(act.alpha * x);
    case OCK_ACT_EXP: return expf(x);
    case OCK_ACT_ERF: return erff(x);
    case OCK_ACT_SQRT: return sqrtf(x);
    case OCK_ACT_ABS: return fabsf(x);
    case OCK_ACT_RECIPROCAL: return 1 / x;
    case OCK_ACT_LINEAR: return act.alpha * x + act.beta;
    case OCK_ACT_NAN_TO_ZERO: return x != x ? 0 : x;
    default: return x;
    }
}

static void activate(ock_act act, const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = plain_act(act, x[i]);
}

static float binary_one(ock_binary_kind kind, float a, float b) {
    switch (kind) {
    case OCK_ADD: return a + b;
    case OCK_SUB: return a - b;
    case OCK_MUL: return a * b;
    case OCK_DIV: return a / b;
    case OCK_MAX: return a != a || a > b ? a : b;
    default: return a != a || a < b ? a : b;
    }
}

static void binary(ock_binary_kind kind, const float *a, const float *b, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = binary_one(kind, a[i], b[i]);
}

static void binary_scalar(ock_binary_kind kind, const float *a, float b, bool swapped, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = swapped ? binary_one(kind, b, a[i]) : binary_one(kind, a[i], b);
}

static void binary_lanes(ock_binary_kind kind, const float *a, const float *b, bool swapped, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) binary_scalar(kind, a + i, b[i % PLAIN_BLOCK], swapped, y + i, 1);
}

static void scale_shift(const float *x, const float *scale, const float *shift, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = x[i] * scale[i % PLAIN_BLOCK] + shift[i % PLAIN_BLOCK];
}

static void to_blocked(const float *in, float *out, int channels, int area) {
    for (int i = 0; i < area; i++)
        for (int c = 0; c < PLAIN_BLOCK; c++) *out++ = c < channels ? in[(ptrdiff_t)c * area + i] : 0;
}

static void from_blocked(const float *in, float *out, int channels, int area) {
    for (int c = 0; c < channels; c++)
        for (int i = 0; i < area; i++) *out++ = in[(ptrdiff_t)i * PLAIN_BLOCK + c];
}

static void transpose(const float *in, float *out, int rows, int columns, int first, int end) {
    for (int y = first; y < end; y++)
        for (int x = 0; x < columns; x++) out[(ptrdiff_t)x * rows + y] = in[(ptrdiff_t)y * columns + x];
}

static void softmax_strided(const float *in, float *out, size_t axis, size_t inner) {
    for (size_t i = 0; i < inner; i++) {
        float top = -INFINITY, sum = 0;
        for (size_t k = 0; k < axis; k++) top = fmaxf(top, in[k * inner + i]);
        for (size_t k = 0; k < axis; k++) sum += out[k * inner + i] = expf(in[k * inner + i] - top);
        for (size_t k = 0; k < axis; k++) out[k * inner + i] /= sum;
    }
}

static void softmax(const float *in, float *out, size_t columns) { softmax_strided(in, out, columns, 1); }

static void layer_norm(const float *in, const float *residual, const float *scale, const float *shift, float epsilon,
                       float *out, float *sum, size_t n) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < n; i++) {
        out[i] = in[i] + (residual ? residual[i] : 0);
        if (sum && residual) sum[i] = out[i];
        mean += out[i];
    }
    mean /= (double)n;
    for (size_t i = 0; i < n; i++) variance += (out[i] - mean) * (out[i] - mean);
    double factor = 1 / sqrt(variance / (double)n + epsilon);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)((out[i] - mean) * factor) * (scale ? scale[i] : 1) + (shift ? shift[i] : 0);
}

static void picture_row(const ock_picture *picture, int row, int first, int end, float *out) {
    ptrdiff_t stride = ock_picture_stride(picture->width);
    for (int x = first; x < end; x++) {
        float rgb[3];
        ock_picture_pixel(picture, row, x, rgb);
        for (int plane = 0; plane < 3; plane++) out[plane * stride + x] = rgb[plane];
    }
}

static void picture_blend(const float *a, const float *b, float weight, float *out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = a[i] + weight * (b[i] - a[i]);
}

static void picture_sample(const float *line, const int *low, const float *weight, float scale, float shift,
                           float *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float a = line[low[i]], b = line[low[i] + 1];
        out[i] = (a + weight[i] * (b - a)) * scale + shift;
    }
}

static void picture_pack(const float *planes, ptrdiff_t stride, uint8_t *out, int width) {
    for (int x = 0; x < width; x++)
        for (int plane = 0; plane < 3; plane++) out[3 * x + plane] = (uint8_t)(planes[plane * stride + x] + 0.5f);
}

static int scan_columns(const float *scores, int classes, int anchors, ptrdiff_t stride, float threshold,
                        ock_candidate *found, int capacity) {
    int count = 0;
    for (int i = 0; i < anchors && count < capacity; i++) {
        ock_candidate best = {i, -1, threshold};
        for (int k = 0; k < classes; k++)
            if (scores[k * stride + i] > best.score) best = (ock_candidate){i, k, scores[k * stride + i]};
        if (best.class_index >= 0) found[count++] = best;
    }
    return count;
}

static int scan_rows(const float *scores, int classes, int anchors, ptrdiff_t stride, int objectness,
                     float threshold, ock_candidate *found, int capacity) {
    int count = 0;
    for (int i = 0; i < anchors && count < capacity; i++) {
        const float *row = scores + i * stride;
        int winner = 0;
        for (int k = 1; k < classes; k++)
            if (row[k] > row[winner]) winner = k;
        float score = row[winner] * (objectness ? row[objectness] : 1);
        if (objectness && !(row[objectness] > threshold)) continue;
        if (score > threshold) found[count++] = (ock_candidate){i, winner, score};
    }
    return count;
}

static void suppress(const float *begin, const float *low, const float *end, const float *high, int place, int first,
                     int end_place, float threshold, int32_t *alive) {
#pragma clang fp contract(off)
    float own_area = (end[place] - begin[place]) * (high[place] - low[place]);
    for (int i = first; i < end_place; i++) {
        float length = fminf(end[place], end[i]) - fmaxf(begin[place], begin[i]);
        float width = fminf(high[place], high[i]) - fmaxf(low[place], low[i]);
        float area = (end[i] - begin[i]) * (high[i] - low[i]), shared = length * width;
        if (length > 0 && width > 0 && area > 0 && own_area > 0 && shared / (own_area + area - shared) > threshold)
            alive[i] = 0;
    }
}

const ock_table ock_table_plain = {
    .block = PLAIN_BLOCK,
    .conv_weight_count = plain_conv_weight_count,
    .conv_pack = plain_conv_pack,
    .conv_scratch_count = plain_conv_scratch_count,
    .conv_run = plain_conv_run,
    .gemm_packed_count = plain_gemm_packed_count,
    .gemm_tiles = plain_gemm_tiles,
    .gemm_pack = plain_gemm_pack,
    .gemm = plain_gemm,
    .to_blocked = to_blocked,
    .from_blocked = from_blocked,
    .transpose = transpose,
    .activate = activate,
    .binary = binary,
    .binary_scalar = binary_scalar,
    .binary_lanes = binary_lanes,
    .scale_shift = scale_shift,
    .max_pool = plain_max_pool,
    .average_pool = plain_average_pool,
    .global_pool = plain_global_pool,
    .resize_nearest = plain_resize_nearest,
    .resize_linear = plain_resize_linear,
    .softmax = softmax,
    .softmax_strided = softmax_strided,
    .layer_norm = layer_norm,
    .picture_row = picture_row,
    .picture_blend = picture_blend,
    .picture_sample = picture_sample,
    .picture_pack = picture_pack,
    .scan_columns = scan_columns,
    .scan_rows = scan_rows,
    .recurrent_block = plain_recurrent_block,
    .suppress = suppress,
};
