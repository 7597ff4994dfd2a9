#!/usr/bin/env python3
"""Nothing of the user's is overwritten, and errors are told in words.  outputs_test.py PATH-OF-vireo"""
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from onnx_bytes import field, tensor

STREET = Path(__file__).resolve().parents[2] / "config" / "models" / "demo" / "street.onnx"
VIREO = sys.argv.pop(1)
PIPELINE = "has no video pipeline" not in subprocess.run([VIREO, "run"], capture_output=True, text=True).stderr
QUICK = ["--budget", "0"]


def external_model(location):
    """y = x + w, four floats each; w lies in a file beside the model."""
    def value(name):
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, field(1, field(1, 4)))))

    node = field(1, "x") + field(1, "w") + field(2, "y") + field(4, "Add")
    graph = (field(1, node) + field(2, "g") + field(5, tensor([4], "w", location=location)) + field(11, value("x")) +
             field(12, value("y")))
    return field(1, 8) + field(7, graph) + field(8, field(2, 17))


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name).resolve()
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)

    def vireo(self, *arguments, **more):
        return subprocess.run([VIREO, *map(str, arguments)], capture_output=True, text=True, timeout=60, **more)

    def everything(self):
        return {str(path): path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}

    def refused(self, *arguments, names=(), code=2):
        """Told in words that have these names, and nothing in the folder is another than before."""
        before = self.everything()
        done = self.vireo(*arguments)
        self.assertEqual(self.everything(), before, arguments)
        self.assertEqual(done.returncode, code, (arguments, done.stdout, done.stderr))
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for name in names:
            self.assertIn(f"{name}", done.stderr)

    def fine(self, *arguments, **more):
        done = self.vireo(*arguments, **more)
        self.assertEqual(done.returncode, 0, (arguments, done.stderr))
        return done.stdout


