// Engines on the first OpenCL device: results, mixed programs, streams, contexts. Kernel by kernel they are tested in
// tests/ops/opencl_kernels_test.cpp.

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "engine/api/compare.h"
#include "engine/api/log.h"
#include "tests/runtime/opencl_networks.h"

namespace vireo {
namespace {

using namespace testing_networks;
class Opencl : public testing::WithOpencl {};

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

TEST_F(Opencl, parts_on_the_cpu_read_what_is_bound_to_memory_of_the_device) {
  const Network network = parsed(R"(
graph "g"
input "x" float32 16
"r" = unary("x") {function="relu"} "relu"
"n" = non_zero("r") "n"
"m" = non_zero("x") "m"
output "r" "r"
output "n" "n"
output "m" "m"
)");
  const auto context = on_opencl(network)->create_context();
  const Buffer x = Buffer::on(kOpencl, MemoryKind::device, 64), r = Buffer::on(kOpencl, MemoryKind::device, 64);
  context->bind("x", x);
  context->bind("r", r);
  for (const int step : {4, 2, 5}) {
    std::vector<float> values(16), got(16);
    for (int i = 0; i < 16; ++i) values[static_cast<std::size_t>(i)] = i % step == 1 ? 1.0f : -1.0f;
    x.write(values.data(), 64);
    ASSERT_TRUE(context->run().ok());
    const std::int64_t found = (16 - 2) / step + 1;
    ASSERT_EQ(context->shape("n"), (Dims{1, found}));
    EXPECT_EQ(context->result("n").as<std::int64_t>()[found - 1], (found - 1) * step + 1);
    EXPECT_EQ(context->shape("m"), (Dims{1, 16}));
    r.read(got.data(), 64);
    for (float& value : values) value = std::max(value, 0.0f);
    EXPECT_EQ(got, values);
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

TEST_F(Opencl, an_index_beyond_its_axis_fails_the_run_and_the_next_run_is_right) {
  const auto engine = on_opencl(parsed(R"(
graph "g"
input "x" float32 5x2
input "at" int64 3
input "put" int64 2x1
input "new" float32 2x2
"r" = unary("x") {function="neg"} "r"
"y" = gather("r", "at") {axis=0} "the gather"
"z" = scatter_nd("r", "put", "new") "the scatter"
output "y" "y"
output "z" "z"
)"));
  const auto context = engine->create_context();
  const Buffer x = context->allocate("x"), at = context->allocate("at"), put = context->allocate("put"),
               fresh = context->allocate("new"), y = context->allocate("y"), z = context->allocate("z");
  for (int i = 0; i < 10; ++i) x.as<float>()[i] = static_cast<float>(i);
  for (int i = 0; i < 4; ++i) fresh.as<float>()[i] = 100.0f + static_cast<float>(i);
  Stream stream = engine->create_stream();
  const auto enqueue = [&](std::int64_t read, std::int64_t written) {
    at.as<std::int64_t>()[0] = 0;
    at.as<std::int64_t>()[1] = read;
    at.as<std::int64_t>()[2] = -5;
    put.as<std::int64_t>()[0] = 1;
    put.as<std::int64_t>()[1] = written;
    EXPECT_TRUE(context->enqueue(stream).ok());
    return stream.synchronize();
  };
  const LogLevel level = log_level();
  set_log_level(LogLevel::off);
  for (const std::int64_t wrong : {std::int64_t{5}, std::int64_t{-6}, std::int64_t{1} << 40}) {
    EXPECT_EQ(enqueue(wrong, 0).code(), ErrorCode::invalid_argument);
    EXPECT_EQ(enqueue(2, wrong).code(), ErrorCode::invalid_argument);
    EXPECT_TRUE(enqueue(4, -2).ok());
    EXPECT_EQ((std::vector<float>{y.as<float>(), y.as<float>() + 6}), (std::vector<float>{0, -1, -8, -9, 0, -1}));
    EXPECT_EQ((std::vector<float>{z.as<float>(), z.as<float>() + 10}),
              (std::vector<float>{0, -1, 100, 101, -4, -5, 102, 103, -8, -9}));
  }
  set_log_level(level);
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
        std::vector<float> got(out.as<float>(), out.as<float>() + out.bytes() / 4);
        got.insert(got.end(), z.as<float>(), z.as<float>() + z.bytes() / 4);
        right += relative_l2(got, wanted[i]) < kFloat;
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

TEST_F(Opencl, float16_where_only_the_cpu_would_run_is_refused) {
  EXPECT_THROW((void)build(branches(1), quick(Precision::fp16, {"cpu"})), Error);
  EXPECT_THROW((void)build(branches(1), quick(Precision::int8)), Error);
}

}  // namespace
}  // namespace vireo
