#include "plain.h"

static float pool_at(const ock_pool_shape *s, const float *in, int row, int column, int lane, bool max) {
    float result = max ? -INFINITY : 0;
    int inside = 0, padded = 0;
    for (int ky = 0; ky < s->kernel_height; ky++)
        for (int kx = 0; kx < s->kernel_width; kx++) {
            int y = row * s->stride_y - s->pad_top + ky * s->dilation_y;
            int x = column * s->stride_x - s->pad_left + kx * s->dilation_x;
            if (y < s->in_height + s->pad_bottom && x < s->in_width + s->pad_right) padded++;
            if (y < 0 || x < 0 || y >= s->in_height || x >= s->in_width) continue;
            inside++;
            float value = in[((ptrdiff_t)y * s->in_width + x) * PLAIN_BLOCK + lane];
            if (!max) result += value;
            else if (!(value <= result)) result = value;
        }
    int count = s->count_padding ? padded : inside;
    return max ? result : count > 0 ? result / (float)count : 0;
}

static void pool(const ock_pool_shape *s, const float *in, float *out, int block, bool max) {
    in += (ptrdiff_t)block * s->in_height * s->in_width * PLAIN_BLOCK;
    out += (ptrdiff_t)block * s->out_height * s->out_width * PLAIN_BLOCK;
    for (int y = 0; y < s->out_height; y++)
        for (int x = 0; x < s->out_width; x++)
            for (int lane = 0; lane < PLAIN_BLOCK; lane++) *out++ = pool_at(s, in, y, x, lane, max);
}

void plain_max_pool(const ock_pool_shape *s, const float *in, float *out, int block) { pool(s, in, out, block, true); }

void plain_average_pool(const ock_pool_shape *s, const float *in, float *out, int block) {
    pool(s, in, out, block, false);
}

void plain_global_pool(const float *in, float *out, int area, bool max) {
    for (int lane = 0; lane < PLAIN_BLOCK; lane++) {
        float result = max ? -INFINITY : 0;
        for (int i = 0; i < area; i++) {
            float value = in[(ptrdiff_t)i * PLAIN_BLOCK + lane];
            if (!max) result += value;
            else if (!(value <= result)) result = value;
        }
        out[lane] = max ? result : result / (float)area;
    }
}

void plain_resize_nearest(const float *in, float *out, int in_width, int out_height, int out_width, const int *rows,
                          const int *columns) {
    for (int y = 0; y < out_height; y++)
        for (int x = 0; x < out_width; x++)
            for (int lane = 0; lane < PLAIN_BLOCK; lane++)
                *out++ = in[((ptrdiff_t)rows[y] * in_width + columns[x]) * PLAIN_BLOCK + lane];
}

void plain_resize_linear(const float *in, float *out, int in_width, int out_height, int out_width,
                         const ock_tap *rows, const ock_tap *columns) {
#define AT(y, x) in[((ptrdiff_t)(y) * in_width + (x)) * PLAIN_BLOCK + lane]
    for (int y = 0; y < out_height; y++)
        for (int x = 0; x < out_width; x++)
            for (int lane = 0; lane < PLAIN_BLOCK; lane++) {
                const ock_tap *r = &rows[y], *c = &columns[x];
                float top = AT(r->low, c->low) * (1 - c->weight) + AT(r->low, c->high) * c->weight;
                float bottom = AT(r->high, c->low) * (1 - c->weight) + AT(r->high, c->high) * c->weight;
                *out++ = top * (1 - r->weight) + bottom * r->weight;
            }
#undef AT
}
