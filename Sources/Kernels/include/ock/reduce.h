#pragma once

/// What a set of numbers is reduced to.
typedef enum {
    OCK_REDUCE_SUM,
    OCK_REDUCE_MEAN,
    OCK_REDUCE_MAX,
    OCK_REDUCE_MIN,
    OCK_REDUCE_L1,
    OCK_REDUCE_L2,
    OCK_REDUCE_SQUARES,
} ock_reduction;

/// Reduces the middle axis of `in` [outer][axis][inner] to `out` [outer][inner]; axis is at least 1. The same result under
/// every instruction set.
void ock_reduce(ock_reduction reduction, const float *in, float *out, size_t outer, size_t axis, size_t inner,
                int threads);
