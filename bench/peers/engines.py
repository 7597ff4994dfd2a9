#!/usr/bin/env python3
"""The other engines, one process each:  engines.py JOB.json

The job says {"engine", "model", "arrays": a folder with input_0.npy …, "threads", "inputs", "outputs": names, "ncnn"}.
Prints one JSON line when the first result is there ({"ready": true, "load_s": …, "base_bytes": …} or {"error": …}),
then answers lines on stdin:
  run N        N inferences; answers their latencies in milliseconds, a JSON list
  save FOLDER  one inference; writes output_0.npy …; answers {"saved": count}
  quit
`vireo bench MODEL --serve` speaks the same, without save. Inputs are in the engine's memory before the clock starts; it
stops when all outputs are in memory. load_s is from the model's file to the first result, base_bytes what Python
itself held before. To add an engine, add a class and its row in ENGINES.
"""
import importlib
import json
import os
import re
import sys
import time

import numpy as np

from worker import peak_memory

class OnnxRuntime:
    library = "onnxruntime"

    def __init__(self, onnxruntime, job, inputs):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = job["threads"]
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(job["model"], options, providers=["CPUExecutionProvider"])
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
    library = "openvino"
    settings = {"INFERENCE_PRECISION_HINT": "f32"}

    def __init__(self, openvino, job, inputs):
        core = openvino.Core()
        network = core.read_model(job["model"])
        if network.is_dynamic():
            network.reshape({port: list(value.shape) for port, value in zip(network.inputs, inputs)})
        compiled = core.compile_model(network, "CPU", {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1",
                                                       "INFERENCE_NUM_THREADS": str(job["threads"]), **self.settings})
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
    """What pnnx made of the file (see ncnn_files.py). Whatever makes ncnn fast stays on, as it is by default (packing,
    Winograd, matrix products, light mode); only the halved precisions are switched off."""
    library = "ncnn"

    def __init__(self, ncnn, job, inputs):
        if any(value.dtype != np.float32 for value in inputs):
            raise ValueError("ncnn takes float inputs only")
        self.net = ncnn.Net()
        self.net.opt.num_threads = job["threads"]
        for name in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_packed", "bf16_storage"):
            setattr(self.net.opt, f"use_{name}", False)
        files = job["ncnn"]
        if self.net.load_param(f"{files['base']}.param") or self.net.load_model(f"{files['base']}.bin"):
            raise ValueError("ncnn cannot load what pnnx wrote")
        # Clones: a layer that works in place may write into memory that is ncnn's own only.
        self.inputs = [(name, ncnn.Mat(value, batch_index=axis).clone())
                       for (name, axis), value in zip(files["inputs"], inputs)]
        self.files, self.results = files, []

    def run(self):
        extractor = self.net.create_extractor()
        for name, value in self.inputs:
            extractor.input(name, value)
        self.results = []
        for name, _ in self.files["outputs"]:
            code, result = extractor.extract(name)
            if code:
                raise ValueError(f"ncnn fails at {name}, code {code}")
            self.results.append(result)

    def outputs(self):
        pairs = zip(self.files["outputs"], self.results)
        return [np.array(result.numpy(batch_index=axis)) for (_, axis), result in pairs]


class OpenCvDnn:
    library = "cv2"

    def __init__(self, cv2, job, inputs):
        cv2.setNumThreads(job["threads"])
        self.net = cv2.dnn.readNetFromONNX(job["model"])
        self.names, self.results = job["outputs"], []
        for name, value in zip(job["inputs"], inputs):
            self.net.setInput(value, name)

    def run(self):
        self.results = self.net.forward(self.names)

    def outputs(self):
        return self.results


ENGINES = {"ort": OnnxRuntime, "openvino": OpenVino, "openvino_any": OpenVinoAsItComes, "ncnn": Ncnn,
           "opencv": OpenCvDnn}


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # libraries that print must not disturb the protocol

    def answer(value):
        answers.write(json.dumps(value) + "\n")

    paths = [f"{job['arrays']}/input_{index}.npy" for index in range(len(job["inputs"]))]
    inputs = [np.ascontiguousarray(np.load(path)) for path in paths]
    base_bytes = peak_memory()
    kind = ENGINES[job["engine"]]
    try:
        library = importlib.import_module(kind.library)
        begin = time.perf_counter()
        peer = kind(library, job, inputs)
        peer.run()
        load_s = time.perf_counter() - begin
    except Exception as error:
        text = re.sub(r"OpenCV\(\S+\) \S+ error: \([^)]*\) in function '\w+' >? ?", "", " ".join(str(error).split()))
        answer({"error": text[:400] or type(error).__name__})
        return 1
    answer({"ready": True, "load_s": load_s, "base_bytes": base_bytes})
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
            for index, value in enumerate(results):
                np.save(f"{rest[0]}/output_{index}.npy", value)
            answer({"saved": len(results)})
        else:
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