class Models(Case):
    """What is refused before the model is opened is tried on a file that is no model: its error would be another one."""

    def setUp(self):
        super().setUp()
        Path("m.onnx").write_text("no model")
        os.symlink("m.onnx", "soft.plan")
        os.link("m.onnx", "hard.plan")
        os.mkdir("sub")
        os.symlink("sub", "other")

    def test_the_model_is_no_output(self):
        for other in ("m.onnx", "./sub/../m.onnx", self.folder / "m.onnx", "soft.plan", "hard.plan", "other/../m.onnx"):
            for command, flag in (("build", "-o"), ("bench", "--json"), ("bench", "--saveEngine"), ("inspect", "--dot"),
                                  ("bench", "--timing-cache"), ("inspect", "--timing-cache")):
                self.refused(command, "m.onnx", flag, other, names=["the model", f"'{other}'"])
        self.refused("build", "soft.plan", "-o", "hard.plan", names=["'hard.plan'", "'soft.plan'", "the same file"])
        self.refused("bench", "m.onnx", "--autopilot", "--json", "hard.plan", names=["the model"])

    def test_two_outputs_are_two_files(self):
        for one, other in (("new", "new"), ("new", "sub/../new"), ("sub/new", "other/new"), ("old", "link"), ("old", "hard")):
            Path("old").write_text("old")
            for name, make in (("link", os.symlink), ("hard", os.link)):
                if not os.path.lexists(name):
                    make("old", name)
            self.refused("build", "m.onnx", "-o", one, "--timing-cache", other, names=[f"'{one}'", f"'{other}'"])
            self.refused("bench", "m.onnx", "--json", one, "--saveEngine", other, names=["--json", "--saveEngine"])
        os.symlink("nothing", "dangling")
        self.refused("build", "m.onnx", "-o", "dangling", "--timing-cache", "nothing", names=["'dangling'", "'nothing'"])

    def test_what_cannot_be_written_is_told_before_the_model_is_opened(self):
        os.mkfifo("pipe")
        for path, word in (("none/m.plan", "no folder 'none'"), ("sub", "is a folder"), ("sub/", "is a folder"),
                           ("m.onnx/x", "Not a directory"), ("n" * 300, "name too long"), ("pipe", "a pipe"),
                           ("new/", "no folder")):
            self.refused("build", "m.onnx", "-o", path, names=[word, path], code=1)
            self.refused("bench", "m.onnx", "--timing-cache", path, names=[word, path], code=1)
        for command, flag in (("bench", "--json"), ("inspect", "--dot")):
            self.refused(command, "m.onnx", flag, "none/file", names=[flag, "no folder"], code=1)
        self.refused("infer", "m.onnx", "--inputs", "sub", "--outputs", "m.onnx", names=["is no folder"], code=1)
        self.refused("infer", "m.onnx", "--inputs", "sub", "--outputs", "m.onnx/x/y", names=["is no folder"], code=1)

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_a_folder_without_the_right_to_write_is_told_too(self):
        os.chmod("sub", 0o555)
        self.refused("build", "m.onnx", "-o", "sub/m.plan", names=["Permission denied"], code=1)
        self.refused("infer", "m.onnx", "--inputs", ".", "--outputs", "sub/x/y", names=["Permission denied"], code=1)

    def test_external_data_is_no_output(self):
        os.mkdir("sub/w")
        Path("sub/w/data.bin").write_bytes(bytes(16))
        os.link("sub/w/data.bin", "other-name")
        Path("sub/e.onnx").write_bytes(external_model("w/data.bin"))
        for path in ("sub/w/data.bin", "other/w/data.bin", "other-name"):
            for command, flag in (("build", "-o"), ("build", "--timing-cache"), ("bench", "--json"), ("inspect", "--dot")):
                beside = [] if (command, flag) != ("build", "--timing-cache") else ["-o", "x.plan"]
                self.refused(command, "sub/e.onnx", flag, path, *beside, *QUICK, names=["external data", f"'{path}'"])
        self.fine("build", "sub/e.onnx", "-o", "e.plan", *QUICK)
        self.fine("bench", "e.plan", "--iterations", 1, "--json", "sub/new.json")

    def test_a_timing_cache_that_is_none_is_kept(self):
        for text in ("my notes\n", "{}", "vireo timings", "\0" * 100):
            Path("notes").write_text(text)
            self.refused("build", STREET, "-o", "s.plan", "--timing-cache", "notes", names=["timing cache", "'notes'"], code=1)
        self.fine("build", STREET, "-o", "s.plan", "--timing-cache", "times", *QUICK)
        self.fine("build", STREET, "-o", "s.plan", "--timing-cache", "times", *QUICK)
        self.refused("build", STREET, "-o", "t.plan", "--timing-cache", "s.plan", names=["timing cache"], code=1)


class Tensors(Case):
    def setUp(self):
        super().setUp()
        Path("data.bin").write_bytes(bytes(16))
        Path("e.onnx").write_bytes(external_model("data.bin"))
        os.mkdir("in")
        Path("in/input_0.pb").write_bytes(tensor([4], "x", raw=bytes(16)))

    def infer(self, model="e.onnx", outputs="out"):
        return ["infer", model, "--inputs", "in", "--outputs", outputs]

    def test_outputs_may_lie_beside_inputs_and_replace_their_own(self):
        for _ in range(2):
            for folder in ("in", "out/of/many"):
                self.fine(*self.infer(outputs=folder))
                self.assertTrue((Path(folder) / "output_0.pb").is_file())
        self.assertEqual(Path("in/input_0.pb").read_bytes(), tensor([4], "x", raw=bytes(16)))

    def test_an_output_is_no_input(self):
        os.mkdir("out")
        for make in (os.symlink, os.link):
            for target in ("in/input_0.pb", "e.onnx", "data.bin"):
                make(self.folder / target, "out/output_0.pb")
                self.refused(*self.infer(), names=["output_0.pb", target])
                os.remove("out/output_0.pb")
        shutil.copy("e.onnx", "in/output_0.pb")
        self.refused("infer", "in/output_0.pb", "--inputs", "in", "--outputs", "in", names=["the model"])
        for flag in ("--json", "--saveEngine"):
            self.refused("bench", "e.onnx", "--inputs", "in", flag, "in/input_0.pb", names=["the input", flag])
        self.fine("bench", "e.onnx", "--inputs", "in", "--iterations", 1, *QUICK, "--json", "in/results.json")
        self.fine("bench", "e.onnx", "--inputs", "in", "--iterations", 1, *QUICK, "--json", "in/results.json")


