#!/usr/bin/env python3
"""The other engines, one process each:  engines.py ENGINE MODEL INPUT_FOLDER THREADS

Prints one JSON line when the model is loaded ({"ready": true, "load_s": …} or {"error": …}), then answers lines on stdin:
  run N        N inferences; answers their latencies in milliseconds, a JSON list
  save FOLDER  one inference; writes output_0.pb … as ONNX TensorProto; answers {"saved": count}
  quit
`vireo bench MODEL --serve` speaks the same, without save. Inputs are set once; only inference is timed. Threads come from
THREADS, in OMP_NUM_THREADS also. To add an engine, add a class and its row in ENGINES.
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import environment

if __name__ == "__main__":
    environment.enter("peers")

import numpy as np
import onnx

from tensors import read_tensors, write_tensors


class OnnxRuntime:
    def __init__(self, model, inputs, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.binding = self.session.io_binding()
        for item, value in zip(self.session.get_inputs(), inputs):
            self.binding.bind_cpu_input(item.name, value)
        for item in self.session.get_outputs():
            self.binding.bind_output(item.name)

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def outputs(self):
        return self.binding.copy_outputs_to_cpu()


class OpenVino:
    settings = {"INFERENCE_PRECISION_HINT": "f32"}

    def __init__(self, model, inputs, threads):
        import openvino
        core = openvino.Core()
        network = core.read_model(model)
        if network.is_dynamic():
            network.reshape({port: list(value.shape) for port, value in zip(network.inputs, inputs)})
        compiled = core.compile_model(network, "CPU", {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1",
                                                       "INFERENCE_NUM_THREADS": str(threads), **self.settings})
        self.request = compiled.create_infer_request()
        self.count = len(compiled.outputs)
        for index, value in enumerate(inputs):
            self.request.set_input_tensor(index, openvino.Tensor(value, shared_memory=False))

    def run(self):
        self.request.infer()

    def outputs(self):
        return [self.request.get_output_tensor(index).data for index in range(self.count)]


class OpenVinoAsItComes(OpenVino):
    settings = {}  # bfloat16 where the CPU has it


class Ncnn:
    """Through pnnx; the converted files stay in .cache/ncnn. One image at a time: ncnn has no batch dimension."""

    def __init__(self, model, inputs, threads):
        import ncnn
        if any(value.ndim and value.shape[0] != 1 for value in inputs):
            raise ValueError("ncnn has no batch dimension")
        if any(value.dtype != np.float32 for value in inputs):
            raise ValueError("ncnn takes float inputs only")
        self.ncnn = ncnn
        self.net = ncnn.Net()
        self.net.opt.num_threads = threads
        for name in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
            setattr(self.net.opt, name, False)
        base = self.convert(Path(model), inputs)
        if self.net.load_param(f"{base}.param") or self.net.load_model(f"{base}.bin"):
            raise ValueError("ncnn cannot load what pnnx wrote")
        self.inputs = [ncnn.Mat(np.ascontiguousarray(value[0])) for value in inputs]
        # in0, in1 … and out0, out1 … are the ONNX file's order; the net lists them in the order of its own layers
        self.names = [sorted(names, key=lambda name: int(re.sub(r"\D", "", name) or 0))
                      for names in (self.net.input_names(), self.net.output_names())]
        if len(self.names[0]) != len(inputs):
            raise ValueError(f"pnnx kept {len(self.names[0])} of {len(inputs)} inputs")
        self.results = []

    @staticmethod
    def convert(model, inputs):
        key = hashlib.sha256(model.read_bytes() + str([v.shape for v in inputs]).encode()).hexdigest()[:16]
        folder = environment.ROOT / ".cache" / "ncnn" / key
        base = folder / "model.ncnn"
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            (folder / "model.onnx").symlink_to(model.resolve())
            shapes = ",".join(str(list(value.shape)).replace(" ", "") for value in inputs)
            log = (folder / "log").open("w")
            subprocess.run([Path(sys.executable).parent / "pnnx", "model.onnx", f"inputshape={shapes}", "fp16=0"],
                           cwd=folder, stdout=log, stderr=log, timeout=300)
            if not Path(f"{base}.param").exists():
                raise ValueError("pnnx cannot convert the model")
            (folder / "done").touch()
            for path in folder.glob("model.pnnx*"):
                path.unlink()
        return base

    def run(self):
        extractor = self.net.create_extractor()
        for name, value in zip(self.names[0], self.inputs):
            extractor.input(name, value)
        self.results = []
        for name in self.names[1]:
            code, result = extractor.extract(name)
            if code:
                raise ValueError(f"ncnn fails at {name}")
            self.results.append(result)

    def outputs(self):
        return [np.array(result) for result in self.results]


class OpenCvDnn:
    def __init__(self, model, inputs, threads):
        import cv2
        cv2.setNumThreads(threads)
        self.net = cv2.dnn.readNetFromONNX(model)
        graph = onnx.load(model, load_external_data=False).graph
        constants = {item.name for item in graph.initializer}
        self.inputs = list(zip([item.name for item in graph.input if item.name not in constants], inputs))
        self.names = [item.name for item in graph.output]
        self.results = []
        for name, value in self.inputs:
            self.net.setInput(value, name)

    def run(self):
        self.results = self.net.forward(self.names)

    def outputs(self):
        return self.results


ENGINES = {"ort": OnnxRuntime, "openvino": OpenVino, "openvino_any": OpenVinoAsItComes, "ncnn": Ncnn, "opencv": OpenCvDnn}


def main():
    engine, model, folder, threads = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # libraries that print must not disturb the protocol

    def answer(value):
        answers.write(json.dumps(value) + "\n")

    inputs = [np.ascontiguousarray(value) for value in read_tensors(folder)]
    begin = time.perf_counter()
    try:
        peer = ENGINES[engine](model, inputs, int(threads))
        load_s = time.perf_counter() - begin
        peer.run()
    except Exception as error:
        answer({"error": " ".join(str(error).split())[:200] or type(error).__name__})
        return 1
    answer({"ready": True, "load_s": load_s})
    for line in sys.stdin:
        command, *rest = line.split()
        if command == "run":
            times = []
            for _ in range(int(rest[0])):
                begin = time.perf_counter()
                peer.run()
                times.append(1e3 * (time.perf_counter() - begin))
            answer([round(value, 5) for value in times])
        elif command == "save":
            peer.run()
            results = peer.outputs()
            write_tensors(rest[0], results)
            answer({"saved": len(results)})
        else:
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
