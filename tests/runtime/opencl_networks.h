#pragma once
// What the tests of engines on OpenCL devices share.

#include <cmath>

#include "tests/passes/check.h"
#include "tests/runtime/networks.h"
#include "tests/support/opencl_here.h"

namespace vireo::testing_networks {

inline constexpr std::size_t kIn = 3 * 16 * 16;
inline const Device kOpencl{"opencl:0"};
inline constexpr double kFloat = 1e-4, kHalf = 1e-2;  // relative L2 against the CPU

inline double relative_l2(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size() || a.empty()) return INFINITY;
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    error += std::pow(static_cast<double>(a[i]) - b[i], 2);
    norm += std::pow(b[i], 2);
  }
  return std::sqrt(error / norm);
}

inline BuildOptions quick(Precision precision = Precision::fp32, std::vector<std::string> devices = {"opencl:0"}) {
  BuildOptions options;
  options.devices = std::move(devices);
  options.precision = precision;
  options.budget_s = 0;
  options.threads = 2;
  return options;
}

inline std::shared_ptr<Engine> on_opencl(const Network& network, Precision precision = Precision::fp32) {
  return Engine::load(build(network, quick(precision)), kOpencl, {.threads = 2});
}

inline Network parsed(const std::string& text) {
  return Network(std::make_unique<graph::Graph>(passes_testing::parse(text)));
}

/// x [1,3,16,16] through convolutions (dense, depthwise, 1x1), a residual, pooling, matrix products, parts of a tensor.
inline Network varied() {
  return parsed(R"(
graph "varied"
input "x" float32 1x3x16x16
const "w1" float32 24x3x3x3 @1
const "b1" float32 24 @2
const "w2" float32 24x1x3x3 @3
const "w3" float32 24x24x1x1 @4
const "w4" float32 24x20 @5
const "parts" int64 2 = 12 8
const "flat" int64 2 = -1 12
const "flat_too" int64 2 = -1 8
"c1" = conv("x", "w1", "b1") {pads=[1, 1, 1, 1]} "c1"
"r1" = unary("c1") {function="tanh"} "r1"
"c2" = conv("r1", "w2") {pads=[1, 1, 1, 1], group=24} "c2"
"c3" = conv("c2", "w3") "c3"
"s" = binary("c3", "r1") {function="add"} "s"
"p" = pool("s") {mode="max", kernel_shape=[2, 2], strides=[2, 2]} "p"
"t" = transpose("p") {perm=[0, 2, 3, 1]} "t"
"m" = matmul("t", "w4") "m"
"a", "b" = split("m", "parts") {axis=-1} "split"
"ra" = reshape("a", "flat") "ra"
"rb" = reshape("b", "flat_too") "rb"
"y" = softmax("ra") {axis=-1} "y"
output "y" "y"
output "rb" "z"
)");
}

/// All outputs, one behind the other.
inline std::vector<float> run(Engine& engine, const std::vector<float>& x) {
  const auto context = engine.create_context();
  const Buffer in = context->allocate("x");
  if (in.bytes() != x.size() * sizeof(float)) return {};
  in.write(x.data(), in.bytes());
  std::vector<Buffer> outputs;
  for (const TensorInfo& output : engine.outputs()) outputs.push_back(context->allocate(output.name));
  if (const Status status = context->run(); !status.ok()) return {};
  std::vector<float> values;
  for (const Buffer& out : outputs) values.insert(values.end(), out.as<float>(), out.as<float>() + out.bytes() / 4);
  return values;
}

inline std::vector<float> on_cpu(const Network& network, const std::vector<float>& x) {
  return run(*Engine::load(build(network, quick(Precision::fp32, {"cpu"})), {}, {.threads = 2}), x);
}

}  // namespace vireo::testing_networks
