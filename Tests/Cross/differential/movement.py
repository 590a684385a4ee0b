"""Operators that move, pick and place elements."""
from chance import ANY, COMMON, Case, Constant
import numpy

MOVED = ["float32", "float32", "int64", "int32", "uint8", "bool", "float64", "float16", "int8"]


def reshape(chance):
    shape = chance.shape(0, 5, empty=0.08)
    array = chance.array(shape, chance.choice(MOVED))
    target, count = [], max(1, array.size)
    factors = [extent for extent in shape if extent != 0]
    chance.shuffle(factors)
    while factors:
        extent = factors.pop()
        if factors and chance.maybe(0.3):
            extent *= factors.pop()
        target.append(extent)
    if 0 in shape:
        target = [0 if index == shape.index(0) else extent for index, extent in enumerate(shape)]
    for index, extent in enumerate(target):
        if index < len(shape) and shape[index] == extent and chance.maybe(0.3):
            target[index] = 0
    if target and chance.maybe(0.4) and 0 not in shape:
        target[chance.randrange(len(target))] = -1
    opset = chance.choice([13, 14, 21])
    attributes = {"allowzero": 1} if opset >= 14 and chance.maybe(0.15) and -1 not in target else {}
    return Case("Reshape", [array, chance.integers(target)], attributes, opset)


def transpose(chance):
    shape = chance.shape(0, 6)
    order = chance.sample(range(len(shape)), len(shape))
    return Case("Transpose", [chance.array(shape, chance.choice(MOVED))], {"perm": order} if shape and chance.maybe(0.85) else {})


def flatten(chance):
    shape = chance.shape(0, 5)
    return Case("Flatten", [chance.array(shape, chance.choice(COMMON))], {"axis": chance.randint(-len(shape), len(shape))})


def squeeze(chance):
    shape = [1 if chance.maybe() else extent for extent in chance.shape(1, 5)]
    ones = [axis for axis, extent in enumerate(shape) if extent == 1]
    axes = chance.sample(ones, chance.randint(0, len(ones)))
    array = chance.array(shape, chance.choice(MOVED))
    if chance.maybe(0.4):
        return Case("Squeeze", [array], {"axes": axes} if axes else {}, 11)
    return Case("Squeeze", [array] + ([chance.integers(axes)] if axes else []), {}, 13)


def unsqueeze(chance):
    shape = chance.shape(0, 4)
    added = chance.randint(1, 2)
    rank = len(shape) + added
    axes = [axis - rank if chance.maybe(0.3) else axis for axis in chance.sample(range(rank), added)]
    array = chance.array(shape, chance.choice(MOVED))
    return Case("Unsqueeze", [array, chance.integers(axes)]) if chance.maybe(0.7) else Case("Unsqueeze", [array], {"axes": axes}, 11)


def slices(chance):
    shape = chance.shape(1, 5)
    axes = chance.axes(len(shape), least=1)
    starts, ends, steps = [], [], []
    for axis in axes:
        extent = shape[axis]
        starts.append(chance.choice([chance.randint(-extent - 2, extent + 2), 0, -1]))
        ends.append(chance.choice([chance.randint(-extent - 3, extent + 3), 2**63 - 1, -(2**63), 2**31 - 1]))
        steps.append(chance.choice([1, 1, 1, 2, 3, -1, -2, 2**31, -(2**31)]))
        # ONNX Runtime takes the largest number for the end in the direction of the step, which the specification does not.
        if steps[-1] < 0 and ends[-1] > extent + 3:
            ends[-1] = -(2**63)
    array = chance.array(shape, chance.choice(MOVED))
    if chance.maybe(0.2):
        return Case("Slice", [array], {"axes": axes, "starts": starts, "ends": ends}, 9)
    inputs = [array, chance.integers(starts), chance.integers(ends), chance.integers(axes)]
    return Case("Slice", inputs + ([chance.integers(steps)] if chance.maybe(0.7) else []), {}, 13)


