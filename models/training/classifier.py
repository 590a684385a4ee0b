"""The second stage: state or kind of an object, from its crop; and the crop's feature vector."""

import torch
from torch import nn

from detector import Residual, conv, separable

SIDE = 64
FEATURES = 16


class Classifier(nn.Module):
    """RGB in 0...1, [N, 3, 64, 64] -> probabilities [N, states] and unit-length features [N, 16]."""

    def __init__(self, states):
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 16, 3, 2), conv(16, 24, 3, 2), Residual(24), conv(24, 48, 3, 2), Residual(48), Residual(48),
            conv(48, 96, 3, 2), Residual(96), separable(96, 128))
        self.features = nn.Linear(128, FEATURES)
        self.states = nn.Linear(128, states)

    def raw(self, x):
        pooled = nn.functional.adaptive_avg_pool2d(self.body(x), 1).flatten(1)
        features = self.features(pooled)
        length = (features * features).sum(1, keepdim=True).sqrt() + 1e-6
        return self.states(pooled), features / length

    def forward(self, x):
        logits, features = self.raw(x)
        return logits.softmax(1), features
