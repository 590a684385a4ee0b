"""Average precision as COCO computes it (101 recall points), with objects that may be ignored."""

import numpy as np


def iou(boxes, others):
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    inner = np.clip(high - low, 0, None).prod(2)
    size = lambda b: np.clip(b[:, 2:] - b[:, :2], 0, None).prod(1)
    return inner / np.maximum(size(boxes)[:, None] + size(others)[None] - inner, 1e-9)


def suppress(boxes, scores, threshold=0.6):
    """Indices that greedy non-maximum suppression keeps, best first."""
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order):
        kept.append(order[0])
        order = order[1:][iou(boxes[order[:1]], boxes[order[1:]])[0] < threshold]
    return np.array(kept, int)


def average_precision(images, kind, threshold):
    """`images`: (boxes, scores, kinds, truth, truth_kinds, ignored) each; corners in pixels. AP, recall."""
    records, count = [], 0
    for boxes, scores, kinds, truth, truth_kinds, ignored in images:
        mine, found = truth[(truth_kinds == kind) & ~ignored], kinds == kind
        beside = truth[(truth_kinds == kind) & ignored]
        count += len(mine)
        order = np.argsort(-scores[found], kind="stable")
        guesses, sure = boxes[found][order], scores[found][order]
        overlap = iou(guesses, mine) if len(mine) else np.zeros((len(guesses), 0))
        aside = iou(guesses, beside).max(1) if len(beside) else np.zeros(len(guesses))
        free = np.ones(len(mine), bool)
        for row in range(len(guesses)):
            match = np.where(free, overlap[row], -1).argmax() if free.any() else -1
            if match >= 0 and free[match] and overlap[row][match] >= threshold:
                free[match] = False
                records.append((sure[row], True))
            elif aside[row] < threshold:
                records.append((sure[row], False))
    if count == 0:
        return float("nan"), float("nan")
    if not records:
        return 0.0, 0.0
    records.sort(key=lambda r: -r[0])
    hits = np.cumsum([r[1] for r in records])
    recall, precision = hits / count, hits / np.arange(1, len(records) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    values = [precision[p] if p < len(precision) else 0.0 for p in places]
    return float(np.mean(values)), float(recall[-1])
