// The first layer: planar input with few channels, blocked output. Tiles run along one output row.

/// One tile of output blocks over a range of output rows.
typedef struct {
    const ock_conv *conv;
    const float *in, *weights, *bias;
    float *out;
    const float *residual;
    ptrdiff_t out_plane;
} ISA(planar_job);
#define planar_job ISA(planar_job)

INLINE void planar_tile(const int P, const int NB, const int constant_stride, const planar_job *job, int row,
                        int column) {
    const ock_conv_shape *s = &job->conv->shape;
    const int stride = constant_stride ? constant_stride : s->stride_x;
    vf acc[P_MAX][NB_MAX];
    tile_set(P, NB, acc, job->bias);
    int y0 = row * s->stride_y - s->pad_top, x0 = column * stride - s->pad_left;
    bool inside = x0 >= 0 && x0 + (P - 1) * stride + (s->kernel_width - 1) * s->dilation_x < s->in_width;
    const float *w = job->weights;
    for (int ic = 0; ic < s->in_channels; ic++)
        for (int ky = 0; ky < s->kernel_height; ky++) {
            int y = y0 + ky * s->dilation_y;
            if ((unsigned)y >= (unsigned)s->in_height) {
                w += s->kernel_width * NB * VL;
                continue;
            }
            const float *line = job->in + ((ptrdiff_t)ic * s->in_height + y) * s->in_width;
            for (int kx = 0; kx < s->kernel_width; kx++, w += NB * VL) {
                int x = x0 + kx * s->dilation_x;
                const float *a[P_MAX];
                UNROLL
                for (int p = 0; p < P; p++) {
                    bool valid = inside || (unsigned)(x + p * stride) < (unsigned)s->in_width;
                    a[p] = valid ? line + x + p * stride : ISA(zeros);
                }
                tile_step(P, NB, acc, a, 0, w);
            }
        }
    ptrdiff_t at = ((ptrdiff_t)row * s->out_width + column) * VL;
    tile_target target = {job->out + at, job->residual ? job->residual + at : NULL, VL, job->out_plane};
    tile_finish(P, NB, acc, &job->conv->epilogue, &target);
}

static void ISA(planar_row)(const planar_job *job, int nb, int row) {
    int width = job->conv->shape.out_width;
#define TILE(P, NB, at) planar_tile(P, NB, 0, job, row, at)
#define TILE1(P, NB, at) planar_tile(P, NB, 1, job, row, at)
#define TILE2(P, NB, at) planar_tile(P, NB, 2, job, row, at)
    switch (job->conv->shape.stride_x) {
    case 1:
        if (nb == 1) TILE_WIDE_SPAN(TILE1, 0, width);
        else TILE_SPANS(TILE1, nb, 0, width)
        break;
    case 2:
        if (nb == 1) TILE_WIDE_SPAN(TILE2, 0, width);
        else TILE_SPANS(TILE2, nb, 0, width)
        break;
    default: TILE_SPANS(TILE, nb, 0, width)
    }
#undef TILE
#undef TILE1
#undef TILE2
}

static void ISA(planar_chunk)(void *context, int chunk, int worker) {
    (void)worker;
    const blocked_cut *cut = context;
    const ock_conv *conv = cut->conv;
    const ock_conv_call *call = cut->call;
    const ock_conv_shape *s = &conv->shape;
    int range = chunk % cut->ranges, item = chunk / cut->ranges, blocks = blocks_of(s->out_channels);
    size_t inputs = (size_t)s->in_channels * s->kernel_height * s->kernel_width;
    ptrdiff_t out_plane = (ptrdiff_t)s->out_height * s->out_width * VL;
    int end = (int)ock_part(s->out_height, cut->ranges, range + 1);
    for (int row = (int)ock_part(s->out_height, cut->ranges, range); row < end; row++)
        for (int tile = 0; tile < cut->tiles; tile++) {
            int first_block = tile_group_first(blocks, tile);
            planar_job job = {
                .conv = conv,
                .in = call->input + item * call->input_batch,
                .weights = call->weights + conv_bias_count(conv) + inputs * VL * first_block,
                .bias = call->weights + first_block * VL,
                .out = call->output + item * call->output_batch + first_block * out_plane,
                .residual = call->residual ? call->residual + item * call->residual_batch + first_block * out_plane
                                           : NULL,
                .out_plane = out_plane,
            };
            ISA(planar_row)(&job, tile_group_first(blocks, tile + 1) - first_block, row);
        }
}

static void planar_run(const ock_conv *conv, const ock_conv_call *call) {
    const ock_conv_shape *s = &conv->shape;
    blocked_cut cut = {conv, call, tile_groups(blocks_of(s->out_channels)), 1, false};
    int threads = conv_work(conv) < SMALL_LAYER ? 1 : call->threads;
    if (threads > 1) cut.ranges = ock_min(8 * threads, s->out_height);
    ock_parallel(s->batch * cut.ranges, ISA(planar_chunk), &cut, threads);
}
