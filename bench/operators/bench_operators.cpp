// Times every tactic of conv, conv_transpose, gemm and matmul on shapes of real networks, on one thread:
// `vireo_bench_operators [WORD]... [--workers N]` runs the cases whose line contains every word. Prints the shortest of
// several interleaved rounds, GFLOP/s of the direct algorithm, and its share of what the float32 microkernels reach
// from the first-level cache on this machine. `--workers` only changes how tiles are cut.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "engine/base/cpu.h"
#include "engine/base/memory.h"
#include "engine/ops/shared/microkernel.h"
#include "engine/ops/table.h"

namespace {

using namespace vireo;
using Clock = std::chrono::steady_clock;

struct Shape {
  const char* name;
  const char* op;
  Dims x, w;  ///< x channels-last for conv
  std::vector<std::int64_t> strides, pads;
  std::int64_t group = 1;
  const char* activation = "relu";
  bool constant = true;
};

const Shape kShapes[] = {
    {"resnet first 7x7 s2", "conv", {1, 224, 224, 3}, {64, 3, 7, 7}, {2, 2}, {3, 3, 3, 3}},
    {"mobilenet first 3x3 s2", "conv", {1, 224, 224, 3}, {32, 3, 3, 3}, {2, 2}, {1, 1, 1, 1}, 1, "hard_swish"},
    {"yolov8n first 3x3 s2", "conv", {1, 640, 640, 3}, {16, 3, 3, 3}, {2, 2}, {1, 1, 1, 1}, 1, "silu"},
    {"vgg 224 64-64 3x3", "conv", {1, 224, 224, 64}, {64, 64, 3, 3}, {1, 1}, {1, 1, 1, 1}},
    {"resnet 56 64-64 3x3", "conv", {1, 56, 56, 64}, {64, 64, 3, 3}, {1, 1}, {1, 1, 1, 1}},
    {"resnet 28 128-128 3x3", "conv", {1, 28, 28, 128}, {128, 128, 3, 3}, {1, 1}, {1, 1, 1, 1}},
    {"resnet 14 256-256 3x3", "conv", {1, 14, 14, 256}, {256, 256, 3, 3}, {1, 1}, {1, 1, 1, 1}},
    {"resnet 7 512-512 3x3", "conv", {1, 7, 7, 512}, {512, 512, 3, 3}, {1, 1}, {1, 1, 1, 1}},
    {"resnet 56 128-128 3x3 s2", "conv", {1, 56, 56, 128}, {128, 128, 3, 3}, {2, 2}, {1, 1, 1, 1}},
    {"yolo 80 32-32 3x3", "conv", {1, 80, 80, 32}, {32, 32, 3, 3}, {1, 1}, {1, 1, 1, 1}, 1, "silu"},
    {"yolo 160 16-16 3x3", "conv", {1, 160, 160, 16}, {16, 16, 3, 3}, {1, 1}, {1, 1, 1, 1}, 1, "silu"},
    {"resnet 56 64-256 1x1", "conv", {1, 56, 56, 64}, {256, 64, 1, 1}, {1, 1}, {}},
    {"resnet 56 256-64 1x1", "conv", {1, 56, 56, 256}, {64, 256, 1, 1}, {1, 1}, {}},
    {"resnet 28 512-128 1x1", "conv", {1, 28, 28, 512}, {128, 512, 1, 1}, {1, 1}, {}},
    {"resnet 14 1024-256 1x1", "conv", {1, 14, 14, 1024}, {256, 1024, 1, 1}, {1, 1}, {}},
    {"resnet 7 2048-512 1x1", "conv", {1, 7, 7, 2048}, {512, 2048, 1, 1}, {1, 1}, {}},
    {"resnet 56 256-512 1x1 s2", "conv", {1, 56, 56, 256}, {512, 256, 1, 1}, {2, 2}, {}},
    {"mobilenet 112 16-96 1x1", "conv", {1, 112, 112, 16}, {96, 16, 1, 1}, {1, 1}, {}, 1, "clip"},
    {"mobilenet 56 144-24 1x1", "conv", {1, 56, 56, 144}, {24, 144, 1, 1}, {1, 1}, {}, 1, ""},
    {"mobilenet 14 96-576 1x1", "conv", {1, 14, 14, 96}, {576, 96, 1, 1}, {1, 1}, {}, 1, "clip"},
    {"mobilenet 7 960-160 1x1", "conv", {1, 7, 7, 960}, {160, 960, 1, 1}, {1, 1}, {}, 1, ""},
    {"squeeze 1x1 pixel 480-20", "conv", {1, 1, 1, 480}, {20, 480, 1, 1}, {1, 1}, {}},
    {"depthwise 112 96 3x3 s2", "conv", {1, 112, 112, 96}, {96, 1, 3, 3}, {2, 2}, {1, 1, 1, 1}, 96, "clip"},
    {"depthwise 112 32 3x3", "conv", {1, 112, 112, 32}, {32, 1, 3, 3}, {1, 1}, {1, 1, 1, 1}, 32, "clip"},
    {"depthwise 56 144 3x3", "conv", {1, 56, 56, 144}, {144, 1, 3, 3}, {1, 1}, {1, 1, 1, 1}, 144, "clip"},
    {"depthwise 14 576 3x3", "conv", {1, 14, 14, 576}, {576, 1, 3, 3}, {1, 1}, {1, 1, 1, 1}, 576, "clip"},
    {"depthwise 14 480 5x5", "conv", {1, 14, 14, 480}, {480, 1, 5, 5}, {1, 1}, {2, 2, 2, 2}, 480, "silu"},
    {"depthwise 7 960 3x3", "conv", {1, 7, 7, 960}, {960, 1, 3, 3}, {1, 1}, {1, 1, 1, 1}, 960, "clip"},
    {"depthwise 56 96 7x7", "conv", {1, 56, 56, 96}, {96, 1, 7, 7}, {1, 1}, {3, 3, 3, 3}, 96, ""},
    {"grouped 28 32x4 3x3", "conv", {1, 28, 28, 128}, {128, 4, 3, 3}, {1, 1}, {1, 1, 1, 1}, 32},
    {"inception 17 192 1x7", "conv", {1, 17, 17, 192}, {192, 192, 1, 7}, {1, 1}, {0, 3, 0, 3}},
    {"inception 17 192 7x1", "conv", {1, 17, 17, 192}, {192, 192, 7, 1}, {1, 1}, {3, 0, 3, 0}},
    {"inception 35 48-64 5x5", "conv", {1, 35, 35, 48}, {64, 48, 5, 5}, {1, 1}, {2, 2, 2, 2}},
    {"inception 149 32-32 3x3", "conv", {1, 149, 149, 32}, {32, 32, 3, 3}, {1, 1}, {}},
    {"inception 8 1280-320 1x1", "conv", {1, 8, 8, 1280}, {320, 1280, 1, 1}, {1, 1}, {}},
    {"densenet 14 128-32 3x3", "conv", {1, 14, 14, 128}, {32, 128, 3, 3}, {1, 1}, {1, 1, 1, 1}, 1, ""},
    {"densenet 56 128-32 3x3", "conv", {1, 56, 56, 128}, {32, 128, 3, 3}, {1, 1}, {1, 1, 1, 1}, 1, ""},
    {"densenet 7 800-128 1x1", "conv", {1, 7, 7, 800}, {128, 800, 1, 1}, {1, 1}, {}},
    {"efficientnet 112 32-16 1x1", "conv", {1, 112, 112, 32}, {16, 32, 1, 1}, {1, 1}, {}, 1, ""},
    {"efficientnet 112 16-96 1x1", "conv", {1, 112, 112, 16}, {96, 16, 1, 1}, {1, 1}, {}, 1, "silu"},
    {"efficientnet 14 112-672 1x1", "conv", {1, 14, 14, 112}, {672, 112, 1, 1}, {1, 1}, {}, 1, "silu"},
    {"shufflenet 28 58-58 1x1", "conv", {1, 28, 28, 58}, {58, 58, 1, 1}, {1, 1}, {}},
    {"shufflenet 28 58 3x3", "conv", {1, 28, 28, 58}, {58, 1, 3, 3}, {1, 1}, {1, 1, 1, 1}, 58, ""},
    {"yolox 208 16-32 3x3 s2", "conv", {1, 208, 208, 16}, {32, 16, 3, 3}, {2, 2}, {1, 1, 1, 1}, 1, "silu"},
    {"yolox 52 64-64 1x1", "conv", {1, 52, 52, 64}, {64, 64, 1, 1}, {1, 1}, {}, 1, "silu"},
    {"yolov8n 160 32-32 1x1", "conv", {1, 160, 160, 32}, {32, 32, 1, 1}, {1, 1}, {}, 1, "silu"},
    {"transpose 40 64-64 2x2 s2", "conv_transpose", {1, 40, 40, 64}, {64, 64, 2, 2}, {2, 2}, {}, 1, ""},
    {"transpose 30 128-64 4x4 s2", "conv_transpose", {1, 30, 30, 128}, {128, 64, 4, 4}, {2, 2}, {1, 1, 1, 1}},
    {"classifier 2048-1000", "gemm", {1, 2048}, {1000, 2048}, {}, {}, 1, ""},
    {"vgg classifier 25088-4096", "gemm", {1, 25088}, {4096, 25088}, {}, {}},
    {"vit 197 192-768", "matmul", {1, 197, 192}, {192, 768}, {}, {}, 1, "gelu"},
    {"vit 197 768-192", "matmul", {1, 197, 768}, {768, 192}, {}, {}, 1, ""},
    {"convnext 3136 96-384", "matmul", {1, 56, 56, 96}, {96, 384}, {}, {}, 1, "gelu"},
    {"convnext 3136 384-96", "matmul", {1, 56, 56, 384}, {384, 96}, {}, {}, 1, ""},
    {"convnext 49 768-3072", "matmul", {1, 7, 7, 768}, {768, 3072}, {}, {}, 1, "gelu"},
    {"attention scores 3x197x64", "matmul", {1, 3, 197, 64}, {1, 3, 64, 197}, {}, {}, 1, "", false},
    {"attention values 3x197", "matmul", {1, 3, 197, 197}, {1, 3, 197, 64}, {}, {}, 1, "", false},
    {"square 512", "matmul", {512, 512}, {512, 512}, {}, {}, 1, ""},
    {"square 1024", "matmul", {1024, 1024}, {1024, 1024}, {}, {}, 1, ""},
};

graph::ConstantPtr noise(const Dims& dims) {
  graph::MutableConstant c = graph::new_constant(DataType::float32, dims);
  std::uint32_t state = 99;
  for (std::int64_t i = 0; i < c.constant->count(); ++i) {
    state = state * 1664525u + 1013904223u;
    c.as<float>()[i] = static_cast<float>(state >> 8) / (1 << 23) - 1.0f;
  }
  return c.constant;
}

bool available(graph::Isa isa) { return graph::runs_on(isa, base::cpu_features()); }

/// One tactic, ready to run again and again on its own buffers.
struct Candidate {
  const graph::Tactic* tactic;
  graph::Launch launch;
  std::shared_ptr<std::byte> scratch, workspace;
  double best = 1e300, predicted = 0;
};

double run(Candidate& c, const std::vector<const void*>& inputs, std::vector<void*>& outputs) {
  const auto start = Clock::now();
  for (const graph::Phase& phase : device::cpu_launch(c.launch).phases)
    for (std::int64_t t = 0; t < phase.tiles; ++t)
      phase.run({device::cpu_launch(c.launch).state.get(), inputs.data(), outputs.data(), c.scratch.get(),
                 c.workspace.get(), t});
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// GFLOP/s of the fastest microkernel on data in the first-level cache, all zero.
double micro_peak(const ops::KernelSet& set) {
  constexpr std::int64_t kDepth = 96;
  auto a = base::allocate_aligned(64 << 10), b = base::allocate_aligned(64 << 10), y = base::allocate_aligned(64 << 10);
  const std::int64_t tap = 0;
  double best = 0;
  for (int n = 1; n <= ops::kMaxVectors; ++n) {
    const int m = set.max_rows[n];
    if (m == 0) continue;
    ops::MicrokernelArgs args;
    args.a = reinterpret_cast<float*>(a.get());
    args.a_stride = kDepth + 16;
    args.taps = &tap;
    args.depth = kDepth;
    args.b = reinterpret_cast<float*>(b.get());
    args.c = reinterpret_cast<float*>(y.get());
    args.c_stride = 64;
    args.tail = set.width;
    if (set.configure) set.configure(m, kDepth);
    for (int round = 0; round < 20; ++round) {
      const auto start = Clock::now();
      for (int i = 0; i < 200; ++i) set.micro[n][m](args);
      const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
      best = std::max(best, 200 * 2.0 * m * n * set.width * kDepth * set.values / seconds);
    }
  }
  if (set.release) set.release();
  return best * 1e-9;
}

void bench(const Shape& shape, int workers, double peak) {
  graph::Graph graph;
  graph::Attributes attributes;
  const std::string op_name = shape.op;
  const bool conv = op_name == "conv" || op_name == "conv_transpose";
  if (conv) {
    attributes.set("layout", std::string("nhwc"));
    attributes.set("strides", shape.strides);
    if (!shape.pads.empty()) attributes.set("pads", shape.pads);
    attributes.set("group", shape.group);
  }
  if (op_name == "gemm") attributes.set("transB", std::int64_t{1});
  attributes.set("activation", std::string(shape.activation));
  if (!std::strcmp(shape.activation, "clip")) {
    attributes.set(conv ? "alpha" : "activation_alpha", 0.0);
    attributes.set(conv ? "beta" : "activation_beta", 6.0);
  }
  const graph::Operator& op = *ops::find_operator(shape.op);
  const auto x = graph.add_input("x", DataType::float32, shape.x);
  const auto w =
      shape.constant ? graph.add_constant("w", noise(shape.w)) : graph.add_input("w", DataType::float32, shape.w);
  std::vector<graph::TensorId> inputs{x, w};
  const std::int64_t cout = op_name == "conv" || op_name == "gemm" ? shape.w[0]
                            : op_name == "matmul"                  ? shape.w.back()
                                                                   : shape.w[1] * shape.group;
  if (shape.constant) inputs.push_back(graph.add_constant("b", noise({cout})));
  const graph::Layer& layer = graph.layer(graph.add_layer(op, "layer", inputs, attributes));
  graph::Problem problem{.op = &op, .attributes = &layer.attributes, .workers = workers};
  std::vector<graph::ConstantPtr> data;
  std::vector<const void*> pointers;
  for (const graph::TensorId id : inputs) {
    const graph::Tensor& t = graph.tensor(id);
    problem.inputs.push_back({t.dtype, t.dims, t.dims.empty() ? 1 : t.dims.back(), t.constant});
    data.push_back(t.constant ? t.constant : noise(t.dims));
    pointers.push_back(data.back()->data.get());
  }
  const graph::Tensor& output = graph.tensor(layer.outputs[0]);
  problem.outputs.push_back({output.dtype, output.dims, output.dims.back(), nullptr});
  auto y = base::allocate_aligned(static_cast<std::size_t>(element_count(output.dims)) * 4);
  std::vector<void*> outputs{y.get()};

  std::vector<Candidate> candidates;
  for (const graph::Tactic& tactic : op.tactics()) {
    if (tactic.device != "cpu" || !available(tactic.isa) || tactic.isa == graph::Isa::scalar) continue;
    if (tactic.refuse && !tactic.refuse(problem).empty()) continue;
    Candidate c{.tactic = &tactic, .launch = tactic.prepare(problem)};
    c.scratch = base::allocate_aligned(device::cpu_launch(c.launch).scratch_bytes + 64);
    c.workspace = base::allocate_aligned(c.launch->workspace_bytes + 64);
    if (tactic.predict) c.predicted = tactic.predict(problem);
    candidates.push_back(std::move(c));
  }
  for (int round = 0; round < 12; ++round)
    for (Candidate& c : candidates) {
      const double once = round == 0 ? run(c, pointers, outputs) : c.best;
      const int repeats = std::clamp(static_cast<int>(0.002 / once), 1, 200);
      double total = 0;
      for (int i = 0; i < repeats; ++i) total += run(c, pointers, outputs);
      c.best = std::min(c.best, total / repeats);
      if (round > 3 && total > 0.15) round = 12;
    }
  const double flops = op.flops(problem);
  for (const Candidate& c : candidates) {
    std::int64_t tiles = 0;
    for (const graph::Phase& phase : device::cpu_launch(c.launch).phases) tiles += phase.tiles;
    std::printf("%-28s %-30s %9.1f us %7.1f GFLOP/s %4.0f%%  %5lld tiles  predicted %9.1f us\n", shape.name,
                std::string(c.tactic->name).c_str(), c.best * 1e6, flops / c.best * 1e-9, flops / c.best * 1e-7 / peak,
                static_cast<long long>(tiles), c.predicted * 1e6);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** words) {
  std::vector<std::string> filters;
  int workers = 1;
  for (int i = 1; i < count; ++i) {
    if (!std::strcmp(words[i], "--workers") && i + 1 < count) workers = std::atoi(words[++i]);
    else filters.emplace_back(words[i]);
  }
  double peak = micro_peak(ops::kernel_set_portable());
#if defined(__x86_64__)
  if (base::cpu_features().avx2) peak = std::max(peak, micro_peak(ops::kernel_set_avx2()));
  if (base::cpu_features().avx512) peak = std::max(peak, micro_peak(ops::kernel_set_avx512()));
#endif
  std::printf("%s, peak of the microkernels on one core: %.0f GFLOP/s\n", base::cpu_name().c_str(), peak);
#if defined(__x86_64__)
  if (base::cpu_features().avx512_bf16)
    std::printf("with products of bfloat16: %.0f GFLOP/s\n", micro_peak(ops::kernel_set_avx512_bf16()));
  if (base::cpu_features().amx_bf16)
    std::printf("with tiles of bfloat16: %.0f GFLOP/s\n", micro_peak(ops::kernel_set_amx_bf16()));
#endif
  for (const Shape& shape : kShapes) {
    const std::string line = std::string(shape.op) + " " + shape.name;
    bool wanted = true;
    for (const std::string& filter : filters) wanted = wanted && line.find(filter) != std::string::npos;
    if (wanted) bench(shape, workers, peak);
  }
  return 0;
}
