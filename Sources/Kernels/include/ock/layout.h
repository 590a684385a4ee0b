// The blocked layout, NCHWc: [batch][ceil(channels / c)][height][width][c], c = ock_channel_block(). The lanes of the
// last block beyond the channels may hold anything: no kernel lets them reach a real channel.
#pragma once

/// Blocks that `channels` take: ceil(channels / ock_channel_block()).
int ock_blocks(int channels);

/// Planar to blocked: `in` [batch][channels][area] to `out` [batch][blocks][area][c]; lanes beyond the channels get 0.
/// Batch strides in floats.
void ock_to_blocked(const float *in, ptrdiff_t in_batch, float *out, ptrdiff_t out_batch, int batch, int channels,
                    int area, int threads);

/// Blocked to planar, the inverse.
void ock_from_blocked(const float *in, ptrdiff_t in_batch, float *out, ptrdiff_t out_batch, int batch, int channels,
                      int area, int threads);

/// Blocked to channels last, [batch][area][channels], and back. Batch strides of the blocked side in floats; lanes beyond
/// the channels get 0.
void ock_channels_last_from_blocked(const float *in, ptrdiff_t in_batch, float *out, int batch, int channels, int area,
                                    int threads);
void ock_blocked_from_channels_last(const float *in, float *out, ptrdiff_t out_batch, int batch, int channels, int area,
                                    int threads);

/// Matrix transpose: `in` [batch][rows][columns] to `out` [batch][columns][rows].
void ock_transpose(const float *in, float *out, int batch, int rows, int columns, int threads);

/// Gathers runs of `run` bytes into a dense array of extents `shape`: axis i of the source advances by strides[i] bytes.
/// What Transpose, Slice and Expand come to.
void ock_strided_copy(const uint8_t *in, uint8_t *out, const ptrdiff_t *shape, const ptrdiff_t *strides, int rank,
                      size_t run, int threads);

/// Blocked: spreads the results of a transposed convolution whose windows do not overlap. `in` holds, for each of the
/// kernel_height x kernel_width taps, `blocks` blocks of height x width; tap (ky, kx) of pixel (y, x) goes to pixel
/// (y kernel_height + ky, x kernel_width + kx) of `out`.
void ock_interleave_taps(const float *in, float *out, int blocks, int height, int width, int kernel_height,
                         int kernel_width, int threads);
