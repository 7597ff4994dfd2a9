#!/usr/bin/env python3
"""`vireo doctor` on machines that lack something. doctor_test.py PATH-OF-vireo"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

VIREO = sys.argv.pop(1)
PIPELINE = "has no video pipeline" not in subprocess.run([VIREO, "run"], capture_output=True, text=True).stderr


class Doctor(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        (self.folder / "empty").mkdir()

    def doctor(self, *flags, **environment):
        return subprocess.run([VIREO, "doctor", *flags], capture_output=True, text=True, timeout=120,
                              env={**os.environ, "XDG_CACHE_HOME": str(self.folder / "cache"), **environment})

    def findings(self, code, **environment):
        done = self.doctor("--json", **environment)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual(said["good"], code == 0)
        for finding in said["findings"]:
            self.assertIn(finding["state"], ("ok", "none", "absent", "slow", "broken", "missing"))
            if finding["state"] in ("absent", "missing"):
                self.assertTrue(finding["fix"], finding)
        return said["findings"]

    def one(self, findings, word):
        found = [f for f in findings if word in f["what"]]
        self.assertEqual(len(found), 1, (word, findings))
        return found[0]

    def test_a_whole_machine_is_good_and_both_forms_say_the_same(self):
        findings = self.findings(0)
        text = self.doctor().stdout
        for finding in findings:
            self.assertIn(finding["what"], text)
        self.assertEqual({f["state"] for f in findings if f["area"] in ("engine", "files", "versions")}, {"ok"})
        self.assertFalse((self.folder / "cache" / "vireo").exists(), "it only looks")

    @unittest.skipUnless(PIPELINE, "this build has no pipeline")
    def test_without_elements_it_names_the_packages_and_says_that_nothing_works(self):
        none = {"GST_PLUGIN_SYSTEM_PATH": str(self.folder / "empty"), "GST_PLUGIN_SYSTEM_PATH_1_0": str(self.folder / "empty"),
                "GST_PLUGIN_PATH": "", "GST_PLUGIN_PATH_1_0": "", "GST_REGISTRY": str(self.folder / "registry"),
                "GST_REGISTRY_1_0": str(self.folder / "registry")}
        findings = self.findings(1, **none)
        self.assertEqual(self.one(findings, "automatic decoding")["state"], "missing")
        for word, package in (("RTSP cameras", "gstreamer1.0-plugins-good"), ("decoding H.264", "gstreamer1.0-libav"),
                              ("decoding H.265", "gstreamer1.0-libav"), ("decoding JPEG", "gstreamer1.0-plugins-good"),
                              ("writing H.264", "gstreamer1.0-plugins-ugly"), ("writing MP4", "gstreamer1.0-plugins-good"),
                              ("windows", "gstreamer1.0-x"), ("automatic decoding", "gstreamer1.0-plugins-base")):
            finding = self.one(findings, word)
            self.assertIn(finding["state"], ("absent", "missing"), word)
            self.assertIn(package, finding["fix"])
        self.assertIn("[missing]", self.doctor(**none).stdout)

    def test_without_drivers_it_says_how_to_get_one_and_goes_on(self):
        findings = self.findings(0, OCL_ICD_VENDORS=str(self.folder / "empty"))
        self.assertIn("pocl-opencl-icd", self.one(findings, "no OpenCL driver in")["fix"])
        (self.folder / "empty" / "broken.icd").write_text("libnone-at-all.so\n")
        findings = self.findings(0, OCL_ICD_VENDORS=str(self.folder / "empty"))
        self.assertEqual(self.one(findings, "broken.icd")["state"], "broken")

    def test_a_cache_that_can_not_be_written_costs_the_cache_alone(self):
        findings = self.findings(0, XDG_CACHE_HOME="/proc/none")
        finding = self.one(findings, "plans can't be kept") if os.geteuid() else None
        if finding:
            self.assertEqual(finding["state"], "absent")
        (self.folder / "file").write_text("")
        finding = self.one(self.findings(0, XDG_CACHE_HOME=str(self.folder / "file")), "plans can't be kept")
        self.assertIn("is no folder", finding["what"])

    @unittest.skipUnless(PIPELINE, "this build has no pipeline")
    def test_without_a_display_nothing_is_wrong(self):
        findings = self.findings(0, DISPLAY="", WAYLAND_DISPLAY="")
        self.assertEqual(self.one(findings, "no display")["state"], "none")


if __name__ == "__main__":
    unittest.main()
