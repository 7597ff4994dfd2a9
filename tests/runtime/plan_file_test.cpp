#include <gtest/gtest.h>

#include <cstring>
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
    read();
  }
  void TearDown() override { fs::remove(path_); }
  void read() {
    std::ifstream file(path_, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
  }
  /// A number of the header.
  std::uint64_t word(std::size_t at) const {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }
  static constexpr std::size_t kTuningOffset = 40, kWeightsOffset = 56, kPacksOffset = 72;  // offset, then bytes
  void change(std::size_t at) {
    std::string changed = bytes_;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    rewrite(changed);
  }
  void rewrite(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
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

TEST_F(PlanFile, is_refused_or_gives_the_same_results_when_a_byte_changes) {
  const auto x = testing_networks::ramp(3 * 16 * 16, 0.1f);
  const auto wanted = testing_networks::run(*Engine::load(path_), x, 1);
  int refused = 0, tried = 0;
  for (std::size_t at = 0; at < bytes_.size(); at += 1 + bytes_.size() / 211) {
    change(at);
    ++tried;
    try {
      EXPECT_EQ(testing_networks::run(*Engine::load(path_), x, 1), wanted) << "byte " << at;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(path_.filename().string()), std::string::npos) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, tried / 8);
}

TEST_F(PlanFile, is_refused_when_its_header_texts_or_packed_weights_change) {
  const std::uint64_t texts_end = word(kTuningOffset) + word(kTuningOffset + 8);
  for (std::size_t at = 0; at < texts_end; at += 1 + texts_end / 97) {
    change(at);
    const ErrorCode code = load_error();
    EXPECT_TRUE(code == ErrorCode::invalid_model || (code == ErrorCode::unsupported && at >= 8 && at < 12))
        << "byte " << at;
  }
  ASSERT_GT(word(kPacksOffset + 8), 0u);
  change(word(kPacksOffset));
  EXPECT_EQ(load_error(), ErrorCode::invalid_model);
}

TEST_F(PlanFile, needs_its_weights_only_where_nothing_is_packed_for_the_shapes) {
  const std::uint64_t weights = word(kWeightsOffset);
  ASSERT_GT(word(kWeightsOffset + 8), 0u);
  const auto x = testing_networks::ramp(3 * 16 * 16, 0.1f);
  const auto wanted = testing_networks::run(*Engine::load(path_), x, 1);
  change(weights);
  EXPECT_EQ(testing_networks::run(*Engine::load(path_), x, 1), wanted);

  testing_networks::quick_plan(testing_networks::branches(kUnknown))
      .save(path_);  // no profile: packed when shapes are known
  read();
  EXPECT_EQ(word(kPacksOffset + 8), 0u);
  EXPECT_EQ(testing_networks::run(*Engine::load(path_), x, 1), wanted);
  change(word(kWeightsOffset));
  const auto engine = Engine::load(path_);
  auto context = engine->create_context();
  context->set_shape("x", {1, 3, 16, 16});
  try {
    (void)context->allocate("x");
    ADD_FAILURE() << "an altered weight was packed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_model);
    EXPECT_NE(std::string(error.what()).find(path_.filename().string()), std::string::npos) << error.what();
  }
}

TEST_F(PlanFile, is_refused_when_a_weight_that_kernels_read_as_it_is_changes) {
  Network n;
  const auto table = testing_networks::ramp(64 * 8);
  const auto rows = n.add_input("rows", DataType::int64, {3});
  const auto data = n.add_constant("table", DataType::float32, {64, 8}, table.data(), table.size() * sizeof(float));
  n.mark_output(n.add_layer("gather", {data, rows}, {{"axis", std::int64_t{0}}}, "rows of the table")[0], "y");
  testing_networks::quick_plan(n).save(path_);
  read();
  EXPECT_NO_THROW((void)Engine::load(path_));
  change(word(kWeightsOffset) + 100);
  EXPECT_EQ(load_error(), ErrorCode::invalid_model);
}

TEST_F(PlanFile, saved_again_is_the_same_file) {
  const fs::path again = path_.string() + ".again";
  Plan::load(path_).save(again);
  std::ifstream file(again, std::ios::binary);
  EXPECT_EQ(bytes_, std::string(std::istreambuf_iterator<char>(file), {}));
  fs::remove(again);
}

TEST_F(PlanFile, of_a_network_given_away_equals_that_of_one_kept) {
  // 36 MB: enough for the weights to be set aside.
  const auto make = [] {
    Network n;
    const auto values = testing_networks::ramp(3000 * 3000, 1e-7f);
    const auto x = n.add_input("x", DataType::float32, {1, 3000});
    const auto w = n.add_constant("w", DataType::float32, {3000, 3000}, values.data(), values.size() * sizeof(float));
    n.mark_output(n.add_layer("matmul", {x, w}, {}, "product")[0], "y");
    return n;
  };
  BuildOptions options;
  options.budget_s = 0;
  Network given = make();
  const Plan a = build(std::move(given), options);
  EXPECT_TRUE(given.inputs().empty());
  const Network kept = make();
  build(kept, options).save(path_);
  EXPECT_EQ(kept.inputs().size(), 1u);
  read();
  const std::string wanted = bytes_;
  a.save(path_);
  read();
  EXPECT_TRUE(bytes_ == wanted);
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
