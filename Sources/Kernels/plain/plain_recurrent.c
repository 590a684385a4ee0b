#include "plain.h"

static float gate_sum(const ock_recurrent_step *s, const float *weights, int stride, const float *state, int lane) {
    float sum = 0;
    for (int k = 0; k < s->layer->hidden; k++) sum += state[k] * weights[k * stride + lane];
    return sum;
}

static float gate(const ock_recurrent *layer, int act, float x) {
    return plain_act(layer->act[act], fmaxf(-layer->clip, fminf(layer->clip, x)));
}

static void lstm(const ock_recurrent_step *s, const float *w, const float *in, size_t row, int unit) {
    const ock_recurrent *layer = s->layer;
    const float *peepholes = s->packed + (size_t)s->units * 4 * layer->hidden + unit;
    const float *state = s->before + row;
    int lane = unit % PLAIN_BLOCK, stride = 4 * PLAIN_BLOCK;
    float sums[4], old = s->cell[row + unit];
    for (int g = 0; g < 4; g++)
        sums[g] = in[g * PLAIN_BLOCK + lane] + gate_sum(s, w + g * PLAIN_BLOCK, stride, state, lane);
    float admit = gate(layer, 0, sums[0] + peepholes[0] * old);
    float forget = layer->couples_forget ? 1 - admit : gate(layer, 0, sums[2] + peepholes[2 * s->units] * old);
    float new = forget * old + admit * gate(layer, 1, sums[3]);
    s->cell[row + unit] = new;
    s->after[row + unit] = gate(layer, 0, sums[1] + peepholes[s->units] * new) * plain_act(layer->act[2], new);
}

static void gru(const ock_recurrent_step *s, const float *w, const float *in, size_t row, int unit) {
    const ock_recurrent *layer = s->layer;
    const float *state = s->before + row;
    int lane = unit % PLAIN_BLOCK, stride = (layer->linear_before_reset ? 3 : 2) * PLAIN_BLOCK;
    float old = state[unit], fresh, update = s->update[row + unit];
    if (s->phase == 0) {
        update = gate(layer, 0, in[lane] + gate_sum(s, w, stride, state, lane));
        float reset = gate(layer, 0, in[PLAIN_BLOCK + lane] + gate_sum(s, w + PLAIN_BLOCK, stride, state, lane));
        s->update[row + unit] = update;
        s->reset[row + unit] = reset * old;
        if (!layer->linear_before_reset) return;
        float bias = s->packed[(size_t)s->units * 3 * layer->hidden + unit];
        float product = bias + gate_sum(s, w + 2 * PLAIN_BLOCK, stride, state, lane);
        fresh = gate(layer, 1, in[2 * PLAIN_BLOCK + lane] + reset * product);
    } else {
        const float *weights = w + (size_t)2 * PLAIN_BLOCK * layer->hidden;
        fresh = gate(layer, 1, in[2 * PLAIN_BLOCK + lane] + gate_sum(s, weights, PLAIN_BLOCK, s->reset + row, lane));
    }
    s->after[row + unit] = (1 - update) * fresh + update * old;
}

static void rnn(const ock_recurrent_step *s, const float *w, const float *in, size_t row, int unit) {
    int lane = unit % PLAIN_BLOCK;
    s->after[row + unit] = gate(s->layer, 0, in[lane] + gate_sum(s, w, PLAIN_BLOCK, s->before + row, lane));
}

void plain_recurrent_block(const ock_recurrent_step *s, int block) {
    const float *weights = s->packed + (size_t)block * s->layer->hidden * s->gates * PLAIN_BLOCK;
    for (int sequence = 0; sequence < s->batch; sequence++) {
        size_t row = (size_t)sequence * s->units, place = (size_t)s->places[sequence] * s->batch + sequence;
        for (int unit = block * PLAIN_BLOCK; unit < (block + 1) * PLAIN_BLOCK; unit++) {
            if (s->places[sequence] < 0) {
                s->after[row + unit] = s->before[row + unit];
                continue;
            }
            const float *in = s->projected + (place * s->units + (size_t)block * PLAIN_BLOCK) * s->gates;
            switch (s->layer->kind) {
            case OCK_LSTM: lstm(s, weights, in, row, unit); break;
            case OCK_GRU: gru(s, weights, in, row, unit); break;
            case OCK_RNN: rnn(s, weights, in, row, unit); break;
            }
        }
    }
}
