"""Tensors as files (input_0.pb, output_0.pb …: ONNX TensorProto, or .npy), and how far two sets of them lie apart."""
import math
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper


def read_tensors(folder, prefix="input"):
    """The tensors of prefix_0.pb, prefix_1.pb … (or prefix_0.npy …) in order."""
    tensors = []
    while True:
        path = Path(folder) / f"{prefix}_{len(tensors)}.pb"
        if path.exists():
            tensors.append(numpy_helper.to_array(onnx.TensorProto.FromString(path.read_bytes())))
        elif path.with_suffix(".npy").exists():
            tensors.append(np.load(path.with_suffix(".npy")))
        else:
            return tensors


def write_tensors(folder, tensors, prefix="output"):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for index, tensor in enumerate(tensors):
        proto = numpy_helper.from_array(np.ascontiguousarray(tensor), f"{prefix}_{index}")
        (Path(folder) / f"{prefix}_{index}.pb").write_bytes(proto.SerializeToString())


def difference(values, expected):
    """Relative L2 error, the worst over the outputs, and whether rows had to be matched; None for other shapes.

    A network that ranks its results (detection transformers, NMS inside) may give two near-equal rows in either order: where
    the plain difference is large, each row is compared with the nearest one.
    """
    if [value.size for value in values] != [wanted.size for wanted in expected]:
        return None, False
    worst, matched = 0.0, False
    for value, wanted in zip(values, expected):
        a, b = value.astype(np.float64).reshape(wanted.shape), wanted.astype(np.float64)
        error = relative(a - b, b)
        if error > 1e-3 and b.ndim >= 2 and 1 < b.shape[-2] <= 1000 and b[..., 0, 0].size == 1:
            a, b = a.reshape(b.shape[-2:]), b.reshape(b.shape[-2:])
            nearest = a[np.linalg.norm(a[None] - b[:, None], axis=2).argmin(1)]
            back = b[np.linalg.norm(b[None] - a[:, None], axis=2).argmin(1)]
            sorted_error = max(relative(nearest - b, b), relative(back - a, a))
            if sorted_error < error / 10:
                error, matched = sorted_error, True
        worst = max(worst, error if np.isfinite(error) else math.inf)
    return worst, matched


def reference_outputs(model, inputs):
    """What ONNX Runtime gives with all of its rewrites switched off: they are not always exact (a Pad by zeros that it moves
    into a MaxPool pads with minus infinity)."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return session.run(None, {item.name: value for item, value in zip(session.get_inputs(), inputs)})


def relative(difference, wanted):
    norm = np.linalg.norm(wanted)
    return float(np.linalg.norm(difference) / norm if norm else np.linalg.norm(difference))
