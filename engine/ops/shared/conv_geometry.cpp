#include "engine/ops/shared/conv_geometry.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/ops/shared/activation.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

using base::str;

/// Far above any real kernel or padding, far below what could overflow an index.
constexpr std::int64_t kLimit = std::int64_t{1} << 31;
/// Of an extent, of all positions of a kernel, and of what their windows span, so that sums of these don't overflow.
constexpr std::int64_t kMostExtent = std::int64_t{1} << 60;
constexpr std::int64_t kMostTaps = std::int64_t{1} << 28;

[[noreturn]] void wrong(const std::string& why) { throw Error(ErrorCode::invalid_model, why); }

/// One value for each spatial axis, moved to the last of the three.
void read_spatial(const Attributes& attributes, const char* name, int rank, std::int64_t low, Spatial& values) {
  const Ints given = attributes.integers(name);
  if (given.empty()) return;
  if (static_cast<int>(given.size()) != rank)
    wrong(str(name, " has ", given.size(), " values; the input has ", rank, " spatial axes"));
  for (int i = 0; i < rank; ++i) {
    const std::int64_t value = given[static_cast<std::size_t>(i)];
    if (value < low || value > kLimit) wrong(str(name, " has the value ", value, "; accepted: ", low, " to ", kLimit));
    values[static_cast<std::size_t>(3 - rank + i)] = value;
  }
}

void read_pads(const Attributes& attributes, int rank, ConvGeometry& g) {
  const Ints pads = attributes.integers("pads");
  if (pads.empty()) return;
  if (static_cast<int>(pads.size()) != 2 * rank)
    wrong(str("pads has ", pads.size(), " values; accepted: ", 2 * rank, ", all begins, then all ends"));
  for (int i = 0; i < rank; ++i) {
    const auto axis = static_cast<std::size_t>(3 - rank + i);
    g.pad_begin[axis] = pads[static_cast<std::size_t>(i)];
    g.pad_end[axis] = pads[static_cast<std::size_t>(rank + i)];
    for (const std::int64_t pad : {g.pad_begin[axis], g.pad_end[axis]})
      if (pad < 0 || pad > kLimit) wrong(str("pads has the value ", pad, "; accepted: 0 to ", kLimit));
  }
}

void split_padding(bool upper, std::int64_t total, std::int64_t& begin, std::int64_t& end) {
  total = std::max<std::int64_t>(total, 0);
  begin = upper ? total / 2 : total - total / 2;
  end = total - begin;
}

void forward_extent(const std::string& auto_pad, ConvGeometry& g, std::size_t axis) {
  const std::int64_t in = g.in[axis], stride = g.stride[axis];
  const std::int64_t window = (g.kernel[axis] - 1) * g.dilation[axis] + 1;
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    if (in == kUnknown) {
      g.out[axis] = kUnknown;
      return;
    }
    g.out[axis] = (in + stride - 1) / stride;
    split_padding(auto_pad == "SAME_UPPER", (g.out[axis] - 1) * stride + window - in, g.pad_begin[axis],
                  g.pad_end[axis]);
    return;
  }
  if (in == kUnknown) {
    g.out[axis] = kUnknown;
    return;
  }
  const std::int64_t padded = in + g.pad_begin[axis] + g.pad_end[axis];
  if (padded < window)
    wrong(str("the kernel spans ", window, " positions; the padded input has ", padded, " along spatial axis ",
              static_cast<std::int64_t>(axis) - (3 - g.rank)));
  g.out[axis] = (padded - window) / stride + 1;
}

