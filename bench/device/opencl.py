#!/usr/bin/env python3
"""Vireo on an OpenCL GPU beside PyTorch on the same card, same networks, same random weights.

  opencl.py OUT [MODEL…] [--batches 1,8,32,128] [--precision fp16] [--budget S] [--compile] [--device opencl:0]

MODEL is a name of torchvision's or timm's tables below, or X where .carry/X.onnx was brought along (input 1x3x640x640
with a dynamic batch; compared with Vireo's own float32 on the CPU, without PyTorch). For each network and batch a line: Vireo's median milliseconds with inputs and outputs in the device's memory (20 at a time
enqueued, so the device's own time, as PyTorch's is; and one by one, with the host's waiting), with copies from and to
pinned memory, what enqueueing one takes the host, PyTorch's (channels-last, float16, CUDA graph; --compile: the better of that and
torch.compile's reduce-overhead), the ratio, and the relative L2 error of Vireo's result against PyTorch's float32.
Everything lands in OUT/opencl.json. Needs build/bin/vireo, PyTorch with its ONNX exporter, torchvision or timm.
"""
import argparse
import datetime
import json
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VIREO = ROOT / "build" / "bin" / "vireo"
sys.path.insert(0, str(ROOT / "bench" / "peers"))


def network(name):
    """The model in inference mode and the size of its square picture; weights that let activations live."""
    import torch
    torch.manual_seed(7)
    if (ROOT / ".carry" / f"{name}.onnx").exists():
        return None, 640
    if name.startswith("vit_") or name in ("vit_base",):
        import timm
        full = {"vit_tiny": "vit_tiny_patch16_224", "vit_base": "vit_base_patch16_224"}[name]
        model, size = timm.create_model(full, pretrained=False), 224
        for block in model.blocks:  # what the exporter can write
            block.attn.fused_attn = False
    else:
        import torchvision
        model, size = getattr(torchvision.models, name)(weights=None), 224
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    with torch.no_grad():
        if norms:
            for norm in norms:
                norm.train()
                norm.momentum = None
                norm.reset_running_stats()
            model(torch.rand(4, 3, size, size))
    return model.eval(), size


def export(model, size, path):
    import torch
    image = torch.rand(1, 3, size, size)
    torch.onnx.export(model, (image,), str(path), input_names=["images"], output_names=["scores"], opset_version=17,
                      dynamic_axes={"images": {0: "batch"}, "scores": {0: "batch"}}, dynamo=False)


def torch_ms(model, size, batch, compiled):
    import torch
    torch.backends.cudnn.benchmark = True
    half = model.half().cuda().to(memory_format=torch.channels_last)
    x = torch.rand(batch, 3, size, size, device="cuda").half().to(memory_format=torch.channels_last)

    def timed(run):
        for _ in range(10):
            run()
        torch.cuda.synchronize()
        times = []
        for _ in range(60):
            a, b = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            a.record()
            run()
            b.record()
            torch.cuda.synchronize()
            times.append(a.elapsed_time(b))
        return statistics.median(times)

    with torch.inference_mode():
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            for _ in range(3):
                half(x)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            half(x)
        best = timed(graph.replay)
        if compiled:
            try:
                fast = torch.compile(half, mode="reduce-overhead")
                best = min(best, timed(lambda: fast(x)))
            except Exception as error:  # its own troubles are not ours
                print("torch.compile:", str(error)[:200], file=sys.stderr)
    return best


def vireo(arguments):
    done = subprocess.run([str(VIREO), *arguments], capture_output=True, text=True, timeout=500)
    if done.returncode:
        raise RuntimeError((done.stderr or done.stdout)[-1500:])
    return done.stdout


def write_tensor(path, array):
    from onnx import numpy_helper
    path.write_bytes(numpy_helper.from_array(array).SerializeToString())


