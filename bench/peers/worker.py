"""A running engine, seen from run.py: starts the process, asks it for latencies, holds it still while others run."""
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import onnx

import environment
from tensors import read_tensors

VIREO = environment.ROOT / "build" / "bin" / "vireo"


class WorkerError(Exception):
    pass


def open_shapes(model, inputs):
    """--shapes for a model that leaves dimensions of its inputs open."""
    graph = onnx.load(model, load_external_data=False).graph
    constants = {item.name for item in graph.initializer}
    free = [item for item in graph.input if item.name not in constants]
    if all(d.HasField("dim_value") for item in free for d in item.type.tensor_type.shape.dim):
        return []
    shapes = zip(free, read_tensors(inputs))
    return ["--shapes", ",".join(f"{item.name}:{'x'.join(map(str, value.shape))}" for item, value in shapes)]


class Worker:
    """One engine with one model, stopped (SIGSTOP) except while it answers: a peer's spinning threads disturb nobody."""

    def __init__(self, engine, model, inputs, threads, cores=None, vireo_arguments=(), timeout_s=300):
        self.engine, self.model, self.inputs, self.threads = engine, model, inputs, threads
        self.vireo_arguments, self.timeout_s = list(vireo_arguments), timeout_s
        self.rounds = []
        if engine == "vireo":
            self.plan = tempfile.NamedTemporaryFile(suffix=".plan")  # so that the very same engine gives the outputs
            command = [VIREO, "bench", model, "--threads", str(threads), "--serve", "--saveEngine", self.plan.name,
                       *open_shapes(model, inputs), *self.vireo_arguments]
        else:
            command = [sys.executable, Path(__file__).with_name("engines.py"), engine, model, inputs, str(threads)]
        settings = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        pin = (lambda: os.sched_setaffinity(0, cores)) if cores else None
        self.log = open(os.devnull, "w")
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, env=settings, preexec_fn=pin, bufsize=0)
        self.buffer = b""
        try:
            self.facts = self._read()
        except WorkerError:
            self.close()
            raise
        if not isinstance(self.facts, dict) or not self.facts.get("ready"):
            self.close()
            reason = self.facts.get("error") if isinstance(self.facts, dict) else None
            raise WorkerError(reason or f"says {self.facts}")
        self._signal(signal.SIGSTOP)

    def _signal(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def _read(self):
        """The next line of JSON; other lines are passed over."""
        while True:
            line, newline, rest = self.buffer.partition(b"\n")
            if newline:
                self.buffer = rest
                try:
                    return json.loads(line)
                except ValueError:
                    continue
            if not select.select([self.process.stdout], [], [], self.timeout_s)[0]:
                raise WorkerError(f"no answer within {self.timeout_s} s")
            chunk = os.read(self.process.stdout.fileno(), 1 << 16)
            if not chunk:
                raise WorkerError(f"ended with exit code {self.process.wait()}")
            self.buffer += chunk

    def _ask(self, line):
        self._signal(signal.SIGCONT)
        try:
            self.process.stdin.write(line.encode() + b"\n")
            return self._read()
        except BrokenPipeError:
            raise WorkerError(f"ended with exit code {self.process.wait()}") from None
        finally:
            self._signal(signal.SIGSTOP)

    def run(self, count, warmup=0):
        """count latencies in milliseconds, after `warmup` that do not count."""
        return self._ask(f"run {count + warmup}")[warmup:]

    def save(self, folder):
        if self.engine != "vireo":
            self._ask(f"save {folder}")
            return
        done = subprocess.run([VIREO, "infer", self.plan.name, "--threads", str(self.threads), "--inputs", self.inputs,
                               "--outputs", folder], capture_output=True, text=True, timeout=self.timeout_s)
        if done.returncode:
            raise WorkerError(f"vireo infer: {done.stderr.strip().splitlines()[-1:]}")

    def peak_memory(self):
        """Bytes of memory that the process held at most."""
        try:
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM"):
                    return 1024 * int(line.split()[1])
        except OSError:
            pass
        return 0

    def close(self):
        self._signal(signal.SIGKILL)
        self._signal(signal.SIGCONT)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()
