#!/usr/bin/env python3
"""What the shared libraries need, export and give.  libraries_test.py BUILD [RUN_PLAN VIREO]"""
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(sys.argv[1])
PROGRAMS = sys.argv[2:]
LIBRARIES = ("vireo", "vireo_build", "vireo_import")
OWN_TABLE = "vireo::ops::all_operators()"  # there is one in a process
del sys.argv[1:]


def path(library):
    return BUILD / "lib" / f"lib{library}.so"


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def needed(file):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-d", file))


def exported(library):
    """Name → version of what a library defines for others."""
    found = {}
    for line in output("nm", "-D", "-C", "--defined-only", "--with-symbol-versions", path(library)).splitlines():
        kind, name = re.match(r"\S*\s+(\w) (.*)", line).groups()
        name, _, version = name.partition("@@")
        if kind != "A":  # the versions themselves
            found[name] = version
    return found


class Libraries(unittest.TestCase):
    def test_running_plans_needs_neither_the_tuner_nor_protobuf(self):
        for library in ("vireo", "vireo_build"):
            for name in needed(path(library)):
                self.assertNotRegex(name, "protobuf|onnx|vireo_import", library)
        self.assertFalse([name for name in needed(path("vireo")) if "vireo" in name])
        self.assertTrue([name for name in needed(path("vireo_import")) if "protobuf" in name or "onnx" in name])

    def test_they_export_nothing_but_vireo(self):
        for library in LIBRARIES:
            names = exported(library)
            self.assertTrue(names)
            for name, version in names.items():
                self.assertRegex(name, r"^((typeinfo|typeinfo name|vtable|guard variable) for )?vireo::", library)
                self.assertIn(version, ("VIREO_0", "VIREO_PRIVATE"), name)

    def test_the_public_functions_have_the_public_version(self):
        for library, name, version in (("vireo", "vireo::Engine::load(", "VIREO_0"), ("vireo", "typeinfo for vireo::Error", "VIREO_0"),
                                       ("vireo", "vireo::graph::Graph::verify(", "VIREO_PRIVATE"),
                                       ("vireo_build", "vireo::build(", "VIREO_0"),
                                       ("vireo_import", "vireo::import_onnx(", "VIREO_0"),
                                       ("vireo_import", "vireo::read_tensor(", "VIREO_0")):
            versions = {v for n, v in exported(library).items() if n.startswith(name)}
            self.assertEqual(versions, {version}, name)
        for name, version in exported("vireo").items():
            if re.match(r"vireo::(base|graph|device|ops|passes|plan|compile|runtime)::", name):
                self.assertEqual(version, "VIREO_PRIVATE", name)

    def test_what_the_headers_mark_is_what_is_public(self):
        marked = set()
        for header in set((ROOT / "engine" / "api").glob("*.h")) - {ROOT / "engine" / "api" / "export.h"}:
            text = header.read_text()
            marked |= set(re.findall(r"class VIREO_API (\w+)", text)) | set(re.findall(r"VIREO_API [^;{(]*?(\w+)\(", text))
        versions = {"VIREO_0": set(), "VIREO_PRIVATE": set()}
        for library in LIBRARIES:
            for name, version in exported(library).items():
                versions[version].add(re.match(r"(?:.* for )?vireo::(\w+)", name)[1])
        self.assertEqual(versions["VIREO_0"] | {"Logger"}, marked)  # Logger: programs derive from it, no library does

    def test_no_program_has_parts_of_the_engine_twice(self):
        programs = [file for file in (BUILD / "bin").iterdir() if file.is_file()]
        programs += (BUILD / "lib" / "gstreamer-1.0").glob("*.so")
        for file in programs:
            libraries = [name for name in needed(file) if re.match(r"libvireo(_\w+)?\.so", name)]
            if libraries:
                self.assertNotIn(f" {OWN_TABLE}\n", output("nm", "-C", "--defined-only", file), f"{file} has its own, and {libraries}")

    @unittest.skipUnless(PROGRAMS, "without the program vireo")
    def test_a_program_of_libvireo_alone_runs_a_plan(self):
        run_plan, vireo = PROGRAMS
        with tempfile.TemporaryDirectory() as folder:
            plan = f"{folder}/street.plan"
            output(vireo, "build", ROOT / "config/models/demo/street.onnx", "-o", plan, "--budget", "0")
            loaded = output(run_plan, plan).splitlines()
        self.assertIn("libvireo.so.0", {re.sub(r"(\.so\.\d+).*", r"\1", name) for name in loaded})
        self.assertFalse([name for name in loaded if re.search("protobuf|onnx|vireo_", name)])


if __name__ == "__main__":
    unittest.main()
