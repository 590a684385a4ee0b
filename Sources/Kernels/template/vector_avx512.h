// The vector type and what C cannot say of it, for AVX-512: 16 lanes, 32 registers.
#include <immintrin.h>
#define VL 16
#define NB_MAX 4
#define VECTOR_REGISTERS 32
#define ISA(name) name##_avx512
typedef float vf __attribute__((ext_vector_type(16)));
typedef float vf_unaligned __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef int vi __attribute__((ext_vector_type(16)));

// The second operand wins when one is NaN, so that NaN in `x` reaches the result.
static inline vf vmax(vf low, vf x) { return (vf)_mm512_max_ps((__m512)low, (__m512)x); }
static inline vf vmin(vf high, vf x) { return (vf)_mm512_min_ps((__m512)high, (__m512)x); }
static inline bool vany_above(vf x, vf y) {
    return _mm512_cmp_ps_mask((__m512)x, (__m512)y, _CMP_GT_OQ) != 0;
}
// a[i] = base[index[i]], b[i] = base[index[i] + 1], fetched as pairs.
static inline void vgather_pairs(const float *base, vi index, vf *a, vf *b) {
    __m512 low = _mm512_castpd_ps(_mm512_i32gather_pd(_mm512_castsi512_si256((__m512i)index), base, 4));
    __m512 high = _mm512_castpd_ps(_mm512_i32gather_pd(_mm512_extracti64x4_epi64((__m512i)index, 1), base, 4));
    *a = __builtin_shufflevector((vf)low, (vf)high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    *b = __builtin_shufflevector((vf)low, (vf)high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}
static inline vi vload_bytes(const uint8_t *p) {
    return (vi)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
}
