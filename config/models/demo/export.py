"""street.pt -> street.onnx: batch norms folded into the convolutions, / 255 into the first one, so that the input takes BGR
samples 0 … 255; opset 13, ir version 8, batch extent open. python export.py street.pt street.onnx"""

import sys
import warnings

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from model import CLASSES, HEIGHT, WIDTH, Conv, Detector
from street import NAMES


class Writer:
    """Writes the nodes of the modules it is led through; values are names."""

    def __init__(self):
        self.nodes, self.weights, self.count = [], [], 0

    def node(self, op, inputs, **attributes):
        self.count += 1
        name = f"{op.lower()}_{self.count}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def weight(self, array, name=None):
        name = name or f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def conv(self, layer, x):
        pad, stride = layer.padding[0], layer.stride[0]
        inputs = [x, self.weight(layer.weight.detach().numpy()), self.weight(layer.bias.detach().numpy())]
        kernel = list(layer.kernel_size)
        return self.node("Conv", inputs, kernel_shape=kernel, strides=[stride, stride], pads=[pad] * 4, dilations=[1, 1], group=layer.groups)

    def walk(self, module, x):
        if isinstance(module, Conv):
            y = self.conv(fuse_conv_bn_eval(module[0], module[1]), x)
            return self.node("Relu", [y]) if len(module) == 3 else y
        if isinstance(module, nn.Conv2d):
            return self.conv(module, x)
        if isinstance(module, nn.Sequential):
            for part in module:
                x = self.walk(part, x)
            return x
        if hasattr(module, "body"):
            return self.node("Add", [x, self.walk(module.body, x)])
        raise TypeError(type(module))

    def up(self, x):
        scales = self.weight(np.array([1, 1, 2, 2], np.float32))
        return self.node("Resize", [x, "", scales], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")


def export(net, path):
    with torch.no_grad():
        net.stem[0][0].weight /= 255
    w = Writer()
    c3 = w.walk(net.c3, w.walk(net.stem, "image"))
    c4 = w.walk(net.c4, c3)
    p5 = w.walk(net.p5, w.walk(net.c5, c4))
    p4 = w.walk(net.mix4, w.node("Add", [w.walk(net.p4, c4), w.up(p5)]))
    p3 = w.walk(net.mix3, w.node("Add", [w.walk(net.p3, c3), w.up(p4)]))
    levels = []
    flat = w.weight(np.array([0, 5 + CLASSES, -1], np.int64))
    for head, level in zip(net.heads, (p3, p4, p5)):
        boxes = w.walk(head.boxes, level)
        parts = [w.walk(head.box, boxes), w.node("Sigmoid", [w.walk(head.objectness, boxes)]), w.node("Sigmoid", [w.walk(head.classes, level)])]
        levels.append(w.node("Reshape", [w.node("Concat", parts, axis=1), flat]))
    rows = w.node("Concat", levels, axis=2)
    w.nodes.append(helper.make_node("Transpose", [rows], ["detections"], name="detections", perm=[0, 2, 1]))
    cells = sum((WIDTH // s) * (HEIGHT // s) for s in (8, 16, 32))
    graph = helper.make_graph(
        w.nodes, "street",
        [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["batch", 3, HEIGHT, WIDTH])],
        [helper.make_tensor_value_info("detections", onnx.TensorProto.FLOAT, ["batch", cells, 5 + CLASSES])], w.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="vireo", doc_string="Finds cars, trucks, bicycles and pedestrians in the street of vireoscene.")
    helper.set_model_props(model, {
        "names": str(dict(enumerate(NAMES))),
        "vireo.input": "color=bgr;mean=0;scale=1;resize=letterbox;align=top-left;pad=114",
        "vireo.decoder": "yolox",
    })
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def main():
    weights, path = sys.argv[1:3]
    warnings.simplefilter("ignore")
    net = Detector().eval()
    net.load_state_dict(torch.load(weights, map_location="cpu"))
    x = torch.rand(2, 3, HEIGHT, WIDTH) * 255
    with torch.no_grad():
        wanted = net(x / 255, sigmoid=True).numpy()
    export(net, path)
    import onnxruntime

    got = onnxruntime.InferenceSession(path).run(None, {"image": x.numpy()})[0]
    print(f"{path}: differs from the trained network by {np.abs(got - wanted).max():.1e}, {sum(t.ByteSize() for t in onnx.load(path).graph.initializer) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
