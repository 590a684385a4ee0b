#include "table.h"
#include <math.h>

#define SMALL_REDUCTION 32768
// Numbers side by side that the compiler keeps in vectors.
#define LANES 16

typedef struct {
    ock_reduction reduction;
    const float *in;
    float *out;
    size_t outer, axis, inner, pieces;
    int parts;
} job;

static inline float larger(float a, float b) { return a != a || a > b ? a : b; }
static inline float smaller(float a, float b) { return a != a || a < b ? a : b; }

// Runs STATEMENT with `join(a, x)` for the reduction at hand, so that each has a loop of its own.
#define FOR_REDUCTION(STATEMENT)                                                \
    switch (reduction) {                                                        \
    case OCK_REDUCE_MAX: { STATEMENT(larger(a, x)); break; }                    \
    case OCK_REDUCE_MIN: { STATEMENT(smaller(a, x)); break; }                   \
    case OCK_REDUCE_L1: { STATEMENT(a + fabsf(x)); break; }                     \
    case OCK_REDUCE_L2:                                                         \
    case OCK_REDUCE_SQUARES: { STATEMENT(a + x * x); break; }                   \
    default: { STATEMENT(a + x); break; }                                       \
    }

static float begin(ock_reduction reduction) {
    return reduction == OCK_REDUCE_MAX ? -INFINITY : reduction == OCK_REDUCE_MIN ? INFINITY : 0;
}

static float finish(ock_reduction reduction, float sum, size_t count) {
    return reduction == OCK_REDUCE_MEAN ? sum / (float)count : reduction == OCK_REDUCE_L2 ? sqrtf(sum) : sum;
}

// Adds the next numbers, those LANES apart to the same sum.
static void gather(ock_reduction reduction, const float *in, size_t n, float *sums) {
#define GATHER(JOIN)                                                     \
    for (; n >= LANES; n -= LANES, in += LANES)                          \
        for (int i = 0; i < LANES; i++) {                                \
            float a = sums[i], x = in[i];                                \
            sums[i] = JOIN;                                              \
        }                                                                \
    for (size_t i = 0; i < n; i++) {                                     \
        float a = sums[i], x = in[i];                                    \
        sums[i] = JOIN;                                                  \
    }
    FOR_REDUCTION(GATHER)
}

// Sums of sums of 4096 numbers, so that long rows do not lose digits.
#define STRETCH 4096

static float row(ock_reduction reduction, const float *in, size_t n) {
    bool extreme = reduction == OCK_REDUCE_MAX || reduction == OCK_REDUCE_MIN;
    float total = begin(reduction);
    for (size_t at = 0; at < n; at += STRETCH) {
        float sums[LANES];
        for (int i = 0; i < LANES; i++) sums[i] = begin(reduction);
        gather(reduction, in + at, n - at < STRETCH ? n - at : STRETCH, sums);
        for (int i = 0; i < LANES; i++) {
            if (!extreme) total += sums[i];
            else total = reduction == OCK_REDUCE_MAX ? larger(total, sums[i]) : smaller(total, sums[i]);
        }
    }
    return finish(reduction, total, n);
}

static void rows_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    size_t end = ock_part(j->outer, j->parts, part + 1);
    for (size_t i = ock_part(j->outer, j->parts, part); i < end; i++)
        j->out[i] = row(j->reduction, j->in + i * j->axis, j->axis);
}

// Columns of a piece that are reduced together.
#define PIECE 256

static void columns_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const job *j = context;
    ock_reduction reduction = j->reduction;
    size_t item = (size_t)chunk / j->pieces, first = (size_t)chunk % j->pieces * PIECE;
    size_t n = j->inner - first < PIECE ? j->inner - first : PIECE;
    const float *in = j->in + item * j->axis * j->inner + first;
    float sums[PIECE];
    for (size_t i = 0; i < n; i++) sums[i] = begin(reduction);
#define COLUMNS(JOIN)                                         \
    for (size_t k = 0; k < j->axis; k++, in += j->inner)      \
        for (size_t i = 0; i < n; i++) {                      \
            float a = sums[i], x = in[i];                     \
            sums[i] = JOIN;                                   \
        }
    FOR_REDUCTION(COLUMNS)
    float *out = j->out + item * j->inner + first;
    for (size_t i = 0; i < n; i++) out[i] = finish(reduction, sums[i], j->axis);
}

void ock_reduce(ock_reduction reduction, const float *in, float *out, size_t outer, size_t axis, size_t inner,
                int threads) {
    job j = {reduction, in, out, outer, axis, inner, (inner + PIECE - 1) / PIECE, 1};
    if (outer * axis * inner < SMALL_REDUCTION) threads = 1;
    if (inner == 1) {
        size_t parts = threads > 1 ? 4 * (size_t)threads : 1;
        j.parts = (int)(parts < outer ? parts : outer);
        return ock_parallel(j.parts, rows_chunk, &j, threads);
    }
    ock_parallel((int)(outer * j.pieces), columns_chunk, &j, threads);
}
