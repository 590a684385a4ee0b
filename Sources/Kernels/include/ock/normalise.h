#pragma once

/// Softmax of each row of `columns` floats; out may be in.
void ock_softmax(const float *in, float *out, size_t rows, size_t columns, int threads);

/// Softmax over the middle axis of [outer][axis][inner], as detection heads have it.
void ock_softmax_strided(const float *in, float *out, size_t outer, size_t axis, size_t inner, int threads);

/// (x - mean) / sqrt(variance + epsilon) * scale + shift for each row; scale and shift [columns] or NULL. With
/// `residual`, x is in + residual, and that sum is also stored to `sum` unless it is NULL.
void ock_layer_norm(const float *in, const float *residual, const float *scale, const float *shift, float epsilon,
                    float *out, float *sum, size_t rows, size_t columns, int threads);
