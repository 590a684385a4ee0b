// Pooling and resizing of blocked bytes: a chunk a block.
#include "quantised.h"
#include <string.h>

#define SMALL_TENSOR 65536

typedef struct {
    const ock_qtable *table;
    const ock_pool_shape *shape;
    const uint8_t *in;
    uint8_t *out;
    int in_height, in_width, out_height, out_width, area;
    float scale;
    int zero;
    ock_steps steps;
    const int *rows, *columns;
} job;

static int threads_for(const ock_pool_shape *s, int threads) {
    return (double)s->blocks * OCK_LANES * s->in_height * s->in_width < SMALL_TENSOR ? 1 : threads;
}

static void max_chunk(void *context, int block, int worker) {
    (void)worker;
    const job *j = context;
    j->table->byte_max_pool(j->shape, j->in, j->out, block);
}

void ock_byte_max_pool(const ock_pool_shape *shape, const uint8_t *in, uint8_t *out, int threads) {
    job j = {.table = ock_active_qtable(), .shape = shape, .in = in, .out = out};
    ock_parallel(shape->blocks, max_chunk, &j, threads_for(shape, threads));
}

static void average_chunk(void *context, int block, int worker) {
    (void)worker;
    const job *j = context;
    j->table->byte_average_pool(j->shape, j->in, j->out, block, j->scale, j->zero, j->steps);
}

void ock_byte_average_pool(const ock_pool_shape *shape, const uint8_t *in, uint8_t *out, float scale, int zero,
                           ock_steps steps, int threads) {
    job j = {.table = ock_active_qtable(), .shape = shape, .in = in, .out = out, .scale = scale, .zero = zero,
             .steps = steps};
    ock_parallel(shape->blocks, average_chunk, &j, threads_for(shape, threads));
}

static void global_chunk(void *context, int block, int worker) {
    (void)worker;
    const job *j = context;
    j->table->byte_global_average(j->in + (ptrdiff_t)block * j->area * OCK_LANES, j->out + block * OCK_LANES, j->area,
                                  j->scale / (float)j->area, j->zero, j->steps);
}

void ock_byte_global_average(const uint8_t *in, uint8_t *out, int blocks, int area, float scale, int zero,
                             ock_steps steps, int threads) {
    job j = {.table = ock_active_qtable(), .in = in, .out = out, .area = area, .scale = scale, .zero = zero,
             .steps = steps};
    bool small = (double)blocks * OCK_LANES * area < SMALL_TENSOR;
    ock_parallel(blocks, global_chunk, &j, small ? 1 : threads);
}

static void resize_chunk(void *context, int block, int worker) {
    (void)worker;
    const job *j = context;
    const uint8_t *in = j->in + (ptrdiff_t)block * j->in_height * j->in_width * OCK_LANES;
    uint8_t *out = j->out + (ptrdiff_t)block * j->out_height * j->out_width * OCK_LANES;
    for (int y = 0; y < j->out_height; y++) {
        const uint8_t *line = in + (ptrdiff_t)j->rows[y] * j->in_width * OCK_LANES;
        for (int x = 0; x < j->out_width; x++, out += OCK_LANES)
            memcpy(out, line + (ptrdiff_t)j->columns[x] * OCK_LANES, OCK_LANES);
    }
}

void ock_byte_resize_nearest(const uint8_t *in, uint8_t *out, int blocks, int in_height, int in_width, int out_height,
                             int out_width, const int *rows, const int *columns, int threads) {
    job j = {.in = in, .out = out, .in_height = in_height, .in_width = in_width, .out_height = out_height,
             .out_width = out_width, .rows = rows, .columns = columns};
    bool small = (double)blocks * OCK_LANES * out_height * out_width < SMALL_TENSOR;
    ock_parallel(blocks, resize_chunk, &j, small ? 1 : threads);
}
