// All 8-bit kernels of one form of the inner product, and its table. A form_*.h has defined QNB_MAX, QTILE_P,
// QDEPTHWISE_P, QOFFSET, qmin, qmax, qround, the inner product and its operands; the including file QISA.
#include "steps.h"
#include "tile.h"
#include "dense.h"
#include "depthwise.h"
#include "gemm.h"
#include "elementwise.h"
#include "pooling.h"

const ock_qtable QISA(ock_qtable) = {
    .tile_blocks = QNB_MAX,
    .offset = QOFFSET,
    .dense = QISA(qdense),
    .depthwise = QISA(qdepthwise),
    .gemm = QISA(qgemm),
    .quantize = QISA(quantize),
    .dequantize = QISA(dequantize),
    .quantize_to_blocked = QISA(quantize_to_blocked),
    .range_with_zero = QISA(range_with_zero),
    .bytes_to_blocked = QISA(bytes_to_blocked),
    .bytes_from_blocked = QISA(bytes_from_blocked),
    .byte_binary = QISA(byte_binary),
    .byte_binary_lanes = QISA(byte_binary_lanes),
    .byte_max_pool = QISA(byte_max_pool),
    .byte_average_pool = QISA(byte_average_pool),
    .byte_global_average = QISA(byte_global_average),
};
