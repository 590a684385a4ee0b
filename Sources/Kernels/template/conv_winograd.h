// Winograd F(4x4, 3x3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015): 36 products of
// matrices in place of 144 multiplications a pixel and channel. Works on blocks of tiles: transform the input, multiply,
// transform back.
#define WINO 36

// Scratch of one tile block: V [36][tiles][inputs], then M [36][tiles][outputs], channels padded to blocks.
INLINE size_t winograd_block_floats(const ock_conv *conv) {
    return (size_t)WINO * conv->tile_block *
           (size_t)(blocks_of(conv->shape.in_channels) + blocks_of(conv->shape.out_channels)) * VL;
}

// One dimension of the weight transform, G g: 6 values of 3.
INLINE void winograd_weight_line(vf a, vf b, vf c, vf out[6]) {
    vf even = (a + c) * (vf)(-1.0f / 6), odd = b * (vf)(1.0f / 6);
    vf wide = vfma(a, (vf)(1.0f / 24), c * (vf)(1.0f / 6)), half = b * (vf)(1.0f / 12);
    out[0] = a * (vf)0.25f;
    out[1] = even - odd;
    out[2] = even + odd;
    out[3] = wide + half;
    out[4] = wide - half;
    out[5] = c;
}

// Packed: bias, then [36][tile of output blocks][ic][NB x VL]. One block of outputs, VL input channels at a time.
static void ISA(pack_winograd_block)(void *context, int block, int worker) {
    (void)worker;
    const pack_job *job = context;
    const ock_conv_shape *s = &job->conv->shape;
    int blocks = blocks_of(s->out_channels), total = s->in_channels * 9;
    size_t plane = (size_t)s->in_channels * blocks * VL;
    ISA(pack_place) place = pack_place_of(block, blocks);
    const float *from = job->weights + (size_t)block * VL * total;
    float *to = job->packed + (size_t)place.first * s->in_channels + place.column;
    for (int ic0 = 0; ic0 < s->in_channels; ic0 += VL) {
        vf g[9 * VL];
        for (int j = 0; j < 9 * VL && ic0 * 9 + j < total; j += VL)
            turn_rows(from + ic0 * 9 + j, (size_t)total, s->out_channels - block * VL,
                      ock_min(VL, total - ic0 * 9 - j), g + j);
        for (int i = 0; i < ock_min(VL, s->in_channels - ic0); i++) {
            vf half[3][6];
            for (int x = 0; x < 3; x++) winograd_weight_line(g[9 * i + x], g[9 * i + 3 + x], g[9 * i + 6 + x], half[x]);
            for (int y = 0; y < 6; y++) {
                vf line[6];
                winograd_weight_line(half[0][y], half[1][y], half[2][y], line);
                for (int x = 0; x < 6; x++)
                    vstore(to + (6 * y + x) * plane + (size_t)(ic0 + i) * place.width, line[x]);
            }
        }
    }
}

INLINE void winograd_input_line(vf d[6], vf out[6]) {
    vf four = (vf)4.0f, two = (vf)2.0f;
    out[0] = vfma(four, d[0], vfma((vf)-5.0f, d[2], d[4]));
    vf even = vfma((vf)-4.0f, d[2], d[4]), odd = vfma((vf)-4.0f, d[1], d[3]);
    out[1] = even + odd;
    out[2] = even - odd;
    vf even2 = d[4] - d[2], odd2 = two * (d[3] - d[1]);
    out[3] = even2 + odd2;
    out[4] = even2 - odd2;
    out[5] = vfma(four, d[1], vfma((vf)-5.0f, d[3], d[5]));
}

INLINE void winograd_output_line(vf m[6], vf out[4]) {
    vf sum12 = m[1] + m[2], difference12 = m[1] - m[2], sum34 = m[3] + m[4], difference34 = m[3] - m[4];
    out[0] = m[0] + sum12 + sum34;
    out[1] = vfma((vf)2.0f, difference34, difference12);
    out[2] = vfma((vf)4.0f, sum34, sum12);
    out[3] = vfma((vf)8.0f, difference34, difference12) + m[5];
}

/// A block of tiles of one item of the batch.
typedef struct {
    const ock_conv *conv;
    const ock_conv_call *call;
    float *v, *m;
    int item, first, count, tiles_x;
} ISA(winograd_job);
#define winograd_job ISA(winograd_job)

