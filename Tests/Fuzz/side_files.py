"""JSON beside networks (Hugging Face's configuration files), and the metadata inside them (Ultralytics' names)."""
import json

from PIL import Image

import small_networks
from damage import FLOATS, INTEGERS, STRINGS, spoil

CONFIGURATION = {"model_type": "vit", "architectures": ["ViTForImageClassification"], "num_labels": 5, "image_size": 32,
                 "id2label": {str(index): name for index, name in enumerate(["cat", "dog", "bird", "fish", "cow"])},
                 "label2id": {"cat": 0, "dog": 1}}
PREPROCESSING = {"do_resize": True, "size": {"height": 32, "width": 32}, "do_center_crop": False, "crop_size": {"height": 32, "width": 32},
                 "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5, 0.5, 0.5],
                 "image_std": [0.5, 0.5, 0.5], "crop_pct": 0.875, "image_processor_type": "ViTImageProcessor", "resample": 2}
NAMES = ["{0: 'a', 1: 'b', 2: \"c\", 3: 'd'}", "['a', 'b', 'c', 'd']", "{'0': 'a', 1: r'b', 2: 'c' 'd', 3: '\\u00e9\\x41\\N{DIGIT ONE}'}"]


class Maker:
    def __init__(self, folder, program):
        pass

    def trial(self, chance, folder):
        Image.new("RGB", (64, 48), (90, 140, 60)).save(folder / "p.png")
        commands = [["detect", "p.png", "--model", "./model.onnx", "--json"], ["models", "show", "./model.onnx"]]
        if chance.random() < 0.3:
            self.with_metadata(chance, folder)
            return commands
        small_networks.classifier(folder / "model.onnx")
        family = chance.choice(["vit", "convnext", "levit", "poolformer", "deit", "siglip", "", "x"])
        configuration = {**CONFIGURATION, "model_type": family}
        preprocessing = {**PREPROCESSING, "image_processor_type": chance.choice(["ConvNextImageProcessor", "LevitImageProcessor", "PoolFormerImageProcessor", "ViTImageProcessor"])}
        if chance.random() < 0.3:
            preprocessing = {"image_processor": preprocessing, "processor_class": "X"}
        for name, content in (("config.json", configuration), (chance.choice(["preprocessor_config.json", "processor_config.json"]), preprocessing)):
            (folder / name).write_bytes(self.damaged(chance, content))
        return commands

    def with_metadata(self, chance, folder):
        names = chance.choice(NAMES)
        if chance.random() < 0.7:
            names = spoil(names.encode(), chance).decode("utf-8", "replace")
        if chance.random() < 0.1:
            names = "{" + chance.choice(["[", "{0:", "(", "'"]) * 100_000
        if chance.random() < 0.1:
            names = "{" + ", ".join(f"{index}: 'n{index}'" for index in range(100_000)) + "}"
        values = {"names": names, "task": "detect", "stride": "32", "imgsz": "[32, 32]", "description": "YOLOv8"}
        for key in ("task", "stride", "imgsz", "kpt_shape"):
            if chance.random() < 0.2:
                values[key] = str(chance.choice([*STRINGS, *INTEGERS, "[1e400, 2]", "[[[["]))
        small_networks.detector(folder / "model.onnx", metadata=values)

    def damaged(self, chance, content):
        kind = chance.random()
        if kind < 0.3:
            return spoil(json.dumps(content).encode(), chance)
        if kind < 0.35:
            return b"[" * 200_000
        if kind < 0.4:
            return json.dumps({**content, "id2label": {str(index): "x" for index in range(200_000)}}).encode()
        for _ in range(chance.randint(0, 4)):
            content = self.changed(chance, content)
        return json.dumps(content).encode("utf-8", "surrogatepass")

    def changed(self, chance, content):
        if not isinstance(content, dict) or not content:
            return self.value(chance)
        content = dict(content)
        key = chance.choice(list(content))
        if chance.random() < 0.3 and isinstance(content[key], (dict, list)):
            content[key] = self.changed(chance, content[key])
        elif chance.random() < 0.1:
            del content[key]
        else:
            content[key] = self.value(chance)
        return content

    @staticmethod
    def value(chance):
        return chance.choice([None, True, [], {}, [[]], [1, "a", None], {"shortest_edge": 1}, {"height": -1, "width": 1 << 62},
                              chance.choice(INTEGERS), chance.choice(FLOATS), chance.choice(STRINGS)])
