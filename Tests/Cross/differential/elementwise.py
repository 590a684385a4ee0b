"""Operators that look at each number alone, with broadcasting; reductions and orderings along axes."""
from chance import ANY, COMMON, FLOATS, INTEGERS, SIGNED, Case, Constant
import numpy

UNARY = {
    "Abs": COMMON + SIGNED, "Neg": COMMON, "Sign": ANY[:-1], "Ceil": FLOATS, "Floor": FLOATS, "Round": FLOATS, "Sqrt": FLOATS,
    "Exp": FLOATS, "Log": FLOATS, "Sin": ["float32", "float64"], "Cos": ["float32", "float64"], "Tan": ["float32"],
    "Asin": ["float32"], "Acos": ["float32"], "Atan": ["float32"], "Sinh": ["float32"], "Cosh": ["float32"],
    "Asinh": ["float32"], "Acosh": ["float32"], "Atanh": ["float32"], "Tanh": FLOATS, "Sigmoid": FLOATS, "Erf": ["float32"],
    "Reciprocal": FLOATS, "Relu": FLOATS + ["int8", "int32"], "Softplus": ["float32", "float64"],
    "Softsign": ["float32"], "HardSwish": ["float32"], "Mish": ["float32"], "Not": ["bool"], "BitwiseNot": INTEGERS,
    "IsNaN": FLOATS, "Identity": ANY,
}
PARAMETRIC = {
    "Elu": ["alpha"], "Selu": ["alpha", "gamma"], "LeakyRelu": ["alpha"], "ThresholdedRelu": ["alpha"], "Celu": ["alpha"],
    "HardSigmoid": ["alpha", "beta"], "Shrink": ["bias", "lambd"],
}
BINARY = {
    "Add": COMMON, "Sub": COMMON, "Mul": COMMON, "Div": COMMON, "Pow": ["float32", "float64", "int32", "int64"],
    "PRelu": ["float32", "float64", "int32"], "Equal": COMMON + ["bool"], "Greater": COMMON, "Less": COMMON,
    "GreaterOrEqual": COMMON, "LessOrEqual": COMMON, "And": ["bool"], "Or": ["bool"], "Xor": ["bool"],
    "BitwiseAnd": INTEGERS, "BitwiseOr": INTEGERS, "BitwiseXor": INTEGERS,
}


def unary(chance):
    name = chance.choice(list(UNARY))
    array = chance.array(chance.shape(), chance.choice(UNARY[name]))
    if array.dtype.kind == "f" and array.size and chance.maybe(0.2):
        array.flat[chance.randrange(array.size)] = chance.choice([numpy.inf, -numpy.inf, numpy.nan, 0.0, -0.0, 0.5, -2.5])
    return Case(name, [array], opset=18 if name in ("Mish", "BitwiseNot") else chance.choice([14, 17]))


def parametric(chance):
    name = chance.choice(list(PARAMETRIC))
    attributes = {key: round(chance.uniform(0.1, 1.5), 2) for key in PARAMETRIC[name] if chance.maybe(0.7)}
    return Case(name, [chance.array(chance.shape())], attributes)


def gelu(chance):
    attributes = {"approximate": chance.choice(["none", "tanh"])} if chance.maybe(0.7) else {}
    return Case("Gelu", [chance.array(chance.shape())], attributes, opset=20)


def binary(chance):
    name = chance.choice(list(BINARY))
    dtype = chance.choice(BINARY[name])
    shape = chance.shape(0, 5)
    left, right = shape, chance.broadcastable(shape)
    if chance.maybe(0.3):
        left, right = chance.broadcastable(shape), shape
    if chance.maybe(0.2):
        left = [1 if chance.maybe(0.3) else extent for extent in left]
    if name == "PRelu":
        left = shape
        right = chance.broadcastable(shape)
    x, y = chance.array(left, dtype), chance.array(right, dtype)
    if dtype in ("int64", "uint64") and name not in ("Div", "Pow") and chance.maybe(0.3):
        x, y = chance.ends(left, dtype), chance.ends(right, dtype)
    if name == "Div" and y.dtype.kind in "iu":
        y[y == 0] = 2
    if name == "Pow":
        y = chance.array(right, chance.choice(["float32", "int32", "int64"]), 0, 2)
        x, y = numpy.abs(x), numpy.abs(y)
    opset = 18 if name.startswith("Bitwise") else chance.choice([13, 17])
    return Case(name, [chance.given(x, 0.3), chance.given(y, 0.3)], opset=opset)


def modulo(chance):
    shape = chance.shape()
    dtype = chance.choice(["float32", "int32", "int64", "int8", "uint8", "int16", "float64"])
    y = chance.array(chance.broadcastable(shape), dtype)
    y[y == 0] = 3
    floating = numpy.dtype(dtype).kind == "f"
    return Case("Mod", [chance.array(shape, dtype), y], {"fmod": 1} if floating or chance.maybe() else {})


def shift(chance):
    shape = chance.shape()
    dtype = chance.choice(["uint8", "uint32", "uint64", "uint16"])
    count = numpy.abs(chance.array(chance.broadcastable(shape), "int32", 0, 9)).astype(dtype)
    return Case("BitShift", [chance.array(shape, dtype), count], {"direction": chance.choice(["LEFT", "RIGHT"])})


def variadic(chance):
    name = chance.choice(["Max", "Min", "Sum", "Mean"])
    dtype = chance.choice(["float32", "float64"] + (["int32", "int64", "int8", "uint32", "float16"] if name in ("Max", "Min") else []))
    shape = chance.shape()
    inputs = [chance.array(shape if chance.maybe() else chance.broadcastable(shape), dtype) for _ in range(chance.randint(1, 4))]
    return Case(name, [chance.given(array, 0.2) for array in inputs])


