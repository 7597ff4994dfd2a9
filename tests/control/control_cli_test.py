#!/usr/bin/env python3
"""`vireo run --control` as a process: the README's commands, what SIGHUP means for what HTTP changed, the service
manager's view, and the deployments of the repository. control_cli_test.py PATH-OF-vireo"""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STREET = ROOT / "config" / "models" / "demo" / "street.onnx"
VIREO = sys.argv.pop(1)
QUICK = ["--set", "plan-cache=off", "--set", "build-budget=0"]
SERVER = "has no HTTP server" not in subprocess.run(
    [VIREO, "run", str(STREET), "--control", "0", "--check"], capture_output=True, text=True).stderr


def eventually(condition, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name).resolve()

    def vireo(self, *arguments, **more):
        return subprocess.run([VIREO, *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd=self.folder,
                              **more)

    def start(self, *arguments, **more):
        errors = open(self.folder / "stderr", "w+")
        self.addCleanup(errors.close)
        process = subprocess.Popen([VIREO, "run", *map(str, arguments)], stdout=subprocess.PIPE, stderr=errors, text=True,
                                   cwd=self.folder, **more)

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def said(self):
        return (self.folder / "stderr").read_text()

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        return process.returncode

    def scene(self, name, more=""):
        return (f'stream {{ name: "{name}" source {{ uri: "vireoscene" width: 320 height: 240 live: true }} '
                f'stage {{ infer {{ model: "{STREET}" plan_cache: "off" build_budget: 0 }} }} {more} }}\n')


@unittest.skipUnless(SERVER, "this build has no HTTP server")
class Control(Case):
    def served(self, *arguments, **more):
        process = self.start(*arguments, "--control", "0", **more)
        self.assertTrue(eventually(lambda: "control at http" in self.said() or process.poll() is not None))
        self.address = re.search(r"control at (http://\S+)", self.said())[1]
        return process

    def ask(self, method, path, body=None, **headers):
        request = urllib.request.Request(self.address + path, method=method, headers=headers,
                                         data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def names(self):
        return [stream["name"] for stream in self.ask("GET", "/v1/streams")["streams"]]

    def test_without_streams_it_waits_for_them_and_ends_when_told_to(self):
        process = self.served(STREET, *QUICK)
        self.assertEqual(self.names(), [])
        self.ask("PUT", "/v1/streams/a", {"source": {"uri": "vireoscene"}, "max_frames": 5})
        self.assertTrue(eventually(lambda: self.ask("GET", "/v1/streams/a")["status"]["state"] == "ended"))
        self.assertIsNone(process.poll(), "its streams are over, and it waits for others")
        self.assertEqual(self.end(process), 0)

    def test_the_commands_of_the_readme_do_what_it_says(self):
        if not shutil.which("curl"):
            self.skipTest("no curl here")
        process = self.served(STREET, *QUICK)
        text = (ROOT / "app" / "control" / "README.md").read_text()
        commands = re.search(r"```sh\n(.*?)```", text, re.S)[1].replace("localhost:8080", self.address).splitlines()
        self.assertGreater(len(commands), 10)
        for command in commands:
            if "readyz" in command:  # "200: frames come from every stream; else 503"
                self.assertTrue(eventually(lambda: subprocess.run(command.replace("-s", "-sf"), shell=True, cwd=self.folder,
                                                                  capture_output=True).returncode == 0))
            done = subprocess.run(command.replace("curl -s", "curl -sS --fail-with-body"), shell=True, cwd=self.folder,
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, command + "\n" + done.stdout + done.stderr)
            if "PUT" in command and "yard" in command:  # the model is being loaded
                self.assertTrue(eventually(lambda: self.ask("GET", "/v1/streams/yard")["status"]["frames"] > 0))
        self.assertEqual((self.folder / "yard.jpg").read_bytes()[:2], b"\xff\xd8")
        self.assertEqual(self.names(), [])
        self.assertEqual(self.end(process), 0)

    def test_the_file_wins_when_it_is_read_again(self):
        config = self.folder / "d.pbtxt"
        config.write_text(self.scene("file"))
        process = self.served(config)
        self.ask("PUT", "/v1/streams/http", {"source": {"uri": "vireoscene", "live": True}, "stage": [
            {"infer": {"model": str(STREET), "plan_cache": "off", "build_budget": 0}}]})
        self.ask("PATCH", "/v1/streams/file", {"stage": [{"infer": {"score_threshold": 0.9}}]})
        self.assertEqual(self.names(), ["file", "http"])
        self.assertTrue(eventually(lambda: self.ask("GET", "/v1/streams/file")["status"]["frames"] > 0))
        before = self.ask("GET", "/v1/streams/file")["status"]["frames"]
        process.send_signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: self.names() == ["file"]))
        stream = self.ask("GET", "/v1/streams/file")
        self.assertNotIn("score_threshold", stream["config"]["stage"][0]["infer"])
        self.assertGreaterEqual(stream["status"]["frames"], before, "it was not begun anew")
        self.assertEqual(self.end(process), 0)

    def test_the_file_can_say_it_and_have_no_streams(self):
        (self.folder / "token").write_text("0123456789abcdef\n")
        config = self.folder / "d.pbtxt"
        config.write_text('control { listen: "0" token_file: "token" }')
        process = self.start(config)
        self.assertTrue(eventually(lambda: "control at http" in self.said()))
        self.address = re.search(r"control at (http://\S+)", self.said())[1]
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.ask("GET", "/v1/streams")
        self.assertEqual(refused.exception.code, 401)
        refused.exception.close()
        self.assertEqual(self.ask("GET", "/v1/streams", Authorization="Bearer 0123456789abcdef"), {"streams": []})
        self.assertEqual(self.end(process), 0)
        self.assertNotIn("0123456789abcdef", self.said())

    def test_what_is_wrong_is_said_before_anything_plays(self):
        for arguments, word in ((["--control", "0.0.0.0:0"], "token"), (["--control", "x"], "PORT"),
                                (["--control", "0", "--control-token-file", "none"], "none"),
                                (["--control-token-file", "none"], "--control"), ([], "no source")):
            done = self.vireo("run", STREET, *arguments)
            self.assertIn(done.returncode, (1, 2), arguments)
            self.assertIn(word, done.stderr)
        done = self.vireo("run", "none.onnx", "--control", "0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.onnx", done.stderr)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            done = self.vireo("run", STREET, "--control", taken.getsockname()[1])
            self.assertEqual(done.returncode, 1)
            self.assertIn("can't be listened at", done.stderr)