def split(chance):
    shape = chance.shape(1, 4)
    axis = chance.axis(len(shape))
    parts = chance.randint(1, 4)
    array = chance.array(shape, chance.choice(MOVED))
    sizes, left = [], shape[axis]
    for part in range(parts):
        sizes.append(left if part == parts - 1 else chance.randint(0, left))
        left -= sizes[-1]
    way = chance.choice(["input", "attribute", "count"])
    if way == "input":
        return Case("Split", [array, chance.integers(sizes)], {"axis": axis}, chance.choice([13, 18]), outputs=parts)
    if way == "attribute":
        return Case("Split", [array], {"axis": axis, "split": sizes}, 11, outputs=parts)
    return Case("Split", [array], {"axis": axis, "num_outputs": parts}, 18, outputs=parts)


def concatenate(chance):
    shape = chance.shape(1, 5)
    axis = chance.axis(len(shape))
    dtype = chance.choice(MOVED)
    inputs = []
    for _ in range(chance.randint(1, 4)):
        part = list(shape)
        part[axis] = chance.randint(0, 20) if chance.maybe(0.3) else chance.randint(1, 5)
        inputs.append(chance.given(chance.array(part, dtype), 0.15))
    return Case("Concat", inputs, {"axis": axis})


def gather(chance):
    shape = chance.shape(1, 4, empty=0)
    axis = chance.axis(len(shape))
    extent = shape[axis]
    indices = numpy.array(chance.array(chance.shape(0, 3), "int64")) % (2 * extent) - extent
    return Case("Gather", [chance.given(chance.array(shape, chance.choice(ANY)), 0.2), chance.integers(indices, narrow=True)], {"axis": axis})


def gather_elements(chance):
    shape = chance.shape(1, 4, empty=0)
    axis = chance.axis(len(shape))
    chosen = [chance.randint(0, extent) for extent in shape]
    chosen[axis] = chance.randint(1, 6)
    indices = chance.array(chosen, "int64") % (2 * shape[axis]) - shape[axis]
    return Case("GatherElements", [chance.array(shape, chance.choice(MOVED)), chance.integers(indices, narrow=True)], {"axis": axis}, 13)


def points(chance, shape, batch, depth, count):
    """Indices into `shape` after `batch` axes, `depth` axes deep."""
    index = [chance.array(count, "int64") % shape[batch + level] for level in range(depth)]
    stacked = numpy.stack(index, -1)
    if chance.maybe(0.3):
        stacked = stacked - numpy.array(shape[batch:batch + depth])
    return stacked


def gather_nd(chance):
    shape = chance.shape(1, 4, empty=0)
    batch = chance.randint(0, len(shape) - 1)
    depth = chance.randint(1, len(shape) - batch)
    count = shape[:batch] + [chance.randint(1, 4) for _ in range(chance.randint(0, 2))]
    indices = points(chance, shape, batch, depth, count)
    return Case("GatherND", [chance.array(shape, chance.choice(MOVED)), chance.integers(indices)], {"batch_dims": batch} if batch or chance.maybe(0.3) else {}, 13)


def scatter_elements(chance):
    shape = chance.shape(1, 4, empty=0)
    axis = chance.axis(len(shape))
    part = [chance.randint(0 if chance.maybe(0.1) else 1, extent) for extent in shape]
    indices = chance.array(part, "int64") % (2 * shape[axis]) - shape[axis]
    opset = chance.choice([11, 13, 16, 18])
    ways = {16: ["none", "add", "mul"], 18: ["none", "add", "mul", "max", "min"]}.get(opset)
    attributes = {"axis": axis} if chance.maybe(0.8) else {}
    if "axis" not in attributes:
        indices = numpy.sign(indices) * (numpy.abs(indices) % shape[0])
    if ways and chance.maybe(0.8):
        attributes["reduction"] = chance.choice(ways)
    if attributes.get("reduction", "none") == "none":
        order = numpy.argsort(numpy.random.default_rng(chance.getrandbits(30)).random(part), axis=axis)
        indices = order if part[axis] else indices
    dtype = chance.choice(["float32", "int64", "int32", "float64"])
    return Case("ScatterElements", [chance.array(shape, dtype), chance.integers(indices, narrow=True), chance.array(part, dtype)], attributes, opset)


