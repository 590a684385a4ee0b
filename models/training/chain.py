"""Measures the sequence network on the boxes of the exported detector, frame by frame, as the program runs them."""

from collections import defaultdict

import numpy as np
import onnxruntime

import scene
from average_precision import iou, suppress
from detector import HEIGHT, WIDTH
from sequence import LENGTH

CONFIDENCE = 0.35


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def detections(detector, pixels):
    """Corners as shares of the frame, and classes."""
    out = detector.run(None, {"images": pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255})[0][0]
    best, label = out[4:].max(0), out[4:].argmax(0)
    sure = best > CONFIDENCE
    out, best, label = out[:, sure], best[sure], label[sure]
    corners = np.stack([out[0] - out[2] / 2, out[1] - out[3] / 2, out[0] + out[2] / 2, out[1] + out[3] / 2], 1)
    kept = [i for c in np.unique(label) for i in np.where(label == c)[0][
        suppress(corners[label == c], best[label == c], 0.5)]]
    return np.clip(corners[kept] / [WIDTH, HEIGHT, WIDTH, HEIGHT], 0, 1), label[kept]


def measure(detector_path, sequence_path, seed, seeds, frames, settled):
    """Accuracy over every step at which a track has a full window, and how many those were."""
    detector, sequence = session(detector_path), session(sequence_path)
    right = total = 0
    history = defaultdict(list)
    for truth, pixels in scene.stream(seed, seeds, frames, 1, 2, width=WIDTH * 2):
        boxes, kinds = detections(detector, pixels)
        for item in truth["objects"]:
            if not scene.wanted(item):
                continue
            x, y, w, h = (v / s for v, s in zip(item["box"], [WIDTH * 2, HEIGHT * 2] * 2))
            mine = np.where(kinds == item["kind"])[0]
            overlap = iou(np.array([[x, y, x + w, y + h]]), boxes[mine])[0] if len(mine) else np.zeros(0)
            if not len(overlap) or overlap.max() < 0.4:
                continue
            left, top, right_side, bottom = boxes[mine[overlap.argmax()]]
            w, h = right_side - left, bottom - top
            steps = history[truth["seed"], item["id"]]
            if steps and truth["frame"] - steps[-1][0] > 30:
                steps.clear()
            steps.append((truth["frame"], (
                (left + right_side) / 2, (top + bottom) / 2, w, h, np.log(max(w * h, 1e-6)))))
            del steps[:-LENGTH]
            if len(steps) == LENGTH and item["age"] >= settled and truth["frame"] % 4 == 0:
                answer = sequence.run(None, {"steps": np.array([s[1] for s in steps], np.float32)[None]})[0][0]
                right += scene.MOTIONS[answer.argmax()] == item["motion"]
                total += 1
    return right / max(1, total), total
