"""What a result must say about where it was measured: the CPU, what it can do, and which versions ran."""
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
from pathlib import Path

import environment
from worker import die_with_parent

FEATURES = ["avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "avx_vnni", "amx_tile", "amx_bf16", "amx_int8",
            "asimd", "asimddp", "bf16"]
PACKAGES = {"ort": "onnxruntime", "openvino": "openvino", "openvino_any": "openvino", "ncnn": "ncnn",
            "opencv": "opencv-python-headless"}


def describe():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    fields = {line.partition(":")[0].strip(): line.partition(":")[2].strip() for line in reversed(lines)}
    flags = fields.get("flags", fields.get("Features", "")).split()
    model = fields.get("model name", platform.machine())
    if "family" not in model.lower() and "cpu family" in fields:
        model += f" (family {fields['cpu family']}, model {fields['model']})"
    return {"cpu": model, "cores": os.cpu_count(), "features": [f for f in FEATURES if f in flags],
            "date": datetime.date.today().isoformat(), "system": f"{platform.system()} {platform.release()}",
            "load_before": round(os.getloadavg()[0], 2)}


def versions(engines):
    found = {}
    for engine in engines:
        if engine in PACKAGES:
            found[engine] = importlib.metadata.version(PACKAGES[engine])
        elif engine == "vireo":
            commit = subprocess.run(["git", "-C", environment.ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
            found[engine] = commit.stdout.strip() or "unknown"
    return found


def peak(threads, isa=None):
    """The measured fp32 peak on that many threads, {"isa", "threads", "gflops"}, of `isa` if one is named; None where
    bench/peak is not built."""
    program = environment.ROOT / "build" / "bin" / "vireo_peak"
    if not program.exists():
        return None
    rows = json.loads(subprocess.run([program, str(threads)], capture_output=True, text=True, check=True,
                                     preexec_fn=die_with_parent).stdout)
    fitting = [row for row in rows if row["threads"] == threads and isa in (None, row["isa"])]
    return max(fitting, key=lambda row: row["gflops"], default=None)
