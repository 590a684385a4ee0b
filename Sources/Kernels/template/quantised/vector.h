// 16 lanes, whatever the registers: the compiler cuts these types to the instruction set's width.
// Every function that takes or gives them is inlined, so how they would be passed does not matter.
#pragma clang diagnostic ignored "-Wpsabi"
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef int qi __attribute__((ext_vector_type(16)));
typedef float qf __attribute__((ext_vector_type(16)));
typedef uint8_t qb __attribute__((ext_vector_type(16)));
typedef short qh __attribute__((ext_vector_type(16)));
typedef uint8_t q64 __attribute__((ext_vector_type(64)));
typedef int qi_unaligned __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef float qf_unaligned __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef uint8_t qb_unaligned __attribute__((ext_vector_type(16), aligned(1), may_alias));
typedef uint8_t q64_unaligned __attribute__((ext_vector_type(64), aligned(1), may_alias));
typedef float qf8_unaligned __attribute__((ext_vector_type(8), aligned(4), may_alias));

INLINE qi qload_int(const int32_t *p) { return *(const qi_unaligned *)p; }
INLINE qf qload_float(const float *p) { return *(const qf_unaligned *)p; }
INLINE qb qload_bytes(const uint8_t *p) { return *(const qb_unaligned *)p; }
INLINE void qstore_bytes(uint8_t *p, qb x) { *(qb_unaligned *)p = x; }
INLINE void qstore_float(float *p, qf x) { *(qf_unaligned *)p = x; }
INLINE qi qwiden(qb x) { return __builtin_convertvector(x, qi); }

INLINE uint32_t qdword(const uint8_t *p) {
    uint32_t value;
    memcpy(&value, p, 4);
    return value;
}
