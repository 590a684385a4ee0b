#include "table.h"
#include <string.h>

#define SMALL_STATE 65536

static int gates(const ock_recurrent *layer) {
    return layer->kind == OCK_LSTM ? 4 : layer->kind == OCK_GRU ? 3 : 1;
}

int ock_recurrent_width(const ock_recurrent *layer) {
    return ock_blocks(layer->hidden) * ock_channel_block() * gates(layer);
}

void ock_recurrent_arrange(const ock_recurrent *layer, const float *rows, int columns, float *arranged) {
    int block = ock_channel_block(), count = gates(layer), blocks = ock_blocks(layer->hidden);
    size_t bytes = (size_t)columns * sizeof(float);
    for (int b = 0; b < blocks; b++)
        for (int gate = 0; gate < count; gate++)
            for (int lane = 0; lane < block; lane++, arranged += columns) {
                int unit = b * block + lane;
                if (unit < layer->hidden)
                    memcpy(arranged, rows + ((size_t)gate * layer->hidden + unit) * columns, bytes);
                else memset(arranged, 0, bytes);
            }
}

// Vectors behind the weights: LSTM's three peepholes, or GRU's state bias.
static int tail_vectors(const ock_recurrent *layer) {
    return layer->kind == OCK_LSTM ? 3 : layer->kind == OCK_GRU ? 1 : 0;
}

size_t ock_recurrent_packed_count(const ock_recurrent *layer) {
    size_t units = (size_t)ock_blocks(layer->hidden) * ock_channel_block();
    return units * gates(layer) * layer->hidden + units * tail_vectors(layer);
}

// Gates [first, first + count) of one block of units: [state][gate][lane].
static float *pack_gates(const ock_recurrent *layer, const float *recurrence, int at, int first, int count,
                         float *packed) {
    int block = ock_channel_block(), hidden = layer->hidden;
    for (int k = 0; k < hidden; k++)
        for (int gate = first; gate < first + count; gate++)
            for (int lane = 0; lane < block; lane++, packed++) {
                int unit = at * block + lane;
                *packed = unit < hidden ? ock_weight(recurrence + ((size_t)gate * hidden + unit) * hidden + k) : 0;
            }
    return packed;
}

static float *pack_vector(const ock_recurrent *layer, const float *values, float *packed) {
    int units = ock_blocks(layer->hidden) * ock_channel_block();
    for (int i = 0; i < units; i++) packed[i] = values && i < layer->hidden ? values[i] : 0;
    return packed + units;
}

void ock_recurrent_pack(const ock_recurrent *layer, const float *recurrence, const float *state_bias,
                        const float *peepholes, float *packed) {
    bool apart = layer->kind == OCK_GRU && !layer->linear_before_reset;
    for (int b = 0; b < ock_blocks(layer->hidden); b++) {
        packed = pack_gates(layer, recurrence, b, 0, apart ? 2 : gates(layer), packed);
        if (apart) packed = pack_gates(layer, recurrence, b, 2, 1, packed);
    }
    if (layer->kind == OCK_GRU) pack_vector(layer, state_bias, packed);
    if (layer->kind == OCK_LSTM)
        for (int i = 0; i < 3; i++)
            packed = pack_vector(layer, peepholes ? peepholes + i * (ptrdiff_t)layer->hidden : NULL, packed);
}

size_t ock_recurrent_scratch_count(const ock_recurrent *layer, int batch) {
    return (size_t)batch * (5 * (size_t)ock_blocks(layer->hidden) * ock_channel_block() + 1);
}

typedef struct {
    ock_recurrent_step step;
    const ock_table *table;
    int parts;
    // Odd steps walk the weights backwards: what the last step read last is still in the cache.
    bool reverses;
} job;

static void step_chunk(void *context, int part, int worker) {
    (void)worker;
    const job *j = context;
    size_t blocks = (size_t)(j->step.units / j->table->block);
    int first = (int)ock_part(blocks, j->parts, part), end = (int)ock_part(blocks, j->parts, part + 1);
    for (int i = first; i < end; i++) j->table->recurrent_block(&j->step, j->reverses ? first + end - 1 - i : i);
}

static void load_state(const float *initial, float *state, int batch, int hidden, int units) {
    for (int s = 0; s < batch; s++) {
        float *row = state + (size_t)s * units;
        memset(row, 0, (size_t)units * sizeof(float));
        if (initial) memcpy(row, initial + (size_t)s * hidden, (size_t)hidden * sizeof(float));
    }
}

static void store_state(const float *state, float *out, int batch, int hidden, int units) {
    for (int s = 0; out && s < batch; s++)
        memcpy(out + (size_t)s * hidden, state + (size_t)s * units, (size_t)hidden * sizeof(float));
}

// The input row of each sequence at a step, -1 where it is over; false when all are.
static bool find_places(const ock_recurrent_call *call, int step, int32_t *places) {
    bool any = false;
    for (int s = 0; s < call->batch; s++) {
        int length = call->lengths ? call->lengths[s] : call->steps;
        places[s] = step >= length ? -1 : call->backward ? length - 1 - step : step;
        any |= places[s] >= 0;
    }
    return any;
}

void ock_recurrent_run(const ock_recurrent *layer, const ock_recurrent_call *call) {
    int hidden = layer->hidden, batch = call->batch, units = ock_blocks(hidden) * ock_channel_block();
    size_t count = (size_t)batch * units, bytes = (size_t)hidden * sizeof(float);
    float *before = call->scratch, *after = before + count, *cell = after + count;
    int32_t *places = (int32_t *)(cell + 3 * count);
    load_state(call->initial_hidden, before, batch, hidden, units);
    load_state(call->initial_cell, cell, batch, hidden, units);
    for (int step = 0; call->all && call->lengths && step < call->steps; step++)
        memset(call->all + step * call->all_step, 0, bytes * batch);

    job j = {.table = ock_active_table()};
    bool apart = layer->kind == OCK_GRU && !layer->linear_before_reset;
    int threads = (double)hidden * units * gates(layer) * batch < SMALL_STATE ? 1 : call->threads;
    j.parts = threads > 1 ? 2 * threads : 1;
    for (int step = 0; step < call->steps && find_places(call, step, places); step++) {
        j.reverses = step & 1;
        j.step = (ock_recurrent_step){layer, call->packed, call->projected, places, before, after, cell,
                                      cell + count, cell + 2 * count, batch, units, gates(layer), 0};
        ock_parallel(j.parts, step_chunk, &j, threads);
        if (apart) {
            j.step.phase = 1;
            ock_parallel(j.parts, step_chunk, &j, threads);
        }
        for (int s = 0; call->all && s < batch; s++)
            if (places[s] >= 0)
                memcpy(call->all + places[s] * call->all_step + (size_t)s * hidden, after + (size_t)s * units, bytes);
        float *swap = before;
        before = after, after = swap;
    }
    store_state(before, call->last_hidden, batch, hidden, units);
    store_state(cell, call->last_cell, batch, hidden, units);
}
