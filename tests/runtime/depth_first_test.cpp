// Depth-first groups against the same layers as steps of their own, on random shapes.
#include "engine/compile/depth_first.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/base/memory.h"
#include "engine/device/cpu/executor.h"
#include "engine/device/cpu/thread_pool.h"
#include "engine/ops/table.h"

namespace vireo::compile {
namespace {

using graph::Attributes;
using graph::Graph;
using graph::LayerId;
using graph::TensorId;
using Random = std::minstd_rand;

std::int64_t draw(Random& random, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(high - low + 1));
}

std::vector<float> noise(Random& random, std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& v : values) v = static_cast<float>(random() % 2001) * 1e-3f - 1.0f;
  return values;
}

/// Grows a run of layers, each reading the one before, all over channels-last tensors.
class Grower {
 public:
  Grower(Graph& g, Random& random) : g_(g), random_(random) {}

  TensorId conv(TensorId x, bool depthwise, bool residual) {
    const Dims in = g_.tensor(x).dims;
    const std::int64_t cin = in[3], cout = depthwise ? cin : draw(random_, 1, 70);
    const std::int64_t k = depthwise ? 1 + 2 * draw(random_, 1, 3) : draw(random_, 0, 2) == 0 ? 3 : 1;
    const std::int64_t stride = draw(random_, 1, 2), dilation = draw(random_, 0, 3) == 0 ? 2 : 1;
    const std::int64_t pad = draw(random_, 0, 1) * (k - 1) * dilation / 2 +
                             ((k - 1) * dilation >= std::min(in[1], in[2]) ? (k - 1) * dilation : 0);
    Attributes a;
    a.set("layout", std::string("nhwc"));
    a.set("strides", std::vector<std::int64_t>{stride, stride});
    a.set("dilations", std::vector<std::int64_t>{dilation, dilation});
    a.set("pads", std::vector<std::int64_t>{pad, pad, pad, pad});
    if (depthwise) a.set("group", cin);
    const char* activations[] = {"", "relu", "silu", "clip"};
    const char* activation = activations[draw(random_, 0, 3)];
    a.set("activation", std::string(activation));
    if (std::string_view(activation) == "clip") {
      a.set("alpha", -0.5);
      a.set("beta", 1.5);
    }
    const Dims w{cout, depthwise ? 1 : cin, k, k};
    std::vector<TensorId> inputs{x, constant(w), constant({cout})};
    const std::int64_t h = (in[1] + 2 * pad - (k - 1) * dilation - 1) / stride + 1,
                       v = (in[2] + 2 * pad - (k - 1) * dilation - 1) / stride + 1;
    if (residual) {
      inputs.push_back(g_.add_input("residual", DataType::float32, {in[0], h, v, cout}));
      a.set("residual", std::string(draw(random_, 0, 1) ? "before" : "after"));
    }
    return layer("conv", inputs, a);
  }
  TensorId unary(TensorId x) {
    Attributes a;
    a.set("function", std::string(draw(random_, 0, 1) ? "relu" : "sigmoid"));
    return layer("unary", {x}, a);
  }
  TensorId prelu(TensorId x) {
    Attributes a;
    a.set("function", std::string("prelu"));
    const Dims dims = g_.tensor(x).dims;
    return layer("binary", {x, draw(random_, 0, 1) ? constant({dims[3]}) : constant({1, dims[1], dims[2], dims[3]})},
                 a);
  }
  TensorId pool(TensorId x) {
    Attributes a;
    a.set("layout", std::string("nhwc"));
    a.set("mode", std::string(draw(random_, 0, 1) ? "max" : "average"));
    a.set("kernel_shape", std::vector<std::int64_t>{3, 3});
    a.set("strides", std::vector<std::int64_t>{draw(random_, 1, 2), draw(random_, 1, 2)});
    a.set("pads", std::vector<std::int64_t>{1, 1, 1, 1});
    return layer("pool", {x}, a);
  }
  TensorId image(TensorId x, bool planes) {
    const std::int64_t channels = g_.tensor(x).dims[planes ? 1 : 3];
    Attributes a;
    a.set("layout", std::string(planes ? "nchw" : "nhwc"));
    return layer("image_input", {x, constant({channels}), constant({channels})}, a);
  }
  TensorId turn(TensorId x, std::vector<std::int64_t> perm) {
    Attributes a;
    a.set("perm", std::move(perm));
    return layer("transpose", {x}, a);
  }

 private:
  TensorId constant(const Dims& dims) {
    return g_.add_constant(g_.unique_name("c"), graph::make_constant(noise(random_, element_count(dims)), dims));
  }
  TensorId layer(const char* op, std::vector<TensorId> inputs, const Attributes& a) {
    return g_.layer(g_.add_layer(*ops::find_operator(op), g_.unique_name(op), std::move(inputs), a)).outputs[0];
  }
  Graph& g_;
  Random& random_;
};