def where(chance):
    shape = chance.shape(0, 5)
    dtype = chance.choice(["float32", "int64", "int32", "uint8", "float64"])
    shapes = [chance.broadcastable(shape) for _ in range(2)] + [shape]
    chance.shuffle(shapes)
    return Case("Where", [chance.array(shapes[0], "bool"), chance.array(shapes[1], dtype), chance.given(chance.array(shapes[2], dtype))])


def clip(chance):
    dtype = chance.choice(["float32", "float64", "int32", "int8", "uint8", "int64", "float16"])
    low, high = chance.array([], dtype), chance.array([], dtype)
    bounds = [None if chance.maybe(0.3) else chance.given(low), None if chance.maybe(0.3) else chance.given(high)]
    if chance.maybe(0.2):
        return Case("Clip", [chance.array(chance.shape())], {"min": -1.0, "max": 1.25}, opset=chance.choice([6, 10]))
    return Case("Clip", [chance.array(chance.shape(), dtype)] + bounds, opset=chance.choice([12, 13]))


def cast(chance):
    source, target = chance.choice(ANY), chance.choice(ANY)
    # What C leaves undefined (a float beyond the integer's range) differs between processors and is left out.
    low = 0 if target.startswith("u") and numpy.dtype(source).kind == "f" else -9
    from onnx import helper
    return Case("Cast", [chance.array(chance.shape(), source, low, 9)], {"to": helper.np_dtype_to_tensor_dtype(numpy.dtype(target))})


def is_infinite(chance):
    array = chance.array(chance.shape(1), chance.choice(["float32", "float64"]))
    if array.size:
        array.flat[0] = chance.choice([numpy.inf, -numpy.inf, numpy.nan])
    return Case("IsInf", [array], {key: chance.randint(0, 1) for key in ("detect_negative", "detect_positive") if chance.maybe()})


REDUCTIONS = ["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare"]


def reduction(chance):
    kind = chance.choice(REDUCTIONS)
    name = "Reduce" + kind
    dtype = chance.choice(["float32", "float32", "float64", "int32"] + (["int64"] if kind in ("Sum", "Max", "Min") else []))
    shape = chance.shape(1, 5, empty=0.02)
    array = chance.array(shape, dtype)
    if dtype == "int64" and kind in ("Max", "Min"):
        array = chance.ends(shape, dtype)
    elif array.dtype.kind == "i":
        array %= 50  # sums beyond an integer's range are nobody's to define
    if kind in ("LogSum", "LogSumExp", "L2", "Prod"):
        array = numpy.abs(chance.array(shape, "float32")) + numpy.float32(0.5)
    attributes = {"keepdims": chance.randint(0, 1)} if chance.maybe(0.7) else {}
    opset = chance.choice([11, 13, 17, 18, 20])
    axes = chance.axes(len(shape))
    if 0 in shape and len(axes) == len(shape):
        axes = axes[1:]  # there ONNX Runtime forgets that all axes go
    if opset >= 18 or (kind == "Sum" and opset >= 13):
        inputs = [array] + ([chance.integers(axes)] if chance.maybe(0.85) else [])
        if chance.maybe(0.3):
            attributes["noop_with_empty_axes"] = chance.randint(0, 1)
        return Case(name, inputs, attributes, opset)
    if axes and chance.maybe(0.85):
        attributes["axes"] = axes
    return Case(name, [array], attributes, opset)


def arg_reduction(chance):
    shape = chance.shape(1, 4, empty=0)
    dtype = chance.choice(["float32", "int32", "int8", "uint8", "float64"])
    attributes = {"axis": chance.axis(len(shape)), "keepdims": chance.randint(0, 1), "select_last_index": chance.randint(0, 1)}
    return Case(chance.choice(["ArgMax", "ArgMin"]), [chance.array(shape, dtype, -1, 1)], attributes, chance.choice([12, 13]))


def top(chance):
    shape = chance.shape(1, 4, empty=0, most=40)
    axis = chance.axis(len(shape))
    dtype = chance.choice(["float32", "int64", "int32", "float64"])
    array = chance.ends(shape, dtype) if dtype == "int64" and chance.maybe(0.4) else chance.array(shape, dtype, -2, 2)
    attributes = {"axis": axis, "largest": chance.randint(0, 1), "sorted": 1}
    return Case("TopK", [array, chance.integers([chance.randint(0, shape[axis])])], attributes, 11, outputs=2)


def cumulative(chance):
    shape = chance.shape(1, 4)
    dtype = chance.choice(["float32", "int32", "int64", "float64"])
    attributes = {key: chance.randint(0, 1) for key in ("exclusive", "reverse") if chance.maybe()}
    array = chance.ends(shape, dtype) if dtype == "int64" and chance.maybe(0.4) else chance.array(shape, dtype)
    return Case("CumSum", [array, Constant(numpy.array(chance.axis(len(shape)), chance.choice(["int32", "int64"])))], attributes)


def softmax(chance):
    shape = chance.shape(1, 4, empty=0.01, most=20)
    attributes = {"axis": chance.axis(len(shape))} if chance.maybe(0.8) else {}
    name = chance.choice(["Softmax", "LogSoftmax", "Hardmax"])
    dtype = chance.choice(["float32", "float32", "float64"])
    return Case(name, [chance.array(shape, dtype, -8, 8)], attributes, chance.choice([11, 12, 13, 17]))


CASES = [unary, unary, unary, parametric, gelu, binary, binary, binary, binary, modulo, shift, variadic, where, clip, cast, cast,
         is_infinite, reduction, reduction, reduction, arg_reduction, top, cumulative, softmax, softmax]
