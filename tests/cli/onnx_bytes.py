"""ONNX files and tensors written by hand, for tests that have no library for them."""
import struct


def varint(value):
    text = b""
    while value > 127:
        text += bytes([value & 127 | 128])
        value >>= 7
    return text + bytes([value])


def field(number, value):
    """A field of a protobuf message: a number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(dims, name="", **data):
    text = b"".join(field(1, extent) for extent in dims) + field(2, 1) + field(8, name)
    if "location" in data:
        return text + field(13, field(1, "location") + field(2, data["location"])) + field(14, 1)
    return text + field(9, data["raw"])


def values(name, *numbers, dtype=1):
    """A TensorProto of one dimension, float32 or int64."""
    kind = {1: "f", 7: "q"}[dtype]
    return (field(1, len(numbers)) + field(2, dtype) + field(8, name) +
            field(9, struct.pack(f"<{len(numbers)}{kind}", *numbers)))


def typed(name, *dims):
    """A ValueInfoProto, float32."""
    shape = b"".join(field(1, field(1, extent)) for extent in dims)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def model(nodes, initializers, inputs, outputs):
    """nodes: (operator, inputs, outputs); initializers: TensorProtos; inputs and outputs: ValueInfoProtos. Opset 17."""
    text = field(2, "g")
    for operator, sources, results in nodes:
        node = b"".join(field(1, name) for name in sources) + b"".join(field(2, name) for name in results)
        text += field(1, node + field(4, operator))
    for number, messages in ((5, initializers), (11, inputs), (12, outputs)):
        text += b"".join(field(number, message) for message in messages)
    return field(1, 8) + field(7, text) + field(8, field(2, 17))
