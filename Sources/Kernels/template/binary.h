// Elementwise arithmetic of two operands.
INLINE vf binary_one(const ock_binary_kind kind, vf a, vf b) {
    switch (kind) {
    case OCK_ADD: return a + b;
    case OCK_SUB: return a - b;
    case OCK_MUL: return a * b;
    case OCK_DIV: return a / b;
    // Both ways round, so that NaN in either operand reaches the result.
    case OCK_MAX: return vselect(a != a, a, vmax(a, b));
    default: return vselect(a != a, a, vmin(a, b));
    }
}

INLINE void binary_loop(const ock_binary_kind kind, const float *a, const float *b, float *y, size_t n) {
    size_t i = 0;
    for (; i + VL <= n; i += VL) vstore(y + i, binary_one(kind, vload(a + i), vload(b + i)));
    if (i < n) vstore_some(y + i, binary_one(kind, vload_some(a + i, n - i), vload_some(b + i, n - i)), n - i);
}

// `b` is the same vector throughout.
INLINE void binary_vector_loop(const ock_binary_kind kind, const float *a, vf b, bool swapped, float *y, size_t n) {
    size_t i = 0;
    for (; i + VL <= n; i += VL) {
        vf x = vload(a + i);
        vstore(y + i, swapped ? binary_one(kind, b, x) : binary_one(kind, x, b));
    }
    if (i < n) {
        vf x = vload_some(a + i, n - i);
        vstore_some(y + i, swapped ? binary_one(kind, b, x) : binary_one(kind, x, b), n - i);
    }
}

#define BINARY_CASES(CALL) \
    switch (kind) {        \
    case OCK_ADD: CALL(OCK_ADD); return; \
    case OCK_SUB: CALL(OCK_SUB); return; \
    case OCK_MUL: CALL(OCK_MUL); return; \
    case OCK_DIV: CALL(OCK_DIV); return; \
    case OCK_MAX: CALL(OCK_MAX); return; \
    default: CALL(OCK_MIN); return;      \
    }

static void ISA(binary)(ock_binary_kind kind, const float *a, const float *b, float *y, size_t n) {
#define CALL(K) binary_loop(K, a, b, y, n)
    BINARY_CASES(CALL)
#undef CALL
}

static void ISA(binary_scalar)(ock_binary_kind kind, const float *a, float b, bool swapped, float *y, size_t n) {
#define CALL(K) binary_vector_loop(K, a, (vf)b, swapped, y, n)
    BINARY_CASES(CALL)
#undef CALL
}

// A block's lanes against one vector: n is a multiple of VL.
static void ISA(binary_lanes)(ock_binary_kind kind, const float *a, const float *b, bool swapped, float *y,
                              size_t n) {
#define CALL(K) binary_vector_loop(K, a, vload(b), swapped, y, n)
    BINARY_CASES(CALL)
#undef CALL
}

// n is a multiple of VL.
static void ISA(scale_shift)(const float *x, const float *scale, const float *shift, float *y, size_t n) {
    vf factor = vload(scale), summand = vload(shift);
    for (size_t i = 0; i < n; i += VL) vstore(y + i, vfma(vload(x + i), factor, summand));
}
