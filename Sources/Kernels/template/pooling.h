// Pooling and resizing of one channel block; lanes never meet.
INLINE vf pool_window(const ock_pool_shape *s, const float *in, const bool max, int row, int column) {
    int y0 = row * s->stride_y - s->pad_top, x0 = column * s->stride_x - s->pad_left, ky0, ky1, kx0, kx1;
    window_inside(y0, s->kernel_height, s->dilation_y, s->in_height, &ky0, &ky1);
    window_inside(x0, s->kernel_width, s->dilation_x, s->in_width, &kx0, &kx1);
    vf result = (vf)(max ? -INFINITY : 0.0f);
    for (int ky = ky0; ky < ky1; ky++) {
        const float *line = in + ((ptrdiff_t)(y0 + ky * s->dilation_y) * s->in_width + x0) * VL;
        for (int kx = kx0; kx < kx1; kx++) {
            vf x = vload(line + (ptrdiff_t)kx * s->dilation_x * VL);
            result = max ? vmax(result, x) : result + x;
        }
    }
    if (max) return result;
    int count = (ky1 - ky0) * (kx1 - kx0);
    if (s->count_padding) {
        // Positions of the window that lie in the padded extent.
        int ky_end = (s->in_height + s->pad_bottom - y0 + s->dilation_y - 1) / s->dilation_y;
        int kx_end = (s->in_width + s->pad_right - x0 + s->dilation_x - 1) / s->dilation_x;
        count = ock_min(s->kernel_height, ky_end) * ock_min(s->kernel_width, kx_end);
    }
    return count > 0 ? result / (vf)(float)count : (vf)0.0f;
}

// Largest of four windows side by side, all inside.
INLINE void max_four(const ock_pool_shape *s, const float *in, int row, int column, float *out) {
    int y0 = row * s->stride_y - s->pad_top, x0 = column * s->stride_x - s->pad_left, ky0, ky1;
    window_inside(y0, s->kernel_height, s->dilation_y, s->in_height, &ky0, &ky1);
    vf result[4];
    UNROLL
    for (int p = 0; p < 4; p++) result[p] = (vf)(-INFINITY);
    for (int ky = ky0; ky < ky1; ky++) {
        const float *line = in + ((ptrdiff_t)(y0 + ky * s->dilation_y) * s->in_width + x0) * VL;
        for (int kx = 0; kx < s->kernel_width; kx++) {
            const float *at = line + (ptrdiff_t)kx * s->dilation_x * VL;
            UNROLL
            for (int p = 0; p < 4; p++) result[p] = vmax(result[p], vload(at + (ptrdiff_t)p * s->stride_x * VL));
        }
    }
    UNROLL
    for (int p = 0; p < 4; p++) vstore(out + p * VL, result[p]);
}

INLINE void pool_block(const ock_pool_shape *s, const float *in, float *out, int block, const bool max) {
    in += (ptrdiff_t)block * s->in_height * s->in_width * VL;
    out += (ptrdiff_t)block * s->out_height * s->out_width * VL;
    int first, end;
    interior(s->out_width, s->stride_x, s->pad_left, s->kernel_width, s->dilation_x, s->in_width, &first, &end);
    for (int row = 0; row < s->out_height; row++)
        for (int column = 0; column < s->out_width;) {
            float *to = out + ((ptrdiff_t)row * s->out_width + column) * VL;
            if (max && column >= first && column + 4 <= end) {
                max_four(s, in, row, column, to);
                column += 4;
            } else {
                vstore(to, pool_window(s, in, max, row, column));
                column++;
            }
        }
}

static void ISA(max_pool)(const ock_pool_shape *s, const float *in, float *out, int block) {
    pool_block(s, in, out, block, true);
}

static void ISA(average_pool)(const ock_pool_shape *s, const float *in, float *out, int block) {
    pool_block(s, in, out, block, false);
}

static void ISA(global_pool)(const float *in, float *out, int area, bool max) {
    vf result[4];
    for (int i = 0; i < 4; i++) result[i] = (vf)(max ? -INFINITY : 0.0f);
    int at = 0;
    for (; at + 4 <= area; at += 4) {
        UNROLL
        for (int i = 0; i < 4; i++) {
            vf x = vload(in + (ptrdiff_t)(at + i) * VL);
            result[i] = max ? vmax(result[i], x) : result[i] + x;
        }
    }
    for (; at < area; at++) {
        vf x = vload(in + (ptrdiff_t)at * VL);
        result[0] = max ? vmax(result[0], x) : result[0] + x;
    }
    if (max) return vstore(out, vmax(vmax(result[0], result[1]), vmax(result[2], result[3])));
    vstore(out, (result[0] + result[1] + result[2] + result[3]) / (vf)(float)area);
}

static void ISA(resize_nearest)(const float *in, float *out, int in_width, int out_height, int out_width,
                                const int *rows, const int *columns) {
    for (int y = 0; y < out_height; y++, out += (ptrdiff_t)out_width * VL) {
        if (y > 0 && rows[y] == rows[y - 1]) {
            memcpy(out, out - (ptrdiff_t)out_width * VL, (size_t)out_width * VL * sizeof(float));
            continue;
        }
        const float *line = in + (ptrdiff_t)rows[y] * in_width * VL;
        for (int x = 0; x < out_width; x++) vstore(out + (ptrdiff_t)x * VL, vload(line + (ptrdiff_t)columns[x] * VL));
    }
}

static void ISA(resize_linear)(const float *in, float *out, int in_width, int out_height, int out_width,
                               const ock_tap *rows, const ock_tap *columns) {
    for (int y = 0; y < out_height; y++, out += (ptrdiff_t)out_width * VL) {
        const float *low = in + (ptrdiff_t)rows[y].low * in_width * VL;
        const float *high = in + (ptrdiff_t)rows[y].high * in_width * VL;
        vf wy = (vf)rows[y].weight;
        for (int x = 0; x < out_width; x++) {
            ptrdiff_t left = (ptrdiff_t)columns[x].low * VL, right = (ptrdiff_t)columns[x].high * VL;
            vf wx = (vf)columns[x].weight;
            vf a = vload(low + left), b = vload(low + right), c = vload(high + left), d = vload(high + right);
            vf top = vfma(wx, b - a, a), bottom = vfma(wx, d - c, c);
            vstore(out + (ptrdiff_t)x * VL, vfma(wy, bottom - top, top));
        }
    }
}