static void ISA(winograd_input)(const winograd_job *job, int block) {
    const ock_conv_shape *s = &job->conv->shape;
    int inputs = blocks_of(s->in_channels) * VL;
    ptrdiff_t plane = (ptrdiff_t)job->conv->tile_block * inputs;
    const float *in = job->call->input + job->item * job->call->input_batch +
                      (ptrdiff_t)block * s->in_height * s->in_width * VL;
    for (int t = 0; t < job->count; t++) {
        int y0 = (job->first + t) / job->tiles_x * 4 - s->pad_top, x0 = (job->first + t) % job->tiles_x * 4 - s->pad_left;
        bool inside = y0 >= 0 && x0 >= 0 && y0 + 6 <= s->in_height && x0 + 6 <= s->in_width;
        vf half[6][6];
        UNROLL
        for (int x = 0; x < 6; x++) {
            vf d[6], line[6];
            UNROLL
            for (int y = 0; y < 6; y++) {
                bool valid = inside || ((unsigned)(y0 + y) < (unsigned)s->in_height &&
                                        (unsigned)(x0 + x) < (unsigned)s->in_width);
                d[y] = vload(valid ? in + ((ptrdiff_t)(y0 + y) * s->in_width + x0 + x) * VL : ISA(zeros));
            }
            winograd_input_line(d, line);
            UNROLL
            for (int y = 0; y < 6; y++) half[y][x] = line[y];
        }
        float *v = job->v + (ptrdiff_t)t * inputs + block * VL;
        UNROLL
        for (int y = 0; y < 6; y++) {
            vf line[6];
            winograd_input_line(half[y], line);
            UNROLL
            for (int x = 0; x < 6; x++) vstore(v + (6 * y + x) * plane, line[x]);
        }
    }
}

INLINE void winograd_multiply_tile(const int P, const int NB, const float *v, ptrdiff_t v_step, const float *w,
                                   int inputs, float *m, ptrdiff_t m_step) {
    vf acc[P_MAX][NB_MAX];
    tile_clear(P, NB, acc);
    const float *a[P_MAX];
    UNROLL
    for (int p = 0; p < P; p++) a[p] = v + p * v_step;
    tile_multiply(P, NB, acc, a, inputs, w);
    tile_target target = {m, NULL, m_step, VL};
    tile_store(P, NB, acc, &target);
}

// The product of one of the 36 positions with one tile of output blocks.
static void ISA(winograd_multiply)(const winograd_job *job, int position, int tile) {
    const ock_conv_shape *s = &job->conv->shape;
    int inputs = blocks_of(s->in_channels) * VL, blocks = blocks_of(s->out_channels), outputs = blocks * VL;
    int first_block = tile_group_first(blocks, tile), nb = tile_group_first(blocks, tile + 1) - first_block;
    const float *v = job->v + (ptrdiff_t)position * job->conv->tile_block * inputs;
    float *m = job->m + (ptrdiff_t)position * job->conv->tile_block * outputs + first_block * VL;
    const float *w = job->call->weights + conv_bias_count(job->conv) +
                     ((size_t)position * outputs + (size_t)first_block * VL) * s->in_channels;
#define TILE(P, NB, at) \
    winograd_multiply_tile(P, NB, v + (ptrdiff_t)(at) * inputs, inputs, w, s->in_channels, m + (ptrdiff_t)(at) * outputs, outputs)
    TILE_SPANS(TILE, nb, 0, job->count)
#undef TILE
}

