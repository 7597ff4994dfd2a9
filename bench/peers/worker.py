"""A running engine, seen from run.py: starts the process, asks it for latencies, holds it still while others run."""
import ctypes
import json
import os
import select
import signal
import statistics
import subprocess
import tempfile
from pathlib import Path


class WorkerError(Exception):
    pass


def die_with_parent():
    """In a child, before it becomes the engine: whatever ends run.py ends the engine, held still or not."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def peak_memory(process="self"):
    """VmHWM. (ru_maxrss would count what the parent held when it forked.)"""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM")), None)
    except OSError:
        return None


def ending(code, log=""):
    """An exit code in words, with the last line that the process wrote to stderr."""
    text = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return f"{text}: {lines[-1][:160]}" if lines else text


class Worker:
    """One engine with one model, stopped (SIGSTOP) except while it answers: a peer's spinning threads disturb nobody.

    The process leads a group of its own and is killed at the first failure: no answer within limit_s, or its end. It
    speaks the protocol of engines.py.
    """

    def __init__(self, engine, command, threads, settings=None, cores=None, limit_s=300):
        self.engine, self.threads, self.limit_s = engine, threads, limit_s
        self.settings = {**os.environ, "OMP_NUM_THREADS": str(threads), **(settings or {})}
        self.rounds, self.buffer, self.closed, self.remark = [], b"", False, None
        self.log = tempfile.TemporaryFile()

        def prepare():
            die_with_parent()
            if cores:
                os.sched_setaffinity(0, cores)

        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, env=self.settings, preexec_fn=prepare, bufsize=0,
                                        start_new_session=True)
        try:
            self.facts = self._read()
            if not isinstance(self.facts, dict) or not self.facts.get("ready"):
                raise WorkerError(self.facts.get("error") if isinstance(self.facts, dict) else f"says {self.facts}")
        except BaseException:
            self.close()
            raise
        self._signal(signal.SIGSTOP)

    def _signal(self, number):
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def _ended(self):
        code = self.process.wait()
        self.log.seek(0)
        return WorkerError(ending(code, self.log.read().decode(errors="replace")))

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
            if not select.select([self.process.stdout], [], [], self.limit_s)[0]:
                raise WorkerError(f"no answer within {self.limit_s:g} s")
            chunk = os.read(self.process.stdout.fileno(), 1 << 16)
            if not chunk:
                raise self._ended()
            self.buffer += chunk

    def _ask(self, line):
        if self.closed:
            raise WorkerError("has ended")
        self._signal(signal.SIGCONT)
        try:
            self.process.stdin.write(line.encode() + b"\n")
            answer = self._read()
        except BrokenPipeError:
            error = self._ended()
            self.close()
            raise error from None
        except BaseException:
            self.close()
            raise
        self._signal(signal.SIGSTOP)
        if isinstance(answer, dict) and "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def run(self, count, warmup=0):
        """count latencies in milliseconds, after `warmup` that do not count."""
        return self._ask(f"run {count + warmup}")[warmup:]

    def save(self, folder):
        self._ask(f"save {folder}")

    def peak_memory(self):
        """Bytes of memory that the process held at most; None when it has ended."""
        return None if self.closed else peak_memory(self.process.pid)

    def close(self):
        if not self.closed:
            self._signal(signal.SIGKILL)  # reaches stopped processes too
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.log.close()
            self.closed = True


class Vireo(Worker):
    """`vireo bench --serve`, which builds. Its plan goes to a file, so that the same engine gives everything else."""

    def __init__(self, program, model, inputs, shapes, arguments, threads, settings=None, cores=None, limit_s=300):
        self.program, self.inputs, self.cores = program, inputs, cores
        self.same = ["--inputs", inputs, *shapes]  # what runs is the same everywhere
        self.plan = tempfile.NamedTemporaryFile(suffix=".plan")
        command = [program, "bench", model, "--threads", threads, "--serve", "--saveEngine", self.plan.name]
        super().__init__("vireo", [*command, *self.same, *arguments], threads, settings, cores, limit_s)

    def _call(self, command, *arguments):
        """Another command on the plan; its standard output."""
        def prepare():
            die_with_parent()
            if self.cores:
                os.sched_setaffinity(0, self.cores)

        full = [self.program, command, self.plan.name, "--threads", self.threads, *arguments]
        try:
            done = subprocess.run([str(part) for part in full], capture_output=True, text=True, timeout=self.limit_s,
                                  env=self.settings, preexec_fn=prepare, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise WorkerError(f"vireo {command} does not end within {self.limit_s:g} s") from None
        if done.returncode:
            raise WorkerError(f"vireo {command} {ending(done.returncode, done.stderr)}")
        return done.stdout

    def save(self, folder):
        self._call("infer", "--inputs", self.inputs, "--outputs", folder)

    def from_plan(self):
        """What a process that only loads the plan needs: load_s, peak_bytes, plan_bytes."""
        command = [self.program, "bench", self.plan.name, "--threads", self.threads, "--serve", *self.same]
        worker = Worker("vireo", command, self.threads, self.settings, self.cores, self.limit_s)
        try:
            worker.run(1)
            return {"load_s": worker.facts["load_s"], "peak_bytes": worker.peak_memory(),
                    "plan_bytes": os.path.getsize(self.plan.name)}
        finally:
            worker.close()

    def layers(self, repeats=5):
        """Layers with ms, flops, bytes, op and tactic. A profile is of one inference: ms is the median over several."""
        command = ["bench", "--iterations", "2", "--warmup", "0.05", "--profile", "--json", "-", *self.same]
        runs = [json.loads(self._call(*command))["layers"] for _ in range(repeats)]
        return [{**same[0], "ms": statistics.median(layer["ms"] for layer in same)} for same in zip(*runs)]
