// Ocellus' compute kernels: C with SIMD intrinsics, chosen at run time by what the CPU has.
// Beside every fast kernel stands a plain one with the same contract; the tests hold them together.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Instruction sets that kernels exist for, weakest first.
typedef enum {
    OCK_ISA_PLAIN = 0,
    OCK_ISA_NEON = 1,
    OCK_ISA_AVX2 = 2,
    OCK_ISA_AVX512 = 3,
} ock_isa;

/// The instruction set in use: the CPU's best, or the one that the environment variable
/// OCELLUS_ISA (plain, neon, avx2, avx512) names if the CPU has it.
ock_isa ock_active_isa(void);
