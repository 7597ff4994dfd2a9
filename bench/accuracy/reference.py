"""The plainest way to run three detectors: OpenCV and numpy around ONNX Runtime. What Vireo's own preprocessing, decoders
and suppression are compared with; shares no code with them. detect(image) gives classes, boxes and scores in image pixels.
"""
import cv2
import numpy as np


def suppress(classes, boxes, scores, iou, limit):
    """Greedy suppression within each class; the indices kept, best first."""
    kept = []
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order = list(np.argsort(-scores, kind="stable"))
    while order and len(kept) < limit:
        best, rest = order[0], np.array(order[1:], int)
        kept.append(best)
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.clip(high - low, 0, None).prod(1)
        overlap = shared / np.maximum(area[best] + area[rest] - shared, 1e-9)
        order = list(rest[(overlap <= iou) | (classes[rest] != classes[best])])
    return np.array(kept, int)


class Detector:
    def __init__(self, session, score, iou, limit):
        self.session, self.score, self.iou, self.limit = session, score, iou, limit
        item = session.get_inputs()[0]
        self.name, (self.height, self.width) = item.name, item.shape[2:]

    def detect(self, image):
        """image: BGR, uint8."""
        blob, scale, pad = self.prepare(image)
        outputs = self.session.run(None, {self.name: np.ascontiguousarray(blob.transpose(2, 0, 1)[None], np.float32)})
        classes, boxes, scores = self.decode(outputs)
        likely = scores >= self.score
        classes, boxes, scores = classes[likely], boxes[likely], scores[likely]
        kept = suppress(classes, boxes, scores, self.iou, self.limit)
        boxes = (boxes[kept] - np.tile(pad, 2)) / np.tile(scale, 2)
        height, width = image.shape[:2]
        return classes[kept], boxes.clip(0, [width, height, width, height]), scores[kept]

    def letterboxed(self, image, centred):
        """The aspect ratio kept, the rest grey 114; its scale, and how far the picture lies from the top left corner."""
        ratio = min(self.width / image.shape[1], self.height / image.shape[0])
        size = np.array([int(image.shape[1] * ratio + 0.5), int(image.shape[0] * ratio + 0.5)])
        pad = (np.array([self.width, self.height]) - size) // 2 if centred else np.zeros(2, int)
        canvas = np.full((self.height, self.width, 3), 114, np.float32)
        canvas[pad[1]:pad[1] + size[1], pad[0]:pad[0] + size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
        return canvas, size / [image.shape[1], image.shape[0]], pad

    def stretched(self, image):
        resized = cv2.resize(image, (self.width, self.height), interpolation=cv2.INTER_LINEAR)
        return resized.astype(np.float32), np.array([self.width / image.shape[1], self.height / image.shape[0]]), np.zeros(2)


class Yolox(Detector):
    """Rows of x, y, w, h, objectness, classes; strides 8, 16, 32. Letterbox in the top left corner, grey 114, BGR 0..255."""

    def prepare(self, image):
        return self.letterboxed(image, centred=False)

    def decode(self, outputs):
        rows, cells, strides = outputs[0][0], [], []
        for stride in (8, 16, 32):
            y, x = np.mgrid[:self.height // stride, :self.width // stride]
            cells.append(np.stack([x.ravel(), y.ravel()], 1))
            strides.append(np.full((x.size, 1), stride))
        cells, strides = np.concatenate(cells), np.concatenate(strides)
        centre, size = (rows[:, :2] + cells) * strides, np.exp(rows[:, 2:4]) * strides
        classes = rows[:, 5:].argmax(1)
        return classes, np.concatenate([centre - size / 2, centre + size / 2], 1), rows[:, 4] * rows[:, 5:].max(1)


class NanoDet(Detector):
    """Scores [cells, classes] and distributions [cells, 4 x 8] for strides 8, 16, 32. Letterboxed in the middle, BGR, ImageNet
    statistics."""

    def prepare(self, image):
        blob, scale, pad = self.letterboxed(image, centred=True)
        return (blob - np.array([103.53, 116.28, 123.675])) / np.array([57.375, 57.12, 58.395]), scale, pad

    def decode(self, outputs):
        classes, boxes, scores = [], [], []
        for stride in (8, 16, 32):
            y, x = np.mgrid[:self.height // stride, :self.width // stride]
            kind, side = [next(o for o in outputs if o.shape == (x.size, width)) for width in (80, 32)]
            side = np.exp(side.reshape(-1, 4, 8) - side.reshape(-1, 4, 8).max(2, keepdims=True))
            distance = (side * np.arange(8)).sum(2) / side.sum(2) * stride
            centre = (np.stack([x.ravel(), y.ravel()], 1) + 0.5) * stride
            classes.append(kind.argmax(1))
            scores.append(kind.max(1))
            boxes.append(np.concatenate([centre - distance[:, :2], centre + distance[:, 2:]], 1))
        return np.concatenate(classes), np.concatenate(boxes), np.concatenate(scores)


class FastestDet(Detector):
    """One grid, [objectness, x, y, w, h, classes]. Stretched, BGR 0..1."""

    def prepare(self, image):
        blob, scale, pad = self.stretched(image)
        return blob / 255, scale, pad

    def decode(self, outputs):
        grid = outputs[0][0]
        _, lines, columns = grid.shape
        y, x = np.mgrid[:lines, :columns]
        size = 1 / (1 + np.exp(-grid[3:5])) * np.array([self.width, self.height])[:, None, None]
        centre = (np.tanh(grid[1:3]) + np.stack([x, y])) * np.array([self.width / columns, self.height / lines])[:, None, None]
        boxes = np.concatenate([centre - size / 2, centre + size / 2]).reshape(4, -1).T
        scores = grid[0] ** 0.6 * grid[5:].max(0) ** 0.4
        return grid[5:].argmax(0).ravel(), boxes, scores.ravel()


def detector_for(session, score, iou, limit):
    """By the outputs' shapes."""
    shapes = [tuple(item.shape) for item in session.get_outputs()]
    height, width = session.get_inputs()[0].shape[2:]
    cells = [height // s * (width // s) for s in (8, 16, 32)]
    if shapes == [(1, sum(cells), 85)]:
        kind = Yolox
    elif sorted(shapes) == sorted((c, n) for c in cells for n in (80, 32)):
        kind = NanoDet
    elif len(shapes) == 1 and len(shapes[0]) == 4 and shapes[0][1] == 85:
        kind = FastestDet
    else:
        raise SystemExit(f"no plain decoder for outputs {shapes}")
    return kind(session, score, iou, limit)
