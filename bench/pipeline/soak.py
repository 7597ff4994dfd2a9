#!/usr/bin/env python3
"""Sixteen cameras with random faults for N minutes: bench/pipeline/soak.py [--minutes 30] [--seed 1] [--out NAME].

Runs build/bin/soak_test, which fails when a frame is lost without being counted or memory grows, and writes its curve to
NAME.json and NAME.svg (default bench/results/soak).
"""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT, LEFT, TOP, GAP = 900, 150, 70, 46, 34


def panel(top, title, series, seconds):
    """One plot: several lines of (colour, label, values) over the seconds."""
    high = max(max(values) for _, _, values in series) or 1
    last = seconds[-1] or 1
    x = lambda s: LEFT + s / last * (WIDTH - LEFT - 20)
    y = lambda v: top + HEIGHT - v / (high * 1.05) * HEIGHT
    parts = [f'<text x="{LEFT}" y="{top - 8}" font-weight="bold">{title}</text>',
             f'<rect x="{LEFT}" y="{top}" width="{WIDTH - LEFT - 20}" height="{HEIGHT}" fill="none" stroke="#bbb"/>',
             f'<text x="{LEFT - 6}" y="{top + 10}" text-anchor="end">{high:,.0f}</text>',
             f'<text x="{LEFT - 6}" y="{top + HEIGHT}" text-anchor="end">0</text>']
    for i, (colour, label, values) in enumerate(series):
        points = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in zip(seconds, values))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(f'<text x="{WIDTH - 30}" y="{top + 16 + 15 * i}" text-anchor="end" fill="{colour}">{label}</text>')
    return "\n".join(parts)


def draw(record):
    moments = record["moments"]
    seconds = [m["s"] for m in moments]
    take = lambda name: [m[name] for m in moments]
    faults = ", ".join(f"{count} {kind}" for kind, count in record["faults"].items())
    panels = [("Resident memory, MB", [("#06c", "RSS", take("rss_mb"))]),
              ("Frames", [("#393", "in", take("in")), ("#06c", "out", take("out")), ("#c33", "dropped", take("dropped"))]),
              ("Streams playing, of 16", [("#a50", "playing", take("playing"))])]
    body = [panel(TOP + i * (HEIGHT + GAP), title, series, seconds) for i, (title, series) in enumerate(panels)]
    height = TOP + len(panels) * (HEIGHT + GAP)
    head = f'<text x="{LEFT}" y="18">16 RTSP cameras, {seconds[-1] / 60:.1f} minutes; faults: {faults}</text>'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" '
            f'font-size="12"><rect width="100%" height="100%" fill="white"/>\n{head}\n' + "\n".join(body) + "\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "soak")
    args = parser.parse_args()
    record = args.out.with_suffix(".json")
    environment = dict(os.environ, VIREO_SOAK_SECONDS=str(args.minutes * 60), VIREO_SOAK_SEED=str(args.seed),
                       VIREO_SOAK_JSON=str(record))
    status = subprocess.run([args.build / "bin" / "soak_test"], env=environment).returncode
    if record.exists():
        args.out.with_suffix(".svg").write_text(draw(json.loads(record.read_text())))
        print(f"{record} {args.out.with_suffix('.svg')}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
