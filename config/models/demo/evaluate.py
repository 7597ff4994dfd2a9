"""Average precision of the demo's detector on frames that training never saw, for the network in training and for the ONNX
file. Run as a program it scores street.onnx with ONNX Runtime: python evaluate.py [--seeds 50] [--frames 10] [--first 1]."""

import argparse
import os

import cv2
import numpy as np

from street import NAMES, Street

WIDTH, HEIGHT = 384, 288
STRIDES = (8, 16, 32)


def letterbox(image):
    """Top-left, padded with 114, as the pipeline does it. Returns the picture and its scale."""
    h, w = image.shape[:2]
    scale = min(WIDTH / w, HEIGHT / h)
    rw, rh = round(w * scale), round(h * scale)
    out = np.full((HEIGHT, WIDTH, 3), 114, np.uint8)
    out[:rh, :rw] = cv2.resize(image, (rw, rh), interpolation=cv2.INTER_LINEAR)
    return out, scale


def cells():
    rows = [(x, y, s) for s in STRIDES for y in range(HEIGHT // s) for x in range(WIDTH // s)]
    return np.array(rows, np.float32)


def iou(a, b):
    """[n, 4] x [m, 4] corners -> [n, m]."""
    wh = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    inter = np.clip(wh, 0, None).prod(2)
    area = lambda r: (r[:, 2] - r[:, 0]) * (r[:, 3] - r[:, 1])
    return inter / np.maximum(area(a)[:, None] + area(b)[None] - inter, 1e-9)


def detections(output, grid, scale, shape, threshold=0.01, overlap=0.45):
    """Rows of the network (with probabilities) -> [n, 6]: corners in frame pixels, score, class. NMS within classes."""
    scores = output[:, 4:5] * output[:, 5:]
    best = scores.argmax(1)
    score = scores[np.arange(len(best)), best]
    keep = np.flatnonzero(score >= threshold)
    keep = keep[np.argsort(-score[keep])][:1000]
    rows, g = output[keep], grid[keep]
    centre = (rows[:, :2] + g[:, :2]) * g[:, 2:]
    half = np.exp(rows[:, 2:4]) * g[:, 2:] * 0.5
    boxes = np.concatenate([centre - half, centre + half], 1) / scale
    boxes[:, 0::2] = boxes[:, 0::2].clip(0, shape[1])
    boxes[:, 1::2] = boxes[:, 1::2].clip(0, shape[0])
    out = []
    for c in range(scores.shape[1]):
        index = np.flatnonzero(best[keep] == c)
        overlaps = iou(boxes[index], boxes[index])
        alive = np.ones(len(index), bool)
        for i in range(len(index)):
            if alive[i]:
                out.append(np.concatenate([boxes[index[i]], [score[keep][index[i]], c]]))
                alive[i + 1:] &= overlaps[i, i + 1:] <= overlap
    return np.array(out, np.float32).reshape(-1, 6)


def average_precisions(found, truths, level=0.5):
    """`found`: detections of each frame; `truths`: rows of class, x, y, w, h, visible, ignore of each frame. Ignored objects
    count neither as hits nor as misses, nor does what is found on them. Area under the interpolated curve, all points."""
    result = []
    for c in range(len(NAMES)):
        marks, total = [], 0
        for dets, truth in zip(found, truths):
            truth = truth[truth[:, 0] == c]
            boxes = np.concatenate([truth[:, 1:3], truth[:, 1:3] + truth[:, 3:5]], 1)
            ignored = truth[:, 6] > 0
            total += int((~ignored).sum())
            dets = dets[dets[:, 5] == c]
            overlaps = iou(dets[:, :4], boxes)
            taken = np.zeros(len(boxes), bool)
            for i in np.argsort(-dets[:, 4], kind="stable"):
                free = np.where(~taken & ~ignored & (overlaps[i] >= level), overlaps[i], 0)
                if len(free) and free.max() > 0:
                    taken[free.argmax()] = True
                    marks.append((dets[i, 4], 1))
                elif not (ignored & (overlaps[i] >= level)).any():
                    marks.append((dets[i, 4], 0))
        marks.sort(key=lambda m: -m[0])
        hits = np.cumsum([m[1] for m in marks]) if marks else np.zeros(0)
        recall = np.concatenate([[0], hits / max(total, 1), [1]])
        precision = np.concatenate([[1], hits / np.arange(1, len(marks) + 1), [0]])
        precision = np.maximum.accumulate(precision[::-1])[::-1]
        result.append(float(((recall[1:] - recall[:-1]) * precision[1:]).sum()) if total else float("nan"))
    return result


def unseen(first, seeds, frames, step=97, **options):
    """Frames of the validation seeds (1 … 999999), spread over the day."""
    for seed in range(first, first + seeds):
        street = Street(seed, **options)
        for k in range(frames):
            yield street.render(seed * 31 + k * step)


def score(run, stream, threshold=0.01):
    """`run` takes a letterboxed picture and gives the network's rows. Returns the AP of each class."""
    grid, found, truths = cells(), [], []
    for image, truth in stream:
        picture, scale = letterbox(image)
        found.append(detections(run(picture), grid, scale, image.shape, threshold))
        truths.append(truth)
    return average_precisions(found, truths)


def line(aps):
    return "  ".join(f"{n} {a:.3f}" for n, a in zip(NAMES, aps)) + f"  mAP {np.nanmean(aps):.4f}"


if __name__ == "__main__":
    import onnxruntime

    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "street.onnx"))
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--step", type=int, default=97)
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--threshold", type=float, default=0.01)
    args = parser.parse_args()
    session = onnxruntime.InferenceSession(args.model)
    run = lambda picture: session.run(None, {session.get_inputs()[0].name: picture.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
    width, height = map(int, args.size.split("x"))
    print(line(score(run, unseen(args.first, args.seeds, args.frames, args.step, width=width, height=height), args.threshold)))
