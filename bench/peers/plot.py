"""A result of run.py as a picture: one line a model, one dot an engine, its time over Vireo's on a logarithmic axis.

  plot.py RESULT.json    writes RESULT.svg beside it; run.py does so itself
"""
import json
import math
import sys
from pathlib import Path
from xml.sax.saxutils import escape

from table import TITLES
from verdict import wrong

COLOURS = {"ort": "#3b6fb6", "openvino": "#7a4fb3", "openvino_any": "#c9b3e6", "ncnn": "#2f9e6e", "opencv": "#d18a1b"}
LEFT, WIDTH, ROW, TOP = 190, 560, 20, 56


def svg(report):
    rows = []
    for result in report["models"]:
        own = result["engines"].get("vireo")
        others = {e: r["median_ms"] / own["median_ms"] for e, r in result["engines"].items()
                  if e != "vireo" and (e == "openvino_any" or not wrong(r))} if own else {}
        if others:
            rows.append((result["model"], others))
    if not rows:
        return None
    rows.sort(key=lambda row: min(row[1].values()))
    values = [v for _, others in rows for v in others.values()]
    low, high = min(0.5, min(values)) / 1.05, min(max(2, max(values)), 16) * 1.05

    def place(value):
        return LEFT + WIDTH * math.log(min(value, high) / low) / math.log(high / low)

    height = TOP + ROW * len(rows) + 30
    text = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 30}" height="{height}" '
            'font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="white"/>',
            f'<text x="10" y="18" font-size="13">Time over Vireo\'s: right of 1 Vireo is faster. '
            f'{escape(report["machine"]["cpu"])}, {report["threads"]} threads</text>']
    for index, engine in enumerate(e for e in report["engines"] if e in COLOURS):
        text.append(f'<circle cx="{20 + 130 * index}" cy="36" r="5" fill="{COLOURS[engine]}"/>'
                    f'<text x="{30 + 130 * index}" y="40">{TITLES[engine]}</text>')
    for tick in (0.25, 0.5, 1, 2, 4, 8, 16):
        if low <= tick <= high:
            stroke = "#444" if tick == 1 else "#ddd"
            text.append(f'<line x1="{place(tick):.1f}" x2="{place(tick):.1f}" y1="{TOP}" y2="{height - 24}" stroke="{stroke}"/>'
                        f'<text x="{place(tick):.1f}" y="{height - 8}" text-anchor="middle">{tick:g}</text>')
    for index, (name, others) in enumerate(rows):
        y = TOP + ROW * index + ROW / 2
        text.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        for engine, value in others.items():
            text.append(f'<circle cx="{place(value):.1f}" cy="{y}" r="5" fill="{COLOURS.get(engine, "#999")}">'
                        f'<title>{escape(TITLES.get(engine, engine))} {value:.2f}</title></circle>')
    return "\n".join(text + ["</svg>"]) + "\n"


def write(report, path):
    picture = svg(report)
    if picture:
        Path(path).write_text(picture)


if __name__ == "__main__":
    source = Path(sys.argv[1])
    write(json.loads(source.read_text()), source.with_suffix(".svg"))
