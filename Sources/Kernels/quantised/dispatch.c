#include "quantised.h"
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

static _Thread_local bool forbidden;

void ock_forbid_dot_products(bool value) { forbidden = value; }

#if defined(__x86_64__)
static bool has_avx_vnni(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 4);
}

static ock_dot dot_of(ock_isa isa) {
    __builtin_cpu_init();
    switch (isa) {
    case OCK_ISA_AVX512:
        return !forbidden && __builtin_cpu_supports("avx512vnni") ? OCK_DOT_AVX512_VNNI : OCK_DOT_AVX512;
    case OCK_ISA_AVX2: return !forbidden && has_avx_vnni() ? OCK_DOT_AVX_VNNI : OCK_DOT_AVX2;
    default: return OCK_DOT_PLAIN;
    }
}
#elif defined(__aarch64__)
// HWCAP_ASIMDDP of the kernel's interface.
#define HAS_DOTPROD (1UL << 20)

static ock_dot dot_of(ock_isa isa) {
    if (isa != OCK_ISA_NEON) return OCK_DOT_PLAIN;
    return !forbidden && (getauxval(AT_HWCAP) & HAS_DOTPROD) ? OCK_DOT_NEON_DOTPROD : OCK_DOT_NEON;
}
#else
static ock_dot dot_of(ock_isa isa) {
    (void)isa;
    return OCK_DOT_PLAIN;
}
#endif

ock_dot ock_active_dot(void) { return dot_of(ock_active_isa()); }

const ock_qtable *ock_qtable_for(ock_dot dot) {
    switch (dot) {
#if defined(__x86_64__)
    case OCK_DOT_AVX2: return &ock_qtable_avx2;
    case OCK_DOT_AVX_VNNI: return &ock_qtable_avxvnni;
    case OCK_DOT_AVX512: return &ock_qtable_avx512;
    case OCK_DOT_AVX512_VNNI: return &ock_qtable_vnni;
#elif defined(__aarch64__)
    case OCK_DOT_NEON: return &ock_qtable_neon;
    case OCK_DOT_NEON_DOTPROD: return &ock_qtable_dotprod;
#endif
    default: return &ock_qtable_plain;
    }
}

const ock_qtable *ock_active_qtable(void) { return ock_qtable_for(ock_active_dot()); }

int ock_dot_offset(ock_dot dot) { return ock_qtable_for(dot)->offset; }

int ock_byte_block(int channels) { return channels <= 4 ? 4 : OCK_LANES; }

size_t ock_byte_lanes(int channels) { return (size_t)ock_lane_blocks(channels) * OCK_LANES; }
