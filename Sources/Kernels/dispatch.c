#include "table.h"
#include <stdlib.h>
#include <string.h>

bool ock_isa_available(ock_isa isa) {
    switch (isa) {
    case OCK_ISA_PLAIN: return true;
#if defined(__x86_64__)
    case OCK_ISA_AVX512:
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    case OCK_ISA_AVX2:
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#elif defined(__aarch64__)
    case OCK_ISA_NEON: return true;
#endif
    default: return false;
    }
}

const char *ock_isa_name(ock_isa isa) {
    static const char *const names[] = {"plain", "neon", "avx2", "avx512"};
    return names[isa];
}

static ock_isa chosen_isa(void) {
    const char *wanted = getenv("OCELLUS_ISA");
    ock_isa best = OCK_ISA_PLAIN;
    for (ock_isa isa = OCK_ISA_PLAIN; isa <= OCK_ISA_AVX512; isa++) {
        if (!ock_isa_available(isa)) continue;
        best = isa;
        if (wanted && !strcmp(wanted, ock_isa_name(isa))) return isa;
    }
    return best;
}

static _Thread_local int override = -1;

bool ock_override_isa(ock_isa isa) {
    if (!ock_isa_available(isa)) return false;
    override = (int)isa;
    return true;
}

ock_isa ock_active_isa(void) {
    if (override >= 0) return (ock_isa)override;
    // Benign race: every thread computes the same value.
    static int cached = -1;
    int value = __atomic_load_n(&cached, __ATOMIC_RELAXED);
    if (value < 0) {
        value = (int)chosen_isa();
        __atomic_store_n(&cached, value, __ATOMIC_RELAXED);
    }
    return (ock_isa)value;
}

const ock_table *ock_table_for(ock_isa isa) {
    switch (isa) {
#if defined(__x86_64__)
    case OCK_ISA_AVX512: return &ock_table_avx512;
    case OCK_ISA_AVX2: return &ock_table_avx2;
#elif defined(__aarch64__)
    case OCK_ISA_NEON: return &ock_table_neon;
#endif
    default: return &ock_table_plain;
    }
}

const ock_table *ock_active_table(void) { return ock_table_for(ock_active_isa()); }

int ock_channel_block(void) { return ock_active_table()->block; }

int ock_blocks(int channels) {
    int block = ock_channel_block();
    return (channels + block - 1) / block;
}
