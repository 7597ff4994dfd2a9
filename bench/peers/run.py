#!/usr/bin/env python3
"""Vireo beside other engines: the same ONNX file, inputs and threads, in interleaved rounds.

  run.py MODEL.onnx… [--threads 2] [--also-threads 1] [--peers vireo,ort,openvino,openvino_any,ncnn,opencv]
         [--rounds 7] [--most-rounds N] [--turn 0.3] [--pin] [--batch N] [--isa avx2] [--dearest 10] [--limit SECONDS] [--out NAME]
         [-- ARGUMENTS OF vireo bench]
  run.py --zoo | --assets     every model of .cache/zoo (see zoo.py), or every float model of ../shared/assets/onnx

One process an engine, kept alive and held still while another runs. In each round every engine runs for about --turn
seconds (two inferences before are not counted); a figure is the median over the rounds' medians, its spread half their
quartile distance; with --most-rounds, rounds are added while Vireo's spread or the fastest peer's is above 5 %. The ratio is the fastest peer's time over Vireo's, taken round by round; a peer whose outputs
differ by more than 1e-2 from ONNX Runtime's, its graph rewrites switched off, does not count. --also-threads gives the
peers, and Vireo too, a second try with that number; the better one counts. Inputs are
X.ref/test_data_set_0/input_k.pb where there are any, else seeded noise. With --batch N, --zoo means .cache/zoo/batchN.
An engine that gives no answer within --limit seconds, or dies, becomes an entry of the table with the reason.

Writes bench/results/NAME.md, .json and .svg after each model, with --dearest also NAME-layers.md (--out with a slash is
a path). Interrupting it ends the engines; what was measured so far is written.
"""
import argparse
import json
import os
import signal
import sys
from pathlib import Path

import environment

if __name__ == "__main__":
    environment.enter("peers")

import onnx

import isa
import layers
import machine
import plot
import table
from comparison import VIREO, run_model
from engines import ENGINES

ASSETS = environment.ROOT / ".." / "shared" / "assets" / "onnx"


def chosen_models(options):
    models = [Path(m) for m in options.models]
    if options.zoo:
        folder = environment.ROOT / ".cache" / "zoo"
        models += sorted((folder / f"batch{options.batch}" if options.batch else folder).glob("*.onnx"))
    if options.assets:
        for path in sorted(ASSETS.rglob("*.onnx")):
            kinds = {n.op_type for n in onnx.load(path, load_external_data=False).graph.node}
            if "robustness" not in path.parts and not kinds & {"QLinearConv", "DequantizeLinear", "ConvInteger"}:
                models.append(path)
    return models


def parse(arguments):
    passed_on = arguments[arguments.index("--") + 1:] if "--" in arguments else []
    own = arguments[:arguments.index("--")] if "--" in arguments else arguments
    known = ["vireo", *ENGINES]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--zoo", action="store_true")
    parser.add_argument("--assets", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--also-threads", type=int)
    parser.add_argument("--peers", default=",".join(known), type=lambda text: text.split(","))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--most-rounds", type=int, metavar="N", help="go on up to N rounds while figures are unsettled")
    parser.add_argument("--turn", type=float, default=0.3, metavar="SECONDS")
    parser.add_argument("--pin", action="store_true", help="hold each engine to the first THREADS cores")
    parser.add_argument("--batch", type=int, help="images at once: the zoo's files for it, models that leave it open")
    parser.add_argument("--isa", choices=sorted(isa.SETTINGS), help="hold every engine that can be held to it")
    parser.add_argument("--dearest", type=int, default=0, metavar="N", help="also list Vireo's N dearest layers")
    parser.add_argument("--limit", type=float, default=300, metavar="SECONDS", help="for any one answer of an engine")
    parser.add_argument("--out", help="name of the files in bench/results")
    options = parser.parse_args(own)
    options.vireo_arguments = passed_on
    options.most_rounds = max(options.rounds, options.most_rounds or 0)
    unknown = [name for name in options.peers if name not in known]
    if unknown:
        parser.error(f"unknown peer {', '.join(unknown)}; known are {', '.join(known)}")
    counts = [options.threads, options.rounds, options.limit, options.batch, options.also_threads]
    if min(value for value in counts if value is not None) < 1 or options.dearest < 0 or options.turn < 0:
        parser.error("--threads, --also-threads, --rounds, --batch and --limit are at least 1; nothing is negative")
    if options.isa and "openvino_any" in options.peers:
        print(f"held to {options.isa}, OpenVINO has no bfloat16: as it comes is left out", file=sys.stderr)
        options.peers.remove("openvino_any")
    options.files = chosen_models(options)
    if options.zoo and not any(".cache" in path.parts for path in options.files):
        made = f" --batch {options.batch}" if options.batch else ""
        parser.error(f"there is no zoo yet: run bench/peers/zoo.py{made}")
    if not options.files:
        parser.error("name models, or say --zoo or --assets")
    missing = [str(path) for path in options.files if not path.exists()]
    if missing:
        parser.error(f"there is no {', '.join(missing)}")
    if "vireo" in options.peers and not VIREO.exists():
        print(f"{VIREO.relative_to(environment.ROOT)} is not built: Vireo is left out", file=sys.stderr)
        options.peers.remove("vireo")
    return options


def write(report, base, dearest):
    brief = [{key: value for key, value in result.items() if key != "layers"} for result in report["models"]]
    base.with_name(f"{base.name}.json").write_text(json.dumps({**report, "models": brief}, indent=1) + "\n")
    base.with_name(f"{base.name}.md").write_text(table.markdown(report))
    plot.write(report, base.with_name(f"{base.name}.svg"))
    if dearest:
        base.with_name(f"{base.name}-layers.md").write_text(layers.markdown(report, dearest))


def main():
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the workers are ended on the way out
    report = {"machine": machine.describe(), "versions": machine.versions(options.peers), "threads": options.threads,
              "also_threads": options.also_threads, "rounds": options.rounds, "most_rounds": options.most_rounds, "turn_s": options.turn,
              "pinned": options.pin, "batch": options.batch,
              "vireo_arguments": options.vireo_arguments, "isa": options.isa,
              "not_held": isa.not_held(options.isa, options.peers), "engines": options.peers,
              "peak": machine.peak(options.threads, options.isa), "models": []}
    name = options.out or f"peers-{report['machine']['date']}"
    base = Path(name) if "/" in name else environment.ROOT / "bench" / "results" / name
    base.parent.mkdir(parents=True, exist_ok=True)
    for model in options.files:
        result = run_model(model, options)
        report["models"].append(result)
        print(table.line(result, options.peers), flush=True)
        write(report, base, options.dearest)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        os.write(2, b"stopped; the results so far are written\n")
        sys.exit(130)
