"""Random small networks, made of what graph passes look for: normalisations behind convolutions, activations spelled out,
attention, pads before windows, residual sums, concatenations of slices, quantised islands. Values are read twice and outputs
taken from the middle, which is where such passes go wrong.
"""
import numpy
import onnx
from onnx import helper, numpy_helper


class Network:
    def __init__(self, chance, opset):
        self.chance, self.opset = chance, opset
        self.nodes, self.weights, self.inputs, self.fed, self.shapes, self.reads = [], [], [], {}, {}, {}

    def constant(self, array):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(numpy.asarray(array), name))
        return name

    def weight(self, shape, low=-0.5, high=0.5):
        return self.constant(self.chance.array(shape, "float32", low, high))

    def scalar(self, value):
        return self.constant(numpy.array(value if self.chance.maybe(0.7) else [value], numpy.float32))

    def feed(self, shape):
        name = f"x{len(self.inputs)}"
        self.fed[name] = self.chance.array(shape)
        known = [f"{name}_{axis}" if self.chance.maybe(0.1) else extent for axis, extent in enumerate(shape)]
        self.inputs.append(helper.make_tensor_value_info(name, 1, known))
        self.shapes[name] = list(shape)
        return name

    def add(self, operator, inputs, shape, outputs=1, **attributes):
        names = [f"v{len(self.nodes)}" + (f"_{index}" if outputs > 1 else "") for index in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
        for name in inputs:
            self.reads[name] = self.reads.get(name, 0) + 1
        for name in names:
            self.shapes[name] = list(shape)
        return names if outputs > 1 else names[0]

    def like(self, operator, inputs, **attributes):
        """A node whose output has the shape of its first input that is not a weight."""
        return self.add(operator, inputs, next(self.shapes[name] for name in inputs if name in self.shapes), **attributes)

    def pick(self, rank):
        """A value of this rank, the newest more often than not."""
        names = [name for name, shape in self.shapes.items() if len(shape) == rank]
        if not names:
            return None
        return names[-1] if self.chance.maybe(0.6) else self.chance.choice(names)

    def sides(self, left, right):
        return [left, right] if self.chance.maybe() else [right, left]


def activation(net, x):
    chance, kind = net.chance, net.chance.randint(0, 15)
    if kind < 4:
        return net.like(chance.choice(["Relu", "Sigmoid", "Tanh", "HardSwish", "Softplus", "Elu", "LeakyRelu", "HardSigmoid"]), [x])
    if kind == 4:
        return net.like("Clip", [x, net.constant(numpy.float32(0)), net.constant(numpy.float32(6))])
    if kind == 5:
        return net.like("Mul", net.sides(x, net.like("Sigmoid", [x])))
    if kind == 6:
        return net.like("Mul", net.sides(x, net.like("HardSigmoid", [x], alpha=1 / 6, beta=0.5)))
    if kind == 7:
        clipped = net.like("Clip", [net.like("Add", net.sides(x, net.scalar(3.0))), net.constant(numpy.float32(0)), net.constant(numpy.float32(6))])
        if chance.maybe():
            return net.like("Div", [net.like("Mul", net.sides(x, clipped)), net.scalar(6.0)])
        return net.like("Mul", [x, net.like(*(("Div", [clipped, net.scalar(6.0)]) if chance.maybe() else ("Mul", [clipped, net.scalar(1 / 6)])))])
    if kind == 8:
        scaled = net.like("Div", [x, net.scalar(2 ** 0.5)]) if chance.maybe() else net.like("Mul", net.sides(x, net.scalar(0.5 ** 0.5)))
        one = net.like("Add", net.sides(net.like("Erf", [scaled]), net.scalar(1.0)))
        if chance.maybe():
            return net.like("Mul", net.sides(net.like("Mul", net.sides(x, one)), net.scalar(0.5)))
        return net.like("Mul", net.sides(net.like("Mul", net.sides(x, net.scalar(0.5))), one))
    if kind == 9:
        cube = net.like("Pow", [x, net.scalar(3.0)])
        inner = net.like("Add", net.sides(x, net.like("Mul", net.sides(cube, net.scalar(0.044715)))))
        one = net.like("Add", net.sides(net.like("Tanh", [net.like("Mul", net.sides(inner, net.scalar((2 / numpy.pi) ** 0.5)))]), net.scalar(1.0)))
        return net.like("Mul", net.sides(net.like("Mul", net.sides(x, net.scalar(0.5))), one))
    if kind == 10:
        return net.like("Mul", net.sides(x, net.like("Tanh", [net.like("Softplus", [x])])))
    if kind == 11:
        channels = net.shapes[x][1]
        return net.like("PRelu", [x, net.weight([channels] + [1] * (len(net.shapes[x]) - 2))])
    if kind == 12:
        return net.like("Mul", net.sides(x, net.like("Sigmoid", [net.like("Mul", net.sides(x, net.scalar(1.702)))])))
    if kind == 13:
        return net.like("Max", net.sides(x, net.scalar(0.0)))
    if kind == 14:
        return net.like("Min", [net.like("Max", [x, net.scalar(0.0)]), net.scalar(chance.choice([6.0, 1.0]))])
    return net.like(chance.choice(["Neg", "Abs", "Exp", "Sin"]), [net.like("Tanh", [x])])


def convolution(net, x):
    chance = net.chance
    n, channels, height, width = net.shapes[x]
    groups = chance.choice([group for group in (1, 1, 1, 2, channels) if channels % group == 0])
    made = groups * chance.choice([1, 2]) if groups == channels and channels > 1 else groups * chance.choice([1, 3, 8, 16, 20])
    kernel, stride = chance.choice([1, 1, 3, 3, 5, (1, 3), (3, 1), 2]), chance.choice([1, 1, 1, 2])
    kernel = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    pads = [size // 2 for size in kernel] * 2
    if chance.maybe(0.2):
        pads = [0, 0, 1, 1]
    total = list(pads)
    if chance.maybe(0.15):
        extra = [chance.randint(0, 2) for _ in range(4)]
        shape = [n, channels, height + extra[0] + extra[2], width + extra[1] + extra[3]]
        value = [] if chance.maybe(0.6) else [net.constant(numpy.float32(chance.choice([0.0, 0.0, 1.5])))]
        x = net.add("Pad", [x, net.constant(numpy.array([0, 0, extra[0], extra[1], 0, 0, extra[2], extra[3]]))] + value, shape)
        height, width = shape[2:]
    out = [(extent + total[axis] + total[axis + 2] - kernel[axis]) // stride + 1 for axis, extent in enumerate((height, width))]
    if min(out) < 1 or (height + total[0] + total[2] < kernel[0]) or (width + total[1] + total[3] < kernel[1]):
        return None
    inputs = [x, net.weight([made, channels // groups, *kernel])] + ([net.weight([made])] if chance.maybe() else [])
    y = net.add("Conv", inputs, [n, made, *out], pads=pads, strides=[stride, stride], group=groups, kernel_shape=list(kernel))
    if chance.maybe(0.4):
        y = normalisation(net, y)
    if chance.maybe(0.3):
        y = net.like(chance.choice(["Add", "Mul", "Sub"]), [y, net.weight([1, made, 1, 1] if chance.maybe(0.7) else [made, 1, 1])])
    if chance.maybe(0.15):
        y = net.like(chance.choice(["Mul", "Div", "Add"]), [y, net.scalar(1.5)])
    if chance.maybe(0.6):
        y = activation(net, y)
    return y


def normalisation(net, x):
    channels = net.shapes[x][1]
    return net.like("BatchNormalization", [x, net.weight([channels], 0.5, 2), net.weight([channels]), net.weight([channels]), net.weight([channels], 0.5, 2)])


def transposed(net, x):
    chance = net.chance
    n, channels, height, width = net.shapes[x]
    made, kernel = chance.choice([3, 8, 16]), chance.choice([2, 3, 4])
    if height * width > 150:
        return None
    y = net.add("ConvTranspose", [x, net.weight([channels, made, kernel, kernel])], [n, made, (height - 1) * 2 + kernel, (width - 1) * 2 + kernel], strides=[2, 2])
    return normalisation(net, y) if chance.maybe() else y


def pooled(net, x):
    chance = net.chance
    n, channels, height, width = net.shapes[x]
    kind = chance.choice(["MaxPool", "AveragePool", "GlobalAveragePool", "ReduceMean", "GlobalMaxPool", "same"])
    if kind == "same":
        return net.like("MaxPool", [x], kernel_shape=[5, 5], pads=[2, 2, 2, 2])
    if kind == "ReduceMean":
        if net.opset >= 18:
            return net.add(kind, [x, net.constant(numpy.array([2, 3]))], [n, channels, 1, 1])
        return net.add(kind, [x], [n, channels, 1, 1], axes=[2, 3])
    if kind.startswith("Global"):
        return net.add(kind, [x], [n, channels, 1, 1])
    if min(height, width) < 2:
        return None
    return net.add(kind, [x], [n, channels, (height - 2) // 2 + 1, (width - 2) // 2 + 1], kernel_shape=[2, 2], strides=[2, 2])


def summed(net, x):
    chance = net.chance
    same = [name for name, shape in net.shapes.items() if shape == net.shapes[x]]
    other = chance.choice(same)
    y = net.like(chance.choice(["Add", "Add", "Add", "Mul", "Sub", "Max"]), net.sides(x, other))
    return net.like("Relu", [y]) if chance.maybe(0.4) else y


def excited(net, x):
    """Squeeze and excitation: a gate per channel."""
    n, channels, *_ = net.shapes[x]
    gate = net.add("GlobalAveragePool", [x], [n, channels, 1, 1])
    gate = net.add("Conv", [gate, net.weight([channels, channels, 1, 1])], [n, channels, 1, 1])
    gate = net.like(net.chance.choice(["Sigmoid", "HardSigmoid"]), [gate])
    return net.like("Mul", [x, gate]) if net.chance.maybe(0.7) else net.add("Mul", [gate, x], net.shapes[x])


def joined(net, x):
    chance = net.chance
    shape = net.shapes[x]
    axis = chance.choice([1, 1, 1, len(shape) - 1])
    mates = [name for name, other in net.shapes.items() if len(other) == len(shape) and all(a == b for i, (a, b) in enumerate(zip(other, shape)) if i != axis)]
    parts = [x] + [chance.choice(mates) for _ in range(chance.randint(1, 3))]
    chance.shuffle(parts)
    total = sum(net.shapes[part][axis] for part in parts)
    if total > 160:
        return None
    return net.add("Concat", parts, [total if i == axis else extent for i, extent in enumerate(shape)], axis=axis - (len(shape) if chance.maybe(0.3) else 0))


def parted(net, x):
    chance = net.chance
    shape = net.shapes[x]
    axis = chance.choice([1, 1, len(shape) - 1])
    if shape[axis] < 2:
        return None
    first = chance.choice([shape[axis] // 2, chance.randint(1, shape[axis] - 1)])
    sizes = [first, shape[axis] - first]
    if chance.maybe():
        names = net.add("Split", [x, net.constant(numpy.array(sizes))], shape, outputs=2, axis=axis)
        for name, size in zip(names, sizes):
            net.shapes[name][axis] = size
        return chance.choice(names)
    start = chance.choice([0, first])
    size = sizes[0] if start == 0 else sizes[1]
    inputs = [x] + [net.constant(numpy.array([value])) for value in (start, start + size, axis)]
    return net.add("Slice", inputs, [size if i == axis else extent for i, extent in enumerate(shape)])


def resized(net, x):
    n, channels, height, width = net.shapes[x]
    if height * width > 100:
        return None
    mode = net.chance.choice(["nearest", "linear"])
    transform = "asymmetric" if mode == "nearest" else net.chance.choice(["half_pixel", "align_corners"])
    rounding = {"nearest_mode": "floor"} if mode == "nearest" else {}
    return net.add("Resize", [x, "", net.constant(numpy.array([1, 1, 2, 2], numpy.float32))], [n, channels, height * 2, width * 2], mode=mode,
                   coordinate_transformation_mode=transform, **rounding)


def shuffled(net, x):
    """Channel shuffle, or a rearrangement and its opposite."""
    n, channels, height, width = net.shapes[x]
    if channels % 2 or net.chance.maybe(0.3):
        back = net.add("Transpose", [x], [n, height, width, channels], perm=[0, 2, 3, 1])
        if net.chance.maybe(0.5):
            back = net.like("Sigmoid", [back])
        return net.add("Transpose", [back], [n, channels, height, width], perm=[0, 3, 1, 2])
    wide = net.add("Reshape", [x, net.constant(numpy.array([n, 2, channels // 2, height, width]))], [n, 2, channels // 2, height, width])
    turned = net.add("Transpose", [wide], [n, channels // 2, 2, height, width], perm=[0, 2, 1, 3, 4])
    return net.add("Reshape", [turned, net.constant(numpy.array([n, -1, height, width]))], [n, channels, height, width])


def tokens(net, x):
    n, channels, height, width = net.shapes[x]
    flat = net.add("Reshape", [x, net.constant(numpy.array([n, channels, -1]))], [n, channels, height * width])
    return net.add("Transpose", [flat], [n, height * width, channels], perm=[0, 2, 1])


def linear(net, x, made=None):
    *front, inner = net.shapes[x]
    made = made or net.chance.choice([4, 8, 16, 24])
    y = net.add("MatMul", [x, net.weight([inner, made])], front + [made])
    return net.like("Add", net.sides(y, net.weight([made]))) if net.chance.maybe(0.7) else y


def layer_normalisation(net, x):
    chance = net.chance
    width = net.shapes[x][-1]
    if chance.maybe(0.3):
        return net.like("LayerNormalization", [x, net.weight([width]), net.weight([width])], epsilon=1e-5)
    lead = net.shapes[x][:-1] + [1]

    def mean(value):
        if net.opset >= 18:
            return net.add("ReduceMean", [value, net.constant(numpy.array([-1]))], lead)
        return net.add("ReduceMean", [value], lead, axes=[-1])

    centred = net.like("Sub", [x, mean(x)])
    square = net.like("Pow", [centred, net.scalar(2.0)]) if chance.maybe(0.7) else net.like("Mul", [centred, centred])
    spread = net.like("Sqrt", [net.like("Add", [mean(square), net.constant(numpy.float32(1e-5))])])
    y = net.like("Div", [centred, spread])
    if chance.maybe(0.8):
        y = net.like("Mul", [y, net.weight([width])])
        if chance.maybe(0.8):
            y = net.like("Add", [y, net.weight([width])])
    return y


def attention(net, x):
    chance = net.chance
    n, count, width = net.shapes[x]
    heads = chance.choice([1, 2, 4])
    if width % heads or count > 80:
        return None
    size = width // heads

    def split(value, order):
        wide = net.add("Reshape", [value, net.constant(numpy.array([n, -1, heads, size]))], [n, count, heads, size])
        shape = [n, count, heads, size]
        return net.add("Transpose", [wide], [shape[axis] for axis in order], perm=order)

    projected = []
    for _ in range(3):
        projected.append(linear(net, x, width))
    query = split(projected[0], [0, 2, 1, 3])
    if chance.maybe():
        key = split(projected[1], [0, 2, 3, 1])
    else:
        key = net.add("Transpose", [split(projected[1], [0, 2, 1, 3])], [n, heads, size, count], perm=[0, 1, 3, 2])
    value = split(projected[2], [0, 2, 1, 3])
    way = chance.choice(["after", "before", "both", "none"])
    if way == "before":
        query = net.like("Mul", [query, net.scalar(size ** -0.5)])
    if way == "both":
        query, key = net.like("Mul", [query, net.scalar(size ** -0.25)]), net.like("Mul", [key, net.scalar(size ** -0.25)])
    scores = net.add("MatMul", [query, key], [n, heads, count, count])
    if way == "after":
        scores = net.like(*(("Div", [scores, net.scalar(size ** 0.5)]) if chance.maybe() else ("Mul", [scores, net.scalar(size ** -0.5)])))
    if chance.maybe(0.3):
        shape = chance.choice([[1, 1, count, count], [1, heads, count, count], [count, count], [n, 1, 1, count]])
        scores = net.like("Add", [scores, net.weight(shape, -2, 2)])
    shares = net.like("Softmax", [scores], axis=chance.choice([-1, 3]))
    mixed = net.add("MatMul", [shares, value], [n, heads, count, size])
    turned = net.add("Transpose", [mixed], [n, count, heads, size], perm=[0, 2, 1, 3])
    flat = net.add("Reshape", [turned, net.constant(numpy.array([n, -1, width]))], [n, count, width])
    return linear(net, flat, width) if chance.maybe() else flat


def quantised(net, x):
    """The value through eight bits and back."""
    chance = net.chance
    dtype = chance.choice(["uint8", "uint8", "int8"])
    zero = chance.choice([128, 100, 0]) - (128 if dtype == "int8" else 0)
    scale, offset = net.constant(numpy.float32(chance.choice([0.02, 0.05]))), net.constant(numpy.array(zero, dtype))
    bytes_ = net.like("QuantizeLinear", [x, scale, offset])
    shape = net.shapes.pop(bytes_)
    y = net.add("DequantizeLinear", [bytes_, scale, offset], shape)
    return y


def quantised_convolution(net, x):
    chance = net.chance
    n, channels, height, width = net.shapes[x]
    x = quantised(net, x)
    made, size = chance.choice([3, 8, 16, 20]), chance.choice([1, 3])
    groups = 1
    if chance.maybe(0.3):
        groups = made = channels
    weights = net.constant(chance.array([made, channels // groups, size, size], "int8", -40, 40))
    each = chance.maybe()
    scale = net.constant(chance.array([made] if each else [], "float32", 0.001, 0.01))
    zero = net.constant(numpy.zeros([made] if each else [], numpy.int8))
    w = net.add("DequantizeLinear", [weights, scale, zero], [made, channels // groups, size, size], **({"axis": 0} if each else {}))
    del net.shapes[w]
    y = net.add("Conv", [x, w] + ([net.weight([made])] if chance.maybe() else []), [n, made, height, width], pads=[size // 2] * 4, group=groups)
    if chance.maybe():
        y = activation(net, y)
    return quantised(net, y) if chance.maybe(0.8) else y


def branched(net, x):
    """One of two bodies, both of which read values of the graph around them; sometimes known beforehand which."""
    chance, shape = net.chance, net.shapes[x]
    other = chance.choice([name for name, mate in net.shapes.items() if mate == shape])
    if chance.maybe(0.3):
        condition = net.constant(numpy.array(chance.maybe()))
    else:
        total = net.add("ReduceMax", [x], [], keepdims=0)
        condition = net.add("Greater", [total, net.constant(numpy.float32(chance.uniform(-1, 2)))], [])
        del net.shapes[total], net.shapes[condition]
    name = f"b{len(net.nodes)}"

    def body(side, nodes):
        return helper.make_graph(nodes, side, [], [helper.make_tensor_value_info(nodes[-1].output[0], 1, None)])

    first = [helper.make_node("Sigmoid", [x], [f"{name}_g"]), helper.make_node("Mul", [x, f"{name}_g"], [f"{name}_t"])]
    second = [helper.make_node(chance.choice(["Add", "Max"]), [x, other], [f"{name}_e"])]
    return net.add("If", [condition], shape, then_branch=body("then", first), else_branch=body("else", second))


def repeated(net, x):
    """A loop that carries one value and reads another from outside."""
    chance, shape = net.chance, net.shapes[x]
    other = chance.choice([name for name, mate in net.shapes.items() if mate == shape])
    name = f"l{len(net.nodes)}"
    nodes = [helper.make_node("Add", [f"{name}_c", other], [f"{name}_s"]), helper.make_node("Tanh", [f"{name}_s"], [f"{name}_n"]),
             helper.make_node("Identity", [f"{name}_k"], [f"{name}_m"])]
    info = helper.make_tensor_value_info
    body = helper.make_graph(nodes, "body", [info(f"{name}_i", 7, []), info(f"{name}_k", 9, []), info(f"{name}_c", 1, None)],
                             [info(f"{name}_m", 9, []), info(f"{name}_n", 1, None)])
    return net.add("Loop", [net.constant(numpy.array(chance.randint(1, 3))), net.constant(numpy.array(True)), x], shape, body=body)


RARE = [pooled, transposed, excited, resized, shuffled, normalisation, tokens, branched, repeated]
PICTURES = [convolution] * 8 + [activation] * 3 + [summed] * 3 + [joined] * 2 + [parted] * 2 + RARE
SEQUENCES = [linear] * 3 + [activation] * 2 + [summed] * 3 + [layer_normalisation] * 3 + [attention] * 3 + [joined, parted, branched, repeated]
BYTES = [quantised_convolution] * 6 + [quantised] * 2


def build(chance, with_bytes):
    net = Network(chance, chance.choice([15, 17, 18, 20]))
    for _ in range(chance.randint(1, 2)):
        if chance.maybe(0.75) or with_bytes:
            net.feed([chance.choice([1, 1, 2]), chance.choice([1, 3, 8, 16, 20]), chance.randint(2, 14), chance.randint(2, 14)])
        else:
            net.feed([chance.choice([1, 1, 2]), chance.randint(1, 20), chance.choice([4, 8, 16])])
    for _ in range(chance.randint(3, 14)):
        rank = chance.choice([3, 4])
        x = net.pick(rank)
        if x is not None:
            table = (PICTURES + (BYTES if with_bytes else [])) if rank == 4 else SEQUENCES
            chance.choice(table)(net, x)
    ends = [name for name in net.shapes if name.startswith("v") and not net.reads.get(name)]
    middle = [name for name in net.shapes if name.startswith("v") and net.reads.get(name)]
    outputs = ends + chance.sample(middle, min(len(middle), chance.choice([0, 0, 1, 2])))
    if not outputs:
        return None, None
    chance.shuffle(outputs)
    graph = helper.make_graph(net.nodes, "random", net.inputs, [onnx.ValueInfoProto(name=name) for name in outputs], net.weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", net.opset)], ir_version=9), net.fed
