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
    // Of the channels that are pooled one by one.
    int first;
} bins_job;

// Channels that are pooled together where they lie side by side, and bins whose results wait for their place.
#define SIDE 16
#define WAITING 64
typedef float side __attribute__((ext_vector_type(SIDE), aligned(4)));

static float pooled(const ock_bins *b, const float *channel, int bin) {
    float sum = 0, best = -INFINITY;
    for (ptrdiff_t i = (ptrdiff_t)bin * b->samples, end = i + b->samples; i < end; i++) {
        const int32_t *o = b->offset + 4 * i;
        const float *w = b->weight + 4 * i;
        float p[4];
        for (int tap = 0; tap < 4; tap++) p[tap] = channel[o[tap] * b->pixel_step] * w[tap];
        sum += p[0] + p[1] + p[2] + p[3];
        if (b->takes_maximum) best = fmaxf(best, fmaxf(fmaxf(p[0], p[1]), fmaxf(p[2], p[3])));
    }
    return b->takes_maximum ? best : sum / (float)ock_max(1, b->samples);
}

// The same for SIDE channels, to `out`.
static void pooled_side(const ock_bins *b, const float *channels, int bin, float *out) {
    side sum = (side)0.0f, best = (side)-INFINITY;
    for (ptrdiff_t i = (ptrdiff_t)bin * b->samples, end = i + b->samples; i < end; i++) {
        const int32_t *o = b->offset + 4 * i;
        const float *w = b->weight + 4 * i;
        side p[4];
        for (int tap = 0; tap < 4; tap++) p[tap] = *(const side *)(channels + o[tap] * b->pixel_step) * w[tap];
        sum += p[0] + p[1] + p[2] + p[3];
        if (b->takes_maximum)
            for (int tap = 0; tap < 4; tap++) best = __builtin_elementwise_max(best, p[tap]);
    }
    *(side *)out = b->takes_maximum ? best : sum / (float)ock_max(1, b->samples);
}

static void side_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const bins_job *j = context;
    float waiting[WAITING * SIDE], *out = j->out + (ptrdiff_t)chunk * SIDE * j->bins->bins;
    for (int first = 0; first < j->bins->bins; first += WAITING) {
        int count = ock_min(WAITING, j->bins->bins - first);
        for (int bin = 0; bin < count; bin++)
            pooled_side(j->bins, j->features + chunk * SIDE, first + bin, waiting + bin * SIDE);
        for (int lane = 0; lane < SIDE; lane++)
            for (int bin = 0; bin < count; bin++)
                out[(ptrdiff_t)lane * j->bins->bins + first + bin] = waiting[bin * SIDE + lane];
    }
}

static void channel_chunk(void *context, int chunk, int worker) {
    (void)worker;
    const bins_job *j = context;
    int channel = j->first + chunk;
    float *out = j->out + (ptrdiff_t)channel * j->bins->bins;
    for (int bin = 0; bin < j->bins->bins; bin++)
        out[bin] = pooled(j->bins, j->features + channel * j->bins->channel_step, bin);
}

void ock_pool_bins(const ock_bins *bins, const float *features, float *out, int threads) {
    double work = (double)bins->channels * bins->bins * bins->samples;
    if (work < SMALL_SAMPLING) threads = 1;
    int sides = bins->channel_step == 1 ? bins->channels / SIDE : 0;
    bins_job j = {bins, features, out, sides * SIDE};
    ock_parallel(sides, side_chunk, &j, threads);
    ock_parallel(bins->channels - j.first, channel_chunk, &j, threads);
}
