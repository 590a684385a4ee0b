"""Operators of ONNX Runtime's own that its optimiser and exporters of transformers write."""
from chance import Case, Constant
import numpy

HOME = "com.microsoft"


def made(name, inputs, attributes=None, outputs=1, tolerance=2e-5):
    while inputs and inputs[-1] is None:
        inputs.pop()
    return Case(name, inputs, attributes or {}, opset=1, outputs=outputs, domain=HOME, tolerance=tolerance)


def activations(chance):
    name = chance.choice(["Gelu", "QuickGelu", "FastGelu", "BiasGelu"])
    shape = chance.shape(1, 4, empty=0)
    x = chance.array(shape)
    if name == "FastGelu":
        return made(name, [x] + ([chance.given(chance.array(shape[-1:]))] if chance.maybe() else []), tolerance=1e-3)
    if name == "BiasGelu":
        return made(name, [x, chance.given(chance.array(shape[-1:]))])
    return made(name, [x], {"alpha": chance.choice([1.0, 1.702])} if name == "QuickGelu" and chance.maybe() else {})


def fused_product(chance):
    rows, inner, columns = (chance.choice([1, 2, 3, 8, 16, 17]) for _ in range(3))
    batch = chance.shape(0, 2, most=3, empty=0)
    flip_a, flip_b = chance.randint(0, 1), chance.randint(0, 1)
    left, right = batch + ([inner, rows] if flip_a else [rows, inner]), batch + ([columns, inner] if flip_b else [inner, columns])
    attributes = {"transA": flip_a, "transB": flip_b}
    if chance.maybe():
        attributes["alpha"] = 0.25
    return made("FusedMatMul", [chance.array(left), chance.given(chance.array(right))], attributes)


def fused_gemm(chance):
    rows, inner, columns = (chance.choice([1, 2, 3, 8, 16, 17]) for _ in range(3))
    flip = chance.randint(0, 1)
    inputs = [chance.array([rows, inner]), chance.given(chance.array([columns, inner] if flip else [inner, columns])), chance.given(chance.array([columns]))]
    activation = chance.choice(["Relu", "LeakyRelu", "Sigmoid", "Tanh"])
    attributes = {"transB": flip, "activation": activation}
    if activation == "LeakyRelu":
        attributes["activation_alpha"] = 0.1
    return made("FusedGemm", inputs, attributes)


