#pragma once
// What a resize does along each axis: which input elements an output element is made of, and their weights. Shared by
// the reference and the fast kernels. Plain values; any thread.

#include "engine/api/types.h"
#include "engine/graph/attributes.h"
#include "engine/graph/tactic.h"

namespace vireo::ops {

/// Output element o of one axis is the sum of weights[o * taps + k] * input[indices[o * taps + k]].
struct ResizeAxis {
  std::int64_t in = 1, out = 1, taps = 1;
  bool identity = true;               ///< nothing happens along this axis
  bool crops = false;                 ///< tf_crop_and_resize: elements may lie outside the input
  std::vector<std::int64_t> indices;  ///< inside the input
  std::vector<double> weights;        ///< empty when taps is 1 and every weight is 1 (nearest)
  std::vector<bool> outside;          ///< tf_crop_and_resize: the element takes the extrapolation value; else empty
};

/// The attributes and inputs, with one entry for each axis of x. Either scales or sizes is given.
struct ResizeRequest {
  Dims in;
  std::vector<double> roi;          ///< as given: starts, then ends
  std::vector<double> scales;       ///< as given
  std::vector<std::int64_t> sizes;  ///< as given
};

/// What the known inputs of a problem ask for.
[[nodiscard]] ResizeRequest resize_request_of(const graph::Problem& problem);

/// Output extents and the effective scale of each axis. Throws Error for what doesn't fit; extents may be kUnknown.
struct ResizeShape {
  Dims out;
  std::vector<double> scales;  ///< 1 for axes that are left alone
};
[[nodiscard]] ResizeShape resize_shape(const graph::Attributes& attributes, const ResizeRequest& request);

/// Throws Error for attributes that are unknown or of a wrong type, and where a crop has no region of interest of
/// `roi_entries` numbers (kUnknown: not known yet). After this and resize_shape nothing below throws.
void check_resize(const graph::Attributes& attributes, std::size_t rank, std::int64_t roi_entries);

/// The axes without indices, weights and outside: costs nothing, whatever the extents. Everything static.
[[nodiscard]] std::vector<ResizeAxis> resize_outline(const graph::Attributes& attributes, const ResizeRequest& request);
/// The axes with them.
[[nodiscard]] std::vector<ResizeAxis> resize_axes(const graph::Attributes& attributes, const ResizeRequest& request);

}  // namespace vireo::ops
