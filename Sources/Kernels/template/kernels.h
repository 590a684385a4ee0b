// All kernels of one instruction set, and its table. Included once by each kernels_*.c, after a vector_*.h.
//
// The order matters: each template uses what those before it define, and none can be compiled alone. In an editor, open
// them through kernels_avx2.c (or the file of your CPU), so that its language server sees them in this order.
#include "vector.h"
#include "activation.h"
#include "binary.h"
#include "layout.h"
#include "tile.h"
#include "conv_pack.h"
#include "conv_blocked.h"
#include "conv_planar.h"
#include "conv_depthwise.h"
#include "conv_winograd.h"
#include "conv.h"
#include "gemm.h"
#include "pooling.h"
#include "normalise.h"
#include "picture.h"
#include "recurrent.h"
#include "scan.h"
#include "suppress.h"

const ock_table ISA(ock_table) = {
    .block = VL,
    .conv_weight_count = ISA(conv_weight_count),
    .conv_pack = ISA(conv_pack),
    .conv_scratch_count = ISA(conv_scratch_count),
    .conv_run = ISA(conv_run),
    .gemm_packed_count = ISA(gemm_packed_count),
    .gemm_tiles = ISA(gemm_tiles),
    .gemm_pack = ISA(gemm_pack),
    .gemm = ISA(gemm),
    .to_blocked = ISA(to_blocked),
    .from_blocked = ISA(from_blocked),
    .transpose = ISA(transpose),
    .activate = ISA(activate),
    .binary = ISA(binary),
    .binary_scalar = ISA(binary_scalar),
    .binary_lanes = ISA(binary_lanes),
    .scale_shift = ISA(scale_shift),
    .max_pool = ISA(max_pool),
    .average_pool = ISA(average_pool),
    .global_pool = ISA(global_pool),
    .resize_nearest = ISA(resize_nearest),
    .resize_linear = ISA(resize_linear),
    .softmax = ISA(softmax),
    .softmax_strided = ISA(softmax_strided),
    .layer_norm = ISA(layer_norm),
    .picture_row = ISA(picture_row),
    .picture_blend = ISA(picture_blend),
    .picture_sample = ISA(picture_sample),
    .picture_pack = ISA(picture_pack),
    .scan_columns = ISA(scan_columns),
    .scan_rows = ISA(scan_rows),
    .recurrent_block = ISA(recurrent_block),
    .suppress = ISA(suppress),
};
