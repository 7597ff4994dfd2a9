"""One model through all engines: processes started, rounds in turn, outputs compared, memory and seconds noted."""
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx

import environment
import flops
import isa
import ncnn_files
from tensors import difference, read_tensors, reference_outputs, write_tensors
from verdict import choose_best, settled, wrong
from worker import Vireo, Worker, WorkerError

VIREO = environment.ROOT / "build" / "bin" / "vireo"
NUMPY_TYPES = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 11: np.float64}
SETTLED = 0.05  # the spread above which --most-rounds goes on
NEEDS_FOLDING = {"opencv"}  # gets a second try with a simpler graph, as ncnn does in ncnn_files.py


class Case:
    """A model at fixed shapes, with its inputs as files for every engine."""

    def __init__(self, model, batch, folder):
        self.model, self.folder = Path(model).resolve(), Path(folder)
        graph = onnx.load(model, load_external_data=False).graph
        constants = {item.name for item in graph.initializer}
        self.inputs = [item for item in graph.input if item.name not in constants]
        self.outputs = [item.name for item in graph.output]
        self.files = self._files(batch)
        tensors = read_tensors(self.files)
        self.shapes = [list(tensor.shape) for tensor in tensors]
        self.arrays = self.folder / "arrays"
        self.arrays.mkdir()
        for index, tensor in enumerate(tensors):
            np.save(self.arrays / f"input_{index}.npy", tensor)

    def _files(self, batch):
        """The folder with input_0.pb …: the reference pair's, or written here."""
        reference = self.model.with_suffix(".ref") / "test_data_set_0"
        known = read_tensors(reference)
        if known and (batch is None or known[0].shape[:1] == (batch,)):
            return reference
        known += [None] * len(self.inputs)
        tensors = [self._tensor(index, batch, known[index]) for index in range(len(self.inputs))]
        write_tensors(self.folder / "in", tensors, "input")
        return self.folder / "in"

    def _tensor(self, index, batch, known):
        """The known image `batch` times, or seeded noise."""
        name, kind = self.inputs[index].name, self.inputs[index].type.tensor_type
        shape = [d.dim_value for d in kind.shape.dim]
        if batch and shape[:1] not in ([0], [batch]):
            raise WorkerError(f"input {name} is fixed to {'x'.join(map(str, shape))}: there is no batch {batch}")
        if batch and known is not None and known.shape[:1] == (1,):
            return np.repeat(known, batch, axis=0)
        shape[:1] = [batch or shape[0] or 1] if shape else []
        if 0 in shape or kind.elem_type not in NUMPY_TYPES:
            raise WorkerError(f"input {name} has open dimensions or no number type; give it an input_{index}.pb")
        return np.random.default_rng(index).random(shape).astype(NUMPY_TYPES[kind.elem_type])

    def open_shapes(self):
        """--shapes for a model that leaves dimensions of its inputs open."""
        if all(d.HasField("dim_value") for item in self.inputs for d in item.type.tensor_type.shape.dim):
            return []
        pairs = [f"{item.name}:{'x'.join(map(str, shape))}" for item, shape in zip(self.inputs, self.shapes)]
        return ["--shapes", ",".join(pairs)]

    def start(self, engine, threads, options):
        cores = set(sorted(os.sched_getaffinity(0))[:threads]) if options.pin else None
        common = {"settings": isa.settings(options.isa, engine), "cores": cores, "limit_s": options.limit}
        if engine == "vireo":
            return Vireo(VIREO, self.model, self.files, self.open_shapes(), options.vireo_arguments, threads, **common)
        job = {"engine": engine, "model": str(self.model), "arrays": str(self.arrays), "threads": threads,
               "inputs": [item.name for item in self.inputs], "outputs": self.outputs}
        if engine == "ncnn":
            try:
                job["ncnn"] = ncnn_files.convert(self.model, self.shapes)
            except ValueError as error:
                raise WorkerError(str(error)) from None
        try:
            worker = self._peer(job, common)
        except WorkerError:
            if engine not in NEEDS_FOLDING or not self.fold():
                raise
            worker = self._peer({**job, "model": str(self.folder / "folded.onnx")}, common)
            worker.remark = "takes the graph only after constant folding by ONNX Runtime"
        worker.facts["build_s"] = job["ncnn"]["build_s"] if engine == "ncnn" else None
        return worker

    def _peer(self, job, common):
        path = self.folder / f"{job['engine']}-{job['threads']}.json"
        path.write_text(json.dumps(job))
        command = [sys.executable, Path(__file__).with_name("engines.py"), path]
        return Worker(job["engine"], command, job["threads"], **common)

    def fold(self):
        """folded.onnx: what the graph computes from constants is computed. Whether that was possible."""
        path = self.folder / "folded.onnx"
        if not path.exists():
            try:
                onnx.save(flops.folded(flops.at_shapes(self.model, self.shapes)), path)
            except Exception:  # whatever ONNX Runtime says to the model
                return False
        return True


