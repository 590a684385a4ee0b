#pragma once

/// The geometry of a two-dimensional convolution. The caller has checked that every extent is positive and that
/// channels divide by groups; padding at the bottom and the right follows from the output's extent.
typedef struct {
    int batch, in_channels, out_channels, groups;
    int in_height, in_width, out_height, out_width;
    int kernel_height, kernel_width;
    int stride_y, stride_x, dilation_y, dilation_x;
    int pad_top, pad_left;
} ock_conv_shape;

/// How a convolution is computed.
typedef enum {
    /// Input planar (NCHW), output blocked: the first layer, with few channels.
    OCK_CONV_PLANAR,
    /// Input and output blocked: pointwise, k x k, any stride, dilation and groups.
    OCK_CONV_BLOCKED,
    /// One input channel an output channel, both blocked.
    OCK_CONV_DEPTHWISE,
    /// Winograd F(4x4, 3x3): 3x3, stride 1, dilation 1, one group, both blocked. Rounds a little differently.
    OCK_CONV_WINOGRAD,
} ock_conv_kind;

/// A convolution prepared for one shape under one instruction set.
typedef struct {
    ock_conv_shape shape;
    ock_conv_kind kind;
    ock_isa isa;
    ock_epilogue epilogue;
    /// Groups after merging small ones into dense blocks, and the channels of each; the last may have fewer.
    int groups, group_in, group_out;
    /// Tiles of a block of the Winograd form.
    int tile_block;
} ock_conv;

/// Where a run reads and writes. Batch strides are in floats; a residual has the output's layout.
typedef struct {
    const float *input, *weights, *residual;
    float *output, *scratch;
    ptrdiff_t input_batch, output_batch, residual_batch;
    int threads;
} ock_conv_call;

/// Whether `kind` can compute `shape`.
bool ock_conv_supports(const ock_conv_shape *shape, ock_conv_kind kind);

/// The kind that a cost model holds for the fastest. `planar_input` says that the input is in NCHW.
ock_conv_kind ock_conv_choose(const ock_conv_shape *shape, bool planar_input, bool exact);

/// Prepares; false when the kind does not support the shape.
bool ock_conv_init(ock_conv *conv, const ock_conv_shape *shape, ock_conv_kind kind, ock_epilogue epilogue);

/// Floats of the packed weights (bias included).
size_t ock_conv_weight_count(const ock_conv *conv);

/// Packs weights [out][in / groups][kh][kw], which may lie unaligned, and the bias [out] (or NULL) into `packed`, which
/// is 64-byte aligned.
void ock_conv_pack(const ock_conv *conv, const float *weights, const float *bias, float *packed);

/// Floats of scratch that a run on `threads` threads needs; may be 0.
size_t ock_conv_scratch_count(const ock_conv *conv, int threads);

void ock_conv_run(const ock_conv *conv, const ock_conv_call *call);
