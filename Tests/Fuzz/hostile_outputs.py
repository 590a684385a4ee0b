"""Networks whose answers are legal and absurd, through every way in which answers leave the program.

Each family of decoders has its outputs here by shape; their values are what breaks conversions and comparisons.
"""
import numpy
from PIL import Image

import small_networks
from damage import FLOATS

# name: ({output: shape}, metadata). Shapes for an input of 32x32.
ULTRALYTICS = {"stride": "32", "names": "{0: 'a', 1: 'b'}", "imgsz": "[32, 32]"}
FAMILIES = {
    "yolov8": ({"output0": [1, 6, 21]}, {**ULTRALYTICS, "task": "detect", "description": "YOLOv8n"}),
    "yolov8-seg": ({"output0": [1, 38, 21], "output1": [1, 32, 8, 8]}, {**ULTRALYTICS, "task": "segment", "description": "YOLOv8n-seg"}),
    "yolov8-pose": ({"output0": [1, 57, 21]}, {**ULTRALYTICS, "task": "pose", "kpt_shape": "[17, 3]", "description": "YOLOv8n-pose"}),
    "yolov8-obb": ({"output0": [1, 7, 21]}, {**ULTRALYTICS, "task": "obb", "description": "YOLOv8n-obb"}),
    "end-to-end": ({"output0": [1, 300, 6]}, {**ULTRALYTICS, "task": "detect", "description": "YOLOv10n"}),
    "end-to-end-obb": ({"output0": [1, 300, 7]}, {**ULTRALYTICS, "task": "obb", "description": "YOLO26n-obb"}),
    "yolov5": ({"output": [1, 63, 7]}, {}),
    "detr": ({"logits": [1, 100, 6], "pred_boxes": [1, 100, 4]}, {}),
    "detections": ({"boxes": [20, 4], "labels": [20], "scores": [20]}, {}),
    "retinaface": ({"loc": [1, 42, 4], "conf": [1, 42, 2], "landms": [1, 42, 10]}, {}),
    "scored-boxes": ({"scores": [1, 300, 2], "boxes": [1, 300, 4]}, {}),
    "simcc": ({"simcc_x": [1, 17, 64], "simcc_y": [1, 17, 64]}, {}),
    "movenet": ({"output_0": [1, 1, 17, 3]}, {}),
    "pose-heatmaps": ({"output": [1, 17, 8, 8]}, {}),
    "segmentation": ({"logits": [1, 7, 16, 16]}, {}),
    "semantic": ({"output0": [1, 32, 32]}, {**ULTRALYTICS, "task": "semantic", "description": "YOLO26n-sem"}),
    "depth": ({"predicted_depth": [1, 32, 32]}, {}),
    "classifier": ({"logits": [1, 5]}, {}),
    "classify": ({"output0": [1, 2]}, {**ULTRALYTICS, "task": "classify", "description": "YOLOv8n-cls"}),
    "embedding": ({"image_embeds": [1, 64]}, {}),
    "text-regions": ({"sigmoid_0.tmp_0": [1, 1, 32, 32]}, {}),
    "centernet": ({"hm": [1, 2, 8, 8], "wh": [1, 2, 8, 8], "reg": [1, 2, 8, 8]}, {}),
}
VALUES = [*FLOATS, 1e6, -1e6, 2.0**24, 2.0**31 - 128, -2.0**31, 2.0**53, 1e9, 5e8, 0.9, 0.5, 10.0, 20.0]


class Maker:
    def __init__(self, folder, program):
        pass

    def trial(self, chance, folder):
        family = chance.choice(sorted(FAMILIES))
        shapes, metadata = FAMILIES[family]
        model = "ch_ppocr_det.onnx" if family == "text-regions" else "m.onnx"
        small_networks.constant(
            folder / model, {name: self.values(chance, name, shape) for name, shape in shapes.items()}, metadata=metadata)
        Image.radial_gradient("L").resize((80, 60)).convert("RGB").save(folder / "p.png")
        options = ["--model", f"./{model}", "--confidence", chance.choice(["0.01", "0.3"])]
        target = chance.choice(["coco", "csv", "jsonl", "frames", "video"])
        run = ["run", "--headless", "--json", "--frames", "3", "--loop", "--source", "p.png", "--pace", "fast", *options, "--record", "recorded"]
        # The recording's name holds the time, so it is asked for when the commands after the first ones are made.
        yield ["detect", "p.png", *options, "--json", "--save", "saved"]
        yield ["detect", "p.png", *options]
        yield run
        for recording in sorted((folder / "recorded").glob("*.mcap")):
            yield ["export", str(recording), "--to", target, "--output", "out.mp4" if target == "video" else "out"]
            yield ["replay", str(recording), "--headless", "--json", "--speed", "0"]

    @staticmethod
    def values(chance, name, shape):
        count = int(numpy.prod(shape))
        way = chance.randrange(4)
        if way == 0:
            values = [chance.choice(VALUES)] * count
        elif way == 1:
            few = chance.sample(VALUES, 4)
            values = [chance.choice(few) for _ in range(count)]
        elif way == 2:
            values = [chance.choice(VALUES) for _ in range(count)]
        else:
            # Sensible numbers with some that are not.
            values = [chance.choice(VALUES) if chance.random() < 0.05 else chance.uniform(0, 32) for _ in range(count)]
        array = numpy.array(values, numpy.float64)
        if name == "labels":
            with numpy.errstate(all="ignore"):
                array = numpy.nan_to_num(array, nan=0, posinf=2.0**62, neginf=-2.0**62)
                return array.astype(numpy.int64).reshape(shape)
        with numpy.errstate(all="ignore"):
            return array.astype(numpy.float32).reshape(shape)
