#!/usr/bin/env python3
"""The house rules that a compiler does not check: who may include whom, sizes, READMEs, header guards.

  layering.py [ROOT]      checks the tree; prints each violation as file:line: what, and exits 1 if there is any
  layering.py --self-test plants one violation of each rule in a scratch tree and fails unless each is found
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

API = "engine/api"
# Part → what of ours it may include, besides itself. The longest part that is a prefix of the path counts.
MAY_INCLUDE = {
    API: [],
    "engine/base": [API],
    "engine/simd": [API, "engine/base"],
    "engine/device": [API, "engine/base", "engine/device/cpu", "engine/device/opencl"],  # every machine has one
    "engine/device/cpu": [API, "engine/base", "engine/device"],
    "engine/device/opencl": [API, "engine/base", "engine/device", "engine/device/cpu"],  # a thread for host work
    "engine/graph": [API, "engine/base", "engine/device", "engine/device/cpu"],  # tactics make launches
    "engine/ops": [API, "engine/base", "engine/graph", "engine/device"],  # the table of all operators
    "engine/ops/*": [API, "engine/base", "engine/graph", "engine/simd", "engine/device", "engine/ops", "engine/ops/shared"],
    "engine/import": [API, "engine/base", "engine/graph", "engine/ops"],  # the table: names, attributes, shape rules
    "engine/passes": [API, "engine/base", "engine/graph", "engine/ops"],
    "engine/plan": [API, "engine/base", "engine/graph", "engine/ops"],  # a plan names operators
    "engine/network": [API, "engine/base", "engine/graph", "engine/ops", "engine/plan"],  # networks made by hand
    "engine/compile": [API, "engine/base", "engine/graph", "engine/device", "engine/ops", "engine/passes", "engine/plan"],
    "engine/runtime": [API, "engine/base", "engine/graph", "engine/device", "engine/plan", "engine/compile"],
    "engine/tune": [API, "engine/base", "engine/graph", "engine/device", "engine/ops", "engine/passes", "engine/plan",
                    "engine/compile", "engine/runtime"],
    "examples": [API],
    "plugins/sdk": [API],
    "plugins/infer": [API, "plugins/sdk", "plugins/preprocess", "plugins/decode"],  # a model with both of its sides
    "plugins/gst": [API, "plugins"],
    "plugins/*": [API, "plugins/sdk"],
    "config": [API],
    "config/models": [API, "plugins/sdk", "plugins/scene"],  # the demo model is trained on our own scenes
    "app": [API, "plugins/sdk", "config"],
    "app/deployment": [API, "plugins", "config", "app"],
    "app/machine": [API],
    "app/control": [API, "plugins", "config", "app"],
    "app/cli": [API, "plugins", "config", "app"],
}
# Foreign headers → the only parts of ours that may see them.
FOREIGN = [
    (r"gst/|glib|gio/|gobject/", "GStreamer and GLib", ["plugins/gst", "app/deployment"]),
    (r"opencv2/", "OpenCV", ["plugins/draw", "plugins/decode"]),
    (r"onnx/", "onnx", ["engine/import/onnx"]),
    (r"CL/|OpenCL/", "OpenCL", ["engine/device/opencl"]),
    (r"google/protobuf/", "protobuf", ["engine/import", "config"]),
    (r"httplib", "httplib", ["app/control"]),
    (r"prometheus/", "prometheus", ["app/control"]),
]
FREE = ("tests/", "bench/")  # may include everything; nothing includes them
MAX_LINES = 800
SOURCE = {".h", ".hpp", ".cpp", ".cc", ".cl", ".py", ".sh", ".cmake", ".proto"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def part_of(path):
    """The part of the house that a path lies in, with the folder's own name for a `*`; None outside of the parts."""
    best = None
    for pattern in MAY_INCLUDE:
        found = re.match(re.escape(pattern).replace(r"\*", "[^/]+") + "(?=/)", path)
        # of two patterns of one length the one without `*` was meant
        if found and (best is None or (found.group().count("/"), "*" not in pattern) > (best[0].count("/"), "*" not in best[1])):
            best = (found.group(), pattern)
    return best


def files_of(root):
    try:
        command = ["git", "-C", root, "ls-files", "-z", "-c", "-o", "--exclude-standard"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True)
        names = listed.stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):  # no git, or an unpacked archive
        names = [str(p.relative_to(root)) for p in Path(root).rglob("*")
                 if not re.match(r"\.|build", p.relative_to(root).parts[0])]
    return sorted(name for name in set(names) if name and (Path(root) / name).is_file())


