#include "table.h"
#include <math.h>
#include <string.h>

static float clamped(float x) { return x < 0 ? 0 : x > 255 ? 255 : x; }

// By matrix and range: from the shares of red and blue in the brightness, 0.299 and 0.114, 0.2126 and 0.0722, 0.2627 and
// 0.0593, 0.212 and 0.087.
static const ock_yuv_terms terms[4][2] = {
    [OCK_MATRIX_BT601] = {{16, 1.164384f, 1.596027f, 0.391762f, 0.812968f, 2.017232f},
                          {0, 1.000000f, 1.402000f, 0.344136f, 0.714136f, 1.772000f}},
    [OCK_MATRIX_BT709] = {{16, 1.164384f, 1.792741f, 0.213249f, 0.532909f, 2.112402f},
                          {0, 1.000000f, 1.574800f, 0.187324f, 0.468124f, 1.855600f}},
    [OCK_MATRIX_BT2020] = {{16, 1.164384f, 1.678674f, 0.187326f, 0.650424f, 2.141772f},
                           {0, 1.000000f, 1.474600f, 0.164553f, 0.571353f, 1.881400f}},
    [OCK_MATRIX_SMPTE240] = {{16, 1.164384f, 1.794107f, 0.257985f, 0.542583f, 2.078705f},
                             {0, 1.000000f, 1.576000f, 0.226622f, 0.476622f, 1.826000f}},
};

const ock_yuv_terms *ock_picture_terms(const ock_picture *picture) {
    return &terms[picture->matrix & 3][picture->full_range];
}

static void from_yuv(float y, float u, float v, const ock_yuv_terms *terms, float rgb[3]) {
    u -= 128;
    v -= 128;
    y = (y - terms->offset) * terms->luma;
    rgb[0] = clamped(y + terms->red_v * v);
    rgb[1] = clamped(y - terms->green_u * u - terms->green_v * v);
    rgb[2] = clamped(y + terms->blue_u * u);
}

void ock_picture_pixel(const ock_picture *p, int row, int column, float rgb[3]) {
    const uint8_t *line = p->planes[0] + row * p->row_bytes[0];
    const ock_yuv_terms *yuv = ock_picture_terms(p);
    int pair = column / 2;
    switch (p->format) {
    case OCK_PIXELS_RGB24:
    case OCK_PIXELS_BGR24:
    case OCK_PIXELS_RGBA32: {
        const uint8_t *at = line + column * (p->format == OCK_PIXELS_RGBA32 ? 4 : 3);
        bool swapped = p->format == OCK_PIXELS_BGR24;
        rgb[0] = at[swapped ? 2 : 0];
        rgb[1] = at[1];
        rgb[2] = at[swapped ? 0 : 2];
        return;
    }
    case OCK_PIXELS_GRAY8: rgb[0] = rgb[1] = rgb[2] = line[column]; return;
    case OCK_PIXELS_YUYV:
        return from_yuv(line[2 * column], line[4 * pair + 1], line[4 * pair + 3], yuv, rgb);
    case OCK_PIXELS_UYVY:
        return from_yuv(line[2 * column + 1], line[4 * pair], line[4 * pair + 2], yuv, rgb);
    case OCK_PIXELS_NV12: {
        const uint8_t *chroma = p->planes[1] + row / 2 * p->row_bytes[1] + 2 * pair;
        return from_yuv(line[column], chroma[0], chroma[1], yuv, rgb);
    }
    case OCK_PIXELS_YUV420:
    case OCK_PIXELS_YUV422: {
        int half = p->format == OCK_PIXELS_YUV420 ? row / 2 : row;
        return from_yuv(line[column], p->planes[1][half * p->row_bytes[1] + pair],
                        p->planes[2][half * p->row_bytes[2] + pair], yuv, rgb);
    }
    }
}

// Scratch: taps of the columns (index and weight), then for each thread two converted rows and one blended.
size_t ock_picture_scratch_count(int source_width, int target_width, int threads) {
    size_t row = (size_t)ock_picture_stride(source_width) * 3;
    return (size_t)target_width * 2 + 32 + row * 3 * (size_t)ock_max(1, threads);
}

typedef struct {
    const ock_table *table;
    const ock_picture *picture;
    const ock_picture_map *map;
    float *out, *rows;
    int *low;
    float *weight;
    int first_column, end_column, parts;
    uint8_t *bytes;
    ptrdiff_t row_bytes;
} job;

// Where sample `i` of `count` falls among the pixels first..<end of an axis: the lower neighbour and the upper's weight.
static int tap(double origin, double length, int count, int i, int first, int end, float *weight) {
    double at = origin + (i + 0.5) * length / count - 0.5;
    if (!(at > first)) at = first;
    if (at > end - 1) at = end - 1;
    int low = (int)at;
    *weight = (float)(at - low);
    return low;
}

