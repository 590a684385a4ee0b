"""Writes a network's manifest and model card beside it, and checks the exported file against the trained one."""

import hashlib
import os
import platform

import numpy as np
import onnx
import onnxruntime

import scene
from crop_data import MARGIN
from sequence import LENGTH

FOLDER = os.path.dirname(os.path.abspath(__file__))


def check(path):
    """Loads the file with ONNX Runtime and runs it on noise; returns size and SHA-256."""
    onnx.checker.check_model(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    feed = session.get_inputs()[0]
    shape = [d if isinstance(d, int) else 1 for d in feed.shape]
    for out in session.run(None, {feed.name: np.random.default_rng(0).random(shape, np.float32)}):
        if not np.isfinite(out).all():
            raise SystemExit(f"{path}: not finite")
    with open(path, "rb") as file:
        data = file.read()
    if len(data) >= 2_000_000:
        raise SystemExit(f"{path}: {len(data)} bytes are more than the 2 MB allowed")
    return len(data), hashlib.sha256(data).hexdigest(), sum(
        int(np.prod(w.dims)) for w in onnx.load(path).graph.initializer)


def strings(values):
    return "[" + ", ".join(f'"{v}"' for v in values) + "]"


def write(path, suffix, text):
    with open(path[: -len(".onnx")] + suffix, "w") as file:
        file.write(text.strip() + "\n")


def manifest(path, task, sha256, labels, rest):
    write(path, ".toml", f"""
# Trained by models/training on the demo scene; see {os.path.basename(path)[:-5]}.md.
file = "{os.path.basename(path)}"
task = "{task}"
license = "MIT"
sha256 = "{sha256}"
labels = {strings(labels)}
{rest.strip()}
""")


def minutes(seconds):
    return f"{seconds / 60:.0f} minutes on one core of a shared {platform.machine()} machine"


LIMITS = """
## Limits
It knows only the hall that Ocellus renders (`--source demo`), in all its seeds, lights and noise. It is there so that the
first run needs neither camera nor download. On pictures of a real camera it finds nothing of use: take a real network.
"""


def detector(path, quality, held, frames, steps, seconds):
    size, sha256, weights = check(path)
    mean, strict, each = quality
    manifest(path, "detection", sha256, scene.CLASSES, """
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
""")
    rows = "\n".join(f"| {c} | {ap:.3f} | {recall:.3f} |" for c, (ap, recall) in each.items())
    write(path, ".md", f"""
# ocellus-detector
Finds the demo scene's {len(scene.CLASSES)} kinds of objects. Anchor-free, three scales (strides 8, 16, 32), input 256x192,
{weights} weights, {size} bytes, about 104 MFLOP a picture. Output `[1, 4 + {len(scene.CLASSES)}, 1008]`: centre, size in
input pixels, class probabilities.

## Quality on held-out seeds
{held} frames of 40 seeds that training never saw. An object counts when at least {scene.LEAST_VISIBILITY:.0%} of it shows and its box is at
least {scene.LEAST_PIXELS} pixels a side in a frame 640 wide; others are neither asked for nor punished.

**mAP50 {mean:.3f}**, mAP50-95 {strict:.3f} (101-point interpolation as COCO, suppression at 0.5 as in the manifest, `average_precision.py`).

| class | AP50 | recall |
|---|---|---|
{rows}

## Training
{frames} frames of 300 seeds rendered by `scene-dump`, {steps} steps of 16, task-aligned assignment, CIoU loss, AdamW,
running average of the weights; {minutes(seconds)}. `make train` in `models/training` repeats it, seeds are fixed.
{LIMITS}""")


def classifier(path, quality, held, count, steps, seconds):
    size, sha256, weights = check(path)
    overall, mean, each = quality
    manifest(path, "classification", sha256, scene.STATE_LABELS, f"""
decoder = "classifier"

[input]
color = "RGB"
scale = "1/255"
mean = [0, 0, 0]
std = [1, 1, 1]
resize = "stretch"

[crop]
margin = {MARGIN}
""")
    rows = "\n".join(f"| {label} | {value:.3f} |" for label, value in each.items())
    write(path, ".md", f"""
# ocellus-classifier
Tells the state or kind of an object of the demo scene from its crop: {len(scene.STATE_LABELS)} labels. Input 64x64, stretched from
the detector's box made {MARGIN:.0%} larger on every side; {weights} weights, {size} bytes. A second output, `features`, is
a vector of 16 numbers of length 1: crops of like state point the same way.

## Quality on held-out seeds
{held} crops of 40 seeds that training never saw, from boxes with errors of 5 % in place and size, of objects of which at
least half shows.

**Accuracy {overall:.3f}**, mean over the labels {mean:.3f}.

| label | accuracy |
|---|---|
{rows}

## Training
{count} crops, {steps} steps of 64, cross-entropy and a contrastive term on the features, AdamW; {minutes(seconds)}.
`make train` in `models/training` repeats it, seeds are fixed.
{LIMITS}""")


def sequence(path, quality, held, count, steps, seconds, chained=None):
    size, sha256, weights = check(path)
    overall, mean, table = quality
    manifest(path, "sequence", sha256, scene.MOTIONS, f"""
[sequence]
length = {LENGTH}
features = ["cx", "cy", "w", "h", "log_area"]
""")
    head = "| truth, then answer | " + " | ".join(scene.MOTIONS) + " | accuracy |\n|" + "---|" * (len(scene.MOTIONS) + 2)
    rows = "\n".join(
        f"| {m} | " + " | ".join(str(v) for v in row) + f" | {row[k] / max(1, row.sum()):.3f} |"
        for k, (m, row) in enumerate(zip(scene.MOTIONS, table)))
    real = "" if chained is None else f"""
On the boxes that `ocellus-detector` itself finds in {chained[2]} consecutive frames of each of {chained[3]} held-out seeds:
**{chained[0]:.3f}** of {chained[1]} answers are right.
"""
    write(path, ".md", f"""
# ocellus-sequence
Tells what a tracked object is doing from its boxes over the last {LENGTH} processed frames: a GRU over each box's place,
size and change. {weights} weights, {size} bytes.

## Quality on held-out seeds
{held} windows of 40 seeds that training never saw, with boxes that wander and tremble as a detector's do, frames missing,
and one in three at half or a third of the frame rate. A motion counts from 0.35 s after it began.

**Accuracy {overall:.3f}**, mean over the motions {mean:.3f}.

{head}
{rows}
{real}
## Training
{count} windows, {steps} steps of 256, cross-entropy, AdamW; {minutes(seconds)}. `make train` in `models/training` repeats
it, seeds are fixed.
{LIMITS}""")
