// Resamples any axes: inputs x, roi?, scales?, sizes?; mode nearest, linear (separable), cubic; attributes as ONNX
// Resize-19.
#include "engine/ops/resize/plan.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void resize_reference(const EvalContext&);
std::span<const Tactic> resize_tactics();

namespace {

bool empty(const InferContext& c, int k) { return !c.has_input(k) || (c.rank(k) == 1 && c.dims(k)[0] == 0); }

void infer(InferContext& c) {
  ResizeRequest request{.in = c.dims(0)};
  const std::string mode = c.attributes().text("mode", "nearest");
  c.require(mode == "nearest" || mode == "linear" || mode == "cubic", "unknown mode '" + mode + "'");
  const std::int64_t roi = !c.has_input(1) ? 0 : c.rank(1) == 1 ? c.dims(1)[0] : 1;
  try {
    check_resize(c.attributes(), request.in.size(), roi);
  } catch (const Error& error) {
    c.fail(error.what());
  }
  const bool by_scales = !empty(c, 2), by_sizes = !empty(c, 3);
  c.require(by_scales || by_sizes, "neither scales nor sizes is given");
  if (by_sizes) {
    if (!c.integers(3, request.sizes)) return c.output(0, c.dtype(0), Dims(c.dims(0).size(), kUnknown));
  } else {
    const graph::Constant* scales = c.constant(2);
    if (!scales) return c.output(0, c.dtype(0), Dims(c.dims(0).size(), kUnknown));
    request.scales = to_reals(*scales);
  }
  try {
    c.output(0, c.dtype(0), resize_shape(c.attributes(), request).out);
  } catch (const Error& error) {
    c.fail(error.what());
  }
}

double flops(const Problem& p) { return 7 * static_cast<double>(p.outputs[0].count()); }

Case make(std::string_view name, Dims in, Reals scales,
          std::initializer_list<std::pair<std::string_view, AttributeValue>> values) {
  const auto rank = static_cast<std::int64_t>(scales.size());
  return {.name = name,
          .inputs = {std::move(in), {0}, {rank}},
          .attributes = attributes(values),
          .constants = {{1, {}}, {2, std::move(scales)}}};
}

std::vector<Case> cases() {
  std::vector<Case> list{
      make("nearest_nhwc", {1, 7, 5, 19}, {1, 2, 2, 1},
           {{"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}}),
      make("nearest_nchw", {2, 3, 7, 5}, {1, 1, 2, 2},
           {{"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}}),
      make("nearest_down", {1, 3, 9, 11}, {1, 1, 0.6, 0.7}, {}),
      make("linear_nhwc", {1, 7, 6, 19}, {1, 2, 2, 1}, {{"mode", "linear"}}),
      make("linear_nchw", {1, 3, 7, 6}, {1, 1, 1.7, 2.5},
           {{"mode", "linear"}, {"coordinate_transformation_mode", "pytorch_half_pixel"}}),
      make("linear_corners", {1, 13, 11, 33}, {1, 2, 3, 1},
           {{"mode", "linear"}, {"coordinate_transformation_mode", "align_corners"}}),
      make("linear_antialias", {1, 1, 12, 13}, {1, 1, 0.5, 0.4}, {{"mode", "linear"}, {"antialias", 1}}),
      make("linear_volume", {1, 2, 4, 5, 6}, {1, 1, 2, 1.5, 2}, {{"mode", "linear"}}),
      make("cubic", {1, 2, 6, 7}, {1, 1, 1.5, 2}, {{"mode", "cubic"}}),
      make("cubic_exclude", {1, 2, 6, 7}, {1, 1, 0.8, 2},
           {{"mode", "cubic"}, {"exclude_outside", 1}, {"cubic_coeff_a", -0.5}}),
      make("linear_large", {1, 20, 20, 64}, {1, 2, 2, 1}, {{"mode", "linear"}})};
  const DataType f = DataType::float32, i = DataType::int64;
  list.push_back({.name = "sizes",
                  .inputs = {{1, 2, 4, 5}, {0}, {0}, {4}},
                  .attributes = attributes({{"mode", "linear"}}),
                  .dtypes = {f, f, f, i},
                  .constants = {{1, {}}, {2, {}}, {3, {1, 2, 7, 3}}}});
  list.push_back({.name = "crop",
                  .inputs = {{1, 1, 8, 8}, {8}, {0}, {4}},
                  .attributes = attributes({{"mode", "linear"},
                                            {"coordinate_transformation_mode", "tf_crop_and_resize"},
                                            {"extrapolation_value", 10.0}}),
                  .dtypes = {f, f, f, i},
                  .constants = {{1, {0, 0, 0.4, 0.6, 1, 1, 1.2, 1.7}}, {2, {}}, {3, {1, 1, 5, 6}}}});
  return list;
}

}  // namespace

extern const Operator resize_operator;
const Operator resize_operator{.name = "resize",
                               .min_inputs = 1,
                               .max_inputs = 4,
                               .infer = infer,
                               .reference = resize_reference,
                               .flops = flops,
                               .tactics = resize_tactics,
                               .cases = cases,
                               .costly = true};

}  // namespace vireo::ops
