"""Where Vireo's time goes: each model's dearest layers, from `vireo bench --profile` on the plan that was compared."""
from table import conditions, number, peak_line, plain, table


def dearest(layers, count, peak):
    """Rows of the dearest layers: ms, share of all, GFLOP/s, share of the peak, GB/s, operator, tactic, layer."""
    total = sum(layer["ms"] for layer in layers)
    rows = []
    for layer in sorted(layers, key=lambda layer: -layer["ms"])[:count]:
        seconds = layer["ms"] / 1e3
        gflops, rate = (layer[key] / seconds / 1e9 if seconds else 0 for key in ("flops", "bytes"))
        rows.append([f"{layer['ms']:.3f}", f"{100 * layer['ms'] / total if total else 0:.1f}%", number(gflops),
                     f"{100 * gflops / peak['gflops']:.0f}%" if peak else "", number(rate), layer["op"],
                     plain(layer["tactic"]), plain(layer["layer"])])
    return rows, total


def markdown(report, count):
    peak = report.get("peak")
    text = [f"# The dearest layers, {report['machine']['date']}", "", conditions(report)]
    if peak:
        text += [peak_line(peak)]
    version = report["versions"].get("vireo", "")
    text += [f"The {count} layers of each model that take most of Vireo's time (version {version}), as the profile of "
             "the compared plan gives them, median of five inferences. GFLOP/s counts convolutions and matrix products "
             "as if direct, so Winograd may pass the peak; GB/s is the size of the layer's tensors over its time."]
    for result in report["models"]:
        if not result.get("layers"):
            continue
        rows, total = dearest(result["layers"], count, peak)
        shown = sum(float(row[0]) for row in rows)
        sizes = f"{number(total)} ms in {len(result['layers'])} layers, {number(shown)} ms shown"
        text += ["", f"## {result['model']}: {sizes}", "",
                 *table(["ms", "share", "GFLOP/s", "of peak", "GB/s", "operator", "tactic", "layer"], rows)]
    return "\n".join(text) + "\n"
