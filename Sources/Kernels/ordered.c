// Convolution in one fixed order of sums: see ordered.h.
#include "table.h"
#include <math.h>
#include <string.h>

// Output pixels of a tile: what one thread computes of all channels of a group.
#define TILE 32
typedef float lanes8 __attribute__((ext_vector_type(8), aligned(4)));

typedef struct {
    const ock_ordered_conv_call *call;
    int channels, filters, depth, block, pixels, tiles;
} ordered_job;

// How many products are summed before the output takes them: 128, fewer never matter, more where there are few pixels.
static int depth_block(int depth, int pixels) {
    int block = 128, width = 128;
    if (pixels >= depth) return block;
    while (width > 16 && width / 2 >= pixels) {
        block *= 2;
        width /= 2;
    }
    return block;
}

// The tile's windows as a matrix [depth][TILE]; pixels beyond the picture's end are zero.
static void gather(const ock_conv_shape *s, const float *image, int channels, int first, int count, float *windows) {
    int top[TILE], left[TILE];
    for (int i = 0; i < count; i++) {
        top[i] = (first + i) / s->out_width * s->stride_y - s->pad_top;
        left[i] = (first + i) % s->out_width * s->stride_x - s->pad_left;
    }
    for (int channel = 0; channel < channels; channel++, image += (ptrdiff_t)s->in_height * s->in_width)
        for (int ky = 0; ky < s->kernel_height; ky++)
            for (int kx = 0; kx < s->kernel_width; kx++, windows += TILE)
                for (int i = 0; i < TILE; i++) {
                    int y = i < count ? top[i] + ky * s->dilation_y : -1, x = i < count ? left[i] + kx * s->dilation_x : -1;
                    bool inside = y >= 0 && y < s->in_height && x >= 0 && x < s->in_width;
                    windows[i] = inside ? image[(ptrdiff_t)y * s->in_width + x] : 0;
                }
}

// `count` filters (one or two) over a tile: fused sums of `block` products each.
static inline __attribute__((always_inline)) void fused_sums(const int count, const float *weights,
                                                             const float *windows, int depth, int block, float *out) {
    lanes8 total[2][TILE / 8];
    for (int start = 0; start < depth; start += block) {
        int end = ock_min(depth, start + block);
        lanes8 sum[2][TILE / 8] = {0};
        for (int k = start; k < end; k++)
            for (int i = 0; i < TILE / 8; i++) {
                lanes8 window = *(const lanes8 *)(windows + k * TILE + 8 * i);
                for (int filter = 0; filter < count; filter++)
                    sum[filter][i] =
                        __builtin_elementwise_fma((lanes8)weights[filter * depth + k], window, sum[filter][i]);
            }
        for (int filter = 0; filter < count; filter++)
            for (int i = 0; i < TILE / 8; i++)
                total[filter][i] = start == 0 ? sum[filter][i] : total[filter][i] + sum[filter][i];
    }
    memcpy(out, total, sizeof(total[0]) * (size_t)count);
}

// Products that are rounded before they are summed. On x86-64 the functions that sum them are compiled for processors
// without fused multiplication; elsewhere the product is hidden from the compiler on its way.
#if defined(__aarch64__)
typedef float lanes4 __attribute__((ext_vector_type(4)));
#define HIDE(product) ({ \
    lanes4 low_ = (product).lo, high_ = (product).hi; \
    __asm__("" : "+w"(low_), "+w"(high_)); \
    (product).lo = low_, (product).hi = high_; \
})
#else
#define HIDE(product) ((void)(product))
#endif

