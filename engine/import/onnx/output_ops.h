#pragma once
// How each output of an ONNX graph is computed: the names of the last operators before it. Written into the
// network's metadata, since passes and plans keep no ONNX operators: it tells decoded boxes from raw ones.

#include <string>

namespace onnx {
class GraphProto;
}

namespace vireo::importer {

/// One line for each output, in order: the operators found walking back from it, nearest first, each name once, eight
/// hops deep at most. Convolutions, products of matrices and recurrent layers are named but not crossed; shapes,
/// indices and other such operands are not followed.
[[nodiscard]] std::string output_tails(const onnx::GraphProto& graph);

}  // namespace vireo::importer
