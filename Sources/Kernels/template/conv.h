// The convolutions of one instruction set behind the four entries of its table.
static size_t ISA(conv_weight_count)(const ock_conv *conv) {
    const ock_conv_shape *s = &conv->shape;
    size_t area = (size_t)s->kernel_height * s->kernel_width, outputs = conv_bias_count(conv);
    switch (conv->kind) {
    case OCK_CONV_DEPTHWISE: return (size_t)blocks_of(s->out_channels) * VL * (area + 1);
    case OCK_CONV_WINOGRAD: return outputs + WINO * outputs * (size_t)s->in_channels;
    default: return outputs + outputs * (size_t)conv->group_in * area;
    }
}

static void ISA(conv_pack)(const ock_conv *conv, const float *weights, const float *bias, float *packed) {
    if (conv->kind == OCK_CONV_DEPTHWISE) {
        size_t lanes = (size_t)blocks_of(conv->shape.out_channels) * VL;
        for (size_t i = 0; i < lanes; i++) packed[i] = bias && i < (size_t)conv->shape.out_channels ? bias[i] : 0;
        return pack_depthwise(conv, weights, packed + lanes);
    }
    pack_bias(conv, bias, packed);
    packed += conv_bias_count(conv);
    pack_job job = {conv, weights, packed};
    if (conv->kind == OCK_CONV_WINOGRAD)
        pack_parallel(&job, blocks_of(conv->shape.out_channels), ISA(pack_winograd_block));
    else if (conv->shape.groups == 1) pack_parallel(&job, blocks_of(conv->group_out), ISA(pack_dense_block));
    else pack_parallel(&job, conv->groups, ISA(pack_group));
}

static size_t ISA(conv_scratch_count)(const ock_conv *conv, int threads) {
    return conv->kind == OCK_CONV_WINOGRAD ? winograd_block_floats(conv) * (size_t)ock_max(1, threads) : 0;
}

static void ISA(conv_run)(const ock_conv *conv, const ock_conv_call *call) {
    switch (conv->kind) {
    case OCK_CONV_PLANAR: return planar_run(conv, call);
    case OCK_CONV_BLOCKED: return blocked_run(conv, call);
    case OCK_CONV_DEPTHWISE: return depthwise_run(conv, call);
    case OCK_CONV_WINOGRAD: return winograd_run(conv, call);
    }
}