class Written(Case):
    def bench(self, path, **more):
        return self.vireo("bench", STREET, "--iterations", 1, *QUICK, "--json", path, **more)

    def test_a_report_that_fails_leaves_the_old_one(self):
        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))

        Path("old.json").write_text("an old report, longer than that")
        for flag, command in (("--json", "bench"), ("--dot", "inspect"), ("--saveEngine", "bench"), ("-o", "build")):
            done = self.vireo(command, STREET, flag, "old.json", *QUICK,
                              *(["--iterations", 1] if command == "bench" else []), preexec_fn=small_files)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("old.json", done.stderr)
            self.assertEqual(self.everything(), {str(self.folder / "old.json"): b"an old report, longer than that"})

    def test_standard_output_devices_and_pipes_are_written_as_they_are(self):
        for path in ("-", "/dev/stdout", "/proc/self/fd/1"):
            done = self.bench(path)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("latency_ms", json.JSONDecoder().raw_decode(done.stdout[done.stdout.index("{"):])[0])
        with open("out.txt", "w") as out:
            done = subprocess.run([VIREO, "inspect", str(STREET), "--json", *QUICK, "--dot", "/dev/stdout"], stdout=out)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(os.listdir("."), ["out.txt"])
        self.assertEqual(self.bench("/dev/null").returncode, 0)
        self.assertTrue(Path("/dev/null").is_char_device())


