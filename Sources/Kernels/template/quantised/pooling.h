// Pooling of bytes in blocks of 16.


/// The taps of one axis that fall inside the input: where the first lies, and how many.
typedef struct {
    int first, count;
} qwindow;

INLINE qwindow qwindow_inside(int origin, int kernel, int dilation, int extent) {
    int skipped = origin >= 0 ? 0 : (-origin + dilation - 1) / dilation;
    int end = origin >= extent ? 0 : ock_min(kernel, (extent - 1 - origin) / dilation + 1);
    return (qwindow){origin + skipped * dilation, ock_max(0, end - skipped)};
}

INLINE qb qmax_bytes(qb a, qb b) { return __builtin_elementwise_max(a, b); }

static void QISA(byte_max_pool)(const ock_pool_shape *s, const uint8_t *in, uint8_t *out, int block) {
    in += (ptrdiff_t)block * s->in_height * s->in_width * OCK_LANES;
    out += (ptrdiff_t)block * s->out_height * s->out_width * OCK_LANES;
    ptrdiff_t down = (ptrdiff_t)s->dilation_y * s->in_width * OCK_LANES, right = (ptrdiff_t)s->dilation_x * OCK_LANES;
    for (int row = 0; row < s->out_height; row++) {
        qwindow rows = qwindow_inside(row * s->stride_y - s->pad_top, s->kernel_height, s->dilation_y, s->in_height);
        for (int column = 0; column < s->out_width; column++, out += OCK_LANES) {
            qwindow columns =
                qwindow_inside(column * s->stride_x - s->pad_left, s->kernel_width, s->dilation_x, s->in_width);
            const uint8_t *line = in + ((ptrdiff_t)rows.first * s->in_width + columns.first) * OCK_LANES;
            qb best = (qb)(uint8_t)0;
            for (int ky = 0; ky < rows.count; ky++, line += down)
                for (int kx = 0; kx < columns.count; kx++) best = qmax_bytes(best, qload_bytes(line + kx * right));
            qstore_bytes(out, best);
        }
    }
}

static void QISA(byte_average_pool)(const ock_pool_shape *s, const uint8_t *in, uint8_t *out, int block, float scale,
                                    int zero, ock_steps steps) {
    qclamp clamp = qclamp_of(steps);
    in += (ptrdiff_t)block * s->in_height * s->in_width * OCK_LANES;
    out += (ptrdiff_t)block * s->out_height * s->out_width * OCK_LANES;
    for (int row = 0; row < s->out_height; row++)
        for (int column = 0; column < s->out_width; column++, out += OCK_LANES) {
            int y0 = row * s->stride_y - s->pad_top, x0 = column * s->stride_x - s->pad_left;
            qi sum = (qi)0;
            int inside = 0, padded = 0;
            for (int ky = 0; ky < s->kernel_height; ky++)
                for (int kx = 0; kx < s->kernel_width; kx++) {
                    int y = y0 + ky * s->dilation_y, x = x0 + kx * s->dilation_x;
                    padded += y < s->in_height + s->pad_bottom && x < s->in_width + s->pad_right;
                    if (y < 0 || x < 0 || y >= s->in_height || x >= s->in_width) continue;
                    inside++;
                    sum += qwiden(qload_bytes(in + ((ptrdiff_t)y * s->in_width + x) * OCK_LANES)) - zero;
                }
            int count = s->count_padding ? padded : inside;
            float factor = count > 0 ? scale / (float)count : 0;
            qstore_bytes(out, qround_steps(__builtin_convertvector(sum, qf) * factor, clamp));
        }
}

static void QISA(byte_global_average)(const uint8_t *in, uint8_t *out, int area, float factor, int zero,
                                      ock_steps steps) {
    qi sum = (qi)(-zero * area);
    for (int i = 0; i < area; i++) sum += qwiden(qload_bytes(in + (ptrdiff_t)i * OCK_LANES));
    qstore_bytes(out, qround_steps(__builtin_convertvector(sum, qf) * factor, qclamp_of(steps)));
}
