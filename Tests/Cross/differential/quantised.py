"""Operators on 8-bit numbers."""
from chance import Case, Constant
import layers
import numpy

SCALE = (0.01, 0.1)


def scale(chance, shape=()):
    return chance.array(list(shape), "float32", *SCALE)


def quantize(chance):
    opset = chance.choice([10, 13, 19, 21])
    shape = chance.shape(1, 4, empty=0.02)
    dtype = chance.choice(["uint8", "int8"] + (["int16", "uint16"] if opset >= 21 else []))
    attributes, parameters = {}, []
    if opset >= 13 and chance.maybe():
        axis = chance.axis(len(shape))
        attributes["axis"] = axis
        parameters = [shape[axis]]
    inputs = [chance.array(shape), chance.given(scale(chance, parameters))]
    if chance.maybe(0.8) or dtype != "uint8":
        inputs.append(chance.given(chance.array(parameters, dtype)))
    return Case("QuantizeLinear", inputs, attributes, opset)


def dequantize(chance):
    opset = chance.choice([10, 13, 19, 21])
    shape = chance.shape(1, 4, empty=0.02)
    dtype = chance.choice(["uint8", "int8", "int32"] + (["int16", "uint16"] if opset >= 21 else []))
    attributes, parameters = {}, []
    if opset >= 13 and chance.maybe():
        axis = chance.axis(len(shape))
        attributes["axis"] = axis
        parameters = [shape[axis]]
        if opset >= 21 and chance.maybe(0.4) and shape[axis]:
            attributes["block_size"] = block = chance.randint(1, shape[axis])
            parameters = list(shape)
            parameters[axis] = -(-shape[axis] // block)
    inputs = [chance.given(chance.array(shape, dtype), 0.2), chance.given(scale(chance, parameters))]
    if chance.maybe(0.8) and dtype != "int32":
        inputs.append(chance.given(chance.array(parameters, dtype)))
    return Case("DequantizeLinear", inputs, attributes, opset)


def dynamic(chance):
    return Case("DynamicQuantizeLinear", [chance.array(chance.shape(1, 3, empty=0))], outputs=3)


def quantised_convolution(chance):
    shape = layers.picture(chance, 2)
    attributes = layers.window(chance, 2, shape[2:])
    if attributes is None:
        return None
    groups = chance.choice([group for group in (1, 1, 2, shape[1]) if shape[1] % group == 0])
    attributes["group"] = groups
    made = groups * chance.choice([1, 2, 3, 8, 16, 17])
    dtype = chance.choice(["uint8", "uint8", "int8"])
    weight_type = chance.choice(["int8", "int8", "uint8"]) if dtype == "uint8" else "int8"
    weights = chance.array([made, shape[1] // groups] + attributes["kernel_shape"], weight_type, -40, 40)
    each = [made] if chance.maybe() else []
    zero = numpy.zeros(each, weight_type) if weight_type == "int8" and chance.maybe(0.7) else chance.array([], weight_type)
    if chance.maybe(0.3):
        # ONNX Runtime takes only uint8 here.
        if dtype != "uint8":
            return None
        inputs = [chance.array(shape, dtype, -80, 80), chance.given(weights, 0.8), chance.given(chance.array([], dtype)), Constant(zero)]
        return Case("ConvInteger", inputs, attributes)
    inputs = [chance.array(shape, dtype, -80, 80), chance.given(scale(chance)), chance.given(chance.array([], dtype)), Constant(weights), Constant(scale(chance, each)),
              Constant(numpy.broadcast_to(zero, each).copy()), chance.given(numpy.array(chance.uniform(0.1, 3), numpy.float32)), chance.given(chance.array([], dtype))]
    if chance.maybe():
        inputs.append(Constant(chance.array([made], "int32", -300, 300)))
    return Case("QLinearConv", inputs, attributes, tolerance="step")


def quantised_product(chance):
    rows, inner, columns = (chance.choice([1, 2, 3, 5, 8, 16, 17, 40]) for _ in range(3))
    batch = chance.shape(0, 2, most=3, empty=0)
    dtype = chance.choice(["uint8", "int8"])
    weight_type = chance.choice(["uint8", "int8"])
    left = chance.array(batch + [rows, inner], dtype, -80, 80)
    right = chance.given(chance.array((batch if chance.maybe(0.3) else []) + [inner, columns], weight_type, -40, 40))
    if chance.maybe(0.4):
        if dtype == "int8":
            return None
        inputs = [left, right] + ([chance.array([], dtype), chance.array([], weight_type)] if chance.maybe(0.6) else [])
        return Case("MatMulInteger", inputs)
    each = [columns] if chance.maybe(0.3) and len(batch) == 0 else []
    inputs = [left, scale(chance), chance.array([], dtype), right, chance.given(scale(chance, each)), chance.given(chance.array(each, weight_type)),
              numpy.array(chance.uniform(0.1, 3), numpy.float32), chance.array([], dtype)]
    return Case("QLinearMatMul", inputs, opset=10, tolerance="step")


def microsoft_binary(chance):
    dtype = chance.choice(["uint8", "int8"])
    shape = chance.shape(1, 4, empty=0)
    name = chance.choice(["QLinearAdd", "QLinearMul"])
    inputs = []
    for part in (shape, chance.broadcastable(shape)):
        inputs += [chance.given(chance.array(part, dtype, -80, 80), 0.2), Constant(scale(chance)), Constant(chance.array([], dtype))]
    return Case(name, inputs + [Constant(scale(chance)), Constant(chance.array([], dtype))], domain="com.microsoft", opset=1, tolerance="step")


def microsoft_unary(chance):
    dtype = chance.choice(["uint8", "int8"])
    name = chance.choice(["QLinearSigmoid", "QLinearLeakyRelu", "QLinearGlobalAveragePool", "QLinearSoftmax"])
    inputs = [chance.array(layers.picture(chance), dtype, -80, 80), Constant(scale(chance)), Constant(chance.array([], dtype)), Constant(scale(chance)), Constant(chance.array([], dtype))]
    attributes = {"QLinearLeakyRelu": {"alpha": 0.2}, "QLinearGlobalAveragePool": {"channels_last": 0}, "QLinearSoftmax": {"axis": chance.axis(4), "opset": 13}}.get(name, {})
    if name == "QLinearSoftmax":
        if inputs[0].shape[attributes["axis"]] == 1:
            return None  # a share of 1, 256 of 256, wraps to 0 in ONNX Runtime
        inputs[3], inputs[4] = Constant(numpy.float32(1 / 256)), Constant(numpy.array(0 if dtype == "uint8" else -128, dtype))
    return Case(name, inputs, attributes, domain="com.microsoft", opset=1, tolerance="step")


CASES = [quantize, quantize, dequantize, dequantize, dynamic, quantised_convolution, quantised_convolution, quantised_convolution,
         quantised_product, quantised_product, microsoft_binary, microsoft_unary]
