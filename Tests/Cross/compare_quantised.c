#include "compare.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int whole(int low, int high) { return low + (int)((noise() + 1) / 2 * (float)(high - low + 1)) % (high - low + 1); }

static uint8_t *bytes(size_t count) {
    uint8_t *values = malloc(count);
    for (size_t i = 0; i < count; i++) values[i] = (uint8_t)whole(0, 255);
    return values;
}

/// A layer: weights and epilogue, which the forms of the inner product pack for themselves.
typedef struct {
    int16_t *weights;
    int32_t *bias;
    float *scales;
    int parts, in_zero;
    ock_steps steps;
    bool floats;
} layer;

static layer make_layer(int outputs, size_t inputs, int parts, bool floats) {
    int reach = parts == 1 ? 127 : 255;
    layer l = {malloc((size_t)outputs * inputs * sizeof(int16_t)), calloc(outputs, sizeof(int32_t)),
               calloc(ock_byte_lanes(outputs), sizeof(float)), parts, whole(0, 255), {whole(0, 255), 3, 250}, floats};
    for (size_t i = 0; i < (size_t)outputs * inputs; i++) l.weights[i] = (int16_t)whole(-reach, reach);
    for (int i = 0; i < outputs; i++) {
        l.bias[i] = whole(-5000, 5000);
        l.scales[i] = (noise() + 1.5f) * 0.002f;
    }
    return l;
}

static void free_layer(layer l) { free(l.weights), free(l.bias), free(l.scales); }

// The bias less what the zero point adds.
static int32_t *corrected(const layer *l, const int32_t *sums, size_t lanes, int outputs, ock_dot dot) {
    int32_t *bias = calloc(lanes, sizeof(int32_t));
    for (int i = 0; i < outputs; i++) bias[i] = l->bias[i] - (l->in_zero - ock_dot_offset(dot)) * sums[i];
    return bias;
}

// Planar in, planar out.
static void convolve(const ock_conv_shape *s, const layer *l, const uint8_t *in, void *out) {
    ock_qconv conv;
    ock_qconv_init(&conv, s, l->parts);
    int in_area = s->in_height * s->in_width, out_area = s->out_height * s->out_width;
    size_t lanes = ock_byte_lanes(s->out_channels);
    ptrdiff_t in_batch = (ptrdiff_t)(s->in_channels <= 4 ? 4 : ock_byte_lanes(s->in_channels)) * in_area;
    ptrdiff_t out_batch = (ptrdiff_t)(s->out_channels <= 4 ? 4 : lanes) * out_area;
    if (l->floats) out_batch = (ptrdiff_t)ock_blocks(s->out_channels) * ock_channel_block() * out_area;
    uint8_t *x = bytes((size_t)(s->batch * in_batch)), *y = bytes((size_t)(s->batch * out_batch) * 4);
    int8_t *packed = malloc(ock_qconv_weight_bytes(&conv));
    int32_t *sums = malloc(lanes * sizeof(int32_t));
    uint8_t *scratch = malloc(ock_qconv_scratch_bytes(&conv, 2));
    ock_bytes_to_blocked(in, x, s->batch, s->in_channels, in_area, 1);
    ock_qconv_pack(&conv, l->weights, packed, sums);
    int32_t *bias = corrected(l, sums, lanes, s->out_channels, conv.dot);
    ock_qconv_call call = {x, packed, bias, l->scales, l->floats ? l->scales : NULL, y, l->floats ? (float *)y : NULL,
                           scratch, in_batch, out_batch, l->in_zero, l->steps, 2};
    ock_qconv_run(&conv, &call);
    if (l->floats)
        ock_from_blocked((float *)y, out_batch, out, s->out_channels * out_area, s->batch, s->out_channels, out_area, 1);
    else ock_bytes_from_blocked(y, out, s->batch, s->out_channels, out_area, 1);
    free(x), free(y), free(packed), free(sums), free(scratch), free(bias);
}

