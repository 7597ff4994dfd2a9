// Kernels and copies of a program's own in an engine's stream.

#include "engine/api/device_kernel.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "tests/runtime/networks.h"
#include "tests/support/opencl_here.h"

namespace vireo {
namespace {

const Device kDevice{"opencl:0"};

DeviceKernelText scaling() {
  DeviceKernelText text;
  text.source = R"(kernel void scale(global char *x, ulong x_offset, global char *y, ulong y_offset) {
    const int i = get_global_id(0);
    if (i < COUNT) ((global float *)(y + y_offset))[i] = 2.0f * ((global float *)(x + x_offset))[i];
  })";
  text.options = "-DCOUNT=5";
  text.entry = "scale";
  text.items = {5, 1, 1};
  text.group = {4, 1, 1};
  text.places = 2;
  return text;
}

class DeviceKernels : public testing::WithOpencl {
 protected:
  void SetUp() override {
    testing::WithOpencl::SetUp();
    if (IsSkipped()) return;
    engine_ = Engine::load(testing_networks::quick_plan(testing_networks::branches(1)), kDevice);
  }
  std::shared_ptr<Engine> engine_;
};

TEST_F(DeviceKernels, RunInTheOrderOfTheStreamAtPlacesInsideOfBuffers) {
  DeviceKernel kernel(kDevice, scaling());
  Stream stream = engine_->create_stream();
  const Buffer x = Buffer::on(kDevice, MemoryKind::device, 64), y = Buffer::on(kDevice, MemoryKind::device, 64);
  const Buffer up = Buffer::on(kDevice, MemoryKind::pinned, 64), down = Buffer::on(kDevice, MemoryKind::pinned, 64);
  std::iota(up.as<float>(), up.as<float>() + 16, 1.0f);
  ASSERT_TRUE(enqueue_copy(stream, {&x, 4}, {&up, 8}, 40).ok());
  const BufferPlace there[] = {{&x, 4}, {&y, 12}}, back[] = {{&y, 12}, {&x, 40}};
  ASSERT_TRUE(kernel.enqueue(stream, there).ok());
  ASSERT_TRUE(kernel.enqueue(stream, back).ok());
  ASSERT_TRUE(enqueue_copy(stream, {&down}, {&x}, 64).ok());
  ASSERT_TRUE(stream.synchronize().ok());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(down.as<float>()[1 + i], 3.0f + float(i));
    EXPECT_EQ(down.as<float>()[10 + i], 4 * (3.0f + float(i)));
  }
  EXPECT_EQ(down.as<float>()[15], 0) << "beyond the items";
}

TEST_F(DeviceKernels, SayWhatTheyAreNotGiven) {
  DeviceKernel kernel(kDevice, scaling());
  Stream stream = engine_->create_stream();
  const Buffer own = Buffer::on(kDevice, MemoryKind::device, 64), pinned = Buffer::on(kDevice, MemoryKind::pinned, 64),
               host = Buffer::host(64);
  const BufferPlace one[] = {{&own}};
  EXPECT_EQ(kernel.enqueue(stream, one).code(), ErrorCode::invalid_argument);
  for (const Buffer* wrong : {&pinned, &host}) {
    const BufferPlace places[] = {{&own}, {wrong}};
    EXPECT_EQ(kernel.enqueue(stream, places).code(), ErrorCode::invalid_argument);
  }
  EXPECT_FALSE(enqueue_copy(stream, {&own, 60}, {&host}, 8).ok());
  EXPECT_FALSE(enqueue_copy(stream, {&own}, {&host, 65}, 0).ok());
  EXPECT_TRUE(enqueue_copy(stream, {&own, 64}, {&host}, 0).ok());
  const auto on_cpu = Engine::load(testing_networks::quick_plan(testing_networks::branches(1)));
  Stream other = on_cpu->create_stream();
  const BufferPlace places[] = {{&own}, {&own}};
  EXPECT_EQ(kernel.enqueue(other, places).code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(stream.synchronize().ok());
}

TEST_F(DeviceKernels, AreRefusedWithTheCompilersLogOrTheDevicesName) {
  DeviceKernelText text = scaling();
  text.source += "\nthis is no kernel";
  try {
    DeviceKernel broken(kDevice, text);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("error"), std::string::npos) << error.what();
  }
  text = scaling();
  text.group[1] = 0;
  EXPECT_THROW(DeviceKernel(kDevice, text), Error);
  text = scaling();
  text.group = {1024, 1024, 1};
  try {
    DeviceKernel large(kDevice, text);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("1048576 items"), std::string::npos) << error.what();
  }
}

TEST(DeviceKernelsOfTheCpu, AreRefused) {
  try {
    DeviceKernel kernel({"cpu"}, scaling());
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'cpu'"), std::string::npos) << error.what();
  }
}

TEST(CopiesOfTheCpu, AreInTheOrderOfTheStream) {
  const auto engine = Engine::load(testing_networks::quick_plan(testing_networks::branches(1)));
  Stream stream = engine->create_stream();
  const Buffer a = Buffer::host(16), b = Buffer::host(16);
  a.as<int>()[0] = 7;
  ASSERT_TRUE(enqueue_copy(stream, {&b, 4}, {&a}, 8).ok());
  ASSERT_TRUE(enqueue_copy(stream, {&a, 8}, {&b, 4}, 4).ok());
  ASSERT_TRUE(stream.synchronize().ok());
  EXPECT_EQ(a.as<int>()[2], 7);
}

}  // namespace
}  // namespace vireo
