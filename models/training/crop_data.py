"""Crops of objects as the pipeline cuts them: around imperfect boxes, a tenth larger on every side."""

import numpy as np
import torch
import torch.nn.functional as F

import scene
from classifier import SIDE

MARGIN = 0.1


def jittered(box, width, height, random, strength):
    """The box as a detector would give it, enlarged and clipped; None when nothing is left."""
    x, y, w, h = box
    dx, dy, dw, dh = random.normal(0, strength, 4)
    cx, cy = x + w / 2 + dx * w, y + h / 2 + dy * h
    w, h = w * np.exp(dw) * (1 + 2 * MARGIN), h * np.exp(dh) * (1 + 2 * MARGIN)
    left, top = max(0, int(round(cx - w / 2))), max(0, int(round(cy - h / 2)))
    right, bottom = min(width, int(round(cx + w / 2))), min(height, int(round(cy + h / 2)))
    return (left, top, right, bottom) if right - left >= 4 and bottom - top >= 4 else None


def cut(pixels, corners, sharp):
    left, top, right, bottom = corners
    crop = torch.from_numpy(pixels[top:bottom, left:right].copy()).permute(2, 0, 1)[None].float()
    resized = F.interpolate(crop, (SIDE, SIDE), mode="bilinear", align_corners=False, antialias=not sharp)
    return resized[0].round().clamp(0, 255).byte().numpy()


def crops(seed, seeds, frames, stride, copies, strength, start=0):
    """Pixels [N, 3, 64, 64] and state indices of every object that shows enough of itself."""
    first = np.cumsum([0] + [len(s) for s in scene.STATES])
    random = np.random.default_rng(seed)
    pictures, labels = [], []
    for truth, pixels in scene.stream(seed, seeds, frames, stride, 1, start):
        for item in truth["objects"]:
            if not scene.wanted(item) or item["visibility"] < 0.5:
                continue
            label = first[item["kind"]] + scene.STATES[item["kind"]].index(item["state"])
            for _ in range(copies):
                corners = jittered(item["box"], truth["width"], truth["height"], random, strength)
                if corners:
                    pictures.append(cut(pixels, corners, random.random() < 0.2))
                    labels.append(label)
    return np.stack(pictures), np.array(labels)


def augment(x, generator):
    """Light, sharpness and noise; mirrored except that nothing here differs by handedness."""
    rand = lambda *shape: torch.rand(*shape, generator=generator)
    b = x.shape[0]
    flip = rand(b) < 0.5
    x = torch.where(flip[:, None, None, None], x.flip(3), x)
    x = x * (0.6 + 0.8 * rand(b, 1, 1, 1)) * (0.92 + 0.16 * rand(b, 3, 1, 1)) + (rand(b, 1, 1, 1) - 0.5) * 0.1
    return (x + torch.randn(x.shape, generator=generator) * 0.02 * rand(b, 1, 1, 1)).clamp(0, 1)
