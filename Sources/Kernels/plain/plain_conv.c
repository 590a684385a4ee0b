#include "plain.h"

float plain_finish(const ock_epilogue *epilogue, float sum, float residual) {
    return epilogue->residual_after ? plain_act(epilogue->act, sum) + residual
                                    : plain_act(epilogue->act, sum + residual);
}

// Biases and weights of blocks of outputs side by side, [block][ky][kx][input][lane], with zeros where a block has fewer:
// what belongs to one input is a vector for the compiler.
static int output_blocks(const ock_conv_shape *s) { return (s->out_channels + PLAIN_BLOCK - 1) / PLAIN_BLOCK; }

static size_t products_of_output(const ock_conv_shape *s) {
    return (size_t)(s->in_channels / s->groups) * s->kernel_height * s->kernel_width;
}

size_t plain_conv_weight_count(const ock_conv *conv) {
    return (size_t)output_blocks(&conv->shape) * PLAIN_BLOCK * (1 + products_of_output(&conv->shape));
}

void plain_conv_pack(const ock_conv *conv, const float *weights, const float *bias, float *packed) {
    const ock_conv_shape *s = &conv->shape;
    size_t taps = (size_t)s->kernel_height * s->kernel_width, inputs = (size_t)(s->in_channels / s->groups);
    size_t outputs = (size_t)output_blocks(s) * PLAIN_BLOCK, real = (size_t)s->out_channels;
    for (size_t oc = 0; oc < outputs; oc++) *packed++ = bias && oc < real ? ock_weight(bias + oc) : 0;
    for (size_t first = 0; first < outputs; first += PLAIN_BLOCK)
        for (size_t tap = 0; tap < taps; tap++)
            for (size_t ic = 0; ic < inputs; ic++)
                for (size_t oc = first; oc < first + PLAIN_BLOCK; oc++)
                    *packed++ = oc < real ? ock_weight(weights + (oc * inputs + ic) * taps + tap) : 0;
}

size_t plain_conv_scratch_count(const ock_conv *conv, int threads) {
    (void)conv;
    (void)threads;
    return 0;
}

// Where element (channel, y, x) lies.
static ptrdiff_t blocked_at(int channel, int y, int x, int height, int width) {
    ptrdiff_t block = channel / PLAIN_BLOCK;
    return ((block * height + y) * width + x) * PLAIN_BLOCK + channel % PLAIN_BLOCK;
}

// Adds a row of inputs times their weights, [input][lane].
static void add_products(const float *in, int count, const float *weights, float sums[PLAIN_BLOCK]) {
    for (int i = 0; i < count; i++)
        for (int lane = 0; lane < PLAIN_BLOCK; lane++) sums[lane] += in[i] * weights[i * PLAIN_BLOCK + lane];
}

// Adds what the inputs at (y, x) give to outputs that all read the channels from `first` on.
static void add_shared(const ock_conv *conv, const float *in, const float *weights, int first, int y, int x,
                       float sums[PLAIN_BLOCK]) {
    const ock_conv_shape *s = &conv->shape;
    int end = first + s->in_channels / s->groups;
    for (int channel = first, count; channel < end; channel += count, weights += (ptrdiff_t)count * PLAIN_BLOCK) {
        bool planar = conv->kind == OCK_CONV_PLANAR;
        count = planar ? 1 : ock_min(PLAIN_BLOCK - channel % PLAIN_BLOCK, end - channel);
        ptrdiff_t at = planar ? ((ptrdiff_t)channel * s->in_height + y) * s->in_width + x
                              : blocked_at(channel, y, x, s->in_height, s->in_width);
        add_products(in + at, count, weights, sums);
    }
}

// The same where the outputs of a block belong to several groups; then nothing is planar.
static void add_grouped(const ock_conv *conv, const float *in, const float *weights, int block, int y, int x,
                        float sums[PLAIN_BLOCK]) {
    const ock_conv_shape *s = &conv->shape;
    int inputs = s->in_channels / s->groups, outputs = s->out_channels / s->groups;
    for (int lane = 0; lane < PLAIN_BLOCK && block * PLAIN_BLOCK + lane < s->out_channels; lane++) {
        int first = (block * PLAIN_BLOCK + lane) / outputs * inputs;
        for (int ic = 0; ic < inputs; ic++)
            sums[lane] += in[blocked_at(first + ic, y, x, s->in_height, s->in_width)] * weights[ic * PLAIN_BLOCK + lane];
    }
}

