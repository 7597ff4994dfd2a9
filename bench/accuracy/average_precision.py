"""Mean average precision as COCO defines it: 101 recall points, IoU 0.50 to 0.95 in steps of 0.05, 100 detections an image.

Boxes are x1, y1, x2, y2 in pixels. Ground truth has no crowds and no size ranges here.
"""
import numpy as np

THRESHOLDS = np.arange(0.5, 0.96, 0.05)
RECALL_POINTS = np.linspace(0, 1, 101)
MAX_DETECTIONS = 100


def overlaps(first, second):
    """IoU of every box of `first` with every box of `second`."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(2)
    area = [(boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) for boxes in (first, second)]
    union = area[0][:, None] + area[1][None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def match_image(boxes, truth):
    """For each threshold, which detections (best score first) take a ground-truth box that no better one took."""
    hits = np.zeros((len(THRESHOLDS), len(boxes)), bool)
    if not len(boxes) or not len(truth):
        return hits
    overlap = overlaps(boxes, truth)
    for row, threshold in enumerate(THRESHOLDS):
        free = np.ones(len(truth), bool)
        for index in range(len(boxes)):
            candidates = np.where(free, overlap[index], -1)
            best = int(candidates.argmax())
            if candidates[best] >= threshold - 1e-9:
                free[best] = False
                hits[row, index] = True
    return hits


def average_precision(hits, total):
    """Area under the interpolated precision curve; `hits` in order of falling score."""
    true = np.cumsum(hits)
    recall = true / total
    precision = true / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    index = np.searchsorted(recall, RECALL_POINTS, side="left")
    return float(np.append(precision, 0.0)[index].mean())


def evaluate(detections, truth):
    """(mAP at IoU 0.5, mAP over all thresholds). Both arguments: image → (classes, boxes[, scores])."""
    classes = sorted({int(c) for kinds, _ in truth.values() for c in kinds})
    results = []
    for wanted in classes:
        scores, hits, total = [], [], 0
        for image, (kinds, boxes) in truth.items():
            own = boxes[kinds == wanted]
            total += len(own)
            found_kinds, found_boxes, found_scores = detections.get(image, (np.zeros(0), np.zeros((0, 4)), np.zeros(0)))
            order = np.argsort(-found_scores, kind="stable")[:MAX_DETECTIONS]
            order = order[found_kinds[order] == wanted]
            scores.append(found_scores[order])
            hits.append(match_image(found_boxes[order], own))
        order = np.argsort(-np.concatenate(scores), kind="stable")
        joined = np.concatenate(hits, axis=1)[:, order]
        results.append([average_precision(row, total) if len(row) else 0.0 for row in joined])
    means = np.mean(results, axis=0)
    return float(means[0]), float(means.mean())
