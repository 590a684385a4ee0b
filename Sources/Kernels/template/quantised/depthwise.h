// Depthwise convolution of bytes. Four input rows are interleaved into a line whose every column holds, for each of 16
// channels, the four rows' bytes: one inner product then multiplies a column of the kernel. Output rows that read the
// same input rows share a line, their weights shifted.

// 16 channels of 4 rows to 16 channels x 4 rows.
INLINE q64 qinterleave(qb r0, qb r1, qb r2, qb r3) {
    typedef uint8_t q32 __attribute__((ext_vector_type(32)));
    q32 a = __builtin_shufflevector(r0, r1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25, 10,
                                    26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    q32 b = __builtin_shufflevector(r2, r3, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25, 10,
                                    26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    return __builtin_shufflevector(
        a, b, 0, 1, 32, 33, 2, 3, 34, 35, 4, 5, 36, 37, 6, 7, 38, 39, 8, 9, 40, 41, 10, 11, 42, 43, 12, 13, 44, 45, 14,
        15, 46, 47, 16, 17, 48, 49, 18, 19, 50, 51, 20, 21, 52, 53, 22, 23, 54, 55, 24, 25, 56, 57, 26, 27, 58, 59, 28,
        29, 60, 61, 30, 31, 62, 63);
}

// Columns of a line: every input column that some window of a row reads, padding included.
INLINE int qline_columns(const ock_conv_shape *s) {
    return (s->out_width - 1) * s->stride_x + (s->kernel_width - 1) * s->dilation_x + 1;
}

// The line of the four input rows from kernel row 4 * group on, for the windows of output row `row`.
INLINE void qbuild_line(const ock_qdepthwise_job *job, int row, int group, uint8_t *line) {
    const ock_conv_shape *s = &job->conv->shape;
    int columns = qline_columns(s), first = ock_min(columns, s->pad_left);
    int end = ock_max(first, ock_min(columns, s->pad_left + s->in_width));
    const qb padding = (qb)(uint8_t)job->call->in_zero;
    const uint8_t *rows[4];
    // A row outside the input is read from a row inside and replaced.
    bool inside[4];
    for (int i = 0; i < 4; i++) {
        int y = row * s->stride_y - s->pad_top + (4 * group + i) * s->dilation_y;
        inside[i] = y >= 0 && y < s->in_height;
        rows[i] = job->in + (inside[i] ? (ptrdiff_t)y * s->in_width * OCK_LANES : 0);
    }
    memset(line, job->call->in_zero, (size_t)first * OCK_WEIGHT_BLOCK);
    memset(line + (ptrdiff_t)end * OCK_WEIGHT_BLOCK, job->call->in_zero, (size_t)(columns - end) * OCK_WEIGHT_BLOCK);
    uint8_t *out = line + (ptrdiff_t)first * OCK_WEIGHT_BLOCK;
    for (ptrdiff_t at = 0; at < (ptrdiff_t)(end - first) * OCK_LANES; at += OCK_LANES, out += OCK_WEIGHT_BLOCK) {
        qb r[4];
        UNROLL
        for (int i = 0; i < 4; i++) r[i] = inside[i] ? qload_bytes(rows[i] + at) : padding;
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
