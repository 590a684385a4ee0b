// Depthwise convolution: one block of channels at a time, tiles of pixels along a row.
#define DEPTHWISE_P 8
// Bytes of the rows that are copied between columns of zeros, on the stack.
#define PADDED_BYTES 32768

/// One block of channels. Rows of the input are `width` pixels and begin `pad_left` columns after the first window.
typedef struct {
    const ock_conv *conv;
    const float *in, *weights;
    int width, pad_left;
    // The kernel's width where windows that follow one another begin a pixel apart, else 0.
    int sweep;
    vf bias;
    float *out;
    const float *residual;
} ISA(depthwise_job);
#define depthwise_job ISA(depthwise_job)

// P pixels from `column` on, of kernel rows [ky0, ky1) and all kernel columns, all inside the input.
INLINE void depthwise_tile(const int P, const depthwise_job *job, int row, int column, int ky0, int ky1) {
    const ock_conv_shape *s = &job->conv->shape;
    vf acc[DEPTHWISE_P][NB_MAX];
    UNROLL
    for (int p = 0; p < P; p++) acc[p][0] = job->bias;
    int y0 = row * s->stride_y - s->pad_top, x0 = column * s->stride_x - job->pad_left;
    ptrdiff_t step = (ptrdiff_t)s->stride_x * VL;
    for (int ky = ky0; ky < ky1; ky++)
        for (int kx = 0; kx < s->kernel_width; kx++) {
            const float *in = job->in + ((ptrdiff_t)(y0 + ky * s->dilation_y) * job->width + x0 +
                                         kx * s->dilation_x) * VL;
            vf w = vload(job->weights + (ky * s->kernel_width + kx) * VL);
            UNROLL
            for (int p = 0; p < P; p++) acc[p][0] = vfma(vload(in + p * step), w, acc[p][0]);
        }
    ptrdiff_t at = ((ptrdiff_t)row * s->out_width + column) * VL;
    tile_target target = {job->out + at, job->residual ? job->residual + at : NULL, VL, 0};
    tile_finish(P, 1, acc, &job->conv->epilogue, &target);
}

// P pixels of a row whose windows lie side by side, KX wide: every input is loaded once a kernel row. That takes P + KX - 1
// registers beside the sums.
INLINE void depthwise_sweep(const int P, const int KX, const depthwise_job *job, int row, int column, int ky0, int ky1) {
    const ock_conv_shape *s = &job->conv->shape;
    vf acc[DEPTHWISE_P][NB_MAX], pixels[DEPTHWISE_P + 6];
    UNROLL
    for (int p = 0; p < P; p++) acc[p][0] = job->bias;
    int y0 = row * s->stride_y - s->pad_top, x0 = column - job->pad_left;
    for (int ky = ky0; ky < ky1; ky++) {
        const float *in = job->in + ((ptrdiff_t)(y0 + ky * s->dilation_y) * job->width + x0) * VL;
        const float *w = job->weights + ky * KX * VL;
        UNROLL
        for (int i = 0; i < P + KX - 1; i++) pixels[i] = vload(in + i * VL);
        UNROLL
        for (int kx = 0; kx < KX; kx++) {
            vf weight = vload(w + kx * VL);
            UNROLL
            for (int p = 0; p < P; p++) acc[p][0] = vfma(pixels[p + kx], weight, acc[p][0]);
        }
    }
    ptrdiff_t at = ((ptrdiff_t)row * s->out_width + column) * VL;
    tile_target target = {job->out + at, job->residual ? job->residual + at : NULL, VL, 0};
    tile_finish(P, 1, acc, &job->conv->epilogue, &target);
}

// A whole tile.
static void ISA(depthwise_whole)(const depthwise_job *job, int row, int column, int ky0, int ky1) {
    switch (VECTOR_REGISTERS >= 32 ? job->sweep : 0) {
    case 3: depthwise_sweep(DEPTHWISE_P, 3, job, row, column, ky0, ky1); break;
    case 5: depthwise_sweep(DEPTHWISE_P, 5, job, row, column, ky0, ky1); break;
    case 7: depthwise_sweep(DEPTHWISE_P, 7, job, row, column, ky0, ky1); break;
    default: depthwise_tile(DEPTHWISE_P, job, row, column, ky0, ky1);
    }
}

