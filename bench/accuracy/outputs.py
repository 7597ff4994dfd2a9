#!/usr/bin/env python3
"""Do models give what they should?  Runs Vireo on every model that has a reference pair beside it and lists the errors.

  outputs.py [MODEL.onnx…] [--zoo] [--wide] [--variants] [--assets] [--limit 1e-4] [-- ARGUMENTS OF vireo infer]

For each model: the relative L2 error (the worst output; for quantised models the cosine, at least 0.99), ok or WRONG, or the message with which Vireo refuses it; models are
told apart by folder with --zoo (.cache/zoo), --wide, --variants (see bench/peers/zoo.py) and --assets. Exit code 1 unless all
are ok.
"""
import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
import environment

if __name__ == "__main__":
    environment.enter("peers")

import numpy as np
import onnx

from tensors import difference, read_tensors

VIREO = environment.ROOT / "build" / "bin" / "vireo"
ZOO = environment.ROOT / ".cache" / "zoo"
ASSETS = environment.ROOT / ".." / "shared" / "assets" / "onnx"


def reference_of(model):
    """The folder of the pair: X.ref beside X.onnx, or the publishers' own test_data_set_0 beside model.onnx."""
    for folder in (model.with_suffix(".ref") / "test_data_set_0", model.parent / "test_data_set_0"):
        if (folder / "output_0.pb").exists():
            return folder
    return None


def check(model, reference, arguments, limit):
    """(state, text)"""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        command = [VIREO, "infer", model, "--inputs", reference, "--outputs", folder, *arguments]
        try:
            done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            return "HANGS", "no result within 300 s"
        seconds = time.monotonic() - begin
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit code {done.returncode}"]
            return ("REFUSED" if done.returncode in (1, 2) else f"CRASHED ({done.returncode})"), lines[-1][:240]
        expected, values = read_tensors(reference, "output"), read_tensors(folder, "output")
        error, matched = difference(values, expected)
    if error is None:
        return "WRONG", f"shapes {[v.shape for v in values]}, expected {[v.shape for v in expected]}"
    kinds = {node.op_type for node in onnx.load(model, load_external_data=False).graph.node}
    if kinds & {"QLinearConv", "DequantizeLinear", "ConvInteger"}:
        cosine = min(float(np.dot(a.ravel(), b.ravel()) / (np.linalg.norm(a) * np.linalg.norm(b) or 1))
                     for a, b in zip([v.astype(np.float64) for v in values], expected))
        return ("ok" if cosine >= 0.99 else "WRONG"), f"cosine {cosine:.4f}  {seconds:.1f} s"
    text = f"{error:.1e}{' rows matched' if matched else ''}  {seconds:.1f} s"
    return ("ok" if error <= limit else "WRONG"), text


def main():
    arguments = sys.argv[1:]
    passed_on = arguments[arguments.index("--") + 1:] if "--" in arguments else []
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--limit", type=float, default=1e-4)
    for name in ("zoo", "wide", "variants", "assets"):
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args(arguments[:len(arguments) - len(passed_on) - ("--" in arguments)])
    models = list(options.models)
    models += sorted(ZOO.glob("*.onnx")) if options.zoo else []
    models += sorted((ZOO / "variants").glob("*.onnx")) if options.variants else []
    models += sorted((ZOO / "wide").glob("*.onnx")) if options.wide else []
    models += sorted(ASSETS.rglob("*.onnx")) if options.assets else []
    if not models:
        parser.error("name models, or say --zoo, --wide, --variants or --assets")
    counts = {}
    for model in models:
        reference = reference_of(model)
        if reference is None:
            continue
        state, text = check(model, reference, passed_on, options.limit)
        counts[state.split()[0]] = counts.get(state.split()[0], 0) + 1
        name = model.stem if model.stem != "model" else model.resolve().parent.name
        print(f"{name:36s} {state:8s} {text}", flush=True)
    print(", ".join(f"{count} {state}" for state, count in sorted(counts.items())))
    return 0 if set(counts) == {"ok"} else 1


if __name__ == "__main__":
    sys.exit(main())
