// The register tile of all 8-bit products: P pixels (or rows) x NB blocks of 16 outputs, four inputs deep a step.
#define QP_MAX 12

/// Where a tile goes: pixel p, block b at p * p_step + b * b_step. Floats of a block lie in two halves of 8 lanes,
/// half_step apart.
typedef struct {
    uint8_t *out;
    float *float_out;
    ptrdiff_t p_step, b_step, half_step;
    /// Bytes of a pixel that exist: 16, or 4 for up to four channels.
    int width;
    /// Outputs from block 0 on: of floats in blocks of 8 lanes, the last half may not exist.
    int lanes;
} qtarget;

INLINE void qtile_set(const int P, const int NB, qi acc[QP_MAX][QNB_MAX], const int32_t *bias) {
    UNROLL
    for (int b = 0; b < NB; b++) {
        qi value = qload_int(bias + b * OCK_LANES);
        UNROLL
        for (int p = 0; p < P; p++) acc[p][b] = value;
    }
}

INLINE void qtile_step(const int P, const int NB, qi acc[QP_MAX][QNB_MAX], const uint8_t *const *a, ptrdiff_t at,
                       const int8_t *w) {
    qweights weights[QNB_MAX];
    UNROLL
    for (int b = 0; b < NB; b++) weights[b] = qload_weights(w + b * OCK_WEIGHT_BLOCK);
    // Keeps the loads of later steps from being fetched ahead, which would not fit the registers.
    __asm__ volatile("" ::: "memory");
    UNROLL
    for (int p = 0; p < P; p++) {
        qinputs x = qbroadcast(qdword(a[p] + at));
        UNROLL
        for (int b = 0; b < NB; b++) acc[p][b] = qdot(acc[p][b], x, weights[b]);
    }
}

// acc[p][b] += sum over 4 * steps bytes of a[p] times weights.
INLINE void qtile_multiply(const int P, const int NB, qi acc[QP_MAX][QNB_MAX], const uint8_t *const *a, int steps,
                           const int8_t *w) {
    int i = 0;
    for (; i + 4 <= steps; i += 4, w += 4 * NB * OCK_WEIGHT_BLOCK) {
        UNROLL
        for (int k = 0; k < 4; k++) qtile_step(P, NB, acc, a, 4 * (i + k), w + k * NB * OCK_WEIGHT_BLOCK);
    }
    for (; i < steps; i++, w += NB * OCK_WEIGHT_BLOCK) qtile_step(P, NB, acc, a, 4 * i, w);
}

INLINE void qtile_store_float(const int P, const int NB, qi acc[QP_MAX][QNB_MAX], const float *scales,
                              const float *bias, const qtarget *t) {
    UNROLL
    for (int b = 0; b < NB; b++) {
        qf scale = qload_float(scales + b * OCK_LANES), shift = bias ? qload_float(bias + b * OCK_LANES) : (qf)0.0f;
        UNROLL
        for (int p = 0; p < P; p++) {
            qf y = __builtin_elementwise_fma(__builtin_convertvector(acc[p][b], qf), scale, shift);
            float *out = t->float_out + p * t->p_step + b * t->b_step;
            *(qf8_unaligned *)out = y.lo;
            if (t->half_step == 8 || b * OCK_LANES + 8 < t->lanes) *(qf8_unaligned *)(out + t->half_step) = y.hi;
        }
    }
}

INLINE void qtile_store(const int P, const int NB, qi acc[QP_MAX][QNB_MAX], const float *scales, ock_steps steps,
                        const qtarget *t) {
    qclamp clamp = qclamp_of(steps);
    UNROLL
    for (int b = 0; b < NB; b++) {
        qf scale = qload_float(scales + b * OCK_LANES);
        UNROLL
        for (int p = 0; p < P; p++) {
            qb y = qround_steps(__builtin_convertvector(acc[p][b], qf) * scale, clamp);
            uint8_t *out = t->out + p * t->p_step + b * t->b_step;
            if (t->width == OCK_LANES) qstore_bytes(out, y);
            else memcpy(out, &y, 4);
        }
    }
}

// Calls TILE(P, NB, at) over [first, end) for constant P and NB: full tiles, then 4, 2, 1.
#define QTILE_SPAN(TILE, NB, first, end)                                             \
    do {                                                                             \
        int at = (first), stop = (end);                                              \
        for (; at + QTILE_P(NB) <= stop; at += QTILE_P(NB)) TILE(QTILE_P(NB), NB, at); \
        for (; QTILE_P(NB) > 4 && at + 4 <= stop; at += 4) TILE(4, NB, at);          \
        if (at + 2 <= stop) { TILE(2, NB, at); at += 2; }                            \
        if (at < stop) TILE(1, NB, at);                                              \
    } while (0)

#if QNB_MAX == 4
#define QTILE_SPANS(TILE, nb, first, end)                 \
    switch (nb) {                                         \
    case 1: QTILE_SPAN(TILE, 1, first, end); break;       \
    case 2: QTILE_SPAN(TILE, 2, first, end); break;       \
    case 3: QTILE_SPAN(TILE, 3, first, end); break;       \
    default: QTILE_SPAN(TILE, 4, first, end); break;      \
    }
#else
#define QTILE_SPANS(TILE, nb, first, end) \
    {                                     \
        (void)(nb);                       \
        QTILE_SPAN(TILE, 1, first, end);  \
    }
#endif