// A block of outputs at one place, without bias.
static void conv_at(const ock_conv *conv, const float *in, const float *weights, int block, int row, int column,
                    float sums[PLAIN_BLOCK]) {
    const ock_conv_shape *s = &conv->shape;
    int inputs = s->in_channels / s->groups, outputs = s->out_channels / s->groups;
    int group = block * PLAIN_BLOCK / outputs;
    bool shared = (ock_min((block + 1) * PLAIN_BLOCK, s->out_channels) - 1) / outputs == group;
    for (int ky = 0; ky < s->kernel_height; ky++)
        for (int kx = 0; kx < s->kernel_width; kx++, weights += (ptrdiff_t)inputs * PLAIN_BLOCK) {
            int y = row * s->stride_y - s->pad_top + ky * s->dilation_y;
            int x = column * s->stride_x - s->pad_left + kx * s->dilation_x;
            if (y < 0 || x < 0 || y >= s->in_height || x >= s->in_width) continue;
            if (shared) add_shared(conv, in, weights, group * inputs, y, x, sums);
            else add_grouped(conv, in, weights, block, y, x, sums);
        }
}

typedef struct {
    const ock_conv *conv;
    const ock_conv_call *call;
} job;

static void conv_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const job *j = context;
    const ock_conv_shape *s = &j->conv->shape;
    int row = chunk % s->out_height, block = chunk / s->out_height % output_blocks(s);
    int item = chunk / s->out_height / output_blocks(s);
    const float *bias = j->call->weights + block * PLAIN_BLOCK;
    const float *weights = j->call->weights + (ptrdiff_t)PLAIN_BLOCK * output_blocks(s) +
                           (ptrdiff_t)products_of_output(s) * block * PLAIN_BLOCK;
    for (int column = 0; column < s->out_width; column++) {
        float sums[PLAIN_BLOCK] = {0};
        conv_at(j->conv, j->call->input + item * j->call->input_batch, weights, block, row, column, sums);
        ptrdiff_t at = blocked_at(block * PLAIN_BLOCK, row, column, s->out_height, s->out_width);
        float *out = j->call->output + item * j->call->output_batch + at;
        const float *residual = j->call->residual ? j->call->residual + item * j->call->residual_batch + at : NULL;
        for (int lane = 0; lane < ock_min(PLAIN_BLOCK, s->out_channels - block * PLAIN_BLOCK); lane++)
            out[lane] = plain_finish(&j->conv->epilogue, sums[lane] + bias[lane], residual ? residual[lane] : 0);
    }
}

void plain_conv_run(const ock_conv *conv, const ock_conv_call *call) {
    job j = {conv, call};
    ock_parallel(conv->shape.batch * output_blocks(&conv->shape) * conv->shape.out_height, conv_chunk, &j, call->threads);
}

size_t plain_gemm_packed_count(int rows, int columns) { return (size_t)rows * (size_t)columns; }

int plain_gemm_tiles(int columns) { return columns > 0; }

void plain_gemm_pack(const float *b, ptrdiff_t stride, bool transposed, int rows, int columns, float *packed, int first,
                     int end) {
    if (first >= end) return;
    for (int k = 0; k < rows; k++)
        for (int n = 0; n < columns; n++) *packed++ = ock_weight(b + (transposed ? n * stride + k : k * stride + n));
}

// Columns of a product that are summed side by side.
#define GEMM_COLUMNS 16

static void gemm_row(void *context, int m, int worker) {
    (void)worker;
    const ock_gemm_call *call = context;
    const float *a = call->a + m * call->lda;
    for (int first = 0; first < call->n; first += GEMM_COLUMNS) {
        int count = ock_min(GEMM_COLUMNS, call->n - first);
        const float *b = call->packed_b + first;
        float sums[GEMM_COLUMNS] = {0};
        for (int k = 0; k < call->k; k++, b += call->n) {
            if (count == GEMM_COLUMNS)
                for (int i = 0; i < GEMM_COLUMNS; i++) sums[i] += a[k] * b[i];
            else
                for (int i = 0; i < count; i++) sums[i] += a[k] * b[i];
        }
        ptrdiff_t at = m * call->ldc + first;
        for (int i = 0; i < count; i++) {
            float sum = sums[i] * call->scale + (call->bias ? call->bias[first + i] : 0);
            call->c[at + i] = plain_finish(&call->epilogue, sum, call->residual ? call->residual[at + i] : 0);
        }
    }
}

void plain_gemm(const ock_gemm_call *call) {
    ock_gemm_call job = *call;
    ock_parallel(call->m, gemm_row, &job, call->threads);
}
