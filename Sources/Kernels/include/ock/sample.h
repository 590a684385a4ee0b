#pragma once

/// Bilinear sampling of pictures at given places (ONNX' GridSample with two axes).
typedef struct {
    int batch, channels, height, width;
    /// Places an item of the batch has.
    int places;
    /// Whether -1 and 1 mean the centres of the outermost pixels rather than their outer edges.
    bool align_corners;
    /// Outside lies the nearest pixel of the border; otherwise zero.
    bool border;
} ock_sampling;

/// Samples of regions' bins (RoiAlign): sample i is the weighted sum of four pixels, offset[4 i...] and weight[4 i...];
/// each of the `bins` has `samples` of them, one bin after the other.
typedef struct {
    int channels, bins, samples;
    /// Floats from one channel of the features to the next, and from one pixel. Channels that lie side by side (a step of 1)
    /// are pooled many at a time.
    ptrdiff_t channel_step, pixel_step;
    const int32_t *offset;
    const float *weight;
    /// The largest weighted pixel of a bin rather than the mean of its samples.
    bool takes_maximum;
} ock_bins;

/// `features` of one picture; `out` [channels][bins]. Bins without samples give 0, or -infinity for a maximum.
void ock_pool_bins(const ock_bins *bins, const float *features, float *out, int threads);

/// `in` [batch][channels][height][width], `grid` [batch][places][x, y] from -1 to 1, `out` [batch][channels][places].
void ock_sample_linear(const ock_sampling *sampling, const float *in, const float *grid, float *out, int threads);
