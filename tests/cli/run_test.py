#!/usr/bin/env python3
"""`vireo run` as a process: what is left of a recording however it ends, what its exit code says, what it reads again.
run_test.py PATH-OF-vireo"""
import errno
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

STREET = Path(__file__).resolve().parents[2] / "config" / "models" / "demo" / "street.onnx"
VIREO = sys.argv.pop(1)
PIPELINE = "has no video pipeline" not in subprocess.run([VIREO, "run"], capture_output=True, text=True).stderr
QUICK = ["--set", "plan-cache=off", "--set", "build-budget=0"]


def eventually(condition, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


@unittest.skipUnless(PIPELINE, "this build has no pipeline")
class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name).resolve()

    def path(self, name):
        return str(self.folder / name)

    def vireo(self, *arguments, **more):
        return subprocess.run([VIREO, *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd=self.folder,
                              **more)

    def start(self, *arguments, before=(), **more):
        """A live scene without end, or what a deployment file says; by the command `before`, which becomes it."""
        more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": self.folder, **more}
        process = subprocess.Popen([*before, VIREO, "run", *map(str, arguments)], **more)

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def live(self, *sinks):
        text = "".join(f'sink {{ to: "{sink}" }} ' for sink in sinks)
        Path(self.path("live.pbtxt")).write_text(
            'stream { name: "street" source { uri: "vireoscene" width: 320 height: 240 live: true } '
            f'stage {{ infer {{ model: "{STREET}" plan_cache: "off" build_budget: 0 }} }} {text} }}')
        return self.path("live.pbtxt")

    def size(self, name):
        path = self.folder / name
        return path.stat().st_size if path.exists() else 0

    def frames(self, name):
        """That play: read back by a run of its own."""
        done = self.vireo("run", STREET, "--source", self.path(name), *QUICK, "--set", "interval=1000", "--json", "back.json")
        if not (self.folder / "back.json").exists():
            return 0, done.stderr
        return json.loads((self.folder / "back.json").read_text())["frames"], done.stderr


class Recordings(Case):
    def test_a_killed_run_leaves_what_plays_and_the_next_one_keeps_it(self):
        for name in ("out.mp4", "out.mkv"):
            process = self.start(self.live(name))
            self.assertTrue(eventually(lambda: self.size(name + ".part") > 200000), name)
            process.kill()
            process.wait()
            self.assertFalse((self.folder / name).exists(), "it is not whole")
            os.rename(self.path(name + ".part"), self.path("killed-" + name))
            frames, said = self.frames("killed-" + name)
            self.assertGreater(frames, 25, said)
            os.rename(self.path("killed-" + name), self.path(name + ".part"))
            done = self.vireo("run", STREET, "--source", "vireoscene", "--max-frames", 3, "--sink", name, *QUICK)
            self.assertEqual(done.returncode, 0, done.stderr)
            recovered = name.replace("out", "out-recovered")
            self.assertIn(recovered, done.stderr)
            self.assertEqual(self.frames(recovered)[0], frames)
            self.assertEqual(self.frames(name)[0], 3)

    def test_signals_finish_the_recording(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            name = f"out{int(number)}.mp4"
            process = self.start(STREET, "--source", "vireoscene", "--sink", name, *QUICK)
            self.assertTrue(eventually(lambda: self.size(name + ".part") > 60000))
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, err)
            self.assertIn("(interrupted)", out)
            self.assertGreater(self.frames(name)[0], 10)

    def test_a_reader_of_the_lines_that_goes_costs_the_lines_alone(self):
        process = self.start(self.live("jsonl:-", "out.mp4"))
        self.assertTrue(process.stdout.readline().startswith("{"))
        process.stdout.close()
        before = self.size("out.mp4.part")
        self.assertTrue(eventually(lambda: self.size("out.mp4.part") > before + 200000))
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        said = process.stderr.read()
        self.assertEqual(process.returncode, 1, said)
        self.assertIn("jsonl:-", said)
        self.assertGreater(self.frames("out.mp4")[0], 25)

    def test_a_full_disk_leaves_what_was_written_and_goes_on_with_the_rest(self):
        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (600000, 600000))

        Path(self.path("out.mp4")).write_text("an old recording")
        done = self.vireo("run", STREET, "--source", "vireoscene", "--max-frames", 200, "--sink", "out.mp4", "--sink",
                          "jsonl:out.jsonl", *QUICK, preexec_fn=small_files)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("out.mp4.part", done.stderr)
        self.assertEqual(Path(self.path("out.mp4")).read_text(), "an old recording")
        os.rename(self.path("out.mp4.part"), self.path("part.mp4"))
        self.assertGreater(self.frames("part.mp4")[0], 25)

    def test_a_disk_that_is_full_for_a_while_costs_what_did_not_fit(self):
        mounted = 'mount -t tmpfs -o size=2m none disk && exec "$0" "$@"'
        (self.folder / "disk").mkdir()
        if subprocess.run(["unshare", "-Urm", "sh", "-c", mounted, "true"], cwd=self.folder, capture_output=True).returncode:
            self.skipTest("nothing can be mounted here")
        text = Path(self.live("jsonl:out.jsonl", "jsonl:disk/lines-%05d.jsonl", "disk/out.mp4")).read_text()
        text = text[:text.rindex("}")] + """ sink { to: "disk/seg-%05d.mp4" property { key: "segment" value: "1s" }
                                                   property { key: "keep" value: "3" } } }"""
        Path(self.path("live.pbtxt")).write_text(text)
        process = self.start("live.pbtxt", before=["unshare", "-Urm", "sh", "-c", mounted])
        disk = Path(f"/proc/{process.pid}/root{self.folder}/disk")

        def segments():
            return sorted(disk.glob("seg-*.mp4"))

        def lines():
            return (self.folder / "out.jsonl").read_text().count("\n")
        self.assertTrue(eventually(lambda: len(segments()) > 1))
        filler = open(disk / "filler", "wb", buffering=0)

        def fill():
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError as error:
                self.assertEqual(error.errno, errno.ENOSPC)
        said = ""
        fill()
        for line in process.stderr:
            said += line
            fill()  # what the sinks give up is taken, too
            if all(re.search(f"{name}.*No space left", said) for name in (r"out\.mp4", r"seg-", r"lines-")):
                break
        before = lines()
        self.assertTrue(eventually(lambda: lines() > before + 25), "the stream goes on")
        for part in disk.glob("out.mp4.part"):
            shutil.copy(part, self.path("part.mp4"))
        (disk / "filler").unlink()
        filler.close()
        last = segments()[-1]
        self.assertTrue(eventually(lambda: segments()[-1] > last), "there is room again")
        shutil.copy(segments()[-1], self.path("segment.mp4"))
        old = disk / "lines-00000.jsonl.part"
        self.assertTrue(eventually(lambda: old.read_text().endswith("\n") and
                                   all(json.loads(line) for line in old.read_text().splitlines())))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertGreater(self.frames("segment.mp4")[0], 10)
        self.assertGreater(self.frames("part.mp4")[0], 10)

    def test_nothing_large_lies_elsewhere(self):
        process = self.start(self.live("out.mp4"), env={**os.environ, "TMPDIR": self.path(".")})
        self.assertTrue(eventually(lambda: self.size("out.mp4.part") > 200000))
        opened = [os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{process.pid}/fd")]
        files = [name for name in opened if name.startswith("/") and not name.startswith(("/dev", "/proc", "/sys", "/memfd"))]
        self.assertTrue(all(name.endswith("out.mp4.part") for name in files if os.access(name, os.W_OK) and
                            os.path.isfile(name) and os.path.getsize(name) > 100000), files)


class Words(Case):
    def test_a_source_that_is_down_is_told_with_its_address_and_without_its_secrets(self):
        process = self.start(STREET, "--source", "vireoscene", "--source", "rtsp://admin:secret@127.0.0.1:9/cam?t=hidden",
                             "--max-frames", 30, *QUICK)
        line = ""
        while "rtsp://127.0.0.1:9/cam" not in line:
            line = process.stderr.readline()
            self.assertTrue(line, "nothing was said")
        self.assertIn("trying again", line)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, "it was down in the end")
        self.assertIn("rtsp://127.0.0.1:9/cam", err)
        for secret in ("secret", "admin", "hidden"):
            self.assertNotIn(secret, line + out + err)

    def test_check_tells_what_is_wrong_and_opens_nothing(self):
        good = Path(self.live("out.mp4", "jsonl:out.jsonl"))
        done = self.vireo("run", good, "--check")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("1 stream, nothing wrong", done.stdout)
        for words, wrong, said in (("build_budget: 0", "build_budget: -1", "live.pbtxt:1:"),
                                   ("build_budget: 0", "build_budgett: 1", "plan_cache"),
                                   (str(STREET), "none.onnx", "none.onnx"), ("out.mp4", "none/out.mp4", "none"),
                                   ("jsonl:out.jsonl", str(STREET) + ".mp4x", "accepted are")):
            text = good.read_text()
            bad = Path(self.path("live.pbtxt.bad.pbtxt"))
            bad.write_text(text.replace(words, wrong))
            done = self.vireo("run", bad, "--check")
            self.assertIn(done.returncode, (1, 2), words)
            self.assertIn(said.replace("live.pbtxt", "live.pbtxt.bad.pbtxt"), done.stderr)
            bad.unlink()
        self.assertEqual(os.listdir(self.folder), ["live.pbtxt"])

    def test_more_words_say_what_was_chosen(self):
        done = self.vireo("-v", "run", STREET, "--source", "vireoscene", "--max-frames", 2, *QUICK)
        for word in ("decoder yolox", "BGR", "640x480 BGR", "NCHW"):
            self.assertIn(word, done.stderr)


