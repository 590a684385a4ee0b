#pragma once

/// Convolution whose sums run in one fixed order: channels, then the kernel's rows, then its columns, in fused
/// multiply-adds, `depth` of them at a time; each such part is added to the output before the next begins. A group with
/// one output channel instead takes products four at a time, rounds each, and adds the four from left to right. That is
/// the order of ONNX Runtime's plain kernels on x86-64 (without its graph optimisations), so that what is quantised
/// afterwards falls on the same step. The same under every instruction set and number of threads.
typedef struct {
    ock_conv_shape shape;
    /// Planar; weights [out][in / groups][kernel_height][kernel_width]; bias [out] or NULL, added last.
    const float *input, *weights, *bias;
    float *output, *scratch;
    int threads;
} ock_ordered_conv_call;

/// Floats of scratch that a run needs.
size_t ock_ordered_conv_scratch_count(const ock_conv_shape *shape, int threads);

void ock_ordered_conv(const ock_ordered_conv_call *call);
