#!/usr/bin/env python3
"""The parts of bench/ that need no other engine: processes that hang or die, which rows count, tables, bench/compare,
and `vireo bench --serve`.  bench_scripts_test.py [PATH OF vireo]
"""
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
VIREO = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1].startswith("/") else None
sys.path.insert(0, str(BENCH / "peers"))

import isa
import layers
import table
from verdict import choose_best, fastest, settled
from worker import Vireo, Worker, WorkerError

SHAPE = [1, 3, 288, 384]  # of the demo model
READY = "import os, signal, sys\nprint('noise'); print('{\"ready\": true, \"load_s\": 1.5}', flush=True)\n"
ANSWERS = "for line in sys.stdin: print([1.0] * int(line.split()[1]), flush=True)\n"


def worker(program, **settings):
    return Worker("fake", [sys.executable, "-c", program], 1, **settings)


def row(ms, difference=1e-6, **more):
    return {"median_ms": ms, "spread_ms": 0.1, "rounds_ms": [ms, ms], "difference": difference, "threads": 2, **more}


def report(models, **more):
    machine = {"cpu": "CPU", "cores": 2, "features": [], "system": "Linux", "date": "2026-01-01"}
    return {"machine": machine, "threads": 2,
            "also_threads": None, "rounds": 2, "turn_s": 0.1, "vireo_arguments": [], "versions": {},
            "engines": ["vireo", "ort", "ncnn"], "models": models, **more}


def model(name, notes=None, **engines):
    return {"model": name, "shapes": [[1, 3, 8, 8]], "notes": notes or {}, "engines": engines}


class Processes(unittest.TestCase):
    def test_answers_are_latencies_without_the_warmup(self):
        one = worker(READY + ANSWERS)
        self.addCleanup(one.close)
        self.assertEqual(one.run(3, warmup=2), [1.0] * 3)
        self.assertEqual(one.facts["load_s"], 1.5)
        self.assertGreater(one.peak_memory(), 1 << 20)

    def test_it_is_held_still_between_answers(self):
        one = worker(READY + ANSWERS)
        self.addCleanup(one.close)
        one.run(1)
        self.assertTrue(os.WIFSTOPPED(os.waitpid(one.process.pid, os.WUNTRACED)[1]))

    def test_one_that_hangs_is_killed_and_says_so(self):
        one = worker(READY + "signal.pause()", limit_s=0.2)
        with self.assertRaisesRegex(WorkerError, "no answer within 0.2 s"):
            one.run(1)
        self.assertEqual(one.process.returncode, -signal.SIGKILL)
        with self.assertRaises(WorkerError):
            one.run(1)

    def test_one_that_hangs_while_it_loads_is_killed(self):
        with self.assertRaisesRegex(WorkerError, "no answer"):
            worker("import signal; signal.pause()", limit_s=0.2)

    def test_a_crash_is_named(self):
        one = worker(READY + "sys.stdin.readline(); os.kill(os.getpid(), signal.SIGSEGV)")
        with self.assertRaisesRegex(WorkerError, "killed by SIGSEGV"):
            one.run(1)

    def test_an_exit_is_given_with_the_last_words(self):
        with self.assertRaisesRegex(WorkerError, "exit code 3: no such layer"):
            worker("import sys; print('no such layer', file=sys.stderr); sys.exit(3)")

    def test_an_error_while_loading_is_the_reason(self):
        with self.assertRaisesRegex(WorkerError, "^cannot$"):
            worker("print('{\"error\": \"cannot\"}')")

    def test_no_engine_outlives_a_killed_parent(self):
        parent = subprocess.Popen([sys.executable, "-c", f"""
import signal, sys
sys.path.insert(0, {str(BENCH / 'peers')!r})
from worker import Worker
one = Worker('fake', [sys.executable, '-c', {(READY + ANSWERS)!r}], 1)
print(one.process.pid, flush=True)
signal.pause()"""], stdout=subprocess.PIPE, text=True)
        handle = os.pidfd_open(int(parent.stdout.readline()))
        self.addCleanup(os.close, handle)
        self.assertFalse(select.select([handle], [], [], 0)[0])
        parent.kill()
        parent.wait()
        parent.stdout.close()
        self.assertTrue(select.select([handle], [], [], 30)[0], "the engine still runs")


