// Times every tactic of a device on shapes that memory bounds, and on some products: `vireo_bench_device DEVICE
// [WORD]...` runs the cases whose line contains every word. Prints the best of several interleaved rounds, each the
// mean of launches in a queue, beside what the tensors' bytes take at the rate that `--rate GB/s` says (default 4000).
// `--tactic WORD` runs only tactics whose name contains the word.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "engine/api/half.h"
#include "engine/graph/graph.h"
#include "engine/ops/table.h"
#include "engine/tune/trial.h"

namespace {

using namespace vireo;
using Ints = std::vector<std::int64_t>;

struct Shape {
  std::string name;
  const char* op;
  std::vector<Dims> inputs;
  graph::Attributes attributes;
  std::vector<int> constants;  ///< which inputs are known
  DataType type = DataType::float16;
  std::vector<std::int64_t> axes = {};  ///< known as the last input
  std::vector<float> scales = {};       ///< known as the last input, after an empty one
};

graph::ConstantPtr noise(DataType type, const Dims& dims) {
  graph::MutableConstant c = graph::new_constant(type, dims);
  std::uint32_t state = 99;
  for (std::int64_t i = 0; i < c.constant->count(); ++i) {
    state = state * 1664525u + 1013904223u;
    const float value = static_cast<float>(state >> 8) / (1 << 23) - 1.0f;
    if (type == DataType::float32) c.as<float>()[i] = value;
    else c.as<std::uint16_t>()[i] = half_from_float(value);
  }
  return c.constant;
}

graph::Attributes nhwc() {
  graph::Attributes a;
  a.set("layout", std::string("nhwc"));
  return a;
}

graph::Attributes windowed(std::int64_t kernel, std::int64_t stride, std::int64_t pad) {
  graph::Attributes a = nhwc();
  a.set("kernel_shape", Ints{kernel, kernel});
  a.set("strides", Ints{stride, stride});
  a.set("pads", Ints{pad, pad, pad, pad});
  return a;
}

Shape depthwise(std::int64_t batch, std::int64_t extent, std::int64_t channels, std::int64_t kernel,
                std::int64_t stride) {
  graph::Attributes a = windowed(kernel, stride, kernel / 2);
  a.set("group", channels);
  a.set("activation", std::string("clip"));
  a.set("alpha", 0.0);
  a.set("beta", 6.0);
  return {
      "depthwise", "conv", {{batch, extent, extent, channels}, {channels, 1, kernel, kernel}, {channels}}, a, {1, 2}};
}

/// ResNet's, some of few or odd numbers of channels, and matrices whose second operands are known or not.
void add_products(std::vector<Shape>& list) {
  constexpr std::int64_t kConvs[][6] = {{56, 64, 64, 3, 1, 1},   {56, 256, 64, 1, 1, 0},  {56, 64, 256, 1, 1, 0},
                                        {28, 128, 128, 3, 1, 1}, {14, 256, 256, 3, 1, 1}, {14, 1024, 256, 1, 1, 0},
                                        {7, 512, 512, 3, 1, 1},  {56, 128, 128, 3, 2, 1}, {112, 8, 24, 3, 1, 1},
                                        {56, 24, 144, 1, 1, 0},  {80, 16, 16, 3, 1, 1},   {20, 256, 255, 1, 1, 0}};
  constexpr std::int64_t kMatrices[][3] = {{197, 768, 3072}, {197, 3072, 768}, {197, 192, 576}};
  for (const std::int64_t batch : {1, 8, 32}) {
    for (const auto& c : kConvs) {
      graph::Attributes a = windowed(c[3], c[4], c[5]);
      a.set("activation", std::string("relu"));
      const std::string name =
          "product " + std::to_string(c[3]) + "x" + std::to_string(c[3]) + " to " + std::to_string(c[2]);
      list.push_back({name, "conv", {{batch, c[0], c[0], c[1]}, {c[2], c[1], c[3], c[3]}, {c[2]}}, a, {1, 2}});
    }
    for (const auto& m : kMatrices)
      list.push_back({"product to " + std::to_string(m[2]), "matmul", {{batch, m[0], m[1]}, {m[1], m[2]}}, {}, {1}});
    graph::Attributes turned;
    turned.set("trans_b", std::int64_t{1});
    list.push_back({"product scores", "matmul", {{batch, 12, 197, 64}, {batch, 12, 197, 64}}, turned, {}});
    list.push_back({"product sums", "matmul", {{batch, 12, 197, 200}, {batch, 12, 200, 64}}, {}, {}});
  }
}

std::vector<Shape> shapes() {
  std::vector<Shape> list;
  add_products(list);
  // MobileNet-v2's, with how often each occurs, and some of EfficientNet's, MobileNet-v3's and ConvNeXt's.
  constexpr std::int64_t kMobile[][4] = {{112, 32, 1, 1}, {112, 96, 2, 1}, {56, 144, 1, 1}, {56, 144, 2, 1},
                                         {28, 192, 1, 2}, {28, 192, 2, 1}, {14, 384, 1, 4}, {14, 576, 1, 2},
                                         {14, 576, 2, 1}, {7, 960, 1, 3}};
  for (const std::int64_t batch : {1, 128})
    for (const auto& m : kMobile) {
      list.push_back(depthwise(batch, m[0], m[1], 3, m[2]));
      list.back().name = "mobilenet x" + std::to_string(m[3]);
    }
  for (const std::int64_t batch : {1, 32}) {
    list.push_back(depthwise(batch, 14, 480, 5, 1));
    list.push_back(depthwise(batch, 56, 144, 5, 2));
    list.push_back(depthwise(batch, 56, 96, 7, 1));
    list.push_back(depthwise(batch, 14, 384, 7, 1));
    graph::Attributes first = windowed(3, 2, 1);
    list.push_back({"first 3x3", "conv", {{batch, 224, 224, 3}, {32, 3, 3, 3}, {32}}, first, {1, 2}});
    list.push_back({"first 7x7", "conv", {{batch, 224, 224, 3}, {64, 3, 7, 7}, {64}}, windowed(7, 2, 3), {1, 2}});
  }
  for (const std::int64_t batch : {1, 128}) {
    graph::Attributes a = windowed(3, 2, 1), b = windowed(5, 1, 2), c = windowed(2, 2, 0), turn, back, cast, none;
    list.push_back({"max 3x3 s2", "pool", {{batch, 112, 112, 64}}, a, {}});
    list.push_back({"max 5x5 s1", "pool", {{batch, 20, 20, 128}}, b, {}});
    c.set("mode", std::string("average"));
    list.push_back({"average 2x2 s2", "pool", {{batch, 56, 56, 128}}, c, {}});
    turn.set("perm", Ints{0, 2, 3, 1});
    back.set("perm", Ints{0, 3, 1, 2});
    list.push_back({"image to nhwc", "transpose", {{batch, 3, 224, 224}}, turn, {}});
    list.push_back({"image to nchw", "transpose", {{batch, 224, 224, 3}}, back, {}});
    list.push_back({"map to nhwc", "transpose", {{batch, 64, 56, 56}}, turn, {}});
    cast.set("to", std::string("float16"));
    list.push_back({"image", "cast", {{batch, 3, 224, 224}}, cast, {}, DataType::float32});
    graph::Attributes add, silu, mean;
    add.set("function", std::string("add"));
    silu.set("function", std::string("silu"));
    list.push_back({"same", "binary", {{batch, 56, 56, 256}, {batch, 56, 56, 256}}, add, {}});
    list.push_back({"by channel", "binary", {{batch, 56, 56, 256}, {256}}, add, {}});
    list.push_back({"silu", "unary", {{batch, 56, 56, 256}}, silu, {}});
    mean.set("mode", std::string("mean"));
    list.push_back({"global average", "reduce", {{batch, 7, 7, 2048}}, mean, {}, DataType::float16, {1, 2}});
    list.push_back({"lines of 192", "layer_norm", {{batch, 197, 192}, {192}, {192}}, none, {1, 2}});
    list.push_back({"lines of 768", "layer_norm", {{batch, 197, 768}, {768}, {768}}, none, {1, 2}});
    list.push_back({"lines of 197", "softmax", {{batch, 3, 197, 197}}, none, {}});
    list.push_back({"lines of 1000", "softmax", {{batch, 1000}}, none, {}});
    graph::Attributes group = nhwc();
    group.set("num_groups", std::int64_t{32});
    list.push_back(
        {"32 of 320", "group_norm", {{std::min<std::int64_t>(batch, 8), 64, 64, 320}, {320}, {320}}, group, {1, 2}});
    list.push_back(
        {"nhwc", "instance_norm", {{std::min<std::int64_t>(batch, 8), 128, 128, 64}, {64}, {64}}, nhwc(), {1, 2}});
  }
  for (const std::int64_t batch : {1, 32}) {
    graph::Attributes nearest, linear, concat;
    nearest.set("coordinate_transformation_mode", std::string("asymmetric"));
    nearest.set("nearest_mode", std::string("floor"));
    linear.set("mode", std::string("linear"));
    list.push_back({"nearest 2x", "resize", {{batch, 40, 40, 256}}, nearest, {}, DataType::float16, {}, {1, 2, 2, 1}});
    list.push_back({"linear 2x", "resize", {{batch, 40, 40, 256}}, linear, {}, DataType::float16, {}, {1, 2, 2, 1}});
    concat.set("axis", std::int64_t{3});
    list.push_back({"channels", "concat", {{batch, 40, 40, 256}, {batch, 40, 40, 128}}, concat, {}});
  }
  return list;
}

void bench(const Shape& shape, const device::Target& target, double rate, const std::string& only) {
  const graph::Operator& op = *ops::find_operator(shape.op);
  graph::Graph graph;
  std::vector<graph::TensorId> ids;
  for (std::size_t k = 0; k < shape.inputs.size(); ++k) {
    const bool known =
        std::find(shape.constants.begin(), shape.constants.end(), static_cast<int>(k)) != shape.constants.end();
    const std::string name = "x" + std::to_string(k);
    ids.push_back(known ? graph.add_constant(name, noise(shape.type, shape.inputs[k]))
                        : graph.add_input(name, shape.type, shape.inputs[k]));
  }
  if (!shape.axes.empty()) {
    graph::MutableConstant c = graph::new_constant(DataType::int64, {static_cast<std::int64_t>(shape.axes.size())});
    std::copy(shape.axes.begin(), shape.axes.end(), c.as<std::int64_t>());
    ids.push_back(graph.add_constant("axes", c.constant));
  }
  if (!shape.scales.empty()) {
    graph::MutableConstant c = graph::new_constant(DataType::float32, {static_cast<std::int64_t>(shape.scales.size())});
    std::copy(shape.scales.begin(), shape.scales.end(), c.as<float>());
    ids.push_back(graph.add_constant("roi", graph::new_constant(DataType::float32, {0}).constant));
    ids.push_back(graph.add_constant("scales", c.constant));
  }
  const graph::Layer& layer = graph.layer(graph.add_layer(op, "layer", ids, shape.attributes));
  graph::Problem problem{.op = &op, .attributes = &layer.attributes, .target = &target};
  double bytes = 0;
  const auto describe = [&](graph::TensorId id) {
    const graph::Tensor& t = graph.tensor(id);
    bytes += static_cast<double>(byte_count(t.dtype, t.dims));
    return graph::Desc{t.dtype, t.dims, t.dims.empty() ? 1 : t.dims.back(), t.constant};
  };
  for (const graph::TensorId id : ids) problem.inputs.push_back(describe(id));
  for (const graph::TensorId id : layer.outputs) problem.outputs.push_back(describe(id));
  std::string text;
  for (const std::int64_t extent : shape.inputs[0]) text += (text.empty() ? "" : "x") + std::to_string(extent);
  std::vector<const graph::Tactic*> tactics;
  std::vector<std::unique_ptr<tune::Trial>> trials;
  for (const graph::Tactic& tactic : op.tactics()) {
    if (tactic.device != target.kind || (tactic.refuse && !tactic.refuse(problem).empty())) continue;
    if (tactic.name.find(only) == std::string_view::npos) continue;
    tactics.push_back(&tactic);
    std::vector<tune::TrialStep> steps;
    steps.push_back({&problem, tactic.prepare(problem)});
    trials.push_back(std::make_unique<tune::Trial>(std::move(steps), nullptr));
  }
  const std::vector<double> seconds = tune::race(trials, 0.1);
  for (std::size_t k = 0; k < trials.size(); ++k)
    std::printf("%-14s %-16s %-18s %-28s %8.1f us  bytes %8.1f us  predicted %8.1f us\n", shape.op, shape.name.c_str(),
                text.c_str(), std::string(tactics[k]->name).c_str(), seconds[k] * 1e6, bytes / rate * 1e-3,
                tactics[k]->predict ? tactics[k]->predict(problem) * 1e6 : 0.0);
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** words) {
  std::vector<std::string> filters;
  double rate = 4000;
  std::string only;
  for (int i = 2; i < count; ++i) {
    if (!std::strcmp(words[i], "--rate") && i + 1 < count) rate = std::atof(words[++i]);
    else if (!std::strcmp(words[i], "--tactic") && i + 1 < count) only = words[++i];
    else filters.emplace_back(words[i]);
  }
  try {
    const std::shared_ptr<device::Device> device = device::open(count > 1 ? words[1] : "opencl:0");
    for (const Shape& shape : shapes()) {
      std::string line = std::string(shape.op) + " " + shape.name;
      for (const std::int64_t extent : shape.inputs[0]) line += " " + std::to_string(extent);
      bool wanted = true;
      for (const std::string& filter : filters) wanted = wanted && line.find(filter) != std::string::npos;
      if (!wanted) continue;
      try {
        bench(shape, device->target(), rate, only);
      } catch (const Error& error) {
        std::printf("%s: %s\n", line.c_str(), error.what());
      }
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
