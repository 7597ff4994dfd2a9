// Engines on the first OpenCL device: results, mixed programs, streams, contexts, plans, timings. Kernel by kernel they
// are tested in tests/ops/opencl_kernels_test.cpp.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <set>
#include <thread>

#include "engine/api/compare.h"
#include "engine/api/log.h"
#include "engine/compile/tactic_sources.h"
#include "engine/device/opencl/launch.h"
#include "engine/plan/plan_state.h"
#include "engine/plan/timing_cache.h"
#include "tests/passes/check.h"
#include "tests/runtime/networks.h"
#include "tests/support/opencl_here.h"

namespace vireo {
namespace {

namespace fs = std::filesystem;
class Opencl : public testing::WithOpencl {};
using testing_networks::branches;
using testing_networks::ramp;

constexpr std::size_t kIn = 3 * 16 * 16;
const Device kOpencl{"opencl:0"};
constexpr double kFloat = 1e-4, kHalf = 1e-2;  // relative L2 against the CPU

double relative_l2(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size() || a.empty()) return INFINITY;
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    error += std::pow(static_cast<double>(a[i]) - b[i], 2);
    norm += std::pow(b[i], 2);
  }
  return std::sqrt(error / norm);
}

BuildOptions quick(Precision precision = Precision::fp32, std::vector<std::string> devices = {"opencl:0"}) {
  BuildOptions options;
  options.devices = std::move(devices);
  options.precision = precision;
  options.budget_s = 0;
  options.threads = 2;
  return options;
}

std::shared_ptr<Engine> on_opencl(const Network& network, Precision precision = Precision::fp32) {
  return Engine::load(build(network, quick(precision)), kOpencl, {.threads = 2});
}

Network parsed(const std::string& text) { return Network(std::make_unique<graph::Graph>(passes_testing::parse(text))); }

