// Convolutions and matrix products of bytes: cut into chunks for the pool.
#include "quantised.h"

// Multiply-adds below which a layer is not worth handing out.
#define SMALL_LAYER 3e6

void ock_qconv_init(ock_qconv *conv, const ock_conv_shape *shape, int parts) {
    *conv = (ock_qconv){
        .shape = *shape,
        .dot = ock_active_dot(),
        .depthwise = ock_is_depthwise(shape) && shape->in_channels > 4,
        .parts = parts,
        .groups = shape->in_channels <= 4 || shape->out_channels <= 4
                      ? 1
                      : shape->groups / ock_merged_count(shape, OCK_LANES, true),
        .shared_rows = 1,
        .row_groups = (shape->kernel_height + 3) / 4,
        .float_block = ock_channel_block(),
    };
    conv->group_in = shape->in_channels / conv->groups;
    conv->group_out = shape->out_channels / conv->groups;
    if (conv->depthwise && shape->dilation_y == 1)
        conv->shared_rows = (4 * conv->row_groups - shape->kernel_height) / shape->stride_y + 1;
}

static size_t line_bytes(const ock_qconv *conv) {
    const ock_conv_shape *s = &conv->shape;
    size_t columns = (size_t)(s->out_width - 1) * s->stride_x + (size_t)(s->kernel_width - 1) * s->dilation_x + 1;
    return columns * (size_t)conv->row_groups * OCK_WEIGHT_BLOCK;
}

size_t ock_qconv_scratch_bytes(const ock_qconv *conv, int threads) {
    return conv->depthwise ? line_bytes(conv) * (size_t)ock_max(1, threads) : 0;
}

/// The cut of a layer into chunks: batch x groups x tiles (or blocks) x ranges of pixels (or rows).
typedef struct {
    const ock_qconv *conv;
    const ock_qconv_call *call;
    const ock_qtable *table;
    int tiles, ranges;
} cut;

static void dense_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const cut *c = context;
    const ock_qconv *conv = c->conv;
    const ock_qconv_call *call = c->call;
    const ock_conv_shape *s = &conv->shape;
    int range = chunk % c->ranges, rest = chunk / c->ranges;
    int tile = rest % c->tiles, group = rest / c->tiles % conv->groups, item = rest / c->tiles / conv->groups;
    int blocks = ock_lane_blocks(conv->group_out), most = c->table->tile_blocks;
    int first_block = ock_qtile_first(blocks, most, tile);
    ptrdiff_t out_area = (ptrdiff_t)s->out_height * s->out_width, in_area = (ptrdiff_t)s->in_height * s->in_width;
    size_t block_bytes = ock_qconv_weight_bytes(conv) / (size_t)(conv->groups * blocks);
    int block = group * blocks + first_block;
    ock_qdense_job job = {
        .conv = conv,
        .call = call,
        .in = call->input + item * call->input_batch + (ptrdiff_t)group * conv->group_in * in_area,
        .weights = call->weights + block_bytes * (size_t)block,
        .block = block,
        .blocks = ock_qtile_first(blocks, most, tile + 1) - first_block,
    };
    ptrdiff_t at = item * call->output_batch + (ptrdiff_t)block * OCK_LANES * out_area;
    if (call->float_output) job.float_out = call->float_output + at;
    else job.out = call->output + at;
    int pixels = s->out_height * s->out_width;
    c->table->dense(&job, (int)ock_part(pixels, c->ranges, range), (int)ock_part(pixels, c->ranges, range + 1));
}

