#include "plain.h"

float plain_finish(const ock_epilogue *epilogue, float sum, float residual) {
    return epilogue->residual_after ? plain_act(epilogue->act, sum) + residual
                                    : plain_act(epilogue->act, sum + residual);
}

size_t plain_conv_weight_count(const ock_conv *conv) {
    const ock_conv_shape *s = &conv->shape;
    size_t each = (size_t)(s->in_channels / s->groups) * s->kernel_height * s->kernel_width;
    return (size_t)s->out_channels * (1 + each);
}

void plain_conv_pack(const ock_conv *conv, const float *weights, const float *bias, float *packed) {
    size_t outputs = (size_t)conv->shape.out_channels;
    for (size_t i = 0; i < outputs; i++) packed[i] = bias ? bias[i] : 0;
    memcpy(packed + outputs, weights, (plain_conv_weight_count(conv) - outputs) * sizeof(float));
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

static float conv_at(const ock_conv *conv, const float *in, const float *weights, int oc, int row, int column) {
    const ock_conv_shape *s = &conv->shape;
    int group_in = s->in_channels / s->groups, first = oc / (s->out_channels / s->groups) * group_in;
    float sum = 0;
    for (int ky = 0; ky < s->kernel_height; ky++)
        for (int kx = 0; kx < s->kernel_width; kx++) {
            int y = row * s->stride_y - s->pad_top + ky * s->dilation_y;
            int x = column * s->stride_x - s->pad_left + kx * s->dilation_x;
            if (y < 0 || x < 0 || y >= s->in_height || x >= s->in_width) continue;
            for (int ic = 0; ic < group_in; ic++) {
                int channel = first + ic;
                ptrdiff_t at = conv->kind == OCK_CONV_PLANAR
                                   ? ((ptrdiff_t)channel * s->in_height + y) * s->in_width + x
                                   : blocked_at(channel, y, x, s->in_height, s->in_width);
                size_t k = ((size_t)oc * group_in + ic) * s->kernel_height + ky;
                sum += in[at] * weights[k * s->kernel_width + kx];
            }
        }
    return sum;
}

typedef struct {
    const ock_conv *conv;
    const ock_conv_call *call;
} job;

static void conv_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const job *j = context;
    const ock_conv_shape *s = &j->conv->shape;
    int item = chunk / s->out_channels, oc = chunk % s->out_channels;
    for (int y = 0; y < s->out_height; y++)
        for (int x = 0; x < s->out_width; x++) {
            float sum = conv_at(j->conv, j->call->input + item * j->call->input_batch,
                                j->call->weights + s->out_channels, oc, y, x);
            ptrdiff_t at = blocked_at(oc, y, x, s->out_height, s->out_width);
            float residual = j->call->residual ? j->call->residual[item * j->call->residual_batch + at] : 0;
            float *out = j->call->output + item * j->call->output_batch + at;
            *out = plain_finish(&j->conv->epilogue, sum + j->call->weights[oc], residual);
        }
}

void plain_conv_run(const ock_conv *conv, const ock_conv_call *call) {
    job j = {conv, call};
    ock_parallel(conv->shape.batch * conv->shape.out_channels, conv_chunk, &j, call->threads);
}

size_t plain_gemm_packed_count(int rows, int columns) { return (size_t)rows * (size_t)columns; }

int plain_gemm_tiles(int columns) { return columns > 0; }

void plain_gemm_pack(const float *b, ptrdiff_t stride, bool transposed, int rows, int columns, float *packed, int first,
                     int end) {
    if (first >= end) return;
    for (int k = 0; k < rows; k++)
        for (int n = 0; n < columns; n++) *packed++ = transposed ? b[n * stride + k] : b[k * stride + n];
}

void plain_gemm(const ock_gemm_call *call) {
    for (int m = 0; m < call->m; m++)
        for (int n = 0; n < call->n; n++) {
            float sum = 0;
            for (int k = 0; k < call->k; k++)
                sum += call->a[m * call->lda + k] * call->packed_b[(ptrdiff_t)k * call->n + n];
            ptrdiff_t at = m * call->ldc + n;
            float residual = call->residual ? call->residual[at] : 0;
            call->c[at] = plain_finish(&call->epilogue, sum * call->scale + (call->bias ? call->bias[n] : 0), residual);
        }
}