def scatter_nd(chance):
    shape = chance.shape(1, 4, empty=0)
    depth = chance.randint(1, len(shape))
    opset = chance.choice([13, 16, 18])
    ways = {16: ["none", "add", "mul"], 18: ["none", "add", "mul", "max", "min"]}.get(opset)
    way = chance.choice(ways) if ways and chance.maybe(0.8) else "none"
    cells = int(numpy.prod(shape[:depth]))
    picked = chance.sample(range(cells), chance.randint(0, min(cells, 6)))
    if way != "none":
        picked = picked + picked[:2]
    indices = numpy.array([numpy.unravel_index(cell, shape[:depth]) for cell in picked], numpy.int64).reshape(len(picked), depth)
    dtype = chance.choice(["float32", "int64", "int32", "float64"])
    updates = chance.array([len(picked)] + shape[depth:], dtype)
    attributes = {"reduction": way} if way != "none" else {}
    return Case("ScatterND", [chance.array(shape, dtype), chance.integers(indices), updates], attributes, opset)


def pad(chance):
    shape = chance.shape(1, 5, empty=0)
    mode = chance.choice(["constant", "constant", "edge", "reflect", "wrap"])
    opset = 19 if mode == "wrap" else chance.choice([11, 13, 18, 19])
    most = (lambda extent: extent - 1) if mode == "reflect" else (lambda extent: 4 if mode == "constant" else extent)
    before = [chance.randint(0, max(0, most(extent))) if chance.maybe(0.6) else 0 for extent in shape]
    after = [chance.randint(0, max(0, most(extent))) if chance.maybe(0.6) else 0 for extent in shape]
    if mode == "constant" and chance.maybe(0.25):
        before = [chance.randint(-1, 2) if extent > 2 else 0 for extent in shape]
        after = [chance.randint(-1, 2) if extent > 2 else 0 for extent in shape]
    dtype = chance.choice(["float32", "float32", "int32", "int64", "float64", "int8", "uint8", "bool"])
    array = chance.array(shape, dtype)
    value = chance.given(chance.array([], dtype)) if chance.maybe() else None
    attributes = {"mode": mode} if mode != "constant" or chance.maybe() else {}
    if chance.maybe(0.12) and mode != "wrap":
        return Case("Pad", [chance.array(shape)], {**attributes, "pads": before + after, "value": 1.5}, 10)
    if opset >= 18 and chance.maybe(0.4):
        axes = chance.axes(len(shape), least=1)
        pads = [before[axis] for axis in axes] + [after[axis] for axis in axes]
        return Case("Pad", [array, chance.integers(pads), value, chance.integers(axes)], attributes, opset)
    return Case("Pad", [array, chance.integers(before + after)] + ([value] if value is not None else []), attributes, opset)


def tile(chance):
    shape = chance.shape(1, 4)
    return Case("Tile", [chance.array(shape, chance.choice(COMMON)), chance.integers([chance.randint(0 if chance.maybe(0.05) else 1, 3) for _ in shape])])


def expand(chance):
    shape = chance.shape(0, 5)
    source = chance.broadcastable(shape)
    target = [1 if chance.maybe(0.2) and index >= len(shape) - len(source) else extent for index, extent in enumerate(shape)]
    return Case("Expand", [chance.array(source, chance.choice(MOVED)), chance.integers(target)])


def depth_space(chance):
    block = chance.randint(1, 3)
    n, c, h, w = chance.randint(1, 2), chance.randint(1, 3), chance.randint(1, 4), chance.randint(1, 4)
    if chance.maybe():
        attributes = {"blocksize": block, **({"mode": chance.choice(["DCR", "CRD"])} if chance.maybe(0.8) else {})}
        return Case("DepthToSpace", [chance.array([n, c * block * block, h, w])], attributes)
    return Case("SpaceToDepth", [chance.array([n, c, h * block, w * block])], {"blocksize": block})


def facts(chance):
    shape = chance.shape(0, 5, empty=0.1)
    array = chance.array(shape, chance.choice(ANY))
    if chance.maybe(0.3):
        return Case("Size", [array])
    attributes = {key: chance.randint(-6, 6) for key in ("start", "end") if chance.maybe(0.6)}
    return Case("Shape", [array], attributes, 15)


