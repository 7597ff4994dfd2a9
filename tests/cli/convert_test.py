#!/usr/bin/env python3
"""`vireo convert`: what is written is the same network.  convert_test.py PATH-OF-vireo"""
import importlib.util
import json
import random
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from onnx_bytes import field, model, typed, values

VIREO = sys.argv.pop(1)
ROOT = Path(__file__).resolve().parents[2]
STREET = ROOT / "config" / "models" / "demo" / "street.onnx"
ASSETS = ROOT.parent / "shared" / "assets" / "onnx"
PEERS = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime", "numpy"))


def noise(dims):
    count = 1
    for extent in dims:
        count *= extent
    random.seed(1)
    return (b"".join(field(1, extent) for extent in dims) + field(2, 1) +
            field(9, struct.pack(f"<{count}f", *(random.uniform(-1, 1) for _ in range(count)))))


class Converting(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def vireo(self, *arguments):
        return subprocess.run([VIREO, *map(str, arguments)], capture_output=True, text=True, timeout=300)

    def fine(self, *arguments):
        done = self.vireo(*arguments)
        self.assertEqual(done.returncode, 0, (arguments, done.stdout, done.stderr))
        return done.stdout

    def put(self, name, content):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def outputs_of(self, file, name):
        self.fine("infer", file, "--inputs", self.folder / "in", "--outputs", self.folder / name)
        return {path.name: path.read_bytes() for path in (self.folder / name).glob("*.pb")}

    def same(self, file):
        """Converted, and converted once more, it gives the same values to the bit under the same names."""
        first, second = self.folder / "first.onnx", self.folder / "second.onnx"
        self.fine("convert", file, "-o", first)
        self.fine("convert", first, "-o", second)
        expected = self.outputs_of(file, "expected")
        self.assertTrue(expected)
        self.assertEqual(self.outputs_of(first, "converted"), expected)
        self.assertEqual(self.outputs_of(second, "again"), expected)
        return first

    def test_a_detector_gives_the_same_values_and_keeps_its_metadata(self):
        told = json.loads(self.fine("inspect", STREET, "--json"))
        self.put("in/input_0.pb", noise([max(1, extent) for extent in told["inputs"][0]["dims"]]))
        converted = json.loads(self.fine("inspect", self.same(STREET), "--json"))
        for key in ("inputs", "outputs"):
            self.assertEqual(converted[key], told[key])
        self.assertEqual(converted["reading"]["decoder"], told["reading"]["decoder"])
        kept = {key: value for key, value in told["metadata"].items() if not key.startswith(("onnx.", "vireo."))}
        self.assertEqual({key: converted["metadata"].get(key) for key in kept}, kept)

    def test_outputs_that_are_inputs_or_constants_and_symbols_stay(self):
        named = field(1, "x") + field(2, field(1, field(1, 1) + field(2, field(1, field(2, "batch")) + field(1, field(1, 2)))))
        file = self.put("m.onnx", model([("Relu", ["x"], ["y"])], [values("c", 4, 5)], [named],
                                        [typed("y"), typed("c"), typed("x")]))
        self.put("in/input_0.pb", field(1, 3) + field(1, 2) + field(2, 1) + field(9, struct.pack("<6f", -1, 2, -3, 4, -5, 6)))
        text = self.folder / "m.txt"
        self.fine("convert", self.same(file), "-o", text)
        self.assertIn('"batch"', text.read_text())

    def test_one_layer_may_be_several_nodes_of_different_names(self):
        file = self.put("m.onnx", model([("Sigmoid", ["x"], ["s"]), ("Mul", ["x", "s"], ["y"]), ("Split", ["y"], ["a", "b"]),
                                         ("Clip", ["a", "", "high"], ["c"]), ("MatMul", ["c", "b"], ["z"])],
                                        [field(2, 1) + field(8, "high") + field(9, struct.pack("<f", 0.5))],
                                        [typed("x", 4, 2)], [typed("z", 2, 2)]))
        self.put("in/input_0.pb", noise([4, 2]))
        self.same(file)

    def test_text_names_layers_inputs_and_outputs(self):
        file = self.put("m.onnx", model([("Relu", ["x"], ["h"]), ("Add", ["h", "c"], ["y"])], [values("c", 4, 5)],
                                        [typed("x", 2)], [typed("y", 2)]))
        self.fine("convert", file, "-o", self.folder / "m.txt")
        text = (self.folder / "m.txt").read_text()
        for part in ('input "x" float32 2', 'unary("x")', "binary(", '"c" float32 2 = 4', 'output "y" "y"'):
            self.assertIn(part, text)

    def test_other_endings_plans_and_the_model_itself_are_refused(self):
        done = self.vireo("convert", STREET, "-o", self.folder / "m.pb")
        self.assertEqual(done.returncode, 2)
        self.assertIn(".onnx, or .txt", done.stderr)
        plan = self.folder / "m.plan"
        self.fine("build", STREET, "-o", plan, "--budget", 0)
        self.assertIn("is a plan", self.vireo("convert", plan, "-o", self.folder / "m.onnx").stderr)
        copy = self.put("copy.onnx", STREET.read_bytes())
        self.assertEqual(self.vireo("convert", copy, "-o", copy).returncode, 2)
        self.assertEqual(copy.read_bytes(), STREET.read_bytes())

    @unittest.skipUnless(PEERS and ASSETS.is_dir(), "needs onnx, onnxruntime, numpy and ../shared/assets")
    def test_onnx_finds_real_models_valid_and_onnx_runtime_agrees(self):
        import numpy
        import onnx
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # or it may compute in integers what is written as floats between Q and DQ
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        compared = 0
        for file in sorted(ASSETS.rglob("*.onnx")):
            with self.subTest(file.name):
                converted = self.folder / "asset.onnx"
                done = self.vireo("convert", file, "-o", converted)
                if done.returncode:
                    self.assertEqual(self.vireo("inspect", file).returncode, 1, done.stderr)  # damaged
                    continue
                onnx.checker.check_model(str(converted), full_check=True)
                sessions = [onnxruntime.InferenceSession(str(f), options, providers=["CPUExecutionProvider"])
                            for f in (file, converted)]
                self.assertEqual(*([(t.name, t.type) for t in s.get_outputs()] for s in sessions))
                if any(node.op_type.startswith("QLinear") for node in onnx.load(str(file)).graph.node):
                    continue  # those round in integers; converted, they are floats between Q and DQ
                generator = numpy.random.default_rng(1)
                feeds = {}
                for tensor in sessions[0].get_inputs():
                    dims = [d if isinstance(d, int) and d > 0 else 64 if i > 1 else 1 for i, d in enumerate(tensor.shape)]
                    dtype = {"float": "float32", "double": "float64", "float16": "float16"}.get(tensor.type[7:-1])
                    feeds[tensor.name] = (generator.uniform(-1, 1, dims).astype(dtype) if dtype
                                          else generator.integers(0, 2, dims).astype(tensor.type[7:-1]))
                for a, b in zip(*(session.run(None, feeds) for session in sessions)):
                    numpy.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-5)
                compared += 1
        self.assertGreater(compared, 20)


if __name__ == "__main__":
    unittest.main()
