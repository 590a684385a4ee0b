#include "table.h"

#define SMALL_NORMALISATION 16384

typedef struct {
    const ock_table *table;
    const float *in, *residual, *scale, *shift;
    float epsilon;
    float *out, *sum;
    size_t rows, columns, axis, inner;
    int parts;
} job;

static void softmax_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    size_t end = ock_part(j->rows, j->parts, part + 1);
    for (size_t row = ock_part(j->rows, j->parts, part); row < end; row++)
        j->table->softmax(j->in + row * j->columns, j->out + row * j->columns, j->columns);
}

static void strided_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    ptrdiff_t at = (ptrdiff_t)((size_t)part * j->axis * j->inner);
    j->table->softmax_strided(j->in + at, j->out + at, j->axis, j->inner);
}

static void layer_norm_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    size_t end = ock_part(j->rows, j->parts, part + 1);
    for (size_t row = ock_part(j->rows, j->parts, part); row < end; row++) {
        size_t at = row * j->columns;
        j->table->layer_norm(j->in + at, j->residual ? j->residual + at : NULL, j->scale, j->shift, j->epsilon,
                             j->out + at, j->sum ? j->sum + at : NULL, j->columns);
    }
}

static void run(job *j, ock_chunk chunk, int threads) {
    if (j->rows * j->columns < SMALL_NORMALISATION) threads = 1;
    size_t parts = threads > 1 ? 4 * (size_t)threads : 1;
    j->parts = (int)(parts < j->rows ? parts : j->rows);
    ock_parallel(j->parts, chunk, j, threads);
}

void ock_softmax(const float *in, float *out, size_t rows, size_t columns, int threads) {
    job j = {.table = ock_active_table(), .in = in, .out = out, .rows = rows, .columns = columns};
    run(&j, softmax_chunk, threads);
}

void ock_softmax_strided(const float *in, float *out, size_t outer, size_t axis, size_t inner, int threads) {
    job j = {.table = ock_active_table(), .in = in, .out = out, .axis = axis, .inner = inner};
    ock_parallel((int)outer, strided_chunk, &j, outer * axis * inner < SMALL_NORMALISATION ? 1 : threads);
}

void ock_layer_norm(const float *in, const float *residual, const float *scale, const float *shift, float epsilon,
                    float *out, float *sum, size_t rows, size_t columns, int threads) {
    job j = {.table = ock_active_table(), .in = in, .residual = residual, .scale = scale, .shift = shift,
             .epsilon = epsilon, .out = out, .sum = sum, .rows = rows, .columns = columns};
    run(&j, layer_norm_chunk, threads);
}
