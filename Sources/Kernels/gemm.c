#include "table.h"

size_t ock_gemm_packed_count(int rows, int columns) { return ock_active_table()->gemm_packed_count(rows, columns); }

#define SMALL_PACKING 262144

typedef struct {
    const ock_table *table;
    const float *b;
    ptrdiff_t stride;
    bool transposed;
    int rows, columns;
    float *packed;
    int first;
} pack_job;

static void pack_tile(void *context, int tile, int worker) {
    (void)worker;
    const pack_job *j = context;
    j->table->gemm_pack(j->b, j->stride, j->transposed, j->rows, j->columns, j->packed, j->first + tile,
                        j->first + tile + 1);
}

int ock_gemm_tiles(int columns) { return ock_active_table()->gemm_tiles(columns); }

void ock_gemm_pack_tiles(const float *b, ptrdiff_t stride, bool transposed, int rows, int columns, float *packed,
                         int first, int end) {
    pack_job j = {ock_active_table(), b, stride, transposed, rows, columns, packed, first};
    int threads = (double)rows * columns < SMALL_PACKING ? 1 : ock_pool_threads();
    ock_parallel(end - first, pack_tile, &j, threads);
}

void ock_gemm_pack(const float *b, ptrdiff_t stride, bool transposed, int rows, int columns, float *packed) {
    ock_gemm_pack_tiles(b, stride, transposed, rows, columns, packed, 0, ock_gemm_tiles(columns));
}

void ock_gemm(const ock_gemm_call *call) { ock_active_table()->gemm(call); }

typedef struct {
    const ock_gemm_batch_call *batch;
    const ock_table *table;
} batch_job;

static void batch_chunk(void *context, int item, int worker) {
    const batch_job *job = context;
    const ock_gemm_batch_call *batch = job->batch;
    ock_gemm_call call = batch->one;
    float *packed = batch->scratch + job->table->gemm_packed_count(call.k, call.n) * (size_t)worker;
    job->table->gemm_pack(batch->b + item * batch->b_step, batch->b_stride, batch->b_transposed, call.k, call.n, packed,
                          0, job->table->gemm_tiles(call.n));
    call.packed_b = packed;
    call.a += item * batch->a_step;
    call.c += item * batch->c_step;
    if (call.residual) call.residual += item * batch->c_step;
    call.threads = 1;
    job->table->gemm(&call);
}

void ock_gemm_batch(const ock_gemm_batch_call *batch) {
    batch_job job = {batch, ock_active_table()};
    double work = (double)batch->count * batch->one.m * batch->one.n * batch->one.k;
    ock_parallel(batch->count, batch_chunk, &job, work < 2e6 ? 1 : batch->one.threads);
}
