#pragma once
// A network with layers of many kinds, its inputs, and its results through the references and through an engine.

#include <cstring>
#include <string>
#include <vector>

#include "engine/base/memory.h"
#include "engine/graph/evaluate.h"
#include "tests/runtime/networks.h"

namespace vireo::testing_networks {

/// Convolutions (plain, strided, dilated, grouped, depthwise, transposed, large), pooling, resize, concat and an image
/// sized softmax give "image"; tokens through layer norm, matmul, softmax, gelu and gemm give "tokens".
inline Network many_kinds() {
  Network n;
  int seed = 0;
  const auto weight = [&](const Dims& dims) {
    std::int64_t fan = element_count(dims) / std::max<std::int64_t>(dims[0], 1);
    auto values = ramp(static_cast<std::size_t>(element_count(dims)) + 37,
                       0.02f / std::sqrt(static_cast<float>(std::max<std::int64_t>(fan, 4))));
    const std::size_t shift = static_cast<std::size_t>(seed++ % 37);
    return n.add_constant("w" + std::to_string(seed), DataType::float32, dims, values.data() + shift,
                          static_cast<std::size_t>(element_count(dims)) * sizeof(float));
  };
  const auto conv = [&](Network::Tensor x, Dims w, Dims strides, Dims pads, std::int64_t groups = 1,
                        Dims dilations = {1, 1}) {
    return n.add_convolution(x, weight(w), weight({w[0]}), {strides, pads, dilations, groups},
                             "conv" + std::to_string(seed));
  };
  const auto unary = [&](Network::Tensor x, const char* function) {
    return n.add_layer("unary", {x}, {{"function", std::string(function)}}, function + std::to_string(seed++))[0];
  };
  using Ints = std::vector<std::int64_t>;
  const auto image = n.add_input("image", DataType::float32, {2, 3, 40, 36});
  auto x = unary(conv(image, {24, 3, 3, 3}, {2, 2}, {1, 1, 1, 1}), "relu");
  auto same = unary(conv(x, {24, 24, 3, 3}, {1, 1}, {1, 1, 1, 1}), "silu");
  x = n.add_layer("binary", {same, x}, {{"function", std::string("add")}}, "residual")[0];
  x = unary(conv(x, {48, 24, 1, 1}, {1, 1}, {0, 0, 0, 0}), "hard_swish");
  x = unary(conv(x, {48, 1, 3, 3}, {1, 1}, {1, 1, 1, 1}, 48), "relu");
  x = conv(x, {40, 48, 1, 1}, {1, 1}, {0, 0, 0, 0});
  const auto dilated = unary(conv(x, {16, 40, 3, 3}, {1, 1}, {2, 2, 2, 2}, 1, {2, 2}), "tanh");
  const auto grouped = unary(conv(x, {20, 10, 3, 3}, {1, 1}, {1, 1, 1, 1}, 4), "mish");
  const auto large = unary(conv(x, {12, 40, 7, 7}, {1, 1}, {3, 3, 3, 3}), "sigmoid");
  x = n.add_layer("concat", {dilated, grouped, large}, {{"axis", std::int64_t{1}}}, "joined")[0];
  const auto pool = [&](const char* mode) {
    return n.add_layer("pool", {x},
                       {{"mode", std::string(mode)},
                        {"kernel_shape", Ints{3, 3}},
                        {"strides", Ints{2, 2}},
                        {"pads", Ints{1, 1, 1, 1}}},
                       mode)[0];
  };
  x = n.add_layer("binary", {pool("max"), pool("average")}, {{"function", std::string("add")}}, "pools")[0];
  x = n.add_layer("conv_transpose", {x, weight({48, 10, 2, 2}), weight({10})}, {{"strides", Ints{2, 2}}}, "up")[0];
  x = n.add_layer("softmax", {x}, {{"axis", std::int64_t{1}}}, "probabilities")[0];
  n.mark_output(x, "image_out");

  const auto tokens = n.add_input("tokens", DataType::float32, {2, 23, 48});
  const auto normal =
      n.add_layer("layer_norm", {tokens, weight({48}), weight({48})}, {{"axis", std::int64_t{-1}}}, "normal")[0];
  const auto q = n.add_layer("matmul", {normal, weight({48, 48})}, {}, "q")[0];
  const auto k = n.add_layer("matmul", {normal, weight({48, 48})}, {}, "k")[0];
  const auto kt = n.add_layer("transpose", {k}, {{"perm", Ints{0, 2, 1}}}, "kt")[0];
  const auto scores = n.add_layer("softmax", {n.add_layer("matmul", {q, kt}, {}, "scores")[0]},
                                  {{"axis", std::int64_t{-1}}}, "attention")[0];
  auto y = n.add_layer("matmul", {scores, normal}, {}, "mixed")[0];
  y = n.add_layer("binary", {y, tokens}, {{"function", std::string("add")}}, "around")[0];
  y = n.add_layer("unary", {n.add_layer("matmul", {y, weight({48, 96})}, {}, "wide")[0]},
                  {{"function", std::string("gelu")}, {"approximate", std::string("none")}}, "gelu")[0];
  const auto axes = n.add_constant("axes", DataType::int64, {1}, Ints{1}.data(), 8);
  y = n.add_layer("reduce", {y, axes}, {{"mode", std::string("mean")}, {"keepdims", std::int64_t{0}}}, "mean")[0];
  y = n.add_layer("gemm", {y, weight({96, 30}), weight({30})}, {}, "head")[0];
  n.mark_output(y, "tokens_out");
  return n;
}

inline const std::vector<std::pair<std::string, Dims>>& many_kinds_inputs() {
  static const std::vector<std::pair<std::string, Dims>> inputs{{"image", {2, 3, 40, 36}}, {"tokens", {2, 23, 48}}};
  return inputs;
}

/// All outputs behind each other, through the references of the operators, without passes.
inline std::vector<float> reference_of_many_kinds() {
  std::vector<graph::ConstantPtr> inputs;
  for (const auto& [name, dims] : many_kinds_inputs()) {
    const auto values = ramp(static_cast<std::size_t>(element_count(dims)));
    inputs.push_back(graph::make_constant(DataType::float32, dims, values.data(), values.size() * sizeof(float)));
  }
  std::vector<float> all;
  for (const graph::ConstantPtr& output : graph::evaluate_graph(many_kinds().graph(), inputs)) {
    const auto* values = reinterpret_cast<const float*>(output->read());
    all.insert(all.end(), values, values + output->bytes() / sizeof(float));
  }
  return all;
}

/// The same through an engine; empty when it fails.
inline std::vector<float> run_many_kinds(Engine& engine, const ContextOptions& options = {}) {
  auto context = engine.create_context(options);
  for (const auto& [name, dims] : many_kinds_inputs()) {
    const auto values = ramp(static_cast<std::size_t>(element_count(dims)));
    std::memcpy(context->allocate(name).data(), values.data(), values.size() * sizeof(float));
  }
  std::vector<Buffer> outputs;
  for (const TensorInfo& output : engine.outputs()) outputs.push_back(context->allocate(output.name));
  if (!context->run().ok()) return {};
  std::vector<float> all;
  for (const Buffer& output : outputs)
    all.insert(all.end(), output.as<float>(), output.as<float>() + output.bytes() / sizeof(float));
  return all;
}

inline double relative_l2(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size() || a.empty()) return 1e30;
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    error += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    norm += static_cast<double>(b[i]) * b[i];
  }
  return std::sqrt(error / norm);
}

}  // namespace vireo::testing_networks
