// From numbers to steps, and from four rows of 16 lanes to 16 lanes of four.

/// The clamp, before the zero point is added, and the zero point.
typedef struct {
    qf low, high;
    qi zero;
} qclamp;

INLINE qclamp qclamp_of(ock_steps s) {
    return (qclamp){(qf)(float)(s.low - s.zero), (qf)(float)(s.high - s.zero), (qi)s.zero};
}

// Steps of numbers already divided by the scale. Clamped first, so that the conversion cannot overflow; what is not a
// number becomes the lowest.
INLINE qb qround_steps(qf x, qclamp c) {
    x = qmin(c.high, qmax(x, c.low));
    return __builtin_convertvector(qround(x) + c.zero, qb);
}

#ifndef QINTERLEAVES
// 16 channels of 4 rows to 16 channels x 4 rows.
INLINE q64 qinterleave(qb r0, qb r1, qb r2, qb r3) {
    typedef uint8_t q32 __attribute__((ext_vector_type(32)));
    q32 a = __builtin_shufflevector(r0, r1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25, 10,
                                    26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    q32 b = __builtin_shufflevector(r2, r3, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25, 10,
                                    26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    return __builtin_shufflevector(
        a, b, 0, 1, 32, 33, 2, 3, 34, 35, 4, 5, 36, 37, 6, 7, 38, 39, 8, 9, 40, 41, 10, 11, 42, 43, 12, 13, 44, 45, 14,
        15, 46, 47, 16, 17, 48, 49, 18, 19, 50, 51, 20, 21, 52, 53, 22, 23, 54, 55, 24, 25, 56, 57, 26, 27, 58, 59, 28,
        29, 60, 61, 30, 31, 62, 63);
}
#endif