class Reload(Case):
    def text(self, *names):
        return "".join(
            f'stream {{ name: "{name}" source {{ uri: "vireoscene" width: 320 height: 240 live: true }} '
            f'stage {{ infer {{ model: "{STREET}" plan_cache: "off" build_budget: 0 }} }} '
            'sink { to: "jsonl:out.jsonl" } }\n' for name in names)

    def sources(self, after=0):
        lines = Path(self.path("out.jsonl")).read_text().splitlines()[after:]
        return [json.loads(line)["source"] for line in lines if line.endswith("}")]

    def count(self):
        path = Path(self.path("out.jsonl"))
        return len(path.read_text().splitlines()) if path.exists() else 0

    def test_sighup_reads_the_file_again_and_leaves_the_rest_alone(self):
        config = Path(self.path("d.pbtxt"))
        config.write_text(self.text("a", "b"))
        process = self.start(config)
        self.assertTrue(eventually(lambda: self.count() > 10))
        config.write_text(self.text("a", "c"))
        process.send_signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: "c" in self.sources()))
        config.write_text("nonsense")
        process.send_signal(signal.SIGHUP)
        said = ""
        while "goes on as it was" not in said:
            said = process.stderr.readline()
            self.assertTrue(said)
        before = self.count()
        self.assertTrue(eventually(lambda: self.count() > before + 10))
        self.assertEqual(set(self.sources(before)), {"a", "c"})
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertEqual(set(self.sources()), {"a", "b", "c"})


if __name__ == "__main__":
    unittest.main()
