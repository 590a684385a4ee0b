#include "table.h"

bool ock_is_depthwise(const ock_conv_shape *s) {
    return s->groups > 1 && s->groups == s->in_channels && s->groups == s->out_channels;
}

bool ock_conv_supports(const ock_conv_shape *s, ock_conv_kind kind) {
    switch (kind) {
    case OCK_CONV_PLANAR: return s->groups == 1;
    case OCK_CONV_BLOCKED: return true;
    case OCK_CONV_DEPTHWISE: return ock_is_depthwise(s);
    case OCK_CONV_WINOGRAD:
        return s->groups == 1 && s->kernel_height == 3 && s->kernel_width == 3 && s->stride_y == 1 &&
               s->stride_x == 1 && s->dilation_y == 1 && s->dilation_x == 1;
    }
    return false;
}

// Measured on Zen 5: 36 products serve 16 outputs instead of 144, less the outputs that the last tiles waste, less the
// transforms, whose share falls with the number of channels.
static bool winograd_pays(const ock_conv_shape *s) {
    if (!ock_conv_supports(s, OCK_CONV_WINOGRAD) || s->in_channels < 16 || s->out_channels < 16) return false;
    double tiles = (double)((s->out_height + 3) / 4) * ((s->out_width + 3) / 4);
    double outputs = (double)s->out_height * s->out_width;
    double direct = outputs * 9 * s->in_channels * s->out_channels;
    double multiply = tiles * 36 * s->in_channels * s->out_channels;
    double transform = tiles * 36 * 14 * (s->in_channels + s->out_channels);
    // The transformed weights are four times as many; from memory, each costs the time of about 16 multiply-adds.
    double more_weights = (36.0 - 9.0) * s->in_channels * s->out_channels * 16;
    return multiply + transform + more_weights < direct * 0.9;
}

ock_conv_kind ock_conv_choose(const ock_conv_shape *s, bool planar_input, bool exact) {
    if (planar_input && s->groups == 1 && s->in_channels < 8) return OCK_CONV_PLANAR;
    if (ock_is_depthwise(s)) return OCK_CONV_DEPTHWISE;
    return !exact && winograd_pays(s) ? OCK_CONV_WINOGRAD : OCK_CONV_BLOCKED;
}

int ock_merged_count(const ock_conv_shape *s, int block, bool even) {
    int in = s->in_channels / s->groups, out = s->out_channels / s->groups;
    for (int merge = 1; merge <= block && merge < s->groups; merge++)
        if ((!even || s->groups % merge == 0) && in * merge % block == 0 && out * merge % block == 0) return merge;
    return s->groups;
}

// Tiles of a Winograd block: enough to reuse each weight from a register tile 8 times, few enough that V and M
// stay near the core.
static int winograd_tile_block(const ock_conv_shape *s, int block) {
    int channels = (s->in_channels + s->out_channels + 2 * block - 2) / block * block;
    int fitting = 160 * 1024 / (36 * channels);
    int tiles = ((s->out_height + 3) / 4) * ((s->out_width + 3) / 4);
    int wanted = ock_min(96, ock_max(48, fitting / 6 * 6));
    return ock_min(tiles, wanted);
}

bool ock_conv_init(ock_conv *conv, const ock_conv_shape *shape, ock_conv_kind kind, ock_epilogue epilogue) {
    if (!ock_conv_supports(shape, kind)) return false;
    ock_isa isa = ock_active_isa();
    int block = ock_table_for(isa)->block, merged = ock_merged_count(shape, block, false);
    *conv = (ock_conv){
        .shape = *shape,
        .kind = kind,
        .isa = isa,
        .epilogue = epilogue,
        .groups = (shape->groups + merged - 1) / merged,
        .group_in = shape->in_channels / shape->groups * merged,
        .group_out = shape->out_channels / shape->groups * merged,
        .tile_block = kind == OCK_CONV_WINOGRAD ? winograd_tile_block(shape, block) : 0,
    };
    return true;
}

size_t ock_conv_weight_count(const ock_conv *conv) { return ock_table_for(conv->isa)->conv_weight_count(conv); }

void ock_conv_pack(const ock_conv *conv, const float *weights, const float *bias, float *packed) {
    ock_table_for(conv->isa)->conv_pack(conv, weights, bias, packed);
}

size_t ock_conv_scratch_count(const ock_conv *conv, int threads) {
    return ock_table_for(conv->isa)->conv_scratch_count(conv, threads);
}

void ock_conv_run(const ock_conv *conv, const ock_conv_call *call) {
    ock_table_for(conv->isa)->conv_run(conv, call);
}
