#pragma once
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

/// Instruction sets that kernels exist for, weakest first.
typedef enum {
    OCK_ISA_PLAIN = 0,
    OCK_ISA_NEON = 1,
    OCK_ISA_AVX2 = 2,
    OCK_ISA_AVX512 = 3,
} ock_isa;

/// The instruction set in use: the calling thread's override, else the one that the environment variable
/// OCELLUS_ISA (plain, neon, avx2, avx512) names if the CPU has it, else the CPU's best.
ock_isa ock_active_isa(void);

/// Whether this CPU can run `isa`.
bool ock_isa_available(ock_isa isa);

/// Makes the calling thread use `isa` until it calls this again; for tests, which compare instruction sets.
/// Returns false, and changes nothing, when the CPU lacks it.
bool ock_override_isa(ock_isa isa);

/// "plain", "neon", "avx2", "avx512".
const char *ock_isa_name(ock_isa isa);

/// Channels in a block of the blocked layout (see layout.h) under the active instruction set: 16 or 8.
int ock_channel_block(void);
