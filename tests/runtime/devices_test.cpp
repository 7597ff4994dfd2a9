// Engines on a device that has its own memory and few kernels: the contract that every backend keeps.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "engine/device/device.h"
#include "tests/passes/check.h"
#include "tests/runtime/networks.h"
#include "tests/support/remote_device.h"

namespace vireo {
namespace {

using testing::RemoteDevices;

constexpr std::size_t kIn = 3 * 16 * 16;
const Device kRemote{"remote:0"};

std::vector<float> on_cpu(const std::vector<float>& x) {
  return testing_networks::run(*Engine::load(testing_networks::quick_plan(testing_networks::branches(1))), x, 1);
}

std::shared_ptr<Engine> remote_engine(const Network& network) {
  return Engine::load(testing_networks::quick_plan(network), kRemote, {.threads = 2});
}

TEST(Devices, run_what_they_have_kernels_for_and_the_cpu_the_rest) {
  const auto x = testing_networks::ramp(kIn, 0.1f);
  const auto wanted = on_cpu(x);
  for (const std::set<std::string>& operators :
       {std::set<std::string>{}, {"conv"}, {"conv", "concat", "transpose"}, {"unary", "transpose", "concat"}}) {
    RemoteDevices devices(operators);
    const auto engine = remote_engine(testing_networks::branches(1));
    int remote = 0, cpu = 0;
    for (const LayerReport& layer : engine->report()) {
      remote += layer.device == "remote:0";
      cpu += layer.device == "cpu";
      if (layer.device == "cpu" && !layer.refused.empty())
        EXPECT_NE(layer.refused.back().find("remote"), std::string::npos) << layer.refused.back();
    }
    EXPECT_EQ(remote > 0, !operators.empty());
    EXPECT_EQ(devices.kernels, 0);
    const auto got = testing_networks::run(*engine, x, 1);
    ASSERT_EQ(got.size(), wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], wanted[i], 1e-4) << i;
    EXPECT_EQ(devices.kernels > 0, !operators.empty());
    if (remote > 0 && cpu > 0) EXPECT_GT(devices.copies, 0);
  }
}

TEST(Devices, have_buffers_that_the_host_does_not_see) {
  RemoteDevices devices({"conv", "concat", "unary", "transpose"});
  const auto x = testing_networks::ramp(kIn, 0.1f);
  const auto wanted = on_cpu(x);
  const auto engine = remote_engine(testing_networks::branches(1));
  const auto context = engine->create_context();
  for (const MemoryKind kind : {MemoryKind::device, MemoryKind::pinned}) {
    const Buffer in = Buffer::on(kRemote, kind, kIn * 4), out = Buffer::on(kRemote, kind, wanted.size() * 4);
    EXPECT_EQ(in.data() == nullptr, kind == MemoryKind::device);
    EXPECT_EQ(in.kind(), kind);
    in.write(x.data(), kIn * 4);
    EXPECT_THROW(in.write(x.data(), kIn * 4, 4), Error);
    context->bind("x", in);
    context->bind("y", out);
    ASSERT_TRUE(context->run().ok());
    std::vector<float> got(wanted.size());
    out.read(got.data(), got.size() * 4);
    for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], wanted[i], 1e-4) << i;
  }
  const Buffer hidden = Buffer::on(kRemote, MemoryKind::device, kIn * 4);
  const auto other = Engine::load(testing_networks::quick_plan(testing_networks::branches(1)))->create_context();
  try {
    other->bind("x", hidden);
    ADD_FAILURE() << "the CPU took memory that it can't see";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("remote:0"), std::string::npos) << error.what();
  }
}

TEST(Devices, have_queues_that_run_side_by_side) {
  RemoteDevices devices({"unary"});
  Network n;
  const auto x = n.add_input("x", DataType::float32, {8});
  n.mark_output(n.add_layer("unary", {x}, {{"function", std::string("relu")}}, "relu")[0], "y");
  std::mutex mutex;
  std::condition_variable met;
  int inside = 0;
  std::atomic<bool> both{true};
  devices.on_kernel = [&](const std::string&) {  // neither gets on without the other
    std::unique_lock lock(mutex);
    ++inside;
    met.notify_all();
    if (!met.wait_for(lock, std::chrono::seconds(20), [&] { return inside >= 2; })) both = false;
  };
  const auto engine = remote_engine(n);
  const auto a = engine->create_context(), b = engine->create_context();
  Stream first = engine->create_stream(), second = engine->create_stream();
  for (const auto& context : {a.get(), b.get()}) {
    (void)context->allocate("x");
    (void)context->allocate("y");
  }
  ASSERT_TRUE(a->enqueue(first).ok());
  ASSERT_TRUE(b->enqueue(second).ok());
  EXPECT_TRUE(first.synchronize().ok());
  EXPECT_TRUE(second.synchronize().ok());
  EXPECT_TRUE(both);
}

