#!/usr/bin/env python3
"""Splits the zoo's ssdlite320 into what comes before and what comes after the ranking of its scores.

    pip install numpy onnx onnxruntime
    Tests/Cross/split_detector.py ZOO        # the folder that materialize.py has filled

With seeded weights hundreds of its scores differ by rounding alone, so that the boxes it ends with hang on the last bit of
every score: two optimisation levels of ONNX Runtime differ by half of the picture. So the parts are compared: the heads
within the usual tolerance, and the post-processing on ONNX Runtime's own scores, where every box must be the same. This
writes ZOO/ssdlite320_heads and ZOO/ssdlite320_tail, which `OCELLUS_ZOO=ZOO swift test -c release --filter ZooTests` then finds.
"""
import os
import sys

import numpy
import onnx
import onnxruntime

SCORES, OFFSETS = "/Softmax_output_0", "/head/regression_head/Concat_12_output_0"


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def save(folder, inputs, outputs):
    for role, arrays in (("input", inputs), ("output", outputs)):
        for index, array in enumerate(arrays):
            numpy.save(f"{folder}/{role}_{index}.npy", array)


def main(zoo):
    whole = f"{zoo}/ssdlite320/model.onnx"
    graph = onnx.load(whole).graph
    image, results = graph.input[0].name, [output.name for output in graph.output]
    heads, tail = f"{zoo}/ssdlite320_heads", f"{zoo}/ssdlite320_tail"
    for folder in (heads, tail):
        os.makedirs(folder, exist_ok=True)
    onnx.utils.extract_model(whole, f"{heads}/model.onnx", [image], [SCORES, OFFSETS], check_model=False)
    onnx.utils.extract_model(whole, f"{tail}/model.onnx", [image, SCORES, OFFSETS], results, check_model=False)
    picture = numpy.load(f"{zoo}/ssdlite320/input_0.npy")
    scores, offsets = session(f"{heads}/model.onnx").run([SCORES, OFFSETS], {image: picture})
    save(heads, [picture], [scores, offsets])
    feeds = {image: picture, SCORES: scores, OFFSETS: offsets}
    second = session(f"{tail}/model.onnx")
    save(tail, [feeds[port.name] for port in second.get_inputs()], second.run(results, feeds))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
