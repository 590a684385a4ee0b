// Registers of 16 lanes.
#include "vector.h"
#define QNB_MAX 4
#define QDEPTHWISE_P 8
#define QOFFSET 0

INLINE qf qmin(qf a, qf b) { return (qf)_mm512_min_ps((__m512)a, (__m512)b); }
INLINE qf qmax(qf a, qf b) { return (qf)_mm512_max_ps((__m512)a, (__m512)b); }
INLINE qi qround(qf x) { return (qi)_mm512_cvtps_epi32((__m512)x); }

#define QINTERLEAVES
// 16 channels of 4 rows to 16 channels x 4 rows: dwords to their quarter, then bytes within it. Written as assembly
// because the compiler takes the two permutations apart into a dozen.
INLINE q64 qinterleave(qb r0, qb r1, qb r2, qb r3) {
    __m512i rows = _mm512_castsi128_si512((__m128i)r0);
    rows = _mm512_inserti32x4(rows, (__m128i)r1, 1);
    rows = _mm512_inserti32x4(rows, (__m128i)r2, 2);
    rows = _mm512_inserti32x4(rows, (__m128i)r3, 3);
    const __m512i dwords = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i bytes = _mm512_set4_epi32(0x0f0b0703, 0x0e0a0602, 0x0d090501, 0x0c080400);
    __asm__("vpermd %1, %2, %0" : "=v"(rows) : "v"(rows), "v"(dwords));
    __asm__("vpshufb %2, %1, %0" : "=v"(rows) : "v"(rows), "v"(bytes));
    return (q64)rows;
}

#ifdef QVNNI
#define QTILE_P(NB) ((NB) == 4 ? 6 : (NB) == 3 ? 8 : 12)
typedef qi qinputs, qweights;
INLINE qinputs qbroadcast(uint32_t four) { return (qi)(int)four; }
INLINE qinputs qload_inputs(const uint8_t *p) { return *(const qi_unaligned *)p; }
INLINE qweights qload_weights(const int8_t *p) { return *(const qi_unaligned *)p; }
INLINE qi qdot(qi sum, qinputs a, qweights w) {
    return (qi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)w);
}
#else
// Even and odd bytes as 16-bit numbers: their multiply-add cannot saturate.
#define QTILE_P(NB) ((NB) == 4 ? 4 : 6)
typedef struct {
    __m512i even, odd;
} qinputs, qweights;
INLINE qinputs qsplit(__m512i x) {
    return (qinputs){_mm512_and_si512(x, _mm512_set1_epi16(0xff)), _mm512_srli_epi16(x, 8)};
}
INLINE qinputs qbroadcast(uint32_t four) { return qsplit(_mm512_set1_epi32((int)four)); }
INLINE qinputs qload_inputs(const uint8_t *p) { return qsplit(_mm512_loadu_si512(p)); }
INLINE qweights qload_weights(const int8_t *p) {
    __m512i w = _mm512_loadu_si512(p);
    return (qweights){_mm512_srai_epi16(_mm512_slli_epi16(w, 8), 8), _mm512_srai_epi16(w, 8)};
}
INLINE qi qdot(qi sum, qinputs a, qweights w) {
    return sum + (qi)_mm512_madd_epi16(a.even, w.even) + (qi)_mm512_madd_epi16(a.odd, w.odd);
}
#endif