class Comparison:
    def __init__(self, case, options):
        self.case, self.options = case, options
        self.notes, self.rows, self.workers = {}, {}, []

    def failed(self, worker_or_engine, threads, error):
        several = f"{threads} threads: " if self.options.also_threads else ""
        self.notes[worker_or_engine] = f"fails: {several}{error}"

    def start(self):
        for engine in self.options.peers:
            for threads in dict.fromkeys(filter(None, (self.options.threads, self.options.also_threads))):
                try:
                    worker = self.case.start(engine, threads, self.options)
                    self.workers.append(worker)
                    if worker.remark:
                        self.notes[engine] = worker.remark
                except WorkerError as error:
                    self.failed(engine, threads, error)

    def measure(self):
        """Interleaved rounds; a worker that fails in the middle is left out. Answers the others."""
        turns = {}
        for worker in self.workers:
            try:
                first = statistics.median(worker.run(3, warmup=1))
                turns[worker] = max(3, min(2000, round(1e3 * self.options.turn / max(first, 1e-3))))
            except WorkerError as error:
                self.failed(worker.engine, worker.threads, error)
        for index in range(self.options.most_rounds):
            order = list(turns)
            if index >= self.options.rounds and settled({w.engine: w.rounds for w in order}, SETTLED):
                break
            for worker in order[index % max(1, len(order)):] + order[:index % max(1, len(order))]:
                try:
                    worker.rounds.append(statistics.median(worker.run(turns[worker], warmup=2)))
                except WorkerError as error:
                    self.failed(worker.engine, worker.threads, error)
                    del turns[worker]
        return list(turns)

    def note_times(self, worker):
        """The engine's row, of the number of threads at which it is faster."""
        median = statistics.median(worker.rounds)
        if worker.engine in self.rows and median >= self.rows[worker.engine]["median_ms"]:
            return
        quartiles = statistics.quantiles(worker.rounds, n=4) if len(worker.rounds) > 1 else [median] * 3
        self.rows[worker.engine] = {
            "median_ms": round(median, 4), "spread_ms": round((quartiles[2] - quartiles[0]) / 2, 4),
            "rounds_ms": [round(value, 4) for value in worker.rounds], "threads": worker.threads,
            "load_s": worker.facts.get("load_s"), "build_s": worker.facts.get("build_s"),
            "peak_bytes": worker.peak_memory(), "base_bytes": worker.facts.get("base_bytes")}

    def compare_outputs(self, workers, expected):
        for worker in workers:
            row = self.rows[worker.engine]
            if row["threads"] != worker.threads:
                continue
            try:
                folder = self.case.folder / worker.engine
                folder.mkdir()
                worker.save(folder)
                values = read_tensors(folder, "output")
            except (WorkerError, OSError, ValueError) as error:
                self.notes[worker.engine] = f"no outputs: {error}"
                continue
            row["difference"], matched = difference(values, expected)
            if row["difference"] is None:
                shapes = [list(value.shape) for value in values]
                wanted = [list(value.shape) for value in expected]
                self.notes[worker.engine] = f"wrong: outputs of other shapes, {shapes} for {wanted}"
            elif wrong(row) and worker.engine != "openvino_any":
                self.notes[worker.engine] = f"wrong: outputs differ by {row['difference']:.0e}"
            elif matched:
                self.notes[worker.engine] = "compared without regard to the order of rows: near-equal ranks"

    def ask_vireo(self, workers):
        """What only Vireo tells: its plan loaded alone, and its layers."""
        for worker in workers:
            if worker.engine == "vireo" and self.rows["vireo"]["threads"] == worker.threads:
                try:
                    self.rows["vireo"]["from_plan"] = worker.from_plan()
                    if self.options.dearest:
                        return worker.layers()
                except (WorkerError, OSError) as error:
                    self.notes["vireo"] = str(error)
        return None

    def close(self):
        for worker in self.workers:
            worker.close()


def run_model(model, options):
    with tempfile.TemporaryDirectory() as folder:
        result = {"model": Path(model).stem}
        if result["model"] == "model":  # model.onnx: the folder says more
            result["model"] = Path(model).resolve().parent.name
        try:
            case = Case(model, options.batch, folder)
        except (WorkerError, OSError) as error:
            return {**result, "engines": {}, "notes": {"all": f"left out: {error}"}, "shapes": []}
        comparison = Comparison(case, options)
        result |= {"engines": comparison.rows, "notes": comparison.notes, "shapes": case.shapes,
                   "flop": flops.count(case.model, case.shapes)}
        try:
            comparison.start()
            workers = comparison.measure()
            for worker in workers:
                comparison.note_times(worker)
            try:
                comparison.compare_outputs(workers, reference_outputs(case.model, read_tensors(case.files)))
            except Exception as error:  # whatever ONNX Runtime says to the model
                comparison.notes["all"] = f"outputs were not compared: {error}"
            layers = comparison.ask_vireo(workers)
            if layers:
                result["layers"] = layers
        finally:
            comparison.close()
    choose_best(result, bf16="bf16" in " ".join(options.vireo_arguments))
    return result
