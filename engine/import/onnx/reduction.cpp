// Reductions, arg-reductions, top-k, cumulative sums.

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

struct Mode {
  std::string_view onnx, ours;
  std::int64_t axes_input_since;  ///< opset from which the axes are an input
};
constexpr Mode kModes[] = {{"ReduceSum", "sum", 13},
                           {"ReduceMean", "mean", 18},
                           {"ReduceMax", "max", 18},
                           {"ReduceMin", "min", 18},
                           {"ReduceProd", "prod", 18},
                           {"ReduceL1", "l1", 18},
                           {"ReduceL2", "l2", 18},
                           {"ReduceLogSum", "log_sum", 18},
                           {"ReduceLogSumExp", "log_sum_exp", 18},
                           {"ReduceSumSquare", "sum_square", 18}};

void reduce(Node& node) {
  for (const Mode& mode : kModes) {
    if (mode.onnx != node.op_type()) continue;
    Attributes attributes;
    attributes.set("mode", std::string(mode.ours));
    attributes.set("keepdims", node.integer("keepdims", 1));
    const TensorId x = node.input(0);
    std::vector<TensorId> inputs{x};
    // Axes are read as an input and as an attribute in any opset: some files mix them up.
    if (node.has_input(1)) {
      inputs.push_back(node.cast(node.input(1), DataType::int64));
    } else if (node.has("axes") && !node.integers("axes").empty()) {
      inputs.push_back(node.integers_constant(node.integers("axes")));
    }
    if (node.opset() >= mode.axes_input_since && node.integer("noop_with_empty_axes", 0) != 0)
      attributes.set("noop_with_empty_axes", std::int64_t{1});
    return node.result(0, node.emit("reduce", std::move(inputs), std::move(attributes)));
  }
}

void arg_reduce(Node& node) {
  Attributes attributes;
  attributes.set("mode", std::string(node.op_type() == "ArgMax" ? "max" : "min"));
  attributes.set("axis", node.axis_of(node.integer("axis", 0), node.input(0)));
  attributes.set("keepdims", node.integer("keepdims", 1));
  attributes.set("select_last_index", node.integer("select_last_index", 0));
  node.result(0, node.emit("arg_reduce", {node.input(0)}, std::move(attributes)));
}

void top_k(Node& node) {
  Attributes attributes;
  attributes.set("axis", node.axis_of(node.integer("axis", -1), node.input(0)));
  attributes.set("largest", node.integer("largest", 1));
  attributes.set("sorted", node.integer("sorted", 1));
  const TensorId k = node.opset() < 10 ? node.integers_constant({node.integer("k", 0)}) : node.input(1);
  node.results(node.emit_many("top_k", {node.input(0), k}, std::move(attributes), 2));
}

void cumsum(Node& node) {
  node.result(0, node.emit("cumsum", {node.input(0), node.input(1)}, node.copied({"exclusive", "reverse"})));
}

constexpr Row kRows[] = {{"ReduceSum", reduce},
                         {"ReduceMean", reduce},
                         {"ReduceMax", reduce},
                         {"ReduceMin", reduce},
                         {"ReduceProd", reduce},
                         {"ReduceL1", reduce},
                         {"ReduceL2", reduce},
                         {"ReduceLogSum", reduce},
                         {"ReduceLogSumExp", reduce},
                         {"ReduceSumSquare", reduce},
                         {"ArgMax", arg_reduce},
                         {"ArgMin", arg_reduce},
                         {"TopK", top_k},
                         {"CumSum", cumsum}};

}  // namespace

std::span<const Row> reduction_rows() { return kRows; }

}  // namespace vireo::importer
