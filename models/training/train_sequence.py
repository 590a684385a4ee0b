"""Trains the sequence network and exports it: python train_sequence.py OUT.onnx [STEPS]"""

import math
import os
import sys
import time
from collections import defaultdict

import numpy as np
import torch
import torch.nn.functional as F

import scene
from sequence import FEATURES, LENGTH, Sequence

BATCH = 256
STEPS = 3000
PEAK = 4e-3
WIDTH, HEIGHT = 640, 480
# A motion counts once it has lasted this long, in seconds: before, the window shows mostly what came before it.
SETTLED = 0.35


def tracks(seed, seeds, frames):
    """Per object of each seed: frame numbers, boxes (corners in pixels), motions, and whether the label is settled."""
    found = defaultdict(list)
    for truth, _ in scene.stream(seed, seeds, frames, 1, truth_only=True):
        for item in truth["objects"]:
            if scene.wanted(item):
                x, y, w, h = item["box"]
                found[truth["seed"], item["id"]].append(
                    (truth["frame"], x, y, x + w, y + h, scene.MOTIONS.index(item["motion"]), item["age"] >= SETTLED))
    return [np.array(rows, np.float32) for rows in found.values() if len(rows) >= LENGTH * 3]


def noisy(boxes, random):
    """Boxes as a detector gives them: each side wanders slowly and trembles, in proportion to the size."""
    size = np.stack([boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]] * 2, 1)
    scale = random.uniform(0.3, 1.6) * (0.7 + 0.011 * size)
    tremble = random.normal(size=boxes.shape)
    drift = np.zeros_like(boxes)
    level = random.normal(size=4)
    for k in range(len(boxes)):
        level = 0.93 * level + 0.37 * random.normal(size=4)
        drift[k] = level
    return boxes + scale * (0.7 * tremble + 0.9 * drift)


def features(boxes):
    """cx, cy, w, h as shares of the frame, and ln of the area's share, as the program computes them."""
    boxes = np.clip(boxes, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
    w, h = np.maximum(boxes[:, 2] - boxes[:, 0], 1) / WIDTH, np.maximum(boxes[:, 3] - boxes[:, 1], 1) / HEIGHT
    cx, cy = (boxes[:, 0] + boxes[:, 2]) / 2 / WIDTH, (boxes[:, 1] + boxes[:, 3]) / 2 / HEIGHT
    return np.stack([cx, cy, w, h, np.log(np.maximum(w * h, 1e-6))], 1).astype(np.float32)


def windows(tracks, count, random, strides=(1, 1, 1, 1, 2, 3)):
    """`count` windows with their labels: some frames dropped, some at half or a third of the rate."""
    weights = np.array([len(t) for t in tracks], float)
    picks = random.choice(len(tracks), count * 2, p=weights / weights.sum())
    inputs, labels = [], []
    for pick in picks:
        track = tracks[pick]
        stride = strides[random.integers(len(strides))]
        kept = track[::stride]
        kept = kept[random.random(len(kept)) > random.choice([0, 0.03, 0.1])]
        if len(kept) < LENGTH:
            continue
        end = random.integers(LENGTH, len(kept) + 1)
        part = kept[end - LENGTH : end]
        # A tracker forgets an object that was hidden for long; the window must not span that.
        if not part[-1, 6] or part[-1, 0] - part[0, 0] > LENGTH * stride * 1.5:
            continue
        boxes = noisy(part[:, 1:5], random)
        if random.random() < 0.5:
            label = {3: 4, 4: 3}.get(int(part[-1, 5]), int(part[-1, 5]))
            boxes = np.stack([WIDTH - boxes[:, 2], boxes[:, 1], WIDTH - boxes[:, 0], boxes[:, 3]], 1)
        else:
            label = int(part[-1, 5])
        inputs.append(features(boxes))
        labels.append(label)
        if len(labels) == count:
            break
    return np.stack(inputs), np.array(labels)


@torch.no_grad()
def measure(model, inputs, labels):
    """Accuracy, mean of the motions' accuracies, the confusion matrix (rows: truth)."""
    guesses = model(torch.from_numpy(inputs)).argmax(1).numpy()
    table = np.zeros((len(scene.MOTIONS),) * 2, int)
    np.add.at(table, (labels, guesses), 1)
    each = table.diagonal() / np.maximum(table.sum(1), 1)
    return float((guesses == labels).mean()), float(each.mean()), table


def train(inputs, labels, steps):
    torch.manual_seed(21)
    picker = np.random.default_rng(22)
    model = Sequence(len(scene.MOTIONS))
    optimiser = torch.optim.AdamW(model.parameters(), PEAK, weight_decay=0.01)
    weight = torch.from_numpy(1 / np.sqrt(np.bincount(labels, minlength=len(scene.MOTIONS)))).float()
    weight *= len(scene.MOTIONS) / weight.sum()
    begun, sums = time.time(), 0.0
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = PEAK * min(1, (step + 1) / 100) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        index = picker.integers(len(inputs), size=BATCH)
        value = F.cross_entropy(
            model.raw(torch.from_numpy(inputs[index])), torch.from_numpy(labels[index]), weight, label_smoothing=0.03)
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimiser.step()
        sums += value.item()
        if step % 250 == 249:
            print(f"step {step + 1}/{steps} loss {sums / 250:.3f} {time.time() - begun:.0f} s", flush=True)
            sums = 0.0
    return model.eval(), time.time() - begun


def main():
    path, steps = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else STEPS
    torch.set_num_threads(1)
    begun = time.time()
    inputs, labels = windows(tracks(3000, 160, 600), 100000, np.random.default_rng(23))
    print(len(labels), "windows", np.bincount(labels), f"{time.time() - begun:.0f} s", flush=True)
    model, seconds = train(inputs, labels, steps)
    held, truth = windows(tracks(scene.FIRST_HELD_OUT, 40, 600), 8000, np.random.default_rng(24))
    torch.onnx.export(
        model, torch.zeros(1, LENGTH, FEATURES), path, opset_version=13, input_names=["steps"],
        output_names=["motions"], dynamo=False)
    import chain
    import report

    detector = os.path.join(os.path.dirname(path), "ocellus-detector.onnx")
    chained = None
    if os.path.exists(detector):
        chained = (*chain.measure(detector, path, scene.FIRST_HELD_OUT + 50, 8, 240, SETTLED), 240, 8)
    report.sequence(path, measure(model, held, truth), len(held), len(inputs), steps, seconds, chained)


if __name__ == "__main__":
    main()
