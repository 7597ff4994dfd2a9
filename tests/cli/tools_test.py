#!/usr/bin/env python3
"""Weights that are drawn, outputs of other engines, power.  tools_test.py PATH-OF-vireo"""
import json
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from onnx_bytes import field, model, tensor, typed, values

VIREO = sys.argv.pop(1)
STREET = Path(__file__).resolve().parents[2] / "config" / "models" / "demo" / "street.onnx"


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def vireo(self, *arguments):
        return subprocess.run([VIREO, *map(str, arguments)], capture_output=True, text=True, timeout=120)

    def fine(self, *arguments):
        done = self.vireo(*arguments)
        self.assertEqual(done.returncode, 0, (arguments, done.stdout, done.stderr))
        return done

    def put(self, name, content):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path


def stripped(dims, name, dtype=1):
    return b"".join(field(1, extent) for extent in dims) + field(2, dtype) + field(8, name)


class RandomWeights(Case):
    """y = Gemm(x, w, b): w lies in a file that is missing, b was stripped."""

    def setUp(self):
        super().setUp()
        self.model = self.put("m.onnx", model([("Gemm", ["x", "w", "b"], ["y"])],
                                              [tensor([4, 3], "w", location="gone.bin"), stripped([3], "b")],
                                              [typed("x", 1, 4)], [typed("y", 1, 3)]))
        self.put("in/input_0.pb", field(1, 1) + values("x", 1, 2, 3, 4))

    def output(self, *more):
        self.fine("infer", self.model, "--inputs", self.folder / "in", "--outputs", self.folder / "out",
                  "--random-weights", *more)
        return (self.folder / "out" / "output_0.pb").read_bytes()

    def test_without_the_flag_the_missing_file_is_told(self):
        done = self.vireo("bench", self.model)
        self.assertEqual(done.returncode, 1)
        self.assertIn("gone.bin", done.stderr)

    def test_a_topology_is_measured_built_and_compared(self):
        done = self.fine("bench", self.model, "--random-weights", "--budget", 0, "--duration", 0.05, "--json", "-")
        self.assertIn("2 weights drawn, seed 1", done.stderr)
        self.assertGreater(json.loads(done.stdout)["inferences"], 0)
        self.fine("build", self.model, "--random-weights", "--budget", 0, "-o", self.folder / "m.plan")
        self.fine("compare", self.model, "--random-weights")

    def test_the_seed_decides(self):
        self.assertEqual(self.output(), self.output())
        self.assertEqual(self.output(), self.output("--weights-seed", 1))
        self.assertNotEqual(self.output(), self.output("--weights-seed", 2))
        numbers = struct.unpack("<3f", self.output()[-12:])
        self.assertTrue(all(number == number and abs(number) < 100 for number in numbers), numbers)

    def test_weights_that_are_there_stay_as_they_are(self):
        self.put("gone.bin", struct.pack("<12f", *[0] * 12))
        numbers = struct.unpack("<3f", self.output()[-12:])
        self.assertTrue(all(-0.1 <= number < 0.1 for number in numbers) and any(numbers), numbers)  # b alone
        done = self.fine("bench", STREET, "--random-weights", "--budget", 0, "--duration", 0.05)
        self.assertIn("0 weights drawn", done.stderr)

    def test_shapes_and_indices_are_not_drawn_and_all_are_named(self):
        missing = self.put("r.onnx", model([("Reshape", ["x", "shape"], ["r"]), ("Gather", ["r", "rows"], ["y"])],
                                           [stripped([2], "shape", 7), stripped([1], "rows", 7)],
                                           [typed("x", 1, 4)], [typed("y", 1, 4)]))
        scales = self.put("s.onnx", model([("Resize", ["x", "", "scales"], ["y"])], [stripped([4], "scales")],
                                          [typed("x", 1, 1, 2, 2)], [typed("y", 1, 1, 4, 4)]))
        self.assertIn("'scales'", self.vireo("bench", scales, "--random-weights").stderr)
        done = self.vireo("bench", missing, "--random-weights")
        self.assertEqual(done.returncode, 1)
        for name in ("'shape'", "'rows'"):
            self.assertIn(name, done.stderr)


