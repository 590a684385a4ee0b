"""Layers of networks: convolutions, pools, products, normalisations, resizing, recurrence, quantised forms."""
from chance import Case, Constant
import numpy


def window(chance, rank, extents, kernel=None):
    """Attributes of a window over `extents`, or None where it would not fit."""
    kernel = kernel or [chance.choice([1, 1, 2, 3, 3, 3, 4, 5, 7]) for _ in range(rank)]
    attributes = {"kernel_shape": kernel}
    dilations = [chance.choice([1, 1, 1, 2, 3]) for _ in range(rank)]
    strides = [chance.choice([1, 1, 2, 2, 3]) for _ in range(rank)]
    if chance.maybe(0.7):
        attributes["strides"] = strides
    else:
        strides = [1] * rank
    if chance.maybe(0.4):
        attributes["dilations"] = dilations
    else:
        dilations = [1] * rank
    reach = [(size - 1) * dilation + 1 for size, dilation in zip(kernel, dilations)]
    way = chance.choice(["pads", "pads", "none", "SAME_UPPER", "SAME_LOWER", "VALID"])
    pads = [0] * (2 * rank)
    if way == "pads":
        pads = [chance.randint(0, min(3, reach[axis % rank] - 1)) for axis in range(2 * rank)]
        if chance.maybe(0.4):
            pads = [size // 2 for size in reach] * 2
        attributes["pads"] = pads
    elif way != "none":
        attributes["auto_pad"] = way
        if way.startswith("SAME") and "dilations" in attributes:
            attributes["dilations"] = [1] * rank
            reach = kernel
    if not way.startswith("SAME") and any(extents[axis] + pads[axis] + pads[rank + axis] < reach[axis] for axis in range(rank)):
        return None
    return attributes


def picture(chance, rank=2, channels=None, most=14):
    channels = channels or chance.choice([1, 2, 3, 4, 5, 8, 12, 16, 17, 24, 32, 48])
    return [chance.choice([1, 1, 1, 2, 3]), channels] + [chance.randint(1, most) for _ in range(rank)]


def convolution(chance):
    rank = chance.choice([1, 2, 2, 2, 2, 2, 3])
    shape = picture(chance, rank, most={1: 40, 2: 24, 3: 8}[rank])
    attributes = window(chance, rank, shape[2:])
    if attributes is None:
        return None
    groups = chance.choice([group for group in (1, 1, 1, 2, 3, 4, shape[1]) if shape[1] % group == 0])
    multiple = chance.choice([1, 1, 2, 3, 16]) if groups == shape[1] else chance.choice([1, 2, 3, 7, 8, 16, 17, 33])
    kernel = attributes["kernel_shape"]
    weights = chance.array([groups * multiple, shape[1] // groups] + kernel, "float32", -1, 1)
    if groups > 1 or chance.maybe():
        attributes["group"] = groups
    if chance.maybe(0.3):
        del attributes["kernel_shape"]
    inputs = [chance.array(shape), chance.given(weights, 0.85)]
    if chance.maybe(0.6):
        inputs.append(chance.given(chance.array([groups * multiple]), 0.85))
    return Case("Conv", inputs, attributes, chance.choice([11, 17]))


def transposed_convolution(chance):
    rank = chance.choice([1, 2, 2, 2, 3])
    shape = picture(chance, rank, most=9 if rank < 3 else 5)
    kernel = [chance.randint(1, 4) for _ in range(rank)]
    strides = [chance.randint(1, 3) for _ in range(rank)]
    dilations = [chance.choice([1, 1, 2]) for _ in range(rank)]
    groups = chance.choice([group for group in (1, 1, 2, 4, shape[1]) if shape[1] % group == 0])
    attributes = {"strides": strides, "dilations": dilations, "group": groups}
    if chance.maybe():
        attributes["kernel_shape"] = kernel
    way = chance.choice(["pads", "pads", "none", "SAME_UPPER", "SAME_LOWER", "VALID", "shape"])
    if way == "pads":
        attributes["pads"] = [chance.randint(0, 1) for _ in range(2 * rank)]
    elif way == "shape":
        attributes["output_shape"] = [(extent - 1) * step + (size - 1) * dilation + 1 + chance.choice([-1, 0, 0])
                                      for extent, step, size, dilation in zip(shape[2:], strides, kernel, dilations)]
        if min(attributes["output_shape"]) < 1:
            return None
    elif way != "none":
        attributes["auto_pad"] = way
    if way.startswith("SAME") and any(size < step for size, step in zip(kernel, strides)):
        return None  # ONNX Runtime's output is smaller than the specification's
    if chance.maybe(0.3) and way != "shape":
        attributes["output_padding"] = [chance.randint(0, max(step, dilation) - 1) for step, dilation in zip(strides, dilations)]
    multiple = chance.choice([1, 2, 3, 8, 17])
    weights = chance.array([shape[1], multiple] + kernel, "float32", -1, 1)
    inputs = [chance.array(shape), chance.given(weights, 0.85)]
    if chance.maybe():
        inputs.append(chance.given(chance.array([groups * multiple]), 0.85))
    return Case("ConvTranspose", inputs, attributes, 11)


def pool(chance):
    rank = chance.choice([1, 2, 2, 2, 3])
    shape = picture(chance, rank)
    attributes = window(chance, rank, shape[2:])
    if attributes is None:
        return None
    name = chance.choice(["MaxPool", "MaxPool", "AveragePool", "AveragePool", "LpPool"])
    opset = {"MaxPool": chance.choice([10, 12]), "AveragePool": chance.choice([10, 11, 19, 22]), "LpPool": chance.choice([11, 18])}[name]
    if "dilations" in attributes and (name == "AveragePool" and opset < 19 or name == "LpPool" and opset < 18):
        del attributes["dilations"]
    if name == "LpPool" and attributes.get("auto_pad", "").startswith("SAME"):
        return None  # ONNX Runtime pads by less than nothing
    if attributes.get("auto_pad") != "VALID" and name != "LpPool" and chance.maybe(0.4) or opset == 18 and chance.maybe(0.3):
        attributes["ceil_mode"] = chance.randint(0, 1)
    if name == "AveragePool" and chance.maybe():
        attributes["count_include_pad"] = chance.randint(0, 1)
    if name == "LpPool":
        attributes["p"] = chance.randint(1, 3)
    outputs = 1
    if name == "MaxPool" and chance.maybe(0.35):
        outputs = 2
        attributes["storage_order"] = chance.randint(0, 1)
    return Case(name, [chance.array(shape)], attributes, opset, outputs)


def whole_pool(chance):
    return Case(chance.choice(["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"]), [chance.array(picture(chance, chance.randint(1, 3)))])


def product(chance):
    rows, inner, columns = (chance.choice([1, 1, 2, 3, 5, 8, 16, 17, 31, 40]) for _ in range(3))
    if chance.maybe(0.02):
        inner = 0
    batch = chance.shape(0, 3, most=3, empty=0.02)
    left, right = chance.broadcastable(batch) + [rows, inner], batch + [inner, columns]
    if chance.maybe():
        left, right = batch + [rows, inner], chance.broadcastable(batch) + [inner, columns]
    if chance.maybe(0.1):
        left = [inner]
    elif chance.maybe(0.1):
        right = [inner]
    dtype = chance.choice(["float32"] * 5 + ["float64", "int32", "int64"])
    return Case("MatMul", [chance.given(chance.array(left, dtype), 0.15), chance.given(chance.array(right, dtype))])


def general_product(chance):
    rows, inner, columns = (chance.choice([1, 1, 2, 3, 8, 16, 17, 40]) for _ in range(3))
    attributes = {key: chance.randint(0, 1) for key in ("transA", "transB") if chance.maybe()}
    attributes.update({key: chance.choice([0.0, 0.5, 1.0, 2.0]) for key in ("alpha", "beta") if chance.maybe(0.4)})
    left = [inner, rows] if attributes.get("transA") else [rows, inner]
    right = [columns, inner] if attributes.get("transB") else [inner, columns]
    inputs = [chance.array(left), chance.given(chance.array(right), 0.7)]
    if chance.maybe(0.7):
        inputs.append(chance.given(chance.array(chance.broadcastable([rows, columns])), 0.7))
    return Case("Gemm", inputs, attributes, 13)


EQUATIONS = ["ij,jk->ik", "bij,bjk->bik", "ij,ij->", "ii->i", "ii", "ij->ji", "...ij,...jk->...ik", "bhqd,bhkd->bhqk", "i,j->ij", "ijk,kl->ijl", "...ij->...ji",
             "bi,bj->bij", "ij,jk,kl->il", "bhwc,hkc->bhwk", "ij->i", "bij,bij->b", "ij,kj->ik", "bkhq,bhqd->bhqkd", "i->", "...i,i->...", "ijj->i", "i,i,i->i"]


def einsum(chance):
    equation = chance.choice(EQUATIONS)
    sizes = {letter: chance.randint(1, 6) for letter in "ijklbhwcqd"}
    dots = chance.shape(0, 2, empty=0, most=3)
    draw = chance.choice([chance.array] * 4 + [lambda shape: chance.array(shape, "float64"), lambda shape: chance.ends(shape, "int64")])
    inputs = []
    for term in equation.split("->")[0].split(","):
        shape = list(dots) if term.startswith("...") else []
        inputs.append(draw(shape + [sizes[letter] for letter in term.replace(".", "")]))
    return Case("Einsum", inputs, {"equation": equation.replace(",", chance.choice([",", ", "]))})


def batch_normalization(chance):
    shape = picture(chance, chance.randint(0, 3))
    channels = shape[1]
    inputs = [chance.array(shape)] + [chance.given(chance.array([channels], "float32", low, 2), 0.8) for low in (-2, -2, -2, 0.1)]
    return Case("BatchNormalization", inputs, {"epsilon": 1e-3} if chance.maybe() else {}, chance.choice([9, 15]))


def normalization(chance):
    kind = chance.choice(["instance", "layer", "layer", "group", "lrn", "lp", "mvn"])
    if kind == "instance":
        shape = picture(chance, chance.randint(1, 3))
        return Case("InstanceNormalization", [chance.array(shape)] + [chance.given(chance.array([shape[1]])) for _ in range(2)], {"epsilon": 1e-3})
    if kind == "layer":
        shape = chance.shape(1, 4, empty=0, most=20)
        axis = chance.axis(len(shape))
        inputs = [chance.array(shape)] + [chance.given(chance.array(shape[axis % len(shape):])) for _ in range(chance.randint(1, 2))]
        return Case("LayerNormalization", inputs, {"axis": axis} if axis != -1 or chance.maybe() else {}, 17, outputs=chance.choice([1, 1, 1, 3]), tolerance=2e-5)
    if kind == "group":
        groups = chance.choice([1, 2, 4])
        shape = picture(chance, chance.randint(1, 2), groups * chance.choice([1, 2, 3, 8]))
        return Case("GroupNormalization", [chance.array(shape)] + [chance.given(chance.array([shape[1]])) for _ in range(2)], {"num_groups": groups}, 21)
    if kind == "lrn":
        attributes = {"size": chance.choice([1, 2, 3, 4, 5]), "alpha": 0.1, "beta": chance.choice([0.5, 0.75]), "bias": 1.5}
        return Case("LRN", [chance.array(picture(chance))], attributes)
    shape = picture(chance)
    if kind == "mvn":
        return Case("MeanVarianceNormalization", [chance.array(shape)], {"axes": chance.choice([[0, 2, 3], [0, 1, 2, 3], [2, 3]])} if chance.maybe() else {}, tolerance=2e-5)
    return Case("LpNormalization", [chance.array(shape)], {"axis": chance.axis(4), "p": chance.randint(1, 2)})


def resize(chance):
    rank = chance.choice([2, 2, 1, 3])
    shape = [chance.randint(1, 3), chance.choice([1, 3, 16, 20])] + [chance.randint(1, 9) for _ in range(rank)]
    mode = chance.choice(["nearest", "nearest", "linear", "linear", "cubic"])
    opset = chance.choice([11, 13, 18, 19])
    if mode == "cubic" and rank != 2:
        return None
    attributes = {"mode": mode}
    transforms = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"] + (["half_pixel_symmetric"] if opset >= 19 else [])
    if chance.maybe(0.8):
        attributes["coordinate_transformation_mode"] = chance.choice(transforms)
    if mode == "nearest" and chance.maybe(0.7):
        attributes["nearest_mode"] = chance.choice(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    if mode == "cubic":
        attributes["cubic_coeff_a"] = chance.choice([-0.75, -0.5])
        attributes["exclude_outside"] = chance.randint(0, 1)
    if opset >= 18 and mode != "nearest" and chance.maybe(0.3):
        attributes["antialias"] = 1
    array = chance.array(shape, chance.choice(["float32", "float32", "float32", "uint8"]) if mode == "nearest" else "float32")
    if chance.maybe():
        scales = [1.0, 1.0] + [chance.choice([0.5, 1.0, 1.5, 2.0, 2.0, 3.0, 0.7, 4.0]) for _ in range(rank)]
        if any(extent * scale % 1 for extent, scale in zip(shape, scales)):
            return None  # of outputs cut short ONNX Runtime aligns the corners it makes, the specification those it would make
        if any(int(extent * scale) < 1 for extent, scale in zip(shape, scales)):
            return None
        return Case("Resize", [array, None, Constant(numpy.array(scales, numpy.float32))], attributes, opset)
    sizes = shape[:2] + [chance.randint(1, 14) for _ in range(rank)]
    if opset >= 18 and chance.maybe(0.3):
        axes = list(range(2, 2 + rank))
        attributes.update(axes=axes, keep_aspect_ratio_policy=chance.choice(["stretch", "not_larger", "not_smaller"]))
        return Case("Resize", [array, None, None, Constant(numpy.array(sizes[2:]))], attributes, opset)
    return Case("Resize", [array, None, None, Constant(numpy.array(sizes))], attributes, opset)


def upsample(chance):
    shape = picture(chance, most=6)
    scales = numpy.array([1, 1, chance.choice([1, 2, 3]), chance.choice([1, 2, 4])], numpy.float32)
    return Case("Upsample", [chance.array(shape), Constant(scales)], {"mode": chance.choice(["nearest", "linear"])}, 9)


def grid_sample(chance):
    rank = chance.choice([2, 2, 2, 3])
    shape = [chance.randint(1, 2), chance.randint(1, 4)] + [chance.randint(1, 7) for _ in range(rank)]
    opset = 20 if rank == 3 else chance.choice([16, 20])
    mode = chance.choice(["bilinear", "nearest", "bicubic"] if opset == 16 else ["linear", "nearest", "cubic"])
    if rank == 3 and mode == "cubic":
        return None
    grid = chance.array([shape[0]] + [chance.randint(1, 6) for _ in range(rank)] + [rank], "float32", -1.4, 1.4)
    attributes = {"mode": mode, "padding_mode": chance.choice(["zeros", "border", "reflection"]), "align_corners": chance.randint(0, 1)}
    return Case("GridSample", [chance.array(shape), grid], attributes, opset, tolerance=1e-4)


def regions(chance):
    shape = [2, chance.choice([1, 3, 16, 17, 40]), chance.randint(4, 12), chance.randint(4, 12)]
    count = chance.randint(0, 4)
    corner = chance.array([count, 2], "float32", 0, 8)
    boxes = numpy.concatenate([corner, corner + chance.array([count, 2], "float32", 0, 8)], 1)
    attributes = {"output_height": chance.randint(1, 4), "output_width": chance.randint(1, 4), "sampling_ratio": chance.randint(0, 3),
                  "spatial_scale": chance.choice([1.0, 0.5]), "mode": chance.choice(["avg", "max"])}
    opset = chance.choice([10, 16])
    if opset == 16 and chance.maybe():
        attributes["coordinate_transformation_mode"] = chance.choice(["half_pixel", "output_half_pixel"])
    return Case("RoiAlign", [chance.array(shape), boxes, chance.array([count], "int64") % 2], attributes, opset)


def suppression(chance):
    count, classes, batch = chance.randint(0, 30), chance.randint(1, 3), chance.randint(1, 2)
    corner = chance.array([batch, count, 2], "float32", 0, 10)
    boxes = numpy.concatenate([corner, corner + chance.array([batch, count, 2], "float32", 0.5, 6)], 2)
    inputs = [boxes, chance.array([batch, classes, count], "float32", 0, 1)]
    limits = [numpy.array([chance.randint(0, 10)]), numpy.array([chance.choice([0.0, 0.3, 0.5])], numpy.float32), numpy.array([0.3], numpy.float32)]
    inputs += limits[:chance.randint(1, 3)]
    return Case("NonMaxSuppression", inputs, {"center_point_box": chance.randint(0, 1)}, 11)


def recurrent(chance):
    name = chance.choice(["LSTM", "GRU", "RNN"])
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[name]
    steps, batch, width, hidden = chance.randint(1, 6), chance.randint(1, 3), chance.randint(1, 9), chance.choice([1, 3, 8, 16, 20])
    direction = chance.choice(["forward", "reverse", "bidirectional"])
    ways = 2 if direction == "bidirectional" else 1
    constant = chance.maybe(0.8)
    hold = (lambda array: Constant(array)) if constant else (lambda array: array)
    inputs = [chance.array([steps, batch, width]), hold(chance.array([ways, gates * hidden, width], "float32", -1, 1)),
              hold(chance.array([ways, gates * hidden, hidden], "float32", -1, 1))]
    inputs.append(hold(chance.array([ways, 2 * gates * hidden], "float32", -1, 1)) if chance.maybe(0.7) else None)
    inputs.append(numpy.array([chance.randint(1, steps) for _ in range(batch)], numpy.int32) if chance.maybe(0.25) else None)
    inputs.append(chance.array([ways, batch, hidden]) if chance.maybe() else None)
    attributes = {"direction": direction, "hidden_size": hidden}
    if name == "LSTM":
        inputs.append(chance.array([ways, batch, hidden]) if chance.maybe() else None)
        if chance.maybe(0.2):
            inputs.append(hold(chance.array([ways, 3 * hidden], "float32", -1, 1)))
        if chance.maybe(0.1):
            attributes["input_forget"] = 1
    if name == "GRU":
        attributes["linear_before_reset"] = chance.randint(0, 1)
    if name == "RNN" and chance.maybe(0.4):
        attributes["activations"] = [chance.choice(["Tanh", "Relu", "Sigmoid"])] * ways
    if chance.maybe(0.2):
        attributes["clip"] = 0.7
    while inputs[-1] is None:
        inputs.pop()
    return Case(name, inputs, attributes, 14, outputs=3 if name == "LSTM" else 2)


CASES = [convolution, convolution, convolution, convolution, transposed_convolution, transposed_convolution, pool, pool, pool, whole_pool,
         product, product, general_product, general_product, einsum, batch_normalization, normalization, normalization, resize, resize, upsample, grid_sample, regions,
         suppression, recurrent, recurrent]
