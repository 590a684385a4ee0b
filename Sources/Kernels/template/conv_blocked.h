// Blocked to blocked convolution without a transform: every product is a register tile over pixel pointers, so pointwise,
// k x k, strided and dilated convolutions are one loop.

/// One tile of output blocks over a range of pixels and of input channels.
typedef struct {
    const ock_conv *conv;
    const float *in, *weights, *bias;
    float *out;
    const float *residual;
    ptrdiff_t in_plane, out_plane;
    int first_ic, end_ic;
    /// `adds_first`: the residual goes in with the bias, before partial sums overwrite where it may lie.
    bool is_last, adds_first;
} ISA(blocked_job);
#define blocked_job ISA(blocked_job)

static const float ISA(zeros)[VL] = {0};

INLINE void blocked_begin(const int P, const int NB, vf acc[P_MAX][NB_MAX], const blocked_job *job,
                          const tile_target *target) {
    if (job->first_ic > 0) return tile_load(P, NB, acc, target);
    tile_set(P, NB, acc, job->bias);
    if (job->adds_first) tile_add(P, NB, acc, target);
}

INLINE void blocked_end(const int P, const int NB, vf acc[P_MAX][NB_MAX], const blocked_job *job,
                        const tile_target *target) {
    if (!job->is_last) return tile_store(P, NB, acc, target);
    tile_target last = *target;
    if (job->adds_first) last.residual = NULL;
    tile_finish(P, NB, acc, &job->conv->epilogue, &last);
}

INLINE tile_target blocked_target(const blocked_job *job, int pixel) {
    ptrdiff_t at = (ptrdiff_t)pixel * VL;
    return (tile_target){job->out + at, job->residual ? job->residual + at : NULL, VL, job->out_plane};
}

// 1x1, stride 1, no padding: the pixels of a tile lie side by side.
INLINE void pointwise_tile(const int P, const int NB, const blocked_job *job, int pixel) {
    vf acc[P_MAX][NB_MAX];
    tile_target target = blocked_target(job, pixel);
    blocked_begin(P, NB, acc, job, &target);
    const float *w = job->weights;
    const float *in = job->in + (ptrdiff_t)pixel * VL + job->first_ic / VL * job->in_plane;
    for (int ic = job->first_ic; ic < job->end_ic; ic += VL, in += job->in_plane, w += VL * NB * VL) {
        const float *a[P_MAX];
        UNROLL
        for (int p = 0; p < P; p++) a[p] = in + p * VL;
        tile_multiply(P, NB, acc, a, ock_min(VL, job->end_ic - ic), w);
    }
    blocked_end(P, NB, acc, job, &target);
}

INLINE void spatial_tile(const int P, const int NB, const blocked_job *job, int pixel) {
    const ock_conv_shape *s = &job->conv->shape;
    vf acc[P_MAX][NB_MAX];
    tile_target target = blocked_target(job, pixel);
    blocked_begin(P, NB, acc, job, &target);
    int y[P_MAX], x[P_MAX];
    ptrdiff_t at[P_MAX];
    int reach_y = s->in_height - (s->kernel_height - 1) * s->dilation_y;
    int reach_x = s->in_width - (s->kernel_width - 1) * s->dilation_x;
    bool inside = true;
    UNROLL
    for (int p = 0; p < P; p++) {
        y[p] = (pixel + p) / s->out_width * s->stride_y - s->pad_top;
        x[p] = (pixel + p) % s->out_width * s->stride_x - s->pad_left;
        at[p] = ((ptrdiff_t)y[p] * s->in_width + x[p]) * VL;
        inside &= y[p] >= 0 && x[p] >= 0 && y[p] < reach_y && x[p] < reach_x;
    }
    const float *w = job->weights;
    const float *in = job->in + job->first_ic / VL * job->in_plane;
    for (int ic = job->first_ic; ic < job->end_ic; ic += VL, in += job->in_plane) {
        int n = ock_min(VL, job->end_ic - ic);
        for (int ky = 0; ky < s->kernel_height; ky++)
            for (int kx = 0; kx < s->kernel_width; kx++, w += n * NB * VL) {
                int dy = ky * s->dilation_y, dx = kx * s->dilation_x;
                const float *origin = in + ((ptrdiff_t)dy * s->in_width + dx) * VL;
                const float *a[P_MAX];
                bool any = inside;
                UNROLL
                for (int p = 0; p < P; p++) {
                    bool valid = inside || ((unsigned)(y[p] + dy) < (unsigned)s->in_height &&
                                            (unsigned)(x[p] + dx) < (unsigned)s->in_width);
                    a[p] = valid ? origin + at[p] : ISA(zeros);
                    any |= valid;
                }
                // At the borders, and under wide dilations, a tap may lie outside for the whole tile.
                if (any) tile_multiply(P, NB, acc, a, n, w);
            }
    }
    blocked_end(P, NB, acc, job, &target);
}

static bool is_pointwise(const ock_conv_shape *s) {
    return s->kernel_height == 1 && s->kernel_width == 1 && s->stride_y == 1 && s->stride_x == 1 &&
           s->pad_top == 0 && s->pad_left == 0 && s->in_height == s->out_height && s->in_width == s->out_width;
}

static void ISA(blocked_span)(const blocked_job *job, int nb, int first, int end) {
#define POINTWISE(P, NB, at) pointwise_tile(P, NB, job, at)
#define SPATIAL(P, NB, at) spatial_tile(P, NB, job, at)
    if (is_pointwise(&job->conv->shape)) {
        if (nb == 1) TILE_WIDE_SPAN(POINTWISE, first, end);
        else TILE_SPANS(POINTWISE, nb, first, end)
    } else {
        TILE_SPANS(SPATIAL, nb, first, end)
    }
#undef POINTWISE
#undef SPATIAL
}

