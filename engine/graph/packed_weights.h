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

/// For prepare(): the block that `fill` makes of the known inputs among `inputs`, `elements` being the type of its
/// weights (a bias behind them may be wider), which stands first in its key. `layout` must say everything else that
/// decides its bytes: names of the packing, vector widths, panels, factors. Without a store on the problem the block is
/// the caller's alone. Throws Error(internal) for bytes that are no whole number of elements.
[[nodiscard]] std::shared_ptr<const std::byte> packed(const Problem& problem, std::string_view layout,
                                                      DataType elements, std::initializer_list<std::size_t> inputs,
                                                      std::size_t bytes, const FillPacked& fill);
/// What the weights of the block with this key are; undefined where the key doesn't say.
[[nodiscard]] DataType elements_of(std::string_view key) noexcept;

}  // namespace vireo::graph