def fused_convolution(chance):
    channels, outputs, size = chance.choice([1, 3, 16]), chance.choice([1, 8, 16, 20]), chance.choice([1, 3])
    shape = [chance.randint(1, 2), channels, chance.randint(3, 10), chance.randint(3, 10)]
    activation = chance.choice(["Relu", "LeakyRelu", "Sigmoid", "Tanh", "Clip", "HardSigmoid"])
    attributes = {"activation": activation, "pads": [size // 2] * 4, "kernel_shape": [size, size]}
    parameters = {"LeakyRelu": [0.1], "Clip": [0.0, 6.0], "HardSigmoid": [0.2, 0.5]}.get(activation)
    if parameters:
        attributes["activation_params"] = parameters
    inputs = [chance.array(shape), chance.given(chance.array([outputs, channels, size, size], "float32", -1, 1)), chance.given(chance.array([outputs]))]
    if chance.maybe(0.4):
        inputs.append(chance.array([shape[0], outputs] + shape[2:]))
    return made("FusedConv", inputs, attributes)


def skip_normalization(chance):
    n, count, width = chance.randint(1, 3), chance.randint(1, 6), chance.choice([4, 8, 16, 33])
    simple = chance.maybe(0.4)
    shape = [n, count, width]
    skip = shape if chance.maybe(0.7) else chance.choice([[1, count, width], [count, width]])
    inputs = [chance.array(shape), chance.array(skip), chance.given(chance.array([width]))]
    if not simple:
        inputs.append(chance.given(chance.array([width])) if chance.maybe() else None)
    inputs.append(chance.given(chance.array([width])) if chance.maybe() else None)
    name = "SkipSimplifiedLayerNormalization" if simple else "SkipLayerNormalization"
    return made(name, inputs, {"epsilon": 1e-5})


def attention(chance):
    n, count, heads, size = chance.randint(1, 2), chance.randint(1, 7), chance.choice([1, 2, 4]), chance.choice([4, 8])
    width = heads * size
    attributes = {"num_heads": heads}
    if chance.maybe(0.3):
        attributes["unidirectional"] = 1
    if chance.maybe(0.3):
        attributes["scale"] = 0.2
    inputs = [chance.array([n, count, width], "float32", -1, 1), chance.given(chance.array([width, 3 * width], "float32", -1, 1)), chance.given(chance.array([3 * width]))]
    way = chance.choice(["none", "none", "length", "keys", "whole"])
    if way == "length":
        inputs.append(numpy.array([chance.randint(1, count) for _ in range(n)], numpy.int32))
    elif way == "keys":
        inputs.append(numpy.array([[1] + [chance.randint(0, 1) for _ in range(count - 1)] for _ in range(n)], numpy.int32))
    elif way == "whole":
        inputs.append(numpy.ones([n, count, count], numpy.int32))
    else:
        inputs.append(None)
    if chance.maybe(0.3):
        inputs += [None, chance.array([1, heads, count, count])]
    return made("Attention", inputs, attributes)


def many_heads(chance):
    n, count, keys, heads, size = chance.randint(1, 2), chance.randint(1, 6), chance.randint(1, 6), chance.choice([1, 2, 4]), chance.choice([4, 8])
    width, value_width = heads * size, heads * chance.choice([4, 8])
    attributes = {"num_heads": heads}
    if chance.maybe(0.3):
        attributes["scale"] = 0.3
    inputs = [chance.array([n, count, width]), chance.array([n, keys, width]), chance.array([n, keys, value_width])]
    inputs.append(chance.given(chance.array([2 * width + value_width])) if chance.maybe() else None)
    inputs.append(numpy.array([[1] + [chance.randint(0, 1) for _ in range(keys - 1)] for _ in range(n)], numpy.int32) if chance.maybe(0.3) else None)
    inputs.append(chance.array([1, heads, count, keys]) if chance.maybe(0.3) else None)
    return made("MultiHeadAttention", inputs, attributes)


def grouped_attention(chance):
    n, count, shared, times, size = chance.randint(1, 2), chance.randint(1, 6), chance.choice([1, 2]), chance.choice([1, 2]), chance.choice([8, 16])
    heads = shared * times
    inputs = [chance.array([n, count, heads * size]), chance.array([n, count, shared * size]), chance.array([n, count, shared * size]), None, None,
              numpy.full([n], count - 1, numpy.int32), Constant(numpy.array(count, numpy.int32))]
    return made("GroupQueryAttention", inputs, {"num_heads": heads, "kv_num_heads": shared}, outputs=3)


def rotary(chance):
    n, count, heads, size = chance.randint(1, 2), chance.randint(1, 5), chance.randint(1, 3), chance.choice([4, 8, 16])
    most = count + chance.randint(0, 4)
    four = chance.maybe(0.5)
    x = chance.array([n, heads, count, size] if four else [n, count, heads * size])
    positions = numpy.array([chance.randint(0, most - count)]) if chance.maybe() else chance.array([n, count], "int64") % most
    tables = [chance.given(chance.array([most, size // 2])) for _ in range(2)]
    return made("RotaryEmbedding", [x, positions] + tables, {"interleaved": chance.randint(0, 1)})


def scale(chance, shape=()):
    return chance.array(list(shape), "float32", 0.01, 0.1)


def byte_products(chance):
    rows, inner, columns = (chance.choice([1, 2, 3, 8, 16, 17]) for _ in range(3))
    weight_type = chance.choice(["uint8", "int8"])
    each = [columns] if chance.maybe(0.4) else []
    weights = chance.given(chance.array([inner, columns], weight_type, -40, 40), 0.8)
    zero = chance.given(chance.array(each, weight_type)) if chance.maybe() else None
    bias = chance.given(chance.array([columns])) if chance.maybe() else None
    kind = chance.choice(["DynamicQuantizeMatMul", "MatMulIntegerToFloat", "QGemm"])
    if kind == "DynamicQuantizeMatMul":
        return made(kind, [chance.array([rows, inner]), weights, chance.given(scale(chance, each)), zero, bias], tolerance=1e-2)
    if kind == "MatMulIntegerToFloat":
        inputs = [chance.array([rows, inner], "uint8", -80, 80), weights, chance.given(scale(chance)), chance.given(scale(chance, each)),
                  chance.given(chance.array([], "uint8")) if chance.maybe() else None, zero, bias]
        return made(kind, inputs)
    flip = chance.randint(0, 1)
    inputs = [chance.array([rows, inner], "uint8", -80, 80), Constant(scale(chance)), Constant(chance.array([], "uint8")),
              Constant(chance.array([columns, inner] if flip else [inner, columns], weight_type, -40, 40)), Constant(scale(chance, each)), Constant(chance.array(each, weight_type)),
              Constant(chance.array([columns], "int32")) if chance.maybe() else None]
    if chance.maybe(0.7):
        inputs += [Constant(numpy.float32(0.5)), Constant(chance.array([], "uint8"))]
    case = made(kind, inputs, {"transB": flip})
    case.tolerance = "step" if len(inputs) > 7 else 2e-5
    return case


def packed_weights(chance):
    rows, columns, block, bits = chance.randint(1, 4), chance.choice([1, 5, 8, 16]), chance.choice([16, 32]), 4
    inner = block * chance.randint(1, 3) - chance.choice([0, 0, 3])
    blocks = -(-inner // block)
    weights = numpy.random.default_rng(chance.getrandbits(30)).integers(0, 256, [columns, blocks, block * bits // 8], numpy.uint8)
    inputs = [chance.array([rows, inner]), Constant(weights), Constant(scale(chance, [columns * blocks]))]
    if chance.maybe():
        inputs.append(Constant(numpy.random.default_rng(1).integers(0, 256, [columns * ((blocks + 1) // 2)], numpy.uint8)))
    return made("MatMulNBits", inputs, {"K": inner, "N": columns, "bits": bits, "block_size": block}, tolerance=1e-4)


def joined_bytes(chance):
    dtype = chance.choice(["uint8", "int8"])
    shape = chance.shape(1, 4, empty=0)
    axis = chance.axis(len(shape))
    inputs = [Constant(scale(chance)), Constant(chance.array([], dtype))]
    for _ in range(chance.randint(1, 3)):
        part = list(shape)
        part[axis] = chance.randint(1, 4)
        inputs += [chance.array(part, dtype, -80, 80), Constant(scale(chance)), Constant(chance.array([], dtype))]
    case = made("QLinearConcat", inputs, {"axis": axis})
    case.tolerance = "step"
    return case


CASES = [activations, fused_product, fused_gemm, fused_convolution, fused_convolution, skip_normalization, attention, attention, many_heads, many_heads,
         grouped_attention, rotary, byte_products, byte_products, packed_weights, joined_bytes]