def one_hot(chance):
    depth = chance.randint(1, 6)
    shape = chance.shape(0, 3)
    indices = chance.array(shape, "int64") % (2 * depth) - depth
    if chance.maybe(0.2):
        indices = chance.array(shape, "int64")
    dtype = chance.choice(["float32", "int64"])
    return Case("OneHot", [indices, Constant(numpy.array(depth)), chance.array([2], dtype)], {"axis": chance.randint(-len(shape) - 1, len(shape))})


def eye(chance):
    return Case("EyeLike", [chance.array([chance.randint(1, 6), chance.randint(1, 6)], chance.choice(["float32", "int32", "int64"]))], {"k": chance.randint(-5, 5)})


def triangle(chance):
    shape = chance.shape(2, 4)
    inputs = [chance.array(shape, chance.choice(["float32", "int64", "bool", "float64"]))]
    return Case("Trilu", inputs + ([chance.given(numpy.array(chance.randint(-6, 6)))] if chance.maybe(0.7) else []), {"upper": chance.randint(0, 1)})


def reverse(chance):
    shape = chance.shape(2, 4, empty=0)
    batch = chance.randint(0, 1)
    lengths = numpy.array([chance.randint(1, shape[1 - batch]) for _ in range(shape[batch])], numpy.int64)
    return Case("ReverseSequence", [chance.array(shape), lengths], {"batch_axis": batch, "time_axis": 1 - batch})


def compress(chance):
    shape = chance.shape(1, 4)
    if chance.maybe(0.7):
        axis = chance.axis(len(shape))
        return Case("Compress", [chance.array(shape), chance.array([chance.randint(0, shape[axis])], "bool")], {"axis": axis})
    return Case("Compress", [chance.array(shape), chance.array([chance.randint(0, int(numpy.prod(shape)))], "bool")])


def nonzero(chance):
    # Of a scalar ONNX Runtime makes [1, 1], the specification [0, 1].
    return Case("NonZero", [chance.array(chance.shape(1, 4), chance.choice(["float32", "int64", "bool", "int32", "uint8"]), -1, 1)])


def unique(chance):
    shape = chance.shape(1, 3, empty=0.02)
    attributes = {"sorted": chance.randint(0, 1)}
    if chance.maybe(0.6):
        attributes["axis"] = chance.axis(len(shape))
    return Case("Unique", [chance.array(shape, chance.choice(["float32", "int64", "int8"]), -0.6, 0.6).round()], attributes, outputs=4)


def ranged(chance):
    dtype = chance.choice(["int32", "int64", "float32", "float64", "int16"])
    step = chance.choice([1, 2, 3, -1, -2])
    first, last = chance.randint(-10, 10), chance.randint(-10, 10)
    half = 0.5 if dtype.startswith("float") else 0
    if dtype == "int64" and chance.maybe(0.4):
        far = chance.choice([2**63 - 60, -2**63 + 60, 2**53, -2**53])
        first, last = first + far, last + far
    return Case("Range", [chance.given(numpy.array(value, dtype)) for value in (first + half, last, step + half)])


def constant_of_shape(chance):
    from onnx import numpy_helper
    attributes = {"value": numpy_helper.from_array(chance.array([1], chance.choice(ANY)))} if chance.maybe(0.8) else {}
    return Case("ConstantOfShape", [chance.integers(chance.shape(0, 4, empty=0.1))], attributes)


def center(chance):
    shape = chance.shape(1, 4, empty=0)
    if chance.maybe():
        return Case("CenterCropPad", [chance.array(shape), Constant(numpy.array([chance.randint(1, 9) for _ in shape]))], {}, 18)
    axes = chance.axes(len(shape), least=1)
    return Case("CenterCropPad", [chance.array(shape), Constant(numpy.array([chance.randint(1, 9) for _ in axes]))], {"axes": axes}, 18)


CASES = [reshape, transpose, transpose, flatten, squeeze, unsqueeze, slices, slices, split, concatenate, gather, gather_elements, gather_nd,
         scatter_elements, scatter_nd, pad, pad, tile, expand, depth_space, facts, one_hot, eye, triangle, reverse, compress, nonzero,
         unique, ranged, constant_of_shape, center]
