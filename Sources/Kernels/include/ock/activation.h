#pragma once

/// Activation functions that kernels apply to what they have just computed, or alone (see elementwise.h).
typedef enum {
    OCK_ACT_NONE = 0,
    /// min(max(x, alpha), beta): Relu is (0, inf), Relu6 (0, 6).
    OCK_ACT_CLIP,
    /// x < 0 ? alpha x : x
    OCK_ACT_LEAKY_RELU,
    OCK_ACT_SIGMOID,
    /// min(max(alpha x + beta, 0), 1)
    OCK_ACT_HARD_SIGMOID,
    /// x sigmoid(x)
    OCK_ACT_SILU,
    /// x min(max(x/6 + 1/2, 0), 1)
    OCK_ACT_HARD_SWISH,
    OCK_ACT_TANH,
    /// x (1 + erf(x / sqrt 2)) / 2
    OCK_ACT_GELU_ERF,
    /// x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2
    OCK_ACT_GELU_TANH,
    /// x < 0 ? alpha (exp(x) - 1) : x
    OCK_ACT_ELU,
    /// x tanh(log(1 + exp(x)))
    OCK_ACT_MISH,
    /// x sigmoid(alpha x); CLIP's "quick GELU" is alpha = 1.702
    OCK_ACT_QUICK_GELU,
    OCK_ACT_EXP,
    OCK_ACT_ERF,
    OCK_ACT_SQRT,
    OCK_ACT_ABS,
    OCK_ACT_RECIPROCAL,
    /// alpha x + beta
    OCK_ACT_LINEAR,
    /// x, or 0 where it is not a number
    OCK_ACT_NAN_TO_ZERO,
    OCK_ACT_COUNT,
} ock_act_kind;

/// An activation with its parameters.
typedef struct {
    ock_act_kind kind;
    float alpha;
    float beta;
} ock_act;

/// What happens to a product before it is stored: `act(product + bias + residual)`, or with `residual_after`,
/// `act(product + bias) + residual`.
typedef struct {
    ock_act act;
    bool residual_after;
} ock_epilogue;
