// Elementwise kernels. They do not care for layout: what they say of `n` floats holds for any dense tensor.
#pragma once

typedef enum {
    OCK_ADD,
    OCK_SUB,
    OCK_MUL,
    OCK_DIV,
    OCK_MAX,
    OCK_MIN,
    OCK_BINARY_COUNT,
} ock_binary_kind;

/// y[i] = act(x[i]); y may be x.
void ock_activate(ock_act act, const float *x, float *y, size_t n, int threads);

/// y[i] = act(a[i] op b[i]); y may be a or b.
void ock_binary(ock_binary_kind kind, ock_act act, const float *a, const float *b, float *y, size_t n, int threads);

/// y[i] = act(a[i] op b), or act(b op a[i]) when `swapped`.
void ock_binary_scalar(ock_binary_kind kind, ock_act act, const float *a, float b, bool swapped, float *y, size_t n,
                       int threads);

/// Rows: y[r][i] = act(a[r][i] op b[i]), i below `columns`.
void ock_binary_row(ock_binary_kind kind, ock_act act, const float *a, const float *b, bool swapped, float *y,
                    size_t rows, size_t columns, int threads);

/// Rows: y[r][i] = act(a[r][i] op b[r]), i below `columns`.
void ock_binary_column(ock_binary_kind kind, ock_act act, const float *a, const float *b, bool swapped, float *y,
                       size_t rows, size_t columns, int threads);

/// Blocked: y[block][i][lane] = act(a[block][i][lane] op b[block][lane]), i below `area`: a value a channel.
void ock_binary_channel(ock_binary_kind kind, ock_act act, const float *a, const float *b, bool swapped, float *y,
                        size_t blocks, size_t area, int threads);

/// Blocked: y[block][i][lane] = act(x[block][i][lane] * scale[block][lane] + shift[block][lane]), i below `area`.
/// The `blocks` of one item of the batch; y may be x.
void ock_scale_shift(ock_act act, const float *x, const float *scale, const float *shift, float *y, size_t blocks,
                     size_t area, int threads);

/// The most axes of ock_binary_broadcast.
#define OCK_BROADCAST_AXES 6

/// Any way of broadcasting: `rank` axes of `shape` (at least one), along which A and B advance by so many floats; along the
/// last axis by 1 or 0.
typedef struct {
    int rank;
    ptrdiff_t shape[OCK_BROADCAST_AXES], a[OCK_BROADCAST_AXES], b[OCK_BROADCAST_AXES];
} ock_broadcast;

void ock_binary_broadcast(ock_binary_kind kind, ock_act act, const ock_broadcast *form, const float *a, const float *b,
                          float *y, int threads);
