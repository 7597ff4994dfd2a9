"""The result of run.py as text."""
import math

from verdict import fastest, wrong

TITLES = {"vireo": "Vireo", "ort": "ONNX Runtime", "openvino": "OpenVINO f32", "openvino_any": "OpenVINO as it comes",
          "ncnn": "ncnn", "opencv": "OpenCV DNN", "all": "all engines"}


def title(engine):
    return TITLES.get(engine, engine)


def number(value):
    """Three digits that count."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def plain(text):
    """Safe inside a cell."""
    return " ".join(str(text).split()).replace("|", "\\|")


def cell(row, note=None, marked=False, threads=None):
    """`threads`: the usual number; a row of another one says its own."""
    if row is None:
        reason = plain(note) if note else "–"
        return reason if len(reason) <= 70 else reason[:68] + " …"
    text = f"{number(row['median_ms'])} ±{100 * row['spread_ms'] / row['median_ms']:.0f}%"
    if threads and row.get("threads", threads) != threads:
        text += f" on {row['threads']}"
    return f"**{text}**" if marked else f"{text} ✗" if wrong(row) else text


def rate(result, peak):
    """GFLOP/s of Vireo, with its share of the peak."""
    row = result["engines"].get("vireo")
    if not row or not result.get("flop"):
        return ""
    gflops = result["flop"] / row["median_ms"] / 1e6
    return number(gflops) + (f" ({100 * gflops / peak['gflops']:.0f}%)" if peak else "")


def note(result, engine):
    return result["notes"].get(engine, "left out" if "all" in result["notes"] else None)


def line(result, engines):
    """One model on one line, for the terminal."""
    cells = [f"{engine} {cell(result['engines'].get(engine))}" for engine in engines]
    ratio = f"  ratio {result['ratio']:.2f}" if "ratio" in result else ""
    notes = "".join(f"\n    {engine}: {text}" for engine, text in result["notes"].items())
    return f"{result['model']:28s} {'  '.join(cells)}{ratio}{notes}"


def differences(result):
    found = [(engine, row.get("difference")) for engine, row in result["engines"].items() if "difference" in row]
    return ", ".join(f"{title(e)} {d:.0e}" for e, d in found if d is not None)


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(row) + " |" for row in rows)]


def conditions(report):
    """Where and how it was measured, in one paragraph."""
    place = report["machine"]
    text = (f"{place['cpu']}, {place['cores']} cores ({' '.join(place['features'])}); {place['system']}. "
            f"Threads: {report['threads']}")
    if report.get("also_threads"):
        other = report["also_threads"]
        text += f" (or {other}, where that is faster: \"on {other}\")"
    if report.get("batch"):
        text += f"; batch {report['batch']}"
    if report.get("vireo_arguments"):
        text += f"; vireo {' '.join(report['vireo_arguments'])}"
    text += "."
    if report.get("isa"):
        held = [title(e) for e in report["engines"] if e not in report["not_held"]]
        text += f" **Held to {report['isa'].upper()}**: {', '.join(held)}."
        if report["not_held"]:
            free = ", ".join(map(title, report["not_held"]))
            text += f" Without a switch for it, so with all that the CPU has: {free}."
    return text


def peak_line(peak):
    return f"fp32 peak measured by bench/peak: {peak['gflops']:.0f} GFLOP/s ({peak['isa']}, {peak['threads']} threads)."


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def latency(report):
    engines, rows = report["engines"], []
    for result in report["models"]:
        best = fastest(result["engines"])
        shape = "x".join(map(str, result["shapes"][0])) if result["shapes"] else ""
        cells = [cell(result["engines"].get(e), note(result, e), e == best, report["threads"]) for e in engines]
        ratio = f"{result['ratio']:.2f}" if "ratio" in result else ""
        rows.append([result["model"], shape, *cells, ratio, rate(result, report.get("peak")), differences(result)])
    return table(["model", "input", *map(title, engines), "ratio", "GFLOP/s", "difference"], rows)


def summary(report):
    ratios = [r["ratio"] for r in report["models"] if "ratio" in r]
    if not ratios:
        return []
    text = ["", f"Geometric mean of the ratio over {len(ratios)} models: **{geometric_mean(ratios):.2f}**; "
            f"lowest {min(ratios):.2f}. Against each engine alone:", ""]
    for engine in report["engines"]:
        models = [r["engines"] for r in report["models"] if {engine, "vireo"} <= r["engines"].keys()]
        pairs = [(rows[engine], rows["vireo"]) for rows in models]
        against = [peer["median_ms"] / own["median_ms"] for peer, own in pairs
                   if not wrong(own) and (not wrong(peer) or engine == "openvino_any")]
        if engine != "vireo" and against:
            mean = geometric_mean(against)
            text += [f"- {title(engine)}: {mean:.2f} over {len(against)} models; lowest {min(against):.2f}"]
    return text


def throughput(report):
    """Images per second, for a batch."""
    if not report.get("batch"):
        return []
    rows = []
    for result in report["models"]:
        measured = [result["engines"].get(engine) for engine in report["engines"]]
        speeds = [number(1e3 * report["batch"] / row["median_ms"]) + (" ✗" if wrong(row) else "") if row else "–"
                  for row in measured]
        rows.append([result["model"], *speeds])
    head = ["model", *map(title, report["engines"])]
    return ["", f"Images per second, {report['batch']} at once:", "", *table(head, rows)]


def cost(row):
    """Peak memory and seconds of one process."""
    if not row or not row.get("peak_bytes"):
        return "–"
    seconds = [f"{row[key]:.2f}" for key in ("build_s", "load_s") if row.get(key) is not None]
    return f"{row['peak_bytes'] / 1e6:.0f} MB, {' + '.join(seconds)} s"


def costs(report):
    """Memory and seconds until the first inference, one column an engine."""
    columns = [(title(e), lambda rows, e=e: rows.get(e)) for e in report["engines"]]
    if "vireo" in report["engines"]:
        alone = ("Vireo, plan only", lambda rows: rows.get("vireo", {}).get("from_plan"))
        columns.insert(1 + report["engines"].index("vireo"), alone)
    rows = [[r["model"], *(cost(pick(r["engines"])) for _, pick in columns)] for r in report["models"]]
    bases = [row["base_bytes"] for r in report["models"] for row in r["engines"].values() if row.get("base_bytes")]
    python = f" The peers' processes hold Python and the inputs too, {min(bases) / 1e6:.0f} MB and up." if bases else ""
    return ["", "Peak memory of each engine's process (VmHWM after the rounds), and seconds until it can run: build + "
            "load. Vireo builds in that process; \"plan only\" is another that loads the finished plan. ncnn's build "
            f"is pnnx, in a process of its own. The peers' load ends with their first result.{python}", "",
            *table(["model", *(name for name, _ in columns)], rows)]


def markdown(report):
    text = [f"# Latency beside other engines, {report['machine']['date']}", "", conditions(report)]
    if report.get("peak"):
        text += [peak_line(report["peak"])]
    text += ["Versions: " + ", ".join(f"{title(e)} {v}" for e, v in report["versions"].items()) + ".",
             f"Milliseconds per inference: median of {report['rounds']} interleaved rounds of {report['turn_s']} s, ± "
             "half the quartile distance of the rounds; the fastest is bold. Ratio: the fastest peer's time over "
             "Vireo's. GFLOP/s: Vireo's, counting convolutions and matrix products as if direct, and their share of "
             "the peak. Difference: relative L2 distance of the outputs from ONNX Runtime's without graph rewrites; ✗ "
             "marks outputs further away than 1e-2, which do not count. OpenVINO as it comes computes in bfloat16 where "
             "the CPU has it, and is no peer for the ratio.", ""]
    text += latency(report) + summary(report) + throughput(report) + costs(report)
    notes = [f"- {r['model']}, {title(e)}: {plain(text)}" for r in report["models"] for e, text in r["notes"].items()]
    return "\n".join(text + (["", "Failing, left out or odd:", ""] + notes if notes else [])) + "\n"
