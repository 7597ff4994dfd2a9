#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/runtime/networks.h"

namespace vireo {
namespace {

namespace fs = std::filesystem;

class PlanFile : public testing::Test {
 protected:
  void SetUp() override {
    path_ = fs::temp_directory_path() / ("vireo_plan_test_" + std::to_string(::getpid()) + ".plan");
    testing_networks::quick_plan(testing_networks::branches(1)).save(path_);
    std::ifstream file(path_, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
  }
  void TearDown() override { fs::remove(path_); }
  void rewrite(const std::string& bytes) { std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size())); }
  ErrorCode load_error() {
    try {
      (void)Engine::load(path_);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(path_.filename().string()), std::string::npos) << error.what();
      return error.code();
    }
    ADD_FAILURE() << "the damaged plan was loaded";
    return ErrorCode::internal;
  }
  fs::path path_;
  std::string bytes_;
};

TEST_F(PlanFile, gives_the_same_results_as_the_plan_in_memory) {
  const auto x = testing_networks::ramp(3 * 16 * 16, 0.1f);
  auto from_file = Engine::load(path_);
  auto from_memory = Engine::load(testing_networks::quick_plan(testing_networks::branches(1)));
  const auto a = testing_networks::run(*from_file, x, 1), b = testing_networks::run(*from_memory, x, 1);
  ASSERT_EQ(a.size(), 4u * 16 * 16);
  EXPECT_EQ(a, b);
}

TEST_F(PlanFile, is_refused_at_every_truncation) {
  for (std::size_t keep = 0; keep < bytes_.size(); keep += 1 + bytes_.size() / 97) {
    rewrite(bytes_.substr(0, keep));
    EXPECT_EQ(load_error(), ErrorCode::invalid_model) << "kept " << keep;
  }
}

TEST_F(PlanFile, is_refused_when_any_byte_that_matters_changes) {
  const std::size_t weights_page = (bytes_.size() / 4096) * 4096;
  int refused = 0, tried = 0;
  for (std::size_t at = 0; at < bytes_.size(); at += 1 + bytes_.size() / 211) {
    std::string changed = bytes_;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    rewrite(changed);
    ++tried;
    try {
      (void)Engine::load(path_);
    } catch (const Error&) {
      ++refused;
      continue;
    }
    // Only the padding between the text and the weights carries no checksum.
    EXPECT_EQ(bytes_[at], '\0') << "byte " << at;
    EXPECT_LT(at, weights_page + 4096);
  }
  EXPECT_GT(refused, tried / 8);
}

TEST_F(PlanFile, that_is_missing_is_not_found) {
  fs::remove(path_);
  EXPECT_EQ(load_error(), ErrorCode::not_found);
}

TEST_F(PlanFile, of_another_version_says_so) {
  std::string changed = bytes_;
  changed[8] = 99;
  rewrite(changed);
  EXPECT_EQ(load_error(), ErrorCode::unsupported);
}

}  // namespace
}  // namespace vireo
