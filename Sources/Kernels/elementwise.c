#include "table.h"

// One thread handles this many floats before another is worth waking.
#define SMALL_ELEMENTWISE 65536

typedef struct {
    const ock_table *table;
    ock_binary_kind kind;
    ock_act act;
    const float *a, *b, *shift;
    float scalar;
    bool swapped;
    float *y;
    size_t rows, columns;
    int parts;
    const ock_broadcast *form;
} job;

static void finish(const job *j, float *y, size_t n) {
    if (j->act.kind != OCK_ACT_NONE) j->table->activate(j->act, y, y, n);
}

// Work in pieces that stay in the first-level cache between the operation and its activation.
#define PIECE 4096
#define FOR_PIECES(at, n)                                                           \
    for (size_t at = 0, length; at < (n) && (length = (n) - at < PIECE ? (n) - at : PIECE, true); at += PIECE)

static void activate_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    size_t first = ock_part(j->columns / 64, j->parts, part) * 64;
    size_t end = part == j->parts - 1 ? j->columns : ock_part(j->columns / 64, j->parts, part + 1) * 64;
    j->table->activate(j->act, j->a + first, j->y + first, end - first);
}

static void binary_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    size_t first = ock_part(j->columns / 64, j->parts, part) * 64;
    size_t end = part == j->parts - 1 ? j->columns : ock_part(j->columns / 64, j->parts, part + 1) * 64;
    FOR_PIECES(at, end - first) {
        size_t i = first + at;
        if (j->b) j->table->binary(j->kind, j->a + i, j->b + i, j->y + i, length);
        else j->table->binary_scalar(j->kind, j->a + i, j->scalar, j->swapped, j->y + i, length);
        finish(j, j->y + i, length);
    }
}

static void row_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    size_t end = ock_part(j->rows, j->parts, part + 1);
    for (size_t row = ock_part(j->rows, j->parts, part); row < end; row++) {
        const float *a = j->a + row * j->columns, *b = j->b;
        float *y = j->y + row * j->columns;
        if (j->swapped) j->table->binary(j->kind, b, a, y, j->columns);
        else j->table->binary(j->kind, a, b, y, j->columns);
        finish(j, y, j->columns);
    }
}

static void column_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    size_t end = ock_part(j->rows, j->parts, part + 1);
    for (size_t row = ock_part(j->rows, j->parts, part); row < end; row++) {
        float *y = j->y + row * j->columns;
        j->table->binary_scalar(j->kind, j->a + row * j->columns, j->b[row], j->swapped, y, j->columns);
        finish(j, y, j->columns);
    }
}

static void channel_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    size_t block = (size_t)j->table->block, end = ock_part(j->rows, j->parts, part + 1);
    for (size_t row = ock_part(j->rows, j->parts, part); row < end; row++) {
        float *y = j->y + row * j->columns;
        j->table->binary_lanes(j->kind, j->a + row * j->columns, j->b + row * block, j->swapped, y, j->columns);
        finish(j, y, j->columns);
    }
}

static void scale_shift_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    size_t block = (size_t)j->table->block, end = ock_part(j->rows, j->parts, part + 1);
    for (size_t row = ock_part(j->rows, j->parts, part); row < end; row++)
        FOR_PIECES(at, j->columns) {
            float *y = j->y + row * j->columns + at;
            j->table->scale_shift(j->a + row * j->columns + at, j->b + row * block, j->shift + row * block, y, length);
            finish(j, y, length);
        }
}

static void run(job *j, ock_chunk chunk, size_t units, int threads) {
    j->table = ock_active_table();
    size_t total = j->rows * j->columns;
    if (total < SMALL_ELEMENTWISE) threads = 1;
    size_t parts = threads > 1 ? 4 * (size_t)threads : 1;
    j->parts = (int)(parts < units ? parts : units);
    ock_parallel(j->parts, chunk, j, threads);
}

