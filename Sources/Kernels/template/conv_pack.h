// Packed weights: bias [groups][blocks of outputs][VL], then for each group, tile of output blocks, block of inputs,
// kernel position and input channel, NB x VL weights. Lanes beyond the outputs are 0.
#define SMALL_PACKING 65536

INLINE int blocks_of(int channels) { return (channels + VL - 1) / VL; }

// The weight from input channel `ic` to output channel `oc` of merged group `group` at kernel position `k`;
// between the small groups that were merged there is none.
INLINE float conv_weight(const ock_conv *conv, const float *weights, int group, int oc, int ic, int k) {
    const ock_conv_shape *s = &conv->shape;
    int small_in = s->in_channels / s->groups, small_out = s->out_channels / s->groups;
    if (group * conv->group_out + oc >= s->out_channels || oc / small_out != ic / small_in) return 0;
    size_t row = (size_t)(group * conv->group_out + oc) * (size_t)small_in + (size_t)(ic % small_in);
    return ock_weight(weights + row * (size_t)(s->kernel_height * s->kernel_width) + (size_t)k);
}

// The channels of one merged group.
INLINE int group_in_of(const ock_conv *conv, int group) {
    return ock_min(conv->group_in, conv->shape.in_channels - group * conv->group_in);
}
INLINE int group_out_of(const ock_conv *conv, int group) {
    return ock_min(conv->group_out, conv->shape.out_channels - group * conv->group_out);
}

static size_t conv_bias_count(const ock_conv *conv) { return (size_t)conv->groups * blocks_of(conv->group_out) * VL; }

static void pack_bias(const ock_conv *conv, const float *bias, float *packed) {
    int blocks = blocks_of(conv->group_out);
    for (int g = 0; g < conv->groups; g++)
        for (int oc = 0; oc < blocks * VL; oc++)
            packed[g * blocks * VL + oc] = bias && oc < group_out_of(conv, g) ? bias[g * conv->group_out + oc] : 0;
}

/// Weights on their way into packed form, cut into blocks of VL output channels for the pool.
typedef struct {
    const ock_conv *conv;
    const float *weights;
    float *packed;
} ISA(pack_job);
#define pack_job ISA(pack_job)

/// The columns that a block of outputs takes in its tile.
typedef struct {
    int first, width, column;
} ISA(pack_place);

INLINE ISA(pack_place) pack_place_of(int block, int blocks) {
    int t = 0;
    while (tile_group_first(blocks, t + 1) <= block) t++;
    int first = tile_group_first(blocks, t), end = tile_group_first(blocks, t + 1);
    return (ISA(pack_place)){first * VL, (end - first) * VL, (block - first) * VL};
}

// Turns VL numbers of each of `channels` rows, `step` apart, into columns: out[i] holds number i of every channel.
INLINE void turn_rows(const float *from, size_t step, int channels, int n, vf out[VL]) {
    if (channels == VL && n == VL) {
        UNROLL
        for (int i = 0; i < VL; i++) out[i] = vload(from + i * step);
        transpose_lanes(out);
        return;
    }
    float lanes[VL * VL] = {0};
    for (int i = 0; i < ock_min(channels, VL); i++)
        for (int j = 0; j < n; j++) lanes[j * VL + i] = ock_weight(from + i * step + j);
    for (int j = 0; j < VL; j++) out[j] = vload(lanes + j * VL);
}

// One block of outputs of a convolution without groups. Planar weights keep the input channel outside the kernel
// position: [ic][k] rather than [block][k][lane].
static void ISA(pack_dense_block)(void *context, int block, int worker) {
    (void)worker;
    const pack_job *job = context;
    const ock_conv *conv = job->conv;
    int area = conv->shape.kernel_height * conv->shape.kernel_width, total = conv->group_in * area;
    ISA(pack_place) place = pack_place_of(block, blocks_of(conv->group_out));
    const float *from = job->weights + (size_t)block * VL * total;
    float *packed = job->packed + (size_t)place.first * total + place.column;
    for (int j = 0, ic = 0, k = 0; j < total; j += VL) {
        vf turned[VL];
        turn_rows(from + j, (size_t)total, conv->group_out - block * VL, ock_min(VL, total - j), turned);
        for (int i = 0; i < ock_min(VL, total - j); i++) {
            int ic0 = ic / VL * VL, lanes = ock_min(VL, conv->group_in - ic0);
            size_t row = conv->kind == OCK_CONV_PLANAR ? (size_t)(j + i) : (size_t)ic0 * area + k * lanes + ic - ic0;
            vstore(packed + row * place.width, turned[i]);
            if (++k == area) ic++, k = 0;
        }
    }
}

// Output channels of one group of several, merged or not.
static void ISA(pack_group)(void *context, int group, int worker) {
    (void)worker;
    const pack_job *job = context;
    const ock_conv *conv = job->conv;
    int area = conv->shape.kernel_height * conv->shape.kernel_width, group_in = group_in_of(conv, group);
    float *packed = job->packed + (size_t)group * blocks_of(conv->group_out) * VL * conv->group_in * area;
    int blocks = blocks_of(group_out_of(conv, group));
    for (int t = 0; t < tile_groups(blocks); t++) {
        int first = tile_group_first(blocks, t) * VL, end = tile_group_first(blocks, t + 1) * VL;
        for (int ic0 = 0; ic0 < group_in; ic0 += VL)
            for (int k = 0; k < area; k++)
                for (int ic = ic0; ic < ock_min(ic0 + VL, group_in); ic++)
                    for (int oc = first; oc < end; oc++)
                        *packed++ = conv_weight(conv, job->weights, group, oc, ic, k);
    }
}

// Small convolutions are packed by the caller alone.
static void pack_parallel(const pack_job *job, int count, ock_chunk chunk) {
    double work = (double)conv_bias_count(job->conv) * job->conv->group_in * job->conv->shape.kernel_height;
    ock_parallel(count, chunk, (void *)job, work < SMALL_PACKING ? 1 : ock_pool_threads());
}

static void pack_depthwise(const ock_conv *conv, const float *weights, float *packed) {
    int area = conv->shape.kernel_height * conv->shape.kernel_width, channels = conv->shape.out_channels;
    for (int block = 0; block < blocks_of(channels); block++)
        for (int k = 0; k < area; k++)
            for (int lane = 0; lane < VL; lane++) {
                int channel = block * VL + lane;
                *packed++ = channel < channels ? ock_weight(weights + (size_t)channel * area + k) : 0;
            }
}
