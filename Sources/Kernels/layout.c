#include "table.h"
#include <string.h>

#define SMALL_LAYOUT 32768

typedef struct {
    const ock_table *table;
    const float *in;
    float *out;
    ptrdiff_t in_batch, out_batch;
    int channels, area, rows, columns, parts;
} job;

static void to_blocked_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const job *j = context;
    int block = j->table->block, blocks = (j->channels + block - 1) / block, item = chunk / blocks, at = chunk % blocks;
    j->table->to_blocked(j->in + item * j->in_batch + (ptrdiff_t)at * block * j->area,
                         j->out + item * j->out_batch + (ptrdiff_t)at * block * j->area,
                         ock_min(block, j->channels - at * block), j->area);
}

static void from_blocked_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const job *j = context;
    int block = j->table->block, blocks = (j->channels + block - 1) / block, item = chunk / blocks, at = chunk % blocks;
    j->table->from_blocked(j->in + item * j->in_batch + (ptrdiff_t)at * block * j->area,
                           j->out + item * j->out_batch + (ptrdiff_t)at * block * j->area,
                           ock_min(block, j->channels - at * block), j->area);
}

static void transpose_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const job *j = context;
    int item = chunk / j->parts, part = chunk % j->parts, tiles = (j->rows + 15) / 16;
    ptrdiff_t at = (ptrdiff_t)item * j->rows * j->columns;
    j->table->transpose(j->in + at, j->out + at, j->rows, j->columns, (int)ock_part(tiles, j->parts, part) * 16,
                        ock_min(j->rows, (int)ock_part(tiles, j->parts, part + 1) * 16));
}

void ock_to_blocked(const float *in, ptrdiff_t in_batch, float *out, ptrdiff_t out_batch, int batch, int channels,
                    int area, int threads) {
    job j = {ock_active_table(), in, out, in_batch, out_batch, channels, area, 0, 0, 0};
    bool small = (ptrdiff_t)batch * channels * area < SMALL_LAYOUT;
    ock_parallel(batch * ock_blocks(channels), to_blocked_chunk, &j, small ? 1 : threads);
}

void ock_from_blocked(const float *in, ptrdiff_t in_batch, float *out, ptrdiff_t out_batch, int batch, int channels,
                      int area, int threads) {
    job j = {ock_active_table(), in, out, in_batch, out_batch, channels, area, 0, 0, 0};
    bool small = (ptrdiff_t)batch * channels * area < SMALL_LAYOUT;
    ock_parallel(batch * ock_blocks(channels), from_blocked_chunk, &j, small ? 1 : threads);
}

// Pixels that are moved together, all their channels: what one side reads in runs the other writes in runs.
#define MOVED_PIXELS 32

static void to_channels_last_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const job *j = context;
    int block = j->table->block, item = chunk / j->parts, first = chunk % j->parts * MOVED_PIXELS;
    int end = ock_min(j->area, first + MOVED_PIXELS);
    for (int channel = 0; channel < j->channels; channel += block) {
        const float *in = j->in + item * j->in_batch + (ptrdiff_t)channel * j->area;
        float *out = j->out + (ptrdiff_t)item * j->area * j->channels + channel;
        int count = ock_min(block, j->channels - channel);
        for (int i = first; i < end; i++) {
            const float *from = in + (ptrdiff_t)i * block;
            float *to = out + (ptrdiff_t)i * j->channels;
            if (count == 16) memcpy(to, from, 16 * sizeof(float));
            else if (count == 8) memcpy(to, from, 8 * sizeof(float));
            else memcpy(to, from, (size_t)count * sizeof(float));
        }
    }
}

static void from_channels_last_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const job *j = context;
    int block = j->table->block, item = chunk / j->parts, first = chunk % j->parts * MOVED_PIXELS;
    int end = ock_min(j->area, first + MOVED_PIXELS);
    for (int channel = 0; channel < j->channels; channel += block) {
        const float *in = j->in + (ptrdiff_t)item * j->area * j->channels + channel;
        float *out = j->out + item * j->out_batch + (ptrdiff_t)channel * j->area;
        int count = ock_min(block, j->channels - channel);
        for (int i = first; i < end; i++) {
            const float *from = in + (ptrdiff_t)i * j->channels;
            float *to = out + (ptrdiff_t)i * block;
            if (count == 16) memcpy(to, from, 16 * sizeof(float));
            else if (count == 8 && block == 8) memcpy(to, from, 8 * sizeof(float));
            else
                for (int lane = 0; lane < block; lane++) to[lane] = lane < count ? from[lane] : 0;
        }
    }
}

static void move_channels(job *j, ock_chunk chunk, int batch, int threads) {
    j->table = ock_active_table();
    j->parts = (j->area + MOVED_PIXELS - 1) / MOVED_PIXELS;
    bool small = (ptrdiff_t)batch * j->channels * j->area < SMALL_LAYOUT;
    ock_parallel(batch * j->parts, chunk, j, small ? 1 : threads);
}