static void ISA(winograd_output)(const winograd_job *job, int block) {
    const ock_conv_shape *s = &job->conv->shape;
    int outputs = blocks_of(s->out_channels) * VL;
    ptrdiff_t plane = (ptrdiff_t)job->conv->tile_block * outputs;
    ptrdiff_t out_at = (ptrdiff_t)block * s->out_height * s->out_width * VL;
    float *out = job->call->output + job->item * job->call->output_batch + out_at;
    const float *residual =
        job->call->residual ? job->call->residual + job->item * job->call->residual_batch + out_at : NULL;
    vf bias = vload(job->call->weights + block * VL);
    for (int t = 0; t < job->count; t++) {
        const float *m = job->m + (ptrdiff_t)t * outputs + block * VL;
        vf half[4][6];
        UNROLL
        for (int x = 0; x < 6; x++) {
            vf column[6], line[4];
            UNROLL
            for (int y = 0; y < 6; y++) column[y] = vload(m + (6 * y + x) * plane);
            winograd_output_line(column, line);
            UNROLL
            for (int y = 0; y < 4; y++) half[y][x] = line[y];
        }
        int y0 = (job->first + t) / job->tiles_x * 4, x0 = (job->first + t) % job->tiles_x * 4;
        int width = s->out_width - x0;
        for (int y = 0; y < ock_min(4, s->out_height - y0); y++) {
            vf line[4], acc[P_MAX][NB_MAX];
            winograd_output_line(half[y], line);
            UNROLL
            for (int x = 0; x < 4; x++) acc[x][0] = line[x] + bias;
            ptrdiff_t at = ((ptrdiff_t)(y0 + y) * s->out_width + x0) * VL;
            tile_target target = {out + at, residual ? residual + at : NULL, VL, 0};
            switch (width) {
            case 1: tile_finish(1, 1, acc, &job->conv->epilogue, &target); break;
            case 2: tile_finish(2, 1, acc, &job->conv->epilogue, &target); break;
            case 3: tile_finish(3, 1, acc, &job->conv->epilogue, &target); break;
            default: tile_finish(4, 1, acc, &job->conv->epilogue, &target);
            }
        }
    }
}

static void ISA(winograd_input_chunk)(void *context, int chunk, int worker) {
    (void)worker;
    ISA(winograd_input)(context, chunk);
}

static void ISA(winograd_multiply_chunk)(void *context, int chunk, int worker) {
    (void)worker;
    const winograd_job *job = context;
    int tiles = tile_groups(blocks_of(job->conv->shape.out_channels));
    ISA(winograd_multiply)(job, chunk / tiles, chunk % tiles);
}

static void ISA(winograd_output_chunk)(void *context, int chunk, int worker) {
    (void)worker;
    ISA(winograd_output)(context, chunk);
}

// All three steps of a block of tiles, each cut over `threads`.
static void winograd_block(winograd_job *job, int threads) {
    const ock_conv_shape *s = &job->conv->shape;
    int out_blocks = blocks_of(s->out_channels);
    ock_parallel(blocks_of(s->in_channels), ISA(winograd_input_chunk), job, threads);
    ock_parallel(WINO * tile_groups(out_blocks), ISA(winograd_multiply_chunk), job, threads);
    ock_parallel(out_blocks, ISA(winograd_output_chunk), job, threads);
}

INLINE winograd_job winograd_job_of(const ock_conv *conv, const ock_conv_call *call, int chunk, int worker) {
    const ock_conv_shape *s = &conv->shape;
    int tiles_x = (s->out_width + 3) / 4, tiles = tiles_x * ((s->out_height + 3) / 4);
    int parts = (tiles + conv->tile_block - 1) / conv->tile_block, part = chunk % parts;
    float *scratch = call->scratch + winograd_block_floats(conv) * (size_t)worker;
    int first = (int)ock_part(tiles, parts, part), end = (int)ock_part(tiles, parts, part + 1);
    return (winograd_job){
        .conv = conv, .call = call, .v = scratch,
        .m = scratch + (size_t)WINO * conv->tile_block * blocks_of(s->in_channels) * VL,
        .item = chunk / parts, .first = first, .count = end - first, .tiles_x = tiles_x,
    };
}

static void ISA(winograd_chunk)(void *context, int chunk, int worker) {
    const blocked_cut *cut = context;
    winograd_job job = winograd_job_of(cut->conv, cut->call, chunk, worker);
    winograd_block(&job, 1);
}

static void winograd_run(const ock_conv *conv, const ock_conv_call *call) {
    const ock_conv_shape *s = &conv->shape;
    int tiles = ((s->out_width + 3) / 4) * ((s->out_height + 3) / 4);
    int chunks = s->batch * ((tiles + conv->tile_block - 1) / conv->tile_block);
    int threads = conv_work(conv) < SMALL_LAYER ? 1 : call->threads;
    blocked_cut cut = {conv, call, 0, 0, false};
    // Many blocks of tiles: a thread a block. Few: all threads inside each block.
    if (threads <= 1 || chunks >= 4 * threads) return ock_parallel(chunks, ISA(winograd_chunk), &cut, threads);
    for (int chunk = 0; chunk < chunks; chunk++) {
        winograd_job job = winograd_job_of(conv, call, chunk, 0);
        winograd_block(&job, threads);
    }
}
