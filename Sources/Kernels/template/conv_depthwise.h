// Depthwise convolution: one block of channels at a time, tiles of pixels along a row.
#define DEPTHWISE_P 8

/// One block of channels.
typedef struct {
    const ock_conv *conv;
    const float *in, *weights;
    vf bias;
    float *out;
    const float *residual;
} ISA(depthwise_job);
#define depthwise_job ISA(depthwise_job)

// P pixels from `column` on, of kernel rows [ky0, ky1) and kernel columns [kx0, kx1), all inside the input.
INLINE void depthwise_tile(const int P, const depthwise_job *job, int row, int column, int ky0, int ky1, int kx0,
                           int kx1) {
    const ock_conv_shape *s = &job->conv->shape;
    vf acc[DEPTHWISE_P][NB_MAX];
    UNROLL
    for (int p = 0; p < P; p++) acc[p][0] = job->bias;
    int y0 = row * s->stride_y - s->pad_top, x0 = column * s->stride_x - s->pad_left;
    ptrdiff_t step = (ptrdiff_t)s->stride_x * VL;
    for (int ky = ky0; ky < ky1; ky++)
        for (int kx = kx0; kx < kx1; kx++) {
            const float *in = job->in + ((ptrdiff_t)(y0 + ky * s->dilation_y) * s->in_width + x0 +
                                         kx * s->dilation_x) * VL;
            vf w = vload(job->weights + (ky * s->kernel_width + kx) * VL);
            UNROLL
            for (int p = 0; p < P; p++) acc[p][0] = vfma(vload(in + p * step), w, acc[p][0]);
        }
    ptrdiff_t at = ((ptrdiff_t)row * s->out_width + column) * VL;
    tile_target target = {job->out + at, job->residual ? job->residual + at : NULL, VL, 0};
    tile_finish(P, 1, acc, &job->conv->epilogue, &target);
}

// One pixel at the border: sums side by side, because a single one would wait for each product in turn.
INLINE void depthwise_pixel(const depthwise_job *job, int row, int column, int ky0, int ky1, int kx0, int kx1) {
    const ock_conv_shape *s = &job->conv->shape;
    vf sums[4] = {job->bias, (vf)0.0f, (vf)0.0f, (vf)0.0f}, acc[DEPTHWISE_P][NB_MAX];
    int y0 = row * s->stride_y - s->pad_top, x0 = column * s->stride_x - s->pad_left;
    ptrdiff_t step = (ptrdiff_t)s->dilation_x * VL;
    for (int ky = ky0; ky < ky1; ky++) {
        const float *in = job->in + ((ptrdiff_t)(y0 + ky * s->dilation_y) * s->in_width + x0 + kx0 * s->dilation_x) * VL;
        const float *w = job->weights + (ky * s->kernel_width + kx0) * VL;
        int left = kx1 - kx0;
        for (; left >= 4; left -= 4, in += 4 * step, w += 4 * VL) {
            UNROLL
            for (int i = 0; i < 4; i++) sums[i] = vfma(vload(in + i * step), vload(w + i * VL), sums[i]);
        }
        if (left > 0) sums[0] = vfma(vload(in), vload(w), sums[0]);
        if (left > 1) sums[1] = vfma(vload(in + step), vload(w + VL), sums[1]);
        if (left > 2) sums[2] = vfma(vload(in + 2 * step), vload(w + 2 * VL), sums[2]);
    }
    acc[0][0] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    ptrdiff_t at = ((ptrdiff_t)row * s->out_width + column) * VL;
    tile_target target = {job->out + at, job->residual ? job->residual + at : NULL, VL, 0};
    tile_finish(1, 1, acc, &job->conv->epilogue, &target);
}

// The kernel positions [*first, *end) of one axis that fall inside the input, for the window at `origin`.
INLINE void window_inside(int origin, int kernel, int dilation, int extent, int *first, int *end) {
    *first = origin >= 0 ? 0 : (-origin + dilation - 1) / dilation;
    *end = origin >= extent ? 0 : ock_min(kernel, (extent - 1 - origin) / dilation + 1);
    if (*first > *end) *first = *end;
}