void ock_channels_last_from_blocked(const float *in, ptrdiff_t in_batch, float *out, int batch, int channels, int area,
                                    int threads) {
    job j = {.in = in, .out = out, .in_batch = in_batch, .channels = channels, .area = area};
    move_channels(&j, to_channels_last_chunk, batch, threads);
}

void ock_blocked_from_channels_last(const float *in, float *out, ptrdiff_t out_batch, int batch, int channels, int area,
                                    int threads) {
    job j = {.in = in, .out = out, .out_batch = out_batch, .channels = channels, .area = area};
    move_channels(&j, from_channels_last_chunk, batch, threads);
}

void ock_transpose(const float *in, float *out, int batch, int rows, int columns, int threads) {
    bool small = (ptrdiff_t)batch * rows * columns < SMALL_LAYOUT;
    job j = {ock_active_table(), in, out, 0, 0, 0, 0, rows, columns, small ? 1 : 2 * ock_max(1, threads)};
    ock_parallel(batch * j.parts, transpose_chunk, &j, small ? 1 : threads);
}

typedef struct {
    const uint8_t *in;
    uint8_t *out;
    const ptrdiff_t *shape, *strides;
    int rank, parts;
    size_t run;
} copy_job;

static void copy_chunk(void *context, int part, int worker) {
    (void)worker;
    const copy_job *j = context;
    // The two innermost axes are loops; the others are found by division, once a row.
    ptrdiff_t inner = j->rank > 0 ? j->shape[j->rank - 1] : 1, step = j->rank > 0 ? j->strides[j->rank - 1] : 0;
    size_t rows = 1;
    for (int axis = 0; axis < j->rank - 1; axis++) rows *= (size_t)j->shape[axis];
    size_t end = ock_part(rows, j->parts, part + 1);
    for (size_t row = ock_part(rows, j->parts, part); row < end; row++) {
        const uint8_t *in = j->in;
        size_t rest = row;
        for (int axis = j->rank - 2; axis >= 0; axis--) {
            in += (ptrdiff_t)(rest % (size_t)j->shape[axis]) * j->strides[axis];
            rest /= (size_t)j->shape[axis];
        }
        uint8_t *out = j->out + row * (size_t)inner * j->run;
        switch (j->run) {
        case 4:
            for (ptrdiff_t i = 0; i < inner; i++) memcpy(out + 4 * i, in + i * step, 4);
            break;
        case 8:
            for (ptrdiff_t i = 0; i < inner; i++) memcpy(out + 8 * i, in + i * step, 8);
            break;
        default:
            for (ptrdiff_t i = 0; i < inner; i++) memcpy(out + (size_t)i * j->run, in + i * step, j->run);
        }
    }
}

void ock_strided_copy(const uint8_t *in, uint8_t *out, const ptrdiff_t *shape, const ptrdiff_t *strides, int rank,
                      size_t run, int threads) {
    size_t rows = 1, bytes = run;
    for (int axis = 0; axis < rank; axis++) bytes *= (size_t)shape[axis];
    for (int axis = 0; axis < rank - 1; axis++) rows *= (size_t)shape[axis];
    copy_job j = {in, out, shape, strides, rank, 1, run};
    if (bytes >= SMALL_LAYOUT * sizeof(float) && threads > 1) j.parts = (int)(rows < 64 ? rows : 4 * (size_t)threads);
    ock_parallel(j.parts, copy_chunk, &j, threads);
}

typedef struct {
    const float *in;
    float *out;
    int lanes, blocks, height, width, kernel_height, kernel_width;
} tap_job;

static void tap_chunk(void *context, int block, int worker) {
    (void)worker;
    const tap_job *j = context;
    size_t pixel = (size_t)j->lanes * sizeof(float);
    float *out = j->out + (ptrdiff_t)block * j->height * j->kernel_height * j->width * j->kernel_width * j->lanes;
    for (int y = 0; y < j->height; y++)
        for (int ky = 0; ky < j->kernel_height; ky++)
            for (int kx = 0; kx < j->kernel_width; kx++) {
                ptrdiff_t plane = (ptrdiff_t)(ky * j->kernel_width + kx) * j->blocks + block;
                const float *in = j->in + (plane * j->height + y) * j->width * j->lanes;
                float *line = out + (((ptrdiff_t)y * j->kernel_height + ky) * j->width * j->kernel_width + kx) * j->lanes;
                for (int x = 0; x < j->width; x++, in += j->lanes, line += j->kernel_width * j->lanes)
                    memcpy(line, in, pixel);
            }
}

void ock_interleave_taps(const float *in, float *out, int blocks, int height, int width, int kernel_height,
                         int kernel_width, int threads) {
    tap_job j = {in, out, ock_channel_block(), blocks, height, width, kernel_height, kernel_width};
    ock_parallel(blocks, tap_chunk, &j, threads);
}
