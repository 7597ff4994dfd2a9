#include "app/machine/energy.h"

#include <gtest/gtest.h>

#include <fstream>

namespace vireo::machine {
namespace {

namespace fs = std::filesystem;

class Energy : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(root_); }
  void TearDown() override { fs::remove_all(root_); }
  void zone(const std::string& folder, const std::string& name, std::uint64_t used, std::uint64_t most) {
    fs::create_directories(root_ / folder);
    std::ofstream(root_ / folder / "name") << name << "\n";
    std::ofstream(root_ / folder / "max_energy_range_uj") << most << "\n";
    set(folder, used);
  }
  void set(const std::string& folder, std::uint64_t used) {
    std::ofstream(root_ / folder / "energy_uj") << used << "\n";
  }
  const fs::path root_ = fs::path(testing::TempDir()) / "vireo_energy_test";
};

TEST_F(Energy, PackagesAndTheirMemoryAreCountedOnceAndOverTheirEnd) {
  zone("intel-rapl:0", "package-0", 5'000'000, 262'143'000'000);
  zone("intel-rapl:0:0", "core", 1, 262'143'000'000);
  zone("intel-rapl:0:1", "dram", 100, 65'000'000'000);
  zone("intel-rapl:1", "package-1", 262'142'000'000, 262'143'000'000);
  zone("dtpm", "else", 1, 2);
  EnergyMeter meter(root_, "no-such-library.so");
  EXPECT_TRUE(meter.used().empty()) << "not begun";
  meter.begin();
  set("intel-rapl:0", 17'500'000);
  set("intel-rapl:0:1", 2'000'100);
  set("intel-rapl:1", 3'000'000);
  const auto uses = meter.used();
  ASSERT_EQ(uses.size(), 3u);
  EXPECT_EQ(uses[0].name, "dram-0");
  EXPECT_DOUBLE_EQ(uses[0].joules, 2);
  EXPECT_EQ(uses[1].name, "package-0");
  EXPECT_DOUBLE_EQ(uses[1].joules, 12.5);
  EXPECT_EQ(uses[2].name, "package-1");
  EXPECT_DOUBLE_EQ(uses[2].joules, 4);
}

TEST_F(Energy, ACounterThatCantBeReadAnyMoreIsLeftOut) {
  zone("intel-rapl:0", "package-0", 5, 10);
  EnergyMeter meter(root_, "no-such-library.so");
  meter.begin();
  fs::remove(root_ / "intel-rapl:0" / "energy_uj");
  EXPECT_TRUE(meter.used().empty());
}

TEST_F(Energy, DevicesOfNvidiaAreCountedWhereTheyHaveACounter) {
  EnergyMeter meter(root_, VIREO_FAKE_NVML);
  meter.begin();
  const auto uses = meter.used();
  ASSERT_EQ(uses.size(), 1u);
  EXPECT_EQ(uses[0].name, "nvidia-1");
  EXPECT_DOUBLE_EQ(uses[0].joules, 250);
}

}  // namespace
}  // namespace vireo::machine
