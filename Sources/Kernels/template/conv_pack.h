// Packed weights: bias [groups][blocks of outputs][VL], then for each group, tile of output blocks, block of inputs,
// kernel position and input channel, NB x VL weights. Lanes beyond the outputs are 0.
INLINE int blocks_of(int channels) { return (channels + VL - 1) / VL; }

// The weight from input channel `ic` to output channel `oc` of merged group `group` at kernel position `k`;
// between the small groups that were merged there is none.
INLINE float conv_weight(const ock_conv *conv, const float *weights, int group, int oc, int ic, int k) {
    const ock_conv_shape *s = &conv->shape;
    int small_in = s->in_channels / s->groups, small_out = s->out_channels / s->groups;
    if (oc >= conv->group_out || oc / small_out != ic / small_in) return 0;
    size_t row = (size_t)(group * conv->group_out + oc) * (size_t)small_in + (size_t)(ic % small_in);
    return weights[row * (size_t)(s->kernel_height * s->kernel_width) + (size_t)k];
}

static size_t conv_bias_count(const ock_conv *conv) { return (size_t)conv->groups * blocks_of(conv->group_out) * VL; }

static void pack_bias(const ock_conv *conv, const float *bias, float *packed) {
    int blocks = blocks_of(conv->group_out);
    for (int g = 0; g < conv->groups; g++)
        for (int oc = 0; oc < blocks * VL; oc++)
            packed[g * blocks * VL + oc] = bias && oc < conv->group_out ? bias[g * conv->group_out + oc] : 0;
}

// One row of NB x VL weights: output channels [first, end) of merged group `group`, input channel `ic`, position `k`.
INLINE void pack_row(const ock_conv *conv, const float *weights, int group, int first, int end, int ic, int k,
                     float *packed) {
    if (conv->shape.groups > 1) {
        for (int oc = first; oc < end; oc++) packed[oc - first] = conv_weight(conv, weights, group, oc, ic, k);
        return;
    }
    size_t area = (size_t)conv->shape.kernel_height * conv->shape.kernel_width, step = area * conv->group_in;
    const float *from = weights + first * step + ic * area + k;
    int real = ock_min(end, conv->group_out) - first;
    for (int i = 0; i < real; i++) packed[i] = from[i * step];
    for (int i = ock_max(real, 0); i < end - first; i++) packed[i] = 0;
}

// `planar` keeps the input channel outside the kernel position: [ic][k] rather than [block][k][lane].
static void pack_dense(const ock_conv *conv, bool planar, const float *weights, float *packed) {
    int area = conv->shape.kernel_height * conv->shape.kernel_width, blocks = blocks_of(conv->group_out);
    int step = planar ? 1 : VL;
    for (int g = 0; g < conv->groups; g++)
        for (int t = 0; t < tile_groups(blocks); t++) {
            int first = tile_group_first(blocks, t) * VL, end = tile_group_first(blocks, t + 1) * VL;
            for (int ic0 = 0; ic0 < conv->group_in; ic0 += step)
                for (int k = 0; k < area; k++)
                    for (int ic = ic0; ic < ock_min(ic0 + step, conv->group_in); ic++, packed += end - first)
                        pack_row(conv, weights, g, first, end, ic, k, packed);
        }
}

static void pack_depthwise(const ock_conv *conv, const float *weights, float *packed) {
    int area = conv->shape.kernel_height * conv->shape.kernel_width, channels = conv->shape.out_channels;
    for (int block = 0; block < blocks_of(channels); block++)
        for (int k = 0; k < area; k++)
            for (int lane = 0; lane < VL; lane++) {
                int channel = block * VL + lane;
                *packed++ = channel < channels ? weights[(size_t)channel * area + k] : 0;
            }
}
