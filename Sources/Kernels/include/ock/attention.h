#pragma once

/// A row of matrices in memory, one for each head of each item of a batch: the distances, in floats, from item to item,
/// head to head and row to row. The elements of a row lie together.
typedef struct {
    ptrdiff_t batch, head, row;
} ock_matrices;

/// softmax(scale Q K^T + mask) V for each head.
typedef struct {
    int batch, heads, queries, keys;
    /// Columns of Q and K, and of V.
    int depth, width;
    ock_matrices q, k, v, mask, out;
    /// K lies as [keys][depth]; else already turned, [depth][keys].
    bool k_by_key;
    /// Rows that are masked entirely give 0 in place of NaN.
    bool guards;
    float scale;
} ock_attention;

/// Floats of scratch that a run on `threads` threads needs.
size_t ock_attention_scratch_count(const ock_attention *shape, int threads);

/// `mask` [queries][keys] or NULL; a row distance of 0 repeats one row.
void ock_attention_run(const ock_attention *shape, const float *q, const float *k, const float *v, const float *mask,
                       float *out, float *scratch, int threads);
