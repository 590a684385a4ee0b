"""The detector's training pictures: frames at its input size in one array, truth beside them, augmented in batches."""

import numpy as np
import torch
import torch.nn.functional as F

import scene
from detector import HEIGHT, WIDTH

MOST = 24
PAD = 114 / 255


class Frames:
    def __init__(self, seed, seeds, frames, stride):
        count = seeds * frames
        self.pixels = np.empty((count, HEIGHT, WIDTH, 3), np.uint8)
        self.boxes = np.zeros((count, MOST, 4), np.float32)
        self.kinds = np.zeros((count, MOST), np.int64)
        # 0: none, 1: asked for, 2: too hidden, ignored.
        self.role = np.zeros((count, MOST), np.int8)
        for k, (truth, pixels) in enumerate(scene.stream(seed, seeds, frames, stride, 2, width=WIDTH * 2)):
            self.pixels[k] = pixels
            for j, item in enumerate(truth["objects"][:MOST]):
                x, y, w, h = (v / 2 for v in item["box"])
                self.boxes[k, j] = (x, y, x + w, y + h)
                self.kinds[k, j] = item["kind"]
                self.role[k, j] = 1 if scene.wanted(item) else 2

    def __len__(self):
        return len(self.pixels)

    def batch(self, index):
        """Pictures in 0...1 and their truth."""
        pictures = torch.from_numpy(self.pixels[index]).permute(0, 3, 1, 2).float() / 255
        return pictures, *(torch.from_numpy(v[index]) for v in (self.boxes, self.kinds, self.role))


def augment(pictures, boxes, role, generator):
    """Mirrors, zooms and shifts, changes light and sharpness: one geometry a batch, one light a picture."""
    rand = lambda *shape: torch.rand(*shape, generator=generator)
    b = pictures.shape[0]
    if rand(1) < 0.5:
        pictures = pictures.flip(3)
        boxes = torch.stack([WIDTH - boxes[..., 2], boxes[..., 1], WIDTH - boxes[..., 0], boxes[..., 3]], -1)
    if rand(1) < 0.6:
        zoom = 0.7 + 0.7 * rand(1).item()
        dx, dy = ((rand(2) - 0.5) * 0.3).tolist()
        # The picture's point p comes from zoomed coordinates: out = (in - shift) / zoom in -1...1.
        grid = F.affine_grid(torch.tensor([[1 / zoom, 0, dx], [0, 1 / zoom, dy]]).repeat(b, 1, 1), pictures.shape, False)
        pictures = F.grid_sample(pictures - PAD, grid, align_corners=False) + PAD
        size = torch.tensor([WIDTH, HEIGHT, WIDTH, HEIGHT]).float()
        shift = torch.tensor([dx, dy, dx, dy])
        boxes = (((boxes / size * 2 - 1) - shift) * zoom + 1) / 2 * size
        full = (boxes[..., 2:] - boxes[..., :2]).prod(-1)
        boxes = torch.minimum(boxes.clamp(min=0), size)
        kept = (boxes[..., 2:] - boxes[..., :2]).prod(-1) / full.clamp(min=1)
        role = torch.where((role == 1) & (kept < 0.35), torch.full_like(role, 2), role)
        role = torch.where(kept < 0.02, torch.zeros_like(role), role)
        role = torch.where((role == 1) & ((boxes[..., 2:] - boxes[..., :2]).amin(-1) < 4), torch.full_like(role, 2), role)
    if rand(1) < 0.35:
        kernel = torch.tensor([0.125, 0.375, 0.375, 0.125])
        kernel = kernel[1:] + kernel[:1] if rand(1) < 0.5 else torch.tensor([0.25, 0.5, 0.25])
        kernel = kernel / kernel.sum()
        pictures = F.conv2d(pictures, (kernel[:, None] * kernel[None]).repeat(3, 1, 1, 1), padding=1, groups=3)
    gain = 0.65 + 0.7 * rand(b, 1, 1, 1)
    tint = 0.92 + 0.16 * rand(b, 3, 1, 1)
    pictures = (pictures * gain * tint + (rand(b, 1, 1, 1) - 0.5) * 0.08).clamp(0, 1)
    return pictures, boxes, role
