// Two registers of 8 lanes. With QVNNI the inner product is AVX-VNNI's VPDPBUSD; without, even and odd bytes go through
// a 16-bit multiply-add, which cannot saturate as VPMADDUBSW does.
#include "vector.h"
#define QNB_MAX 1
#define QOFFSET 0

typedef struct {
    __m256i low, high;
} qpair;
INLINE __m256i qlow(qi x) { return (__m256i)x.lo; }
INLINE __m256i qhigh(qi x) { return (__m256i)x.hi; }
INLINE qi qjoin(__m256i low, __m256i high) {
    typedef int q8i __attribute__((ext_vector_type(8)));
    return __builtin_shufflevector((q8i)low, (q8i)high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
INLINE qf qjoin_floats(__m256 low, __m256 high) {
    return (qf)qjoin(_mm256_castps_si256(low), _mm256_castps_si256(high));
}
INLINE qf qmin(qf a, qf b) {
    return qjoin_floats(_mm256_min_ps((__m256)a.lo, (__m256)b.lo), _mm256_min_ps((__m256)a.hi, (__m256)b.hi));
}
INLINE qf qmax(qf a, qf b) {
    return qjoin_floats(_mm256_max_ps((__m256)a.lo, (__m256)b.lo), _mm256_max_ps((__m256)a.hi, (__m256)b.hi));
}
INLINE qi qround(qf x) { return qjoin(_mm256_cvtps_epi32((__m256)x.lo), _mm256_cvtps_epi32((__m256)x.hi)); }
INLINE qpair qload_pair(const void *p) {
    const __m256i *from = p;
    return (qpair){_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1)};
}

#ifdef QVNNI
#define QTILE_P(NB) 6
#define QDEPTHWISE_P 4
typedef qpair qinputs, qweights;
INLINE qinputs qbroadcast(uint32_t four) {
    __m256i x = _mm256_set1_epi32((int)four);
    return (qpair){x, x};
}
INLINE qinputs qload_inputs(const uint8_t *p) { return qload_pair(p); }
INLINE qweights qload_weights(const int8_t *p) { return qload_pair(p); }
INLINE qi qdot(qi sum, qinputs a, qweights w) {
    return qjoin(_mm256_dpbusd_avx_epi32(qlow(sum), a.low, w.low), _mm256_dpbusd_avx_epi32(qhigh(sum), a.high, w.high));
}
#else
#define QTILE_P(NB) 4
#define QDEPTHWISE_P 4
typedef struct {
    qpair even, odd;
} qinputs, qweights;
INLINE qinputs qsplit(qpair x) {
    __m256i mask = _mm256_set1_epi16(0xff);
    return (qinputs){{_mm256_and_si256(x.low, mask), _mm256_and_si256(x.high, mask)},
                     {_mm256_srli_epi16(x.low, 8), _mm256_srli_epi16(x.high, 8)}};
}
INLINE qinputs qbroadcast(uint32_t four) {
    __m256i x = _mm256_set1_epi32((int)four);
    return qsplit((qpair){x, x});
}
INLINE qinputs qload_inputs(const uint8_t *p) { return qsplit(qload_pair(p)); }
INLINE __m256i qeven_signed(__m256i w) { return _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8); }
INLINE qweights qload_weights(const int8_t *p) {
    qpair w = qload_pair(p);
    return (qweights){{qeven_signed(w.low), qeven_signed(w.high)},
                      {_mm256_srai_epi16(w.low, 8), _mm256_srai_epi16(w.high, 8)}};
}
INLINE qi qdot(qi sum, qinputs a, qweights w) {
    return sum + qjoin(_mm256_madd_epi16(a.even.low, w.even.low), _mm256_madd_epi16(a.even.high, w.even.high)) +
           qjoin(_mm256_madd_epi16(a.odd.low, w.odd.low), _mm256_madd_epi16(a.odd.high, w.odd.high));
}
#endif