Graph random_run(Random& random) {
  Graph g;
  Grower grow(g, random);
  const std::int64_t n = draw(random, 1, 3), h = draw(random, 1, 40), w = draw(random, 1, 40), c = draw(random, 1, 140);
  const bool planes = draw(random, 0, 3) == 0;
  const bool image = draw(random, 0, 3) == 0;
  const DataType type = image && draw(random, 0, 3) ? DataType::uint8 : DataType::float32;
  TensorId x = g.add_input("x", type, planes ? Dims{n, c, h, w} : Dims{n, h, w, c});
  const std::int64_t layers = draw(random, 2, 4);
  for (std::int64_t i = 0; i < layers; ++i) {
    const bool last = i + 1 == layers;
    if (i == 0 && image) x = grow.image(x, planes);
    else if (i == 0 && planes) x = grow.turn(x, {0, 2, 3, 1});
    else if (last && draw(random, 0, 4) == 0) x = grow.turn(x, {0, 3, 1, 2});
    else switch (draw(random, 0, 6)) {
        case 0: x = grow.unary(x); break;
        case 1: x = grow.prelu(x); break;
        case 2: x = grow.pool(x); break;
        case 3:
        case 4: x = grow.conv(x, true, last && draw(random, 0, 1)); break;
        default: x = grow.conv(x, false, last && draw(random, 0, 1)); break;
      }
  }
  g.mark_output(x, "y");
  return g;
}

/// y of the program, with buffers that end where the tensor ends.
std::vector<float> run(device::Segment made, int workers) {
  const auto program = std::make_shared<device::Segment>(std::move(made));
  device::Executor executor(program, std::make_shared<device::ThreadPool>(workers), false);
  std::vector<std::vector<float>> buffers;
  std::vector<void*> pointers;
  Random random(5);
  for (const device::Binding& b : program->bindings) {
    const auto count = static_cast<std::int64_t>((b.bytes + sizeof(float) - 1) / sizeof(float));
    buffers.push_back(b.output ? std::vector<float>(static_cast<std::size_t>(count), NAN) : noise(random, count));
  }
  for (auto& buffer : buffers) pointers.push_back(buffer.data());
  EXPECT_TRUE(executor.run(pointers).ok());
  return buffers.back();
}

TEST(Chain, gives_what_its_layers_give_apart) {
  int groups = 0;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    Random random(seed * 7919);
    const Graph g = random_run(random);
    CompileOptions options;
    options.workers = static_cast<int>(draw(random, 1, 3));
    options.exact = true;
    const std::vector<LayerId> order = g.topological_order();
    const Placement placement = place(g, order, options);
    plan::Choices fused, apart;
    for (const auto& group : find_runs(g, order, placement, options)) {
      std::vector<graph::Problem> problems;
      for (LayerId id : group) problems.push_back(problem_of(g, id, placement, options));
      for (std::size_t count = 2; count <= problems.size(); ++count)
        for (std::size_t first = 0; first + count <= problems.size(); ++first) {
          const auto part = std::span(problems).subspan(first, count);
          // The whole run saves most.
          fused[apart_key(part, options)] = apart[fused_key(part, options)] = {"", static_cast<double>(count * count)};
          fused[fused_key(part, options)] = apart[apart_key(part, options)] = {"", 0.5};
        }
    }
    options.choices = &apart;
    device::Segment one_by_one = compile_segment(g, options);
    options.choices = &fused;
    device::Segment together = compile_segment(g, options);
    ASSERT_EQ(one_by_one.steps.size(), order.size()) << g.dump();
    if (together.steps.size() < one_by_one.steps.size()) ++groups;
    const std::vector<float> expected = run(std::move(one_by_one), options.workers),
                             found = run(std::move(together), options.workers);
    ASSERT_EQ(expected.size(), found.size());
    double error = 0, size = 1e-30;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_FALSE(std::isnan(found[i])) << "element " << i << ", seed " << seed << "\n" << g.dump();
      error += (expected[i] - found[i]) * (expected[i] - found[i]);
      size += expected[i] * expected[i];
    }
    ASSERT_LE(std::sqrt(error / size), 1e-6) << "seed " << seed << "\n" << g.dump();
  }
  EXPECT_GT(groups, 300);
}

TEST(Chain, tensors_that_others_read_end_it) {
  Graph g;
  Random random(3);
  Grower grow(g, random);
  const TensorId x = g.add_input("x", DataType::float32, {1, 8, 8, 16});
  const TensorId a = grow.conv(x, false, false), b = grow.unary(a), c = grow.prelu(b);
  g.mark_output(c, "c");
  CompileOptions options;
  const auto runs = [&] {
    const auto order = g.topological_order();
    return find_runs(g, order, place(g, order, options), options);
  };
  ASSERT_EQ(runs().size(), 1u);
  EXPECT_EQ(runs()[0].size(), 3u);
  g.mark_output(b, "b");
  ASSERT_EQ(runs().size(), 1u);
  EXPECT_EQ(runs()[0].size(), 2u) << "b is an output: it must be stored";
}

}  // namespace
}  // namespace vireo::compile
