#!/usr/bin/env python3
"""scripts/build.sh: what it says of a build where stdout is no terminal."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build(ninja):
    """Runs build.sh on a tree of its own, with `ninja` as the text of the program ninja."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in ("scripts", "build", "bin"):
            (tree / name).mkdir()
        shutil.copy(ROOT / "scripts" / "build.sh", tree / "scripts")
        (tree / "build" / "build.ninja").touch()
        program = tree / "bin" / "ninja"
        program.write_text("#!/bin/sh\n" + ninja)
        program.chmod(0o755)
        return subprocess.run([tree / "scripts" / "build.sh", "release", "something"], capture_output=True, text=True,
                              env={**os.environ, "PATH": f"{tree / 'bin'}:{os.environ['PATH']}", "TMPDIR": folder})


class Progress(unittest.TestCase):
    def test_every_tenth_is_a_line(self):
        done = build("for k in $(seq 400); do echo \"[$k/400] Building CXX object $k.o\"; done\n")
        lines = done.stderr.splitlines()
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertEqual(lines[0], "building build …")
        self.assertEqual(lines[1:], [f"building build … {k} % ({4 * k} of 400)" for k in range(10, 101, 10)])

    def test_nothing_to_do_is_not_worth_a_line(self):
        done = build("echo 'ninja: no work to do.'\n")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", "building build …\n"))

    def test_a_failure_is_shown_without_what_went_well(self):
        done = build("echo '[1/2] Building a.o'; echo '[2/2] Building b.o'; echo 'FAILED: b.o'\n"
                     "echo 'b.cpp:3: error: \\ and  spaces' >&2; exit 1\n")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "building build …\nFAILED: b.o\nb.cpp:3: error: \\ and  spaces\n")


if __name__ == "__main__":
    unittest.main()
