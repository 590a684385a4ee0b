// Elementwise kernels of bytes, 16 at a time; the rest of fewer goes through a vector of our own.

INLINE qb qload_some(const uint8_t *p, size_t n) {
    uint8_t lanes[OCK_LANES] = {0};
    memcpy(lanes, p, n);
    return qload_bytes(lanes);
}
INLINE void qstore_some(uint8_t *p, qb x, size_t n) { memcpy(p, &x, n); }
INLINE qf qload_floats(const float *p, size_t n) {
    if (n >= OCK_LANES) return qload_float(p);
    float lanes[OCK_LANES] = {0};
    memcpy(lanes, p, n * sizeof(float));
    return qload_float(lanes);
}

static void QISA(quantize)(const float *x, uint8_t *y, size_t n, float scale, ock_steps steps) {
    qclamp clamp = qclamp_of(steps);
    size_t i = 0;
    for (; i + OCK_LANES <= n; i += OCK_LANES) qstore_bytes(y + i, qround_steps(qload_float(x + i) / (qf)scale, clamp));
    if (i < n) qstore_some(y + i, qround_steps(qload_floats(x + i, n - i) / (qf)scale, clamp), n - i);
}

static void QISA(dequantize)(const uint8_t *x, float *y, size_t n, float scale, int zero) {
    size_t i = 0;
    for (; i + OCK_LANES <= n; i += OCK_LANES)
        qstore_float(y + i, __builtin_convertvector(qwiden(qload_bytes(x + i)) - zero, qf) * scale);
    if (i == n) return;
    qf rest = __builtin_convertvector(qwiden(qload_some(x + i, n - i)) - zero, qf) * scale;
    memcpy(y + i, &rest, (n - i) * sizeof(float));
}

// [16 lanes][16 pixels] to [16 pixels][16 lanes].
INLINE void qtranspose(qb lanes[OCK_LANES], uint8_t *out, size_t pixels) {
    qi part[4];
    UNROLL
    for (int i = 0; i < 4; i++)
        part[i] = (qi)qinterleave(lanes[4 * i], lanes[4 * i + 1], lanes[4 * i + 2], lanes[4 * i + 3]);
    uint8_t own[OCK_LANES * OCK_LANES];
    uint8_t *target = pixels == OCK_LANES ? out : own;
    UNROLL
    for (int pixel = 0; pixel < OCK_LANES; pixel++)
        for (int i = 0; i < 4; i++) {
            int dword = part[i][pixel];
            memcpy(target + pixel * OCK_LANES + 4 * i, &dword, 4);
        }
    if (pixels != OCK_LANES) memcpy(out, own, pixels * OCK_LANES);
}

static void QISA(quantize_to_blocked)(const float *x, uint8_t *y, int lanes, int width, int area, float scale,
                                      ock_steps steps) {
    qclamp clamp = qclamp_of(steps);
    for (int i = 0; i < area; i += OCK_LANES) {
        size_t pixels = (size_t)ock_min(OCK_LANES, area - i);
        qb q[OCK_LANES];
        for (int lane = 0; lane < OCK_LANES; lane++)
            q[lane] = lane < lanes
                          ? qround_steps(qload_floats(x + (ptrdiff_t)lane * area + i, pixels) / (qf)scale, clamp)
                          : (qb)(uint8_t)0;
        uint8_t *out = y + (ptrdiff_t)i * width;
        if (width == OCK_LANES) {
            qtranspose(q, out, pixels);
        } else {
            q64 pixels_of_4 = qinterleave(q[0], q[1], q[2], q[3]);
            memcpy(out, &pixels_of_4, pixels * 4);
        }
    }
}

static void QISA(range_with_zero)(const float *x, size_t n, float *low, float *high) {
    qf lowest = (qf)0.0f, highest = (qf)0.0f;
    size_t i = 0;
    for (; i < n; i += OCK_LANES) {
        qf v = qload_floats(x + i, n - i);
        lowest = qmin(v, lowest);
        highest = qmax(v, highest);
    }
    *low = *high = 0;
    for (int lane = 0; lane < OCK_LANES; lane++) {
        if (lowest[lane] < *low) *low = lowest[lane];
        if (highest[lane] > *high) *high = highest[lane];
    }
}

