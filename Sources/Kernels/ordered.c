// Convolution in one fixed order of sums: see ordered.h.
#include "table.h"
#include <math.h>
#include <string.h>

// Output pixels of a tile: what one thread computes of all channels of a group.
#define TILE 32
// Filters that registers can hold the sums of.
#define MOST_FILTERS 6
typedef float lanes8 __attribute__((ext_vector_type(8), aligned(4)));
typedef float lanes16 __attribute__((ext_vector_type(16), aligned(4)));

typedef struct {
    const ock_ordered_conv_call *call;
    int channels, filters, depth, block, pixels, tiles;
} ordered_job;

// How many products are summed before they are added to the output: 128, and more where there are few pixels. ONNX
// Runtime cuts its sums in the same places, so that rounding agrees bit for bit.
static int depth_block(int depth, int pixels) {
    int block = 128, width = 128;
    if (pixels >= depth) return block;
    while (width > 16 && width / 2 >= pixels) {
        block *= 2;
        width /= 2;
    }
    return block;
}

// Pixels of a tile that one kernel position reads from one row of the picture, `stride_x` apart.
typedef struct {
    int at, count;
    ptrdiff_t source;
} run;

// The runs of a tile at one kernel position; what they leave out lies outside the picture.
static int find_runs(const ock_conv_shape *s, int first, int count, int ky, int kx, run *runs) {
    int found = 0;
    for (int at = 0; at < count;) {
        int row = (first + at) / s->out_width, column = (first + at) % s->out_width;
        int length = ock_min(count - at, s->out_width - column);
        int y = row * s->stride_y - s->pad_top + ky * s->dilation_y;
        int x = column * s->stride_x - s->pad_left + kx * s->dilation_x;
        int from = x >= 0 ? 0 : (-x + s->stride_x - 1) / s->stride_x;
        int end = x >= s->in_width ? 0 : ock_min(length, (s->in_width - 1 - x) / s->stride_x + 1);
        if (y >= 0 && y < s->in_height && from < end) {
            run next = {at + from, end - from, (ptrdiff_t)y * s->in_width + x + (ptrdiff_t)from * s->stride_x};
            run *last = found > 0 ? &runs[found - 1] : NULL;
            if (last && s->stride_x == 1 && last->at + last->count == next.at && last->source + last->count == next.source)
                last->count += next.count;
            else runs[found++] = next;
        }
        at += length;
    }
    return found;
}

// The tile's windows as a matrix [depth][TILE]; pixels beyond the picture's end are zero.
static inline __attribute__((always_inline)) void gather(const ock_conv_shape *s, const float *image, int channels,
                                                         int first, int count, float *windows) {
    ptrdiff_t plane = (ptrdiff_t)s->in_height * s->in_width, area = (ptrdiff_t)s->kernel_height * s->kernel_width;
    for (int position = 0; position < area; position++) {
        run runs[TILE];
        int found = find_runs(s, first, count, position / s->kernel_width, position % s->kernel_width, runs);
        bool whole = found == 1 && runs[0].count == TILE;
        for (int channel = 0; channel < channels; channel++) {
            const float *from = image + channel * plane;
            float *to = windows + (channel * area + position) * TILE;
            if (whole && s->stride_x == 1) {
                memcpy(to, from + runs[0].source, TILE * sizeof(float));
                continue;
            }
            if (!whole) memset(to, 0, TILE * sizeof(float));
            for (int r = 0; r < found; r++)
                for (int i = 0; i < runs[r].count; i++)
                    to[runs[r].at + i] = from[runs[r].source + (ptrdiff_t)i * s->stride_x];
        }
    }
}

// `count` filters over a tile: fused sums of `block` products each. The lanes are outputs, so
// that the number of filters per call does not change any sum.
static inline __attribute__((always_inline)) void fused_sums(const int count, const float *weights,
                                                             const float *windows, int depth, int block, float *out) {
    lanes16 total[MOST_FILTERS][TILE / 16];
    for (int start = 0; start < depth; start += block) {
        int end = ock_min(depth, start + block);
        lanes16 sum[MOST_FILTERS][TILE / 16];
        for (int filter = 0; filter < count; filter++)
            for (int i = 0; i < TILE / 16; i++) sum[filter][i] = (lanes16)0.0f;
        for (int k = start; k < end; k++)
            for (int i = 0; i < TILE / 16; i++) {
                lanes16 window = *(const lanes16 *)(windows + k * TILE + 16 * i);
                for (int filter = 0; filter < count; filter++)
                    sum[filter][i] =
                        __builtin_elementwise_fma((lanes16)weights[filter * depth + k], window, sum[filter][i]);
            }
        for (int filter = 0; filter < count; filter++)
            for (int i = 0; i < TILE / 16; i++)
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

// A tile of one group's outputs; `most` filters at a time, none if products are rounded.
static inline __attribute__((always_inline)) void run_tile(const ordered_job *job, int chunk, int worker,
                                                           const int most) {
    const ock_ordered_conv_call *call = job->call;
    const ock_conv_shape *s = &call->shape;
    int tile = chunk % job->tiles, group = chunk / job->tiles % s->groups, item = chunk / job->tiles / s->groups;
    int first = tile * TILE, count = ock_min(TILE, job->pixels - first);
    float *windows = call->scratch + (ptrdiff_t)worker * job->depth * TILE;
    ptrdiff_t input_channel = (ptrdiff_t)item * s->in_channels + group * job->channels;
    gather(s, call->input + input_channel * s->in_height * s->in_width, job->channels, first, count, windows);
    for (int filter = 0; filter < job->filters;) {
        int left = job->filters - filter, filters = most == 0 ? 1 : left >= most ? most : ock_min(left, 2);
        const float *weights = call->weights + (ptrdiff_t)(group * job->filters + filter) * job->depth;
        float sums[MOST_FILTERS * TILE];
        if (most == 0) rounded_sums(weights, windows, job->depth, sums);
        else if (filters == most) fused_sums(most, weights, windows, job->depth, job->block, sums);
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

static void plain_fused(void *context, int chunk, int worker) { run_tile(context, chunk, worker, 2); }
static void plain_rounded(void *context, int chunk, int worker) { run_tile(context, chunk, worker, 0); }

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void avx2_fused(void *context, int chunk, int worker) {
    run_tile(context, chunk, worker, 2);
}
__attribute__((target("avx512f,fma"))) static void avx512_fused(void *context, int chunk, int worker) {
    run_tile(context, chunk, worker, MOST_FILTERS);
}
__attribute__((target("avx2"))) static void avx2_rounded(void *context, int chunk, int worker) {
    run_tile(context, chunk, worker, 0);
}
#endif

static ock_chunk tile_function(bool rounds) {
#if defined(__x86_64__)
    if (ock_active_isa() == OCK_ISA_AVX512 && !rounds) return avx512_fused;
    if (ock_active_isa() != OCK_ISA_PLAIN) return rounds ? avx2_rounded : avx2_fused;
#endif
    return rounds ? plain_rounded : plain_fused;
}

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
    ock_parallel(s->batch * s->groups * job.tiles, tile_function(job.filters == 1), &job, call->threads);
}
