// Elementwise kernels, layouts and pooling of bytes: cut into chunks for the pool.
#include "quantised.h"

// Elements below which a tensor is not worth handing out.
#define SMALL_TENSOR 65536

typedef struct {
    const ock_qtable *table;
    const void *a, *b;
    void *y;
    size_t n;
    int parts;
    float scale;
    int zero;
    ock_steps steps;
    const ock_qbinary *op;
    /// Of layouts: channels and pixels; of blocked floats the lanes of a block.
    int channels, area, float_block;
} job;

static int parts_for(size_t n, int threads) { return n < SMALL_TENSOR || threads <= 1 ? 1 : 4 * threads; }

static void quantize_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    size_t first = ock_part(j->n, j->parts, part), end = ock_part(j->n, j->parts, part + 1);
    j->table->quantize((const float *)j->a + first, (uint8_t *)j->y + first, end - first, j->scale, j->steps);
}

void ock_quantize(const float *x, uint8_t *y, size_t n, float scale, ock_steps steps, int threads) {
    job j = {.table = ock_active_qtable(), .a = x, .y = y, .n = n, .parts = parts_for(n, threads), .scale = scale,
             .steps = steps};
    ock_parallel(j.parts, quantize_chunk, &j, threads);
}

static void dequantize_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    size_t first = ock_part(j->n, j->parts, part), end = ock_part(j->n, j->parts, part + 1);
    j->table->dequantize((const uint8_t *)j->a + first, (float *)j->y + first, end - first, j->scale, j->zero);
}

void ock_dequantize(const uint8_t *x, float *y, size_t n, float scale, int zero, int threads) {
    job j = {.table = ock_active_qtable(), .a = x, .y = y, .n = n, .parts = parts_for(n, threads), .scale = scale,
             .zero = zero};
    ock_parallel(j.parts, dequantize_chunk, &j, threads);
}

// Chunks of layouts are the blocks of the batch.
static int block_count(int batch, int channels) { return batch * ock_lane_blocks(channels); }

typedef struct {
    ptrdiff_t planar, blocked;
    int lanes, width;
} place;

static place place_of(const job *j, int chunk) {
    int blocks = ock_lane_blocks(j->channels), item = chunk / blocks, block = chunk % blocks;
    int width = ock_byte_block(j->channels);
    return (place){
        .planar = ((ptrdiff_t)item * j->channels + block * OCK_LANES) * j->area,
        .blocked = ((ptrdiff_t)item * blocks + block) * width * j->area,
        .lanes = ock_min(OCK_LANES, j->channels - block * OCK_LANES),
        .width = width,
    };
}

static void quantize_to_blocked_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const job *j = context;
    place at = place_of(j, chunk);
    j->table->quantize_to_blocked((const float *)j->a + at.planar, (uint8_t *)j->y + at.blocked, at.lanes, at.width,
                                  j->area, j->scale, j->steps);
}

void ock_quantize_to_blocked(const float *x, uint8_t *y, int batch, int channels, int area, float scale,
                             ock_steps steps, int threads) {
    job j = {.table = ock_active_qtable(), .a = x, .y = y, .scale = scale, .steps = steps, .channels = channels,
             .area = area};
    bool small = (double)batch * channels * area < SMALL_TENSOR;
    ock_parallel(block_count(batch, channels), quantize_to_blocked_chunk, &j, small ? 1 : threads);
}

static void to_blocked_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const job *j = context;
    place at = place_of(j, chunk);
    j->table->bytes_to_blocked((const uint8_t *)j->a + at.planar, (uint8_t *)j->y + at.blocked, at.lanes, at.width,
                               j->area);
}

static void from_blocked_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const job *j = context;
    place at = place_of(j, chunk);
    j->table->bytes_from_blocked((const uint8_t *)j->a + at.blocked, (uint8_t *)j->y + at.planar, at.lanes, at.width,
                                 j->area);
}

void ock_bytes_to_blocked(const uint8_t *in, uint8_t *out, int batch, int channels, int area, int threads) {
    job j = {.table = ock_active_qtable(), .a = in, .y = out, .channels = channels, .area = area};
    bool small = (double)batch * channels * area < SMALL_TENSOR;
    ock_parallel(block_count(batch, channels), to_blocked_chunk, &j, small ? 1 : threads);
}

void ock_bytes_from_blocked(const uint8_t *in, uint8_t *out, int batch, int channels, int area, int threads) {
    job j = {.table = ock_active_qtable(), .a = in, .y = out, .channels = channels, .area = area};
    bool small = (double)batch * channels * area < SMALL_TENSOR;
    ock_parallel(block_count(batch, channels), from_blocked_chunk, &j, small ? 1 : threads);
}

// Blocks of floats are as wide as those of bytes or half as wide; a block of bytes holds one or two of them.
static ptrdiff_t float_place(const job *j, int chunk, int half) {
    int blocks = ock_lane_blocks(j->channels), float_blocks = (j->channels + j->float_block - 1) / j->float_block;
    int item = chunk / blocks, block = chunk % blocks * (OCK_LANES / j->float_block) + half;
    return ((ptrdiff_t)item * float_blocks + block) * j->float_block * j->area;
}

static int float_halves(const job *j, int chunk) {
    int first = chunk % ock_lane_blocks(j->channels) * OCK_LANES;
    return j->float_block == OCK_LANES || j->channels - first <= 8 ? 1 : 2;
}

