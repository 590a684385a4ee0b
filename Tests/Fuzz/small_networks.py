"""Small networks for trials whose subject is not the network."""
import numpy
from onnx import TensorProto, helper, numpy_helper, save


def constant(path, outputs, side=32, metadata=None, input_name="images"):
    """Writes a network whose outputs, {name: array}, are the same for every picture. Its input is [1, 3, side, side]."""
    nodes, infos, initializers = [], [], []
    for name, value in outputs.items():
        initializers.append(numpy_helper.from_array(value, f"{name}_value"))
        nodes.append(helper.make_node("Identity", [f"{name}_value"], [name]))
        infos.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), list(value.shape)))
    graph = helper.make_graph(
        nodes, "constant", [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, [1, 3, side, side])], infos, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if metadata:
        helper.set_model_props(model, metadata)
    save(model, path)


def detector(path, classes=4, metadata=None):
    """A detector of YOLOv8's shape that sees two objects."""
    rows = numpy.zeros([1, 4 + classes, 21], numpy.float32)
    rows[0, :4, 0] = [16, 16, 10, 10]
    rows[0, :4, 1] = [8, 8, 6, 6]
    rows[0, 4, 0], rows[0, 5, 1] = 0.9, 0.8
    constant(path, {"output0": rows}, metadata=metadata)


def classifier(path, classes=5, metadata=None):
    constant(path, {"logits": numpy.linspace(-2, 3, classes, dtype=numpy.float32).reshape(1, classes)}, metadata=metadata)
