"""TOML: manifests, pipelines and the configuration; and themes, which are no TOML. Damaged text and text made from the grammar."""
import pathlib

from PIL import Image

import small_networks
from damage import INTEGERS, STRINGS, spoil

MANIFEST = """file = "m.onnx"
task = "detection"
labels = ["person", "robot", "forklift", "pallet"]
decoder = "yolov8"
[input]
color = "RGB"
scale = "1/255"
mean = [0, 0, 0]
std = [1, 1, 1]
resize = "letterbox"
pad = 114
[thresholds]
confidence = 0.35
iou = 0.5
"""
PIPELINE = """merge = "class"
[[stage]]
id = "people"
model = "./m.onnx"
classes = ["person"]
min_confidence = 0.5
max_hz = 10
[[stage]]
model = "./c.onnx"
of = ["people"]
max_crops = 8
new_tracks_only = true
margin = 0.2
[[stage]]
kind = "tracker"
[[stage]]
kind = "motion"
every = 2
"""
KEYS = ["file", "task", "labels", "decoder", "input", "color", "scale", "mean", "std", "resize", "pad", "thresholds", "confidence", "iou",
        "stage", "id", "kind", "model", "of", "classes", "min_confidence", "max_hz", "every", "merge", "margin", "max_crops", "name",
        "sequence", "length", "features", "chain", "engine", "activation", "dashboard", "theme", "health", "frozen", "recording"]


class Maker:
    def __init__(self, folder, program):
        root = pathlib.Path(program.path).parent
        while root != root.parent and not (root / "themes").is_dir():
            root = root.parent
        self.themes = [path.read_bytes() for path in sorted((root / "themes").glob("*.theme"))]
        folder.mkdir(parents=True)
        self.configuration = program.run(["run", "--default-config"], folder).output

    def trial(self, chance, folder):
        Image.new("RGB", (64, 48), (90, 140, 60)).save(folder / "p.png")
        small_networks.detector(folder / "m.onnx")
        small_networks.classifier(folder / "c.onnx")
        return chance.choice([self.manifest, self.pipeline, self.user_configuration, self.theme])(chance, folder)

    def text(self, chance, seed):
        """Damaged text of the seed, or text made from the grammar after it."""
        kind = chance.random()
        if kind < 0.4:
            return spoil(seed, chance)
        lines = seed.decode().splitlines()
        if kind < 0.8:
            for _ in range(chance.randint(1, 4)):
                position = chance.randrange(len(lines) + 1)
                lines.insert(position, self.line(chance))
                if chance.random() < 0.5 and lines:
                    key = lines.pop(chance.randrange(len(lines))).split("=")[0].strip()
                    lines.insert(min(position, len(lines)), f"{key or 'x'} = {self.value(chance, 3)}")
        else:
            lines += self.many(chance)
        return "\n".join(lines).encode("utf-8", "surrogatepass")

    @staticmethod
    def many(chance):
        """A hundred thousand of one thing."""
        count = chance.choice([1000, 30_000, 100_000])
        return chance.choice([
            lambda: [f"[t{index}]" for index in range(count)],
            lambda: [f"[[stage]]\nkind = \"motion\"\nid = \"m{index}\"" for index in range(count)],
            lambda: [f"key{index} = 1" for index in range(count)],
            lambda: ["[a" + ".a" * count + "]"],
            lambda: ["x = " + "[" * count],
            lambda: ["x = " + "{a=" * count],
            lambda: ["labels = [" + "\"l\"," * count + "]"],
            lambda: ["x = \"" + "\\u0041" * count + "\""],
            lambda: ["x = " + "9" * count],
            lambda: ["[[a]]\n[a.b]\nc = 1"] * count,
        ])()

    def line(self, chance):
        kind = chance.randrange(5)
        key = chance.choice(KEYS)
        if kind == 0:
            return f"[{key}]"
        if kind == 1:
            return f"[[{key}]]"
        if kind == 2:
            return f"{key}.{chance.choice(KEYS)} = {self.value(chance, 3)}"
        return f"{key} = {self.value(chance, 3)}"

    def value(self, chance, depth):
        kind = chance.randrange(10 if depth else 7)
        if kind == 0:
            return str(chance.choice(INTEGERS))
        if kind == 1:
            return chance.choice(["inf", "-inf", "nan", "1e999", "-1e-999", "0x7fffffffffffffff", "1_000", "0.5", "1e300", "5e-324"])
        if kind == 2:
            return chance.choice(["true", "false", "1979-05-27T07:32:00Z", "07:32:00", "+", "'''", '"""'])
        if kind in (3, 4):
            body = chance.choice(STRINGS).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\0", "\\u0000").replace("\x1b", "\\u001b")
            return f'"{body}"'
        if kind == 5:
            return "'" + chance.choice(["", "a", "\\", "../x", "/dev/zero"]) + "'"
        if kind == 6:
            return chance.choice(['"1/255"', '"letterbox"', '"yolov8"', '"m"', '"./m.onnx"', '"./c.onnx"'])
        if kind == 7:
            return "{" + ", ".join(f"{chance.choice(KEYS)} = {self.value(chance, depth - 1)}" for _ in range(chance.randrange(4))) + "}"
        return "[" + ", ".join(self.value(chance, depth - 1) for _ in range(chance.randrange(6))) + "]"

    def manifest(self, chance, folder):
        (folder / "m.toml").write_bytes(self.text(chance, MANIFEST.encode()))
        return [["detect", "p.png", "--model", "./m.onnx", "--json"],
                chance.choice([["models", "check", "./m.onnx"], ["models", "show", "./m.onnx"]])]

    def pipeline(self, chance, folder):
        (folder / "line.toml").write_bytes(self.text(chance, PIPELINE.encode()))
        return [["run", "--headless", "--json", "--frames", "2", "--source", "p.png", "--pipeline", "line.toml"]]

    def user_configuration(self, chance, folder):
        (folder / "config" / "ocellus").mkdir(parents=True)
        seed = self.configuration + chance.choice([b"", PIPELINE.encode()])
        (folder / "config" / "ocellus" / "config.toml").write_bytes(self.text(chance, seed))
        return [["run", "--headless", "--json", "--frames", "2", "--source", "p.png", "--model", "./m.onnx"], ["doctor"]]

    def theme(self, chance, folder):
        (folder / "config" / "ocellus" / "themes").mkdir(parents=True)
        (folder / "config" / "ocellus" / "themes" / "mine.theme").write_bytes(spoil(chance.choice(self.themes), chance, 12))
        return [["themes"]]