class Rows(unittest.TestCase):
    def test_a_wrong_peer_is_neither_best_nor_bold(self):
        result = model("m", vireo=row(2), ort=row(3), ncnn=row(1, 0.5))
        choose_best(result)
        self.assertEqual((result["best_peer"], result["ratio"]), ("ort", 1.5))
        self.assertEqual(fastest(result["engines"]), "vireo")
        self.assertIn("| **2.00 ±5%** | 3.00 ±3% | 1.00 ±10% ✗ | 1.50 |", table.markdown(report([result])))

    def test_outputs_of_other_shapes_or_not_compared_do_not_count(self):
        for other in ({"difference": None}, {"difference": float("nan")}):
            result = model("m", vireo=row(2), ort={**row(1), **other})
            choose_best(result)
            self.assertNotIn("ratio", result)
        result = model("m", vireo=row(2), ort=row(1))
        del result["engines"]["ort"]["difference"]
        choose_best(result)
        self.assertNotIn("ratio", result)

    def test_there_is_no_ratio_where_vireo_is_wrong(self):
        result = model("m", vireo=row(2, 0.1), ort=row(3))
        choose_best(result)
        self.assertNotIn("ratio", result)

    def test_rounds_are_settled_when_vireo_and_the_fastest_peer_are(self):
        even, wild = [1.0, 1.01, 1.0, 0.99], [1.0, 3.0, 1.0, 3.0]
        self.assertTrue(settled({"vireo": even, "ort": even, "ncnn": [10 * ms for ms in wild]}, 0.05))
        self.assertFalse(settled({"vireo": even, "ort": wild, "ncnn": [10 * ms for ms in even]}, 0.05))
        self.assertFalse(settled({"vireo": wild, "ort": even}, 0.05))
        self.assertTrue(settled({"vireo": even, "openvino_any": [ms / 9 for ms in wild]}, 0.05))
        self.assertTrue(settled({"ort": [1.0]}, 0.05))

    def test_bfloat16_is_no_peer(self):
        result = model("m", vireo=row(2), ort=row(3), openvino_any=row(1))
        choose_best(result)
        self.assertEqual(result["best_peer"], "ort")

    def test_a_failure_is_in_the_table_with_its_reason(self):
        text = table.markdown(report([model("m", {"ncnn": "fails: no | such layer"}, vireo=row(2), ort=row(3))]))
        self.assertIn("| fails: no \\| such layer |", text)
        self.assertIn("- m, ncnn: fails: no \\| such layer", text)

    def test_memory_and_seconds_are_in_the_second_table(self):
        own = row(2, peak_bytes=20e6, build_s=1, load_s=0.25, from_plan={"peak_bytes": 10e6, "load_s": 0.5})
        text = table.markdown(report([model("m", vireo=own, ort=row(3, peak_bytes=60e6, build_s=None, load_s=0.125))]))
        self.assertIn("| m | 20 MB, 1.00 + 0.25 s | 10 MB, 0.50 s | 60 MB, 0.12 s | – |", text)

    def test_a_batch_gives_images_per_second(self):
        models = [model("m", vireo=row(2), ort=row(4), ncnn=row(1, 0.5)), model("n", {"all": "left out: why"})]
        text = table.markdown(report(models, batch=8))
        self.assertIn("| m | 4000 | 2000 | 8000 ✗ |", text)
        self.assertIn("| left out | left out | left out |", text)
        self.assertIn("- n, all engines: left out: why", text)

    def test_a_limit_names_who_is_not_held(self):
        engines = ["vireo", "ort", "ncnn"]
        text = table.markdown(report([], isa="avx2", not_held=isa.not_held("avx2", engines)))
        self.assertIn("**Held to AVX2**: Vireo.", text)
        self.assertIn("all that the CPU has: ONNX Runtime, ncnn.", text)

    def test_the_dearest_layers_come_first_with_their_rates(self):
        same = {"flops": 4e6, "bytes": 1e6, "op": "conv", "tactic": "t"}
        found = [{"ms": ms, "layer": f"l{ms}", **same} for ms in (1, 3, 2)]
        rows, total = layers.dearest(found, 2, {"gflops": 8})
        self.assertEqual(total, 6)
        self.assertEqual([line[-1] for line in rows], ["l3", "l2"])
        self.assertEqual(rows[1], ["2.000", "33.3%", "2.00", "25%", "0.50", "conv", "t", "l2"])


