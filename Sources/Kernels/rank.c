#include "Kernels.h"
#include <string.h>

#define DIGIT 256

static uint32_t rank_of(float value, uint32_t flip) {
    uint32_t bits;
    value += 0.0f;
    memcpy(&bits, &value, sizeof bits);
    return (bits ^ ((uint32_t)((int32_t)bits >> 31) | 0x80000000u)) ^ flip;
}

// The largest rank among the first `wanted`, found digit by digit; `equal` gets how many of that very rank are wanted.
static uint32_t last_rank(const ock_ranked *ranked, int count, int wanted, int *equal) {
    uint32_t prefix = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        uint32_t above = shift == 24 ? 0 : UINT32_MAX << (shift + 8);
        int counts[DIGIT] = {0}, digit = 0;
        for (int i = 0; i < count; i++)
            if (((ranked[i].rank ^ prefix) & above) == 0) counts[ranked[i].rank >> shift & (DIGIT - 1)]++;
        while (counts[digit] < wanted) wanted -= counts[digit++];
        prefix |= (uint32_t)digit << shift;
    }
    *equal = wanted;
    return prefix;
}

// Keeps those of the first `wanted`, in their old order.
static void keep_first(ock_ranked *ranked, int count, int wanted) {
    int equal, kept = 0;
    uint32_t last = last_rank(ranked, count, wanted, &equal);
    for (int i = 0; i < count; i++) {
        bool stays = ranked[i].rank < last || (ranked[i].rank == last && equal-- > 0);
        ranked[kept] = ranked[i];
        kept += stays;
    }
}

// Stable, by one byte of the rank a pass.
static void sort_ranked(ock_ranked *from, int count, ock_ranked *to) {
    for (int shift = 0; shift < 32; shift += 8) {
        int starts[DIGIT] = {0}, next = 0;
        for (int i = 0; i < count; i++) starts[from[i].rank >> shift & (DIGIT - 1)]++;
        for (int digit = 0; digit < DIGIT; digit++) {
            int here = starts[digit];
            starts[digit] = next;
            next += here;
        }
        for (int i = 0; i < count; i++) to[starts[from[i].rank >> shift & (DIGIT - 1)]++] = from[i];
        ock_ranked *swap = from;
        from = to, to = swap;
    }
}

void ock_rank(const float *values, ptrdiff_t step, int count, bool largest, int wanted, ock_ranked *ranked) {
    uint32_t flip = largest ? UINT32_MAX : 0;
    for (int i = 0; i < count; i++) ranked[i] = (ock_ranked){rank_of(values[i * step], flip), i};
    if (wanted <= 0) return;
    if (wanted < count) keep_first(ranked, count, wanted);
    sort_ranked(ranked, wanted < count ? wanted : count, ranked + count);
}