TEST(Devices, keep_the_order_of_a_stream_and_one_run_of_a_context_at_a_time) {
  RemoteDevices devices({"conv", "unary"});
  const auto engine = remote_engine(testing_networks::branches(1));
  const auto context = engine->create_context();
  Stream first = engine->create_stream(), second = engine->create_stream();
  const auto x = testing_networks::ramp(kIn, 0.1f);
  const auto wanted = on_cpu(x);
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
    for (std::size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(out.as<float>()[i], wanted[i], 1e-4) << i;
}

TEST(Devices, hand_data_dependent_parts_to_the_cpu) {
  RemoteDevices devices({"unary"});
  Network n;
  const auto x = n.add_input("x", DataType::float32, {16});
  const auto active = n.add_layer("unary", {x}, {{"function", std::string("relu")}}, "relu")[0];
  n.mark_output(n.add_layer("non_zero", {active}, {}, "nonzero")[0], "y");
  const auto context = remote_engine(n)->create_context();
  const Buffer in = context->allocate("x");
  for (int i = 0; i < 16; ++i) in.as<float>()[i] = i % 4 == 1 ? 1.0f : -1.0f;
  ASSERT_TRUE(context->run().ok());
  EXPECT_EQ(context->shape("y"), (Dims{1, 4}));
  EXPECT_EQ(context->result("y").as<std::int64_t>()[3], 13);
  EXPECT_GT(devices.kernels, 0);
}

TEST(Devices, copy_what_a_reshape_of_parts_can_not_be_a_view_of) {
  RemoteDevices devices({"unary", "split"});
  const Network network(std::make_unique<graph::Graph>(passes_testing::parse(R"(
graph "g"
input "x" float32 1x4x4x12
const "parts" int64 2 = 5 7
const "flat" int64 2 = -1 5
const "flat_too" int64 2 = -1 7
"r" = unary("x") {function="neg"} "r"
"a", "b" = split("r", "parts") {axis=-1} "split"
"y" = reshape("a", "flat") "ya"
"z" = reshape("b", "flat_too") "zb"
output "y" "y"
output "z" "z"
)")));
  const auto context = remote_engine(network)->create_context();
  const Buffer x = context->allocate("x"), y = context->allocate("y"), z = context->allocate("z");
  for (int i = 0; i < 192; ++i) x.as<float>()[i] = static_cast<float>(i);
  ASSERT_TRUE(context->run().ok());
  EXPECT_GT(devices.kernels, 0);
  for (int row = 0; row < 16; ++row)
    for (int k = 0; k < 12; ++k) {
      const float got = k < 5 ? y.as<float>()[row * 5 + k] : z.as<float>()[row * 7 + k - 5];
      ASSERT_EQ(got, -static_cast<float>(row * 12 + k)) << row << " " << k;
    }
}

TEST(Devices, are_listed_and_named_in_errors) {
  RemoteDevices devices({});
  std::set<std::string> names;
  for (const DeviceInfo& info : list_devices()) names.insert(info.name);
  EXPECT_TRUE(names.contains("cpu") && names.contains("remote:1"));
  ASSERT_TRUE(find_device("remote:1").has_value());
  EXPECT_EQ(find_device("remote:1")->name, "remote:1");
  EXPECT_EQ(find_device("cpu")->fingerprint, list_devices().front().fingerprint);
  EXPECT_FALSE(find_device("remote:7").has_value());
  try {
    (void)Engine::load(testing_networks::quick_plan(testing_networks::branches(1)), Device{"opencl:7"});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    for (const char* part : {"opencl:7", "cpu", "remote:0"})
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(Devices, stand_in_for_those_that_can_not_be_used_where_that_is_permitted) {
  RemoteDevices devices({"unary"});
  EXPECT_EQ(device::open("remote:7|remote:1|cpu")->target().name, "remote:1");
  EXPECT_EQ(device::open("remote:7|cpu")->target().name, "cpu");
  EXPECT_EQ(find_device("remote:7|remote:1")->name, "remote:1");
  const auto engine = Engine::load(testing_networks::quick_plan(testing_networks::branches(1)), Device{"opencl:77|cpu"},
                                   {.threads = 2});
  const auto x = testing_networks::ramp(kIn, 0.1f);
  EXPECT_EQ(testing_networks::run(*engine, x, 1), on_cpu(x));
  try {
    (void)device::open("opencl:77|remote:7");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("remote:7"), std::string::npos) << error.what();
  }
}

TEST(Devices, of_a_build_get_a_section_each) {
  RemoteDevices devices({"unary"});
  BuildOptions options;
  options.devices = {"cpu", "remote:0"};
  options.budget_s = 0;
  const Plan plan = build(testing_networks::branches(1), options);
  ASSERT_EQ(plan.sections().size(), 2u);
  EXPECT_EQ(plan.sections()[1].device, "remote:0");
  EXPECT_EQ(plan.sections()[1].fingerprint, "a remote device");
  const auto x = testing_networks::ramp(kIn, 0.1f);
  const auto a = testing_networks::run(*Engine::load(plan), x, 1),
             b = testing_networks::run(*Engine::load(plan, kRemote), x, 1);
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-4);

  options.devices = {"remote:0"};
  const Plan later = build(testing_networks::branches(1), options);
  options.devices = {"cpu"};
  const Plan both = build(testing_networks::branches(1), options).with_sections_of(later);
  EXPECT_EQ(both.sections().size(), 2u);
  EXPECT_THROW((void)plan.with_sections_of(build(testing_networks::branches(2), options)), Error);
}

}  // namespace
}  // namespace vireo