def check_include(path, angle, target):
    if path.startswith(FREE):
        return None
    part = part_of(path)
    if part is None:
        return None
    folder, pattern = part
    own = target.split("/")[0] in {"engine", "plugins", "config", "app", "examples", "tests", "bench"}
    if not own:
        for expression, name, allowed in FOREIGN:
            if re.match(expression, target) and not any(path.startswith(a + "/") for a in allowed):
                return f"{name} is seen only in {', '.join(allowed)}"
        if folder == API and (not angle or "/" in target or target.endswith(".h")):
            return f"a public header includes the standard library only, not {target}"
        if not angle:
            return f'"{target}": our own headers are included by their path from the root'
        return None
    if angle:
        return f"<{target}>: our own headers are included in quotes"
    other = part_of(target)
    if other is None:
        return f"{target} may not be included by {folder}"
    if other[0] == folder:
        return None
    for allowed in MAY_INCLUDE[pattern]:
        # "plugins" stands for all of its folders; "engine/ops" for the table alone, never for an operator's folder
        if other[0] == allowed or (allowed in ("plugins", "engine/device", "app") and other[0].startswith(allowed + "/")):
            return None
    if pattern == "engine/ops/*" and other[1] == "engine/ops/*":
        return f"an operator includes no other operator ({other[0]}); what both need belongs in engine/ops/shared"
    return f"{folder} may not include {other[0]}"


def check(root):
    problems = []
    files = files_of(root)
    for name in files:
        path = Path(name)
        if path.suffix not in SOURCE and path.name != "CMakeLists.txt":
            continue
        lines = (Path(root) / name).read_text(errors="replace").splitlines()
        if len(lines) > MAX_LINES:
            problems.append(f"{name}:{len(lines)}: longer than {MAX_LINES} lines; split it")
        if path.suffix not in {".h", ".hpp", ".cpp", ".cc"}:
            continue
        # a *_body.h is the text of functions that several files compile, each in a namespace of its own
        if path.suffix in {".h", ".hpp"} and not path.stem.endswith("_body"):
            first = next((line for line in lines if line.strip() and not line.lstrip().startswith(("//", "/*", "*"))), "")
            if first.strip() != "#pragma once":
                problems.append(f"{name}:1: a header starts with #pragma once")
        for number, line in enumerate(lines, 1):
            found = INCLUDE.match(line)
            problem = found and check_include(name, found[1] == "<", found[2])
            if problem:
                problems.append(f"{name}:{number}: {problem}")
    folders = {name.split("/")[0] for name in files if "/" in name and not name.startswith(".")}
    for folder in sorted(folders):
        if f"{folder}/README.md" not in files:
            problems.append(f"{folder}/: a top-level folder has a README.md")
    return problems


def self_test():
    """Every rule must be able to fail, and a tree without a violation must pass."""
    good = {
        "engine/README.md": "engine", "plugins/README.md": "plugins",
        "engine/api/error.h": "// Errors.\n#pragma once\n#include <string>\n",
        "engine/ops/conv/op.cpp": '#include "engine/ops/shared/gemm.h"\n#include "engine/ops/conv/conv.h"\n#include <vector>\n',
        "engine/ops/conv/conv.h": '#pragma once\n#include "engine/graph/operator.h"\n',
        "engine/import/onnx/file.cpp": '#include <onnx/onnx_pb.h>\n#include "engine/graph/graph.h"\n',
        "plugins/gst/infer.cpp": '#include <gst/gst.h>\n#include "plugins/decode/yolo.h"\n',
    }
    bad = {
        "engine/api/log.h": '#pragma once\n#include <sys/types.h>\n',
        "engine/api/a.h": '#pragma once\n#include "engine/base/shape.h"\n',
        "engine/base/b.cpp": '#include "engine/graph/graph.h"\n',
        "engine/base/c.cpp": '#include "shape.h"\n',
        "engine/base/d.cpp": '#include <engine/base/shape.h>\n',
        "engine/ops/relu/kernels.cpp": '#include "engine/ops/conv/conv.h"\n',
        "engine/ops/list.cpp": '#include "engine/ops/conv/conv.h"\n',
        "engine/passes/fold.cpp": '#include "engine/ops/conv/conv.h"\n',
        "engine/compile/run.cpp": '#include "engine/runtime/engine_state.h"\n',
        "engine/graph/onnx.cpp": "#include <onnx/onnx_pb.h>\n",
        "plugins/decode/gst.cpp": "#include <gst/gst.h>\n",
        "plugins/track/cv.cpp": "  #  include <opencv2/core.hpp>\n",
        "plugins/track/other.cpp": '#include "plugins/decode/yolo.h"\n',
        "plugins/sdk/app.h": '#pragma once\n#include "app/cli/main.h"\n',
        "plugins/sdk/guard.h": "// No guard.\n#include <string>\n",
        "engine/graph/long.cpp": "//\n" * (MAX_LINES + 1),
        "config/schema.proto": 'syntax = "proto3";\n',  # a folder without README
    }
    with tempfile.TemporaryDirectory() as root:
        def write(files):
            for name, text in files.items():
                (Path(root) / name).parent.mkdir(parents=True, exist_ok=True)
                (Path(root) / name).write_text(text)
        write(good)
        wrong = [f"found in a good tree: {problem}" for problem in check(root)]
        write(bad)
        found = check(root)
        for name in bad:
            if not any(problem.startswith((name + ":", name.split("/")[0] + "/:")) for problem in found):
                wrong.append(f"not found: {name}")
        wrong += [f"found in a good file: {p}" for p in found if p.split(":")[0] in good]
    print("\n".join(wrong) or f"{len(bad)} planted violations found")
    return 1 if wrong else 0


def main():
    if "--self-test" in sys.argv:
        return self_test()
    root = sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).resolve().parents[2])
    problems = check(root)
    print("\n".join(problems) or "layering: no violation")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
