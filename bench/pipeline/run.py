#!/usr/bin/env python3
"""The pipeline beside its own engine and beside a plain program: bench/pipeline/run.py [MODEL…] [--rounds 5] [--out NAME].

For each model and 1 and 16 streams of the same 720p video, in interleaved rounds, medians:
  engine      the plan alone, frame after frame (vireo bench)
  memory      frames that were decoded before, through vireoinfer: what the pipeline costs
  file, draw  decoded, inferred, drawn
  plain       OpenCV's capture, ONNX Runtime, OpenCV's drawing (plain.py), on the same cores
Decoding alone and the memory of a stream are told apart. Ratios are within a round, so that a busy machine hurts both
sides; NAME.json and NAME.md are written.
"""
import argparse
import json
import platform
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
import environment

if __name__ == "__main__" and not any(a.startswith("--python") for a in sys.argv):
    environment.enter("peers")

ROOT = environment.ROOT
ASSETS = ROOT.parent / "shared" / "assets"
USUAL = [ASSETS / "onnx/detect/yolox_nano_416.onnx", ASSETS / "onnx/detect/nanodet_m_320.onnx",
         ROOT / ".cache/zoo/yolov8n.onnx"]
VIDEO = ASSETS / "video/opencv_zoo_nanodet_TestV4.mp4"
FOLDER = ROOT / ".cache" / "pipeline"


def last_json(command, limit):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=limit)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()[-400:]}")
    return json.loads(lines[-1])


class Bench:
    def __init__(self, args):
        self.args, self.bin = args, args.build / "bin"

    def plan(self, model):
        FOLDER.mkdir(parents=True, exist_ok=True)
        plan = FOLDER / (model.stem + ".plan")
        if not plan.exists() or plan.stat().st_mtime < model.stat().st_mtime:
            subprocess.run([self.bin / "vireo", "build", model, "-o", plan, "--budget", "15", "--threads",
                            str(self.args.threads)], check=True, stdout=sys.stderr)
        return plan

    def engine(self, plan):
        record = FOLDER / "engine.json"
        subprocess.run([self.bin / "vireo", "bench", plan, "--threads", str(self.args.threads), "--duration",
                        str(self.args.seconds), "--json", record], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        return {"fps": json.loads(record.read_text())["throughput_per_s"]}

    def pipeline(self, streams, *more):
        return last_json([self.bin / "vireo_bench_pipeline", "--video", self.args.video, "--streams", streams, "--seconds",
                          self.args.seconds, *more], 120 + self.args.seconds)

    def plain(self, model, streams):
        return last_json([self.args.python, Path(__file__).with_name("plain.py"), model, self.args.video, "--streams",
                          streams, "--seconds", self.args.seconds, "--threads", self.args.threads], 120 + self.args.seconds)

    def round(self, model, plan):
        threads = ("--threads", self.args.threads)
        found = {"engine": self.engine(plan)}
        for streams in self.args.streams:
            found[f"memory {streams}"] = self.pipeline(streams, "--model", plan, *threads)
            found[f"draw {streams}"] = self.pipeline(streams, "--model", plan, "--from", "file", "--draw", *threads)
            found[f"plain {streams}"] = self.plain(model, streams)
        found["decode"] = self.pipeline(1, "--from", "file")
        return found


def summary(name, rounds, streams):
    median = lambda values: statistics.median(list(values))
    fps = lambda key: median(r[key]["fps"] for r in rounds)
    ratio = lambda a, b: median(r[a]["fps"] / r[b]["fps"] for r in rounds)
    row = {"model": name, "engine_fps": fps("engine"), "decode_ms": median(r["decode"]["cpu_ms_per_frame"] for r in rounds)}
    for n in streams:
        row[f"memory_{n}_fps"], row[f"draw_{n}_fps"], row[f"plain_{n}_fps"] = (
            fps(f"{kind} {n}") for kind in ("memory", "draw", "plain"))
        row[f"memory_{n}_of_engine"] = ratio(f"memory {n}", "engine")
        row[f"draw_{n}_of_engine"] = ratio(f"draw {n}", "engine")
        row[f"draw_{n}_of_plain"] = ratio(f"draw {n}", f"plain {n}")
        row[f"rss_{n}_mb"] = median(r[f"draw {n}"]["rss_mb"] for r in rounds)
    few, many = min(streams), max(streams)
    if many > few:
        row["mb_per_stream"] = (row[f"rss_{many}_mb"] - row[f"rss_{few}_mb"]) / (many - few)
    return row


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def table(rows, args):
    lines = [f"# Pipeline, {processor()}, {args.threads} threads, {args.rounds} rounds of {args.seconds:g} s", "",
             f"720p video ({args.video.name}); fps, medians; ratios within a round.", ""]
    head = ["model", "engine"]
    for n in args.streams:
        head += [f"{n}: memory", "of engine", "decoded, drawn", "plain", "of plain"]
    head += ["decode, ms of a core", "MB a stream"]
    lines += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [row["model"], f"{row['engine_fps']:.1f}"]
        for n in args.streams:
            cells += [f"{row[f'memory_{n}_fps']:.1f}", f"**{row[f'memory_{n}_of_engine']:.2f}**",
                      f"{row[f'draw_{n}_fps']:.1f}", f"{row[f'plain_{n}_fps']:.1f}", f"**{row[f'draw_{n}_of_plain']:.2f}×**"]
        cells += [f"{row['decode_ms']:.2f}", f"{row['mb_per_stream']:.1f}" if "mb_per_stream" in row else "–"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--video", type=Path, default=VIDEO)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--python", default=sys.executable,
                        help="with numpy, onnxruntime and cv2; default: bench/peers' environment, which is made")
    parser.add_argument("--out", type=Path, help="NAME.json and NAME.md; earlier rounds in NAME.json count, too")
    args = parser.parse_args()
    bench = Bench(args)
    record = args.out.with_suffix(".json") if args.out else None
    rounds = json.loads(record.read_text())["rounds"] if record and record.exists() else {}
    models = args.models or [model for model in USUAL if model.exists()]
    plans = {model: bench.plan(model) for model in models}
    for number in range(args.rounds):
        for model in models:
            found = bench.round(model, plans[model])
            rounds.setdefault(model.stem, []).append(found)
            print(f"round {number + 1}, {model.stem}: " + ", ".join(f"{k} {v['fps']:.1f}" for k, v in found.items()),
                  file=sys.stderr)
            if record:
                record.write_text(json.dumps({"cpu": processor(), "threads": args.threads, "rounds": rounds}, indent=1))
    args.rounds = max(len(r) for r in rounds.values())
    text = table([summary(name, own, args.streams) for name, own in rounds.items()], args)
    print(text)
    if args.out:
        args.out.with_suffix(".md").write_text(text)


if __name__ == "__main__":
    main()
