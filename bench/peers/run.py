#!/usr/bin/env python3
"""Vireo beside other engines: the same ONNX file, input and threads, in interleaved rounds.

  run.py MODEL.onnx… [--threads 2] [--also-threads 1] [--peers vireo,ort,openvino,openvino_any,ncnn,opencv]
         [--rounds 7] [--turn 0.3] [--pin] [--batch N] [--out NAME] [-- ARGUMENTS OF vireo bench]
  run.py --zoo | --assets           every model of .cache/zoo (see zoo.py), or every float model of ../shared/assets/onnx

One process an engine, kept alive and held still while another runs. In each round every engine runs for about --turn seconds
(two inferences before are not counted); a figure is the median over the rounds' medians, its spread half the distance of
their quartiles. The ratio is the fastest peer's time over Vireo's, taken round by round. Outputs are
compared with ONNX Runtime's, its graph rewrites switched off. --also-threads gives the peers, and
Vireo too, a second try with that number; the better one counts. Inputs are X.ref/test_data_set_0/input_k.pb where there are
any, else seeded noise. Writes bench/results/NAME.md, .json
and .svg after each model.
"""
import argparse
import json
import math
import os
import statistics
import sys
import tempfile
from pathlib import Path

import environment

if __name__ == "__main__":
    environment.enter("peers")

import numpy as np
import onnx

import flops
import machine
import plot
import table
from tensors import difference, read_tensors, reference_outputs, write_tensors
from worker import VIREO, Worker, WorkerError

ASSETS = environment.ROOT / ".." / "shared" / "assets" / "onnx"
NUMPY_TYPES = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 11: np.float64}


def prepare_inputs(model, batch, folder):
    """The folder with the model's inputs: the reference pair's, or seeded noise written into `folder`."""
    reference = Path(model).with_suffix(".ref") / "test_data_set_0"
    if batch is None and (reference / "input_0.pb").exists():
        return reference
    graph = onnx.load(model, load_external_data=False).graph
    constants = {item.name for item in graph.initializer}
    tensors = []
    for index, item in enumerate(i for i in graph.input if i.name not in constants):
        kind = item.type.tensor_type
        shape = [d.dim_value or (batch or 1 if axis == 0 else 0) for axis, d in enumerate(kind.shape.dim)]
        if 0 in shape or kind.elem_type not in NUMPY_TYPES:
            raise WorkerError(f"input {item.name} has open dimensions or a type without numbers; give it an input_{index}.pb")
        tensors.append(np.random.default_rng(index).random(shape).astype(NUMPY_TYPES[kind.elem_type]))
    write_tensors(folder, tensors, "input")
    return folder


def start(model, inputs, options, notes):
    workers = []
    counts = [options.threads] + ([options.also_threads] if options.also_threads else [])
    for engine in options.peers:
        for threads in counts:
            cores = set(sorted(os.sched_getaffinity(0))[:threads]) if options.pin else None
            try:
                workers.append(Worker(engine, model, inputs, threads, cores, options.vireo_arguments))
            except WorkerError as error:
                notes[engine] = str(error)
    return workers


def measure(workers, options, notes):
    """Interleaved rounds; a worker that fails in the middle is left out."""
    turns = {}
    for worker in workers:
        try:
            first = statistics.median(worker.run(3, warmup=1))
            turns[worker] = max(3, min(2000, round(1e3 * options.turn / max(first, 1e-3))))
        except WorkerError as error:
            notes[worker.engine] = str(error)
    for index in range(options.rounds):
        order = list(turns)
        for worker in order[index % len(order):] + order[:index % len(order)]:
            try:
                worker.rounds.append(statistics.median(worker.run(turns[worker], warmup=2)))
            except WorkerError as error:
                notes[worker.engine] = str(error)
                del turns[worker]
    return list(turns)


def compare_outputs(workers, rows, expected, folder, notes):
    saved = {}
    for worker in workers:
        if worker.engine in saved:
            continue
        try:
            worker.save(Path(folder) / worker.engine)
            saved[worker.engine] = read_tensors(Path(folder) / worker.engine, "output")
        except (WorkerError, OSError, ValueError) as error:
            notes[worker.engine] = f"no outputs: {error}"
    for engine, values in saved.items():
        if engine in rows:
            rows[engine]["difference"], matched = difference(values, expected)
            if rows[engine]["difference"] is None:
                notes[engine] = f"outputs of other shapes: {[v.shape for v in values]}"
            elif matched:
                notes[engine] = "compared without regard to the order of rows: near-equal ranks"


