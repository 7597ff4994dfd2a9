// OpenCL devices below the engine: who is there, memory, queues, errors; PTX and tensor maps for Hopper.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <limits>
#include <mutex>

#include "engine/device/opencl/launch.h"
#include "engine/device/opencl/ptx.h"
#include "engine/device/opencl/tensor_map.h"
#include "tests/runtime/networks.h"
#include "tests/support/child.h"
#include "tests/support/opencl_here.h"

namespace vireo {
namespace {

using device::Region;
using tests::ChildResult;
using tests::in_child;

// First of all: children are to find a process that has asked for no device yet.
TEST(NoOpencl, leaves_the_cpu_and_an_error_that_says_what_to_install) {
  const auto with = [](const std::function<std::string()>& function) {
    return in_child("OCL_ICD_VENDORS", "/nonexistent", function);
  };
  const ChildResult listed = with([] {
    std::string names;
    for (const DeviceInfo& info : list_devices(true)) names += info.name + " ";
    return names;
  });
  EXPECT_TRUE(listed.ok) << listed.text;
  EXPECT_EQ(listed.text, "cpu ");
  const ChildResult opened = with([] { return device::open("opencl:0")->target().description; });
  EXPECT_FALSE(opened.ok);
  for (const char* part : {"opencl:0", "-icd"}) EXPECT_NE(opened.text.find(part), std::string::npos) << opened.text;
  const ChildResult ran = with([] {
    const auto engine = Engine::load(testing_networks::quick_plan(testing_networks::branches(1)));
    return std::to_string(testing_networks::run(*engine, testing_networks::ramp(3 * 16 * 16), 1).size());
  });
  EXPECT_TRUE(ran.ok);
  EXPECT_EQ(ran.text, "1024");
}

class OpenclDevice : public testing::WithOpencl {};

TEST_F(OpenclDevice, is_listed_with_what_it_can_do_and_opened_once) {
  const auto find = [](bool probed) {
    for (const DeviceInfo& info : list_devices(probed))
      if (info.name == "opencl:0") return info;
    return DeviceInfo{};
  };
  const DeviceInfo seen = find(false), probed = find(true);
  EXPECT_TRUE(seen.usable && probed.usable) << seen.note << probed.note;
  EXPECT_FALSE(seen.description.empty());
  EXPECT_GT(seen.cores, 0);
  EXPECT_GT(seen.memory_bytes, std::uint64_t{1} << 20);
  EXPECT_GT(probed.features.size(), seen.features.size()) << "what small kernels found out";
  EXPECT_NE(seen.fingerprint, list_devices().front().fingerprint);
  const auto first = device::open("opencl:0"), second = device::open("opencl:0");
  EXPECT_EQ(first.get(), second.get());
  EXPECT_EQ(first->target().kind, "opencl");
  EXPECT_EQ(first->target().fingerprint, seen.fingerprint);
  EXPECT_GE(first->target().opencl.local_bytes, std::size_t{16} << 10);
  EXPECT_GE(first->target().opencl.most_items, 64u);
}

TEST_F(OpenclDevice, that_is_not_there_is_an_error_with_those_that_are) {
  for (const char* name : {"opencl:9", "opencl", "opencl:", "opencl:00", "opencl:0 "}) {
    try {
      (void)device::open(name);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported);
      for (const std::string& part : {std::string(name), std::string("cpu"), std::string("opencl:0")})
        EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
}

TEST_F(OpenclDevice, buffers_begin_as_zeros_and_keep_what_is_written) {
  std::vector<std::uint8_t> pattern(1001), back(pattern.size());
  for (std::size_t i = 0; i < pattern.size(); ++i) pattern[i] = static_cast<std::uint8_t>(i * 37 + 1);
  for (const MemoryKind kind : {MemoryKind::device, MemoryKind::pinned}) {
    const Buffer buffer = Buffer::on({"opencl:0"}, kind, pattern.size());
    EXPECT_EQ(buffer.kind(), kind);
    EXPECT_EQ(buffer.data() == nullptr, kind == MemoryKind::device);
    buffer.read(back.data(), back.size());
    EXPECT_EQ(back, std::vector<std::uint8_t>(pattern.size(), 0));
    buffer.write(pattern.data(), pattern.size());
    buffer.read(back.data(), back.size());
    EXPECT_EQ(back, pattern);
    buffer.write(pattern.data(), 10, 991);
    buffer.read(back.data(), 10, 991);
    EXPECT_TRUE(std::equal(pattern.begin(), pattern.begin() + 10, back.begin()));
    EXPECT_THROW(buffer.write(pattern.data(), 11, 991), Error);
    EXPECT_NO_THROW((void)Buffer::on({"opencl:0"}, kind, 0));
  }
}

TEST_F(OpenclDevice, memory_that_it_has_not_is_a_clear_error) {
  for (const MemoryKind kind : {MemoryKind::device, MemoryKind::pinned}) {
    try {
      (void)Buffer::on({"opencl:0"}, kind, std::size_t{1} << 50);
      ADD_FAILURE() << "a petabyte";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::out_of_memory) << error.what();
      EXPECT_NE(std::string(error.what()).find("1125899906842624"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("smaller batch"), std::string::npos) << error.what();
    }
  }
  EXPECT_NO_THROW((void)Buffer::on({"opencl:0"}, MemoryKind::device, 64)) << "the device goes on";
}

class Work final : public device::HostWork {
 public:
  explicit Work(std::function<Status()> run) : run_(std::move(run)) {}
  Status run() noexcept override { return run_(); }

 private:
  std::function<Status()> run_;
};
std::shared_ptr<device::HostWork> work(std::function<Status()> run) { return std::make_shared<Work>(std::move(run)); }

TEST_F(OpenclDevice, queues_keep_the_order_of_copies_and_work_of_the_host) {
  const auto device = device::open("opencl:0");
  const auto queue = device->create_queue();
  const auto a = device->allocate(64, MemoryKind::device), b = device->allocate(64, MemoryKind::device);
  std::vector<int> host(16);
  auto* bytes = reinterpret_cast<std::byte*>(host.data());
  for (int round = 0; round < 50; ++round) {
    queue->run(work([&host, round] {
      for (int& value : host) value += round;
      return Status{};
    }));
    queue->copy({a.get(), nullptr, 0}, {nullptr, bytes, 0}, 64);
    queue->copy({b.get(), nullptr, 32}, {a.get(), nullptr, 0}, 32);
    queue->copy({b.get(), nullptr, 0}, {a.get(), nullptr, 32}, 32);
    queue->copy({nullptr, bytes, 0}, {b.get(), nullptr, 0}, 64);
  }
  ASSERT_TRUE(queue->synchronize().ok());
  EXPECT_EQ(host, std::vector<int>(16, 49 * 50 / 2));
}

TEST_F(OpenclDevice, queues_run_side_by_side) {
  const auto device = device::open("opencl:0");
  const auto first = device->create_queue(), second = device->create_queue();
  std::mutex mutex;
  std::condition_variable met;
  int inside = 0;
  const auto meet = [&] {  // neither gets on without the other
    std::unique_lock lock(mutex);
    ++inside;
    met.notify_all();
    return met.wait_for(lock, std::chrono::seconds(20), [&] { return inside == 2; })
               ? Status{}
               : Status{ErrorCode::internal, "the other queue never came"};
  };
  first->run(work(meet));
  const auto event = first->record();
  EXPECT_FALSE(event->done());
  second->run(work(meet));
  EXPECT_TRUE(first->synchronize().ok());
  EXPECT_TRUE(second->synchronize().ok());
  EXPECT_TRUE(event->done());
}

TEST_F(OpenclDevice, queues_tell_the_first_error_once_and_go_on) {
  const auto device = device::open("opencl:0");
  const auto queue = device->create_queue();
  int after = 0;
  const auto before = queue->record();
  queue->run(work([] { return Status{ErrorCode::io, "the first"}; }));
  queue->run(work([&] {
    ++after;
    return Status{ErrorCode::internal, "the second"};
  }));
  const auto event = queue->record();
  EXPECT_TRUE(before->wait().ok());
  EXPECT_STREQ(event->wait().message(), "the first");
  const Status status = queue->synchronize();
  EXPECT_EQ(status.code(), ErrorCode::io);
  EXPECT_STREQ(status.message(), "the first");
  EXPECT_EQ(after, 1);
  EXPECT_TRUE(queue->synchronize().ok());
  EXPECT_TRUE(queue->record()->wait().ok());
}

TEST_F(OpenclDevice, a_kernel_that_does_not_compile_is_an_error_with_the_compilers_words) {
  device::OpenclLaunch launch;
  device::OpenclKernel kernel;
  kernel.source = "kernel void f(global float* y) { y[0] = no_such_function_anywhere(1); }";
  kernel.options = "-DWIDTH=7";
  kernel.entry = "f";
  launch.kernels.push_back(kernel);
  auto segment = std::make_shared<device::Segment>();
  segment->steps.emplace_back().launch = launch;
  segment->steps.back().layer = "the layer";
  try {
    (void)device::open("opencl:0")->load(segment, {});
    ADD_FAILURE() << "it compiled";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    for (const char* part : {"no_such_function_anywhere", "WIDTH=7"})
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(Hopper, hidden_instructions_come_into_force_and_the_rest_stays) {
  const std::string hidden =
      "// compiled\n.version 8.3\n.target sm_89, texmode_independent\n.address_size 64\n"
      ".visible .entry f(\n.param .u64 a\n)\n{\n//@ wgmma.fence.sync.aligned;\nadd.u32 a, b, c; // a note\n}\n"
      ".visible .entry g()\n{\n//@ {.reg .pred p;\n}\n";
  const std::string text(hidden + std::string(2, '\0'));
  EXPECT_EQ(device::opencl::uncover_hopper(text, 0),
            "// compiled\n.version 8.3\n.target sm_90a, texmode_independent\n.address_size 64\n"
            ".visible .entry f(\n.param .u64 a\n)\n{\nwgmma.fence.sync.aligned;\nadd.u32 a, b, c; // a note\n}\n"
            ".visible .entry g()\n{\n{.reg .pred p;\n}\n");
  const std::string limited = device::opencl::uncover_hopper(text, 168);
  EXPECT_NE(limited.find("entry f(\n.param .u64 a\n)\n.maxnreg 168\n{"), std::string::npos) << limited;
  EXPECT_NE(limited.find("entry g()\n.maxnreg 168\n{"), std::string::npos) << limited;
  EXPECT_EQ(device::opencl::uncover_hopper("", 8), "");
}

/// Words 0 to 18 as an independent implementation made them; the rest is zero.
using Words = std::array<std::uint32_t, 19>;

void expect_map(const device::TensorMap& map, std::uint64_t address, const Words& wanted) {
  const auto words = device::opencl::encode(map, address);
  for (std::size_t i = 0; i < words.size(); ++i) EXPECT_EQ(words[i], i < wanted.size() ? wanted[i] : 0) << "word " << i;
}

TEST(Hopper, tensor_maps_are_those_of_the_vendors_library) {
  device::TensorMap map;
  map.dims = {320, 1000};
  map.strides = {640};
  map.steps = {1, 1};
  map.box = {64, 128};
  expect_map(map, 0x7f3a12345600,
             {0x12345600u, 0x00007f3au, 0x00066310u, 0x28u, 0, 0, 0, 0, 0x13fu, 0x3e7u, 0, 0, 0, 0x3f000000u, 0x7fu, 0,
              0x4000u, 0, 0x400u});
  map.dims = {2048, 7, 7, 128};
  map.strides = {4096, 28672, 200704};
  map.steps = {1, 2, 2, 1};
  map.box = {64, 8, 8, 2};
  expect_map(map, 0x7fff00000000,
             {0, 0x7fffu, 0x00066330u, 0x100u, 0x700u, 0x3100u, 0, 0, 0x7ffu, 6, 6, 0x7fu, 0, 0x3f000048u, 0x00010707u,
              0, 0x1000u, 0, 0x400u});
  map.im2col = true;
  map.dims = {64, 56, 56, 8};
  map.strides = {128, 7168, 401408};
  map.steps = {1, 1, 1, 1};
  map.lower = map.upper = {-1, -1};
  map.channels = 64;
  map.pixels = 128;
  expect_map(map, 0x7f3a00001200,
             {0x1200u, 0x7f3au, 0x00066331u, 8, 0x1c0u, 0x6200u, 0, 0, 0x3fu, 0x37u, 0x37u, 7, 0, 0x3f000000u,
              0xffffffffu, 0x7fu, 0x4000u, 0, 0x400u});
  // Strides beyond 36 bits, steps, corners of both signs.
  map.dims = {256, 15, 15, 3};
  map.strides = {528, 7920, 118800 + (std::uint64_t{5} << 36)};
  map.steps = {1, 2, 2, 1};
  map.lower = {-3, 0};
  map.upper = {2, -4};
  map.pixels = 256;
  expect_map(map, 0x10,
             {0x10u, 0, 0x00066331u, 0x21u, 0x1efu, 0x1d01u, 0, 0x500u, 0xffu, 0xeu, 0xeu, 2, 0, 0x3f000048u,
              0xfc0200fdu, 0xffu, 0x8000u, 0, 0x400u});
}

TEST(Hopper, tensor_maps_of_crooked_places_are_refused) {
  device::TensorMap map;
  map.dims = {320, 1000};
  map.strides = {640};
  map.steps = {1, 1};
  map.box = {64, 128};
  EXPECT_THROW((void)device::opencl::encode(map, 8), Error);
  map.strides = {648};
  EXPECT_THROW((void)device::opencl::encode(map, 0), Error);
}

}  // namespace
}  // namespace vireo
