#pragma once

/// A number and where it stood; `rank` grows in the wanted order.
typedef struct {
    uint32_t rank;
    int32_t place;
} ock_ranked;

/// Finds the first `wanted` of `count` floats, `step` apart, in falling order if `largest`, else rising; equal ones
/// (zeros of either sign too) by place. They come out in order at the start of `ranked`, which holds 2 x count. The time
/// is linear in `count`, whatever the numbers.
void ock_rank(const float *values, ptrdiff_t step, int count, bool largest, int wanted, ock_ranked *ranked);