// The converted row, with the last pixel repeated for taps at the edge.
static void convert_row(const job *j, int row, float *to) {
    ptrdiff_t stride = ock_picture_stride(j->picture->width);
    j->table->picture_row(j->picture, row, j->first_column, j->end_column, to);
    for (int plane = 0; plane < 3; plane++) to[plane * stride + j->end_column] = to[plane * stride + j->end_column - 1];
}

static void fill(float *to, float value, int count) {
    for (int i = 0; i < count; i++) to[i] = value;
}

static void fill_around(const job *j, float *out, int plane, int y) {
    const ock_picture_map *m = j->map;
    float value = m->fill[plane] * m->scale[plane] + m->shift[plane];
    float *line = out + (ptrdiff_t)y * m->out_width;
    bool inside = y >= m->target_y && y < m->target_y + m->target_height;
    int left = inside ? m->target_x : m->out_width;
    fill(line, value, left);
    if (inside) fill(line + left + m->target_width, value, m->out_width - left - m->target_width);
}

static void planes_chunk(void *context, int part, int worker) {
    const job *j = context;
    const ock_picture_map *m = j->map;
    ptrdiff_t stride = ock_picture_stride(j->picture->width), out_plane = (ptrdiff_t)m->out_width * m->out_height;
    float *slots[2] = {j->rows + 9 * stride * worker, j->rows + 9 * stride * worker + 3 * stride};
    float *blended = slots[1] + 3 * stride;
    int held[2] = {-1, -1};
    int end = (int)ock_part(m->out_height, j->parts, part + 1);
    for (int y = (int)ock_part(m->out_height, j->parts, part); y < end; y++) {
        for (int plane = 0; plane < 3; plane++) fill_around(j, j->out + plane * out_plane, plane, y);
        if (y < m->target_y || y >= m->target_y + m->target_height) continue;
        float weight;
        int low = tap(m->source_y, m->source_height, m->target_height, y - m->target_y, m->first_row, m->end_row,
                      &weight);
        int wanted[2] = {low, weight > 0 ? low + 1 : low};
        // Two slots, one for even rows and one for odd, hold neighbouring rows without moving them.
        for (int i = 0; i < 2; i++)
            if (held[wanted[i] & 1] != wanted[i]) {
                convert_row(j, wanted[i], slots[wanted[i] & 1]);
                held[wanted[i] & 1] = wanted[i];
            }
        const float *line = slots[low & 1];
        if (weight > 0) {
            int span = j->end_column + 1 - j->first_column;
            for (int plane = 0; plane < 3; plane++) {
                ptrdiff_t at = plane * stride + j->first_column;
                j->table->picture_blend(slots[low & 1] + at, slots[~low & 1] + at, weight, blended + at, (size_t)span);
            }
            line = blended;
        }
        for (int plane = 0; plane < 3; plane++) {
            float *to = j->out + plane * out_plane + (ptrdiff_t)y * m->out_width + m->target_x;
            j->table->picture_sample(line + (m->bgr ? 2 - plane : plane) * stride, j->low, j->weight, m->scale[plane],
                                     m->shift[plane], to, (size_t)m->target_width);
        }
    }
}

void ock_picture_to_planes(const ock_picture *picture, const ock_picture_map *map, float *out, float *scratch,
                           int threads) {
    job j = {.table = ock_active_table(), .picture = picture, .map = map, .out = out,
             .low = (int *)scratch, .weight = scratch + map->target_width};
    j.rows = scratch + (2 * map->target_width + 31) / 16 * 16;
    for (int i = 0; i < map->target_width; i++)
        j.low[i] = tap(map->source_x, map->source_width, map->target_width, i, map->first_column, map->end_column,
                       &j.weight[i]);
    if (map->target_width > 0) {
        // Taps ascend; colour shares chroma between pairs, so conversion starts at an even column.
        j.first_column = j.low[0] & ~1;
        j.end_column = ock_min(picture->width, j.low[map->target_width - 1] + 2);
    }
    j.parts = threads > 1 ? ock_min(4 * threads, map->out_height) : 1;
    ock_parallel(j.parts, planes_chunk, &j, threads);
}

static void rgb_chunk(void *context, int part, int worker) {
    const job *j = context;
    ptrdiff_t stride = ock_picture_stride(j->picture->width);
    float *planes = j->rows + 9 * stride * worker;
    int end = (int)ock_part(j->picture->height, j->parts, part + 1);
    for (int y = (int)ock_part(j->picture->height, j->parts, part); y < end; y++) {
        j->table->picture_row(j->picture, y, 0, j->picture->width, planes);
        j->table->picture_pack(planes, stride, j->bytes + y * j->row_bytes, j->picture->width);
    }
}

void ock_picture_to_rgb(const ock_picture *picture, uint8_t *out, ptrdiff_t row_bytes, float *scratch, int threads) {
    job j = {.table = ock_active_table(), .picture = picture, .rows = scratch, .bytes = out, .row_bytes = row_bytes};
    j.parts = threads > 1 ? ock_min(4 * threads, picture->height) : 1;
    ock_parallel(j.parts, rgb_chunk, &j, threads);
}
