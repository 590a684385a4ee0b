// C = A x B, A in rows of bytes, B packed in tiles of columns: [tile][part][k / 4][NB][16][4].

INLINE void qgemm_tile(const int P, const int NB, const ock_qgemm_call *call, const int8_t *w, int block, int row) {
    qi acc[QP_MAX][QNB_MAX];
    qtile_set(P, NB, acc, call->bias + block * OCK_LANES);
    const uint8_t *a[QP_MAX], *tails[QP_MAX];
    // The last bytes of a row that do not fill a step, followed by nothing.
    uint8_t tail[QP_MAX][4] = {{0}};
    int steps = call->k / 4, rest = call->k % 4;
    UNROLL
    for (int p = 0; p < P; p++) {
        a[p] = call->a + (row + p) * call->lda;
        tails[p] = tail[p];
        if (rest) memcpy(tail[p], a[p] + 4 * steps, (size_t)rest);
    }
    for (int part = 0; part < call->parts; part++) {
        qtile_multiply(P, NB, acc, a, steps, w);
        w += (ptrdiff_t)steps * NB * OCK_WEIGHT_BLOCK;
        if (rest) {
            qtile_step(P, NB, acc, tails, 0, w);
            w += NB * OCK_WEIGHT_BLOCK;
        }
    }
    int first = block * OCK_LANES, columns = ock_min(NB * OCK_LANES, call->n - first);
    bool whole = columns == NB * OCK_LANES;
    ptrdiff_t at = (ptrdiff_t)row * call->n + first;
    const float *scales = call->scales + first, *bias = call->float_bias ? call->float_bias + first : NULL;
    // The last columns, where a whole vector would reach beyond the row, go through a tile of our own.
    if (call->float_c) {
        float own[QP_MAX * QNB_MAX * OCK_LANES];
        qtarget target = {NULL, whole ? call->float_c + at : own, whole ? call->n : NB * OCK_LANES, OCK_LANES, 8,
                          OCK_LANES, 0};
        qtile_store_float(P, NB, acc, scales, bias, &target);
        for (int p = 0; p < P && !whole; p++)
            memcpy(call->float_c + at + (ptrdiff_t)p * call->n, own + p * NB * OCK_LANES,
                   (size_t)columns * sizeof(float));
    } else {
        uint8_t own[QP_MAX * QNB_MAX * OCK_LANES];
        qtarget target = {whole ? call->c + at : own, NULL, whole ? call->n : NB * OCK_LANES, OCK_LANES, 0, OCK_LANES, 0};
        qtile_store(P, NB, acc, scales, call->steps, &target);
        for (int p = 0; p < P && !whole; p++)
            memcpy(call->c + at + (ptrdiff_t)p * call->n, own + p * NB * OCK_LANES, (size_t)columns);
    }
}

static void QISA(qgemm)(const ock_qgemm_call *call, const int8_t *weights, int block, int blocks, int first, int end) {
#define TILE(P, NB, at) qgemm_tile(P, NB, call, weights, block, at)
    QTILE_SPANS(TILE, blocks, first, end)
#undef TILE
}
