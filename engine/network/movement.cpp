// Layers that only move elements, and resizing.

#include <limits>

#include "engine/network/adding.h"

namespace vireo {
namespace {

using network::Adding;
using network::given;
using network::Ints;
using network::Tensor;

/// Beyond every extent, and far from what would overflow.
constexpr std::int64_t kFar = std::int64_t{1} << 61;

/// One behind the last element, in the terms of numpy's slices.
std::int64_t end_of(std::int64_t start, std::int64_t size, std::int64_t stride) {
  if (size == kUnknown) return kFar;
  const std::int64_t end = start + size * stride;
  // A negative end counts from the end of the axis: right for a start that does, and where going backwards leaves the
  // axis there is no such number.
  if (start >= 0 && end < 0) return -kFar;
  return start < 0 && stride > 0 && end >= 0 ? kFar : end;
}

}  // namespace

Tensor NetworkLayers::add_shuffle(Tensor input, const Shuffle& options, const std::string& name) {
  Adding adding(*graph_, *notes_, "shuffle", name);
  return adding.one({input, options.reshape_tensor}, [&] {
    const bool reshapes = options.reshape || given(options.reshape_tensor);
    const bool again = !options.second_transpose.empty();
    Tensor value = input;
    if (!options.first_transpose.empty())
      value = adding.put("transpose", {value}, {{"perm", options.first_transpose}},
                         reshapes || again ? "first transpose" : "");
    if (reshapes) {
      const Tensor shape =
          given(options.reshape_tensor) ? options.reshape_tensor : adding.integers(*options.reshape, "shape");
      value = adding.put("reshape", {value, shape}, {{"allowzero", std::int64_t{!options.zero_copies}}},
                         again ? "reshape" : "");
    }
    if (again) return adding.put("transpose", {value}, {{"perm", options.second_transpose}});
    return reshapes || !options.first_transpose.empty() ? value : adding.unary("identity", value);
  });
}

Tensor NetworkLayers::add_squeeze(Tensor input, const Dims& axes, const std::string& name) {
  Adding adding(*graph_, *notes_, "squeeze", name);
  return adding.one({input}, [&] { return adding.put("squeeze", {input, adding.integers(axes, "axes")}); });
}

Tensor NetworkLayers::add_unsqueeze(Tensor input, const Dims& axes, const std::string& name) {
  Adding adding(*graph_, *notes_, "unsqueeze", name);
  return adding.one({input}, [&] { return adding.put("unsqueeze", {input, adding.integers(axes, "axes")}); });
}

Tensor NetworkLayers::add_slice(Tensor input, const Slice& options, const std::string& name) {
  Adding adding(*graph_, *notes_, "slice", name);
  const bool by_tensors = given(options.start_tensor) || given(options.size_tensor) || given(options.stride_tensor);
  return adding.one({input, options.start_tensor, options.size_tensor, options.stride_tensor}, [&] {
    const auto list = [&](Tensor tensor, const Dims& values, const char* what) {
      return given(tensor) ? tensor : adding.integers(values, what);
    };
    std::size_t count = options.start.size();
    if (given(options.start_tensor)) {
      const graph::Tensor& start = adding.of(options.start_tensor);
      adding.require(start.ranked && start.dims.size() == 1 && start.dims[0] != kUnknown,
                     "the start tensor must have one axis of known extent");
      count = static_cast<std::size_t>(start.dims[0]);
    }
    Ints axes = options.axes;
    for (std::size_t i = 0; options.axes.empty() && i < count; ++i) axes.push_back(static_cast<std::int64_t>(i));
    Dims stride = options.stride;
    if (stride.empty()) stride.assign(count, 1);
    const auto fits = [&](Tensor tensor, std::size_t size) { return given(tensor) || size == count; };
    adding.require(axes.size() == count && fits(options.size_tensor, options.size.size()) && stride.size() == count,
                   "has ", count, " starts, ", options.size.size(), " sizes, ", stride.size(), " strides for ",
                   axes.size(), " axes; accepted: one of each for each axis");
    const Tensor starts = list(options.start_tensor, options.start, "start"),
                 steps = list(options.stride_tensor, stride, "stride");
    Tensor ends;
    if (!by_tensors) {
      Ints values;
      for (std::size_t i = 0; i < count; ++i) {
        adding.require(stride[i] != 0, "has the stride 0");
        const auto moderate = [](std::int64_t v) { return v > -kFar && v < kFar; };
        adding.require(options.size[i] >= kUnknown && moderate(options.size[i]) && moderate(options.start[i]) &&
                           moderate(stride[i]) && std::abs(stride[i]) < kFar / (options.size[i] + 2),
                       "takes ", options.size[i], " entries from ", options.start[i], ", ", stride[i], " apart");
        adding.require(options.size[i] != kUnknown || stride[i] > 0,
                       "takes all that is left, backwards; accepted: a positive stride, or the number of entries");
        values.push_back(end_of(options.start[i], options.size[i], stride[i]));
      }
      ends = adding.integers(values, "end");
    } else {
      for (const std::int64_t size : options.size)
        adding.require(size >= 0, "has the size ", size, "; accepted beside tensors: 0 or more");
      const Tensor sizes = list(options.size_tensor, options.size, "size");
      const Tensor reach = adding.binary("mul", sizes, steps, "reach");
      const Tensor plain = adding.binary("add", starts, reach, "plain end");
      const Tensor zero = adding.scalar(DataType::int64, 0, "zero"),
                   far = adding.integers(Ints(count, -kFar), "before all");
      // As end_of does.
      const Tensor from_end = adding.binary("less", starts, zero, "from the end"),
                   to_end = adding.binary("less", plain, zero, "to the end");
      const Tensor differ = adding.binary("xor", from_end, to_end, "leaves the axis");
      const Tensor beyond =
          adding.put("where", {to_end, far, adding.integers(Ints(count, kFar), "behind all")}, {}, "beyond");
      ends = adding.put("where", {differ, beyond, plain}, {}, "end");
    }
    return adding.put("slice", {input, starts, ends, adding.integers(axes, "axes"), steps});
  });
}

Tensor NetworkLayers::add_concatenation(const std::vector<Tensor>& inputs, std::int64_t axis, const std::string& name) {
  Adding adding(*graph_, *notes_, "concat", name);
  return adding.one(inputs, [&] { return adding.put("concat", inputs, {{"axis", axis}}); });
}

std::vector<Tensor> NetworkLayers::add_split(Tensor input, std::int64_t axis, const Dims& sizes,
                                             const std::string& name) {
  Adding adding(*graph_, *notes_, "split", name);
  return adding.several({input}, sizes.size(), [&] {
    adding.require(!sizes.empty(), "has no sizes; accepted: one for each part");
    graph::Attributes attributes;
    attributes.set("axis", axis);
    attributes.set("split", sizes);
    return adding.put_all("split", {input}, std::move(attributes), static_cast<int>(sizes.size()));
  });
}

Tensor NetworkLayers::add_padding(Tensor input, const Padding& options, const std::string& name) {
  Adding adding(*graph_, *notes_, "pad", name);
  return adding.one({input}, [&] {
    static constexpr const char* kModes[] = {"constant", "reflect", "edge", "wrap"};
    const std::int64_t rank = adding.rank(input, "input"), count = static_cast<std::int64_t>(options.begins.size());
    adding.require(options.begins.size() == options.ends.size() &&
                       (options.axes.empty() ? count <= rank : options.axes.size() == options.begins.size()),
                   "has ", count, " begins and ", options.ends.size(), " ends for ", options.axes.size(),
                   " axes of an input of rank ", rank, "; accepted: one of each for each axis");
    Ints axes = options.axes, pads = options.begins;
    for (std::int64_t i = 0; options.axes.empty() && i < count; ++i) axes.push_back(rank - count + i);
    pads.insert(pads.end(), options.ends.begin(), options.ends.end());
    const Tensor value = options.mode == PadMode::constant && options.value != 0
                             ? adding.scalar(adding.dtype(input), options.value, "value")
                             : Tensor{};
    return adding.put("pad", {input, adding.integers(pads, "pads"), value, adding.integers(axes, "axes")},
                      {{"mode", std::string(kModes[static_cast<std::size_t>(options.mode)])}});
  });
}

Tensor NetworkLayers::add_resize(Tensor input, const Resize& options, const std::string& name) {
  Adding adding(*graph_, *notes_, "resize", name);
  return adding.one({input, options.sizes_tensor, options.scales_tensor}, [&] {
    static constexpr const char* kModes[] = {"nearest", "linear", "cubic"};
    static constexpr const char* kCoordinates[] = {"half_pixel",    "half_pixel_symmetric", "pytorch_half_pixel",
                                                   "align_corners", "asymmetric",           "tf_half_pixel_for_nn"};
    static constexpr const char* kRounding[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    const int ways =
        !options.sizes.empty() + !options.scales.empty() + given(options.sizes_tensor) + given(options.scales_tensor);
    adding.require(ways == 1, "is given ", ways, " of sizes, scales, sizes_tensor and scales_tensor; accepted: one");
    Tensor scales = options.scales_tensor, sizes = options.sizes_tensor;
    if (!options.scales.empty()) scales = adding.reals(options.scales, "scales");
    if (!options.sizes.empty()) sizes = adding.integers(options.sizes, "sizes");
    graph::Attributes attributes;
    attributes.set("mode", std::string(kModes[static_cast<std::size_t>(options.mode)]));
    attributes.set("coordinate_transformation_mode",
                   std::string(kCoordinates[static_cast<std::size_t>(options.coordinates)]));
    attributes.set("nearest_mode", std::string(kRounding[static_cast<std::size_t>(options.rounding)]));
    attributes.set("cubic_coeff_a", options.cubic_coefficient);
    attributes.set("exclude_outside", std::int64_t{options.exclude_outside});
    attributes.set("antialias", std::int64_t{options.antialias});
    if (!options.axes.empty()) attributes.set("axes", options.axes);
    return adding.put_all("resize", {input, {}, scales, sizes}, std::move(attributes), 1)[0];
  });
}

}  // namespace vireo