void ock_activate(ock_act act, const float *x, float *y, size_t n, int threads) {
    job j = {.act = act, .a = x, .y = y, .rows = 1, .columns = n};
    run(&j, activate_chunk, n / 64 + 1, threads);
}

void ock_binary(ock_binary_kind kind, ock_act act, const float *a, const float *b, float *y, size_t n, int threads) {
    job j = {.kind = kind, .act = act, .a = a, .b = b, .y = y, .rows = 1, .columns = n};
    run(&j, binary_chunk, n / 64 + 1, threads);
}

void ock_binary_scalar(ock_binary_kind kind, ock_act act, const float *a, float b, bool swapped, float *y, size_t n,
                       int threads) {
    job j = {.kind = kind, .act = act, .a = a, .scalar = b, .swapped = swapped, .y = y, .rows = 1, .columns = n};
    run(&j, binary_chunk, n / 64 + 1, threads);
}

void ock_binary_row(ock_binary_kind kind, ock_act act, const float *a, const float *b, bool swapped, float *y,
                    size_t rows, size_t columns, int threads) {
    job j = {.kind = kind, .act = act, .a = a, .b = b, .swapped = swapped, .y = y, .rows = rows, .columns = columns};
    run(&j, row_chunk, rows, threads);
}

void ock_binary_column(ock_binary_kind kind, ock_act act, const float *a, const float *b, bool swapped, float *y,
                       size_t rows, size_t columns, int threads) {
    job j = {.kind = kind, .act = act, .a = a, .b = b, .swapped = swapped, .y = y, .rows = rows, .columns = columns};
    run(&j, column_chunk, rows, threads);
}

void ock_binary_channel(ock_binary_kind kind, ock_act act, const float *a, const float *b, bool swapped, float *y,
                        size_t blocks, size_t area, int threads) {
    job j = {.kind = kind, .act = act, .a = a, .b = b, .swapped = swapped, .y = y, .rows = blocks};
    j.columns = area * (size_t)ock_channel_block();
    run(&j, channel_chunk, blocks, threads);
}

void ock_scale_shift(ock_act act, const float *x, const float *scale, const float *shift, float *y, size_t blocks,
                     size_t area, int threads) {
    job j = {.act = act, .a = x, .b = scale, .shift = shift, .y = y, .rows = blocks};
    j.columns = area * (size_t)ock_channel_block();
    run(&j, scale_shift_chunk, blocks, threads);
}

static void broadcast_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    const ock_broadcast *f = j->form;
    int last = f->rank - 1;
    size_t end = ock_part(j->rows, j->parts, part + 1);
    for (size_t row = ock_part(j->rows, j->parts, part); row < end; row++) {
        const float *a = j->a, *b = j->b;
        size_t rest = row;
        for (int axis = last - 1; axis >= 0; axis--) {
            ptrdiff_t at = (ptrdiff_t)(rest % (size_t)f->shape[axis]);
            rest /= (size_t)f->shape[axis];
            a += at * f->a[axis];
            b += at * f->b[axis];
        }
        float *y = j->y + row * j->columns;
        if (f->b[last] == 0) j->table->binary_scalar(j->kind, a, *b, false, y, j->columns);
        else if (f->a[last] == 0) j->table->binary_scalar(j->kind, b, *a, true, y, j->columns);
        else j->table->binary(j->kind, a, b, y, j->columns);
        finish(j, y, j->columns);
    }
}

void ock_binary_broadcast(ock_binary_kind kind, ock_act act, const ock_broadcast *form, const float *a, const float *b,
                          float *y, int threads) {
    job j = {.kind = kind, .act = act, .a = a, .b = b, .y = y, .rows = 1, .form = form};
    for (int axis = 0; axis < form->rank - 1; axis++) j.rows *= (size_t)form->shape[axis];
    j.columns = (size_t)form->shape[form->rank - 1];
    run(&j, broadcast_chunk, j.rows, threads);
}
