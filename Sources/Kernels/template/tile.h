// The register tile that every product here is made of: P pixels (or rows) x NB vectors of output channels (or columns).
// P and NB are constants wherever these are inlined, so that the accumulators live in registers.
#define P_MAX 12

// The widest tile of NB vectors: NB x P accumulators, NB weights and one pixel fit the registers.
#define TILE_P(NB) ((NB) == NB_MAX ? 6 : 8)

/// Where a tile goes: pixel p, vector b at out + p * p_step + b * b_step, the residual likewise.
typedef struct {
    float *out;
    const float *residual;
    ptrdiff_t p_step, b_step;
} ISA(tile_target);
#define tile_target ISA(tile_target)

INLINE void tile_clear(const int P, const int NB, vf acc[P_MAX][NB_MAX]) {
    UNROLL
    for (int p = 0; p < P; p++) {
        UNROLL
        for (int b = 0; b < NB; b++) acc[p][b] = (vf)0.0f;
    }
}

INLINE void tile_set(const int P, const int NB, vf acc[P_MAX][NB_MAX], const float *bias) {
    UNROLL
    for (int b = 0; b < NB; b++) {
        vf value = vload(bias + b * VL);
        UNROLL
        for (int p = 0; p < P; p++) acc[p][b] = value;
    }
}

INLINE void tile_load(const int P, const int NB, vf acc[P_MAX][NB_MAX], const tile_target *t) {
    UNROLL
    for (int p = 0; p < P; p++) {
        UNROLL
        for (int b = 0; b < NB; b++) acc[p][b] = vload(t->out + p * t->p_step + b * t->b_step);
    }
}

INLINE void tile_store(const int P, const int NB, vf acc[P_MAX][NB_MAX], const tile_target *t) {
    UNROLL
    for (int p = 0; p < P; p++) {
        UNROLL
        for (int b = 0; b < NB; b++) vstore(t->out + p * t->p_step + b * t->b_step, acc[p][b]);
    }
}

INLINE void tile_add(const int P, const int NB, vf acc[P_MAX][NB_MAX], const tile_target *t) {
    UNROLL
    for (int p = 0; p < P; p++) {
        UNROLL
        for (int b = 0; b < NB; b++) acc[p][b] += vload(t->residual + p * t->p_step + b * t->b_step);
    }
}

INLINE void tile_step(const int P, const int NB, vf acc[P_MAX][NB_MAX], const float *const *a, int i,
                      const float *w) {
    vf weights[NB_MAX];
    UNROLL
    for (int b = 0; b < NB; b++) weights[b] = vload(w + b * VL);
    UNROLL
    for (int p = 0; p < P; p++) {
        vf x = (vf)(a[p][i]);
        UNROLL
        for (int b = 0; b < NB; b++) acc[p][b] = vfma(x, weights[b], acc[p][b]);
    }
}

// acc[p][b] += sum over i below n of a[p][i] * w[i][b]
INLINE void tile_multiply(const int P, const int NB, vf acc[P_MAX][NB_MAX], const float *const *a, int n,
                          const float *w) {
    int i = 0;
    for (; i + 4 <= n; i += 4, w += 4 * NB * VL) {
        tile_step(P, NB, acc, a, i, w);
        tile_step(P, NB, acc, a, i + 1, w + NB * VL);
        tile_step(P, NB, acc, a, i + 2, w + 2 * NB * VL);
        tile_step(P, NB, acc, a, i + 3, w + 3 * NB * VL);
    }
    for (; i < n; i++, w += NB * VL) tile_step(P, NB, acc, a, i, w);
}

// Applies an activation that needs registers of its own to a stored tile, still in the first-level cache.
static __attribute__((noinline)) void ISA(tile_activate)(const ock_epilogue *epilogue, int P, int NB,
                                                         const tile_target *t) {
    bool by_block = t->p_step == VL;
    int runs = by_block ? NB : P, length = (by_block ? P : NB) * VL;
    ptrdiff_t step = by_block ? t->b_step : t->p_step;
    for (int run = 0; run < runs; run++) {
        float *out = t->out + run * step;
        ISA(activate)(epilogue->act, out, out, (size_t)length);
    }
}

