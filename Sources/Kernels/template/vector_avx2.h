// The vector type and what C cannot say of it, for AVX2 with FMA: 8 lanes, 16 registers.
#include <immintrin.h>
#define VL 8
#define NB_MAX 2
#define VECTOR_REGISTERS 16
#define ISA(name) name##_avx2
typedef float vf __attribute__((ext_vector_type(8)));
typedef float vf_unaligned __attribute__((ext_vector_type(8), aligned(4), may_alias));
typedef int vi __attribute__((ext_vector_type(8)));

// The second operand wins when one is NaN, so that NaN in `x` reaches the result.
static inline vf vmax(vf low, vf x) { return (vf)_mm256_max_ps((__m256)low, (__m256)x); }
static inline vf vmin(vf high, vf x) { return (vf)_mm256_min_ps((__m256)high, (__m256)x); }
static inline bool vany_above(vf x, vf y) {
    return _mm256_movemask_ps(_mm256_cmp_ps((__m256)x, (__m256)y, _CMP_GT_OQ)) != 0;
}
// a[i] = base[index[i]], b[i] = base[index[i] + 1].
static inline void vgather_pairs(const float *base, vi index, vf *a, vf *b) {
    *a = (vf)_mm256_i32gather_ps(base, (__m256i)index, 4);
    *b = (vf)_mm256_i32gather_ps(base + 1, (__m256i)index, 4);
}
static inline vi vload_bytes(const uint8_t *p) {
    return (vi)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
}
