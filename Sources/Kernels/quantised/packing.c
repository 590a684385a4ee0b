// Packing of weights: for each group, tile of output blocks, part, block of inputs, kernel position and four inputs,
// blocks x [16 outputs][4 inputs]; lanes beyond the channels are 0.
#include "quantised.h"
#include <string.h>

// Byte `part` of a weight: what parts before it leave, as far as a byte reaches.
static int8_t part_of(int value, int part) {
    if (value >= -128 && value <= 127) return (int8_t)(part == 0 ? value : 0);
    for (;; part--) {
        int byte = ock_max(-128, ock_min(127, value));
        if (part == 0) return (int8_t)byte;
        value -= byte;
    }
}

// The weight to output `oc` of merged group `group` from its input `ic` at kernel position `k`; between the small groups
// that were merged there is none.
static int weight_at(const ock_qconv *conv, const int16_t *weights, int group, int oc, int ic, int k) {
    const ock_conv_shape *s = &conv->shape;
    int small_in = s->in_channels / s->groups, small_out = s->out_channels / s->groups;
    if (oc >= conv->group_out || ic >= conv->group_in) return 0;
    size_t area = (size_t)s->kernel_height * s->kernel_width;
    if (s->groups == 1) return weights[((size_t)oc * (size_t)s->in_channels + (size_t)ic) * area + (size_t)k];
    int row = group * conv->group_out + oc, column = group * conv->group_in + ic;
    if (row / small_out != column / small_in) return 0;
    return weights[((size_t)row * (size_t)small_in + (size_t)(column % small_in)) * area + (size_t)k];
}

static void pack_dense(const ock_qconv *conv, const int16_t *weights, int8_t *packed) {
    int area = conv->shape.kernel_height * conv->shape.kernel_width, blocks = ock_lane_blocks(conv->group_out);
    int most = ock_qtable_for(conv->dot)->tile_blocks;
    for (int g = 0; g < conv->groups; g++)
        for (int t = 0; t < ock_qtiles(blocks, most); t++) {
            int first = ock_qtile_first(blocks, most, t) * OCK_LANES;
            int end = ock_qtile_first(blocks, most, t + 1) * OCK_LANES;
            for (int part = 0; part < conv->parts; part++)
                for (int ic0 = 0; ic0 < conv->group_in; ic0 += OCK_LANES)
                    for (int k = 0; k < area; k++)
                        for (int ic = ic0; ic < ock_min(ic0 + OCK_LANES, conv->group_in); ic += 4)
                            for (int oc = first; oc < end; oc++)
                                for (int i = 0; i < 4; i++)
                                    *packed++ = part_of(weight_at(conv, weights, g, oc, ic + i, k), part);
        }
}

static void pack_depthwise(const ock_qconv *conv, const int16_t *weights, int8_t *packed) {
    const ock_conv_shape *s = &conv->shape;
    int area = s->kernel_height * s->kernel_width;
    for (int block = 0; block < ock_lane_blocks(s->out_channels); block++)
        for (int shared = 0; shared < conv->shared_rows; shared++)
            for (int part = 0; part < conv->parts; part++)
                for (int group = 0; group < conv->row_groups; group++)
                    for (int kx = 0; kx < s->kernel_width; kx++)
                        for (int lane = 0; lane < OCK_LANES; lane++)
                            for (int i = 0; i < 4; i++) {
                                int channel = block * OCK_LANES + lane, ky = 4 * group + i - shared * s->stride_y;
                                bool exists = channel < s->out_channels && ky >= 0 && ky < s->kernel_height;
                                size_t at = (size_t)channel * area + (size_t)(ky * s->kernel_width + kx);
                                *packed++ = part_of(exists ? weights[at] : 0, part);
                            }
}

void ock_qconv_pack(const ock_qconv *conv, const int16_t *weights, int8_t *packed, int32_t *sums) {
    const ock_conv_shape *s = &conv->shape;
    size_t each = (size_t)(s->in_channels / s->groups) * s->kernel_height * s->kernel_width;
    memset(sums, 0, ock_byte_lanes(s->out_channels) * sizeof *sums);
    for (int oc = 0; oc < s->out_channels; oc++)
        for (size_t i = 0; i < each; i++) sums[oc] += weights[(size_t)oc * each + i];
    if (conv->depthwise) pack_depthwise(conv, weights, packed);
    else pack_dense(conv, weights, packed);
}

size_t ock_qconv_weight_bytes(const ock_qconv *conv) {
    const ock_conv_shape *s = &conv->shape;
    if (conv->depthwise)
        return (size_t)ock_lane_blocks(s->out_channels) * (size_t)conv->shared_rows * (size_t)conv->parts *
               (size_t)conv->row_groups * (size_t)s->kernel_width * OCK_WEIGHT_BLOCK;
    size_t inputs = (size_t)(conv->group_in / OCK_LANES * 4 + ock_qsteps(conv->group_in % OCK_LANES));
    return (size_t)conv->groups * (size_t)ock_lane_blocks(conv->group_out) * (size_t)conv->parts * inputs *
           (size_t)s->kernel_height * (size_t)s->kernel_width * OCK_WEIGHT_BLOCK;
}

size_t ock_qgemm_packed_bytes(int k, int n, int parts) {
    return (size_t)ock_lane_blocks(n) * (size_t)parts * (size_t)ock_qsteps(k) * OCK_WEIGHT_BLOCK;
}

void ock_qgemm_pack(const int16_t *b, bool transposed, int k, int n, int parts, ock_dot dot, int8_t *packed,
                    int32_t *sums) {
    int blocks = ock_lane_blocks(n), most = ock_qtable_for(dot)->tile_blocks;
    ptrdiff_t row = transposed ? 1 : n, column = transposed ? k : 1;
    memset(sums, 0, ock_byte_lanes(n) * sizeof *sums);
    for (int oc = 0; oc < n; oc++)
        for (int ic = 0; ic < k; ic++) sums[oc] += b[ic * row + oc * column];
    for (int t = 0; t < ock_qtiles(blocks, most); t++) {
        int first = ock_qtile_first(blocks, most, t) * OCK_LANES;
        int end = ock_qtile_first(blocks, most, t + 1) * OCK_LANES;
        for (int part = 0; part < parts; part++)
            for (int ic = 0; ic < k; ic += 4)
                for (int oc = first; oc < end; oc++)
                    for (int i = 0; i < 4; i++) {
                        bool exists = oc < n && ic + i < k;
                        *packed++ = part_of(exists ? b[(ic + i) * row + oc * column] : 0, part);
                    }
    }
}
