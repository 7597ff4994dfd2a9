#pragma once
// Packed weights: what a tactic makes of constants once, in a layout of its own. A store hands out one block for each
// layout and constants, so that launches share it, and plans keep the blocks in their file. A block is immutable when
// it is handed out. Any thread.

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "engine/graph/tactic.h"

namespace vireo::graph {

using FillPacked = std::function<void(std::byte*)>;

class PackedWeights {
 public:
  virtual ~PackedWeights() = default;
  /// The block of this key, 64-byte aligned: one that exists, or `bytes` bytes, zero before `fill` wrote them. Throws
  /// what `fill` throws, and Error(invalid_model) when a file's block was altered.
  [[nodiscard]] virtual std::shared_ptr<const std::byte> get(const std::string& key, std::size_t bytes,
                                                             const FillPacked& fill) = 0;
};

/// For prepare(): the block that `fill` makes of the known inputs among `inputs`. `layout` must say everything else
/// that decides its bytes: names of the packing, vector widths, panels, factors. Without a store on the problem the
/// block is the caller's alone.
[[nodiscard]] std::shared_ptr<const std::byte> packed(const Problem& problem, std::string_view layout,
                                                      std::initializer_list<std::size_t> inputs, std::size_t bytes,
                                                      const FillPacked& fill);

}  // namespace vireo::graph