class Compare(unittest.TestCase):
    def compare(self, old, new, *options):
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / name for name in ("old.json", "new.json")]
            for path, value in zip(paths, (old, new)):
                path.write_text(value if isinstance(value, str) else json.dumps(value))
            done = subprocess.run([sys.executable, BENCH / "compare", *paths, *options], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def setUp(self):
        self.old = report([model("a", vireo=row(10), ort=row(20)), model("b", vireo=row(10), ort=row(20))])

    def test_a_slower_machine_is_not_a_slower_vireo(self):
        new = report([model("a", vireo=row(20), ort=row(40)), model("b", vireo=row(10.4), ort=row(20))])
        self.assertEqual(self.compare(self.old, new)[0], 0)

    def test_more_than_five_percent_is_flagged(self):
        new = report([model("a", vireo=row(10.6), ort=row(20)), model("b", vireo=row(10), ort=row(20))])
        code, text = self.compare(self.old, new)
        self.assertEqual(code, 1)
        self.assertRegex(text, r"a +0\.500 +0\.530 +\+6\.0%  SLOWER")
        self.assertEqual(self.compare(self.old, new, "--limit", "7")[0], 0)

    def test_a_model_that_fails_now_is_flagged(self):
        for broken in (model("a", {"vireo": "fails: x"}, ort=row(20)), model("a", vireo=row(10, 0.5), ort=row(20))):
            code, text = self.compare(self.old, report([broken, self.old["models"][1]]))
            self.assertEqual((code, "FAILS now" in text), (1, True))

    def test_without_onnx_runtime_openvino_is_the_yardstick(self):
        def bf16(ms):
            return {**report([model("a", vireo=row(ms, 0.1), openvino_any=row(20))]), "vireo_arguments": ["--precision", "bf16"]}
        code, text = self.compare(bf16(10), bf16(11))
        self.assertEqual((code, "OpenVINO as it comes" in text), (1, True), text)
        self.assertEqual(self.compare(bf16(10), bf16(10))[0], 0)
        self.assertEqual(self.compare(bf16(10), self.old)[0], 2, "other arguments")

    def test_other_conditions_and_other_files_are_refused(self):
        code, text = self.compare(self.old, {**self.old, "threads": 1})
        self.assertEqual((code, "threads 2 and 1" in text), (2, True))
        self.assertEqual(self.compare(self.old, {**self.old, "threads": 1}, "--anyway")[0], 0)
        self.assertEqual(self.compare(self.old, report([model("c", vireo=row(1), ort=row(1))]))[0], 2)
        self.assertEqual(self.compare(self.old, "{")[0], 2)
        self.assertEqual(self.compare(self.old, "[]")[0], 2)

    def test_committed_results_compare_with_themselves(self):
        results = sorted((BENCH / "results").glob("*.json"))
        self.assertTrue(results)
        for path in results:
            self.assertEqual(self.compare(path.read_text(), path.read_text())[0], 0, path)


def tensor_proto(dims, kind=1):
    """An ONNX TensorProto of zeros: 1 float32, 6 int32; both have four bytes."""
    size = 4
    text = b""
    for extent in dims:
        text += b"\x08" + varint(extent)
        size *= extent
    return text + b"\x10" + varint(kind) + b"\x4a" + varint(size) + bytes(size)


def varint(value):
    text = b""
    while value > 127:
        text += bytes([value & 127 | 128])
        value >>= 7
    return text + bytes([value])


@unittest.skipUnless(VIREO, "no path of vireo given")
class Serving(unittest.TestCase):
    def start(self, proto):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        (Path(folder.name) / "input_0.pb").write_bytes(proto)
        model = ROOT / "config" / "models" / "demo" / "street.onnx"
        return Vireo(VIREO, model, folder.name, [], ["--budget", "0.1"], 1, limit_s=60)

    def test_vireo_runs_on_given_inputs_and_tells_its_memory_and_layers(self):
        one = self.start(tensor_proto(SHAPE))
        self.addCleanup(one.close)
        self.assertEqual(len(one.run(3, warmup=1)), 3)
        alone = one.from_plan()
        self.assertGreater(alone["peak_bytes"], 1 << 20)
        self.assertGreater(alone["plan_bytes"], 1000)
        found = one.layers(repeats=2)
        self.assertTrue({"ms", "flops", "bytes", "op", "tactic", "layer"} <= found[0].keys())
        self.assertGreater(sum(layer["ms"] for layer in found), 0)
        with tempfile.TemporaryDirectory() as folder:
            one.save(folder)
            self.assertTrue((Path(folder) / "output_0.pb").exists())

    def test_inputs_of_other_shapes_or_types_are_refused(self):
        with self.assertRaisesRegex(WorkerError, "runs at .* input_0.pb is 1x3x8x8"):
            self.start(tensor_proto([1, 3, 8, 8]))
        with self.assertRaisesRegex(WorkerError, "is float32, input_0.pb is int32"):
            self.start(tensor_proto(SHAPE, kind=6))


if __name__ == "__main__":
    unittest.main()
