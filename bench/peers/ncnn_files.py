"""ONNX files in ncnn's form, through pnnx. Converted files stay in .cache/ncnn, and so do refusals with their reason.

pnnx gets the weights inside the file and the shapes fixed. Where it or ncnn cannot take the graph as it stands, a
second try gives it the graph after ONNX Runtime's plain simplifications (constants folded, paddings merged).
"""
import hashlib
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import onnx

import environment
import flops
from worker import die_with_parent

LIMIT_S = 300


def convert(model, shapes):
    """{"base", "build_s", "inputs", "outputs"}: `base`.param and .bin, the seconds that pnnx took, and for each tensor
    in the ONNX file's order its name and which axis is ncnn's batch (233: none). Raises ValueError with the reason."""
    proto = flops.at_shapes(model, shapes)
    data = proto.SerializeToString(deterministic=True)
    versions = [importlib.metadata.version(name) for name in ("pnnx", "ncnn")]
    key = hashlib.sha256(data + f"{shapes} {versions}".encode()).hexdigest()[:16]
    folder = environment.ROOT / ".cache" / "ncnn" / f"{Path(model).stem}-{key}"
    record = folder / "record.json"
    if not record.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        begin = time.perf_counter()
        reason = _attempt(folder, data, shapes)
        if reason:
            try:
                data = flops.folded(proto).SerializeToString()
            except Exception:  # what ONNX Runtime cannot fold stays as it is
                data = None
            reason = _attempt(folder, data, shapes) if data else reason
        for path in [*folder.glob("model.pnnx*"), folder / "model.onnx"]:
            path.unlink(missing_ok=True)
        facts = {"model": str(model), "build_s": time.perf_counter() - begin, "error": reason}
        record.write_text(json.dumps(facts) + "\n")
    facts = json.loads(record.read_text())
    if facts["error"]:
        raise ValueError(facts["error"])
    script = (folder / "model_ncnn.py").read_text()
    inputs = [[name, _batch_axis(rest)] for name, rest in re.findall(r'ex\.input\("(\w+)", (.*)\)', script)]
    outputs = [[name, _batch_axis(rest)] for name, rest in re.findall(r'ex\.extract\("(\w+)"\)\s*(.*)', script)]
    if len(inputs) != len(shapes):
        raise ValueError(f"pnnx kept {len(inputs)} of {len(shapes)} inputs")
    return {"base": str(folder / "model.ncnn"), "build_s": facts["build_s"], "inputs": inputs, "outputs": outputs}


def _batch_axis(text):
    found = re.search(r"batch_index=(\d+)", text)
    return int(found.group(1)) if found else 233


def _attempt(folder, data, shapes):
    """Runs pnnx; None, or why ncnn cannot run the model."""
    (folder / "model.onnx").write_bytes(data)
    text = ",".join(str(list(shape)).replace(" ", "") for shape in shapes)
    command = [Path(sys.executable).parent / "pnnx", "model.onnx", f"inputshape={text}", "fp16=0"]
    with (folder / "log").open("w") as log:
        try:
            done = subprocess.run(command, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                  timeout=LIMIT_S, preexec_fn=die_with_parent)
        except subprocess.TimeoutExpired:
            raise ValueError(f"pnnx does not end within {LIMIT_S} s") from None  # not kept: the machine may be busy
    param = folder / "model.ncnn.param"
    if not param.exists():
        lines = (folder / "log").read_text(errors="replace").strip().splitlines() or [""]
        ended = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        return f"pnnx cannot convert the model ({ended}): {lines[-1][:160]}"
    import ncnn
    kinds = dict.fromkeys(line.split()[0] for line in param.read_text().splitlines()[2:] if line.strip())
    unknown = [kind for kind in kinds if ncnn.layer_to_index(kind) < 0]
    return f"pnnx leaves layers that ncnn does not have: {', '.join(unknown)}" if unknown else None
