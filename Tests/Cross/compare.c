// Holds the kernels of every instruction set that the CPU has against the plain ones: built for another CPU and run
// under an emulator (`make test-neon`), or for this one with sanitizers (`make test-sanitizers`). Exits with 1 when any
// disagrees.
#include "compare.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures, checks;
static uint64_t state = 1;

float noise(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (float)((double)(int64_t)state / 9.3e18);
}

// Not a number more than asked for: the address sanitizer sees a kernel that reads or writes beyond its ends.
static float *floats(size_t count) {
    float *values = malloc(count * sizeof(float));
    for (size_t i = 0; i < count; i++) values[i] = noise();
    return values;
}

static void expect(const char *what, const float *actual, const float *expected, size_t count, float tolerance) {
    float difference = 0, size = 1e-20f;
    for (size_t i = 0; i < count; i++) {
        float d = fabsf(actual[i] - expected[i]);
        if (!(d <= difference)) difference = d;
        size = fmaxf(size, fabsf(expected[i]));
    }
    checks++;
    if (difference <= tolerance * size) return;
    failures++;
    printf("FAILED %s: off by %g of %g\n", what, difference, size);
}

void expect_bytes(const char *what, const void *actual, const void *expected, size_t count) {
    checks++;
    const uint8_t *a = actual, *e = expected;
    for (size_t i = 0; i < count; i++) {
        if (a[i] == e[i]) continue;
        failures++;
        printf("FAILED %s: byte %zu of %zu is %d, not %d\n", what, i, count, a[i], e[i]);
        return;
    }
}

ock_conv_shape conv_shape(int batch, int in, int out, int groups, int height, int width, int kernel, int stride,
                            int dilation, int pad) {
    int reach = (kernel - 1) * dilation + 1;
    return (ock_conv_shape){batch, in, out, groups, height, width, (height + 2 * pad - reach) / stride + 1,
                            (width + 2 * pad - reach) / stride + 1, kernel, kernel, stride, stride, dilation, dilation,
                            pad, pad};
}

// Planar in, planar out, through the blocked layout of the active instruction set.
static void convolve(const ock_conv_shape *s, ock_conv_kind kind, ock_epilogue epilogue, const float *in,
                     const float *weights, const float *bias, const float *residual, float *out) {
    ock_conv conv;
    if (!ock_conv_init(&conv, s, kind, epilogue)) return;
    int block = ock_channel_block(), in_area = s->in_height * s->in_width, out_area = s->out_height * s->out_width;
    ptrdiff_t in_batch = (ptrdiff_t)ock_blocks(s->in_channels) * block * in_area;
    ptrdiff_t out_batch = (ptrdiff_t)ock_blocks(s->out_channels) * block * out_area;
    float *packed = floats(ock_conv_weight_count(&conv)), *x = floats(s->batch * in_batch);
    float *y = floats(s->batch * out_batch), *r = floats(s->batch * out_batch);
    float *scratch = floats(ock_conv_scratch_count(&conv, 2));
    ock_conv_pack(&conv, weights, bias, packed);
    ock_to_blocked(in, s->in_channels * in_area, x, in_batch, s->batch, s->in_channels, in_area, 1);
    ock_to_blocked(residual, s->out_channels * out_area, r, out_batch, s->batch, s->out_channels, out_area, 1);
    bool planar = kind == OCK_CONV_PLANAR;
    ock_conv_call call = {planar ? in : x, packed, r, y, scratch, planar ? s->in_channels * in_area : in_batch,
                          out_batch, out_batch, 2};
    ock_conv_run(&conv, &call);
    ock_from_blocked(y, out_batch, out, s->out_channels * out_area, s->batch, s->out_channels, out_area, 1);
    free(packed), free(x), free(y), free(r), free(scratch);
}

