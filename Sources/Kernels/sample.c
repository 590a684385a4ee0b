#include "table.h"
#include <math.h>

#define SMALL_SAMPLING 16384
// Places whose taps are worked out before the channels are gone through.
#define PLACES 64

typedef struct {
    const ock_sampling *sampling;
    const float *in, *grid;
    float *out;
    int pieces;
} job;

/// The four pixels around each place, side by side; what lies outside has weight 0.
typedef struct {
    int offset[4][PLACES];
    float weight[4][PLACES];
} taps;

// Where a coordinate lies in pixels; what is no number lies far outside.
static float position(float x, int extent, bool aligned) {
    float at = aligned ? (x + 1) * 0.5f * (float)(extent - 1) : ((x + 1) * (float)extent - 1) * 0.5f;
    return at > -1e6f ? (at < 1e6f ? at : 1e6f) : -1e6f;
}

static void find_taps(const ock_sampling *s, const float *grid, int count, taps *t) {
    for (int i = 0; i < count; i++) {
        float x = position(grid[2 * i], s->width, s->align_corners);
        float y = position(grid[2 * i + 1], s->height, s->align_corners);
        if (s->border) {
            x = fminf(fmaxf(x, 0), (float)(s->width - 1));
            y = fminf(fmaxf(y, 0), (float)(s->height - 1));
        }
        int left = (int)floorf(x), top = (int)floorf(y);
        float right_share = x - (float)left, bottom_share = y - (float)top;
        for (int tap = 0; tap < 4; tap++) {
            int column = left + (tap & 1), row = top + (tap >> 1);
            bool inside = column >= 0 && row >= 0 && column < s->width && row < s->height;
            float weight = (tap & 1 ? right_share : 1 - right_share) * (tap >> 1 ? bottom_share : 1 - bottom_share);
            t->offset[tap][i] = inside ? row * s->width + column : 0;
            t->weight[tap][i] = inside ? weight : 0;
        }
    }
}

static void sample_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const job *j = context;
    const ock_sampling *s = j->sampling;
    int item = chunk / j->pieces, first = chunk % j->pieces * PLACES, count = ock_min(PLACES, s->places - first);
    taps t;
    find_taps(s, j->grid + ((ptrdiff_t)item * s->places + first) * 2, count, &t);
    const float *plane = j->in + (ptrdiff_t)item * s->channels * s->height * s->width;
    float *out = j->out + (ptrdiff_t)item * s->channels * s->places + first;
    for (int channel = 0; channel < s->channels; channel++) {
        for (int i = 0; i < count; i++)
            out[i] = plane[t.offset[0][i]] * t.weight[0][i] + plane[t.offset[1][i]] * t.weight[1][i] +
                     plane[t.offset[2][i]] * t.weight[2][i] + plane[t.offset[3][i]] * t.weight[3][i];
        plane += (ptrdiff_t)s->height * s->width;
        out += s->places;
    }
}

void ock_sample_linear(const ock_sampling *sampling, const float *in, const float *grid, float *out, int threads) {
    job j = {sampling, in, grid, out, (sampling->places + PLACES - 1) / PLACES};
    bool small = (double)sampling->batch * sampling->channels * sampling->places < SMALL_SAMPLING;
    ock_parallel(sampling->batch * j.pieces, sample_chunk, &j, small ? 1 : threads);
}

typedef struct {
    const ock_bins *bins;
    const float *features;
    float *out;
} bins_job;

static float pooled(const ock_bins *b, const float *plane, int bin) {
    float sum = 0, best = -INFINITY;
    for (ptrdiff_t i = (ptrdiff_t)bin * b->samples, end = i + b->samples; i < end; i++) {
        const int32_t *o = b->offset + 4 * i;
        const float *w = b->weight + 4 * i;
        float p0 = plane[o[0]] * w[0], p1 = plane[o[1]] * w[1], p2 = plane[o[2]] * w[2], p3 = plane[o[3]] * w[3];
        sum += p0 + p1 + p2 + p3;
        if (b->takes_maximum) best = fmaxf(best, fmaxf(fmaxf(p0, p1), fmaxf(p2, p3)));
    }
    return b->takes_maximum ? best : sum / (float)ock_max(1, b->samples);
}

static void bins_chunk(void *context, int channel, int worker) {
    (void)worker;
    const bins_job *j = context;
    float *out = j->out + (ptrdiff_t)channel * j->bins->bins;
    for (int bin = 0; bin < j->bins->bins; bin++)
        out[bin] = pooled(j->bins, j->features + channel * j->bins->plane, bin);
}

void ock_pool_bins(const ock_bins *bins, const float *features, float *out, int threads) {
    bins_job j = {bins, features, out};
    double work = (double)bins->channels * bins->bins * bins->samples;
    ock_parallel(bins->channels, bins_chunk, &j, work < SMALL_SAMPLING ? 1 : threads);
}