static void compare_convolutions(ock_isa isa) {
    ock_conv_shape shapes[] = {
        conv_shape(1, 16, 64, 1, 7, 9, 1, 1, 1, 0),    conv_shape(2, 24, 40, 1, 5, 11, 1, 1, 1, 0),
        conv_shape(1, 37, 70, 1, 4, 5, 1, 2, 1, 0),    conv_shape(1, 3, 20, 1, 15, 18, 3, 2, 1, 1),
        conv_shape(1, 3, 33, 1, 17, 19, 7, 2, 1, 3),   conv_shape(1, 19, 45, 1, 10, 7, 3, 1, 1, 1),
        conv_shape(1, 20, 37, 1, 11, 12, 3, 2, 2, 2),  conv_shape(1, 32, 32, 32, 9, 21, 3, 1, 1, 1),
        conv_shape(2, 21, 21, 21, 7, 8, 5, 2, 1, 2),   conv_shape(1, 40, 40, 40, 12, 9, 5, 1, 1, 2),
        conv_shape(1, 18, 18, 18, 9, 8, 3, 2, 2, 1),   conv_shape(1, 64, 64, 16, 6, 7, 3, 1, 1, 1),
        conv_shape(1, 12, 8, 4, 6, 7, 3, 1, 1, 1),     conv_shape(1, 2, 3, 1, 6, 7, 3, 1, 1, 1),
        conv_shape(1, 17, 17, 17, 10, 10, 1, 1, 1, 0), conv_shape(1, 3, 3, 3, 8, 8, 3, 1, 1, 1),
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int parts = 1; parts <= 3; parts += 2)
            for (int floats = 0; floats < 2; floats++) {
                const ock_conv_shape *s = &shapes[i];
                size_t inputs = (size_t)(s->in_channels / s->groups * s->kernel_height * s->kernel_width);
                size_t outputs = (size_t)(s->batch * s->out_channels * s->out_height * s->out_width);
                layer l = make_layer(s->out_channels, inputs, parts, floats);
                uint8_t *in = bytes((size_t)(s->batch * s->in_channels * s->in_height * s->in_width));
                uint8_t *expected = bytes(4 * outputs), *actual = bytes(4 * outputs);
                ock_override_isa(OCK_ISA_PLAIN);
                convolve(s, &l, in, expected);
                ock_override_isa(isa);
                convolve(s, &l, in, actual);
                char what[80];
                snprintf(what, sizeof what, "8-bit convolution %zu, parts %d, floats %d", i, parts, floats);
                expect_bytes(what, actual, expected, outputs * (floats ? 4 : 1));
                free_layer(l), free(in), free(expected), free(actual);
            }
}

static void multiply(int m, int n, int k, const layer *l, const uint8_t *a, void *c) {
    ock_dot dot = ock_active_dot();
    size_t lanes = ock_byte_lanes(n);
    int8_t *packed = malloc(ock_qgemm_packed_bytes(k, n, l->parts));
    int32_t *sums = malloc(lanes * sizeof(int32_t));
    ock_qgemm_pack(l->weights, true, k, n, l->parts, dot, packed, sums);
    int32_t *bias = corrected(l, sums, lanes, n, dot);
    ock_qgemm_call call = {m, n, k, dot, l->parts, a, k, packed, bias, l->scales, NULL, c, l->floats ? c : NULL,
                           l->steps, 2};
    ock_qgemm(&call);
    free(packed), free(sums), free(bias);
}

static void compare_products(ock_isa isa) {
    int sizes[][3] = {{1, 100, 77}, {6, 64, 16}, {13, 37, 29}, {50, 33, 1702}};
    for (int i = 0; i < 8; i++) {
        int m = sizes[i / 2][0], n = sizes[i / 2][1], k = sizes[i / 2][2];
        layer l = make_layer(n, (size_t)k, i % 2 ? 3 : 1, i % 2);
        uint8_t *a = bytes((size_t)(m * k)), *expected = bytes((size_t)(4 * m * n)), *actual = bytes((size_t)(4 * m * n));
        ock_override_isa(OCK_ISA_PLAIN);
        multiply(m, n, k, &l, a, expected);
        ock_override_isa(isa);
        multiply(m, n, k, &l, a, actual);
        expect_bytes("8-bit product", actual, expected, (size_t)(m * n) * (l.floats ? 4 : 1));
        free_layer(l), free(a), free(expected), free(actual);
    }
}

