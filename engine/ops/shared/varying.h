#pragma once
// What layers do with extents that only the data of a run tell (graph/varying.h): the rules that several operators
// share. Each says true where the layer follows such extents, and which axes of its outputs have them. Free functions;
// any thread.

#include "engine/graph/varying.h"

namespace vireo::ops {

using graph::Count;
using graph::VaryingContext;

/// Output 0 is made of all inputs element by element, with numpy's broadcasting.
[[nodiscard]] bool varying_elementwise(VaryingContext& c);
/// The axes of input 0, in every output; the others don't vary. Refused where `axis`, along which the layer mixes
/// entries, varies.
[[nodiscard]] bool varying_but_axis(VaryingContext& c, std::size_t axis);
/// The same for the attribute "axis", by default the last, and all axes behind it.
[[nodiscard]] bool varying_before_axis(VaryingContext& c);
/// Input 0 is a batch along its axis 0, and so are the outputs; the other inputs are weights.
[[nodiscard]] bool varying_batch(VaryingContext& c);
/// The elements of input 0 in their order under the extents `target`: -1 for one that is inferred.
[[nodiscard]] bool varying_reshape(VaryingContext& c, std::vector<Count> target);
/// Whether no input from `first` on varies.
[[nodiscard]] bool fixed_from(const VaryingContext& c, int first);

/// Extents that are compared axis by axis, aligned at the last one: what broadcasting allows.
class VaryingShape {
 public:
  explicit VaryingShape(std::size_t rank) : axes_(rank, 0), extents_(rank, 1) {}
  /// The extents of an input but for its last `skip`, so many before the end; false where they don't fit.
  [[nodiscard]] bool join(const VaryingContext& c, int input, std::size_t skip = 0);
  [[nodiscard]] const std::vector<int>& axes() const { return axes_; }

 private:
  std::vector<int> axes_;
  Dims extents_;
};

}  // namespace vireo::ops
