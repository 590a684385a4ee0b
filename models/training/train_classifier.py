"""Trains the classifier and exports it: python train_classifier.py OUT.onnx [STEPS]"""

import math
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

import scene
from classifier import SIDE, Classifier
from crop_data import augment, crops
from fusing import fuse

BATCH = 64
STEPS = 2600
PEAK = 3e-3


@torch.no_grad()
def measure(model, pictures, labels):
    """Accuracy over all crops, mean of the states' accuracies, and each state's."""
    guesses = np.concatenate([
        model(torch.from_numpy(pictures[k : k + 256]).float() / 255)[0].argmax(1).numpy()
        for k in range(0, len(pictures), 256)])
    each = {s: float((guesses[labels == k] == k).mean()) for k, s in enumerate(scene.STATE_LABELS) if (labels == k).any()}
    return float((guesses == labels).mean()), float(np.mean(list(each.values()))), each


def train(pictures, labels, steps):
    torch.manual_seed(11)
    generator = torch.Generator().manual_seed(12)
    picker = np.random.default_rng(13)
    model = Classifier(len(scene.STATE_LABELS)).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(model.parameters(), PEAK, weight_decay=0.03)
    # Rare states are drawn more often, by the square root of their rarity.
    counts = np.bincount(labels, minlength=len(scene.STATE_LABELS))
    chance = (1 / np.sqrt(np.maximum(counts, 1)))[labels]
    chance /= chance.sum()
    begun, sums = time.time(), 0.0
    for step in range(steps):
        index = np.sort(picker.choice(len(pictures), BATCH, p=chance))
        for group in optimiser.param_groups:
            group["lr"] = PEAK * min(1, (step + 1) / 100) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        x = augment(torch.from_numpy(pictures[index]).float() / 255, generator)
        y = torch.from_numpy(labels[index])
        logits, features = model.raw(x.to(memory_format=torch.channels_last))
        # Features of one state point one way, of different states apart: they are what similarity is asked of.
        alike = features @ features.T / 0.15 - 1e4 * torch.eye(BATCH)
        same = (y[:, None] == y[None]).float() * (1 - torch.eye(BATCH))
        pulled = -(same * F.log_softmax(alike, 1)).sum(1) / same.sum(1).clamp(min=1)
        value = F.cross_entropy(logits, y, label_smoothing=0.02) + 0.2 * pulled[same.sum(1) > 0].mean()
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        optimiser.step()
        sums += value.item()
        if step % 100 == 99:
            print(f"step {step + 1}/{steps} loss {sums / 100:.3f} {time.time() - begun:.0f} s", flush=True)
            sums = 0.0
    return fuse(model), time.time() - begun


def main():
    path, steps = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else STEPS
    torch.set_num_threads(1)
    pictures, labels = crops(2000, 300, 12, 97, 1, 0.05)
    print(len(pictures), "crops", np.bincount(labels), flush=True)
    model, seconds = train(pictures, labels, steps)
    held, truth = crops(scene.FIRST_HELD_OUT, 40, 20, 61, 1, 0.05)
    torch.onnx.export(
        model, torch.zeros(1, 3, SIDE, SIDE), path, opset_version=13, input_names=["images"],
        output_names=["states", "features"], dynamo=False,
        dynamic_axes={"images": {0: "batch"}, "states": {0: "batch"}, "features": {0: "batch"}})
    import report

    report.classifier(path, measure(model, held, truth), len(held), len(pictures), steps, seconds)


if __name__ == "__main__":
    main()
