// From numbers to steps.

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