/// x [1,3,16,16] through convolutions (dense, depthwise, 1x1), a residual, pooling, matrix products, parts of a tensor.
Network varied() {
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

std::vector<float> run(Engine& engine, const std::vector<float>& x) {
  const auto context = engine.create_context();
  const Buffer in = context->allocate("x"), out = context->allocate("y");
  if (in.bytes() != x.size() * sizeof(float)) return {};
  in.write(x.data(), in.bytes());
  if (const Status status = context->run(); !status.ok()) return {};
  std::vector<float> y(out.bytes() / sizeof(float));
  out.read(y.data(), out.bytes());
  return y;
}

std::vector<float> on_cpu(const Network& network, const std::vector<float>& x) {
  return run(*Engine::load(build(network, quick(Precision::fp32, {"cpu"})), {}, {.threads = 2}), x);
}

std::set<std::string> devices_of(Engine& engine) {
  std::set<std::string> names;
  for (const LayerReport& layer : engine.report()) names.insert(layer.device);
  return names;
}

TEST_F(Opencl, agrees_with_the_cpu_in_float32_and_in_float16) {
  const auto x = ramp(kIn, 0.01f);
  for (const Network& network : {branches(1), varied()}) {
    const auto wanted = on_cpu(network, x);
    const auto precise = on_opencl(network), rounded = on_opencl(network, Precision::fp16);
    EXPECT_EQ(devices_of(*precise), std::set<std::string>{"opencl:0"});
    const auto a = run(*precise, x), b = run(*rounded, x);
    EXPECT_LT(relative_l2(a, wanted), kFloat);
    EXPECT_LT(relative_l2(b, wanted), kHalf);
    EXPECT_NE(a, b) << "float16 rounds";
    int half = 0;
    for (const LayerReport& layer : rounded->report()) half += layer.outputs.find("float16") != std::string::npos;
    EXPECT_GT(half, 2);
    for (const TensorInfo& output : rounded->outputs()) EXPECT_EQ(output.dtype, DataType::float32);
  }
}

TEST_F(Opencl, every_tensor_agrees_with_the_imported_network) {
  for (const Precision precision : {Precision::fp32, Precision::fp16}) {
    int compared = 0;
    for (const LayerError& row : compare(varied(), quick(precision), {})) {
      EXPECT_LT(row.relative_l2, precision == Precision::fp32 ? kFloat : kHalf) << row.op << " " << row.layer;
      EXPECT_LT(row.own_l2, precision == Precision::fp32 ? kFloat : kHalf) << row.op << " " << row.layer;
      compared += row.relative_l2 >= 0;
    }
    EXPECT_GT(compared, 6) << to_string(precision);
  }
}

TEST_F(Opencl, layers_that_it_has_no_kernel_for_run_on_the_cpu_between) {
  const Network network = parsed(R"(
graph "mixed"
input "x" float32 1x3x16x16
const "w1" float32 8x3x3x3 @1
const "w2" float32 4x8x1x1 @2
"c1" = conv("x", "w1") {pads=[1, 1, 1, 1]} "first"
"wide" = cast("c1") {to="float64"} "widen"
"root" = unary("wide") {function="tanh"} "between"
"narrow" = cast("root") {to="float32"} "narrow"
"y" = conv("narrow", "w2") "last"
output "y" "y"
)");
  const auto x = ramp(kIn, 0.01f);
  const auto engine = on_opencl(network);
  std::map<std::string, std::string> device;
  for (const LayerReport& layer : engine->report()) {
    device[layer.name] = layer.device;
    if (layer.name == "between") {
      ASSERT_FALSE(layer.refused.empty());
      EXPECT_NE(layer.refused.back().find("opencl:0: "), std::string::npos) << layer.refused.back();
    }
  }
  EXPECT_EQ(device["first"], "opencl:0");
  EXPECT_EQ(device["between"], "cpu");
  EXPECT_EQ(device["last"], "opencl:0");
  const auto wanted = on_cpu(network, x);
  EXPECT_LT(relative_l2(run(*engine, x), wanted), kFloat);
  EXPECT_LT(relative_l2(run(*on_opencl(network, Precision::fp16), x), wanted), kHalf);
  for (const LayerError& row : compare(network, quick(), {})) EXPECT_LT(row.relative_l2, kFloat) << row.layer;
}

TEST_F(Opencl, parts_whose_shapes_depend_on_data_run_on_the_cpu) {
  const Network network = parsed(R"(
graph "g"
input "x" float32 16
"r" = unary("x") {function="relu"} "relu"
"n" = non_zero("r") "n"
output "n" "n"
)");
  const auto context = on_opencl(network)->create_context();
  const Buffer in = context->allocate("x");
  for (const int step : {4, 2, 5}) {
    for (int i = 0; i < 16; ++i) in.as<float>()[i] = i % step == 1 ? 1.0f : -1.0f;
    ASSERT_TRUE(context->run().ok());
    const std::int64_t found = (16 - 2) / step + 1;
    ASSERT_EQ(context->shape("n"), (Dims{1, found}));
    EXPECT_EQ(context->result("n").as<std::int64_t>()[found - 1], (found - 1) * step + 1);
  }
}

TEST_F(Opencl, memory_of_any_kind_may_be_bound) {
  const auto engine = on_opencl(branches(1));
  const auto context = engine->create_context();
  const auto x = ramp(kIn, 0.1f), wanted = on_cpu(branches(1), x);
  for (const MemoryKind of_input : {MemoryKind::host, MemoryKind::pinned, MemoryKind::device})
    for (const MemoryKind of_output : {MemoryKind::host, MemoryKind::pinned, MemoryKind::device}) {
      const auto make = [](MemoryKind kind, std::size_t bytes) {
        return kind == MemoryKind::host ? Buffer::host(bytes) : Buffer::on(kOpencl, kind, bytes);
      };
      const Buffer in = make(of_input, kIn * 4), out = make(of_output, wanted.size() * 4);
      in.write(x.data(), kIn * 4);
      context->bind("x", in);
      context->bind("y", out);
      ASSERT_TRUE(context->run().ok());
      std::vector<float> got(wanted.size());
      out.read(got.data(), got.size() * 4);
      EXPECT_LT(relative_l2(got, wanted), kFloat);
    }
}

TEST_F(Opencl, streams_keep_their_order_and_a_context_runs_once_at_a_time) {
  const auto engine = on_opencl(branches(1));
  const auto context = engine->create_context();
  Stream first = engine->create_stream(), second = engine->create_stream();
  const auto x = ramp(kIn, 0.1f), wanted = on_cpu(branches(1), x);
  const Buffer in = Buffer::host(kIn * 4);
  in.write(x.data(), kIn * 4);
  context->bind("x", in);
  std::vector<Buffer> outs;
  for (int i = 0; i < 40; ++i) {
    outs.push_back(Buffer::host(wanted.size() * 4));
    context->bind("y", outs.back());
    ASSERT_TRUE(context->enqueue(i % 3 ? first : second).ok());
  }
  const Event event = first.record();
  EXPECT_TRUE(event.wait().ok());
  EXPECT_TRUE(event.done());
  EXPECT_TRUE(second.synchronize().ok());
  EXPECT_TRUE(first.synchronize().ok());
  for (const Buffer& out : outs)
    EXPECT_LT(relative_l2({out.as<float>(), out.as<float>() + wanted.size()}, wanted), kFloat);
}

TEST_F(Opencl, an_error_of_a_run_is_told_and_the_next_run_is_right) {
  const auto engine = on_opencl(parsed(R"(
graph "g"
input "x" float32 6
input "shape" int64 2
"r" = unary("x") {function="neg"} "r"
"y" = reshape("r", "shape") "the reshape"
output "y" "y"
)"));
  const auto context = engine->create_context();
  const Buffer x = context->allocate("x"), shape = context->allocate("shape");
  for (int i = 0; i < 6; ++i) x.as<float>()[i] = static_cast<float>(i);
  Stream stream = engine->create_stream();
  const auto enqueue = [&](std::int64_t rows, std::int64_t columns) {
    shape.as<std::int64_t>()[0] = rows;
    shape.as<std::int64_t>()[1] = columns;
    EXPECT_TRUE(context->enqueue(stream).ok());
    return stream.synchronize();
  };
  const LogLevel level = log_level();
  set_log_level(LogLevel::off);
  EXPECT_EQ(enqueue(4, 5).code(), ErrorCode::invalid_model);
  set_log_level(level);
  EXPECT_TRUE(enqueue(2, 3).ok());
  EXPECT_EQ(context->shape("y"), (Dims{2, 3}));
  EXPECT_EQ(context->result("y").as<float>()[5], -5.0f);
}

TEST_F(Opencl, contexts_of_several_threads_share_an_engine) {
  const auto engine = on_opencl(varied());
  std::atomic<int> right{0};
  std::vector<std::vector<float>> inputs, wanted;
  for (int i = 0; i < 4; ++i) {
    inputs.push_back(ramp(kIn, 0.002f * static_cast<float>(i + 1)));
    wanted.push_back(on_cpu(varied(), inputs.back()));
  }
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      const auto context = engine->create_context();
      Stream stream = engine->create_stream();
      const Buffer in = context->allocate("x"), out = context->allocate("y"), z = context->allocate("z");
      in.write(inputs[i].data(), in.bytes());
      for (int round = 0; round < 10; ++round) {
        std::fill_n(out.as<float>(), out.bytes() / 4, 0.0f);
        if (!context->enqueue(stream).ok() || !stream.synchronize().ok()) continue;
        right += relative_l2({out.as<float>(), out.as<float>() + out.bytes() / 4}, wanted[i]) < kFloat;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 40);
}

TEST_F(Opencl, profiles_tell_the_time_of_each_step) {
  const auto context = on_opencl(branches(1))->create_context({.profile = true});
  (void)context->allocate("x");
  (void)context->allocate("y");
  ASSERT_TRUE(context->run().ok());
  const auto rows = context->profile();
  ASSERT_GT(rows.size(), 1u);
  for (const LayerTime& row : rows) EXPECT_GT(row.seconds, 0) << row.layer;
}

TEST_F(Opencl, open_shapes_are_compiled_as_they_come) {
  const auto engine = on_opencl(branches(kUnknown));
  for (const std::int64_t batch : {1, 3, 2, 1}) {
    const auto x = ramp(kIn * static_cast<std::size_t>(batch), 0.1f);
    const auto cpu = Engine::load(build(branches(kUnknown), quick(Precision::fp32, {"cpu"})), {}, {.threads = 2});
    EXPECT_LT(relative_l2(testing_networks::run(*engine, x, batch), testing_networks::run(*cpu, x, batch)), kFloat);
  }
}

class OpenclPlans : public Opencl {
 protected:
  OpenclPlans() : path_(fs::temp_directory_path() / ("vireo_opencl_" + std::to_string(::getpid()))) {}
  ~OpenclPlans() override { fs::remove(path_); }
  fs::path path_;
};

TEST_F(OpenclPlans, hold_a_section_for_each_device_that_is_found_by_its_fingerprint) {
  build(varied(), quick(Precision::fp16, {"cpu", "opencl:0"})).save(path_);
  const Plan plan = Plan::load(path_);
  ASSERT_EQ(plan.sections().size(), 2u);
  EXPECT_EQ(plan.sections()[0].device, "cpu");
  EXPECT_EQ(plan.sections()[0].precision, Precision::fp32) << "float16 is not for the CPU";
  EXPECT_EQ(plan.sections()[1].device, "opencl:0");
  EXPECT_EQ(plan.sections()[1].precision, Precision::fp16);
  EXPECT_EQ(plan.sections()[1].fingerprint, device::open("opencl:0")->target().fingerprint);
  const auto x = ramp(kIn, 0.01f), wanted = on_cpu(varied(), x);
  const auto precise = run(*on_opencl(varied()), x);
  EXPECT_LT(relative_l2(run(*Engine::load(plan, {}, {.threads = 2}), x), wanted), 1e-5);
  const auto rounded = run(*Engine::load(plan, kOpencl, {.threads = 2}), x);
  EXPECT_LT(relative_l2(rounded, wanted), kHalf);
  EXPECT_NE(rounded, precise);
  // Built for another device of the kind: what it chose does not hold here.
  Plan::State state = plan.state();
  state.sections[1].fingerprint = "opencl another device";
  EXPECT_EQ(run(*Engine::load(Plan(plan::finish(std::move(state))), kOpencl, {.threads = 2}), x), precise);
}

TEST_F(OpenclPlans, take_timings_of_this_device_from_the_cache) {
  BuildOptions options = quick();
  options.budget_s = 1;
  options.timing_cache = path_;
  const Plan plan = build(branches(1), options);
  EXPECT_GT(plan.sections()[0].tactics, 0u);
  const std::string fingerprint = device::open("opencl:0")->target().fingerprint;
  const TimingCache cache = TimingCache::load(path_);
  EXPECT_EQ(cache.devices(), std::vector<std::string>{fingerprint});
  int tuned = 0;
  for (const LayerReport& layer : Engine::load(plan, kOpencl, {.threads = 2})->report()) tuned += layer.tuned_ms > 0;
  EXPECT_GT(tuned, 0);
  options.budget_s = 0;
  const Plan again = build(branches(1), options);
  EXPECT_EQ(again.sections()[0].tactics, plan.sections()[0].tactics);
  const auto x = ramp(kIn, 0.1f);
  EXPECT_LT(relative_l2(run(*Engine::load(again, kOpencl, {.threads = 2}), x), on_cpu(branches(1), x)), kFloat);
}

/// A tactic for `unary` on OpenCL devices whose kernel is no OpenCL C.
class Broken final : public compile::TacticSource {
 public:
  [[nodiscard]] std::span<const graph::Tactic> tactics(const graph::Operator& op) const override {
    static const graph::Tactic broken[] = {{.name = "broken_opencl",
                                            .refuse = [](const graph::Problem&) { return std::string(); },
                                            .prepare = prepare,
                                            .device = "opencl"}};
    if (op.name != "unary") return {};
    return broken;
  }

 private:
  static graph::Launch prepare(const graph::Problem&) {
    device::OpenclLaunch launch;
    device::OpenclKernel kernel;
    kernel.source = "kernel void f(global float* y) { y[0] = no_such_function_anywhere(1); }";
    kernel.entry = "f";
    launch.kernels.push_back(std::move(kernel));
    return launch;
  }
};

TEST_F(Opencl, a_kernel_that_does_not_compile_is_told_with_the_compilers_words_and_loses_where_timed) {
  const auto source = std::make_shared<Broken>();
  compile::add_tactic_source(source);
  Network network = parsed(R"(
graph "g"
input "x" float32 1x3x16x16
"y" = unary("x") {function="relu"} "relu"
output "y" "y"
)");
  try {
    (void)on_opencl(network)->create_context()->allocate("x");
    ADD_FAILURE() << "it compiled";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
    EXPECT_NE(std::string(error.what()).find("no_such_function_anywhere"), std::string::npos) << error.what();
  }
  const LogLevel level = log_level();
  set_log_level(LogLevel::off);
  BuildOptions options = quick();
  options.budget_s = 1;
  const auto engine = Engine::load(build(network, options), kOpencl, {.threads = 2});
  set_log_level(level);
  EXPECT_EQ(engine->report().front().tactic.find("broken"), std::string::npos);
  const auto x = ramp(kIn, 0.1f);
  EXPECT_EQ(run(*engine, x), on_cpu(network, x));
  compile::remove_tactic_source(*source);
}

TEST_F(Opencl, float16_where_only_the_cpu_would_run_is_refused) {
  EXPECT_THROW((void)build(branches(1), quick(Precision::fp16, {"cpu"})), Error);
  EXPECT_THROW((void)build(branches(1), quick(Precision::int8)), Error);
}

}  // namespace
}  // namespace vireo
