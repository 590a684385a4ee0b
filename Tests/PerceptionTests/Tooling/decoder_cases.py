"""Writes decoder cases: random network outputs of every family with the findings that NumPy computes from them.

    python3 decoder_cases.py SEED > cases.json

Needs NumPy. Written after the families' papers and reference post-processing, independently of the Swift decoders. The
frame is as large as the network's input, so that boxes need no mapping back.
"""
import json
import sys

import numpy as np

rng = np.random.default_rng(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
W, H = 128, 96


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def f32(x):
    return np.asarray(x, dtype=np.float32)


def centre(b):
    b = np.asarray(b, dtype=np.float64)
    return np.stack([b[..., 0] - b[..., 2] / 2, b[..., 1] - b[..., 3] / 2,
                     b[..., 0] + b[..., 2] / 2, b[..., 1] + b[..., 3] / 2], -1)


def iou(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    area = lambda r: max(0, r[2] - r[0]) * max(0, r[3] - r[1])
    return w * h / (area(a) + area(b) - w * h)


def nms(rows, limit, per_class=True, overlap=iou):
    """rows: (score, class, box corners, …); the survivors, best first."""
    kept = []
    for row in sorted(rows, key=lambda r: -r[0]):
        if all((per_class and k[1] != row[1]) or overlap(k[2], row[2]) <= limit for k in kept):
            kept.append(row)
    return kept


def clip(box):
    x0, y0, x1, y1 = box
    return [min(max(x0, 0), W), min(max(y0, 0), H), min(max(x1, 0), W), min(max(y1, 0), H)]


def finish(rows):
    out = []
    for row in rows:
        b = clip(row[2])
        if (b[2] - b[0]) * (b[3] - b[1]) > 0:
            item = {"class": int(row[1]), "confidence": float(min(row[0], 1)),
                    "box": [float(b[0]), float(b[1]), float(b[2] - b[0]), float(b[3] - b[1])]}
            if len(row) > 3:
                item.update(row[3])
            out.append(item)
    return out


def boxes(n):
    """n random boxes: centre x, centre y, width, height in pixels."""
    return f32(np.stack([rng.uniform(0, W, n), rng.uniform(0, H, n), rng.uniform(4, 60, n), rng.uniform(4, 60, n)], -1))


def scores(n, c, share=0.08):
    """Class probabilities of which few are high."""
    s = rng.uniform(0, 0.2, (n, c))
    hot = rng.uniform(size=n) < share
    s[hot, rng.integers(0, c, hot.sum())] = rng.uniform(0.3, 1, hot.sum())
    return f32(s)


cases = []


def case(decoder, outputs, expected=None, confidence=0.25, iou=0.45, labels=None, names=None, types=None,
         parameters="", task=None, kind="detections", **rest):
    cases.append({
        "decoder": decoder, "task": task, "width": W, "height": H, "confidence": confidence, "iou": iou,
        "labels": labels or [], "parameters": parameters, "thresholds": rest.pop("thresholds", "max_detections = 10000"), "kind": kind, "expected": expected,
        "outputs": [{"name": (names or [f"output{i}" for i in range(len(outputs))])[i],
                     "type": (types or ["float32"] * len(outputs))[i], "shape": list(o.shape),
                     "values": [None if not np.isfinite(v) else float(v) for v in np.asarray(o).ravel()]}
                    for i, o in enumerate(outputs)], **rest})


def cells(strides):
    return sum(((W + s - 1) // s) * ((H + s - 1) // s) for s in strides)


def grid(strides):
    return [(x, y, s) for s in strides for y in range((H + s - 1) // s) for x in range((W + s - 1) // s)]


def labels(n):
    return [f"c{i}" for i in range(n)]


def dense(table, first, classes, conf=0.25, limit=0.45, objectness=None):
    rows = []
    for r in table:
        c = int(np.argmax(r[first:first + classes]))
        s = float(r[first + c]) * (float(r[objectness]) if objectness is not None else 1)
        if s > conf:
            rows.append((s, c, centre(r[:4])))
    return finish(nms(rows, limit))


def yolov8():
    n, c = cells([8, 16, 32]), 5
    t = np.concatenate([boxes(n), scores(n, c)], 1)
    case("yolov8", [t.T[None]], dense(t, 4, c), labels=labels(c))
    case("yolov8", [t[None]], dense(t, 4, c), labels=labels(c))
    case("yolov8", [np.zeros((1, 4 + c, n), np.float32)], [], labels=labels(c))
    bad = t.copy()
    bad[::3, 4] = np.nan
    bad[1::5, 2] = np.inf
    clean = np.array([r for i, r in enumerate(bad) if i % 5 != 1])
    clean[:, 4] = np.nan_to_num(clean[:, 4], nan=-1)
    # Boxes of infinite width drop out of the findings, but still suppress nothing: their overlap is not a number.
    case("yolov8", [bad.T[None]], dense(clean, 4, c), labels=labels(c))


def yolov8_pose():
    n = cells([8, 16, 32])
    k = f32(np.concatenate([np.concatenate([rng.uniform(0, W, (n, 1)), rng.uniform(0, H, (n, 1)),
                                            rng.uniform(0, 1, (n, 1))], 1) for _ in range(4)], 1))
    t = np.concatenate([boxes(n), scores(n, 1), k], 1)
    rows = [(float(r[4]), 0, centre(r[:4]), {"keypoints": [float(v) for v in r[5:]]}) for r in t if r[4] > 0.25]
    case("yolov8", [t.T[None]], finish(nms(rows, 0.45)), labels=["person"], task="pose",
         parameters="keypoints = [4, 3]")


def prob_iou(a, b):
    def cov(r):
        w, h, t = r[2] ** 2 / 12, r[3] ** 2 / 12, r[4]
        return (w * np.cos(t) ** 2 + h * np.sin(t) ** 2, w * np.sin(t) ** 2 + h * np.cos(t) ** 2,
                (w - h) * np.cos(t) * np.sin(t))
    a1, b1, c1 = cov(a)
    a2, b2, c2 = cov(b)
    dx, dy = a[0] - b[0], a[1] - b[1]
    det = (a1 + a2) * (b1 + b2) - (c1 + c2) ** 2
    t1 = ((a1 + a2) * dy ** 2 + (b1 + b2) * dx ** 2) / (det + 1e-7) * 0.25
    t2 = (c1 + c2) * (-dx) * dy / (det + 1e-7) * 0.5
    t3 = np.log(det / (4 * np.sqrt(max(0, a1 * b1 - c1 ** 2) * max(0, a2 * b2 - c2 ** 2)) + 1e-7) + 1e-7) * 0.5
    bd = np.clip(t1 + t2 + t3, 1e-7, 100)
    return 1 - np.sqrt(1 - np.exp(-bd) + 1e-7)


def yolov8_obb():
    n, c = cells([8, 16, 32]), 3
    angle = f32(rng.uniform(0.05, 1.5, (n, 1)))
    # Well inside the frame: turned boxes are not clipped.
    b = boxes(n)
    b[:, 0] = b[:, 0] * 0.4 + W * 0.3
    b[:, 1] = b[:, 1] * 0.4 + H * 0.3
    b[:, 2:] *= 0.4
    t = np.concatenate([b, scores(n, c), angle], 1)
    rows = []
    for r in t.astype(np.float64):
        k = int(np.argmax(r[4:7]))
        if r[4 + k] > 0.25:
            rows.append((r[4 + k], k, np.append(r[:4], r[7])))
    kept = nms(rows, 0.45, overlap=prob_iou)
    expected = [{"class": k, "confidence": float(s), "angle": float(r[4]),
                 "box": [float(r[0] - r[2] / 2), float(r[1] - r[3] / 2), float(r[2]), float(r[3])]}
                for s, k, r in kept]
    case("yolov8", [t.T[None]], expected, labels=labels(c), task="oriented-detection")


def yolov5():
    n, c = 3 * cells([8, 16, 32]), 4
    t = np.concatenate([boxes(n), f32(rng.uniform(0, 1, (n, 1))), scores(n, c)], 1)
    case("yolov5", [t[None]], dense(t, 5, c, objectness=4), labels=labels(c))


def end_to_end():
    b = centre(boxes(40))
    s = np.sort(rng.uniform(0, 1, 40))[::-1]
    k = rng.integers(0, 7, 40)
    t = f32(np.concatenate([b, s[:, None], k[:, None]], 1))
    case("end-to-end", [t[None]], finish([(float(r[4]), int(r[5]), r[:4]) for r in t if r[4] > 0.25]), labels=labels(7))
    seven = f32(np.concatenate([np.zeros((40, 1)), b, k[:, None], s[:, None]], 1))
    case("end-to-end", [seven], finish([(float(r[6]), int(r[5]), r[1:5]) for r in seven if r[6] > 0.25]),
         labels=labels(7))


ANCHORS = {"v3": [[(10, 13), (16, 30), (33, 23)], [(30, 61), (62, 45), (59, 119)], [(116, 90), (156, 198), (373, 326)]],
           "v4": [[(12, 16), (19, 36), (40, 28)], [(36, 75), (76, 55), (72, 146)], [(142, 110), (192, 243), (459, 401)]]}
ANCHORS["v5"] = ANCHORS["v3"]


def anchor_grids(version):
    c, outputs, rows = 3, [], []
    scale = {"v3": [1, 1, 1], "v4": [1.2, 1.1, 1.05]}.get(version)
    for level, stride in enumerate([8, 16, 32]):
        h, w = H // stride, W // stride
        t = f32(rng.normal(-1.5, 1.5, (h, w, 3, 5 + c)))
        for y in range(h):
            for x in range(w):
                for a in range(3):
                    v = t[y, x, a].astype(np.float64)
                    k = int(np.argmax(v[5:]))
                    s = sigmoid(v[4]) * sigmoid(v[5 + k])
                    if s <= 0.25:
                        continue
                    if version == "v5":
                        cx, cy = ((sigmoid(v[:2]) * 2 - 0.5) + [x, y]) * stride
                        bw, bh = (sigmoid(v[2:4]) * 2) ** 2 * np.array(ANCHORS[version][level][a])
                    else:
                        g = scale[level]
                        cx, cy = (sigmoid(v[:2]) * g - 0.5 * (g - 1) + [x, y]) * stride
                        bw, bh = np.exp(v[2:4]) * np.array(ANCHORS[version][level][a])
                    rows.append((s, k, centre([cx, cy, bw, bh])))
        outputs.append({"v4": t[None], "v3": t.transpose(2, 3, 0, 1).reshape(1, -1, h, w),
                        "v5": t.transpose(2, 0, 1, 3)[None]}[version])
    case("anchor-grids", outputs[::-1] if version == "v3" else outputs, finish(nms(rows, 0.45)), labels=labels(c),
         parameters=f'version = "{version}"')


def yolox():
    n, c = cells([8, 16, 32]), 4
    raw = f32(np.concatenate([rng.normal(0, 1, (n, 2)), rng.normal(1, 0.6, (n, 2)), rng.uniform(0, 1, (n, 1)),
                              scores(n, c, 0.2)], 1))
    t = raw.astype(np.float64)
    for i, (x, y, s) in enumerate(grid([8, 16, 32])):
        t[i, :2] = (t[i, :2] + [x, y]) * s
        t[i, 2:4] = np.exp(t[i, 2:4]) * s
    case("yolox", [raw[None]], dense(t, 5, c, objectness=4), labels=labels(c))


def nanodet(plus):
    c, strides = 5, [8, 16, 32, 64] if plus else [8, 16, 32]
    half = 0 if plus else 0.5
    cls, reg, rows = [], [], []
    for s in strides:
        g = grid([s])
        p, d = scores(len(g), c, 0.2), f32(rng.normal(0, 2, (len(g), 32)))
        cls.append(p)
        reg.append(d)
        for (x, y, _), pv, dv in zip(g, p, d.astype(np.float64)):
            k = int(np.argmax(pv))
            if pv[k] > 0.25:
                l, t, r, b = (softmax(dv.reshape(4, 8)) * np.arange(8)).sum(1) * s
                cx, cy = (x + half) * s, (y + half) * s
                rows.append((float(pv[k]), k, [cx - l, cy - t, cx + r, cy + b]))
    expected = finish(nms(rows, 0.45))
    if plus:
        case("nanodet", [np.concatenate([np.concatenate(cls), np.concatenate(reg)], 1)[None]], expected,
             labels=labels(c), parameters="strides = [8, 16, 32, 64]\ncenter = 0.0")
    else:
        case("nanodet", [p[None] for p in cls] + [d[None] for d in reg], expected, labels=labels(c),
             parameters="strides = [8, 16, 32]\ncenter = 0.5")


def fastestdet():
    h, w, c = H // 16, W // 16, 4
    t = f32(np.concatenate([rng.uniform(0, 1, (1, h, w)), rng.normal(0, 1, (4, h, w)),
                            softmax(rng.normal(0, 2, (c, h, w)), 0)]))
    rows = []
    for y in range(h):
        for x in range(w):
            v = t[:, y, x].astype(np.float64)
            k = int(np.argmax(v[5:]))
            s = v[0] ** 0.6 * v[5 + k] ** 0.4
            if s > 0.25:
                b = [(x + np.tanh(v[1])) / w * W, (y + np.tanh(v[2])) / h * H, sigmoid(v[3]) * W, sigmoid(v[4]) * H]
                rows.append((s, k, centre(b)))
    case("fastestdet", [t[None]], finish(nms(rows, 0.45)), labels=labels(c))


def scored_boxes():
    n, c = 200, 3
    b = f32(centre(boxes(n)) / [W, H, W, H])
    p = f32(softmax(rng.normal(0, 2, (n, 1 + c))))
    rows = []
    for r, v in zip(b.astype(np.float64), p):
        k = int(np.argmax(v[1:]))
        if v[1 + k] > 0.25:
            rows.append((float(v[1 + k]), k, r * [W, H, W, H]))
    case("scored-boxes", [p[None], b[None]], finish(nms(rows, 0.45)), labels=labels(c), names=["scores", "boxes"])


def ssd_priors():
    maps, steps, small, large, ratios = [4, 2], [32, 64], [20, 40], [40, 60], [2, 3]
    priors = []
    for m, st, lo, hi, ra in zip(maps, steps, small, large, ratios):
        for y in range(m):
            for x in range(m):
                cx, cy = (x + 0.5) * st, (y + 0.5) * st
                sizes = [(lo, lo), (np.sqrt(lo * hi),) * 2]
                for r in range(2, ra + 1):
                    sizes += [(lo * np.sqrt(r), lo / np.sqrt(r)), (lo / np.sqrt(r), lo * np.sqrt(r))]
                priors += [(cx, cy, *z) for z in sizes]
    priors = np.array(priors)
    n, c = len(priors), 3
    d, logits = f32(rng.normal(0, 1, (n, 4))), f32(rng.normal(0, 2, (n, 1 + c)))
    p, rows = softmax(logits.astype(np.float64)), []
    for q, v, s in zip(priors, d.astype(np.float64), p):
        k = int(np.argmax(s[1:]))
        if s[1 + k] > 0.25:
            b = [q[0] + v[0] * 0.1 * q[2], q[1] + v[1] * 0.1 * q[3], q[2] * np.exp(0.2 * v[2]), q[3] * np.exp(0.2 * v[3])]
            rows.append((s[1 + k], k, centre(b)))
    case("ssd-priors", [d[None], logits[None]], finish(nms(rows, 0.45)), labels=labels(c), parameters="\n".join([
        "feature_maps = [4, 2]", "steps = [32, 64]", "min_sizes = [20, 40]", "max_sizes = [40, 60]",
        "aspect_ratios = [2, 3]"]))


def retinanet():
    c, cls, box, rows = 2, [], [], []
    ratios, scales = np.array([1.0, 2.0, 0.5]), 4 * 2 ** (np.arange(3) / 3)
    for s in [8, 16, 32, 64, 128]:
        h, w = (H + s - 1) // s, (W + s - 1) // s
        p = f32(np.where(rng.uniform(size=(9, c, h, w)) < 0.02, rng.uniform(0.3, 1, (9, c, h, w)), 0.01))
        d = f32(rng.normal(0, 0.3, (9, 4, h, w)))
        cls.append(p.reshape(1, -1, h, w))
        box.append(d.reshape(1, -1, h, w))
        for a in range(9):
            scale, ratio = scales[a // 3], ratios[a % 3]
            ws = np.sqrt(s * s / ratio)
            dw, dh = ws * scale, ws * ratio * scale
            base = np.array([0.5 * (s - dw), 0.5 * (s - dh), 0.5 * (s + dw), 0.5 * (s + dh)])
            for k, y, x in zip(*np.nonzero(p[a] > 0.25)):
                an = base + np.array([x, y, x, y]) * s
                wh = an[2:] - an[:2] + 1
                v = d[a, :, y, x].astype(np.float64)
                ctr, size = v[:2] * wh + an[:2] + 0.5 * wh, np.exp(v[2:]) * wh
                rows.append((float(p[a, k, y, x]), int(k), [*(ctr - 0.5 * size), *(ctr + 0.5 * size - 1)]))
    case("retinanet", cls + box, finish(nms(rows, 0.45)), labels=labels(c))


def detections():
    n = 30
    b, s, k = f32(centre(boxes(n))), np.sort(f32(rng.uniform(0, 1, n)))[::-1].copy(), rng.integers(1, 6, n)
    rows = [(float(x), int(c) - 1, r) for r, x, c in zip(b, s, k) if x > 0.25]
    case("detections", [b, k, s], finish(rows), labels=labels(5), names=["boxes", "labels", "scores"],
         types=["float32", "int64", "float32"], parameters="first_label = 1")
    m = f32(rng.uniform(0, 1, (n, 1, 6, 6)))
    case("detections", [b, k, s, m], finish(rows), labels=labels(5), names=["boxes", "labels", "scores", "masks"],
         types=["float32", "int64", "float32", "float32"], parameters="first_label = 1", task="instance-segmentation",
         mask_bits=[[int(v) for v in (m[i] > 0.5).ravel()] for i in range(n) if s[i] > 0.25 and
                    (np.diff(np.array(clip(b[i]))[[0, 2]]) * np.diff(np.array(clip(b[i]))[[1, 3]]))[0] > 0])
    t = f32(b[:, [1, 0, 3, 2]] / [H, W, H, W])
    case("detections", [t[None], f32(k)[None], s[None], f32([n])], finish(rows), labels=labels(5),
         names=["detection_boxes:0", "detection_classes:0", "detection_scores:0", "num_detections:0"],
         parameters='first_label = 1')


def selected_boxes():
    n, c = 30, 3
    b, p = f32(centre(boxes(n))), scores(n, c, 0.5)
    idx = [(0, int(np.argmax(p[i])), i) for i in range(0, n, 2)]
    rows = [(float(p[i, k]), k, b[i]) for _, k, i in idx if p[i, k] > 0.25]
    case("selected-boxes", [b[:, [1, 0, 3, 2]][None], p.T[None].copy(), np.array(idx)],
         finish(sorted(rows, key=lambda r: -r[0])), labels=labels(c), types=["float32", "float32", "int64"])


def detr():
    n, c = 50, 4
    b = boxes(n)
    nb, logits = f32(b / [W, H, W, H]), f32(rng.normal(0, 2, (n, c + 1)))
    rows = []
    for r, v in zip(nb.astype(np.float64), softmax(logits.astype(np.float64))):
        k = int(np.argmax(v[:-1]))
        if v[k] > 0.25:
            rows.append((v[k], k, centre(r * [W, H, W, H])))
    case("detr", [logits[None], nb[None]], finish(sorted(rows, key=lambda r: -r[0])), labels=labels(c),
         parameters='activation = "softmax"')
    s, rows = sigmoid(logits[:, :c].astype(np.float64)), []
    for r, v in zip(nb.astype(np.float64), s):
        k = int(np.argmax(v))
        if v[k] > 0.25:
            rows.append((v[k], k, centre(r * [W, H, W, H])))
    case("detr", [logits[:, :c][None].copy(), nb[None]], finish(sorted(rows, key=lambda r: -r[0])), labels=labels(c),
         parameters='activation = "sigmoid"')
    t = np.concatenate([nb, f32(s)], 1)
    case("rt-detr", [t[None]], finish(sorted(rows, key=lambda r: -r[0])), labels=labels(c))
    compact = np.concatenate([nb, f32(s.max(1))[:, None], f32(s.argmax(1))[:, None]], 1)
    case("rt-detr", [compact[None]], finish(sorted(rows, key=lambda r: -r[0])), labels=labels(c))


def centernet():
    h, w, c = H // 4, W // 4, 3
    heat = f32(rng.uniform(0, 0.2, (c, h, w)))
    for _ in range(25):
        heat[rng.integers(c), rng.integers(h), rng.integers(w)] = rng.uniform(0.3, 1)
    wh, reg = f32(rng.uniform(1, 12, (2, h, w))), f32(rng.uniform(0, 1, (2, h, w)))
    rows = []
    for k, y, x in zip(*np.nonzero(heat > 0.25)):
        around = heat[k, max(0, y - 1):y + 2, max(0, x - 1):x + 2]
        if heat[k, y, x] >= around.max():
            b = [(x + reg[0, y, x]) * 4, (y + reg[1, y, x]) * 4, wh[0, y, x] * 4, wh[1, y, x] * 4]
            rows.append((float(heat[k, y, x]), int(k), centre(b)))
    case("centernet", [heat[None], wh[None], reg[None]], finish(sorted(rows, key=lambda r: -r[0])), labels=labels(c),
         names=["hm", "wh", "reg"])


def yunet():
    outputs, names, rows = {}, [], []
    for s in [8, 16, 32]:
        g = grid([s])
        cls, obj = f32(rng.uniform(-0.1, 1.1, (1, len(g), 1))), f32(rng.uniform(0, 1, (1, len(g), 1)))
        box, kps = f32(rng.normal(0.5, 0.5, (1, len(g), 4))), f32(rng.normal(0, 1, (1, len(g), 10)))
        for name, value in [("cls", cls), ("obj", obj), ("bbox", box), ("kps", kps)]:
            outputs[f"{name}_{s}"] = value
        for i, (x, y, _) in enumerate(g):
            v = np.sqrt(np.clip(cls[0, i, 0], 0, 1) * np.clip(obj[0, i, 0], 0, 1))
            if v > 0.6:
                b = box[0, i].astype(np.float64)
                b = [(x + b[0]) * s, (y + b[1]) * s, np.exp(b[2]) * s, np.exp(b[3]) * s]
                pts = (kps[0, i].reshape(5, 2) + [x, y]) * s
                rows.append((float(v), 0, centre(b),
                             {"keypoints": [float(q) for p in pts for q in (p[0], p[1], 1)]}))
    names = [f"{n}_{s}" for n in ["cls", "obj", "bbox", "kps"] for s in [8, 16, 32]]
    case("yunet", [outputs[n] for n in names], finish(nms(rows, 0.3)), confidence=0.6, iou=0.3, labels=["face"],
         names=names)


def classifier():
    v = f32(rng.normal(0, 3, (1, 37)))
    for logits, param in [(v, ""), (f32(softmax(v)), ""), (f32(softmax(v))[:, :, None, None], ""),
                          (v, 'activation = "sigmoid"')]:
        p = sigmoid(v[0]) if "sigmoid" in param else softmax(v[0])
        order = np.argsort(-p, kind="stable")[:5]
        case("classifier", [logits], [{"class": int(i), "confidence": float(p[i])} for i in order], confidence=0.0,
             labels=labels(37), parameters=param, kind="classes")


def segmentation():
    t = f32(rng.normal(0, 1, (1, 4, H // 4, W // 4)))
    ids = t[0].argmax(0)
    case("segmentation", [t], [int(v) for v in ids.ravel()], labels=labels(4), kind="segmentation")
    case("segmentation", [ids[None]], [int(v) for v in ids.ravel()], labels=labels(4), kind="segmentation",
         types=["int64"])
    one = f32(rng.uniform(0, 1, (1, 1, H // 2, W // 2)))
    case("segmentation", [one], [int(v > 0.5) for v in one.ravel()], labels=labels(2), kind="segmentation")


def embedding():
    v = f32(rng.normal(0, 1, (1, 64)))
    case("embedding", [v], [float(x) for x in v[0] / np.linalg.norm(v[0])], kind="embedding")
    t = f32(rng.normal(0, 1, (1, 7, 64)))
    case("embedding", [t], [float(x) for x in t[0, 0] / np.linalg.norm(t[0, 0])], kind="embedding")
    m = t[0].astype(np.float64).mean(0)
    case("embedding", [t], [float(x) for x in m / np.linalg.norm(m)], kind="embedding", parameters='pooling = "mean"')


def depth():
    v = f32(rng.normal(3, 2, (1, H // 2, W // 2)))
    share = (v - v.min()) / (v.max() - v.min())
    case("depth", [v], [float(x) for x in share.ravel()], kind="depth")
    case("depth", [v[None]], [float(x) for x in 1 - share.ravel()], kind="depth", parameters="nearness = false")
    case("depth", [v[..., None]], [float(x) for x in share.ravel()], kind="depth")
    case("depth", [np.full((1, 4, 4), 2, np.float32)], [0.0] * 16, kind="depth")


def text_regions():
    rows, columns = H // 4, W // 4
    p = rng.uniform(0, 0.29, (rows, columns))
    for _ in range(6):
        y, x = rng.integers(0, rows - 3), rng.integers(0, columns - 8)
        p[y:y + rng.integers(1, 4), x:x + rng.integers(2, 8)] = rng.uniform(0.5, 0.99)
    p = f32(p)
    found, seen = [], np.zeros(p.shape, bool)
    for start in zip(*np.nonzero(p > 0.3)):
        if seen[start]:
            continue
        seen[start], stack, region = True, [start], []
        while stack:
            y, x = stack.pop()
            region.append((y, x))
            for n in [(y + a, x + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]:
                if 0 <= n[0] < rows and 0 <= n[1] < columns and p[n] > 0.3 and not seen[n]:
                    seen[n] = True
                    stack.append(n)
        score = float(np.mean([p[cell] for cell in region]))
        ys, xs = [c[0] for c in region], [c[1] for c in region]
        box = np.array([min(xs), min(ys), max(xs) + 1, max(ys) + 1]) * 4.0
        w, h = box[2] - box[0], box[3] - box[1]
        m = 1.5 * w * h / (2 * (w + h))
        if score > 0.6:
            found.append((score, 0, box + [-m, -m, m, m]))
    found.sort(key=lambda row: -row[0])
    case("text-regions", [p[None, None]], finish(found), confidence=0.6, labels=["text"])


def scrfd():
    score, box, points, rows = [], [], [], []
    for s in [8, 16, 32]:
        g = [(x, y) for x, y, _ in grid([s]) for _ in range(2)]
        p = scores(len(g), 1, 0.1)
        b, k = f32(rng.uniform(0.2, 3, (len(g), 4))), f32(rng.normal(0, 1, (len(g), 10)))
        score.append(p), box.append(b), points.append(k)
        for (x, y), pv, bv, kv in zip(g, p[:, 0], b.astype(np.float64), k.astype(np.float64)):
            if pv > 0.25:
                cx, cy = x * s, y * s
                pts = kv.reshape(5, 2) * s + [cx, cy]
                rows.append((float(pv), 0, [cx - bv[0] * s, cy - bv[1] * s, cx + bv[2] * s, cy + bv[3] * s],
                             {"keypoints": [float(q) for a in pts for q in (a[0], a[1], 1)]}))
    kept = nms(rows, 0.45)
    case("scrfd", score + box + points, finish(kept), labels=["face"], task="pose")
    case("scrfd", [o[None] for o in score + box], finish([r[:3] for r in kept]), labels=["face"], task="detection")


def retinaface():
    priors = [((x + 0.5) * s, (y + 0.5) * s, side) for s, sides in [(8, (16, 32)), (16, (64, 128)), (32, (256, 512))]
              for x, y, _ in grid([s]) for side in sides]
    n = len(priors)
    b, k = f32(rng.normal(0, 1, (n, 4))), f32(rng.normal(0, 2, (n, 10)))
    hot = f32(scores(n, 1, 0.1)[:, 0])
    p = f32(np.stack([1 - hot, hot], 1))
    rows = []
    for (cx, cy, side), bv, kv, s in zip(priors, b.astype(np.float64), k.astype(np.float64), hot):
        if s > 0.25:
            c = [cx + bv[0] * 0.1 * side, cy + bv[1] * 0.1 * side, side * np.exp(0.2 * bv[2]), side * np.exp(0.2 * bv[3])]
            pts = kv.reshape(5, 2) * 0.1 * side + [cx, cy]
            rows.append((float(s), 0, centre(c), {"keypoints": [float(q) for a in pts for q in (a[0], a[1], 1)]}))
    case("retinaface", [b[None], p[None], k[None]], finish(nms(rows, 0.45)), labels=["face"])
    case("retinaface", [b[None], p[None] * 0, k[None]], [], labels=["face"])


def pose(points):
    """One person around its joints (x, y, confidence), if they are sure enough."""
    points = np.asarray(points, np.float64)
    points[:, 2] = np.clip(points[:, 2], 0, 1)
    confidence = points[:, 2].mean()
    sure = points[points[:, 2] > 0.25]
    if confidence <= 0.25:
        return []
    return finish([(float(confidence), 0, [*sure[:, :2].min(0), *sure[:, :2].max(0)],
                    {"keypoints": [float(v) for v in points.ravel()]})])


def pose_heatmaps():
    h, w = H // 4, W // 4
    t = f32(rng.uniform(0, 0.2, (17, h, w)))
    for j in range(17):
        t[j, rng.integers(h), rng.integers(w)] = rng.uniform(0.3, 1.1)
    points = []
    for m in t:
        y, x = np.unravel_index(m.argmax(), m.shape)
        dx = 0.25 * np.sign(m[y, x + 1] - m[y, x - 1]) if 0 < x < w - 1 else 0
        dy = 0.25 * np.sign(m[y + 1, x] - m[y - 1, x]) if 0 < y < h - 1 else 0
        points.append(((x + dx) * 4, (y + dy) * 4, m[y, x]))
    case("pose-heatmaps", [t[None]], pose(points), labels=["person"])
    case("pose-heatmaps", [t[None] * 0], [], labels=["person"])


def simcc():
    x, y = f32(rng.normal(0, 0.1, (17, 2 * W))), f32(rng.normal(0, 0.1, (17, 2 * H)))
    for j in range(17):
        x[j, rng.integers(2 * W)], y[j, rng.integers(2 * H)] = rng.uniform(0.4, 1.2, 2)
    points = [(a.argmax() / 2, b.argmax() / 2, min(a.max(), b.max())) for a, b in zip(x, y)]
    case("simcc", [x[None], y[None]], pose(points), labels=["person"], names=["simcc_x", "simcc_y"])


def movenet():
    k = f32(rng.uniform(0.05, 1, (17, 3)))
    case("movenet", [k[None, None]], pose([(x * W, y * H, c) for y, x, c in k.astype(np.float64)]), labels=["person"])
    people, rows = f32(rng.uniform(0, 1, (6, 56))), []
    people[:, 53:55] = people[:, 51:53] + f32(rng.uniform(0.05, 0.3, (6, 2)))
    for r in people.astype(np.float64):
        if r[55] > 0.25:
            joints = r[:51].reshape(17, 3)
            rows.append((r[55], 0, [r[52] * W, r[51] * H, r[54] * W, r[53] * H],
                         {"keypoints": [float(v) for y, x, c in joints for v in (x * W, y * H, c)]}))
    case("movenet", [people[None]], finish(sorted(rows, key=lambda r: -r[0])), labels=["person"])


def suppression():
    """Class-agnostic and soft suppression, and the cap, on one head."""
    n, c = cells([8, 16, 32]), 5
    t = np.concatenate([boxes(n), scores(n, c, 0.15)], 1)
    rows = []
    for i, r in enumerate(t.astype(np.float64)):
        k = int(np.argmax(r[4:]))
        if t[i, 4 + k] > 0.25:
            rows.append([float(r[4 + k]), k, centre(r[:4])])
    every = finish(nms([tuple(r) for r in rows], 0.45, per_class=False))
    case("yolov8", [t.T[None]], every, labels=labels(c), thresholds="class_agnostic = true")
    case("yolov8", [t.T[None]], finish(nms([tuple(r) for r in rows], 0.45))[:7], labels=labels(c),
         thresholds="max_detections = 7")
    for per_class in [True, False]:
        left, kept = [list(r) for r in rows], []
        while left:
            best = max(left, key=lambda r: r[0])
            left.remove(best)
            if best[0] < 0.25:
                break
            kept.append(tuple(best))
            for r in left:
                if not per_class or r[1] == best[1]:
                    r[0] *= np.exp(-iou(best[2], r[2]) ** 2 / 0.3)
        case("yolov8", [t.T[None]], finish(kept), labels=labels(c),
             thresholds="soft_nms = 0.3" + ("" if per_class else "\nclass_agnostic = true"))


depth(), text_regions(), scrfd(), retinaface(), pose_heatmaps(), simcc(), movenet(), suppression()
yolov8(), yolov8_pose(), yolov8_obb(), yolov5(), end_to_end()
for version in ["v3", "v4", "v5"]:
    anchor_grids(version)
yolox(), nanodet(False), nanodet(True), fastestdet(), scored_boxes(), ssd_priors(), retinanet(), detections()
selected_boxes(), detr(), centernet(), yunet(), classifier(), segmentation(), embedding()
json.dump(cases, sys.stdout)
