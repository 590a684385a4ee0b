// The vector type and what C cannot say of it, for NEON: 8 lanes in two of 32 registers.
#include <arm_neon.h>
#define VL 8
#define NB_MAX 2
#define VECTOR_REGISTERS 32
#define ISA(name) name##_neon
typedef float vf __attribute__((ext_vector_type(8)));
typedef float vf_unaligned __attribute__((ext_vector_type(8), aligned(4), may_alias));
typedef int vi __attribute__((ext_vector_type(8)));

// FMAX and FMIN return NaN when either operand is.
static inline vf vmax(vf low, vf x) { return __builtin_elementwise_maximum(low, x); }
static inline vf vmin(vf high, vf x) { return __builtin_elementwise_minimum(high, x); }
static inline bool vany_above(vf x, vf y) { return __builtin_reduce_or((vi)(x > y)) != 0; }
// a[i] = base[index[i]], b[i] = base[index[i] + 1].
static inline void vgather_pairs(const float *base, vi index, vf *a, vf *b) {
    for (int i = 0; i < VL; i++) {
        (*a)[i] = base[index[i]];
        (*b)[i] = base[index[i] + 1];
    }
}
static inline vi vload_bytes(const uint8_t *p) {
    typedef uint8_t bytes __attribute__((ext_vector_type(8), aligned(1), may_alias));
    return __builtin_convertvector(*(const bytes *)p, vi);
}
