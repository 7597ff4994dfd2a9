#!/usr/bin/env python3
"""The commands of `vireo` on an OpenCL device, and where there is none.  opencl_commands_test.py PATH-OF-vireo"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

MODEL = Path(__file__).resolve().parents[2] / "config" / "models" / "demo" / "street.onnx"
VIREO = sys.argv.pop(1)
SHAPES = ["--shapes", "image:1x3x288x384"]
OPENCL = ["--device", "opencl:0"]


def run(*arguments, **environment):
    return subprocess.run([VIREO, *map(str, arguments)], capture_output=True, text=True, env={**os.environ, **environment})


def vireo(*arguments):
    done = run(*arguments)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout


HERE = "\nopencl:0 " in run("devices").stdout


class WithoutDrivers(unittest.TestCase):
    def test_everything_else_works_and_errors_say_what_is_missing(self):
        none = {"OCL_ICD_VENDORS": "/nonexistent"}
        self.assertNotIn("opencl", run("devices", **none).stdout)
        self.assertIn("[none]", run("doctor", **none).stdout)
        done = run("inspect", MODEL, *SHAPES, "--budget", 0, *OPENCL, **none)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("opencl:0", done.stderr)
        self.assertEqual(run("inspect", MODEL, *SHAPES, "--budget", 0, **none).returncode, 0)
        kernels = run("list", "kernels", **none).stdout.splitlines()
        opencl = [line for line in kernels if " opencl " in line]
        self.assertGreater(len(opencl), 20)
        for line in opencl:
            self.assertIn("not on this machine", line)


@unittest.skipUnless(HERE, "no OpenCL device here")
class OnADevice(unittest.TestCase):
    def test_devices_and_doctor_tell_what_there_is(self):
        row = [line for line in vireo("devices", "-v").splitlines() if line.startswith("opencl:0 ")][0]
        self.assertIn("OpenCL", row)
        self.assertRegex(row, r"local \d+ KiB")
        self.assertRegex(run("doctor").stdout, r"\[ok\] +device opencl:0: ")

    def test_inspect_says_where_each_layer_runs(self):
        found = json.loads(vireo("inspect", MODEL, "--json", "--budget", 0, *SHAPES, *OPENCL))
        self.assertEqual({layer["device"] for layer in found["layers"]}, {"opencl:0"})
        self.assertTrue(found["sections"][0]["fingerprint"].startswith("opencl "))

    def test_compare_finds_nothing_wrong(self):
        self.assertIn("rows within 1.0e-04", vireo("compare", MODEL, *SHAPES, *OPENCL))
        half = vireo("compare", MODEL, *SHAPES, *OPENCL, "--fp16", "--tolerance", "5e-2")  # tiny values lose bits
        self.assertIn("rows within", half)

    def test_plans_get_a_section_for_each_device(self):
        with tempfile.TemporaryDirectory() as folder:
            plan = Path(folder) / "street.plan"
            vireo("build", MODEL, "-o", plan, "--budget", 0, *SHAPES, "--device", "cpu")
            vireo("build", MODEL, "-o", plan, "--budget", 0, *SHAPES, *OPENCL, "--fp16", "--append")
            sections = json.loads(vireo("inspect", plan, "--json", *SHAPES))["sections"]
            self.assertEqual({s["device"] for s in sections}, {"cpu", "opencl:0"})
            self.assertIn("opencl:0", run("inspect", plan, *SHAPES).stdout)
            vireo("bench", plan, *SHAPES, *OPENCL, "--duration", "0.2")
            vireo("bench", plan, *SHAPES, "--duration", "0.2")

    def test_a_trace_tells_what_ran_when(self):
        contexts, image = 2, 4 * 3 * 288 * 384
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "trace.json"
            bench = vireo("bench", MODEL, *SHAPES, *OPENCL, "--budget", 0, "--duration", "0.1", "--contexts", contexts,
                          "--trace", file)
            self.assertIn("beside another context's kernels", bench)
            trace = json.loads(file.read_text())
        spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
        names = {(event["pid"], event["tid"]): event["args"]["name"] for event in trace["traceEvents"]
                 if event["name"] == "thread_name"}
        self.assertLessEqual({(event["pid"], event["tid"]) for event in spans}, set(names))
        kernels, transfers = {}, {}
        for context in range(contexts):
            host = [e for e in spans if e["pid"] == 0 and names[0, e["tid"]] == f"context {context}"]
            device = sorted((e for e in spans if e["pid"] == 1 and e["args"]["context"] == context), key=lambda e: e["ts"])
            for event in device:
                self.assertIn(f"context {context} ", names[1, event["tid"]])
                self.assertLessEqual(event["args"]["queued"], event["ts"] + 0.01)
            for rows in (host, device):  # one after the other, each
                for before, after in zip(rows, rows[1:]):
                    self.assertGreaterEqual(before["dur"], 0)
                    self.assertLessEqual(before["ts"] + before["dur"], after["ts"] + 0.01)
            enqueued = [e for e in host if e["name"] == "enqueue"]
            self.assertEqual(len(enqueued) * contexts, trace["otherData"]["inferences"])
            by_kind = {kind: [e for e in device if e["cat"] == kind] for kind in ("upload", "kernel", "download")}
            self.assertEqual([e["args"]["bytes"] for e in by_kind["upload"]], [image] * len(enqueued))
            self.assertEqual(len(by_kind["download"]) % len(enqueued), 0)
            self.assertGreater(len(by_kind["kernel"]), len(enqueued))
            for upload, call in zip(by_kind["upload"], enqueued):  # the clocks agree
                self.assertLessEqual(call["ts"], upload["args"]["queued"] + 0.01)
                self.assertLessEqual(upload["args"]["queued"], call["ts"] + call["dur"] + 0.01)
            kernels[context] = by_kind["kernel"]
            transfers[context] = by_kind["upload"] + by_kind["download"]
        total = sum(e["dur"] for own in transfers.values() for e in own)
        self.assertAlmostEqual(total / 1e3, trace["otherData"]["transfers_ms"], delta=1e-6 * total + 1e-6)
        beside = 0
        for own, other in ((0, 1), (1, 0)):  # kernels of one context don't overlap
            for a in transfers[own]:
                for b in kernels[other]:
                    beside += max(0, min(a["ts"] + a["dur"], b["ts"] + b["dur"]) - max(a["ts"], b["ts"]))
        self.assertAlmostEqual(beside / total, trace["otherData"]["overlap"], delta=1e-3)

    def test_a_trace_of_a_device_without_such_queues_has_the_hosts_calls_and_layers_of_profiled_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "trace.json"
            self.assertIn("the host's calls only", vireo("bench", MODEL, *SHAPES, "--budget", 0, "--duration", "0.1",
                                                         "--trace", file))
            trace = json.loads(file.read_text())
            self.assertEqual({e["pid"] for e in trace["traceEvents"] if e["ph"] == "X"}, {0, 2})

    def test_precisions_that_a_device_has_not_are_refused(self):
        for arguments in (["--fp16"], ["--fp16", "--device", "cpu"], ["--int8", *OPENCL]):
            done = run("inspect", MODEL, *SHAPES, "--budget", 0, *arguments)
            self.assertNotEqual(done.returncode, 0, arguments)
            self.assertIn("accepted", done.stderr)

    @unittest.skipIf("run a model" not in run("--help").stdout, "this build has no pipeline")
    def test_demo_and_run_find_the_street(self):
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder) / "results.jsonl"
            demo = vireo("demo", "--headless", "--max-frames", 40, *OPENCL)
            self.assertGreater(float(demo.split("mAP@0.5 ")[1].split()[0]), 0.9)
            vireo("run", MODEL, "--source", "vireoscene", "--sink", f"jsonl:{results}", "--max-frames", 5, "--set",
                  f"plan-cache={folder}/plans", "--set", "build-budget=0", *OPENCL)
            frames = [json.loads(line) for line in results.read_text().splitlines()]
            self.assertEqual(len(frames), 5)
            self.assertTrue(all(frame["detections"] for frame in frames))
            vireo("run", MODEL, "--source", "vireoscene", "--sink", "none", "--max-frames", 5, "--set",
                  f"plan-cache={folder}/plans", "--set", "build-budget=0")
            self.assertEqual(len(list((Path(folder) / "plans").iterdir())), 2, "one plan for each device")


if __name__ == "__main__":
    unittest.main()
