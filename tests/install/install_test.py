#!/usr/bin/env python3
"""`cmake --install`, used by a program outside of the tree as the README says.  install_test.py BUILD"""
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from common import ROOT, bare_environment, cached, files_below, readme_commands, run

BUILD = Path(sys.argv.pop(1)).resolve()
LIBDIR = cached(BUILD, "CMAKE_INSTALL_LIBDIR")
STREET = "share/vireo/models/demo/street.onnx"


class Installation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = Path(scratch.name).resolve()
        cls.prefix = cls.scratch / "opt" / "vireo"
        shutil.copytree(ROOT / "tests" / "install" / "example", cls.scratch / "tests" / "install" / "example")
        (cls.scratch / "build").symlink_to(BUILD)
        cls.said = {}
        for command in readme_commands():  # in their order, as a user would
            if re.match(r"scripts/|cpack|sudo", command):
                continue
            here = re.sub("/opt/vireo|/tmp(?=/)", lambda m: str(cls.prefix if m[0] == "/opt/vireo" else cls.scratch), command)
            cls.said[command] = run(here.replace("lib/x86_64-linux-gnu", LIBDIR), cls.scratch)

    def answer(self, part):
        return next(said for command, said in self.said.items() if part in command)

    def test_the_readmes_commands_build_and_run_the_example_with_cmake_and_with_pkg_config(self):
        self.assertEqual(self.answer("example/network").splitlines()[-1], "0 0 1 3")
        self.assertEqual(self.answer("pkg-config"), "0 0 1 3\n")
        self.assertIn("mAP@0.5", self.answer("vireo demo"))
        self.assertIn("Vireo", self.answer("gst-inspect-1.0"))

    def test_a_model_is_imported_built_and_run(self):
        self.assertEqual(run([self.scratch / "example" / "model", self.prefix / STREET], self.scratch), "detections\n")

    def test_a_pipeline_of_the_installed_elements_gives_its_results_to_a_program(self):
        plugins = self.prefix / LIBDIR / "gstreamer-1.0"
        said = run([self.scratch / "example" / "results", self.prefix / STREET], self.scratch, GST_PLUGIN_PATH=plugins)
        self.assertEqual(said, "3 frames, objects\n")
        for element in ("vireoinfer", "vireodraw", "vireopublish", "vireoscene"):
            said = run(["gst-inspect-1.0", element], self.scratch, GST_PLUGIN_PATH=plugins)
            self.assertIn(str(plugins / "libgstvireo.so"), said)

    def test_programs_load_the_installed_libraries(self):
        for program in ("network", "model", "results"):
            found = re.findall(r"(libvireo\S*) => (\S+)", run(["ldd", self.scratch / "example" / program], self.scratch))
            self.assertTrue(found)
            for name, path in found:
                self.assertEqual(path, str(self.prefix / LIBDIR / name))

    def test_nothing_refers_to_where_it_was_built(self):
        for name in files_below(self.prefix):
            content = (self.prefix / name).read_bytes()
            for folder in {ROOT, BUILD}:
                self.assertNotIn(bytes(folder) + b"/", content, name)

    def test_headers_include_each_other_as_installed(self):
        include = self.prefix / "include"
        headers = [name for name in files_below(include)]
        self.assertEqual({f"vireo/{path.name}" for path in (ROOT / "engine" / "api").glob("*.h")},
                         {name for name in headers if name.count("/") == 1})
        for name in headers:
            self.assertNotRegex((include / name).read_text(), r'#\s*include "', name)
        (self.scratch / "all.cpp").write_text("".join(f"#include <{name}>\n" for name in headers))
        flags = run(["pkg-config", "--cflags", "vireo-gstreamer"], self.scratch,
                    PKG_CONFIG_PATH=self.prefix / LIBDIR / "pkgconfig").split()
        run(["g++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *flags, "all.cpp"], self.scratch)

    def test_libraries_have_a_name_with_their_version_and_look_beside_themselves(self):
        for name, path in (("vireo", "."), ("vireo_build", "."), ("vireo_import", "."), ("vireo_gst", "."),
                           ("gstvireo", "gstreamer-1.0")):
            said = run(["readelf", "-d", self.prefix / LIBDIR / path / f"lib{name}.so"], self.scratch)
            self.assertRegex(said, r"RUNPATH.*\[\$ORIGIN(/\.\.)?\]", name)
            if name != "gstvireo":
                self.assertIn(f"[lib{name}.so.0]", said)

    def test_an_unknown_component_and_another_version_are_refused_with_what_there_is(self):
        project = self.scratch / "refused"
        project.mkdir()
        for request, words in (("0.1 REQUIRED COMPONENTS caffe", "it has runtime, builder, onnx, gstreamer"), ("7 REQUIRED", "0.1.0")):
            (project / "CMakeLists.txt").write_text(
                f"cmake_minimum_required(VERSION 3.20)\nproject(p LANGUAGES CXX)\nfind_package(vireo {request})\n")
            done = subprocess.run(["cmake", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}"],
                                  capture_output=True, text=True, env=bare_environment(self.scratch))
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, " ".join(done.stderr.split()))

    def test_its_deployments_and_unit_name_what_is_installed(self):
        unit = (self.prefix / "lib/systemd/system/vireo@.service").read_text()
        self.assertIn(f"ExecStart={self.prefix}/bin/vireo run ", unit)
        deployments = self.prefix / "share/vireo/deployments"
        run([self.prefix / "bin/vireo", "run", deployments / "example.pbtxt", "--check"], self.scratch)
        for file in deployments.iterdir():
            self.assertNotIn("../../", file.read_text(), file)
            for model in re.findall(r'model: "(.*)"', file.read_text()):
                self.assertTrue((deployments / model).is_file(), f"{file}: {model}")

    def test_it_can_be_moved_and_staged(self):
        staged = self.scratch / "staged"
        run(["cmake", "--install", BUILD, "--prefix", "/opt/vireo"], self.scratch, DESTDIR=staged)
        self.assertEqual(files_below(staged / "opt/vireo"), files_below(self.prefix))
        self.assertIn("ExecStart=/opt/vireo/bin/vireo", (staged / "opt/vireo/lib/systemd/system/vireo@.service").read_text())
        self.assertIn("mAP", run([staged / "opt/vireo/bin/vireo", "demo", "--headless", "--max-frames", "3"], self.scratch))


if __name__ == "__main__":
    unittest.main()
