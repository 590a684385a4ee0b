// y[i] = table[x[i]], the one kernel of bytes that wants instructions of its own.
#include "quantised.h"
#if defined(__x86_64__)
#include <immintrin.h>

static bool has_permutes(void) {
    __builtin_cpu_init();
    return ock_active_isa() == OCK_ISA_AVX512 && __builtin_cpu_supports("avx512vbmi");
}

// 64 bytes at a time: two lookups of 7 bits, chosen by the eighth.
__attribute__((target("avx512f,avx512bw,avx512vbmi"))) static size_t permute(const uint8_t *table, const uint8_t *x,
                                                                              uint8_t *y, size_t n) {
    __m512i t[4];
    for (int i = 0; i < 4; i++) t[i] = _mm512_loadu_si512(table + 64 * i);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        __m512i index = _mm512_loadu_si512(x + i);
        __m512i low = _mm512_permutex2var_epi8(t[0], index, t[1]), high = _mm512_permutex2var_epi8(t[2], index, t[3]);
        _mm512_storeu_si512(y + i, _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(index), high));
    }
    return i;
}
#elif defined(__aarch64__)
#include <arm_neon.h>

static bool has_permutes(void) { return ock_active_isa() == OCK_ISA_NEON; }

static size_t permute(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t n) {
    uint8x16x4_t t[4];
    for (int i = 0; i < 4; i++) t[i] = vld1q_u8_x4(table + 64 * i);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        uint8x16_t index = vld1q_u8(x + i), value = vqtbl4q_u8(t[0], index);
        for (int k = 1; k < 4; k++) value = vqtbx4q_u8(value, t[k], vsubq_u8(index, vdupq_n_u8((uint8_t)(64 * k))));
        vst1q_u8(y + i, value);
    }
    return i;
}
#else
static bool has_permutes(void) { return false; }
static size_t permute(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t n) {
    (void)table, (void)x, (void)y, (void)n;
    return 0;
}
#endif

typedef struct {
    const uint8_t *table, *x;
    uint8_t *y;
    size_t n;
    int parts;
    bool permutes;
} job;

static void chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    size_t i = ock_part(j->n, j->parts, part), end = ock_part(j->n, j->parts, part + 1);
    if (j->permutes) i += permute(j->table, j->x + i, j->y + i, end - i);
    for (; i < end; i++) j->y[i] = j->table[j->x[i]];
}

void ock_byte_table(const uint8_t table[256], const uint8_t *x, uint8_t *y, size_t n, int threads) {
    job j = {table, x, y, n, 1, has_permutes()};
    if (n >= (j.permutes ? 1 << 20 : 1 << 16)) j.parts = 4 * ock_max(1, threads);
    ock_parallel(j.parts, chunk, &j, threads);
}
