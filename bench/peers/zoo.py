#!/usr/bin/env python3
"""Writes the standard topologies as ONNX files, with seeded random weights, into .cache/zoo (never committed).

  zoo.py [NAME…]            the zoo of the comparisons (all of it, or the named ones)
  zoo.py --wide [NAME…]     many further topologies, to try the importer on           → .cache/zoo/wide
  zoo.py --variants         the same few networks through other exporters and opsets  → .cache/zoo/variants
  zoo.py --batch 8 [NAME…]  the zoo for that many images at once            → .cache/zoo/batch8
  zoo.py --references       writes the reference pairs of all files again
  zoo.py --operators        which operators the files use, and in how many models

Beside X.onnx lies X.ref/test_data_set_0/{input,output}_k.pb, made by ONNX Runtime. Files that exist are left as they are.
Random weights would let activations die out or explode through deep nets, which hides numerical errors: settle() gives
norms measured statistics and every bias and scale a value that counts.
"""
import argparse
import collections
import os
import sys
import traceback
from pathlib import Path

import environment

if __name__ == "__main__":
    environment.enter("zoo")
os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false",
                  YOLO_CONFIG_DIR=str(environment.ROOT / ".cache"))

import numpy as np
import onnx
import torch

from tensors import reference_outputs, write_tensors
from zoo_models import VARIANTS, WIDE, ZOO, make

FOLDER = environment.ROOT / ".cache" / "zoo"


def picture(size, seed):
    """A seeded 1x3xSxS image with structure at every scale. On plain noise all places of a feature map would look alike,
    and a network that ranks places (a detection transformer) would rank rounding errors."""
    generator = np.random.default_rng(seed)
    image = np.zeros((3, size, size))
    cells = 2
    while cells <= size:
        repeat = -(-size // cells)
        image += np.kron(generator.random((3, cells, cells)), np.ones((repeat, repeat)))[:, :size, :size]
        cells *= 2
    image -= image.min()
    return (image / image.max()).astype(np.float32)[None]


def settle(model, image):
    """Measured BatchNorm statistics, and biases and scales that are neither zero nor all equal."""
    generator = torch.Generator().manual_seed(7)
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad or parameter.dim() == 0 or parameter.numel() < 2:
            continue
        values = parameter.data
        if values.std() > 0:
            continue
        noise = torch.randn(values.shape, generator=generator)
        if name.endswith("bias"):
            parameter.data = values + 0.05 * noise
        else:  # layer scales start near 0 and would switch their whole branch off
            parameter.data = (0.5 if abs(values.flatten()[0]) < 0.01 else values) + 0.1 * noise
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    if not norms:
        return
    momenta = [m.momentum for m in norms]
    for norm in norms:
        norm.train()
        norm.momentum = None
        norm.reset_running_stats()
    with torch.no_grad():  # two images: behind a global pool one image would leave a norm a single value
        model(torch.cat([image, image.flip(3) ** 2]))
    for norm, momentum in zip(norms, momenta):
        norm.eval()
        norm.momentum = momentum


def export(entry, path, exporter="legacy", opset=17, dynamic=False, external=False, fold=True, batch=1):
    model, size, names = make(entry)
    image = torch.from_numpy(picture(size, 100))
    settle(model, image)
    image = image.repeat(batch, 1, 1, 1)
    arguments = {"input_names": ["images"], "external_data": external}
    if opset:
        arguments["opset_version"] = opset
    if names:
        arguments["output_names"] = names
    if exporter == "legacy":
        arguments |= {"dynamo": False, "do_constant_folding": fold}
        if not fold:
            arguments["training"] = torch.onnx.TrainingMode.PRESERVE
        if dynamic:
            arguments["dynamic_axes"] = {"images": {0: "batch"}}
        arguments.pop("external_data")
    else:
        arguments |= {"dynamo": True, "optimize": fold}
        if dynamic:
            arguments["dynamic_shapes"] = ({0: torch.export.Dim("batch", min=1, max=64)},)
            image = torch.cat([image, image])
    torch.onnx.export(model, (image,), str(path), **arguments)
    metadata = getattr(model, "zoo_metadata", None)
    if metadata:
        stored = onnx.load(path)
        onnx.helper.set_model_props(stored, metadata)
        onnx.save(stored, path)


def write_reference(path):
    """Runs the file through ONNX Runtime on a seeded picture and stores inputs and outputs beside it."""
    graph = onnx.load(path, load_external_data=False).graph
    constants = {item.name for item in graph.initializer}
    inputs = []
    for item in (item for item in graph.input if item.name not in constants):
        shape = [d.dim_value or 1 for d in item.type.tensor_type.shape.dim]
        inputs.append(np.concatenate([picture(shape[2], seed) for seed in range(shape[0])]))
    results = reference_outputs(path, inputs)
    for item, value in zip(graph.output, results):
        if not np.isfinite(value).all():
            print(f"  warning: {path.name} {item.name} is not finite", file=sys.stderr)
    folder = path.with_suffix(".ref") / "test_data_set_0"
    write_tensors(folder, inputs, "input")
    write_tensors(folder, results, "output")


def write(name, entry, path, **options):
    reference = path.with_suffix(".ref") / "test_data_set_0" / "output_0.pb"
    if reference.exists():
        return True
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    try:
        export(entry, path, **options)
        write_reference(path)
    except Exception as error:  # one network that does not export must not stop the others
        path.unlink(missing_ok=True)
        print(f"{name}: not written: {str(error).splitlines()[0] if str(error) else type(error).__name__}", file=sys.stderr)
        if os.environ.get("ZOO_TRACE"):
            traceback.print_exc()
        return False
    print(f"{name}: {path.relative_to(environment.ROOT)} {path.stat().st_size / 1e6:.1f} MB", flush=True)
    return True


def operators():
    users = collections.defaultdict(set)
    for path in sorted(FOLDER.rglob("*.onnx")):
        pending = [onnx.load(path, load_external_data=False).graph]
        while pending:
            for node in pending.pop().node:
                users[f"{node.domain}.{node.op_type}" if node.domain else node.op_type].add(path.stem)
                pending += [a.g for a in node.attribute if a.HasField("g")]
    for operator, models in sorted(users.items(), key=lambda item: (-len(item[1]), item[0])):
        few = f"  ({', '.join(sorted(models))})" if len(models) <= 4 else ""
        print(f"{operator}: {len(models)}{few}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--wide", action="store_true")
    parser.add_argument("--variants", action="store_true")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--references", action="store_true")
    parser.add_argument("--operators", action="store_true")
    options = parser.parse_args()
    if options.operators:
        return operators()
    if options.references:
        for path in sorted(FOLDER.rglob("*.onnx")):
            write_reference(path)
        return 0
    torch.set_num_threads(2)
    failed = 0
    if options.variants:
        for name, (base, settings) in VARIANTS.items():
            if not options.names or name in options.names or base in options.names:
                failed += not write(name, ZOO[base], FOLDER / "variants" / f"{name}.onnx", **settings)
    else:
        table, folder = (WIDE, FOLDER / "wide") if options.wide else (ZOO, FOLDER)
        if options.batch > 1:
            folder /= f"batch{options.batch}"
        unknown = [name for name in options.names if name not in table]
        if unknown:
            parser.error(f"unknown {', '.join(unknown)}; known are {', '.join(table)}")
        for name in options.names or table:
            failed += not write(name, table[name], folder / f"{name}.onnx", batch=options.batch)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
