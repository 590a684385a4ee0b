"""Task-aligned assignment (Feng et al. 2021, TOOD) and the detector's loss."""

import torch
import torch.nn.functional as F


def pairwise_iou(a, b):
    """[B, A, 4] and [B, M, 4] corners -> [B, A, M]."""
    low = torch.maximum(a[:, :, None, :2], b[:, None, :, :2])
    high = torch.minimum(a[:, :, None, 2:], b[:, None, :, 2:])
    inner = (high - low).clamp(min=0).prod(-1)
    size_a = (a[..., 2:] - a[..., :2]).clamp(min=0).prod(-1)[:, :, None]
    size_b = (b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1)[:, None, :]
    return inner / (size_a + size_b - inner + 1e-6)


def complete_iou_loss(a, b):
    """1 - CIoU without the aspect term's gradient trick (Zheng et al. 2020); [N, 4] corners."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    inner = (high - low).clamp(min=0).prod(1)
    size_a, size_b = (a[:, 2:] - a[:, :2]), (b[:, 2:] - b[:, :2])
    iou = inner / (size_a.prod(1) + size_b.prod(1) - inner + 1e-6)
    hull = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    apart = ((a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) ** 2).sum(1) / 4
    aspect = (torch.atan(size_b[:, 0] / (size_b[:, 1] + 1e-6)) - torch.atan(size_a[:, 0] / (size_a[:, 1] + 1e-6)))
    v = 0.4053 * aspect**2
    with torch.no_grad():
        alpha = v / (1 - iou + v + 1e-6)
    return 1 - iou + apart / ((hull**2).sum(1) + 1e-6) + alpha * v


@torch.no_grad()
def assign(boxes, logits, centers, truth, kinds, valid, top=8, alpha=0.5, beta=5.0):
    """For every cell: which object it answers for (or -1), and how good its answer should be."""
    b, cells, _ = boxes.shape
    m = truth.shape[1]
    iou = pairwise_iou(boxes, truth)
    index = kinds[:, None, :].expand(-1, cells, -1)
    score = logits.sigmoid().transpose(1, 2).gather(2, index)
    cx, cy = centers[0, 0][None, :, None], centers[0, 1][None, :, None]
    inside = torch.minimum(
        torch.minimum(cx - truth[:, None, :, 0], truth[:, None, :, 2] - cx),
        torch.minimum(cy - truth[:, None, :, 1], truth[:, None, :, 3] - cy)) > 0.5
    usable = inside & valid[:, None, :]
    metric = (score**alpha * iou**beta + 1e-9) * usable
    best = metric.topk(min(top, cells), 1)
    chosen = torch.zeros_like(metric, dtype=torch.bool).scatter_(1, best.indices, True) & usable
    # A cell claimed by several objects answers for the one it overlaps most.
    owner = torch.where(chosen, iou + 1e-4, torch.full_like(iou, -1.0)).max(2)
    target = torch.where(owner.values > 0, owner.indices, torch.full_like(owner.indices, -1))
    keep = F.one_hot(target.clamp(min=0), m).bool() & (target >= 0)[..., None]
    metric, iou = metric * keep, iou * keep
    # The best cell of an object is asked for its IoU, the others for their share.
    quality = (metric / (metric.amax(1, keepdim=True) + 1e-9) * iou.amax(1, keepdim=True)).amax(2)
    return target, quality


def loss(sides, logits, centers, truth, kinds, valid, ignored):
    """`ignored`: [B, K, 4] boxes of objects too hidden to ask for; cells there are not punished."""
    near, far = centers - sides[:, :2], centers + sides[:, 2:]
    boxes = torch.cat([near, far], 1).transpose(1, 2)
    target, quality = assign(boxes.detach(), logits.detach(), centers, truth, kinds, valid)
    positive = target >= 0
    wanted = torch.zeros_like(logits)
    owner_kind = kinds.gather(1, target.clamp(min=0))
    wanted.scatter_(1, owner_kind[:, None, :], (quality * positive)[:, None, :])
    weight = torch.ones_like(logits[:, 0])
    cx, cy = centers[0, 0][None, :, None], centers[0, 1][None, :, None]
    hidden = ((cx > ignored[:, None, :, 0]) & (cx < ignored[:, None, :, 2])
              & (cy > ignored[:, None, :, 1]) & (cy < ignored[:, None, :, 3])).any(2)
    weight[hidden & ~positive] = 0
    total = quality[positive].sum().clamp(min=1)
    classes = (F.binary_cross_entropy_with_logits(logits, wanted, reduction="none") * weight[:, None]).sum() / total
    if not positive.any():
        return classes
    picked = truth.gather(1, target.clamp(min=0)[..., None].expand(-1, -1, 4))[positive]
    box = (complete_iou_loss(boxes[positive], picked) * quality[positive]).sum() / total
    return classes + 5 * box
