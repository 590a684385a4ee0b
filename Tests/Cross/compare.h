// What the parts of the comparison share.
#pragma once
#include "Kernels.h"

/// A number from -1 to 1.
float noise(void);
/// Counts a comparison of bytes, and a failure unless they are equal.
void expect_bytes(const char *what, const void *actual, const void *expected, size_t count);
/// The geometry of a square kernel, from which the output's extent follows.
ock_conv_shape conv_shape(int batch, int in, int out, int groups, int height, int width, int kernel, int stride,
                          int dilation, int pad);

/// The 8-bit kernels of `isa`, with and without the CPU's dot products, against the plain ones: equal to the byte.
void compare_quantised(ock_isa isa);
