// One step of a recurrent layer for one block of units: the state's product with the gates' weights, and the gates
// themselves while the sums are still in registers.

// acc[g] += sum over k below n of state[k] * weights[k][g]
INLINE void recurrent_sum(const int G, vf acc[4], const float *weights, const float *state, int n) {
    vf odd[4];
    UNROLL
    for (int g = 0; g < G; g++) odd[g] = (vf)0.0f;
    int k = 0;
    for (; k + 2 <= n; k += 2, weights += 2 * G * VL) {
        vf a = (vf)(state[k]), b = (vf)(state[k + 1]);
        UNROLL
        for (int g = 0; g < G; g++) {
            acc[g] = vfma(a, vload(weights + g * VL), acc[g]);
            odd[g] = vfma(b, vload(weights + (G + g) * VL), odd[g]);
        }
    }
    UNROLL
    for (int g = 0; g < G; g++) {
        if (k < n) acc[g] = vfma((vf)(state[k]), vload(weights + g * VL), acc[g]);
        acc[g] += odd[g];
    }
}

INLINE vf recurrent_act(ock_act act, vf x) {
    if (act.kind == OCK_ACT_SIGMOID) return vsigmoid(x);
    if (act.kind == OCK_ACT_TANH) return vtanh(x);
    float lanes[VL];
    vstore(lanes, x);
    ISA(activate)(act, lanes, lanes, VL);
    return vload(lanes);
}

INLINE vf recurrent_gate(const ock_recurrent *layer, int act, vf x) {
    return recurrent_act(layer->act[act], vclamp(x, (vf)(-layer->clip), (vf)(layer->clip)));
}

INLINE void recurrent_load(const int G, vf acc[4], const float *projected) {
    UNROLL
    for (int g = 0; g < G; g++) acc[g] = vload(projected + g * VL);
}

INLINE void recurrent_lstm(const ock_recurrent_step *s, const float *weights, const float *projected, size_t row,
                           int at) {
    const ock_recurrent *layer = s->layer;
    const float *peepholes = s->packed + (size_t)s->units * 4 * layer->hidden + at;
    vf acc[4], old = vload(s->cell + row + at);
    recurrent_load(4, acc, projected);
    recurrent_sum(4, acc, weights, s->before + row, layer->hidden);
    vf admit = recurrent_gate(layer, 0, vfma(vload(peepholes), old, acc[0]));
    vf forget = (vf)1.0f - admit;
    if (!layer->couples_forget)
        forget = recurrent_gate(layer, 0, vfma(vload(peepholes + 2 * s->units), old, acc[2]));
    vf new = forget * old + admit * recurrent_gate(layer, 1, acc[3]);
    vf expose = recurrent_gate(layer, 0, vfma(vload(peepholes + s->units), new, acc[1]));
    vstore(s->cell + row + at, new);
    vstore(s->after + row + at, expose * recurrent_act(layer->act[2], new));
}

INLINE void recurrent_gru(const ock_recurrent_step *s, const float *weights, const float *projected, size_t row,
                          int at) {
    const ock_recurrent *layer = s->layer;
    vf acc[4], old = vload(s->before + row + at), update, fresh;
    if (layer->linear_before_reset) {
        recurrent_load(3, acc, projected);
        vf input = acc[2];
        acc[2] = vload(s->packed + (size_t)s->units * 3 * layer->hidden + at);
        recurrent_sum(3, acc, weights, s->before + row, layer->hidden);
        update = recurrent_gate(layer, 0, acc[0]);
        fresh = recurrent_gate(layer, 1, vfma(recurrent_gate(layer, 0, acc[1]), acc[2], input));
    } else if (s->phase == 0) {
        recurrent_load(2, acc, projected);
        recurrent_sum(2, acc, weights, s->before + row, layer->hidden);
        vstore(s->update + row + at, recurrent_gate(layer, 0, acc[0]));
        vstore(s->reset + row + at, recurrent_gate(layer, 0, acc[1]) * old);
        return;
    } else {
        recurrent_load(1, acc, projected + 2 * VL);
        recurrent_sum(1, acc, weights + (size_t)2 * VL * layer->hidden, s->reset + row, layer->hidden);
        update = vload(s->update + row + at);
        fresh = recurrent_gate(layer, 1, acc[0]);
    }
    vstore(s->after + row + at, ((vf)1.0f - update) * fresh + update * old);
}

INLINE void recurrent_rnn(const ock_recurrent_step *s, const float *weights, const float *projected, size_t row,
                          int at) {
    vf acc[4];
    recurrent_load(1, acc, projected);
    recurrent_sum(1, acc, weights, s->before + row, s->layer->hidden);
    vstore(s->after + row + at, recurrent_gate(s->layer, 0, acc[0]));
}

static void ISA(recurrent_block)(const ock_recurrent_step *s, int block) {
    const float *weights = s->packed + (size_t)block * s->layer->hidden * s->gates * VL;
    size_t width = (size_t)s->units * s->gates;
    for (int sequence = 0; sequence < s->batch; sequence++) {
        size_t row = (size_t)sequence * s->units;
        int at = block * VL;
        if (s->places[sequence] < 0) {
            vstore(s->after + row + at, vload(s->before + row + at));
            continue;
        }
        const float *projected =
            s->projected + ((size_t)s->places[sequence] * s->batch + sequence) * width + (size_t)at * s->gates;
        switch (s->layer->kind) {
        case OCK_LSTM: recurrent_lstm(s, weights, projected, row, at); break;
        case OCK_GRU: recurrent_gru(s, weights, projected, row, at); break;
        case OCK_RNN: recurrent_rnn(s, weights, projected, row, at); break;
        }
    }
}
