#!/usr/bin/env python3
"""What one writes in an afternoon: OpenCV's capture, ONNX Runtime, OpenCV's NMS and rectangles. The other side of run.py.

plain.py MODEL VIDEO [--streams N] [--seconds S] [--threads N]   prints one line of JSON: fps, frames, boxes, rss_mb.
Reads YOLOX, NanoDet (GFL) and YOLOv8 heads, as their authors' examples do.
"""
import argparse
import json
import time
from pathlib import Path

import cv2
import numpy as np
import onnxruntime


def letterbox(frame, size, center, pad):
    """The frame in the network's square, and how to get back."""
    scale = min(size / frame.shape[1], size / frame.shape[0])
    width, height = round(frame.shape[1] * scale), round(frame.shape[0] * scale)
    left, top = ((size - width) // 2, (size - height) // 2) if center else (0, 0)
    canvas = np.full((size, size, 3), pad, np.uint8)
    canvas[top:top + height, left:left + width] = cv2.resize(frame, (width, height))
    return canvas, scale, left, top


def grid(size, strides):
    cells, steps = [], []
    for stride in strides:
        count = size // stride
        y, x = np.mgrid[:count, :count]
        cells.append(np.stack([x, y], -1).reshape(-1, 2))
        steps.append(np.full((count * count, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(steps).astype(np.float32)


class Yolox:
    center, pad = False, 114

    def __init__(self, size):
        self.cells, self.steps = grid(size, (8, 16, 32))

    def blob(self, canvas):
        return canvas.transpose(2, 0, 1)[None].astype(np.float32)

    def boxes(self, outputs):
        rows = outputs[0][0]
        scores = rows[:, 4:5] * rows[:, 5:]
        middle = (rows[:, :2] + self.cells) * self.steps
        extent = np.exp(rows[:, 2:4]) * self.steps
        return np.concatenate([middle - extent / 2, extent], 1), scores


class Nanodet:
    center, pad = False, 0

    def __init__(self, size):
        self.size = size

    def blob(self, canvas):
        mean, deviation = np.float32([103.53, 116.28, 123.675]), np.float32([57.375, 57.12, 58.395])
        return ((canvas - mean) / deviation).transpose(2, 0, 1)[None].astype(np.float32)

    def boxes(self, outputs):
        pieces = {}
        for output in outputs:  # scores and distances of each stride, in some order
            rows = output[0] if output.ndim == 3 else output
            pieces.setdefault(rows.shape[0], {})[rows.shape[1]] = rows
        boxes, scores = [], []
        for count in sorted(pieces, reverse=True):
            side = int(round(count ** 0.5))
            stride = self.size / side
            widths = sorted(pieces[count])
            if len(widths) == 1:  # both in one tensor
                rows = pieces[count][widths[0]]
                classes, distances = rows[:, :80], rows[:, 80:]
            else:
                distances, classes = pieces[count][widths[0]], pieces[count][widths[1]]
            bins = distances.shape[1] // 4
            spread = distances.reshape(-1, 4, bins)
            spread = np.exp(spread - spread.max(-1, keepdims=True))
            reach = (spread / spread.sum(-1, keepdims=True)) @ np.arange(bins, dtype=np.float32) * stride
            y, x = np.mgrid[:side, :side]
            middle = (np.stack([x, y], -1).reshape(-1, 2) + 0.5) * stride
            boxes.append(np.concatenate([middle - reach[:, :2], reach[:, :2] + reach[:, 2:]], 1))
            scores.append(classes)
        return np.concatenate(boxes), np.concatenate(scores)


class Yolov8:
    center, pad = True, 114

    def __init__(self, size):
        pass

    def blob(self, canvas):
        return np.ascontiguousarray(canvas[:, :, ::-1].transpose(2, 0, 1))[None].astype(np.float32) / 255

    def boxes(self, outputs):
        rows = outputs[0][0].T
        return np.concatenate([rows[:, :2] - rows[:, 2:4] / 2, rows[:, 2:4]], 1), rows[:, 4:]


class Program:
    def __init__(self, model, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        image = self.session.get_inputs()[0]
        self.name, self.size = image.name, int(image.shape[-1])
        name = Path(model).name
        self.head = (Yolox if "yolox" in name else Nanodet if "nanodet" in name else Yolov8)(self.size)

    def run(self, frame):
        canvas, scale, left, top = letterbox(frame, self.size, self.head.center, self.head.pad)
        outputs = self.session.run(None, {self.name: self.head.blob(canvas)})
        boxes, scores = self.head.boxes(outputs)
        best = scores.max(1)
        kept = np.flatnonzero(best > 0.25)
        boxes, best, classes = boxes[kept], best[kept], scores[kept].argmax(1)
        boxes = (boxes - np.float32([left, top, 0, 0])) / scale
        chosen = cv2.dnn.NMSBoxesBatched(boxes.tolist(), best.tolist(), classes.tolist(), 0.25, 0.45) if len(kept) else []
        for i in chosen:
            x, y, w, h = boxes[i].astype(int)
            cv2.rectangle(frame, (x, y), (x + w, y + h), (0, 255, 0), 2)
            cv2.putText(frame, f"{classes[i]} {best[i]:.2f}", (x, y - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 255, 0), 1)
        return len(chosen)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("video")
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    cv2.setNumThreads(args.threads)
    program = Program(args.model, args.threads)
    captures = [cv2.VideoCapture(args.video) for _ in range(args.streams)]
    frames = boxes = 0
    start = None
    begun = time.perf_counter()
    while start is None or time.perf_counter() - start < args.seconds:
        for capture in captures:
            good, frame = capture.read()
            if not good:
                capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
                continue
            boxes += program.run(frame)
            frames += 1
        if start is None and time.perf_counter() - begun > 1:
            start, frames, boxes = time.perf_counter(), 0, 0
    seconds = time.perf_counter() - start
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
    print(json.dumps({"fps": frames / seconds, "frames": frames, "boxes": boxes, "rss_mb": resident}))


if __name__ == "__main__":
    main()