// The only filter of a group: products rounded one by one, summed four at a time.
static inline __attribute__((always_inline)) void rounded_sums(const float *weights, const float *windows, int depth,
                                                               float *out) {
    for (int i = 0; i < TILE; i += 8) {
        lanes8 total = (lanes8)0.0f;
        for (int start = 0; start < depth;) {
            // What is left over of the fours goes as a pair and a single.
            int count = depth - start >= 4 ? 4 : depth - start >= 2 ? 2 : 1;
            lanes8 sum = (lanes8)weights[start] * *(const lanes8 *)(windows + start * TILE + i);
            HIDE(sum);
            for (int k = start + 1; k < start + count; k++) {
                lanes8 product = (lanes8)weights[k] * *(const lanes8 *)(windows + k * TILE + i);
                HIDE(product);
                sum += product;
            }
            total = start == 0 ? sum : total + sum;
            start += count;
        }
        memcpy(out + i, &total, sizeof(total));
    }
}

static inline __attribute__((always_inline)) void run_tile(const ordered_job *job, int chunk, int worker,
                                                           bool rounds) {
    const ock_ordered_conv_call *call = job->call;
    const ock_conv_shape *s = &call->shape;
    int tile = chunk % job->tiles, group = chunk / job->tiles % s->groups, item = chunk / job->tiles / s->groups;
    int first = tile * TILE, count = ock_min(TILE, job->pixels - first);
    float *windows = call->scratch + (ptrdiff_t)worker * job->depth * TILE;
    ptrdiff_t input_channel = (ptrdiff_t)item * s->in_channels + group * job->channels;
    gather(s, call->input + input_channel * s->in_height * s->in_width, job->channels, first, count, windows);
    for (int filter = 0; filter < job->filters;) {
        int filters = rounds ? 1 : ock_min(2, job->filters - filter);
        const float *weights = call->weights + (ptrdiff_t)(group * job->filters + filter) * job->depth;
        float sums[2 * TILE];
        if (rounds) rounded_sums(weights, windows, job->depth, sums);
        else if (filters == 2) fused_sums(2, weights, windows, job->depth, job->block, sums);
        else fused_sums(1, weights, windows, job->depth, job->block, sums);
        for (int n = 0; n < filters; n++, filter++) {
            int channel = group * job->filters + filter;
            float *out = call->output + ((ptrdiff_t)item * s->out_channels + channel) * job->pixels + first;
            for (int i = 0; i < count; i++)
                out[i] = call->bias ? sums[n * TILE + i] + call->bias[channel] : sums[n * TILE + i];
        }
    }
}

static void plain_fused(void *context, int chunk, int worker) { run_tile(context, chunk, worker, false); }
static void plain_rounded(void *context, int chunk, int worker) { run_tile(context, chunk, worker, true); }

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void fast_fused(void *context, int chunk, int worker) {
    run_tile(context, chunk, worker, false);
}
__attribute__((target("avx2"))) static void fast_rounded(void *context, int chunk, int worker) {
    run_tile(context, chunk, worker, true);
}
#else
#define fast_fused plain_fused
#define fast_rounded plain_rounded
#endif

size_t ock_ordered_conv_scratch_count(const ock_conv_shape *s, int threads) {
    size_t depth = (size_t)(s->in_channels / s->groups) * (size_t)s->kernel_height * (size_t)s->kernel_width;
    return depth * TILE * (size_t)ock_max(1, threads);
}

void ock_ordered_conv(const ock_ordered_conv_call *call) {
    const ock_conv_shape *s = &call->shape;
    int channels = s->in_channels / s->groups, pixels = s->out_height * s->out_width;
    int depth = channels * s->kernel_height * s->kernel_width;
    ordered_job job = {.call = call, .channels = channels, .filters = s->out_channels / s->groups, .depth = depth,
                       .block = depth_block(depth, pixels), .pixels = pixels, .tiles = (pixels + TILE - 1) / TILE};
    bool plain = ock_active_isa() == OCK_ISA_PLAIN, rounds = job.filters == 1;
    ock_chunk chunk = rounds ? (plain ? plain_rounded : fast_rounded) : plain ? plain_fused : fast_fused;
    ock_parallel(s->batch * s->groups * job.tiles, chunk, &job, call->threads);
}