// A tile's weights of one span of input channels should stay in half of a 1 MiB second-level cache.
#define BLOCKED_WEIGHT_FLOATS (96 * 1024)
#define BLOCKED_PIXELS 240

// Input planes of one sweep over all outputs: what lies a multiple of a page apart shares the ways of a cache's sets.
#define SWEEP_BLOCKS 8

/// The cut of a layer into chunks: batch x groups x tiles of output blocks x ranges of pixels. One that `sweeps` goes
/// through the tiles within a chunk, so that inputs too large for a cache come near the core once, not once a tile.
typedef struct {
    const ock_conv *conv;
    const ock_conv_call *call;
    int tiles, ranges;
    bool sweeps;
} ISA(blocked_cut);
#define blocked_cut ISA(blocked_cut)

static void ISA(blocked_chunk)(void *context, int chunk, int worker) {
    (void)worker;
    const blocked_cut *cut = context;
    const ock_conv *conv = cut->conv;
    const ock_conv_call *call = cut->call;
    const ock_conv_shape *s = &conv->shape;
    int range = chunk % cut->ranges, rest = chunk / cut->ranges;
    int tile = rest % cut->tiles, group = rest / cut->tiles % conv->groups, item = rest / cut->tiles / conv->groups;
    int blocks = blocks_of(conv->group_out), kernel_area = s->kernel_height * s->kernel_width;
    int group_in = group_in_of(conv, group), own_blocks = blocks_of(group_out_of(conv, group));
    if (tile >= tile_groups(own_blocks)) return;
    int end_tile = cut->sweeps ? tile_groups(own_blocks) : tile + 1;
    ptrdiff_t in_plane = (ptrdiff_t)s->in_height * s->in_width * VL;
    ptrdiff_t out_plane = (ptrdiff_t)s->out_height * s->out_width * VL;
    size_t inputs = (size_t)group_in * kernel_area;
    const float *weights = call->weights + conv_bias_count(conv) +
                           (size_t)conv->group_in * kernel_area * VL * (size_t)(group * blocks);
    blocked_job job = {
        .conv = conv,
        .in = call->input + item * call->input_batch + (ptrdiff_t)group * (conv->group_in / VL) * in_plane,
        .in_plane = in_plane,
        .out_plane = out_plane,
    };
    int pixels = s->out_height * s->out_width;
    int first = (int)ock_part(pixels, cut->ranges, range), end = (int)ock_part(pixels, cut->ranges, range + 1);
    int widest = ock_min(own_blocks, NB_MAX), in_blocks = blocks_of(group_in);
    int spans = ock_max(1, (int)((inputs * VL * widest + BLOCKED_WEIGHT_FLOATS - 1) / BLOCKED_WEIGHT_FLOATS));
    if (cut->sweeps) spans = ock_max(spans, (in_blocks + SWEEP_BLOCKS - 1) / SWEEP_BLOCKS);
    spans = ock_min(spans, in_blocks);
    const float *residual = call->residual ? call->residual + item * call->residual_batch : NULL;
    float *output = call->output + item * call->output_batch;
    // A residual that is the output itself and comes last would be lost under partial sums.
    if (residual == output && conv->epilogue.residual_after) spans = 1;
    job.adds_first = spans > 1 && residual && !conv->epilogue.residual_after;
    int step = spans == 1 && !cut->sweeps ? end - first : BLOCKED_PIXELS;
    for (int at = first; at < end; at += step)
        for (int span = 0; span < spans; span++) {
            job.first_ic = (int)ock_part(in_blocks, spans, span) * VL;
            job.end_ic = ock_min((int)ock_part(in_blocks, spans, span + 1) * VL, group_in);
            job.is_last = span == spans - 1;
            for (int part = tile; part < end_tile; part++) {
                int block = tile_group_first(own_blocks, part), nb = tile_group_first(own_blocks, part + 1) - block;
                ptrdiff_t out_at = (group * blocks + block) * out_plane;
                job.bias = call->weights + (group * blocks + block) * VL;
                job.weights = weights + inputs * VL * (size_t)block + (size_t)job.first_ic * kernel_area * nb * VL;
                job.out = output + out_at;
                job.residual = residual ? residual + out_at : NULL;
                ISA(blocked_span)(&job, nb, at, ock_min(at + step, end));
            }
        }
}

// Multiply-adds below which a layer is not worth handing out: about 50 microseconds of one core.
#define SMALL_LAYER 4e6

INLINE double conv_work(const ock_conv *conv) {
    const ock_conv_shape *s = &conv->shape;
    return (double)s->batch * s->out_height * s->out_width * s->out_channels * conv->group_in * s->kernel_height *
           s->kernel_width;
}

// Floats of one group's input from which on a pointwise layer with several tiles of outputs sweeps.
#define SWEPT_INPUT (1024 * 1024)

static void blocked_run(const ock_conv *conv, const ock_conv_call *call) {
    const ock_conv_shape *s = &conv->shape;
    blocked_cut cut = {conv, call, tile_groups(blocks_of(conv->group_out)), 1, false};
    cut.sweeps = cut.tiles > 1 && is_pointwise(s) && (double)s->in_height * s->in_width * conv->group_in > SWEPT_INPUT;
    if (cut.sweeps) cut.tiles = 1;
    int threads = conv_work(conv) < SMALL_LAYER ? 1 : call->threads;
    int units = s->batch * conv->groups * cut.tiles, pixels = s->out_height * s->out_width;
    if (threads > 1) cut.ranges = ock_max(1, ock_min((8 * threads + units - 1) / units, pixels / 24));
    ock_parallel(units * cut.ranges, ISA(blocked_chunk), &cut, threads);
}
