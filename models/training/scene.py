"""Frames of the demo scene with their truth, as scene-dump writes them."""

import json
import os
import subprocess

import numpy as np

CLASSES = ["person", "robot", "forklift", "pallet", "box", "cone", "drum", "sign"]
STATES = [
    ["standing", "walking", "waving"],
    ["unladen", "laden"],
    ["lowered", "raised"],
    ["empty", "stacked"],
    ["closed", "open", "damaged"],
    ["upright", "fallen"],
    ["upright", "fallen"],
    ["stop", "caution", "go"],
]
STATE_LABELS = [f"{c}: {s}" for c, states in zip(CLASSES, STATES) for s in states]
MOTIONS = ["still", "approaching", "receding", "crossing left", "crossing right"]

# Seeds below 5000 train, seeds from 5000 on are held out and only ever measured on.
FIRST_HELD_OUT = 5000

# Objects hidden more than this are neither asked for nor punished.
LEAST_VISIBILITY = 0.25
LEAST_PIXELS = 12  # of a frame 640 wide

DUMP = os.environ.get("SCENE_DUMP", "scene-dump")


def stream(seed, seeds, frames, stride, shrink=1, start=0, width=640, truth_only=False):
    """Yields (truth, pixels) of `frames` frames of each seed; pixels are None with `truth_only`."""
    options = {"first-seed": seed, "seeds": seeds, "frames": frames, "stride": stride, "shrink": shrink, "start": start,
               "width": width}
    arguments = [DUMP] + [text for name, value in options.items() for text in (f"--{name}", str(value))]
    if truth_only:
        arguments.append("--truth-only")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, bufsize=1 << 20) as process:
        scale = width / 640
        while line := process.stdout.readline():
            truth = json.loads(line)
            for item in truth["objects"]:
                # Thresholds on size mean the same objects at every rendered size.
                item["scale"] = scale
            pixels = None
            if truth["bytes"]:
                raw = process.stdout.read(truth["bytes"])
                pixels = np.frombuffer(raw, np.uint8).reshape(truth["height"], truth["width"], 3)
            yield truth, pixels
    if process.returncode != 0:
        raise SystemExit(f"{DUMP} failed with status {process.returncode}")


def wanted(item):
    """Whether a network is expected to find this object."""
    _, _, w, h = item["box"]
    return item["visibility"] >= LEAST_VISIBILITY and min(w, h) >= LEAST_PIXELS * item["scale"]
