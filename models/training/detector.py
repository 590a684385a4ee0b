"""The detector: a small anchor-free convolutional network over three scales."""

import torch
from torch import nn

STRIDES = (8, 16, 32)
WIDTH, HEIGHT = 256, 192


def conv(cin, cout, k=3, s=1, groups=1):
    return nn.Sequential(
        nn.Conv2d(cin, cout, k, s, k // 2, groups=groups, bias=False),
        nn.BatchNorm2d(cout, momentum=0.05),
        nn.ReLU(),
    )


class Residual(nn.Module):
    """1x1 down to half the channels, 3x3 back, added to the input."""

    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(conv(channels, channels // 2, 1), conv(channels // 2, channels))

    def forward(self, x):
        return x + self.body(x)


class Pyramid(nn.Module):
    """Max pooling at two reaches beside the features themselves (SPPF of YOLOv5)."""

    def __init__(self, channels):
        super().__init__()
        half = channels // 2
        self.enter = conv(channels, half, 1)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.leave = conv(half * 3, channels, 1)

    def forward(self, x):
        x = self.enter(x)
        one = self.pool(x)
        return self.leave(torch.cat([x, one, self.pool(one)], 1))


def separable(cin, cout):
    return nn.Sequential(conv(cin, cin, 3, 1, cin), conv(cin, cout, 1))


class Detector(nn.Module):
    """RGB in 0...1, [B, 3, 192, 256] -> [B, 4 + classes, 1008]: cx, cy, w, h in input pixels, then probabilities."""

    def __init__(self, classes):
        super().__init__()
        self.classes = classes
        self.to8 = nn.Sequential(conv(3, 12, 3, 2), conv(12, 20, 3, 2), conv(20, 32, 3, 2), Residual(32))
        self.to16 = nn.Sequential(conv(32, 64, 3, 2), Residual(64), Residual(64))
        self.to32 = nn.Sequential(conv(64, 112, 3, 2), Residual(112), Pyramid(112))
        self.down32, self.side16 = conv(112, 48, 1), conv(64, 48, 1)
        self.mix16 = conv(48, 48)
        self.down16, self.side8 = conv(48, 40, 1), conv(32, 40, 1)
        self.mix8 = separable(40, 40)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.heads = nn.ModuleList([separable(40, 40), conv(48, 40), conv(112, 40)])
        self.boxes = nn.ModuleList([nn.Conv2d(40, 4, 1) for _ in STRIDES])
        self.scores = nn.ModuleList([nn.Conv2d(40, classes, 1) for _ in STRIDES])
        for layer in self.scores:
            nn.init.constant_(layer.bias, -4.6)
        centers, strides = [], []
        for s in STRIDES:
            y, x = torch.meshgrid(
                torch.arange(HEIGHT // s) + 0.5, torch.arange(WIDTH // s) + 0.5, indexing="ij")
            centers.append(torch.stack([x, y]).reshape(2, -1) * s)
            strides.append(torch.full((1, centers[-1].shape[1]), float(s)))
        self.register_buffer("centers", torch.cat(centers, 1)[None], persistent=False)
        self.register_buffer("strides", torch.cat(strides, 1)[None], persistent=False)

    def raw(self, x):
        """Distances from each cell's centre to the box's sides in pixels, and class logits."""
        p8 = self.to8(x)
        p16 = self.to16(p8)
        p32 = self.to32(p16)
        n16 = self.mix16(self.side16(p16) + self.up(self.down32(p32)))
        n8 = self.mix8(self.side8(p8) + self.up(self.down16(n16)))
        sides, logits = [], []
        for level, head, box, score in zip((n8, n16, p32), self.heads, self.boxes, self.scores):
            level = head(level)
            cells = level.shape[2] * level.shape[3]
            sides.append(box(level).reshape(-1, 4, cells))
            logits.append(score(level).reshape(-1, self.classes, cells))
        sides = torch.cat(sides, 2).sigmoid()
        # 0...16 cells, 4 at the start: smooth and bounded with Sigmoid and Mul alone.
        return sides * sides * 16 * self.strides, torch.cat(logits, 2)

    def forward(self, x):
        sides, logits = self.raw(x)
        near, far = sides[:, :2], sides[:, 2:]
        return torch.cat([self.centers + (far - near) * 0.5, near + far, logits.sigmoid()], 1)