static void depthwise_chunk(void *context, int chunk, int worker) {
    const cut *c = context;
    const ock_qconv *conv = c->conv;
    const ock_qconv_call *call = c->call;
    const ock_conv_shape *s = &conv->shape;
    int blocks = ock_lane_blocks(s->out_channels), units = s->batch * blocks, range = chunk % c->ranges;
    int unit = (int)ock_part(units, c->tiles, chunk / c->ranges), end = (int)ock_part(units, c->tiles, chunk / c->ranges + 1);
    size_t block_bytes = ock_qconv_weight_bytes(conv) / (size_t)blocks;
    // Ranges begin where output rows begin to share lines.
    int strips = (s->out_height + conv->shared_rows - 1) / conv->shared_rows;
    int first_row = (int)ock_part(strips, c->ranges, range) * conv->shared_rows;
    int end_row = ock_min(s->out_height, (int)ock_part(strips, c->ranges, range + 1) * conv->shared_rows);
    for (; unit < end; unit++) {
        int item = unit / blocks, block = unit % blocks;
        ptrdiff_t at = item * call->output_batch + (ptrdiff_t)block * OCK_LANES * s->out_height * s->out_width;
        ock_qdepthwise_job job = {
            .conv = conv,
            .call = call,
            .in = call->input + item * call->input_batch + (ptrdiff_t)block * OCK_LANES * s->in_height * s->in_width,
            .weights = call->weights + block_bytes * (size_t)block,
            .block = block,
            .line = call->scratch + line_bytes(conv) * (size_t)worker,
        };
        if (call->float_output) job.float_out = call->float_output + at;
        else job.out = call->output + at;
        c->table->depthwise(&job, first_row, end_row);
    }
}

void ock_qconv_run(const ock_qconv *conv, const ock_qconv_call *call) {
    const ock_conv_shape *s = &conv->shape;
    cut c = {conv, call, ock_qtable_for(conv->dot), 1, 1};
    double work = (double)s->batch * s->out_height * s->out_width * s->out_channels * s->kernel_height * s->kernel_width *
                  conv->parts;
    if (conv->depthwise) {
        int units = s->batch * ock_lane_blocks(s->out_channels);
        // A depthwise multiply-add costs about eight of a dense one.
        int threads = work * 8 < SMALL_LAYER ? 1 : call->threads;
        c.tiles = units;
        if (threads > 1) {
            c.tiles = ock_min(units, 8 * threads);
            if (units < 4 * threads)
                c.ranges = ock_max(1, ock_min(s->out_height / conv->shared_rows, (8 * threads + units - 1) / units));
        }
        return ock_parallel(c.tiles * c.ranges, depthwise_chunk, &c, threads);
    }
    int threads = work * conv->group_in < SMALL_LAYER ? 1 : call->threads;
    c.tiles = ock_qtiles(ock_lane_blocks(conv->group_out), c.table->tile_blocks);
    int units = s->batch * conv->groups * c.tiles, pixels = s->out_height * s->out_width;
    if (threads > 1) c.ranges = ock_max(1, ock_min((8 * threads + units - 1) / units, pixels / 24));
    ock_parallel(units * c.ranges, dense_chunk, &c, threads);
}

typedef struct {
    const ock_qgemm_call *call;
    const ock_qtable *table;
    int tiles, ranges;
} gemm_cut;

static void gemm_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const gemm_cut *c = context;
    const ock_qgemm_call *call = c->call;
    int tile = chunk / c->ranges, range = chunk % c->ranges, blocks = ock_lane_blocks(call->n);
    int first = ock_qtile_first(blocks, c->table->tile_blocks, tile);
    int end = ock_qtile_first(blocks, c->table->tile_blocks, tile + 1);
    size_t block_bytes = ock_qgemm_packed_bytes(call->k, OCK_LANES, call->parts);
    c->table->gemm(call, call->packed + block_bytes * (size_t)first, first, end - first,
                   (int)ock_part(call->m, c->ranges, range), (int)ock_part(call->m, c->ranges, range + 1));
}

void ock_qgemm(const ock_qgemm_call *call) {
    gemm_cut c = {call, ock_qtable_for(call->dot), 1, 1};
    // A product with one row is bound by the weights' way from memory.
    double work = (double)call->m * call->n * call->k * call->parts * (call->m < 6 ? 8 : 1);
    int threads = work < SMALL_LAYER ? 1 : call->threads;
    c.tiles = ock_qtiles(ock_lane_blocks(call->n), c.table->tile_blocks);
    if (threads > 1 && c.tiles < 8 * threads)
        c.ranges = ock_max(1, ock_min((8 * threads + c.tiles - 1) / c.tiles, call->m / 24));
    ock_parallel(c.tiles * c.ranges, gemm_chunk, &c, threads);
}
