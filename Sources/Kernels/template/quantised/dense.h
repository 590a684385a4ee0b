// Blocked to blocked convolution of bytes: pointwise, k x k, strided, dilated, grouped; pictures of up to 4 channels.

INLINE qtarget qdense_target(const ock_qdense_job *job, int pixel) {
    const ock_conv_shape *s = &job->conv->shape;
    ptrdiff_t area = (ptrdiff_t)s->out_height * s->out_width;
    if (job->float_out) {
        // Floats come in blocks of 16 or 8 lanes.
        int block = job->conv->float_block;
        return (qtarget){NULL, job->float_out + (ptrdiff_t)pixel * block, block, area * OCK_LANES,
                         block == OCK_LANES ? 8 : area * 8, OCK_LANES, s->out_channels - job->block * OCK_LANES};
    }
    int width = ock_byte_block(s->out_channels);
    return (qtarget){job->out + (ptrdiff_t)pixel * width, NULL, width, area * OCK_LANES, 0, width, 0};
}

INLINE void qdense_finish(const int P, const int NB, qi acc[QP_MAX][QNB_MAX], const ock_qdense_job *job, int pixel) {
    const ock_qconv_call *call = job->call;
    qtarget target = qdense_target(job, pixel);
    const float *scales = call->scales + job->block * OCK_LANES;
    const float *bias = call->float_bias ? call->float_bias + job->block * OCK_LANES : NULL;
    if (target.float_out) qtile_store_float(P, NB, acc, scales, bias, &target);
    else qtile_store(P, NB, acc, scales, call->steps, &target);
}

// 1x1, stride 1, no padding: the pixels of a tile lie side by side.
INLINE void qpointwise_tile(const int P, const int NB, const ock_qdense_job *job, int pixel) {
    const ock_qconv *conv = job->conv;
    const ock_conv_shape *s = &conv->shape;
    const int width = OCK_LANES;
    ptrdiff_t plane = (ptrdiff_t)s->in_height * s->in_width * width;
    qi acc[QP_MAX][QNB_MAX];
    qtile_set(P, NB, acc, job->call->bias + job->block * OCK_LANES);
    const int8_t *w = job->weights;
    for (int part = 0; part < conv->parts; part++) {
        const uint8_t *in = job->in + (ptrdiff_t)pixel * width;
        for (int ic = 0; ic < conv->group_in; ic += OCK_LANES, in += plane) {
            int steps = ock_qsteps(ock_min(OCK_LANES, conv->group_in - ic));
            const uint8_t *a[QP_MAX];
            UNROLL
            for (int p = 0; p < P; p++) a[p] = in + p * width;
            qtile_multiply(P, NB, acc, a, steps, w);
            w += steps * NB * OCK_WEIGHT_BLOCK;
        }
    }
    qdense_finish(P, NB, acc, job, pixel);
}

/// The pixels of a tile: where their windows begin.
typedef struct {
    int y[QP_MAX], x[QP_MAX];
    ptrdiff_t at[QP_MAX];
    /// All windows lie inside the input.
    bool inside;
} qwindows;

INLINE void qfind_windows(const int P, const ock_conv_shape *s, int pixel, int width, qwindows *windows) {
    int reach_y = s->in_height - (s->kernel_height - 1) * s->dilation_y;
    int reach_x = s->in_width - (s->kernel_width - 1) * s->dilation_x;
    int row = pixel / s->out_width, column = pixel % s->out_width;
    windows->inside = true;
    UNROLL
    for (int p = 0; p < P; p++) {
        int y = row * s->stride_y - s->pad_top, x = column * s->stride_x - s->pad_left;
        windows->y[p] = y;
        windows->x[p] = x;
        windows->at[p] = ((ptrdiff_t)y * s->in_width + x) * width;
        windows->inside &= y >= 0 && x >= 0 && y < reach_y && x < reach_x;
        if (++column == s->out_width) column = 0, row++;
    }
}

INLINE void qspatial_tile(const int P, const int NB, const ock_qdense_job *job, int pixel, const uint8_t *pad) {
    const ock_qconv *conv = job->conv;
    const ock_conv_shape *s = &conv->shape;
    int width = ock_byte_block(s->in_channels);
    ptrdiff_t plane = (ptrdiff_t)s->in_height * s->in_width * width;
    qwindows windows;
    qfind_windows(P, s, pixel, width, &windows);
    // Of a picture's pixels, four bytes each, the taps of a row follow one another.
    bool runs = windows.inside && width == 4 && s->dilation_x == 1;
    int taps = runs ? 1 : s->kernel_width;
    qi acc[QP_MAX][QNB_MAX];
    qtile_set(P, NB, acc, job->call->bias + job->block * OCK_LANES);
    const int8_t *w = job->weights;
    for (int part = 0; part < conv->parts; part++) {
        const uint8_t *in = job->in;
        for (int ic = 0; ic < conv->group_in; ic += OCK_LANES, in += plane) {
            int steps = runs ? s->kernel_width : ock_qsteps(ock_min(OCK_LANES, conv->group_in - ic));
            for (int ky = 0; ky < s->kernel_height; ky++)
                for (int kx = 0; kx < taps; kx++, w += steps * NB * OCK_WEIGHT_BLOCK) {
                    int dy = ky * s->dilation_y, dx = kx * s->dilation_x;
                    const uint8_t *origin = in + ((ptrdiff_t)dy * s->in_width + dx) * width;
                    const uint8_t *a[QP_MAX];
                    UNROLL
                    for (int p = 0; p < P; p++) {
                        bool valid = windows.inside || ((unsigned)(windows.y[p] + dy) < (unsigned)s->in_height &&
                                                        (unsigned)(windows.x[p] + dx) < (unsigned)s->in_width);
                        a[p] = valid ? origin + windows.at[p] : pad;
                    }
                    qtile_multiply(P, NB, acc, a, steps, w);
                }
        }
    }
    qdense_finish(P, NB, acc, job, pixel);
}

static void QISA(qdense)(const ock_qdense_job *job, int first, int end) {
    const ock_conv_shape *s = &job->conv->shape;
    uint8_t pad[OCK_LANES];
    memset(pad, job->call->in_zero, sizeof pad);
    bool pointwise = s->in_channels > 4 && s->kernel_height == 1 && s->kernel_width == 1 && s->stride_y == 1 && s->stride_x == 1 &&
                     s->pad_top == 0 && s->pad_left == 0 && s->in_height == s->out_height &&
                     s->in_width == s->out_width;
#define POINTWISE(P, NB, at) qpointwise_tile(P, NB, job, at)
#define SPATIAL(P, NB, at) qspatial_tile(P, NB, job, at, pad)
    if (pointwise) {
        QTILE_SPANS(POINTWISE, job->blocks, first, end)
    } else {
        QTILE_SPANS(SPATIAL, job->blocks, first, end)
    }
#undef POINTWISE
#undef SPATIAL
}
