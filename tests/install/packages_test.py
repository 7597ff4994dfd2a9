#!/usr/bin/env python3
"""The Debian packages: what is in them, what they need, and that they run installed.  packages_test.py BUILD"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from common import ROOT, bare_environment, cached, files_below, readme_commands, run

BUILD = Path(sys.argv.pop(1)).resolve()
LIBDIR = "usr/" + cached(BUILD, "CMAKE_INSTALL_LIBDIR")
PACKAGES = {
    "libvireo0": ({f"{LIBDIR}/lib{name}.so.0" for name in ("vireo", "vireo_build", "vireo_import")}, set()),
    "gstreamer1.0-vireo": ({f"{LIBDIR}/gstreamer-1.0/libgstvireo.so", f"{LIBDIR}/libvireo_gst.so.0"}, {"libvireo0"}),
    "libvireo-dev": ({f"{LIBDIR}/libvireo.so", f"{LIBDIR}/cmake/vireo/vireo-config.cmake", f"{LIBDIR}/pkgconfig/vireo.pc",
                      "usr/include/vireo/engine.h"}, {"libvireo0", "gstreamer1.0-vireo"}),
    "vireo": ({"usr/bin/vireo", "usr/lib/systemd/system/vireo@.service", "usr/share/man/man1/vireo.1.gz",
               "usr/share/vireo/models/demo/street.onnx"}, {"libvireo0", "gstreamer1.0-vireo"}),
}


@unittest.skipUnless(shutil.which("dpkg-shlibdeps"), "not on a Debian system")
class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = Path(scratch.name).resolve()
        (cls.scratch / "build").symlink_to(BUILD)
        command = next(command for command in readme_commands() if command.startswith("cpack"))
        run(f"{command} -B {cls.scratch}/packages", cls.scratch)
        cls.files = {file.name.split("_")[0]: file for file in (cls.scratch / "packages").glob("*.deb")}

    def field(self, package, name):
        return run(["dpkg-deb", "-f", self.files[package], name], self.scratch).strip()

    def listed(self, package):
        lines = run(["dpkg-deb", "-c", self.files[package]], self.scratch).splitlines()
        for line in lines:
            self.assertIn(" root/root ", line)
        return {line.split()[5].removeprefix("./").rstrip("/") for line in lines}

    def test_they_hold_what_their_names_say_and_no_file_twice(self):
        self.assertEqual(set(self.files), set(PACKAGES))
        seen = {}
        for package, (expected, _) in PACKAGES.items():
            listed = self.listed(package)
            self.assertLessEqual(expected | {f"usr/share/doc/{package}/copyright"}, listed, package)
            for name in listed:
                if "." in Path(name).name and not any(other.startswith(f"{name}/") for other in listed):
                    self.assertNotIn(name, seen, f"in {package} and {seen.get(name)}")
                    seen[name] = package
        self.assertFalse([name for name in self.listed("libvireo0") if name.endswith((".so", ".h"))])

    def test_they_need_each_other_at_this_version_and_the_systems_libraries(self):
        version = self.field("vireo", "Version")
        installed = run(["dpkg-query", "-W", "-f", "${binary:Package} ${Provides}\n"], self.scratch)
        names = set(re.findall(r"[a-z0-9][a-z0-9.+-]+", installed))
        for package, (_, own) in PACKAGES.items():
            self.assertTrue(self.field(package, "Description").split("\n")[0])
            needs = self.field(package, "Depends").split(", ")
            self.assertEqual({n.split()[0] for n in needs if "vireo" in n}, own, package)
            for need in needs:
                name = need.split()[0]
                if name in PACKAGES:
                    self.assertEqual(need, f"{name} (= {version})")
                else:
                    self.assertTrue({choice.split()[0] for choice in need.split(" | ")} & names, f"{package} needs {need}")
        self.assertNotRegex(self.field("libvireo0", "Depends"), "gstreamer|glib|opencv")
        self.assertRegex(self.field("vireo", "Depends"), "gstreamer1.0-plugins-base")

    def test_libraries_tell_who_links_them_what_to_depend_on(self):
        for package, count in (("libvireo0", 3), ("gstreamer1.0-vireo", 1)):
            said = run(["dpkg-deb", "-I", self.files[package], "shlibs", "triggers"], self.scratch)
            self.assertEqual(len(re.findall(rf"^libvireo\w* 0 {re.escape(package)} \(= ", said, re.M)), count)
            self.assertIn("ldconfig", said)

    def test_installed_in_a_root_of_their_own_they_run(self):
        root = self.scratch / "root"
        (root / "var/lib/dpkg/updates").mkdir(parents=True)
        (root / "var/lib/dpkg/info").mkdir()
        (root / "var/lib/dpkg/status").touch()
        dpkg = ["dpkg", f"--root={root}", "--force-not-root", "--force-depends", "--force-script-chrootless", "--install"]
        done = subprocess.run([*(["fakeroot"] if os.getuid() and shutil.which("fakeroot") else []), *dpkg, *self.files.values()],
                              capture_output=True, text=True,
                              env=bare_environment(self.scratch, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))
        self.assertEqual(done.returncode, 0, done.stderr)
        libraries = root / LIBDIR
        for name in files_below(root / "usr"):
            if not name.startswith("share/doc"):
                self.assertNotIn(bytes(ROOT) + b"/", (root / "usr" / name).read_bytes(), name)
        for library in [*libraries.glob("*.so.0"), libraries / "gstreamer-1.0/libgstvireo.so", root / "usr/bin/vireo"]:
            self.assertNotIn("RUNPATH", run(["readelf", "-d", library], self.scratch), library)
        said = run([root / "usr/bin/vireo", "demo", "--headless", "--max-frames", "3"], self.scratch, LD_LIBRARY_PATH=libraries)
        self.assertIn("mAP", said)
        said = run(["gst-inspect-1.0", "vireoinfer"], self.scratch, LD_LIBRARY_PATH=libraries,
                   GST_PLUGIN_PATH=libraries / "gstreamer-1.0")
        self.assertIn("vireoinfer", said)

    @unittest.skipUnless(shutil.which("lintian"), "lintian is not installed")
    def test_lintian_finds_no_error_but_the_address_of_nobody(self):
        done = subprocess.run(["lintian", "--allow-root", *self.files.values()], capture_output=True, text=True)
        errors = [line for line in done.stdout.splitlines() if line.startswith("E:") and "bogus-mail-host" not in line]
        self.assertFalse(errors)


if __name__ == "__main__":
    unittest.main()
