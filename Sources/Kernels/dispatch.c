#include "Kernels.h"
#include <stdlib.h>
#include <string.h>

static ock_isa best_isa(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        return OCK_ISA_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return OCK_ISA_AVX2;
    return OCK_ISA_PLAIN;
#elif defined(__aarch64__)
    return OCK_ISA_NEON;
#else
    return OCK_ISA_PLAIN;
#endif
}

ock_isa ock_active_isa(void) {
    // Benign race: every thread computes the same value.
    static int cached = -1;
    int value = __atomic_load_n(&cached, __ATOMIC_RELAXED);
    if (value >= 0) return (ock_isa)value;
    ock_isa isa = best_isa();
    const char *wanted = getenv("OCELLUS_ISA");
    if (wanted) {
        if (!strcmp(wanted, "plain")) isa = OCK_ISA_PLAIN;
        else if (!strcmp(wanted, "avx2") && isa == OCK_ISA_AVX512) isa = OCK_ISA_AVX2;
    }
    __atomic_store_n(&cached, (int)isa, __ATOMIC_RELAXED);
    return isa;
}
