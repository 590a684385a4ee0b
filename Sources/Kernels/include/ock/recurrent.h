#pragma once

typedef enum {
    OCK_RNN,
    OCK_GRU,
    OCK_LSTM,
} ock_recurrent_kind;

/// One direction of a recurrent layer, gates in ONNX' order: LSTM's input, output, forget, cell; GRU's update, reset,
/// candidate.
typedef struct {
    ock_recurrent_kind kind;
    int hidden;
    /// GRU: the reset gate multiplies the state's product, not the state.
    bool linear_before_reset;
    /// LSTM: forget = 1 - input.
    bool couples_forget;
    /// ONNX' f, g and h.
    ock_act act[3];
    /// Gates are clipped to -clip...clip first; infinity where they are not.
    float clip;
} ock_recurrent;

/// Floats of one arranged row: the gates of each block of units side by side, [block][gate][lane].
int ock_recurrent_width(const ock_recurrent *layer);

/// Arranges weights of the input, `rows` [gates x hidden][columns], so that a product with them gives arranged rows;
/// units beyond the last get 0. `rows` may lie unaligned. A bias is a matrix of one column.
void ock_recurrent_arrange(const ock_recurrent *layer, const float *rows, int columns, float *arranged);

/// Floats of the packed recurrence.
size_t ock_recurrent_packed_count(const ock_recurrent *layer);

/// Packs weights of the state, [gates x hidden][hidden], which may lie unaligned. `state_bias` [hidden] or NULL is added
/// to GRU's candidate inside the reset gate (linear_before_reset); every other bias belongs to the projection.
/// `peepholes` [3][hidden] or NULL.
void ock_recurrent_pack(const ock_recurrent *layer, const float *recurrence, const float *state_bias,
                        const float *peepholes, float *packed);

/// Floats of scratch of a run.
size_t ock_recurrent_scratch_count(const ock_recurrent *layer, int batch);

typedef struct {
    int steps, batch;
    bool backward;
    /// Arranged rows [steps][batch]: weights times input plus bias.
    const float *projected, *packed;
    /// [batch][hidden], or NULL for zeros.
    const float *initial_hidden, *initial_cell;
    /// Steps of each sequence, 0...steps, or NULL for all.
    const int32_t *lengths;
    /// Where each output goes, or NULL: [batch][hidden], `all` once a step and `all_step` floats apart.
    float *all, *last_hidden, *last_cell;
    ptrdiff_t all_step;
    float *scratch;
    int threads;
} ock_recurrent_call;

void ock_recurrent_run(const ock_recurrent *layer, const ock_recurrent_call *call);
