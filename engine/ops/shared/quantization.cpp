#include "engine/ops/shared/quantization.h"

#include <algorithm>

namespace vireo::ops {

QuantizationGroups::QuantizationGroups(const Attributes& attributes, const Dims& dims, const Dims& scale) {
  if (scale.empty() || element_count(scale) == 1) {
    whole = true;
    return;
  }
  const std::size_t axis = wrap_axis(attributes.integer("axis", 1), dims.size());
  extent = dims[axis];
  inner = product_from(dims, axis + 1);
  block = attributes.integer("block_size", 0);
  blocked = block > 0 && scale.size() == dims.size();
  if (!blocked) block = 1;
  groups = blocked ? scale[axis] : extent;
  Dims expected{extent};
  if (blocked) {
    expected = dims;
    expected[axis] = extent == 0 ? 0 : (extent - 1) / block + 1;
  }
  if (scale != expected)
    throw Error(ErrorCode::invalid_model,
                "the scale is " + to_string(scale) + ", accepted: one value or " + to_string(expected));
}

std::vector<double> zero_points(const EvalContext& c, std::size_t scales) {
  if (!has_input(c, 2)) return std::vector<double>(scales, 0.0);
  std::vector<double> zero = to_doubles(c.inputs[2]);
  if (zero.size() == 1) zero.assign(scales, zero[0]);
  if (zero.size() != scales) throw Error(ErrorCode::invalid_model, "scale and zero point must have one shape");
  return zero;
}

void infer_quantization(InferContext& c) {
  c.require(is_float(c.dtype(1)) || c.dtype(1) == DataType::float8e8m0,
            "the scale is " + std::string(to_string(c.dtype(1))) + ", accepted: floating-point types");
  const std::int64_t block = c.attributes().integer("block_size", 0);
  c.require(block >= 0, "block_size is negative");
  const std::int64_t given = c.attributes().integer("axis", 1);
  const bool one = c.rank(1) == 0 || (c.rank(1) == 1 && c.dims(1)[0] == 1);
  if (c.rank(1) == 1 && !one && block == 0) {
    const auto axis = static_cast<std::size_t>(c.axis(given, c.rank(0)));
    require_extent(c, 1, 0, c.dims(0)[axis], "one scale for each entry of the axis");
  }
  if (c.rank(1) > 1 || (block > 0 && !one)) {
    c.require(block > 0 || std::ranges::all_of(c.dims(1), [](std::int64_t e) { return e == 1 || e == kUnknown; }),
              "a scale of " + to_string(c.dims(1)) + " is for blocks, and there is no block_size");
    c.require(block == 0 || c.rank(1) == c.rank(0), "the scale of blocks has the rank of the input");
    const std::size_t axis = block > 0 ? static_cast<std::size_t>(c.axis(given, c.rank(0))) : 0;
    for (std::size_t i = 0; block > 0 && i < c.dims(0).size(); ++i) {
      const std::int64_t extent = c.dims(0)[i];
      if (extent == kUnknown) continue;
      require_extent(c, 1, i,
                     i != axis     ? extent
                     : extent == 0 ? 0
                                   : (extent - 1) / block + 1,
                     "one scale for each block");
    }
  }
  if (!c.has_input(2) || c.rank(2) == 0 || c.dims(2) == Dims{1}) return;
  if (c.rank(2) == c.rank(1)) {
    for (std::size_t i = 0; i < c.dims(1).size(); ++i)
      if (c.dims(1)[i] != kUnknown) require_extent(c, 2, i, c.dims(1)[i], "scale and zero point have one shape");
    return;
  }
  c.require(c.rank(1) <= 1 && c.rank(2) <= 1, "scale and zero point must have one shape");
  for (const int k : {1, 2}) require_single(c, k);  // whose extents aren't known yet
}

bool varying_quantization(VaryingContext& c) {
  if (!fixed_from(c, 1)) return false;
  if (c.rank(1) > 0 && c.dims(1) != Dims{1})
    return c.rank(1) == 1 && varying_but_axis(c, VaryingContext::wrap(c.attributes().integer("axis", 1), c.rank(0)));
  c.output(0, c.axes(0));
  return true;
}

QuantizationRuns::QuantizationRuns(const QuantizationGroups& g, std::int64_t elements, std::int64_t most) {
  most_ = std::max<std::int64_t>(most, 1);
  if (elements == 0) return;
  if (g.whole) {
    lines_ = 1;
    length_ = last_ = period_ = elements;
  } else if (!g.blocked) {
    one_scale_ = g.inner > 1;
    lines_ = one_scale_ ? g.extent : 1;
    length_ = last_ = one_scale_ ? g.inner : g.extent;
    step_ = 1;
    period_ = g.extent * g.inner;
  } else {
    one_scale_ = g.inner == 1;
    scales_ = g.groups * g.inner;
    period_ = g.extent * g.inner;
    step_ = g.inner;
    lines_ = one_scale_ ? g.groups : g.extent;  // blocks, or entries of the axis with a scale for each element
    length_ = one_scale_ ? std::min(g.block, g.extent) : g.inner;
    last_ = one_scale_ ? g.extent - (g.groups - 1) * g.block : g.inner;
    repeat_ = one_scale_ ? 1 : g.block;
  }
  parts_ = (std::max(length_, last_) - 1) / most_ + 1;
  count_ = elements / period_ * lines_ * parts_;
}

}  // namespace vireo::ops