static void compare_convolutions(ock_isa isa) {
    ock_conv_shape shapes[] = {
        conv_shape(1, 16, 64, 1, 7, 9, 1, 1, 1, 0),   conv_shape(2, 24, 40, 1, 5, 11, 1, 1, 1, 0),
        conv_shape(1, 37, 70, 1, 4, 5, 1, 2, 1, 0),   conv_shape(1, 3, 20, 1, 15, 18, 3, 2, 1, 1),
        conv_shape(1, 19, 45, 1, 10, 7, 3, 1, 1, 1),  conv_shape(1, 64, 33, 1, 21, 18, 3, 1, 1, 1),
        conv_shape(1, 20, 37, 1, 11, 12, 3, 2, 2, 2), conv_shape(1, 32, 32, 32, 9, 21, 3, 1, 1, 1),
        conv_shape(2, 21, 21, 21, 7, 8, 5, 2, 1, 2),  conv_shape(1, 64, 64, 16, 6, 7, 3, 1, 1, 1),
        conv_shape(1, 300, 72, 1, 9, 30, 3, 1, 1, 1), conv_shape(2, 104, 104, 13, 9, 8, 3, 1, 1, 1),
        conv_shape(1, 120, 60, 15, 7, 9, 3, 2, 1, 1),
    };
    ock_epilogue epilogues[] = {{{OCK_ACT_CLIP, 0, INFINITY}, false}, {{OCK_ACT_SILU, 0, 0}, true}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int kind = OCK_CONV_PLANAR; kind <= OCK_CONV_WINOGRAD; kind++)
            for (int e = 0; e < 2; e++) {
                const ock_conv_shape *s = &shapes[i];
                if (!ock_conv_supports(s, kind)) continue;
                size_t outputs = (size_t)s->batch * s->out_channels * s->out_height * s->out_width;
                float *in = floats((size_t)s->batch * s->in_channels * s->in_height * s->in_width);
                float *weights = floats((size_t)s->out_channels * s->in_channels / s->groups * s->kernel_height *
                                        s->kernel_width);
                float *bias = floats(s->out_channels), *residual = floats(outputs);
                float *expected = floats(outputs), *actual = floats(outputs);
                ock_override_isa(OCK_ISA_PLAIN);
                convolve(s, kind, epilogues[e], in, weights, bias, residual, expected);
                ock_override_isa(isa);
                convolve(s, kind, epilogues[e], in, weights, bias, residual, actual);
                char what[80];
                snprintf(what, sizeof what, "convolution %zu, kind %d, epilogue %d", i, kind, e);
                expect(what, actual, expected, outputs, kind == OCK_CONV_WINOGRAD ? 5e-5f : 5e-6f);
                free(in), free(weights), free(bias), free(residual), free(expected), free(actual);
            }
}

static void multiply(int m, int n, int k, const float *a, const float *b, const float *bias, float *c) {
    float *packed = floats(ock_gemm_packed_count(k, n));
    ock_gemm_pack(b, n, false, k, n, packed);
    ock_gemm_call call = {m, n, k, a, packed, bias, NULL, c, k, n, 0.5f, {{OCK_ACT_NONE, 0, 0}, false}, 2};
    ock_gemm(&call);
    free(packed);
}

static void compare_products(ock_isa isa) {
    int sizes[][3] = {{1, 100, 77}, {6, 64, 16}, {13, 37, 29}, {50, 33, 1700}};
    for (int i = 0; i < 4; i++) {
        int m = sizes[i][0], n = sizes[i][1], k = sizes[i][2];
        float *a = floats((size_t)m * k), *b = floats((size_t)k * n), *bias = floats(n);
        float *expected = floats((size_t)m * n), *actual = floats((size_t)m * n);
        ock_override_isa(OCK_ISA_PLAIN);
        multiply(m, n, k, a, b, bias, expected);
        ock_override_isa(isa);
        multiply(m, n, k, a, b, bias, actual);
        expect("product", actual, expected, (size_t)m * n, 1e-5f);
        free(a), free(b), free(bias), free(expected), free(actual);
    }
}