// Such an activation where a residual follows it: aside, because the residual may lie where the tile goes.
INLINE void tile_activate_aside(const int P, const int NB, vf acc[P_MAX][NB_MAX], const ock_epilogue *epilogue) {
    float own[P_MAX * NB_MAX * VL] __attribute__((aligned(64)));
    tile_target aside = {own, NULL, NB * VL, VL};
    tile_store(P, NB, acc, &aside);
    ISA(activate)(epilogue->act, own, own, (size_t)(P * NB * VL));
    UNROLL
    for (int p = 0; p < P; p++) {
        UNROLL
        for (int b = 0; b < NB; b++) acc[p][b] = vload(own + (p * NB + b) * VL);
    }
}

// Stores a tile whose sum is complete: act(sum + residual) or act(sum) + residual.
INLINE void tile_finish(const int P, const int NB, vf acc[P_MAX][NB_MAX], const ock_epilogue *epilogue,
                        const tile_target *t) {
    if (t->residual && !epilogue->residual_after) tile_add(P, NB, acc, t);
    if (epilogue->act.kind > OCK_ACT_CLIP) {
        if (!t->residual || !epilogue->residual_after) {
            tile_store(P, NB, acc, t);
            ISA(tile_activate)(epilogue, P, NB, t);
            return;
        }
        tile_activate_aside(P, NB, acc, epilogue);
    }
    if (epilogue->act.kind == OCK_ACT_CLIP) {
        vf low = (vf)epilogue->act.alpha, high = (vf)epilogue->act.beta;
        UNROLL
        for (int p = 0; p < P; p++) {
            UNROLL
            for (int b = 0; b < NB; b++) acc[p][b] = vclamp(acc[p][b], low, high);
        }
    }
    if (t->residual && epilogue->residual_after) tile_add(P, NB, acc, t);
    tile_store(P, NB, acc, t);
}

// Calls TILE(P, NB, at) over [first, end) for constant P and NB: full tiles, then 4, 2, 1.
#define TILE_SPAN(TILE, NB, first, end)                                              \
    do {                                                                             \
        int at = (first), stop = (end);                                              \
        for (; at + TILE_P(NB) <= stop; at += TILE_P(NB)) TILE(TILE_P(NB), NB, at);  \
        if (at + 4 <= stop) { TILE(4, NB, at); at += 4; }                            \
        if (at + 2 <= stop) { TILE(2, NB, at); at += 2; }                            \
        if (at < stop) TILE(1, NB, at);                                              \
    } while (0)

// The same where the pixels of a tile lie at a constant distance, so that a narrow tile needs no pointer a pixel.
#define TILE_WIDE_SPAN(TILE, first, end)                                             \
    do {                                                                             \
        int from = (first), until = (end);                                           \
        for (; from + 12 <= until; from += 12) TILE(12, 1, from);                    \
        TILE_SPAN(TILE, 1, from, until);                                             \
    } while (0)

#if NB_MAX == 4
#define TILE_SPANS(TILE, nb, first, end)                 \
    switch (nb) {                                        \
    case 1: TILE_SPAN(TILE, 1, first, end); break;       \
    case 2: TILE_SPAN(TILE, 2, first, end); break;       \
    case 3: TILE_SPAN(TILE, 3, first, end); break;       \
    default: TILE_SPAN(TILE, 4, first, end); break;      \
    }
#else
#define TILE_SPANS(TILE, nb, first, end)                 \
    switch (nb) {                                        \
    case 1: TILE_SPAN(TILE, 1, first, end); break;       \
    default: TILE_SPAN(TILE, 2, first, end); break;      \
    }
#endif

// `blocks` vectors of outputs are cut into tiles of at most NB_MAX as evenly as can be.
INLINE int tile_groups(int blocks) { return (blocks + NB_MAX - 1) / NB_MAX; }
INLINE int tile_group_first(int blocks, int group) { return blocks * group / tile_groups(blocks); }
