"""The synthetic street for Python: compiles plugins/scene into a shared library once and renders frames with their truth."""

import ctypes
import glob
import hashlib
import os
import subprocess
import tempfile

import numpy as np

NAMES = ("car", "truck", "bicycle", "pedestrian")
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


def library():
    sources = sorted(glob.glob(os.path.join(ROOT, "plugins/scene/*.cpp"))) + [os.path.join(os.path.dirname(os.path.abspath(__file__)), "scene_c.cpp")]
    digest = hashlib.sha256()
    for path in sources + sorted(glob.glob(os.path.join(ROOT, "plugins/scene/*.h"))):
        digest.update(open(path, "rb").read())
    path = os.path.join(tempfile.gettempdir(), f"libstreet-{digest.hexdigest()[:16]}.so")
    if not os.path.exists(path):
        part = f"{path}.{os.getpid()}"
        # Without -march=native: the pixels that the model learns from are the ones every machine renders.
        subprocess.check_call(["g++", "-std=c++20", "-O3", "-shared", "-fPIC", f"-I{ROOT}", *sources, "-o", part])
        os.replace(part, path)
    lib = ctypes.CDLL(path)
    lib.street_create.restype = ctypes.c_void_p
    lib.street_create.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_ulonglong, ctypes.c_double, ctypes.c_double, ctypes.c_float]
    lib.street_destroy.argtypes = [ctypes.c_void_p]
    lib.street_render.argtypes = [ctypes.c_void_p, ctypes.c_longlong, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    return lib


class Street:
    """Frames of one seed. render() returns (BGR image, objects): rows of class, x, y, width, height, visible, ignore."""

    _lib = None

    def __init__(self, seed, width=640, height=480, fps=30.0, day_seconds=180.0, noise=1.0):
        if Street._lib is None:
            Street._lib = library()
        self.width, self.height = width, height
        self._scene = Street._lib.street_create(width, height, seed, fps, day_seconds, noise)
        if not self._scene:
            raise ValueError(f"no scene of {width}x{height}")
        self._objects = np.empty((1024, 7), np.float32)

    def render(self, frame):
        image = np.empty((self.height, self.width, 3), np.uint8)
        n = Street._lib.street_render(self._scene, int(frame), image.ctypes.data, self._objects.ctypes.data, len(self._objects))
        return image, self._objects[: min(n, len(self._objects))].copy()

    def __del__(self):
        if getattr(self, "_scene", None):
            Street._lib.street_destroy(self._scene)