class Service(Case):
    def manager(self):
        """The service manager's end of $NOTIFY_SOCKET."""
        path = str(self.folder / "notify")
        ours = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.bind(path)
        ours.settimeout(60)
        self.addCleanup(ours.close)
        return ours, {**os.environ, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1000000"}

    def until(self, ours, word):
        heard = []
        while not heard or not heard[-1].startswith(word):
            heard.append(ours.recv(4096).decode())
        return heard

    def test_it_is_told_of_the_start_of_reloads_and_of_the_end(self):
        ours, environment = self.manager()
        config = self.folder / "d.pbtxt"
        config.write_text(self.scene("a"))
        process = self.start(config, env=environment)
        self.assertTrue(self.until(ours, "READY=1")[0].startswith("READY=1"), "the first word")
        self.until(ours, "WATCHDOG=1")
        process.send_signal(signal.SIGHUP)
        self.until(ours, "RELOADING=1\nMONOTONIC_USEC=")
        self.until(ours, "READY=1")
        process.send_signal(signal.SIGTERM)
        self.until(ours, "STOPPING=1")
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)

    @unittest.skipUnless(SERVER, "keeps a run alive whose streams have failed")
    def test_the_watchdog_is_not_pinged_when_all_streams_have_failed(self):
        ours, environment = self.manager()
        config = self.folder / "d.pbtxt"
        config.write_text('control { listen: "0" }' + self.scene("a", 'sink { to: "none" }'))
        process = self.start(config, env=environment)
        self.until(ours, "WATCHDOG=1")
        (self.folder / "broken.onnx").write_text("no model")
        config.write_text(self.scene("a").replace(str(STREET), "broken.onnx"))
        process.send_signal(signal.SIGHUP)
        self.until(ours, "RELOADING=1")
        ours.settimeout(4)
        with self.assertRaises(TimeoutError):  # it ends when four seconds have been silent; one is the limit
            while True:
                ours.recv(4096)
        self.assertIsNone(process.poll())

    def test_the_unit_is_one_that_systemd_takes(self):
        unit = (ROOT / "config" / "systemd" / "vireo@.service").read_text()
        for line in ("Type=notify", "ExecReload=/bin/kill -HUP $MAINPID", "Restart=on-failure"):
            self.assertIn("\n" + line + "\n", unit)
        self.assertRegex(unit, r"\nWatchdogSec=\d+\n")
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd here")
        (self.folder / "vireo@.service").write_text(unit.replace("/usr/local/bin/vireo", "/bin/true"))
        done = subprocess.run(["systemd-analyze", "verify", str(self.folder / "vireo@test.service")], capture_output=True,
                              text=True)
        ours = [line for line in done.stderr.splitlines() if "vireo@" in line]
        self.assertEqual(ours, [])


