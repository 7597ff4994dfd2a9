#!/usr/bin/env python3
"""test.sh and scripts/isa.sh: which tests run with which instruction sets, on which processor.  test_script_test.py BUILD"""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(sys.argv.pop(1)).resolve()
SANITIZER = {"build": [], "build-asan": ["--sanitize", "address"], "build-tsan": ["--sanitize", "thread"]}
AVX2 = "fpu sse4_2 avx f16c fma avx2"
AVX512 = AVX2 + " avx512f avx512dq avx512bw avx512vl"
PROCESSORS = {"none": "", "old": "fpu sse4_2 avx", "avx2": AVX2, "part": AVX2 + " avx512f avx512bw", "avx512": AVX512,
              "bf16": AVX512 + " avx512_vnni avx512_bf16", "amx": AVX512 + " avx512_vnni avx512_bf16 amx_tile amx_bf16"}


def run(processor, *command, **more):
    with tempfile.NamedTemporaryFile("w") as info:
        flags = PROCESSORS[processor]
        info.write(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t: x\n" * 2 if flags else "CPU part : 0xd40\n")
        info.flush()
        environment = {k: v for k, v in os.environ.items() if k != "VIREO_FORCE_KERNEL"}
        return subprocess.run(command, capture_output=True, text=True,
                              env={**environment, "VIREO_CPUINFO": info.name, **more})


def isa(processor, *arguments):
    return run(processor, ROOT / "scripts" / "isa.sh", *arguments)


class Processors(unittest.TestCase):
    def test_it_has_what_the_engine_would_find(self):
        sets = ["portable", "avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx_bf16"]
        for processor, count in {"none": 1, "old": 1, "avx2": 2, "part": 2, "avx512": 3, "bf16": 5, "amx": 6}.items():
            lines = [f"has {name}" for name in sets[:count]] + [f"lacks {name}" for name in sets[count:]]
            self.assertEqual(isa(processor).stdout.splitlines(), lines, processor)
            for line in lines:
                word, name = line.split()
                self.assertEqual(isa(processor, "has", name).returncode, 0 if word == "has" else 1, (processor, name))
        self.assertEqual(isa("amx", "has", "sse9").returncode, 2)

    def test_the_engine_is_held_where_that_makes_a_difference(self):
        def held(processor, name):
            return isa(processor, "hold", name, "sh", "-c", "echo is $VIREO_FORCE_KERNEL $1; exit 3", "sh", "a b")

        for processor, name, value in (("avx2", "portable", "scalar"), ("amx", "portable", "scalar"), ("avx512", "avx2", "avx2")):
            done = held(processor, name)
            self.assertEqual((done.returncode, done.stdout), (3, f"is {value} a b\n"))
        for processor, name, lacks in (("none", "portable", "avx2"), ("old", "portable", "avx2"), ("avx2", "avx2", "avx512")):
            done = held(processor, name)
            self.assertEqual(done.returncode, 77)  # skipped
            self.assertIn(f"lacks {lacks}", done.stdout)
        self.assertEqual(held("amx", "avx512").returncode, 2)


@unittest.skipUnless(FOLDER.parent == ROOT and FOLDER.name in SANITIZER, "another build folder than test.sh's")
class Selection(unittest.TestCase):
    def script(self, processor, *arguments, **more):
        return run(processor, ROOT / "test.sh", "--list", *SANITIZER[FOLDER.name], *arguments, **more)

    def names(self, processor, *arguments):
        done = self.script(processor, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.said = done.stderr
        names = done.stdout.split()
        self.assertEqual(len(names), len(set(names)))
        return set(names)

    def test_a_sanitizer_runs_the_native_set_only(self):
        if FOLDER.name == "build":
            for kind in ("address", "thread"):
                self.assertEqual(self.script("amx", "--sanitize", kind, "--isa", "avx2").returncode, 2)
            return
        self.assertFalse({name for name in self.names("amx") if "." in name})
        self.assertIn("to run: native (up to amx_bf16)\n", self.said)

    def test_what_is_no_instruction_set_is_refused(self):
        for wrong in (["--isa", "avx1024"], ["--isa"], ["--isa", ""]):
            done = self.script("amx", *wrong)
            self.assertEqual(done.returncode, 2)
            self.assertIn("native, portable, avx2 or all", done.stderr)

    @unittest.skipIf(FOLDER.name != "build", "native only")
    def test_tests_of_the_engine_run_with_each_set_that_makes_a_difference(self):
        native, portable, avx2 = (self.names("amx", "--isa", name) for name in ("native", "portable", "avx2"))
        self.assertFalse({name for name in native if "." in name})
        for name in ("table", "conformance", "dense_kernels", "selection", "fusion", "engine", "depth_first", "precision",
                     "onnx_files", "reference_pairs", "models", "plan_cache"):
            self.assertIn(name, native)
            self.assertIn(name + ".scalar", portable)
            self.assertIn(name + ".avx2", avx2)
        self.assertEqual({name.removesuffix(".scalar") for name in portable},
                         {name.removesuffix(".avx2") for name in avx2})
        self.assertLess({name.removesuffix(".scalar") for name in portable}, native)
        self.assertFalse({"isa.scalar", "layering.scalar", "pipeline.scalar"} & portable)
        self.assertEqual(self.names("amx"), native | portable | avx2)
        self.assertEqual(self.said, "instruction sets to run: native (up to amx_bf16), portable, avx2\n")
        self.assertEqual(self.names("avx512", "--isa", "all"), native | portable | avx2)
        self.assertIn("processor lacks them: avx512_vnni, avx512_bf16, amx_bf16", self.said)
        self.assertEqual(self.names("avx2"), native | portable)
        self.assertIn("to run: native (up to avx2), portable\n", self.said)
        self.assertIn("processor lacks them: avx512, ", self.said)
        self.assertEqual(self.names("old"), native)
        self.assertIn("to run: native (up to portable)\n", self.said)

    @unittest.skipIf(FOLDER.name != "build", "native only")
    def test_a_set_that_is_all_there_is_runs_as_the_native_one(self):
        native = self.names("amx", "--isa", "native")
        self.assertEqual(self.names("avx2", "--isa", "avx2"), native)
        self.assertEqual(self.names("none", "--isa", "portable"), native)
        done = self.script("old", "--isa", "avx2")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("lacks avx2", done.stderr)

    @unittest.skipIf(FOLDER.name != "build", "native only")
    def test_selections_of_tests_add_up(self):
        everything = self.names("amx")
        self.assertEqual(everything - self.names("amx", "--fast"), {"install", "packages", "models", "models.scalar", "models.avx2", "opencl_kernels", *(f"opencl_kernels_{k}" for k in range(1, 6)), *(f"opencl_parts_{k}" for k in range(4)),
                          "opencl_pairs", "vireoinfer_overload_minute", "endurance", "soak"})
        gst = self.names("amx", "-L", "^gst$")
        self.assertIn("deployment", gst)
        for arguments in (["--fast", "-LE", "^gst$"], ["--label-exclude", "^gst$", "--fast"]):
            self.assertEqual(self.names("amx", *arguments, "--isa", "native"),
                             self.names("amx", "--fast", "--isa", "native") - gst)
        self.assertEqual(self.names("amx", "-R", "^format_", "--isa", "portable"),
                         {"format_assignment.scalar", "format_choice.scalar", "format_model.scalar"})

    def test_a_variable_that_holds_the_engine_is_mentioned(self):
        done = self.script("amx", "--isa", "native", VIREO_FORCE_KERNEL="avx2")
        self.assertIn("native (up to amx_bf16, with VIREO_FORCE_KERNEL=avx2)", done.stderr)


if __name__ == "__main__":
    unittest.main()