static void QISA(bytes_to_blocked)(const uint8_t *x, uint8_t *y, int lanes, int width, int area) {
    for (int i = 0; i < area; i += OCK_LANES) {
        size_t pixels = (size_t)ock_min(OCK_LANES, area - i);
        qb q[OCK_LANES];
        for (int lane = 0; lane < OCK_LANES; lane++) {
            const uint8_t *from = x + (ptrdiff_t)lane * area + i;
            q[lane] = lane >= lanes ? (qb)(uint8_t)0 : pixels == OCK_LANES ? qload_bytes(from) : qload_some(from, pixels);
        }
        uint8_t *out = y + (ptrdiff_t)i * width;
        if (width == OCK_LANES) {
            qtranspose(q, out, pixels);
        } else {
            q64 pixels_of_4 = qinterleave(q[0], q[1], q[2], q[3]);
            memcpy(out, &pixels_of_4, pixels * 4);
        }
    }
}

static void QISA(bytes_from_blocked)(const uint8_t *x, uint8_t *y, int lanes, int width, int area) {
    for (int i = 0; width == OCK_LANES && i + OCK_LANES <= area; i += OCK_LANES) {
        qb q[OCK_LANES];
        for (int pixel = 0; pixel < OCK_LANES; pixel++) q[pixel] = qload_bytes(x + (ptrdiff_t)(i + pixel) * OCK_LANES);
        uint8_t own[OCK_LANES * OCK_LANES];
        qtranspose(q, own, OCK_LANES);
        for (int lane = 0; lane < lanes; lane++)
            qstore_bytes(y + (ptrdiff_t)lane * area + i, qload_bytes(own + lane * OCK_LANES));
    }
    for (int i = width == OCK_LANES ? area / OCK_LANES * OCK_LANES : 0; i < area; i++)
        for (int lane = 0; lane < lanes; lane++) y[(ptrdiff_t)lane * area + i] = x[(ptrdiff_t)i * width + lane];
}

INLINE qb qbinary(const ock_qbinary *op, qb a, qb b, qclamp clamp) {
    if (op->product) {
        qi product = (qwiden(a) - op->a_zero) * (qwiden(b) - op->b_zero);
        qf x = __builtin_convertvector(product, qf);
        return qround_steps(__builtin_elementwise_fma(x, (qf)op->a_scale, (qf)op->shift), clamp);
    }
    qf x = __builtin_convertvector(qwiden(a), qf), y = __builtin_convertvector(qwiden(b), qf);
    y = __builtin_elementwise_fma(y, (qf)op->b_scale, (qf)op->shift);
    return qround_steps(__builtin_elementwise_fma(x, (qf)op->a_scale, y), clamp);
}

static void QISA(byte_binary)(const ock_qbinary *op, const uint8_t *a, const uint8_t *b, uint8_t *y, size_t n) {
    qclamp clamp = qclamp_of(op->steps);
    size_t i = 0;
    for (; i + OCK_LANES <= n; i += OCK_LANES)
        qstore_bytes(y + i, qbinary(op, qload_bytes(a + i), qload_bytes(b + i), clamp));
    if (i < n) qstore_some(y + i, qbinary(op, qload_some(a + i, n - i), qload_some(b + i, n - i), clamp), n - i);
}

static void QISA(byte_binary_lanes)(const ock_qbinary *op, const uint8_t *a, const uint8_t *b, uint8_t *y,
                                    size_t area) {
    qclamp clamp = qclamp_of(op->steps);
    qb lanes = qload_bytes(b);
    for (size_t i = 0; i < area * OCK_LANES; i += OCK_LANES)
        qstore_bytes(y + i, qbinary(op, qload_bytes(a + i), lanes, clamp));
}
