// Depthwise convolution of bytes. Four input rows are interleaved into a line whose every column holds, for each of 16
// channels, the four rows' bytes: one inner product then multiplies a column of the kernel. Output rows that read the
// same input rows share a line, their weights shifted.

// Columns of a line: every input column that some window of a row reads, padding included.
INLINE int qline_columns(const ock_conv_shape *s) {
    return (s->out_width - 1) * s->stride_x + (s->kernel_width - 1) * s->dilation_x + 1;
}

// The line of the four input rows from kernel row 4 * group on, for the windows of output row `row`.
INLINE void qbuild_line(const ock_qdepthwise_job *job, int row, int group, uint8_t *line) {
    const ock_conv_shape *s = &job->conv->shape;
    int columns = qline_columns(s), first = ock_min(columns, s->pad_left);
    int end = ock_max(first, ock_min(columns, s->pad_left + s->in_width));
    // A row outside the input is one pixel of padding, read again and again.
    const qb padding = (qb)(uint8_t)job->call->in_zero;
    const uint8_t *rows[4];
    ptrdiff_t walks[4];
    for (int i = 0; i < 4; i++) {
        int y = row * s->stride_y - s->pad_top + (4 * group + i) * s->dilation_y;
        bool inside = y >= 0 && y < s->in_height;
        rows[i] = inside ? job->in + (ptrdiff_t)y * s->in_width * OCK_LANES : (const uint8_t *)&padding;
        walks[i] = inside ? -1 : 0;
    }
    memset(line, job->call->in_zero, (size_t)first * OCK_WEIGHT_BLOCK);
    memset(line + (ptrdiff_t)end * OCK_WEIGHT_BLOCK, job->call->in_zero, (size_t)(columns - end) * OCK_WEIGHT_BLOCK);
    uint8_t *out = line + (ptrdiff_t)first * OCK_WEIGHT_BLOCK;
    for (ptrdiff_t at = 0; at < (ptrdiff_t)(end - first) * OCK_LANES; at += OCK_LANES, out += OCK_WEIGHT_BLOCK) {
        qb r[4];
        UNROLL
        for (int i = 0; i < 4; i++) r[i] = qload_bytes(rows[i] + (at & walks[i]));
        *(q64_unaligned *)out = qinterleave(r[0], r[1], r[2], r[3]);
    }
}

INLINE void qdepthwise_tile(const int P, const ock_qdepthwise_job *job, const int8_t *weights, int row, int column) {
    const ock_qconv *conv = job->conv;
    const ock_conv_shape *s = &conv->shape;
    const ock_qconv_call *call = job->call;
    qi acc[QP_MAX][QNB_MAX];
    qtile_set(P, 1, acc, call->bias + job->block * OCK_LANES);
    ptrdiff_t line_bytes = (ptrdiff_t)qline_columns(s) * OCK_WEIGHT_BLOCK;
    ptrdiff_t step = (ptrdiff_t)s->stride_x * OCK_WEIGHT_BLOCK;
    for (int part = 0; part < conv->parts; part++)
        for (int group = 0; group < conv->row_groups; group++)
            for (int kx = 0; kx < s->kernel_width; kx++, weights += OCK_WEIGHT_BLOCK) {
                const uint8_t *in = job->line + group * line_bytes +
                                    ((ptrdiff_t)column * s->stride_x + kx * s->dilation_x) * OCK_WEIGHT_BLOCK;
                qweights w = qload_weights(weights);
                UNROLL
                for (int p = 0; p < P; p++) acc[p][0] = qdot(acc[p][0], qload_inputs(in + p * step), w);
            }
    ptrdiff_t pixel = (ptrdiff_t)row * s->out_width + column;
    const float *scales = call->scales + job->block * OCK_LANES;
    if (job->float_out) {
        int block = conv->float_block;
        ptrdiff_t area = (ptrdiff_t)s->out_height * s->out_width;
        qtarget target = {NULL, job->float_out + pixel * block, block, 0, block == OCK_LANES ? 8 : area * 8, OCK_LANES,
                          s->out_channels - job->block * OCK_LANES};
        const float *bias = call->float_bias ? call->float_bias + job->block * OCK_LANES : NULL;
        qtile_store_float(P, 1, acc, scales, bias, &target);
    } else {
        qtarget target = {job->out + pixel * OCK_LANES, NULL, OCK_LANES, 0, 0, OCK_LANES, 0};
        qtile_store(P, 1, acc, scales, call->steps, &target);
    }
}

static void QISA(qdepthwise)(const ock_qdepthwise_job *job, int first, int end) {
    const ock_qconv *conv = job->conv;
    const ock_conv_shape *s = &conv->shape;
    ptrdiff_t line_bytes = (ptrdiff_t)qline_columns(s) * OCK_WEIGHT_BLOCK;
    ptrdiff_t row_weights = (ptrdiff_t)conv->parts * conv->row_groups * s->kernel_width * OCK_WEIGHT_BLOCK;
    for (int row = first; row < end; row += conv->shared_rows) {
        for (int group = 0; group < conv->row_groups; group++)
            qbuild_line(job, row, group, job->line + group * line_bytes);
        for (int shared = 0; shared < conv->shared_rows && row + shared < end; shared++) {
            const int8_t *weights = job->weights + shared * row_weights;
            int column = 0;
            for (; column + QDEPTHWISE_P <= s->out_width; column += QDEPTHWISE_P)
                qdepthwise_tile(QDEPTHWISE_P, job, weights, row + shared, column);
            for (; column + 2 <= s->out_width; column += 2) qdepthwise_tile(2, job, weights, row + shared, column);
            if (column < s->out_width) qdepthwise_tile(1, job, weights, row + shared, column);
        }
    }
}
