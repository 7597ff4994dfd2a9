// What `vireo doctor` says about machines that are not this one.

#include "app/machine/machine.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace vireo::machine {
namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "vireo-machine-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  fs::path write(const fs::path& name, const std::string& text, unsigned mode = 0644) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text;
    chmod((path / name).c_str(), mode);
    return path / name;
  }
};

TEST(Machine, SaysWhichGroupOpensACamera) {
  const Folder dev;
  dev.write("video0", "", 0660);
  dev.write("dri/renderD128", "", 0660);
  dev.write("dri/card0", "", 0600);
  for (const char* node : {"video0", "dri/renderD128"})
    if (chown((dev.path / node).c_str(), 12345, 54321) != 0) GTEST_SKIP() << "needs root to make others' files";
  for (const Finding& f : examine_devices(dev.path, {1000, {1000, 54321}})) EXPECT_EQ(f.state, State::ok) << f.what;
  const std::vector<Finding> found = examine_devices(dev.path, {1000, {1000}});
  ASSERT_EQ(found.size(), 2u);
  for (const Finding& f : found) {
    EXPECT_EQ(f.state, State::absent);
    EXPECT_NE(f.what.find("54321"), std::string::npos) << f.what;
    EXPECT_NE(f.fix.find("usermod -aG 54321"), std::string::npos) << f.fix;
  }
}

TEST(Machine, SaysHowADeviceOfNoGroupIsOpened) {
  const Folder dev;
  dev.write("video0", "", 0600);
  if (chown((dev.path / "video0").c_str(), 12345, 54321) != 0) GTEST_SKIP() << "needs root to make others' files";
  const std::vector<Finding> found = examine_devices(dev.path, {1000, {54321}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found[0].fix.find("chmod"), std::string::npos) << found[0].fix;
}

TEST(Machine, HasNoCameraWithoutComplaint) {
  const Folder dev;
  const std::vector<Finding> found = examine_devices(dev.path, {1000, {}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].state, State::none);
}

TEST(Machine, NamesAPackageWhereNoDriverIs) {
  const Folder empty;
  const std::vector<Finding> found = examine_opencl(empty.path.string(), empty.path);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].state, State::none);
  EXPECT_NE(found[0].fix.find("pocl-opencl-icd"), std::string::npos) << found[0].fix;
}

TEST(Machine, FindsDriversThatDoNotLoadAndHardwareWithoutOne) {
  const Folder vendors;
  vendors.write("gone.icd", "libno-such-driver.so.1\n");
  vendors.write("empty.icd", "");
  vendors.write("class/drm/renderD128/device/vendor", "0x8086\n");
  std::string all;
  for (const Finding& f : examine_opencl(vendors.path.string(), vendors.path)) {
    EXPECT_NE(f.state, State::ok) << f.what;
    all += f.what + " | " + f.fix + "\n";
  }
  for (const char* word : {"libno-such-driver", "names no library", "by Intel", "intel-opencl-icd"})
    EXPECT_NE(all.find(word), std::string::npos) << word << " in " << all;
}

TEST(Machine, SaysWherePlansCanNotBeKept) {
  const Folder folder;
  EXPECT_EQ(examine_cache(folder.path / "not/there/yet").state, State::ok);
  const fs::path file = folder.write("file", "");
  const Finding found = examine_cache(file / "vireo/plans");
  EXPECT_EQ(found.state, State::absent);
  EXPECT_NE(found.what.find("is no folder"), std::string::npos) << found.what;
  EXPECT_NE(found.fix.find("XDG_CACHE_HOME"), std::string::npos) << found.fix;
}

TEST(Machine, FindsVersionsThatDiffer) {
  const Folder folder;
  const auto maps = [&](const std::string& text) { return folder.write("maps", text); };
  const std::string one = "7f00-7f01 r--p 00000000 08:01 1   /usr/lib/libvireo.so.0.1.0\n";
  EXPECT_EQ(examine_versions("0.1.0", "0.1.0", maps(one + one)).at(0).state, State::ok);
  EXPECT_EQ(examine_versions("0.1.0", "0.1.1", maps(one)).at(0).state, State::broken);
  EXPECT_EQ(examine_versions("0.2.0", "0.2.0", maps(one)).at(0).state, State::broken);
  const auto two =
      examine_versions("0.1.0", "0.1.0", maps(one + "7f02-7f03 r--p 0 08:01 2  /opt/b/libvireo.so.0.1.0\n"));
  EXPECT_NE(two.at(0).what.find("two copies"), std::string::npos) << two.at(0).what;
}

}  // namespace
}  // namespace vireo::machine
