#pragma once
// What a user wants of a single layer beside its meaning: attributes of any operator, which shape rules and kernels
// don't look at. A layer that takes another's place inherits them. Free functions; any thread.

#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace vireo::graph {

inline constexpr const char* kDevicePin = "pinned_device";  ///< "cpu": it runs there, whatever the plan is for
inline constexpr const char* kPrecisionPin =
    "pinned_precision";  ///< "fp32", "fp16", "bf16": nothing less, or only that

[[nodiscard]] bool is_pinned(const Attributes& attributes);  ///< in any way
[[nodiscard]] bool is_pinned_to_cpu(const Attributes& attributes);
/// What the layer may compute with beside float32, where the build permits `asked`.
[[nodiscard]] Precision permitted_precision(const Attributes& attributes, Precision asked);

/// The pins of a graph before a rewrite, for those that are still to be found after it.
class Pins {
 public:
  explicit Pins(const Graph& graph);
  /// Those of layers that are gone go to what makes their tensors now, or else to what made their inputs.
  void hand_on(Graph& graph) const;

 private:
  struct Pinned {
    LayerId layer;
    TensorId output, input;
    std::string device, precision;
  };
  std::vector<Pinned> pinned_;
};

}  // namespace vireo::graph