// Everything elementwise on 37 channels of 101 pixels, one result after the other.
static size_t elementwise(const float *numbers, const uint8_t *a, const uint8_t *b, uint8_t *out) {
    enum { CHANNELS = 37, AREA = 101, COUNT = CHANNELS * AREA, BLOCKED = 48 * AREA };
    ock_steps steps = {117, 0, 255};
    uint8_t *at = out, x[BLOCKED], table[256];
    ock_quantize(numbers, at, COUNT, 0.013f, steps, 2);
    ock_dequantize(a, (float *)(at + BLOCKED), COUNT, 0.3f, 77, 2);
    at += 5 * BLOCKED;
    ock_quantize_to_blocked(numbers, at, 1, CHANNELS, AREA, 0.011f, steps, 2);
    ock_quantize_to_blocked(numbers, at + BLOCKED, 1, 3, AREA, 0.011f, steps, 2);
    at += 2 * BLOCKED;
    ock_bytes_to_blocked(a, at, 1, CHANNELS, AREA, 2);
    ock_bytes_from_blocked(at, at + BLOCKED, 1, CHANNELS, AREA, 2);
    ock_range_with_zero(numbers, COUNT, (float *)(at + 2 * BLOCKED), (float *)(at + 2 * BLOCKED) + 1, 2);
    at += 2 * BLOCKED + 8;
    ock_qbinary sum = {false, 0.7f, 0.4f, 31.3f, 0, 0, steps}, product = {true, 0.011f, 0, 0, 100, 130, steps};
    ock_byte_binary(&sum, a, b, at, COUNT, 2);
    ock_byte_binary(&product, a, b, at + COUNT, COUNT, 2);
    ock_byte_binary_channel(&sum, a, b, at + 2 * COUNT, 3, 70, 2);
    at += 2 * COUNT + 3 * 70 * 16;
    for (int i = 0; i < 256; i++) table[i] = (uint8_t)(i * 7 + 3);
    ock_byte_table(table, a, at, COUNT, 2);
    at += COUNT;
    ock_pool_shape pool = {2, 9, 11, 5, 6, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, false};
    ock_byte_max_pool(&pool, a, at, 2);
    ock_byte_average_pool(&pool, a, at + 960, 1.3f, 20, steps, 2);
    ock_byte_global_average(a, at + 1920, 2, 99, 0.9f, 20, steps, 2);
    at += 1952;
    return (size_t)(at - out);
}

static void compare_elementwise(ock_isa isa) {
    enum { ROOM = 1 << 17 };
    uint8_t *a = bytes(8192), *b = bytes(8192), *expected = calloc(ROOM, 1), *actual = calloc(ROOM, 1);
    float *numbers = malloc(8192 * sizeof(float));
    for (int i = 0; i < 8192; i++) numbers[i] = noise() * 3;
    ock_override_isa(OCK_ISA_PLAIN);
    size_t count = elementwise(numbers, a, b, expected);
    ock_override_isa(isa);
    elementwise(numbers, a, b, actual);
    expect_bytes("8-bit elementwise", actual, expected, count);
    free(a), free(b), free(expected), free(actual), free(numbers);
}

void compare_quantised(ock_isa isa) {
    for (int forbidden = 0; forbidden < 2; forbidden++) {
        ock_forbid_dot_products(forbidden);
        compare_convolutions(isa);
        compare_products(isa);
        compare_elementwise(isa);
    }
    ock_forbid_dot_products(false);
}