// The outputs [*first, *end) of one axis whose whole window lies inside the input.
INLINE void interior(int outputs, int stride, int pad, int kernel, int dilation, int extent, int *first, int *end) {
    int room = extent - (kernel - 1) * dilation + pad;
    *first = ock_min(outputs, (pad + stride - 1) / stride);
    *end = room <= 0 ? 0 : ock_min(outputs, (room - 1) / stride + 1);
    if (*end < *first) *end = *first;
}

static void ISA(depthwise_row)(const depthwise_job *job, int row) {
    const ock_conv_shape *s = &job->conv->shape;
    int ky0, ky1, kx0, kx1, first, end;
    window_inside(row * s->stride_y - s->pad_top, s->kernel_height, s->dilation_y, s->in_height, &ky0, &ky1);
    interior(s->out_width, s->stride_x, s->pad_left, s->kernel_width, s->dilation_x, s->in_width, &first, &end);
    for (int column = 0; column < s->out_width; column++) {
        if (column == first) {
            for (; column + DEPTHWISE_P <= end; column += DEPTHWISE_P)
                depthwise_tile(DEPTHWISE_P, job, row, column, ky0, ky1, 0, s->kernel_width);
            for (; column + 4 <= end; column += 4) depthwise_tile(4, job, row, column, ky0, ky1, 0, s->kernel_width);
            for (; column + 2 <= end; column += 2) depthwise_tile(2, job, row, column, ky0, ky1, 0, s->kernel_width);
            for (; column < end; column++) depthwise_tile(1, job, row, column, ky0, ky1, 0, s->kernel_width);
            if (column == s->out_width) break;
        }
        window_inside(column * s->stride_x - s->pad_left, s->kernel_width, s->dilation_x, s->in_width, &kx0, &kx1);
        depthwise_pixel(job, row, column, ky0, ky1, kx0, kx1);
    }
}

static void ISA(depthwise_chunk)(void *context, int chunk, int worker) {
    (void)worker;
    const blocked_cut *cut = context;
    const ock_conv *conv = cut->conv;
    const ock_conv_call *call = cut->call;
    const ock_conv_shape *s = &conv->shape;
    int blocks = blocks_of(s->out_channels), kernel_area = s->kernel_height * s->kernel_width;
    int range = chunk % cut->ranges, unit_end = (int)ock_part((size_t)s->batch * blocks, cut->tiles, chunk / cut->ranges + 1);
    for (int unit = (int)ock_part((size_t)s->batch * blocks, cut->tiles, chunk / cut->ranges); unit < unit_end; unit++) {
        int item = unit / blocks, block = unit % blocks;
        ptrdiff_t out_at = (ptrdiff_t)block * s->out_height * s->out_width * VL;
        depthwise_job job = {
            .conv = conv,
            .in = call->input + item * call->input_batch + (ptrdiff_t)block * s->in_height * s->in_width * VL,
            .weights = call->weights + ((size_t)blocks + (size_t)block * kernel_area) * VL,
            .bias = vload(call->weights + block * VL),
            .out = call->output + item * call->output_batch + out_at,
            .residual = call->residual ? call->residual + item * call->residual_batch + out_at : NULL,
        };
        int end = (int)ock_part(s->out_height, cut->ranges, range + 1);
        for (int row = (int)ock_part(s->out_height, cut->ranges, range); row < end; row++)
            ISA(depthwise_row)(&job, row);
    }
}

static void depthwise_run(const ock_conv *conv, const ock_conv_call *call) {
    const ock_conv_shape *s = &conv->shape;
    int units = s->batch * blocks_of(s->out_channels);
    blocked_cut cut = {conv, call, units, 1, false};
    // A depthwise multiply-add costs about eight of a dense one: the layer is bound by loads.
    int threads = conv_work(conv) * 8 < SMALL_LAYER ? 1 : call->threads;
    if (threads > 1) {
        cut.tiles = ock_min(units, 8 * threads);
        if (units < 4 * threads) cut.ranges = ock_min(s->out_height, (8 * threads + units - 1) / units);
    }
    ock_parallel(cut.tiles * cut.ranges, ISA(depthwise_chunk), &cut, threads);
}
