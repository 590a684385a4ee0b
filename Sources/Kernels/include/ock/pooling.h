#pragma once

/// A pooling window over one blocked tensor; `blocks` counts batch x channel blocks.
typedef struct {
    int blocks, in_height, in_width, out_height, out_width;
    int kernel_height, kernel_width, stride_y, stride_x, dilation_y, dilation_x;
    int pad_top, pad_left, pad_bottom, pad_right;
    /// Averages divide by the window inside the padded extent, rather than inside the tensor.
    bool count_padding;
} ock_pool_shape;

/// Blocked to blocked; the window's part outside the tensor is left out.
void ock_max_pool(const ock_pool_shape *shape, const float *in, float *out, int threads);
void ock_average_pool(const ock_pool_shape *shape, const float *in, float *out, int threads);

/// Blocked [blocks][area][c] to [blocks][c].
void ock_global_average(const float *in, float *out, int blocks, int area, int threads);
void ock_global_max(const float *in, float *out, int blocks, int area, int threads);

/// out[block][y][x] = in[block][rows[y]][columns[x]], blocked.
void ock_resize_nearest(const float *in, float *out, int blocks, int in_height, int in_width, int out_height,
                        int out_width, const int *rows, const int *columns, int threads);

/// One axis of a linear interpolation: out = in[low] (1 - weight) + in[high] weight.
typedef struct {
    int low, high;
    float weight;
} ock_tap;

/// Bilinear, blocked: a tap for each output row and column.
void ock_resize_linear(const float *in, float *out, int blocks, int in_height, int in_width, int out_height,
                       int out_width, const ock_tap *rows, const ock_tap *columns, int threads);