static void compare_elementwise(ock_isa isa) {
    enum { COUNT = 1037 };
    float x[COUNT], z[COUNT], expected[COUNT], actual[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = fabsf(noise()) * 10 + 0.01f;
        z[i] = noise() + 2;
    }
    for (int kind = 0; kind < OCK_ACT_COUNT; kind++) {
        ock_act act = {kind, 0.3f, 0.4f};
        ock_override_isa(OCK_ISA_PLAIN);
        ock_activate(act, x, expected, COUNT, 1);
        ock_override_isa(isa);
        ock_activate(act, x, actual, COUNT, 1);
        expect("activation", actual, expected, COUNT, 1e-6f);
    }
    for (int kind = 0; kind < OCK_BINARY_COUNT; kind++) {
        ock_override_isa(OCK_ISA_PLAIN);
        ock_binary(kind, (ock_act){0}, x, z, expected, COUNT, 1);
        ock_override_isa(isa);
        ock_binary(kind, (ock_act){0}, x, z, actual, COUNT, 1);
        expect("arithmetic", actual, expected, COUNT, 1e-7f);
    }
    ock_override_isa(OCK_ISA_PLAIN);
    ock_softmax(x, expected, 17, 61, 1);
    ock_override_isa(isa);
    ock_softmax(x, actual, 17, 61, 1);
    expect("softmax", actual, expected, COUNT, 2e-6f);
    ock_override_isa(OCK_ISA_PLAIN);
    ock_layer_norm(x, z, x, z, 1e-5f, expected, NULL, 17, 61, 1);
    ock_override_isa(isa);
    ock_layer_norm(x, z, x, z, 1e-5f, actual, NULL, 17, 61, 1);
    expect("layer normalisation", actual, expected, COUNT, 1e-5f);
}

static void compare_pictures(ock_isa isa) {
    enum { WIDTH = 99, HEIGHT = 33, OUT = 3 * 50 * 40 };
    static uint8_t bytes[4 * 100 * 40];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(noise() * 127 + 128);
    for (int format = OCK_PIXELS_RGB24; format <= OCK_PIXELS_YUV422; format++) {
        ock_picture picture = {format, false, OCK_MATRIX_BT709, WIDTH, HEIGHT,
                               {bytes, bytes + 4000, bytes + 8000}, {4 * WIDTH, 100, 100}};
        ock_picture_map map = {0, WIDTH, 0, HEIGHT, 0, 0, WIDTH, HEIGHT, 3, 5, 41, 27, 50, 40, false,
                               {1, 2, 3}, {0, -1, 1}, {114, 114, 114}};
        float *scratch = floats(ock_picture_scratch_count(WIDTH, 41, 1)), *expected = floats(OUT), *actual = floats(OUT);
        ock_override_isa(OCK_ISA_PLAIN);
        ock_picture_to_planes(&picture, &map, expected, scratch, 1);
        ock_override_isa(isa);
        ock_picture_to_planes(&picture, &map, actual, scratch, 1);
        expect("picture", actual, expected, OUT, 1e-5f);
        free(scratch), free(expected), free(actual);
    }
    float *scores = floats(80 * 300);
    ock_candidate found[2][300];
    ock_override_isa(OCK_ISA_PLAIN);
    int expected = ock_scan_columns(scores, 80, 300, 300, 0.98f, found[0], 300);
    ock_override_isa(isa);
    int actual = ock_scan_columns(scores, 80, 300, 300, 0.98f, found[1], 300);
    checks++;
    if (actual != expected || memcmp(found[0], found[1], (size_t)expected * sizeof(ock_candidate)) != 0) {
        failures++;
        printf("FAILED scan: %d candidates instead of %d\n", actual, expected);
    }
    free(scores);
}

static void recur(const ock_recurrent *layer, const float *weights, const float *input, float *all) {
    enum { STEPS = 5, BATCH = 2 };
    int width = ock_recurrent_width(layer), gates = layer->kind == OCK_LSTM ? 4 : layer->kind == OCK_GRU ? 3 : 1;
    float *packed = floats(ock_recurrent_packed_count(layer)), *projected = floats((size_t)STEPS * BATCH * width);
    float *scratch = floats(ock_recurrent_scratch_count(layer, BATCH));
    ock_recurrent_pack(layer, weights, NULL, NULL, packed);
    for (int row = 0; row < STEPS * BATCH; row++)
        ock_recurrent_arrange(layer, input + (size_t)row * gates * layer->hidden, 1, projected + (size_t)row * width);
    ock_recurrent_call call = {.steps = STEPS, .batch = BATCH, .backward = true, .projected = projected,
                               .packed = packed, .all = all, .all_step = BATCH * layer->hidden, .scratch = scratch,
                               .threads = 1};
    ock_recurrent_run(layer, &call);
    free(packed), free(projected), free(scratch);
}

