#!/usr/bin/env python3
"""`vireo bench --autopilot`: which settings it tries, what it tells, what it refuses.  autopilot_test.py PATH-OF-vireo"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "config" / "models" / "demo" / "street.onnx"
VIREO = sys.argv.pop(1)
QUICK = ["--budget", "0.2", "--duration", "0.2", "--warmup", "0"]


def bench(*arguments, cores=None):
    pin = (lambda: os.sched_setaffinity(0, cores)) if cores else None
    return subprocess.run([VIREO, "bench", *map(str, arguments)], capture_output=True, text=True, preexec_fn=pin)


class Autopilot(unittest.TestCase):
    def results(self, *arguments, **options):
        done = bench(*arguments, "--autopilot", "--json", "-", *QUICK, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_every_setting_fits_on_the_cores_and_the_best_are_the_best(self):
        found = self.results(MODEL)
        cores = sorted(os.sched_getaffinity(0))
        self.assertEqual(found["cores"], cores)
        settings = [(s["contexts"], s["threads"]) for s in found["settings"]]
        self.assertEqual(len(settings), len(set(settings)))
        for wanted in ((1, 1), (1, len(cores)), (len(cores), 1)):
            self.assertIn(wanted, settings)
        for k, n in settings:
            self.assertLessEqual(k * n, len(cores))
        for s in found["settings"]:
            self.assertGreater(s["inferences"], 0)
            low, high = s["throughput_range"]
            self.assertTrue(0 < low <= s["throughput_per_s"] <= high)
            self.assertTrue(0 < s["latency_ms"]["median"] <= s["latency_ms"]["p95"])
        rates = [s["throughput_per_s"] for s in found["settings"]]
        self.assertEqual(found["most_throughput"]["throughput_per_s"], max(rates))
        self.assertEqual(found["least_latency"]["latency_ms"]["median"],
                         min(s["latency_ms"]["median"] for s in found["settings"]))

    def test_threads_and_the_process_s_own_cores_limit_it(self):
        only = [{"contexts": 1, "threads": 1}]
        last = max(os.sched_getaffinity(0))
        for found in (self.results(MODEL, "--threads", 1), self.results(MODEL, cores={last})):
            self.assertEqual([{k: s[k] for k in ("contexts", "threads")} for s in found["settings"]], only)
        self.assertEqual(found["cores"], [last])

    def test_a_model_is_tuned_for_every_number_of_threads_and_a_plan_stays_as_it_is(self):
        with tempfile.TemporaryDirectory() as folder:
            cache, plan = Path(folder) / "timings.txt", Path(folder) / "model.plan"
            self.results(MODEL, "--timing-cache", cache, "--saveEngine", plan)
            keys = {line.split()[-1] for line in cache.read_text().splitlines() if line.startswith("choice ")}
            for n in {1, len(os.sched_getaffinity(0))}:
                self.assertIn(f"w{n}", keys)
            before = plan.read_bytes()
            self.assertEqual(self.results(plan)["build_s"], 0)
            self.assertEqual(plan.read_bytes(), before)

    def test_the_table_marks_the_best(self):
        done = bench(MODEL, "--autopilot", *QUICK)
        self.assertEqual(done.returncode, 0, done.stderr)
        for word in ("contexts", "threads", "throughput/s", "p50 ms", "p95 ms"):
            self.assertIn(word, done.stdout)
        self.assertEqual(done.stdout.count("most throughput"), 1)
        self.assertEqual(done.stdout.count("least latency"), 1)

    def test_what_makes_no_sense_with_it_is_refused(self):
        for flags in (["--contexts", "2"], ["--iterations", "3"], ["--profile"], ["--serve"]):
            done = bench(MODEL, "--autopilot", *flags)
            self.assertEqual(done.returncode, 2, flags)
            self.assertIn("autopilot", done.stderr + done.stdout)
        more = len(os.sched_getaffinity(0)) + 1
        done = bench(MODEL, "--autopilot", "--threads", more)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"--threads is {more}", done.stderr)


if __name__ == "__main__":
    unittest.main()