// One pixel: sums side by side, because a single one would wait for each product in turn.
INLINE void depthwise_pixel(const depthwise_job *job, int row, int column, int ky0, int ky1, int kx0, int kx1) {
    const ock_conv_shape *s = &job->conv->shape;
    vf sums[4] = {job->bias, (vf)0.0f, (vf)0.0f, (vf)0.0f}, acc[DEPTHWISE_P][NB_MAX];
    int y0 = row * s->stride_y - s->pad_top, x0 = column * s->stride_x - job->pad_left;
    ptrdiff_t step = (ptrdiff_t)s->dilation_x * VL;
    for (int ky = ky0; ky < ky1; ky++) {
        const float *in = job->in + ((ptrdiff_t)(y0 + ky * s->dilation_y) * job->width + x0 + kx0 * s->dilation_x) * VL;
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

// The last pixels before `end`, fewer than a tile.
static void ISA(depthwise_rest)(const depthwise_job *job, int row, int column, int end, int ky0, int ky1) {
    switch (end - column) {
    case 1: depthwise_pixel(job, row, column, ky0, ky1, 0, job->conv->shape.kernel_width); break;
    case 2: depthwise_tile(2, job, row, column, ky0, ky1); break;
    case 3: depthwise_tile(3, job, row, column, ky0, ky1); break;
    case 4: depthwise_tile(4, job, row, column, ky0, ky1); break;
    case 5: depthwise_tile(5, job, row, column, ky0, ky1); break;
    case 6: depthwise_tile(6, job, row, column, ky0, ky1); break;
    case 7: depthwise_tile(7, job, row, column, ky0, ky1); break;
    default: break;
    }
}

static void ISA(depthwise_row)(const depthwise_job *job, int row) {
    const ock_conv_shape *s = &job->conv->shape;
    int ky0, ky1, kx0, kx1, first, end;
    window_inside(row * s->stride_y - s->pad_top, s->kernel_height, s->dilation_y, s->in_height, &ky0, &ky1);
    interior(s->out_width, s->stride_x, job->pad_left, s->kernel_width, s->dilation_x, job->width, &first, &end);
    for (int column = 0; column < s->out_width; column++) {
        if (column == first && first < end) {
            for (; column + DEPTHWISE_P <= end; column += DEPTHWISE_P)
                ISA(depthwise_whole)(job, row, column, ky0, ky1);
            ISA(depthwise_rest)(job, row, column, end, ky0, ky1);
            column = end;
            if (column == s->out_width) break;
        }
        window_inside(column * s->stride_x - job->pad_left, s->kernel_width, s->dilation_x, job->width, &kx0, &kx1);
        depthwise_pixel(job, row, column, ky0, ky1, kx0, kx1);
    }
}

// The pixels of a row between columns of zeros, so that every window lies inside; 0 where few windows do not, or rows
// would not fit.
static int ISA(depthwise_padded_width)(const ock_conv_shape *s) {
    int first, end;
    interior(s->out_width, s->stride_x, s->pad_left, s->kernel_width, s->dilation_x, s->in_width, &first, &end);
    int64_t reach = (int64_t)(s->out_width - 1) * s->stride_x + (int64_t)(s->kernel_width - 1) * s->dilation_x + 1;
    int64_t width = s->pad_left + (int64_t)s->in_width;
    if (width < reach) width = reach;
    bool fits = width <= PADDED_BYTES / (int)(VL * sizeof(float)) / s->in_height;
    return fits && 5 * (s->out_width - (end - first)) >= s->out_width ? (int)width : 0;
}

// Copies the block's rows to `padded`, each between zeros, and lets the job read them there.
static void ISA(depthwise_pad)(depthwise_job *job, float *padded, int width) {
    const ock_conv_shape *s = &job->conv->shape;
    size_t before = (size_t)s->pad_left * VL, inside = (size_t)s->in_width * VL, row = (size_t)width * VL;
    for (int y = 0; y < s->in_height; y++) {
        float *to = padded + y * row;
        memset(to, 0, before * sizeof(float));
        memcpy(to + before, job->in + y * inside, inside * sizeof(float));
        memset(to + before + inside, 0, (row - before - inside) * sizeof(float));
    }
    job->in = padded;
    job->width = width;
    job->pad_left = 0;
}

static void ISA(depthwise_chunk)(void *context, int chunk, int worker) {
    (void)worker;
    const blocked_cut *cut = context;
    const ock_conv *conv = cut->conv;
    const ock_conv_call *call = cut->call;
    const ock_conv_shape *s = &conv->shape;
    int blocks = blocks_of(s->out_channels), kernel_area = s->kernel_height * s->kernel_width;
    _Alignas(64) float padded[PADDED_BYTES / sizeof(float)];
    int padded_width = ISA(depthwise_padded_width)(s);
    int range = chunk % cut->ranges, unit_end = (int)ock_part((size_t)s->batch * blocks, cut->tiles, chunk / cut->ranges + 1);
    for (int unit = (int)ock_part((size_t)s->batch * blocks, cut->tiles, chunk / cut->ranges); unit < unit_end; unit++) {
        int item = unit / blocks, block = unit % blocks;
        ptrdiff_t out_at = (ptrdiff_t)block * s->out_height * s->out_width * VL;
        depthwise_job job = {
            .conv = conv,
            .in = call->input + item * call->input_batch + (ptrdiff_t)block * s->in_height * s->in_width * VL,
            .weights = call->weights + ((size_t)blocks + (size_t)block * kernel_area) * VL,
            .width = s->in_width,
            .pad_left = s->pad_left,
            .sweep = s->stride_x == 1 && s->dilation_x == 1 ? s->kernel_width : 0,
            .bias = vload(call->weights + block * VL),
            .out = call->output + item * call->output_batch + out_at,
            .residual = call->residual ? call->residual + item * call->residual_batch + out_at : NULL,
        };
        if (padded_width > 0) ISA(depthwise_pad)(&job, padded, padded_width);
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
