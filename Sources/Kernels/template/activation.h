// Activations over vectors. `kind` is a constant wherever this is inlined.
INLINE vf act_one(const ock_act_kind kind, vf x, vf alpha, vf beta) {
    switch (kind) {
    case OCK_ACT_CLIP: return vclamp(x, alpha, beta);
    case OCK_ACT_LEAKY_RELU: return vselect(x < (vf)0.0f, x * alpha, x);
    case OCK_ACT_SIGMOID: return vsigmoid(x);
    case OCK_ACT_HARD_SIGMOID: return vclamp(vfma(x, alpha, beta), (vf)0.0f, (vf)1.0f);
    case OCK_ACT_SILU: return x / ((vf)1.0f + vexp(-x));
    case OCK_ACT_HARD_SWISH: return x * vclamp(vfma(x, (vf)(1.0f / 6), (vf)0.5f), (vf)0.0f, (vf)1.0f);
    case OCK_ACT_TANH: return vtanh(x);
    case OCK_ACT_GELU_ERF: return x * (vf)0.5f * ((vf)1.0f + verf(x * (vf)0.70710678f));
    case OCK_ACT_GELU_TANH: {
        vf inner = (vf)0.79788456f * vfma(x * x * x, (vf)0.044715f, x);
        return x * (vf)0.5f * ((vf)1.0f + vtanh(inner));
    }
    case OCK_ACT_ELU: {
        // exp(x) - 1 = 2 t / (1 - t) with t = tanh(x / 2), which does not cancel near zero.
        vf t = vtanh(x * (vf)0.5f);
        return vselect(x < (vf)0.0f, alpha * (t + t) / ((vf)1.0f - t), x);
    }
    case OCK_ACT_MISH: {
        // tanh(log(1 + e)) = ((1 + e)^2 - 1) / ((1 + e)^2 + 1); from 20 on it is 1.
        vf e = vexp(vmin((vf)20.0f, x));
        vf n = e * (e + (vf)2.0f);
        return x * n / (n + (vf)2.0f);
    }
    case OCK_ACT_QUICK_GELU: return x / ((vf)1.0f + vexp(-alpha * x));
    case OCK_ACT_EXP: return vexp(x);
    case OCK_ACT_ERF: return verf(x);
    case OCK_ACT_SQRT: return __builtin_elementwise_sqrt(x);
    case OCK_ACT_ABS: return vabs(x);
    case OCK_ACT_RECIPROCAL: return (vf)1.0f / x;
    case OCK_ACT_LINEAR: return vfma(x, alpha, beta);
    case OCK_ACT_NAN_TO_ZERO: return (vf)((vi)x & (x == x));
    default: return x;
    }
}

#define ACT_LOOP(kind)                                                                        \
    case kind: {                                                                              \
        size_t i = 0;                                                                         \
        for (; i + VL <= n; i += VL) vstore(y + i, act_one(kind, vload(x + i), alpha, beta)); \
        if (i < n) vstore_some(y + i, act_one(kind, vload_some(x + i, n - i), alpha, beta), n - i); \
        return;                                                                               \
    }

static void ISA(activate)(ock_act act, const float *x, float *y, size_t n) {
    vf alpha = (vf)act.alpha, beta = (vf)act.beta;
    switch (act.kind) {
        ACT_LOOP(OCK_ACT_CLIP)
        ACT_LOOP(OCK_ACT_LEAKY_RELU)
        ACT_LOOP(OCK_ACT_SIGMOID)
        ACT_LOOP(OCK_ACT_HARD_SIGMOID)
        ACT_LOOP(OCK_ACT_SILU)
        ACT_LOOP(OCK_ACT_HARD_SWISH)
        ACT_LOOP(OCK_ACT_TANH)
        ACT_LOOP(OCK_ACT_GELU_ERF)
        ACT_LOOP(OCK_ACT_GELU_TANH)
        ACT_LOOP(OCK_ACT_ELU)
        ACT_LOOP(OCK_ACT_MISH)
        ACT_LOOP(OCK_ACT_QUICK_GELU)
        ACT_LOOP(OCK_ACT_EXP)
        ACT_LOOP(OCK_ACT_ERF)
        ACT_LOOP(OCK_ACT_SQRT)
        ACT_LOOP(OCK_ACT_ABS)
        ACT_LOOP(OCK_ACT_RECIPROCAL)
        ACT_LOOP(OCK_ACT_LINEAR)
        ACT_LOOP(OCK_ACT_NAN_TO_ZERO)
    default:
        if (x != y) memmove(y, x, n * sizeof(float));
        return;
    }
}