static void quantize_blocked_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const job *j = context;
    place at = place_of(j, chunk);
    uint8_t *y = (uint8_t *)j->y + at.blocked;
    if (at.width == OCK_LANES && j->float_block == OCK_LANES)
        return j->table->quantize((const float *)j->a + float_place(j, chunk, 0), y, (size_t)j->area * OCK_LANES,
                                  j->scale, j->steps);
    for (int half = 0; half < float_halves(j, chunk); half++) {
        const float *x = (const float *)j->a + float_place(j, chunk, half);
        int lanes = ock_min(at.width, j->float_block);
        for (int i = 0; i < j->area; i++)
            j->table->quantize(x + (ptrdiff_t)i * j->float_block, y + (ptrdiff_t)i * at.width + 8 * half, (size_t)lanes,
                               j->scale, j->steps);
    }
}

void ock_quantize_blocked(const float *x, uint8_t *y, int batch, int channels, int area, float scale, ock_steps steps,
                          int threads) {
    job j = {.table = ock_active_qtable(), .a = x, .y = y, .scale = scale, .steps = steps, .channels = channels,
             .area = area, .float_block = ock_channel_block()};
    bool small = (double)batch * channels * area < SMALL_TENSOR;
    ock_parallel(block_count(batch, channels), quantize_blocked_chunk, &j, small ? 1 : threads);
}

static void dequantize_blocked_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const job *j = context;
    place at = place_of(j, chunk);
    const uint8_t *x = (const uint8_t *)j->a + at.blocked;
    if (at.width == OCK_LANES && j->float_block == OCK_LANES)
        return j->table->dequantize(x, (float *)j->y + float_place(j, chunk, 0), (size_t)j->area * OCK_LANES, j->scale,
                                    j->zero);
    for (int half = 0; half < float_halves(j, chunk); half++) {
        float *y = (float *)j->y + float_place(j, chunk, half);
        int lanes = ock_min(at.width, j->float_block);
        for (int i = 0; i < j->area; i++)
            j->table->dequantize(x + (ptrdiff_t)i * at.width + 8 * half, y + (ptrdiff_t)i * j->float_block,
                                 (size_t)lanes, j->scale, j->zero);
    }
}

void ock_dequantize_blocked(const uint8_t *x, float *y, int batch, int channels, int area, float scale, int zero,
                            int threads) {
    job j = {.table = ock_active_qtable(), .a = x, .y = y, .scale = scale, .zero = zero, .channels = channels,
             .area = area, .float_block = ock_channel_block()};
    bool small = (double)batch * channels * area < SMALL_TENSOR;
    ock_parallel(block_count(batch, channels), dequantize_blocked_chunk, &j, small ? 1 : threads);
}

#define RANGE_PARTS 64

typedef struct {
    const ock_qtable *table;
    const float *x;
    size_t n;
    int parts;
    float low[RANGE_PARTS], high[RANGE_PARTS];
} range_job;

static void range_chunk(void *context, int part, int worker) {
    (void)worker;
    range_job *j = context;
    size_t first = ock_part(j->n, j->parts, part), end = ock_part(j->n, j->parts, part + 1);
    j->table->range_with_zero(j->x + first, end - first, &j->low[part], &j->high[part]);
}

void ock_range_with_zero(const float *x, size_t n, float *low, float *high, int threads) {
    range_job j = {.table = ock_active_qtable(), .x = x, .n = n, .parts = ock_min(RANGE_PARTS, parts_for(n, threads))};
    ock_parallel(j.parts, range_chunk, &j, threads);
    *low = *high = 0;
    for (int part = 0; part < j.parts; part++) {
        if (j.low[part] < *low) *low = j.low[part];
        if (j.high[part] > *high) *high = j.high[part];
    }
}

static void binary_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    size_t first = ock_part(j->n, j->parts, part), end = ock_part(j->n, j->parts, part + 1);
    j->table->byte_binary(j->op, (const uint8_t *)j->a + first, (const uint8_t *)j->b + first, (uint8_t *)j->y + first,
                          end - first);
}

void ock_byte_binary(const ock_qbinary *op, const uint8_t *a, const uint8_t *b, uint8_t *y, size_t n, int threads) {
    job j = {.table = ock_active_qtable(), .a = a, .b = b, .y = y, .n = n, .parts = parts_for(n, threads), .op = op};
    ock_parallel(j.parts, binary_chunk, &j, threads);
}

static void binary_channel_chunk(void *context, int block, int worker) {
    (void)worker;
    const job *j = context;
    ptrdiff_t at = (ptrdiff_t)block * j->area * OCK_LANES;
    j->table->byte_binary_lanes(j->op, (const uint8_t *)j->a + at, (const uint8_t *)j->b + block * OCK_LANES,
                                (uint8_t *)j->y + at, (size_t)j->area);
}

void ock_byte_binary_channel(const ock_qbinary *op, const uint8_t *a, const uint8_t *b, uint8_t *y, size_t blocks,
                             size_t area, int threads) {
    job j = {.table = ock_active_qtable(), .a = a, .b = b, .y = y, .area = (int)area, .op = op};
    ock_parallel((int)blocks, binary_channel_chunk, &j, blocks * area * OCK_LANES < SMALL_TENSOR ? 1 : threads);
}
