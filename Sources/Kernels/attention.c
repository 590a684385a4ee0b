#include "table.h"

// Rows of scores that are computed, normalised and multiplied while they are near the core.
#define ROWS 48

typedef struct {
    const ock_table *table;
    const ock_attention *shape;
    const float *q, *k, *v, *mask;
    float *out, *scratch;
    int parts;
} job;

typedef struct {
    size_t keys, values, scores;
} sizes;

static sizes sizes_of(const ock_attention *s, const ock_table *table) {
    return (sizes){(table->gemm_packed_count(s->depth, s->keys) + 15) / 16 * 16,
                   (table->gemm_packed_count(s->keys, s->width) + 15) / 16 * 16, (size_t)ROWS * s->keys};
}

static size_t worker_count(const ock_attention *s, const ock_table *table) {
    sizes each = sizes_of(s, table);
    return (each.keys + each.values + each.scores + 15) / 16 * 16;
}

size_t ock_attention_scratch_count(const ock_attention *shape, int threads) {
    return worker_count(shape, ock_active_table()) * (size_t)ock_max(1, threads);
}

static ptrdiff_t place(const ock_matrices *m, int item, int heads) {
    return item / heads * m->batch + item % heads * m->head;
}

static void attend(const job *j, int item, int first, int end, const float *keys, const float *values, float *scores) {
    const ock_attention *s = j->shape;
    ptrdiff_t mask_at = place(&s->mask, item, s->heads);
    for (int row = first; row < end; row += ROWS) {
        int rows = ock_min(ROWS, end - row);
        ock_gemm_call product = {.m = rows, .n = s->keys, .k = s->depth, .packed_b = keys, .c = scores, .lda = s->q.row,
                                 .ldc = s->keys, .scale = s->scale, .threads = 1};
        product.a = j->q + place(&s->q, item, s->heads) + row * s->q.row;
        if (j->mask && s->mask.row == 0) product.bias = j->mask + mask_at;
        if (j->mask && s->mask.row != 0) product.residual = j->mask + mask_at + row * s->mask.row;
        j->table->gemm(&product);
        for (int i = 0; i < rows; i++) {
            float *line = scores + (size_t)i * s->keys;
            j->table->softmax(line, line, (size_t)s->keys);
        }
        if (s->guards)
            j->table->activate((ock_act){OCK_ACT_NAN_TO_ZERO, 0, 0}, scores, scores, (size_t)rows * s->keys);
        ock_gemm_call sum = {.m = rows, .n = s->width, .k = s->keys, .a = scores, .packed_b = values, .lda = s->keys,
                             .ldc = s->out.row, .scale = 1, .threads = 1};
        sum.c = j->out + place(&s->out, item, s->heads) + row * s->out.row;
        j->table->gemm(&sum);
    }
}

static void chunk(void *context, int index, int worker) {
    const job *j = context;
    const ock_attention *s = j->shape;
    int item = index / j->parts, part = index % j->parts;
    sizes each = sizes_of(s, j->table);
    float *keys = j->scratch + worker_count(s, j->table) * (size_t)worker, *values = keys + each.keys;
    j->table->gemm_pack(j->k + place(&s->k, item, s->heads), s->k.row, s->k_by_key, s->depth, s->keys, keys, 0,
                        j->table->gemm_tiles(s->keys));
    j->table->gemm_pack(j->v + place(&s->v, item, s->heads), s->v.row, false, s->keys, s->width, values, 0,
                        j->table->gemm_tiles(s->width));
    attend(j, item, (int)ock_part(s->queries, j->parts, part), (int)ock_part(s->queries, j->parts, part + 1), keys,
           values, values + each.values);
}

void ock_attention_run(const ock_attention *shape, const float *q, const float *k, const float *v, const float *mask,
                       float *out, float *scratch, int threads) {
    int items = shape->batch * shape->heads;
    double work = (double)items * shape->queries * shape->keys * (shape->depth + shape->width);
    if (work < 1e6) threads = 1;
    job j = {ock_active_table(), shape, q, k, v, mask, out, scratch, 1};
    // Few heads are cut by queries, each part packing the keys for itself.
    if (threads > 1 && items < 4 * threads)
        j.parts = ock_max(1, ock_min((4 * threads + items - 1) / items, shape->queries / ROWS));
    ock_parallel(items * j.parts, chunk, &j, threads);
}