def run_model(model, options):
    notes, rows = {}, {}
    result = {"model": Path(model).stem, "engines": rows, "notes": notes}
    with tempfile.TemporaryDirectory() as folder:
        inputs = prepare_inputs(model, options.batch, Path(folder) / "in")
        result["shapes"] = [list(tensor.shape) for tensor in read_tensors(inputs)]
        result["flop"] = flops.count(model, result["shapes"])
        workers = start(model, inputs, options, notes)
        try:
            for worker in measure(workers, options, notes):
                median = statistics.median(worker.rounds)
                quartiles = statistics.quantiles(worker.rounds, n=4) if len(worker.rounds) > 1 else [median] * 3
                if worker.engine not in rows or median < rows[worker.engine]["median_ms"]:
                    rows[worker.engine] = {
                        "median_ms": round(median, 4), "spread_ms": round((quartiles[2] - quartiles[0]) / 2, 4),
                        "rounds_ms": [round(value, 4) for value in worker.rounds], "threads": worker.threads,
                        "load_s": worker.facts.get("load_s"), "build_s": worker.facts.get("build_s"),
                        "peak_bytes": worker.peak_memory()}
            compare_outputs(workers, rows, reference_outputs(model, read_tensors(inputs)), folder, notes)
        finally:
            for worker in workers:
                worker.close()
    # Peers that give the same answer count; bfloat16 as it comes is another precision, and is compared by itself.
    peers = [e for e in rows if e not in ("vireo", "openvino_any") and (rows[e].get("difference", 0) or 0) < 1e-2]
    if "vireo" in rows and peers:
        best = min(peers, key=lambda e: rows[e]["median_ms"])
        result["best_peer"] = best
        pairs = zip(rows[best]["rounds_ms"], rows["vireo"]["rounds_ms"])
        result["ratio"] = round(statistics.median(peer / own for peer, own in pairs), 4)
    return result


def chosen_models(options):
    models = [Path(m) for m in options.models]
    if options.zoo:
        models += sorted((environment.ROOT / ".cache" / "zoo").glob("*.onnx"))
    if options.assets:
        for path in sorted(ASSETS.rglob("*.onnx")):
            kinds = {n.op_type for n in onnx.load(path, load_external_data=False).graph.node}
            if "robustness" not in path.parts and not kinds & {"QLinearConv", "DequantizeLinear", "ConvInteger"}:
                models.append(path)
    return models


def main():
    arguments = sys.argv[1:]
    passed_on = arguments[arguments.index("--") + 1:] if "--" in arguments else []
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--zoo", action="store_true")
    parser.add_argument("--assets", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--also-threads", type=int)
    parser.add_argument("--peers", default="vireo,ort,openvino,ncnn,opencv", type=lambda text: text.split(","))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--turn", type=float, default=0.3, metavar="SECONDS")
    parser.add_argument("--pin", action="store_true", help="hold each engine to the first THREADS cores")
    parser.add_argument("--batch", type=int, help="the first dimension of inputs that leave it open; inputs are then noise")
    parser.add_argument("--out", help="name of the files in bench/results")
    options = parser.parse_args(arguments[:len(arguments) - len(passed_on) - ("--" in arguments)])
    options.vireo_arguments = passed_on
    models = chosen_models(options)
    if not models:
        parser.error("name models, or say --zoo or --assets")
    if "vireo" in options.peers and not VIREO.exists():
        print(f"{VIREO.relative_to(environment.ROOT)} is not built: Vireo is left out", file=sys.stderr)
        options.peers.remove("vireo")
    report = {"machine": machine.describe(), "versions": machine.versions(options.peers), "threads": options.threads,
              "also_threads": options.also_threads, "rounds": options.rounds, "turn_s": options.turn, "pinned": options.pin,
              "vireo_arguments": passed_on, "isa_limit": os.environ.get("ONEDNN_MAX_CPU_ISA"), "engines": options.peers,
              "models": []}
    report["peak"] = machine.peak(options.threads)
    base = environment.ROOT / "bench" / "results" / (options.out or f"peers-{report['machine']['date']}")
    base.parent.mkdir(exist_ok=True)
    for model in models:
        try:
            result = run_model(model, options)
        except (WorkerError, OSError) as error:
            print(f"{model}: {error}", file=sys.stderr)
            continue
        if result["model"] == "model":  # model.onnx: the folder says more
            result["model"] = Path(model).resolve().parent.name
        report["models"].append(result)
        print(table.line(result, options.peers), flush=True)
        base.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n")
        base.with_suffix(".md").write_text(table.markdown(report))
        plot.write(report, base.with_suffix(".svg"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
