"""The Python environment of the comparisons: makes .venv-peers in the repository's root once, and runs the script in it.

Call enter("peers") or enter("zoo") before importing anything but the standard library. The environment is made from PyPI;
a stamp file lists what is installed, so that the second run starts at once.
"""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv-peers"
PACKAGES = {
    "peers": ["numpy", "onnx", "onnxruntime", "openvino", "ncnn", "pnnx", "opencv-python-headless"],
    # ultralytics names opencv-python, which fights with the headless build over one folder: its own needs are given by hand.
    "zoo": ["torch", "torchvision", "timm", "onnxscript", "matplotlib", "psutil", "polars", "pyyaml", "requests"],
}
WITHOUT_DEPENDENCIES = {"zoo": ["ultralytics", "ultralytics-thop"]}


def _install(python, packages, *options):
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options, *packages],
                   check=True, stdout=sys.stderr)


def enter(*groups):
    """Makes sure that the groups' packages are there, then replaces this process by the same script in the environment."""
    python = VENV / "bin" / "python"
    if not python.exists():
        print(f"making {VENV.name} …", file=sys.stderr)
        if subprocess.run([sys.executable, "-m", "venv", str(VENV)], stdout=sys.stderr).returncode:
            sys.exit("Python cannot make a virtual environment; on Debian: apt-get install python3-venv")
    for group in dict.fromkeys(("peers", *groups)):
        names = PACKAGES[group] + WITHOUT_DEPENDENCIES.get(group, [])
        stamp = VENV / f"{group}.installed"
        if stamp.exists() and stamp.read_text().split() == names:
            continue
        print(f"installing {' '.join(names)} …", file=sys.stderr)
        _install(str(python), PACKAGES[group])
        if group in WITHOUT_DEPENDENCIES:
            _install(str(python), WITHOUT_DEPENDENCIES[group], "--no-deps")
        stamp.write_text("\n".join(names) + "\n")
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(str(python), [str(python), *sys.argv])
