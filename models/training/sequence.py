"""The third stage: what a tracked object is doing, from its boxes over the last frames."""

import torch
from torch import nn

LENGTH = 24
FEATURES = 5
HIDDEN = 40


class Sequence(nn.Module):
    """[1, 24, 5] (cx, cy, w, h as shares of the frame, ln of the area's share; oldest first) -> probabilities [1, 5]."""

    def __init__(self, motions):
        super().__init__()
        self.enter = nn.Linear(FEATURES * 2 + 2, 32)
        self.memory = nn.GRU(32, HIDDEN, batch_first=True)
        self.leave = nn.Sequential(nn.Linear(HIDDEN, 32), nn.ReLU(), nn.Linear(32, motions))
        # Changes of a box over a few frames are hundredths; the network sees them in units.
        self.register_buffer("start", torch.zeros(1, 1, HIDDEN))
        self.register_buffer("gain", torch.tensor([40.0, 60.0, 40.0, 40.0, 12.0]))

    def raw(self, x, start=None):
        last = x[:, -1:]
        # Relative to the newest box, in units of a hundredth or so, and the steps between.
        away = (x - last) * self.gain
        steps = (x[:, 1:] - x[:, :-1]) * self.gain
        steps = torch.cat([steps[:, :1], steps], 1)
        size = x[:, :, 2:4] * 2
        features = self.enter(torch.cat([away, steps, size], 2))
        memory, _ = self.memory(torch.relu(features), start)
        return self.leave(memory[:, -1])

    def forward(self, x):
        # A given start keeps the exported graph free of shape arithmetic.
        return self.raw(x, self.start.expand(-1, x.shape[0], -1) if x.shape[0] > 1 else self.start).softmax(1)