class Recorded(Case):
    """y = x + w and z = y * y, against outputs in files."""

    def setUp(self):
        super().setUp()
        self.model = self.put("m.onnx", model([("Add", ["x", "w"], ["y"]), ("Mul", ["y", "y"], ["z"])],
                                              [values("w", 1, 1, 1, 1)], [typed("x", 4)], [typed("y", 4), typed("z", 4)]))
        self.put("in/input_0.pb", values("x", 0, 1, 2, 3))

    def compared(self, *more):
        return self.vireo("compare", self.model, "--inputs", self.folder / "in", "--outputs", self.folder / "ref", *more)

    def test_outputs_that_agree_are_right_in_either_order(self):
        self.put("ref/output_0.pb", values("y", 1, 2, 3, 4))
        self.put("ref/output_1.pb", values("z", 1, 4, 9.001, 16))
        done = self.compared()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("2 of 2 outputs", done.stdout)
        self.put("ref/output_0.pb", values("z", 1, 4, 9, 16))
        self.put("ref/output_1.pb", values("y", 1, 2, 3, 4))
        self.assertEqual(self.compared().returncode, 0)

    def test_one_element_that_is_off_is_found(self):
        self.put("ref/output_0.pb", values("y", 1, 2, 3, 4))
        self.put("ref/output_1.pb", values("z", 1, 4, 9.1, 16))
        done = self.compared()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"z  <-- WRONG; furthest at element 2: 9, recorded 9\.1")
        self.assertIn("1 of 2 outputs", done.stdout)
        self.assertEqual(self.compared("--rtol", 0.1).returncode, 0)

    def test_infinities_and_nan_count(self):
        self.put("ref/output_0.pb", values("y", 1, 2, 3, float("nan")))
        self.put("ref/output_1.pb", values("z", 1, 4, 9, 16))
        self.assertEqual(self.compared("--rtol", 9).returncode, 1)

    def test_other_shapes_counts_and_missing_inputs_are_told(self):
        self.put("ref/output_0.pb", values("y", 1, 2, 3))
        done = self.compared()
        self.assertEqual(done.returncode, 1)
        self.assertIn("has 2 outputs", done.stderr)
        self.put("ref/output_1.pb", values("z", 1, 4, 9, 16, dtype=7))
        done = self.compared()
        self.assertEqual(done.returncode, 1)
        self.assertIn("'y' is 4 float32, recorded is 3 float32", done.stdout)
        self.assertIn("'z' is 4 float32, recorded is 4 int64", done.stdout)
        self.assertEqual(self.vireo("compare", self.model, "--outputs", self.folder / "ref").returncode, 2)


class Measures(Case):
    def test_percentiles_are_those_that_are_asked_for(self):
        latency = json.loads(self.fine("bench", STREET, "--budget", 0, "--iterations", 9, "--percentile", "25,99.9", "--json",
                                       "-").stdout)["latency_ms"]
        self.assertEqual(set(latency), {"min", "mean", "median", "max", "p25", "p99.9"})
        self.assertLessEqual(latency["p25"], latency["p99.9"])
        done = self.vireo("bench", STREET, "--percentile", "101")
        self.assertEqual((done.returncode, done.stderr.count("101")), (2, 1))

    def test_a_trace_on_the_cpu_has_the_layers_of_profiled_runs_one_after_the_other(self):
        self.fine("bench", STREET, "--budget", 0, "--duration", 0.1, "--trace", self.folder / "trace.json")
        events = json.loads((self.folder / "trace.json").read_text())["traceEvents"]
        layers = [event for event in events if event.get("cat") == "layer"]
        steps = json.loads(self.fine("inspect", STREET, "--json").stdout)["layers"]
        self.assertEqual(len(layers), 4 * len(steps))
        self.assertEqual({event["name"] for event in layers}, {step["name"] for step in steps})
        for before, after in zip(layers, layers[1:]):
            self.assertGreaterEqual(after["ts"] + 1e-3, before["ts"] + before["dur"])

    def test_bench_tells_power_where_the_machine_does(self):
        for power in json.loads(self.fine("bench", STREET, "--budget", 0, "--duration", 0.2, "--json", "-").stdout)["power"]:
            self.assertGreaterEqual(power["watts"], 0)
            self.assertTrue(power["counter"])


if __name__ == "__main__":
    unittest.main()