class Words(Case):
    def test_a_reader_that_has_gone_is_no_crash(self):
        for stderr_too in (False, True):
            reading, writing = os.pipe()
            os.close(reading)
            done = subprocess.run([VIREO, "list", "kernels"], stdout=writing, text=True,
                                  stderr=writing if stderr_too else subprocess.PIPE)
            os.close(writing)
            self.assertEqual((done.returncode, done.stderr or ""), (1, ""))

    def test_what_cannot_be_said_is_an_error(self):
        for command in (["list", "kernels"], ["list", "passes"], ["inspect", STREET, "--json", *QUICK], ["--help"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([VIREO, *map(str, command)], stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), (command, done.stderr))
            self.assertIn("No space left", done.stderr)

    def test_a_size_that_is_none_is_wrong_usage(self):
        for flag in ("--workspace", "--max-memory", "--max-tensor"):
            for size in ("64X", "-1", "nan", "inf", "1e30G", "MiB", " 1"):
                done = self.vireo("build", "none.onnx", "-o", "m.plan", f"{flag}={size}")
                self.assertEqual(done.returncode, 2, size)
                self.assertIn("is not a size such as 512M", done.stderr)
            for size in ("0", "64MiB", "1.5G", "1e3"):
                self.assertIn("none.onnx", self.vireo("build", "none.onnx", "-o", "m.plan", flag, size).stderr)
        for seconds in ("-1", "soon"):
            self.assertEqual(self.vireo("build", "none.onnx", "-o", "m.plan", f"--max-seconds={seconds}").returncode, 2)

    def test_an_error_of_the_file_system_is_one_line(self):
        self.refused("bench", STREET, "--inputs", "n" * 300, names=["name too long"], code=1)


@unittest.skipUnless(PIPELINE, "this build has no pipeline")
class Videos(Case):
    def setUp(self):
        super().setUp()
        os.mkdir("pictures")
        for name in ("v.mp4", "m.onnx", "labels.txt", "pictures/a.png", "pictures/b.jpg"):
            Path(name).write_text("not looked at")
        os.symlink("v.mp4", "soft.mp4")
        os.link("v.mp4", "hard.mkv")

    def test_a_source_is_no_sink(self):
        for source in ("v.mp4", "soft.mp4", self.folder.as_uri() + "/v.mp4"):
            for sink in ("v.mp4", "./pictures/../v.mp4", "soft.mp4", "hard.mkv", "jsonl:v.mp4", "jsonl:hard.mkv"):
                self.refused("run", "m.onnx", "--source", source, "--sink", sink, names=["the sink", "the source"])
            self.refused("run", "m.onnx", "--source", source, "--sink", "none", "--json", "v.mp4", names=["--json"])
        for source in ("pictures", "pictures/*.png", "pictures/a.png", "v.mp4"):
            name = "v.mp4" if source == "v.mp4" else "pictures/a.png"
            self.refused("run", "m.onnx", "--source", "vireoscene", "--source", source, "--sink", f"jsonl:{name}",
                         names=["the source", name])

    def test_model_labels_and_configuration_are_no_sinks(self):
        def run(model, *arguments):
            return ["run", model, "--source", "vireoscene", "--max-frames", "1", *arguments]

        self.refused(*run("m.onnx", "--sink", "jsonl:m.onnx"), names=["the model"])
        self.refused(*run("m.onnx", "--labels", "labels.txt", "--sink", "jsonl:labels.txt"), names=["the labels"])
        self.refused(*run("m.onnx", "--set", "options=top=3;labels=file:labels.txt", "--sink", "jsonl:./labels.txt"),
                     names=["the labels"])
        Path("model.pbtxt").write_text('network: "m.onnx" labels_file: "labels.txt"')
        Path("all.pbtxt").write_text('stream { source { uri: "v.mp4" } stage { infer { model: "model.pbtxt" } }'
                                    ' sink { to: "jsonl:out.jsonl" } }')
        for name in ("all.pbtxt", "model.pbtxt", "m.onnx", "labels.txt", "v.mp4"):
            self.refused("run", "all.pbtxt", "--json", name, names=["--json", name])
            self.refused("run", "all.pbtxt", "--sink", f"jsonl:{name}", names=["the sink", name])
        self.refused("run", "all.pbtxt", "--json", "out.jsonl", names=["--json", "the sink"])
        Path("data.bin").write_bytes(bytes(16))
        Path("e.onnx").write_bytes(external_model("data.bin"))
        os.link("data.bin", "pictures/same.jsonl")
        for sink in ("jsonl:data.bin", "jsonl:pictures/same.jsonl"):
            self.refused(*run("e.onnx", "--sink", sink), names=["external data"])

    def test_two_sinks_are_two_files(self):
        run = ["run", "m.onnx", "--source", "vireoscene", "--max-frames", "1"]
        self.refused(*run, "--sink", "two.mp4", "--sink", "two.mp4", names=["two.mp4"])
        self.refused(*run, "--sink", "jsonl:two", "--sink", "jsonl:pictures/../two", names=["the same file"])
        self.refused(*run, "--source", "test", "--sink", "x.mp4", "--sink", "jsonl:x-source1.mp4", names=["x-source1.mp4"])
        Path("w.mp4.part").write_text("a killed run's")
        self.refused("run", "m.onnx", "--source", "w.mp4.part", "--sink", "w.mp4", names=["w.mp4.part", "the source"])
        os.remove("w.mp4.part")
        self.refused("demo", "--headless", "--out", "a.mp4", "--json", "a.mp4", names=["--json", "a.mp4"])
        self.refused("demo", "--headless", "--out", "none/a.mp4", names=["no folder"], code=1)

    def test_a_second_run_replaces_what_the_first_one_wrote(self):
        for _ in range(2):
            self.fine("run", STREET, "--source", "vireoscene", "--max-frames", 2, "--sink", "jsonl:out.jsonl", "--sink",
                      "out.mkv", "--json", "stats.json", "--set", "plan-cache=off", "--set", "build-budget=0")
            self.assertEqual(len(Path("out.jsonl").read_text().splitlines()), 2)
            self.assertIn("frames", json.loads(Path("stats.json").read_text()))


if __name__ == "__main__":
    unittest.main()
