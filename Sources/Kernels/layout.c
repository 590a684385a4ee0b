#include "table.h"

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

void ock_transpose(const float *in, float *out, int batch, int rows, int columns, int threads) {
    bool small = (ptrdiff_t)batch * rows * columns < SMALL_LAYOUT;
    job j = {ock_active_table(), in, out, 0, 0, 0, 0, rows, columns, small ? 1 : 2 * ock_max(1, threads)};
    ock_parallel(batch * j.parts, transpose_chunk, &j, small ? 1 : threads);
}