void transposed_extent(const std::string& auto_pad, std::int64_t output_padding, std::int64_t wanted, ConvGeometry& g,
                       std::size_t axis) {
  if (g.in[axis] == kUnknown) {
    g.out[axis] = wanted > 0 ? wanted : kUnknown;
    return;
  }
  const std::int64_t window = (g.kernel[axis] - 1) * g.dilation[axis] + 1;
  if (g.in[axis] > kMostExtent / g.stride[axis])
    wrong(str("an extent of ", g.in[axis], " with the stride ", g.stride[axis], " gives an output of more than ",
              kMostExtent));
  const std::int64_t full = (g.in[axis] - 1) * g.stride[axis] + output_padding + window;
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (same && wanted <= 0) wanted = g.in[axis] * g.stride[axis];
  if (wanted > 0) {
    // ONNX: with output_shape the odd element goes to the begin unless auto_pad is SAME_UPPER.
    if (same || g.pad_begin[axis] + g.pad_end[axis] != full - wanted)
      split_padding(auto_pad == "SAME_UPPER", full - wanted, g.pad_begin[axis], g.pad_end[axis]);
    g.out[axis] = wanted;
    if (wanted > full) g.pad_end[axis] = full - wanted;  // positions that no tap reaches hold the bias
    return;
  }
  g.out[axis] = full - g.pad_begin[axis] - g.pad_end[axis];
  if (g.out[axis] < 0 || (g.out[axis] == 0 && g.in[axis] > 0)) wrong("pads are larger than the output");
}

}  // namespace

Dims ConvGeometry::output_dims() const {
  Dims dims{batch};
  if (!nhwc) dims.push_back(cout);
  for (int i = 3 - rank; i < 3; ++i) dims.push_back(out[static_cast<std::size_t>(i)]);
  if (nhwc) dims.push_back(cout);
  return dims;
}

ConvGeometry conv_geometry(const Attributes& attributes, const Dims& x, const Dims& w, Direction direction) {
  ConvGeometry g;
  const std::string layout = attributes.text("layout", "nchw");
  if (layout != "nchw" && layout != "nhwc") wrong(str("layout is \"", layout, "\"; accepted: nchw, nhwc"));
  g.nhwc = layout == "nhwc";
  g.rank = static_cast<int>(x.size()) - 2;
  if (g.rank < 1 || g.rank > 3)
    wrong(str("the input ", x, " has rank ", x.size(),
              "; accepted: 3 to 5 (batch, channels, one to three spatial axes)"));
  if (w.size() != x.size()) wrong(str("the weights ", w, " have rank ", w.size(), "; the input has ", x.size()));
  if (!vireo::is_static(w)) wrong(str("the extents of the weights must be known, found ", w));
  g.batch = x[0];
  g.cin = g.nhwc ? x.back() : x[1];
  g.groups = attributes.integer("group", 1);
  if (g.groups < 1 || g.groups > kLimit) wrong(str("group is ", g.groups, "; accepted: 1 or more"));
  if (w[1] > kMostExtent / g.groups) wrong(str("group is ", g.groups, " for weights ", w, ", too many channels"));
  const std::int64_t weight_cin = direction == Direction::forward ? w[1] * g.groups : w[0];
  g.cout = direction == Direction::forward ? w[0] : w[1] * g.groups;
  if (g.cin == kUnknown) g.cin = weight_cin;
  if (g.cin != weight_cin)
    wrong(str("the input has ", g.cin, " channels; weights ", w, " with group ", g.groups, " take ", weight_cin));
  if (g.cin % g.groups != 0 || g.cout % g.groups != 0)
    wrong(str("group ", g.groups, " does not divide ", g.cin, " input and ", g.cout, " output channels"));
  for (int i = 0; i < g.rank; ++i) {
    const auto axis = static_cast<std::size_t>(3 - g.rank + i);
    g.in[axis] = x[static_cast<std::size_t>(g.nhwc ? 1 + i : 2 + i)];
    g.kernel[axis] = w[static_cast<std::size_t>(2 + i)];
    if (g.kernel[axis] < 1) wrong(str("the weights ", w, " have an empty kernel"));
    if (g.in[axis] > kMostExtent) wrong(str("the input ", x, " has an extent of more than ", kMostExtent));
    if (g.kernel[axis] > kMostTaps || g.taps() > kMostTaps)
      wrong(str("the weights ", w, " have a kernel of more than ", kMostTaps, " positions"));
  }
  Spatial declared = g.kernel;
  read_spatial(attributes, "kernel_shape", g.rank, 1, declared);
  if (declared != g.kernel) wrong(str("kernel_shape does not agree with the weights ", w));
  read_spatial(attributes, "strides", g.rank, 1, g.stride);
  read_spatial(attributes, "dilations", g.rank, 1, g.dilation);
  const std::string auto_pad = attributes.text("auto_pad", "NOTSET");
  if (auto_pad != "NOTSET" && auto_pad != "VALID" && auto_pad != "SAME_UPPER" && auto_pad != "SAME_LOWER")
    wrong(str("auto_pad is \"", auto_pad, "\"; accepted: NOTSET, VALID, SAME_UPPER, SAME_LOWER"));
  if (auto_pad == "NOTSET" || auto_pad.empty()) read_pads(attributes, g.rank, g);
  Spatial output_padding{0, 0, 0}, wanted{0, 0, 0};
  if (direction == Direction::transposed) {
    read_spatial(attributes, "output_padding", g.rank, 0, output_padding);
    Attributes tail = attributes;
    if (Ints shape = attributes.integers("output_shape"); static_cast<int>(shape.size()) == g.rank + 2)
      tail.set("output_shape", Ints(shape.begin() + 2, shape.end()));  // some exporters write batch and channels too
    read_spatial(tail, "output_shape", g.rank, 1, wanted);
  }
  for (auto axis = static_cast<std::size_t>(3 - g.rank); axis < 3; ++axis) {
    if (direction == Direction::forward) forward_extent(auto_pad, g, axis);
    else transposed_extent(auto_pad, output_padding[axis], wanted[axis], g, axis);
  }
  return g;
}

