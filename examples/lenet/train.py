#!/usr/bin/env python3
"""Trains the LeNet of this folder on digits that digits.py draws, with numpy alone.

  train.py [--steps N] [--out DIR]   writes lenet.weights (float16) and digits.pgm, pictures that it was not trained on

The files in the repository are those of `train.py` as it stands: some ten minutes of one core.
"""
import argparse
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import digits

# In the order in which lenet.cpp reads them.
SHAPES = {"conv1.w": (6, 1, 5, 5), "conv1.b": (6,), "conv2.w": (16, 6, 5, 5), "conv2.b": (16,), "fc1.w": (120, 400),
          "fc1.b": (120,), "fc2.w": (84, 120), "fc2.b": (84,), "fc3.w": (10, 84), "fc3.b": (10,)}
NEW, OLD, POOL = 100, 200, 40000  # pictures of a step: drawn for it, and of those drawn last
SHEET = (10, 20)  # rows and columns of digits.pgm; row r shows the digit r


def convolve(x, w, b, pad):
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = sliding_window_view(x, (5, 5), (2, 3))  # n c h w 5 5
    n, c, h, wide = windows.shape[:4]
    columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * h * wide, -1)
    y = columns @ w.reshape(len(w), -1).T + b
    return y.reshape(n, h, wide, len(w)).transpose(0, 3, 1, 2), (columns, x.shape, pad)


def convolve_back(dy, w, kept):
    columns, shape, pad = kept
    n, m, h, wide = dy.shape
    flat = dy.transpose(0, 2, 3, 1).reshape(-1, m)
    dw, db = (flat.T @ columns).reshape(w.shape), flat.sum(0)
    dcolumns = (flat @ w.reshape(m, -1)).reshape(n, h, wide, w.shape[1], 5, 5)
    dx = np.zeros(shape, np.float32)
    for i in range(5):
        for j in range(5):
            dx[:, :, i:i + h, j:j + wide] += dcolumns[..., i, j].transpose(0, 3, 1, 2)
    return dx[:, :, pad:shape[2] - pad, pad:shape[3] - pad], dw, db


def pool(x):
    n, c, h, w = x.shape
    cells = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
    best = cells.argmax(-1)
    return np.take_along_axis(cells, best[..., None], -1)[..., 0], best


def pool_back(dy, best):
    n, c, h, w = dy.shape
    cells = np.zeros((n, c, h, w, 4), np.float32)
    np.put_along_axis(cells, best[..., None], dy[..., None], -1)
    return cells.reshape(n, c, h, w, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, 2 * h, 2 * w)


def forward(p, x):
    kept = {}
    for name, pad in (("conv1", 2), ("conv2", 0)):
        x, kept[name] = convolve(x, p[name + ".w"], p[name + ".b"], pad)
        x = np.maximum(x, 0)
        kept[name + ".y"] = x
        x, kept[name + ".best"] = pool(x)
    x = x.reshape(len(x), -1)
    for name in ("fc1", "fc2", "fc3"):
        kept[name] = x
        x = x @ p[name + ".w"].T + p[name + ".b"]
        if name != "fc3":
            x = np.maximum(x, 0)
    return x, kept


def gradients(p, x, wanted):
    scores, kept = forward(p, x)
    scores = np.exp(scores - scores.max(1, keepdims=True))
    chance = scores / scores.sum(1, keepdims=True)
    loss = -np.log(chance[np.arange(len(x)), wanted] + 1e-9).mean()
    d = chance
    d[np.arange(len(x)), wanted] -= 1
    d /= len(x)
    g = {}
    for name in ("fc3", "fc2", "fc1"):
        g[name + ".w"], g[name + ".b"] = d.T @ kept[name], d.sum(0)
        d = d @ p[name + ".w"]
        if name != "fc1":
            d = d * (kept[name] > 0)
    d = d.reshape(-1, 16, 5, 5)
    for name in ("conv2", "conv1"):
        d = pool_back(d, kept[name + ".best"]) * (kept[name + ".y"] > 0)
        d, g[name + ".w"], g[name + ".b"] = convolve_back(d, p[name + ".w"], kept[name])
    return loss, g


def train(steps, rng):
    p = {name: (np.zeros(shape) if len(shape) == 1 else rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape))
         .astype(np.float32) for name, shape in SHAPES.items()}
    mean = {name: np.zeros_like(v) for name, v in p.items()}
    square = {name: np.zeros_like(v) for name, v in p.items()}
    pictures, answers = np.empty((POOL, 1, digits.SIZE, digits.SIZE), np.float32), np.empty(POOL, int)
    for step in range(1, steps + 1):
        x, wanted = digits.batch(NEW, rng)
        at = NEW * (step - 1) % POOL
        pictures[at:at + NEW], answers[at:at + NEW] = x, wanted
        old = rng.integers(0, min(POOL, NEW * step), OLD)
        loss, g = gradients(p, np.concatenate([x, pictures[old]]), np.concatenate([wanted, answers[old]]))
        rate = 1.5e-3 * (1 + np.cos(np.pi * step / (steps + 1)))
        for name in p:  # Adam
            mean[name] += .1 * (g[name] - mean[name])
            square[name] += .001 * (g[name]**2 - square[name])
            p[name] -= rate * (mean[name] / (1 - .9**step)) / (np.sqrt(square[name] / (1 - .999**step)) + 1e-8)
        if step % 50 == 0 or step == steps:
            print(f"step {step}: loss {loss:.4f}", flush=True)
    return p


def sheet(rng):
    """Ink as grey levels: black paper, white ink."""
    rows, columns = SHEET
    pictures = [[digits.draw(r, rng) for _ in range(columns)] for r in range(rows)]
    return np.round(255 * np.concatenate([np.concatenate(row, 1) for row in pictures])).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1800)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    p = train(options.steps, np.random.default_rng(1))
    x, wanted = digits.batch(500, np.random.default_rng(2))
    right = (forward(p, x)[0].argmax(1) == wanted).mean()
    print(f"{100 * right:.1f} % of {len(x)} new pictures are right")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "lenet.weights").write_bytes(b"".join(p[name].astype("<f2").tobytes() for name in SHAPES))
    picture = sheet(np.random.default_rng(3))
    header = f"P5\n{picture.shape[1]} {picture.shape[0]}\n255\n".encode()
    (options.out / "digits.pgm").write_bytes(header + picture.tobytes())


if __name__ == "__main__":
    main()