static void compare_recurrence(ock_isa isa) {
    enum { HIDDEN = 21, OUT = 5 * 2 * HIDDEN };
    float *weights = floats(4 * HIDDEN * HIDDEN), *input = floats(4 * OUT), expected[OUT], actual[OUT];
    for (int kind = OCK_RNN; kind <= OCK_LSTM; kind++)
        for (int before = 0; before < 2; before++) {
            ock_act sigmoid = {OCK_ACT_SIGMOID, 0, 0}, tanh = {OCK_ACT_TANH, 0, 0};
            ock_recurrent layer = {kind, HIDDEN, before, false, {kind == OCK_RNN ? tanh : sigmoid, tanh, tanh}, INFINITY};
            ock_override_isa(OCK_ISA_PLAIN);
            recur(&layer, weights, input, expected);
            ock_override_isa(isa);
            recur(&layer, weights, input, actual);
            expect("recurrence", actual, expected, OUT, 1e-5f);
        }
    free(weights), free(input);
}

static void attend(const ock_attention *shape, const float *x, const float *mask, float *out) {
    float *scratch = floats(ock_attention_scratch_count(shape, 1));
    ock_attention_run(shape, x, x + 2000, x + 4000, mask, out, scratch, 1);
    free(scratch);
}

static void compare_attention(ock_isa isa) {
    enum { HEADS = 3, ROWS = 29, DEPTH = 20, OUT = HEADS * ROWS * DEPTH };
    float *x = floats(6000), *mask = floats(ROWS * ROWS), expected[OUT], actual[OUT];
    ock_matrices dense = {0, ROWS * DEPTH, DEPTH}, turned = {0, ROWS * DEPTH, ROWS}, interleaved = {0, DEPTH, HEADS * DEPTH};
    for (int by_key = 0; by_key < 2; by_key++) {
        ock_attention shape = {1, HEADS, ROWS, ROWS, DEPTH, DEPTH, dense, by_key ? dense : turned, dense, {0, 0, ROWS},
                               interleaved, by_key, false, 0.4f};
        ock_override_isa(OCK_ISA_PLAIN);
        attend(&shape, x, mask, expected);
        ock_override_isa(isa);
        attend(&shape, x, mask, actual);
        expect("attention", actual, expected, OUT, 1e-5f);
    }
    free(x), free(mask);
}

static void compare_suppression(ock_isa isa) {
    enum { COUNT = 101 };
    float *sides = floats(4 * COUNT);
    int32_t alive[2][COUNT];
    for (int i = 0; i < COUNT; i++) {
        sides[2 * COUNT + i] = sides[i] + fabsf(sides[2 * COUNT + i]);
        sides[3 * COUNT + i] = sides[COUNT + i] + fabsf(sides[3 * COUNT + i]);
    }
    for (int i = 0; i < 2; i++) {
        ock_override_isa(i == 0 ? OCK_ISA_PLAIN : isa);
        memset(alive[i], 255, sizeof alive[i]);
        for (int box = 0; box < COUNT; box += 9)
            ock_suppress(sides, sides + COUNT, sides + 2 * COUNT, sides + 3 * COUNT, box, 3, COUNT, 0.2f, alive[i]);
    }
    checks++;
    if (memcmp(alive[0], alive[1], sizeof alive[0]) != 0) {
        failures++;
        printf("FAILED suppression\n");
    }
    free(sides);
}

int main(void) {
    for (ock_isa isa = OCK_ISA_NEON; isa <= OCK_ISA_AVX512; isa++) {
        if (!ock_isa_available(isa)) continue;
        compare_convolutions(isa);
        compare_products(isa);
        compare_elementwise(isa);
        compare_pictures(isa);
        compare_quantised(isa);
        compare_recurrence(isa);
        compare_attention(isa);
        compare_suppression(isa);
        printf("%s: %d checks against the plain kernels, %d failed\n", ock_isa_name(isa), checks, failures);
    }
    return checks == 0 || failures > 0;
}
