#!/usr/bin/env python3
"""Mean average precision of detectors over labelled images: a plain reference in Python, and Vireo's detections.

  coco_map.py [MODEL.onnx…] [--data ../shared/assets/labelled/coco128] [--score 0.01] [--iou 0.6]
              [--detections FILE.jsonl | --no-vireo] [--out NAME]

Without models: yolox_nano, nanodet_m and fastestdet of ../shared/assets. Vireo runs over the folder of images with the same
thresholds, through its own preprocessing and decoder, and its lines are scored by the same evaluator; or give its lines for
one model with --detections. Images are the folder's files sorted by name; labels/NAME.txt holds class x y w h, normalised.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
import environment

if __name__ == "__main__":
    environment.enter("peers")

import cv2
import numpy as np
import onnxruntime

import machine
from average_precision import evaluate
from reference import detector_for

SHARED = environment.ROOT / ".." / "shared" / "assets"
MODELS = [SHARED / "onnx" / "detect" / f"{name}.onnx" for name in ("yolox_nano_416", "nanodet_m_320", "fastestdet_352")]
VIREO = environment.ROOT / "build" / "bin" / "vireo"


def read_truth(folder, images):
    truth = {}
    for path, image in images.items():
        height, width = image.shape[:2]
        label = folder / "labels" / f"{path.stem}.txt"
        rows = np.loadtxt(label, ndmin=2) if label.exists() and label.read_text().strip() else np.zeros((0, 5))
        centre, size = rows[:, 1:3] * [width, height], rows[:, 3:5] * [width, height]
        truth[path.name] = rows[:, 0].astype(int), np.concatenate([centre - size / 2, centre + size / 2], 1)
    return truth


def read_lines(path, names):
    """Vireo's JSON lines: detections by image name; a line tells its image by the source's name or by the frame's index."""
    found = {}
    lines = [json.loads(line) for line in Path(path).read_text().splitlines() if line.strip()]
    lines = [line for line in lines if "detections" in line]
    for index, line in enumerate(lines):
        name = Path(str(line.get("source", ""))).name
        if name not in names:
            name = names[int(line.get("frame", index))]
        rows = line["detections"]
        boxes = np.array([d["box"] for d in rows], float).reshape(-1, 4)  # x, y, width, height
        boxes[:, 2:] += boxes[:, :2]
        found[name] = np.array([d["class"] for d in rows], int), boxes, np.array([d["score"] for d in rows], float)
    return found


def run_vireo(model, folder, options):
    with tempfile.TemporaryDirectory() as place:
        lines = Path(place) / "detections.jsonl"
        command = [VIREO, "run", model, "--source", folder, "--sink", f"jsonl:{lines}",
                   "--score", options.score, "--iou", options.iou, "--no-draw"]
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, command))}\nfailed:\n{done.stderr[-2000:]}")
        return lines.read_text()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path, default=MODELS)
    parser.add_argument("--data", type=Path, default=SHARED / "labelled" / "coco128")
    parser.add_argument("--score", type=float, default=0.01)
    parser.add_argument("--iou", type=float, default=0.6)
    parser.add_argument("--detections", type=Path)
    parser.add_argument("--no-vireo", action="store_true")
    parser.add_argument("--out", help="name of the file in bench/results")
    options = parser.parse_args()
    if options.detections and len(options.models) != 1:
        parser.error("--detections are one model's")
    paths = sorted((options.data / "images").iterdir())
    images = {path: cv2.imread(str(path), cv2.IMREAD_COLOR) for path in paths}
    names = [path.name for path in paths]
    truth = read_truth(options.data, images)
    text = [f"# Mean average precision over {options.data.name}, {machine.describe()['date']}", "",
            f"{len(images)} images; score ≥ {options.score}, suppression at IoU {options.iou}, at most 100 detections an image "
            "count; COCO's 101-point average over the classes that occur. Points are percent.", "",
            "| model | reference mAP@0.5 | mAP@[.5:.95] | Vireo mAP@0.5 | mAP@[.5:.95] | difference |", "|---|---|---|---|---|---|"]
    worst = 0.0
    for model in options.models:
        session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        detector = detector_for(session, options.score, options.iou, 300)
        plain = evaluate({path.name: detector.detect(image) for path, image in images.items()}, truth)
        cells = [f"{100 * value:.2f}" for value in plain]
        if not options.no_vireo:
            with tempfile.NamedTemporaryFile("w+", suffix=".jsonl") as lines:
                if not options.detections:
                    lines.write(run_vireo(model, options.data / "images", options))
                    lines.flush()
                found = read_lines(options.detections or lines.name, names)
            if len(found) != len(names):
                print(f"{model.stem}: {len(found)} of {len(names)} images have lines", file=sys.stderr)
            own = evaluate(found, truth)
            cells += [f"{100 * value:.2f}" for value in own]
            cells.append(" / ".join(f"{100 * (b - a):+.2f}" for a, b in zip(plain, own)))
            worst = max(worst, *(abs(100 * (b - a)) for a, b in zip(plain, own)))
        else:
            cells += ["", "", ""]
        text.append(f"| {model.stem} | " + " | ".join(cells) + " |")
        print(text[-1], flush=True)
    if options.out:
        (environment.ROOT / "bench" / "results" / f"{options.out}.md").write_text("\n".join(text) + "\n")
    return 1 if worst > 0.3 else 0


if __name__ == "__main__":
    sys.exit(main())
