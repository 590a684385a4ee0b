// C = A x B with A in rows and B packed in tiles of columns: [tile][k][NB x VL], the last lanes 0.

static size_t ISA(gemm_packed_count)(int rows, int columns) { return (size_t)rows * blocks_of(columns) * VL; }

static int ISA(gemm_tiles)(int columns) { return tile_groups(blocks_of(columns)); }

static void ISA(gemm_pack)(const float *b, ptrdiff_t stride, bool transposed, int rows, int columns, float *packed,
                           int first_tile, int end_tile) {
    int blocks = blocks_of(columns);
    packed += (size_t)rows * tile_group_first(blocks, first_tile) * VL;
    for (int t = first_tile; t < end_tile; t++) {
        int first = tile_group_first(blocks, t) * VL, width = tile_group_first(blocks, t + 1) * VL - first;
        int real = ock_min(columns - first, width);
        if (transposed) {
            int full_rows = rows / VL * VL;
            for (int c = 0; c < width; c += VL) {
                int here = ock_min(VL, real - c);
                if (here == VL)
                    for (int k = 0; k < full_rows; k += VL) {
                        vf r[VL];
                        UNROLL
                        for (int i = 0; i < VL; i++) r[i] = vload(b + (first + c + i) * stride + k);
                        transpose_lanes(r);
                        UNROLL
                        for (int i = 0; i < VL; i++) vstore(packed + (ptrdiff_t)(k + i) * width + c, r[i]);
                    }
                for (int k = here == VL ? full_rows : 0; k < rows; k++)
                    for (int i = 0; i < VL; i++)
                        packed[(ptrdiff_t)k * width + c + i] =
                            i < here ? ock_weight(b + (first + c + i) * stride + k) : 0;
            }
        } else {
            for (int k = 0; k < rows; k++) {
                memcpy(packed + (ptrdiff_t)k * width, b + k * stride + first, real * sizeof(float));
                memset(packed + (ptrdiff_t)k * width + real, 0, (width - real) * sizeof(float));
            }
        }
        packed += (size_t)rows * width;
    }
}

/// One tile of columns over a range of rows and of k.
typedef struct {
    const ock_gemm_call *call;
    const float *weights;
    int first_column, columns, first_k, end_k;
} ISA(gemm_job);
#define gemm_job ISA(gemm_job)

// Finishes into `target`; `bias` NULL or NB x VL floats.
INLINE void gemm_end(const int P, const int NB, vf acc[P_MAX][NB_MAX], const ock_gemm_call *call, const float *bias,
                     const tile_target *target) {
    UNROLL
    for (int b = 0; b < NB; b++) {
        vf shift = bias ? vload(bias + b * VL) : (vf)0.0f;
        UNROLL
        for (int p = 0; p < P; p++) acc[p][b] = vfma(acc[p][b], (vf)call->scale, shift);
    }
    tile_finish(P, NB, acc, &call->epilogue, target);
}

INLINE void gemm_tile(const int P, const int NB, const gemm_job *job, int row) {
    const ock_gemm_call *call = job->call;
    vf acc[P_MAX][NB_MAX];
    ptrdiff_t at = row * call->ldc + job->first_column;
    bool whole = job->columns == NB * VL, first = job->first_k == 0, last = job->end_k == call->k;
    // The last columns, where a whole vector would reach beyond the row, go through a tile of our own.
    float own[P_MAX * NB_MAX * VL], own_residual[P_MAX * NB_MAX * VL], own_bias[NB_MAX * VL];
    tile_target target = {call->c + at, call->residual ? call->residual + at : NULL, call->ldc, VL};
    const float *bias = call->bias ? call->bias + job->first_column : NULL;
    size_t bytes = (size_t)job->columns * sizeof(float);
    if (!whole) {
        target = (tile_target){own, call->residual ? own_residual : NULL, NB * VL, VL};
        for (int p = 0; p < P; p++) {
            if (!first) memcpy(own + p * NB * VL, call->c + at + p * call->ldc, bytes);
            if (last && call->residual) memcpy(own_residual + p * NB * VL, call->residual + at + p * call->ldc, bytes);
        }
        if (last && bias) bias = memcpy(own_bias, bias, bytes);
    }
    if (first) tile_clear(P, NB, acc);
    else tile_load(P, NB, acc, &target);
    const float *a[P_MAX];
    UNROLL
    for (int p = 0; p < P; p++) a[p] = call->a + (row + p) * call->lda + job->first_k;
    tile_multiply(P, NB, acc, a, job->end_k - job->first_k, job->weights);
    if (last) gemm_end(P, NB, acc, call, bias, &target);
    else tile_store(P, NB, acc, &target);
    if (!whole)
        for (int p = 0; p < P; p++) memcpy(call->c + at + p * call->ldc, own + p * NB * VL, bytes);
}

static void ISA(gemm_span)(const gemm_job *job, int nb, int first, int end) {
#define TILE(P, NB, at) gemm_tile(P, NB, job, at)
    TILE_SPANS(TILE, nb, first, end)
#undef TILE
}

typedef struct {
    const ock_gemm_call *call;
    int tiles, ranges;
} ISA(gemm_cut);

#define GEMM_ROWS 192

static void ISA(gemm_chunk)(void *context, int chunk, int worker) {
    (void)worker;
    const ISA(gemm_cut) *cut = context;
    const ock_gemm_call *call = cut->call;
    int tile = chunk / cut->ranges, range = chunk % cut->ranges, blocks = blocks_of(call->n);
    int first_block = tile_group_first(blocks, tile), nb = tile_group_first(blocks, tile + 1) - first_block;
    const float *weights = call->packed_b + (size_t)first_block * VL * call->k;
    int first = (int)ock_part(call->m, cut->ranges, range), end = (int)ock_part(call->m, cut->ranges, range + 1);
    int spans = ock_max(1, (int)(((size_t)call->k * nb * VL + BLOCKED_WEIGHT_FLOATS - 1) / BLOCKED_WEIGHT_FLOATS));
    if (call->residual == call->c) spans = 1;
    gemm_job job = {call, NULL, first_block * VL, ock_min(nb * VL, call->n - first_block * VL), 0, 0};
    int step = spans == 1 ? ock_max(1, end - first) : GEMM_ROWS;
    for (int at = first; at < end; at += step)
        for (int span = 0; span < spans; span++) {
            job.first_k = (int)ock_part(call->k, spans, span);
            job.end_k = (int)ock_part(call->k, spans, span + 1);
            job.weights = weights + (size_t)job.first_k * nb * VL;
            ISA(gemm_span)(&job, nb, at, ock_min(at + step, end));
        }
}

static void ISA(gemm)(const ock_gemm_call *call) {
    double work = (double)call->m * call->n * call->k;
    int threads = work < SMALL_LAYER / (call->m < 6 ? 4 : 1) ? 1 : call->threads;
    ISA(gemm_cut) cut = {call, tile_groups(blocks_of(call->n)), 1};
    if (threads > 1 && cut.tiles < 8 * threads)
        cut.ranges = ock_max(1, ock_min((8 * threads + cut.tiles - 1) / cut.tiles, call->m / 24));
    ock_parallel(cut.tiles * cut.ranges, ISA(gemm_chunk), &cut, threads);
}
