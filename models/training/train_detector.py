"""Trains the detector and exports it: python train_detector.py OUT.onnx"""

import copy
import math
import sys
import time

import numpy as np
import torch

import scene
from average_precision import average_precision, suppress
from detection_data import Frames, augment
from detection_loss import loss
from detector import HEIGHT, WIDTH, Detector
from fusing import fuse

BATCH = 16
STEPS = 2600
PEAK = 4e-3
# Then some more with the normalisations folded away, at a lower rate: cheaper, and what is exported is what is trained.
POLISH = 700
POLISH_PEAK = 8e-4
# As the manifest says.
SUPPRESSION = 0.5


@torch.no_grad()
def measure(model, frames):
    """mAP at IoU 0.5 and over 0.5...0.95 on `frames`, with AP and recall of each class.

    As usual for mAP, nearly every answer counts, however unsure (0.001), and suppression is as in the program.
    """
    images = []
    for start in range(0, len(frames), BATCH):
        pictures, boxes, kinds, role = frames.batch(np.arange(start, min(start + BATCH, len(frames))))
        for out, box, kind, part in zip(model(pictures).numpy(), boxes.numpy(), kinds.numpy(), role.numpy()):
            best = out[4:].max(0)
            rows = np.where(best > 0.001)[0]
            out, best = out[:, rows], best[rows]
            label = out[4:].argmax(0)
            corners = np.stack([out[0] - out[2] / 2, out[1] - out[3] / 2, out[0] + out[2] / 2, out[1] + out[3] / 2], 1)
            kept = [i for c in range(len(scene.CLASSES)) for i in np.where(label == c)[0][
                suppress(corners[label == c], best[label == c], SUPPRESSION)]]
            real = part > 0
            images.append((corners[kept], best[kept], label[kept], box[real], kind[real], part[real] == 2))
    by_class = {c: average_precision(images, k, 0.5) for k, c in enumerate(scene.CLASSES)}
    strict = np.nanmean([
        average_precision(images, k, t)[0] for k in range(len(scene.CLASSES)) for t in np.arange(0.5, 0.96, 0.05)])
    return float(np.nanmean([v[0] for v in by_class.values()])), float(strict), by_class


def train(model, frames, steps, peak, seed, held=None):
    """Trains `model` and returns the running average of its weights with the normalisations folded."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + 1)
    picker = np.random.default_rng(seed + 2)
    model = model.train().to(memory_format=torch.channels_last)
    mean = copy.deepcopy(model)
    decay, plain = [], []
    for p in model.parameters():
        (decay if p.ndim > 1 else plain).append(p)
    optimiser = torch.optim.AdamW([{"params": decay, "weight_decay": 0.03}, {"params": plain, "weight_decay": 0}], peak)
    begun, sums, order = time.time(), 0.0, np.empty(0, int)
    for step in range(steps):
        if len(order) < BATCH:
            order = np.concatenate([order, picker.permutation(len(frames))])
        index, order = np.sort(order[:BATCH]), order[BATCH:]
        for group in optimiser.param_groups:
            group["lr"] = peak * min(1, (step + 1) / 150) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        pictures, boxes, kinds, role = frames.batch(index)
        pictures, boxes, role = augment(pictures, boxes, role, generator)
        sides, logits = model.raw(pictures.to(memory_format=torch.channels_last))
        ignored = torch.where((role == 2)[..., None], boxes, torch.zeros_like(boxes))
        value = loss(sides, logits, model.centers, boxes, kinds, role == 1, ignored)
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10)
        optimiser.step()
        keep = min(0.998, (1 + step) / (10 + step))
        with torch.no_grad():
            averages = mean.state_dict()
            for k, v in model.state_dict().items():
                average = averages[k]
                average.mul_(keep).add_(v, alpha=1 - keep) if v.is_floating_point() else average.copy_(v)
        sums += value.item()
        if step % 50 == 49:
            print(f"step {step + 1}/{steps} loss {sums / 50:.3f} {time.time() - begun:.0f} s", flush=True)
            sums = 0.0
        if held is not None and step % 650 == 649:
            print("held out", measure(fuse(mean), held)[:2], flush=True)
    return fuse(mean), time.time() - begun


def export(model, path):
    torch.onnx.export(
        model, torch.zeros(1, 3, HEIGHT, WIDTH), path, opset_version=13, input_names=["images"],
        output_names=["output"], dynamo=False)


def main():
    path = sys.argv[1]
    torch.set_num_threads(1)
    begun = time.time()
    frames = Frames(1000, 300, 24, 47)
    print(f"{len(frames)} frames rendered in {time.time() - begun:.0f} s", flush=True)
    held = Frames(scene.FIRST_HELD_OUT, 40, 20, 53)
    torch.manual_seed(1)
    model, seconds = train(Detector(len(scene.CLASSES)), frames, STEPS, PEAK, 1, held)
    model, more = train(model, frames, POLISH, POLISH_PEAK, 5, held)
    export(model, path)
    import report

    report.detector(path, measure(model, held), len(held), len(frames), STEPS + POLISH, seconds + more)


if __name__ == "__main__":
    main()
