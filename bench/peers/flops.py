"""How many floating-point operations one inference takes: the multiplications and additions of convolutions and matrix
products, as everybody counts them ("direct", also where an engine uses Winograd). Elementwise work is left out."""
import math
import tempfile

import onnx


def at_shapes(model, inputs):
    """The model, weights and all, with its inputs' shapes fixed."""
    proto = onnx.load(model)
    constants = {item.name for item in proto.graph.initializer}
    for item, shape in zip((item for item in proto.graph.input if item.name not in constants), inputs):
        for place, extent in zip(item.type.tensor_type.shape.dim, shape):
            place.dim_value = extent
    return proto


def folded(proto):
    """The model after ONNX Runtime's plain simplifications: shapes that the graph computes are constants."""
    import onnxruntime
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = f"{folder}/folded.onnx"
        options.log_severity_level = 3
        onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return onnx.load(options.optimized_model_filepath)


def count(model, inputs):
    """Operations for inputs of the given shapes; None where shapes cannot be inferred."""
    try:
        proto = at_shapes(model, inputs)
        return _count(proto) or _count(folded(proto))
    except Exception:  # too large, or an operator that the library does not know
        return None


def _count(proto):
    graph = onnx.shape_inference.infer_shapes(proto, data_prop=True).graph
    constants = {item.name: list(item.dims) for item in graph.initializer}
    shapes = dict(constants)
    for item in [*graph.input, *graph.value_info, *graph.output]:
        dims = item.type.tensor_type.shape.dim
        shapes[item.name] = [d.dim_value if d.HasField("dim_value") else 0 for d in dims]
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].HasField("t"):
            shapes[node.output[0]] = list(node.attribute[0].t.dims)
    total = 0
    for node in graph.node:
        if node.op_type not in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
            continue
        first, second, result = (shapes.get(name) for name in (node.input[0], node.input[1], node.output[0]))
        if not first or not second or not result or 0 in first + second + result:
            return None
        if node.op_type == "Conv":
            total += 2 * math.prod(result) * math.prod(second[1:])
        elif node.op_type == "ConvTranspose":
            total += 2 * math.prod(first) * math.prod(second[1:])
        else:
            transposed = any(a.name == "transA" and a.i for a in node.attribute)
            total += 2 * math.prod(result) * first[-2 if transposed else -1]
    return total