/// Weights that are computed, of extents that only a run tells: checked then.
void infer_late_weights(InferContext& c, Direction direction) {
  Dims out(c.dims(0).size(), kUnknown);
  const bool nhwc = c.attributes().text("layout", "nchw") == "nhwc";
  out[0] = c.dims(0)[0];
  if (direction == Direction::forward) out[nhwc ? out.size() - 1 : 1] = c.dims(1)[0];
  c.output(0, c.dtype(0), out);
}

void infer_conv(InferContext& c, Direction direction) {
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k)) require_computable(c, k);
  require_float(c, 0);
  c.require(c.dtype(1) == c.dtype(0), str("weights are ", c.dtype(1), ", the input is ", c.dtype(0)));
  if (!vireo::is_static(c.dims(1)) && c.rank(0) >= 3 && c.rank(1) == c.rank(0)) return infer_late_weights(c, direction);
  ConvGeometry g;
  try {
    g = conv_geometry(c.attributes(), c.dims(0), c.dims(1), direction);
    (void)activation_of(c.attributes());
    (void)c.attributes().text("residual", "");  // of the right type
  } catch (const Error& error) {
    c.fail(error.what());
  }
  if (c.has_input(2)) {
    require_rank(c, 2, 1, 1);
    require_extent(c, 2, 0, g.cout, "one bias for each output channel");
  }
  const Dims output = g.output_dims();
  if (c.has_input(3)) {
    const std::string where = c.attributes().text("residual", "");
    c.require(where == "before" || where == "after", str("residual is \"", where, "\"; accepted: before, after"));
    const Dims& residual = c.dims(3);
    c.require(residual.size() == output.size(), str("the residual ", residual, " has another rank than the output"));
    const std::size_t channels = g.nhwc ? output.size() - 1 : 1;
    for (std::size_t i = 0; i < output.size(); ++i) {
      // A convolution's residual may have fewer channels: those that it lacks are zero.
      const bool fewer =
          direction == Direction::forward && i == channels && residual[i] != kUnknown && residual[i] < output[i];
      if (!fewer) require_extent(c, 3, i, output[i], "the residual has the output's shape");
    }
  }
  c.output(0, c.dtype(0), output);
}

ActivationStrides activation_strides(bool nhwc, std::int64_t channels, const Spatial& extents) {
  const Dims dims{channels, extents[0], extents[1], extents[2]};
  const std::int64_t pixels = product_from(dims, 1);
  const std::int64_t unit = nhwc ? channels : 1, row = wrapping_mul(extents[2], unit);
  return {product_from(dims, 0), nhwc ? 1 : pixels, {wrapping_mul(extents[1], row), row, unit}};
}

}  // namespace vireo::ops