def measure(name, batches, flags, folder):
    import numpy as np
    import onnx
    import torch
    from onnx import numpy_helper
    model, size = network(name)
    file = folder / f"{name}.onnx"
    if model is None:  # brought along; PyTorch has no definition of it there
        file = ROOT / ".carry" / f"{name}.onnx"
    else:
        export(model, size, file)
    rows = []
    for batch in batches:
        row = {"model": name, "batch": batch}
        rows.append(row)
        shapes = f"{batch}x3x{size}x{size}"
        common = ["--device", flags.device, "--precision", flags.precision]
        try:
            plan = folder / f"{name}-{batch}.plan"
            began = time.time()
            vireo(["build", str(file), "-o", str(plan), *common, "--shapes", shapes, "--budget", str(flags.budget)])
            row["build_s"] = time.time() - began
            for key, more in (("device_ms", ["--no-transfers", "--queued", "20"]), ("resident_ms", ["--no-transfers"]),
                              ("transfers_ms", [])):
                result = json.loads(vireo(["bench", str(plan), "--device", flags.device, "--shapes", shapes, "--duration", "1",
                                           "--json", "-", *more]))
                row[key] = result["latency_ms"]["median"]
                row["load_s"] = result["load_s"]
                row |= {"enqueue_us": result["enqueue_us"]} if "enqueue_us" in result else {}
            case = folder / "case"
            case.mkdir(exist_ok=True)
            x = np.random.default_rng(5).random((batch, 3, size, size), dtype=np.float32)
            write_tensor(case / "input_0.pb", x)
            out = folder / "out"
            out.mkdir(exist_ok=True)
            vireo(["infer", str(plan), "--device", flags.device, "--inputs", str(case), "--outputs", str(out)])
            tensor = onnx.TensorProto()
            tensor.ParseFromString((out / "output_0.pb").read_bytes())
            found = numpy_helper.to_array(tensor)
            if model is None:
                cpu = folder / "cpu"
                cpu.mkdir(exist_ok=True)
                vireo(["infer", str(file), "--inputs", str(case), "--outputs", str(cpu), "--budget", "0"])
                tensor.ParseFromString((cpu / "output_0.pb").read_bytes())
                wanted = numpy_helper.to_array(tensor)
                row |= {"error": float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted)), "torch_error": 0, "same_top1": True}
                raise LookupError
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
            with torch.inference_mode():
                wanted = model.float().cuda()(torch.from_numpy(x).cuda()).cpu().numpy()
                half = model.half().cuda()(torch.from_numpy(x).half().cuda()).float().cpu().numpy()
                model.float()
            row["error"] = float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))
            row["torch_error"] = float(np.linalg.norm(half - wanted) / np.linalg.norm(wanted))
            row["same_top1"] = bool((found.argmax(1) == wanted.argmax(1)).all())
        except LookupError:
            pass
        except Exception as error:
            row["failed"] = str(error)[-800:]
        if flags.profile and "failed" not in row:
            print(vireo(["bench", str(plan), "--device", flags.device, "--shapes", shapes, "--duration", "0.3",
                         "--no-transfers", "--profile"])[:6000])
        try:
            row["torch_ms"] = torch_ms(model, size, batch, flags.compile) if model is not None and not flags.no_torch else 0
        except Exception as error:
            row["torch_failed"] = str(error)[-300:]
        if "resident_ms" in row:
            print(f"{name:<18} {batch:>4}  vireo {row['device_ms']:8.3f} ms  one by one {row['resident_ms']:8.3f}  "
                  f"with copies {row['transfers_ms']:8.3f}  enqueue {row['enqueue_us']:.1f} us  "
                  f"torch {row.get('torch_ms', 0):8.3f}  ratio {row.get('torch_ms', 0) / row['device_ms']:5.2f}  "
                  f"error {row['error']:.1e} (torch {row['torch_error']:.1e})  top-1 {'same' if row['same_top1'] else 'differs'}  "
                  f"build {row['build_s']:.0f} s  load {row['load_s'] * 1e3:.0f} ms", flush=True)
        else:
            print(f"{name:<18} {batch:>4}  FAILED: {row['failed']}", flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("models", nargs="*", default=[])
    parser.add_argument("--batches", default="1,8,32,128")
    parser.add_argument("--precision", default="fp16")
    parser.add_argument("--budget", type=float, default=30)
    parser.add_argument("--device", default="opencl:0")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--no-torch", action="store_true")
    flags = parser.parse_args()
    devices = vireo(["devices", "-v"])
    try:
        devices += subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"], capture_output=True,
                                  text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pass  # another maker's card: its driver's version is in the fingerprint
    print(devices)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in flags.models or ["resnet50", "resnet18", "mobilenet_v2", "efficientnet_b0", "convnext_tiny", "vit_tiny", "vit_base"]:
            try:
                rows += measure(name, [int(b) for b in flags.batches.split(",")], flags, Path(folder))
            except Exception:
                traceback.print_exc()
    flags.out.mkdir(parents=True, exist_ok=True)
    (flags.out / "opencl.json").write_text(json.dumps(
        {"date": datetime.date.today().isoformat(), "devices": devices, "precision": flags.precision, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
