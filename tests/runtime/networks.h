#pragma once
// Small networks that the runtime's tests share, built through the public API.

#include <vector>

#include "engine/api/builder.h"
#include "engine/api/engine.h"

namespace vireo::testing_networks {

inline std::vector<float> ramp(std::size_t count, float scale = 0.01f) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(static_cast<int>(i * 7919 % 201) - 100) * scale;
  return values;
}

/// x [batch,3,16,16] → two convolutions of x, concatenated, relu, 1x1 convolution → y [batch,4,16,16].
inline Network branches(std::int64_t batch) {
  Network n;
  const auto weight = [&](const std::string& name, const Dims& dims) {
    const auto values = ramp(static_cast<std::size_t>(element_count(dims)));
    return n.add_constant(name, DataType::float32, dims, values.data(), values.size() * sizeof(float));
  };
  const auto x = n.add_input("x", DataType::float32, {batch, 3, 16, 16});
  Network::Convolution same;
  same.pads = {1, 1, 1, 1};
  const auto a = n.add_convolution(x, weight("wa", {5, 3, 3, 3}), {}, same, "a");
  const auto b = n.add_convolution(x, weight("wb", {7, 3, 3, 3}), weight("bb", {7}), same, "b");
  const auto joined = n.add_layer("concat", {a, b}, {{"axis", std::int64_t{1}}}, "joined")[0];
  const auto active = n.add_layer("unary", {joined}, {{"function", std::string("relu")}}, "active")[0];
  const auto y = n.add_convolution(active, weight("wy", {4, 12, 1, 1}), weight("by", {4}), {}, "last");
  n.mark_output(y, "y");
  return n;
}

inline Plan quick_plan(const Network& network, const std::vector<Profile>& profiles = {}) {
  BuildOptions options;
  options.budget_s = 0;
  options.threads = 2;
  options.profiles = profiles;
  return build(network, options);
}

/// y of `branches` for a given x.
inline std::vector<float> run(Engine& engine, const std::vector<float>& x, std::int64_t batch) {
  auto context = engine.create_context();
  context->set_shape("x", {batch, 3, 16, 16});
  const Buffer in = context->allocate("x"), out = context->allocate("y");
  std::copy(x.begin(), x.end(), in.as<float>());
  if (!context->run().ok()) return {};
  return {out.as<float>(), out.as<float>() + out.bytes() / sizeof(float)};
}

}  // namespace vireo::testing_networks
