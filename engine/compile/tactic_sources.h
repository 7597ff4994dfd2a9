#pragma once
// Where tactics come from beside the operators' own tables: a library of kernels, a device that somebody else brings.
// Any thread; a source that is added or removed concerns what is compiled from then on.

#include <memory>
#include <span>
#include <vector>

#include "engine/graph/operator.h"

namespace vireo::compile {

class TacticSource {
 public:
  virtual ~TacticSource() = default;
  /// Best guess first; they stand before the operator's own, and live as long as the source.
  [[nodiscard]] virtual std::span<const graph::Tactic> tactics(const graph::Operator& op) const = 0;
};

void add_tactic_source(std::shared_ptr<const TacticSource> source);
void remove_tactic_source(const TacticSource& source);
[[nodiscard]] std::shared_ptr<const std::vector<std::shared_ptr<const TacticSource>>> tactic_sources();

}  // namespace vireo::compile
