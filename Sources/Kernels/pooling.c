#include "table.h"

// Kernels below this many floats of input are not worth handing out.
#define SMALL_TENSOR 65536

typedef struct {
    const ock_table *table;
    const ock_pool_shape *shape;
    const float *in;
    float *out;
    ptrdiff_t in_plane, out_plane;
    int in_width, out_height, out_width, area;
    const void *rows, *columns;
    bool max;
} job;

static void pool_chunk(void *context, int block, int worker) {
    (void)worker;
    const job *j = context;
    (j->max ? j->table->max_pool : j->table->average_pool)(j->shape, j->in, j->out, block);
}

static void global_chunk(void *context, int block, int worker) {
    (void)worker;
    const job *j = context;
    j->table->global_pool(j->in + block * j->in_plane, j->out + block * j->out_plane, j->area, j->max);
}

static void nearest_chunk(void *context, int block, int worker) {
    (void)worker;
    const job *j = context;
    j->table->resize_nearest(j->in + block * j->in_plane, j->out + block * j->out_plane, j->in_width, j->out_height,
                             j->out_width, j->rows, j->columns);
}

static void linear_chunk(void *context, int block, int worker) {
    (void)worker;
    const job *j = context;
    j->table->resize_linear(j->in + block * j->in_plane, j->out + block * j->out_plane, j->in_width, j->out_height,
                            j->out_width, j->rows, j->columns);
}

static void run(job *j, ock_chunk chunk, int blocks, ptrdiff_t plane, int threads) {
    ock_parallel(blocks, chunk, j, blocks * plane < SMALL_TENSOR ? 1 : threads);
}

static void pool(const ock_pool_shape *shape, const float *in, float *out, bool max, int threads) {
    job j = {.table = ock_active_table(), .shape = shape, .in = in, .out = out, .max = max};
    run(&j, pool_chunk, shape->blocks, (ptrdiff_t)shape->in_height * shape->in_width * j.table->block, threads);
}

void ock_max_pool(const ock_pool_shape *shape, const float *in, float *out, int threads) {
    pool(shape, in, out, true, threads);
}

void ock_average_pool(const ock_pool_shape *shape, const float *in, float *out, int threads) {
    pool(shape, in, out, false, threads);
}

static void global(const float *in, float *out, int blocks, int area, bool max, int threads) {
    job j = {.table = ock_active_table(), .in = in, .out = out, .area = area, .max = max};
    j.out_plane = j.table->block;
    j.in_plane = (ptrdiff_t)area * j.table->block;
    run(&j, global_chunk, blocks, j.in_plane, threads);
}

void ock_global_average(const float *in, float *out, int blocks, int area, int threads) {
    global(in, out, blocks, area, false, threads);
}

void ock_global_max(const float *in, float *out, int blocks, int area, int threads) {
    global(in, out, blocks, area, true, threads);
}

static job resize(const float *in, float *out, int in_height, int in_width, int out_height, int out_width,
                  const void *rows, const void *columns) {
    const ock_table *table = ock_active_table();
    return (job){
        .table = table, .in = in, .out = out, .in_width = in_width, .out_height = out_height, .out_width = out_width,
        .in_plane = (ptrdiff_t)in_height * in_width * table->block,
        .out_plane = (ptrdiff_t)out_height * out_width * table->block, .rows = rows, .columns = columns,
    };
}

void ock_resize_nearest(const float *in, float *out, int blocks, int in_height, int in_width, int out_height,
                        int out_width, const int *rows, const int *columns, int threads) {
    job j = resize(in, out, in_height, in_width, out_height, out_width, rows, columns);
    run(&j, nearest_chunk, blocks, j.out_plane, threads);
}

void ock_resize_linear(const float *in, float *out, int blocks, int in_height, int in_width, int out_height,
                       int out_width, const ock_tap *rows, const ock_tap *columns, int threads) {
    job j = resize(in, out, in_height, in_width, out_height, out_width, rows, columns);
    run(&j, linear_chunk, blocks, j.out_plane, threads);
}
