#!/usr/bin/env python3
"""`vireo inspect`: what it tells of layouts and of kernels, for a model and for its plan.  inspect_test.py PATH-OF-vireo"""
import json
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

MODEL = Path(__file__).resolve().parents[2] / "config" / "models" / "demo" / "street.onnx"
VIREO = sys.argv.pop(1)


def vireo(*arguments):
    done = subprocess.run([VIREO, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout


class Reading(unittest.TestCase):
    def test_it_says_which_decoder_colours_and_size_are_chosen_and_why(self):
        line = next(line for line in vireo("inspect", MODEL).splitlines() if line.startswith("reads "))
        for word in ("'image'", "384x288", "NCHW", "BGR", "letterbox", "decoder yolox ("):
            self.assertIn(word, line)
        reading = json.loads(vireo("inspect", MODEL, "--json"))["reading"]
        self.assertEqual((reading["decoder"], reading["width"], reading["height"]), ("yolox", 384, 288))
        self.assertIn(reading["reason"], line)
        self.assertIn("not decoder segment: ", vireo("inspect", MODEL, "--why"))


class Memory(unittest.TestCase):
    def test_blocks_that_are_taken_at_the_same_step_never_overlap(self):
        found = json.loads(vireo("inspect", MODEL, "--json"))
        for part in found["memory"]:
            self.assertTrue(part["blocks"])
            for i, a in enumerate(part["blocks"]):
                self.assertLessEqual(a["offset"] + a["bytes"], part["arena_bytes"])
                self.assertLess(a["last_step"], part["steps"])
                for b in part["blocks"][i + 1:]:
                    if a["first_step"] <= b["last_step"] and b["first_step"] <= a["last_step"]:
                        self.assertFalse(a["offset"] < b["offset"] + b["bytes"] and b["offset"] < a["offset"] + a["bytes"], (a, b))
        self.assertLessEqual(sum(part["arena_bytes"] for part in found["memory"]), found["arena_bytes"])

    def test_it_is_written_as_text_and_drawn(self):
        blocks = json.loads(vireo("inspect", MODEL, "--json"))["memory"][0]["blocks"]
        with tempfile.TemporaryDirectory() as folder:
            vireo("inspect", MODEL, "--memory-map", f"{folder}/map.txt")
            lines = Path(folder, "map.txt").read_text().splitlines()
            self.assertRegex(lines[0], r"cpu: arena \d+ bytes, .* \d+ steps")
            self.assertEqual(len(lines), 3 + len(blocks))
            vireo("inspect", MODEL, "--memory-map", f"{folder}/map.svg")
            drawn = xml.etree.ElementTree.parse(f"{folder}/map.svg").getroot()
            titles = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}title")]
            self.assertEqual(len(titles), len(blocks))
            self.assertIn(f"{blocks[0]['bytes']} bytes at {blocks[0]['offset']}", titles[0])


class Layouts(unittest.TestCase):
    def test_each_convolution_has_both_of_its_layouts_weighed(self):
        found = json.loads(vireo("inspect", MODEL, "--json"))
        convolutions = " > ".join(l["name"] for l in found["layers"] if "conv" in l["op"])
        self.assertGreater(len(found["layouts"]), 5)
        for l in found["layouts"]:
            self.assertIn(l["layout"], ("nchw", "nhwc"))
            self.assertIn(l["op"], ("conv", "conv_transpose", "pool"))
            if l["op"] == "conv":
                self.assertIn(l["name"], convolutions)
            for side in ("nchw", "nhwc"):
                self.assertGreater(l[side]["kernel_ms"], 0)
                self.assertGreaterEqual(l[side]["reorders_ms"], 0)
                self.assertFalse(l[side]["measured"], "inspect times nothing by itself")
        in_text = vireo("inspect", MODEL, "--why").split("\nlayout ")[1].split("\n\n")[0].splitlines()[1:]
        self.assertEqual([line.split()[0] for line in in_text], [l["layout"] for l in found["layouts"]])
        self.assertEqual([line.split()[-1] for line in in_text], [l["name"] for l in found["layouts"]])
        self.assertNotIn("\nlayout ", vireo("inspect", MODEL), "only when asked why")

    def test_a_plan_tells_what_its_build_weighed(self):
        with tempfile.TemporaryDirectory() as folder:
            plan = Path(folder) / "model.plan"
            found = json.loads(vireo("inspect", MODEL, "--json"))
            shape = "x".join(str(max(extent, 1)) for extent in found["inputs"][0]["dims"])
            shapes = ["--shapes", f"{found['inputs'][0]['name']}:{shape}"]
            vireo("build", MODEL, "-o", plan, "--budget", 0, *shapes)
            self.assertEqual(json.loads(vireo("inspect", plan, "--json"))["layouts"],
                             json.loads(vireo("inspect", MODEL, "--json", *shapes))["layouts"])


class Kernels(unittest.TestCase):
    def test_a_tuned_plan_tells_the_times_of_what_was_tried(self):
        with tempfile.TemporaryDirectory() as folder:
            plan = Path(folder) / "model.plan"
            vireo("build", MODEL, "-o", plan, "--budget", 20, "--shapes", "image:1x3x288x384")
            layers = json.loads(vireo("inspect", plan, "--json", "--shapes", "image:1x3x288x384"))["layers"]
            tried = [(name, ms) for layer in layers for name, ms in layer["beside_ms"]]
            self.assertGreater(len(tried), 0, "in 20 s nothing was timed beside anything")
            in_text = vireo("inspect", plan, "--why", "--shapes", "image:1x3x288x384").splitlines()
            for name, ms in tried:
                self.assertGreater(ms, 0)
                self.assertTrue(any(line.split()[:1] == [f"{ms:.4f}"] and line.endswith(name) for line in in_text), name)


if __name__ == "__main__":
    unittest.main()
