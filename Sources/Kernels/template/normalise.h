// Softmax and layer normalisation of one row.
static void ISA(softmax)(const float *in, float *out, size_t n) {
    size_t whole = n / VL * VL, left = n - whole;
    vf best = (vf)(-INFINITY);
    for (size_t i = 0; i < whole; i += VL) best = vmax(best, vload(in + i));
    float top = vlargest(best);
    for (size_t i = whole; i < n; i++) top = in[i] > top ? in[i] : top;
    vf shift = (vf)top, total = (vf)0.0f;
    for (size_t i = 0; i < whole; i += VL) {
        vf e = vexp(vload(in + i) - shift);
        total += e;
        vstore(out + i, e);
    }
    float sum = vsum(total);
    if (left) {
        vstore_some(out + whole, vexp(vload_some(in + whole, left) - shift), left);
        for (size_t i = whole; i < n; i++) sum += out[i];
    }
    vf factor = (vf)(1.0f / sum);
    for (size_t i = 0; i < whole; i += VL) vstore(out + i, vload(out + i) * factor);
    for (size_t i = whole; i < n; i++) out[i] *= 1.0f / sum;
}

// Softmax over the first axis of [axis][inner].
static void ISA(softmax_strided)(const float *in, float *out, size_t axis, size_t inner) {
    for (size_t i = 0; i < inner; i += VL) {
        size_t n = inner - i < VL ? inner - i : VL;
        vf best = (vf)(-INFINITY), total = (vf)0.0f;
#define AT(from) (n == VL ? vload(from + k * inner + i) : vload_some(from + k * inner + i, n))
#define PUT(x)                                              \
    do {                                                    \
        if (n == VL) vstore(out + k * inner + i, x);        \
        else vstore_some(out + k * inner + i, x, n);        \
    } while (0)
        for (size_t k = 0; k < axis; k++) best = vmax(best, AT(in));
        for (size_t k = 0; k < axis; k++) {
            vf e = vexp(AT(in) - best);
            total += e;
            PUT(e);
        }
        vf factor = (vf)1.0f / total;
        for (size_t k = 0; k < axis; k++) PUT(AT(out) * factor);
#undef AT
#undef PUT
    }
}

static void ISA(layer_norm)(const float *in, const float *residual, const float *scale, const float *shift,
                            float epsilon, float *out, float *sum, size_t n) {
    size_t whole = n / VL * VL;
    // Where the sum with the residual is kept for the next passes; without one, the input serves.
    const float *x = in;
    if (residual) {
        float *kept = sum ? sum : out;
        ISA(binary)(OCK_ADD, in, residual, kept, n);
        x = kept;
    }
    vf total = (vf)0.0f;
    for (size_t i = 0; i < whole; i += VL) total += vload(x + i);
    float mean = vsum(total);
    for (size_t i = whole; i < n; i++) mean += x[i];
    mean /= (float)n;
    vf centre = (vf)mean, squares = (vf)0.0f;
    for (size_t i = 0; i < whole; i += VL) {
        vf d = vload(x + i) - centre;
        squares = vfma(d, d, squares);
    }
    float variance = vsum(squares);
    for (size_t i = whole; i < n; i++) variance += (x[i] - mean) * (x[i] - mean);
    float factor = 1.0f / sqrtf(variance / (float)n + epsilon);
    vf f = (vf)factor;
    for (size_t i = 0; i < whole; i += VL) {
        vf y = (vload(x + i) - centre) * f;
        if (scale) y = y * vload(scale + i);
        if (shift) y = y + vload(shift + i);
        vstore(out + i, y);
    }
    for (size_t i = whole; i < n; i++)
        out[i] = (x[i] - mean) * factor * (scale ? scale[i] : 1) + (shift ? shift[i] : 0);
}
