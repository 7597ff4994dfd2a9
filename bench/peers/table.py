"""The result of run.py as text."""
import math

TITLES = {"vireo": "Vireo", "ort": "ONNX Runtime", "openvino": "OpenVINO f32", "openvino_any": "OpenVINO as it comes",
          "ncnn": "ncnn", "opencv": "OpenCV DNN"}


def number(value):
    """Three digits that count."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def cell(row, marked=False):
    if row is None:
        return "–"
    text = f"{number(row['median_ms'])} ±{100 * row['spread_ms'] / row['median_ms']:.0f}%"
    return f"**{text}**" if marked else text


def rate(result, peak):
    """GFLOP/s of Vireo, with its share of the peak."""
    row = result["engines"].get("vireo")
    if not row or not result.get("flop"):
        return ""
    gflops = result["flop"] / row["median_ms"] / 1e6
    return number(gflops) + (f" ({100 * gflops / peak['gflops']:.0f}%)" if peak else "")


def fastest(result):
    rows = result["engines"]
    return min((e for e in rows if e != "openvino_any"), key=lambda e: rows[e]["median_ms"], default=None)


def line(result, engines):
    """One model on one line, for the terminal."""
    cells = [f"{engine} {cell(result['engines'].get(engine))}" for engine in engines]
    ratio = f"  ratio {result['ratio']:.2f}" if "ratio" in result else ""
    notes = "".join(f"\n    {engine}: {note}" for engine, note in result["notes"].items())
    return f"{result['model']:28s} {'  '.join(cells)}{ratio}{notes}"


def differences(result):
    found = [(engine, row.get("difference")) for engine, row in result["engines"].items() if "difference" in row]
    return ", ".join(f"{TITLES.get(e, e)} {d:.0e}" for e, d in found if d is not None)


def markdown(report):
    place, engines = report["machine"], report["engines"]
    text = [f"# Latency beside other engines, {place['date']}", ""]
    text += [f"{place['cpu']}, {place['cores']} cores ({' '.join(place['features'])}); {place['system']}. "
             f"Threads: {report['threads']}" + (f" (or {report['also_threads']}, whichever is faster)" if report["also_threads"] else "") +
             (f"; oneDNN held to {report['isa_limit']}" if report["isa_limit"] else "") +
             (f"; vireo {' '.join(report['vireo_arguments'])}" if report["vireo_arguments"] else "") + ".",
             "" if not report.get("peak") else
             f"fp32 peak measured by bench/peak: {report['peak']['gflops']:.0f} GFLOP/s ({report['peak']['isa']}, "
             f"{report['peak']['threads']} threads).",
             "Versions: " + ", ".join(f"{TITLES.get(e, e)} {v}" for e, v in report["versions"].items()) + ".",
             f"Milliseconds per inference: median of {report['rounds']} interleaved rounds of {report['turn_s']} s, ± half the "
             "quartile distance of the rounds; the fastest is bold. Ratio: the fastest peer's time over Vireo's. GFLOP/s: "
             "Vireo's, counting convolutions and matrix products as if direct, and their share of the peak. Difference: "
             "relative L2 distance of the outputs from ONNX Runtime's without graph rewrites.", ""]
    text += ["| model | input | " + " | ".join(TITLES.get(e, e) for e in engines) + " | ratio | GFLOP/s | difference |",
             "|---|---|" + "---|" * len(engines) + "---|---|---|"]
    for result in report["models"]:
        best = fastest(result)
        shape = "x".join(map(str, result["shapes"][0])) if result["shapes"] else ""
        cells = [cell(result["engines"].get(e), e == best) for e in engines]
        ratio = f"{result['ratio']:.2f}" if "ratio" in result else ""
        text.append(f"| {result['model']} | {shape} | " + " | ".join(cells) + f" | {ratio} | {rate(result, report.get('peak'))} | "
                    f"{differences(result)} |")
    ratios = [r["ratio"] for r in report["models"] if "ratio" in r]
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        text += ["", f"Geometric mean of the ratio over {len(ratios)} models: **{mean:.2f}**; lowest {min(ratios):.2f}."]
        against = [r["engines"]["ort"]["median_ms"] / r["engines"]["vireo"]["median_ms"] for r in report["models"]
                   if {"ort", "vireo"} <= r["engines"].keys()]
        if against:
            mean = math.exp(sum(map(math.log, against)) / len(against))
            text[-1] += f" Against ONNX Runtime alone: {mean:.2f}; lowest {min(against):.2f}."
    notes = [f"- {r['model']}, {TITLES.get(e, e)}: {note}" for r in report["models"] for e, note in r["notes"].items()]
    return "\n".join(text + (["", "Left out or odd:", ""] + notes if notes else [])) + "\n"