class Deployments(Case):
    def test_each_of_the_repository_is_good(self):
        """Where their relative paths lead: a build folder beside config, with videos in it."""
        shutil.copytree(ROOT / "config" / "deployments", self.folder / "config" / "deployments")
        (self.folder / "config" / "models").symlink_to(ROOT / "config" / "models")
        videos = self.folder / "build" / "videos"
        videos.mkdir(parents=True)
        done = self.vireo("run", STREET, "--source", "vireoscene", "--max-frames", 12, "--sink", videos / "a.mp4", *QUICK)
        self.assertEqual(done.returncode, 0, done.stderr)
        files = sorted((self.folder / "config" / "deployments").glob("*.pbtxt"))
        self.assertGreaterEqual(len(files), 5)
        def works(sink):
            return self.vireo("run", STREET, "--source", "vireoscene", "--sink", sink, "--check").returncode == 0
        display, rtsp = works("display"), works("rtsp://:8554/street")
        for file in files:
            text = file.read_text()
            if "control {" in text and not SERVER or '"display"' in text and not display or '"rtsp://:' in text and not rtsp:
                continue
            done = self.vireo("run", file, "--check")
            self.assertEqual(done.returncode, 0, str(file) + done.stderr)
            self.assertIn("nothing wrong", done.stdout)

    def test_a_folder_of_videos_becomes_lines_each_with_its_video(self):
        videos = self.folder / "videos"
        videos.mkdir()
        for name, frames in (("b.mkv", 7), ("a.mp4", 5)):
            done = self.vireo("run", STREET, "--source", "vireoscene", "--max-frames", frames, "--sink", videos / name, *QUICK)
            self.assertEqual(done.returncode, 0, done.stderr)
        (videos / "aa.avi").write_text("no video")
        (videos / "notes.txt").write_text("nor this")
        done = self.vireo("run", STREET, "--source", videos, "--sink", "jsonl:out.jsonl", *QUICK)
        self.assertEqual(done.returncode, 1, "one of them is no video")
        self.assertIn("aa.avi", done.stderr)
        lines = [json.loads(line) for line in (self.folder / "out.jsonl").read_text().splitlines()]
        self.assertEqual([Path(line["uri"]).name for line in lines], ["a.mp4"] * 5 + ["b.mkv"] * 7)
        (videos / "aa.avi").unlink()
        done = self.vireo("run", STREET, "--source", videos / "*.m*", "--sink", "jsonl:out.jsonl", *QUICK)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
