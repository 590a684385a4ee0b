"""Networks: the ONNX project's operator tests with damage that keeps them ONNX, then damage at byte level."""
import copy
import pathlib

import numpy
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from damage import FLOATS, INTEGERS, STRINGS, spoil

LARGEST_SEED = 200_000


class Maker:
    def __init__(self, folder, program):
        data = pathlib.Path(onnx.__file__).parent / "backend" / "test" / "data"
        self.seeds = sorted(path for path in data.glob("*/*/model.onnx") if path.stat().st_size < LARGEST_SEED)
        if not self.seeds:
            raise SystemExit("this onnx package does not carry the operator tests: install onnx==1.16.2")
        self.operators = sorted({schema.name for schema in onnx.defs.get_all_schemas() if not schema.domain})

    def trial(self, chance, folder):
        seed = chance.choice(self.seeds)
        model = onnx.load(seed)
        arguments = self.inputs(seed, model, folder)
        if chance.random() < 0.8:
            for _ in range(chance.randint(1, 4)):
                chance.choice(self.changes)(self, chance, model)
            data = model.SerializeToString()
        else:
            data = spoil(seed.read_bytes(), chance)
        (folder / "model.onnx").write_bytes(data)
        runs = [["infer", "model.onnx", *arguments, "--output-dir", "out"]]
        runs.append(chance.choice([["bench", "model.onnx", "--once", "--json"], ["models", "check", "./model.onnx"],
                                   ["models", "show", "./model.onnx"]]))
        return runs

    @staticmethod
    def inputs(seed, model, folder):
        """The test's own inputs as .npy, and the options that name them."""
        options = []
        names = [value.name for value in model.graph.input]
        for index, name in enumerate(names):
            stored = seed.parent / "test_data_set_0" / f"input_{index}.pb"
            if not stored.is_file():
                continue
            try:
                array = numpy_helper.to_array(onnx.load_tensor(str(stored)))
                numpy.save(folder / f"{index}.npy", array, allow_pickle=False)
            except Exception:  # sequences and optional values: the run is refused for the missing input
                continue
            options += ["--input", f"{name}={index}.npy"]
        return options

    # Changes. Each takes (self, chance, model) and may leave the model as it is.

    @staticmethod
    def graphs(model):
        """The graph, the bodies in its nodes and the functions' nodes' bodies."""
        waiting, found = [model.graph], []
        while waiting:
            graph = waiting.pop()
            found.append(graph)
            for node in graph.node:
                for attribute in node.attribute:
                    if attribute.type == AttributeProto.GRAPH:
                        waiting.append(attribute.g)
                    waiting.extend(attribute.graphs)
        return found

    def any_node(self, chance, model):
        nodes = [node for graph in self.graphs(model) for node in graph.node]
        return chance.choice(nodes) if nodes else None

    def declared_shape(self, chance, model):
        graph = chance.choice(self.graphs(model))
        values = [*graph.input, *graph.output, *graph.value_info]
        if not values:
            return
        value = chance.choice(values)
        dims = value.type.tensor_type.shape.dim
        action = chance.randrange(4)
        if action == 0 or not dims:
            added = dims.add()
            added.dim_value = chance.choice(INTEGERS)
        elif action == 1:
            del dims[chance.randrange(len(dims))]
        elif action == 2:
            chance.choice(dims).dim_value = chance.choice(INTEGERS)
        else:
            for dim in dims:
                dim.dim_value = chance.choice([1 << 20, 1 << 31, 3])

    def declared_type(self, chance, model):
        graph = chance.choice(self.graphs(model))
        values = [*graph.input, *graph.output, *graph.value_info]
        if values:
            chance.choice(values).type.tensor_type.elem_type = chance.choice([0, 1, 2, 6, 7, 8, 9, 10, 11, 16, 17, 21, 22, 99])

    def attribute(self, chance, model):
        node = self.any_node(chance, model)
        if node is None or not node.attribute:
            return
        attribute = chance.choice(node.attribute)
        if chance.random() < 0.15:
            node.attribute.remove(attribute)
        elif attribute.type == AttributeProto.INT:
            attribute.i = chance.choice(INTEGERS)
        elif attribute.type == AttributeProto.FLOAT:
            attribute.f = chance.choice(FLOATS)
        elif attribute.type == AttributeProto.STRING:
            attribute.s = chance.choice(STRINGS).encode("utf-8", "surrogatepass")
        elif attribute.type == AttributeProto.INTS and attribute.ints:
            self.change_list(chance, attribute.ints, INTEGERS)
        elif attribute.type == AttributeProto.FLOATS and attribute.floats:
            self.change_list(chance, attribute.floats, FLOATS)
        elif attribute.type == AttributeProto.TENSOR:
            self.change_tensor(chance, attribute.t)

    @staticmethod
    def change_list(chance, values, choices):
        action = chance.randrange(4)
        if action == 0:
            values[chance.randrange(len(values))] = chance.choice(choices)
        elif action == 1:
            del values[chance.randrange(len(values))]
        elif action == 2:
            values.append(chance.choice(choices))
        else:
            values.extend([chance.choice(choices)] * 1000)

    @staticmethod
    def change_tensor(chance, tensor):
        action = chance.randrange(7)
        if action == 0 and tensor.dims:
            tensor.dims[chance.randrange(len(tensor.dims))] = chance.choice(INTEGERS)
        elif action == 1:
            tensor.dims.append(chance.choice(INTEGERS))
        elif action == 2:
            tensor.data_type = chance.randrange(0, 25)
        elif action == 3 and tensor.raw_data:
            tensor.raw_data = spoil(tensor.raw_data, chance)
        elif action == 4:
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value=chance.choice(["w.bin", "/dev/zero", "../w.bin", "", "model.onnx"]))
            tensor.external_data.add(key="offset", value=str(chance.choice(INTEGERS)))
            tensor.external_data.add(key="length", value=str(chance.choice(INTEGERS)))
        else:
            # The same type and shape with other values: shapes, axes, starts, trip counts.
            try:
                array = numpy_helper.to_array(tensor).copy()
            except Exception:
                return
            if array.size and array.dtype.kind in "iuf":
                choices = FLOATS if array.dtype.kind == "f" else INTEGERS
                with numpy.errstate(all="ignore"):
                    value = numpy.array(chance.choice(choices)).astype(array.dtype)
                array.flat[chance.randrange(array.size)] = value
                tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))

    def initializer(self, chance, model):
        graph = chance.choice(self.graphs(model))
        if graph.initializer:
            self.change_tensor(chance, chance.choice(graph.initializer))
        elif graph.input:
            # An input becomes a constant of few bytes and many elements, or of few elements.
            value = chance.choice(graph.input)
            tensor = TensorProto(name=value.name, data_type=value.type.tensor_type.elem_type or 1,
                                 dims=[chance.choice(INTEGERS) for _ in range(chance.randrange(4))])
            tensor.raw_data = chance.randbytes(chance.choice([0, 4, 8, 64]))
            graph.initializer.append(tensor)

    def sparse(self, chance, model):
        """A sparse initializer of a huge dense shape."""
        graph = model.graph
        values = TensorProto(name=chance.choice([value.name for value in graph.input] or ["sparse"]), data_type=1, dims=[1])
        values.float_data.append(1)
        indices = TensorProto(name="", data_type=7, dims=[1])
        indices.int64_data.append(chance.choice(INTEGERS))
        made = graph.sparse_initializer.add()
        made.values.CopyFrom(values)
        made.indices.CopyFrom(indices)
        made.dims.extend(chance.choice(INTEGERS) for _ in range(chance.randint(1, 3)))

    def edges(self, chance, model):
        node = self.any_node(chance, model)
        if node is None:
            return
        graph = model.graph
        names = [value.name for value in graph.input] + [output for other in graph.node for output in other.output] + ["", "nothing"]
        action = chance.randrange(5)
        if action == 0 and node.input:
            node.input[chance.randrange(len(node.input))] = chance.choice(names)
        elif action == 1 and node.input:
            del node.input[chance.randrange(len(node.input))]
        elif action == 2:
            node.input.append(chance.choice(names))
        elif action == 3 and node.output:
            node.output[chance.randrange(len(node.output))] = chance.choice(names)
        else:
            node.output.append("more")

    def operator(self, chance, model):
        node = self.any_node(chance, model)
        if node is not None:
            node.op_type = chance.choice(self.operators)

    def opset(self, chance, model):
        for entry in model.opset_import:
            entry.version = chance.choice([0, 1, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 1 << 40, -1])

    def long_chain(self, chance, model):
        """The last output goes through many more nodes: some that double, some that only take time."""
        if not model.graph.output:
            return
        name = model.graph.output[0].name
        kind = chance.choice(["Identity", "Concat", "Add", "Tile", "Neg"])
        count = chance.choice([3, 30, 64, 3000])
        for step in range(count):
            made = f"chain_{step}"
            inputs = [name, name] if kind in ("Concat", "Add") else [name]
            attributes = {"axis": 0} if kind == "Concat" else {}
            if kind == "Tile":
                repeats = f"repeats_{step}"
                model.graph.initializer.append(numpy_helper.from_array(numpy.array([4], numpy.int64), repeats))
                inputs.append(repeats)
            model.graph.node.append(helper.make_node(kind, inputs, [made], **attributes))
            name = made
        model.graph.output[0].name = name
        model.graph.output[0].ClearField("type")

    def large_constant(self, chance, model):
        """A shape from a constant, made real by an operator, in front of what the network does."""
        shape = [chance.choice([1, 7, 1000, 1 << 20, 1 << 31, 1 << 40, -1]) for _ in range(chance.randint(1, 4))]
        model.graph.initializer.append(numpy_helper.from_array(numpy.array(shape, numpy.int64), "large_shape"))
        kind = chance.choice(["ConstantOfShape", "Expand", "RandomNormal", "Range"])
        if kind == "ConstantOfShape":
            node = helper.make_node(kind, ["large_shape"], ["large"])
        elif kind == "Expand":
            model.graph.initializer.append(numpy_helper.from_array(numpy.ones([1], numpy.float32), "one_value"))
            node = helper.make_node(kind, ["one_value", "large_shape"], ["large"])
        elif kind == "RandomNormal":
            node = helper.make_node(kind, [], ["large"], shape=shape)
        else:
            for name, value in (("begin", 0), ("end", chance.choice(INTEGERS)), ("delta", chance.choice(INTEGERS))):
                model.graph.initializer.append(numpy_helper.from_array(numpy.array(value if value < 1 << 63 else 1, numpy.int64), name))
            node = helper.make_node(kind, ["begin", "end", "delta"], ["large"])
        model.graph.node.insert(0, node)
        model.graph.output.append(helper.make_empty_tensor_value_info("large"))

    def in_loop(self, chance, model):
        """The whole graph becomes the body of a Loop of many turns whose outputs are collected."""
        graph = model.graph
        if not graph.output or any(node.op_type == "Loop" for node in graph.node):
            return
        body = onnx.GraphProto(name="body")
        body.node.extend(copy.deepcopy(list(graph.node)))
        body.initializer.extend(graph.initializer)
        body.input.extend([helper.make_tensor_value_info("turn", TensorProto.INT64, []),
                           helper.make_tensor_value_info("going", TensorProto.BOOL, [])])
        body.node.append(helper.make_node("Identity", ["going"], ["goes_on"]))
        body.output.append(helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []))
        body.output.append(copy.deepcopy(graph.output[0]))
        turns = chance.choice([0, 1, 1000, 1 << 31, (1 << 63) - 1, -1])
        del graph.node[:]
        graph.initializer.append(numpy_helper.from_array(numpy.array(turns, numpy.int64), "turns"))
        graph.node.append(helper.make_node("Loop", ["turns", ""], ["collected"], body=body))
        del graph.output[:]
        graph.output.append(helper.make_empty_tensor_value_info("collected"))

    def functions(self, chance, model):
        """Functions that call the next one several times each: 2^depth nodes once inlined; or one that calls itself."""
        depth, calls = chance.choice([(3, 2), (12, 2), (30, 2), (60, 3), (1000, 1)])
        circle = chance.random() < 0.2
        for level in range(depth):
            function = model.functions.add(name=f"f{level}", domain="made")
            function.input.append("x")
            function.output.append("y")
            function.opset_import.extend([helper.make_opsetid("", 17), helper.make_opsetid("made", 1)])
            value = "x"
            last = level == depth - 1 and not circle
            for call in range(calls):
                made = "y" if call == calls - 1 else f"v{call}"
                following = f"f{(level + 1) % depth}"
                function.node.append(helper.make_node("Neg" if last else following, [value], [made], domain="" if last else "made"))
                value = made
        model.opset_import.append(helper.make_opsetid("made", 1))
        if model.graph.output:
            name = model.graph.output[0].name
            model.graph.node.append(helper.make_node("f0", [name], ["called"], domain="made"))
            model.graph.output.append(helper.make_empty_tensor_value_info("called"))

    def text(self, chance, model):
        """Strings that double."""
        model.graph.initializer.append(helper.make_tensor("words", TensorProto.STRING, [2], [b"a" * 1000, b"b"]))
        name = "words"
        for step in range(chance.choice([2, 20, 40, 80])):
            model.graph.node.append(helper.make_node("StringConcat", [name, name], [f"words_{step}"]))
            name = f"words_{step}"
        model.graph.output.append(helper.make_empty_tensor_value_info(name))
        for entry in model.opset_import:
            if entry.domain == "":
                entry.version = 20

    changes = [declared_shape, declared_type, attribute, attribute, attribute, initializer, initializer, sparse, edges, edges,
               operator, operator, opset, long_chain, large_constant, in_loop, functions, text]
