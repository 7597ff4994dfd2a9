// Vision, numbers of few bits, layers of any operator.

#include <algorithm>

#include "engine/network/adding.h"

namespace vireo {
namespace {

using network::Adding;
using network::given;
using network::Tensor;

/// The outputs that the attributes of an operator tell; 0: they don't.
int outputs_of(const std::string& op, const graph::Attributes& attributes) {
  if (op != "split") return 0;
  const std::int64_t count = attributes.has("split") ? static_cast<std::int64_t>(attributes.integers("split").size())
                                                     : attributes.integer("num_outputs", 2);
  constexpr std::int64_t kMost = 1 << 16;
  if (count < 1 || count > kMost)
    base::fail(ErrorCode::invalid_argument, "has ", count, " parts; accepted: 1 to ", kMost);
  return static_cast<int>(count);
}

}  // namespace

Tensor NetworkLayers::add_grid_sample(Tensor input, Tensor grid, const GridSample& options, const std::string& name) {
  Adding adding(*graph_, *notes_, "grid_sample", name);
  return adding.one({input, grid}, [&] {
    static constexpr const char* kModes[] = {"nearest", "linear", "cubic"};
    static constexpr const char* kPaddings[] = {"zeros", "border", "reflection"};
    return adding.put("grid_sample", {input, grid},
                      {{"mode", std::string(kModes[static_cast<std::size_t>(options.mode)])},
                       {"padding_mode", std::string(kPaddings[static_cast<std::size_t>(options.padding)])},
                       {"align_corners", std::int64_t{options.align_corners}}});
  });
}

Tensor NetworkLayers::add_non_max_suppression(Tensor boxes, Tensor scores, const NonMaxSuppression& options,
                                              const std::string& name) {
  Adding adding(*graph_, *notes_, "non_max_suppression", name);
  return adding.one({boxes, scores}, [&] {
    adding.require(options.most_per_class > 0, "most_per_class is ", options.most_per_class, "; accepted: 1 or more");
    adding.require(options.overlap >= 0 && options.overlap <= 1, "overlap is ", options.overlap, "; accepted: 0 to 1");
    const Tensor most = adding.integers({options.most_per_class}, "most"),
                 overlap = adding.reals({options.overlap}, "overlap"),
                 least = options.least_score ? adding.reals({*options.least_score}, "least score") : Tensor{};
    return adding.put("non_max_suppression", {boxes, scores, most, overlap, least},
                      {{"center_point_box", std::int64_t{options.centers}}});
  });
}

Tensor NetworkLayers::add_quantize(Tensor input, Tensor scale, Tensor zero_point, std::int64_t axis,
                                   const std::string& name) {
  Adding adding(*graph_, *notes_, "quantize_linear", name);
  return adding.one({input, scale, zero_point}, [&] {
    graph::Attributes attributes;
    attributes.set("axis", axis);
    if (!given(zero_point)) attributes.set("output_dtype", std::string("int8"));
    return adding.put_all("quantize_linear", {input, scale, zero_point}, std::move(attributes), 1)[0];
  });
}

Tensor NetworkLayers::add_dequantize(Tensor input, Tensor scale, Tensor zero_point, std::int64_t axis,
                                     const std::string& name) {
  Adding adding(*graph_, *notes_, "dequantize_linear", name);
  return adding.one({input, scale, zero_point}, [&] {
    return adding.put("dequantize_linear", {input, scale, zero_point}, {{"axis", axis}});
  });
}

std::vector<Tensor> NetworkLayers::add_custom(const std::string& domain, const std::string& op,
                                              const std::vector<Tensor>& inputs,
                                              const std::map<std::string, AttributeValue>& attributes, int outputs,
                                              const std::string& name) {
  return add_layer(domain + "::" + op, inputs, attributes, name, outputs);
}

std::vector<Tensor> NetworkLayers::add_layer(const std::string& op, const std::vector<Tensor>& inputs,
                                             const std::map<std::string, AttributeValue>& attributes,
                                             const std::string& name, int outputs) {
  Adding adding(*graph_, *notes_, op, name);
  graph::Attributes all;
  for (const auto& [key, value] : attributes) all.set(key, value);
  std::string why;
  int count = outputs;
  try {
    if (count <= 0) count = outputs_of(op, all);
  } catch (const Error& error) {
    why = error.what();
  }
  return adding.several(inputs, static_cast<std::size_t>(std::max(count, 1)), [&] {
    adding.require(why.empty(), why);
    return adding.put_all(op, inputs, std::move(all), count);
  });
}

}  // namespace vireo
