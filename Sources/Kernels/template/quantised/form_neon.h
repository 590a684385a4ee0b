// Four registers of 4 lanes. With QDOTPROD the inner product is SDOT, on activations less 128; without, bytes are
// widened to 32 bits.
#include "vector.h"
#define QNB_MAX 1
#define QTILE_P(NB) 6
#define QDEPTHWISE_P 4

typedef float q4f __attribute__((ext_vector_type(4)));
INLINE qf qmin(qf a, qf b) { return __builtin_elementwise_min(a, b); }
INLINE qf qmax(qf a, qf b) { return __builtin_elementwise_max(a, b); }
INLINE qi qround(qf x) {
    qi y;
    UNROLL
    for (int i = 0; i < 4; i++) {
        float32x4_t part;
        memcpy(&part, (const char *)&x + 16 * i, 16);
        int32x4_t rounded = vcvtnq_s32_f32(part);
        memcpy((char *)&y + 16 * i, &rounded, 16);
    }
    return y;
}

typedef qi qweights;
INLINE qweights qload_weights(const int8_t *p) { return *(const qi_unaligned *)p; }

#ifdef QDOTPROD
#define QOFFSET 128
typedef qi qinputs;
INLINE qinputs qbroadcast(uint32_t four) { return (qi)(int)(four ^ 0x80808080u); }
INLINE qinputs qload_inputs(const uint8_t *p) { return *(const qi_unaligned *)p ^ (int)0x80808080; }
INLINE qi qdot(qi sum, qinputs a, qweights w) {
    qi y;
    UNROLL
    for (int i = 0; i < 4; i++) {
        int32x4_t s;
        int8x16_t x, z;
        memcpy(&s, (const char *)&sum + 16 * i, 16);
        memcpy(&x, (const char *)&a + 16 * i, 16);
        memcpy(&z, (const char *)&w + 16 * i, 16);
        s = vdotq_s32(s, x, z);
        memcpy((char *)&y + 16 * i, &s, 16);
    }
    return y;
}
#else
#define QOFFSET 0
typedef qi qinputs;
INLINE qinputs qbroadcast(uint32_t four) { return (qi)(int)four; }
INLINE qinputs qload_inputs(const uint8_t *p) { return *(const qi_unaligned *)p; }
INLINE qi qdot(qi sum, qinputs a, qweights w) {
    UNROLL
    for (int i = 0; i < 4; i++) sum += ((a >> (8 * i)) & 255) * ((w << (24 - 8 * i)) >> 24);
    return sum;
}
#endif
