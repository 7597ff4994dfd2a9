// Plans kept for the next start: they serve it, and whatever no longer fits or is damaged is built again.

#include "plugins/infer/plan_cache.h"

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <thread>

#include "engine/api/builder.h"
#include "engine/api/log.h"
#include "plugins/infer/model.h"
#include "tests/import/model.h"

namespace vireo::infer {
namespace {

namespace fs = std::filesystem;

/// Keeps what is logged as a warning while it lives.
class Warnings : public Logger {
 public:
  Warnings() : old_(set_logger(this)) {}
  ~Warnings() override { set_logger(old_); }
  void log(LogLevel level, std::string_view message) noexcept override {
    const std::lock_guard lock(mutex_);
    if (level >= LogLevel::warning) text_ += std::string(message) + "\n";
  }
  /// What came since the last call.
  std::string take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(text_, {});
  }

 private:
  Logger* old_;
  std::mutex mutex_;
  std::string text_;
};

/// A model of one convolution whose weights lie in a file beside it, and an empty cache.
class PlanCache : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "vireo-plans-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    options_.path = folder_ / "net work.onnx";
    options_.plan_cache = folder_ / "cache" / "plans";
    options_.threads = 1;
    options_.contexts = 1;
    options_.build_budget_s = 0;
    write_model(8);
    write_weights(1.0f);
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  void write_model(int channels) {
    import_testing::Model model;
    onnx::TensorProto& weights = *model.proto.mutable_graph()->add_initializer();
    weights.set_name("w");
    weights.set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t extent : {channels, 3, 3, 3}) weights.add_dims(extent);
    weights.set_data_location(onnx::TensorProto::EXTERNAL);
    auto* entry = weights.add_external_data();
    entry->set_key("location");
    entry->set_value("weights.bin");
    model.input("image", {1, 3, 32, 24}).node("Conv", {"image", "w"}, {"y"}).output("y");
    std::ofstream(options_.path, std::ios::binary) << model.bytes();
  }
  void write_weights(float value) {
    const std::vector<float> values(16 * 27, value);
    std::ofstream(folder_ / "weights.bin", std::ios::binary)
        .write(reinterpret_cast<const char*>(values.data()), std::streamsize(values.size() * sizeof(float)));
  }
  /// The first output value of an image of ones; 27 times the weight.
  float run() {
    Model model(options_);
    auto& backend = const_cast<EngineBackend&>(model.backend());
    std::fill_n(static_cast<float*>(backend.slot(0, 0)), 3 * 32 * 24, 1.0f);
    EXPECT_TRUE(backend.run(0, 1).ok());
    return backend.outputs(0, 0, 1)[0].as<float>()[0];
  }
  [[nodiscard]] std::vector<fs::path> entries() const {
    std::vector<fs::path> found;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(options_.plan_cache, missing)) found.push_back(entry.path());
    return found;
  }

  fs::path folder_;
  ModelOptions options_;
  Warnings warnings_;
};

TEST_F(PlanCache, ServesTheSecondStartWithoutTheModelsContents) {
  EXPECT_FLOAT_EQ(run(), 27);
  ASSERT_EQ(entries().size(), 1u);
  // Both files get other bytes of the same size and time: only who reads them would notice.
  for (const fs::path& file : {options_.path, folder_ / "weights.bin"}) {
    const auto time = fs::last_write_time(file);
    const auto size = fs::file_size(file);
    std::ofstream(file, std::ios::binary) << std::string(size, 'x');
    fs::last_write_time(file, time);
  }
  EXPECT_FLOAT_EQ(run(), 27);
  EXPECT_EQ(warnings_.take(), "");
  EXPECT_EQ(entries().size(), 1u);
}

TEST_F(PlanCache, BuildsAgainWhenTheModelOrItsWeightsChanged) {
  EXPECT_FLOAT_EQ(run(), 27);
  write_weights(2.0f);
  fs::last_write_time(folder_ / "weights.bin", fs::file_time_type::clock::now() + std::chrono::seconds(2));
  EXPECT_FLOAT_EQ(run(), 54);
  EXPECT_NE(warnings_.take().find("is built again"), std::string::npos);
  EXPECT_FLOAT_EQ(run(), 54);
  EXPECT_EQ(warnings_.take(), "");
  write_model(16);
  EXPECT_FLOAT_EQ(run(), 54);
  EXPECT_NE(warnings_.take().find("is built again"), std::string::npos);
  EXPECT_EQ(entries().size(), 1u) << "the new plan takes the old one's place";
}

TEST_F(PlanCache, TellsLinksToOneModelApart) {
  const fs::path model = options_.path;
  for (const auto& [name, value] : {std::pair("a", 1.0f), std::pair("b", 2.0f)}) {
    fs::create_directories(folder_ / name);
    write_weights(value);
    fs::copy_file(folder_ / "weights.bin", folder_ / name / "weights.bin");
    fs::create_symlink(model, folder_ / name / "net.onnx");
    options_.path = folder_ / name / "net.onnx";
    EXPECT_FLOAT_EQ(run(), 27 * value) << "the weights beside the link count";
  }
  EXPECT_FLOAT_EQ(run(), 54);
  EXPECT_EQ(entries().size(), 2u);
  EXPECT_EQ(warnings_.take(), "");
  fs::copy_file(folder_ / "a" / "weights.bin", folder_ / "b" / "weights.bin", fs::copy_options::overwrite_existing);
  fs::last_write_time(folder_ / "b" / "weights.bin", fs::file_time_type::clock::now() + std::chrono::seconds(2));
  EXPECT_FLOAT_EQ(run(), 27);
  EXPECT_NE(warnings_.take().find("is built again"), std::string::npos);
}

TEST_F(PlanCache, BuildsAgainForAnotherLibrary) {
  EXPECT_FLOAT_EQ(run(), 27);
  Network network = import_onnx(options_.path);
  CachedPlan cache(options_);
  cache.label(network);
  std::string origin = network.metadata().at("vireo.origin");
  for (const char* line : {"library ", "file ", "processor "}) {
    const auto at = origin.find(line);
    ASSERT_NE(at, std::string::npos) << line;
    network.set_metadata("vireo.origin", std::string(origin).insert(at + std::string(line).size(), "another "));
    build(network, {.budget_s = 0}).save(entries().at(0));
    EXPECT_FALSE(cache.load().has_value()) << line;
    EXPECT_NE(warnings_.take().find("is built again"), std::string::npos);
  }
  network.set_metadata("vireo.origin", origin);
  build(network, {.budget_s = 0}).save(entries().at(0));
  EXPECT_TRUE(cache.load().has_value());
}

TEST_F(PlanCache, KeepsOnePlanForEachSetOfOptions) {
  (void)run();
  options_.batch = 4;
  (void)run();
  options_.precision = Precision::bf16;
  (void)run();
  EXPECT_EQ(entries().size(), 3u);
  options_.contexts = 2;  // no part of the plan
  (void)run();
  EXPECT_EQ(entries().size(), 3u);
}

TEST_F(PlanCache, BuildsDamagedPlansAgain) {
  (void)run();
  const fs::path file = entries().at(0);
  std::ifstream stream(file, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(stream), {}};
  for (std::size_t at = 0; at < whole.size(); at += whole.size() / 40 + 1) {
    SCOPED_TRACE(at);
    for (const bool cut : {false, true}) {
      std::string bytes = cut ? whole.substr(0, at) : whole;
      if (!cut) bytes[at] = char(bytes[at] ^ 0x20);
      fs::remove(file);  // a new file: the old one may be mapped
      std::ofstream(file, std::ios::binary) << bytes;
      EXPECT_FLOAT_EQ(run(), 27);
      if (cut) {
        EXPECT_NE(warnings_.take().find("is built again"), std::string::npos);
      }
      (void)warnings_.take();
      EXPECT_FLOAT_EQ(run(), 27);
      EXPECT_EQ(warnings_.take(), "");
    }
  }
}

TEST_F(PlanCache, SurvivesManyBuildersAtOnce) {
  std::vector<std::thread> builders;
  std::atomic<int> right{0};
  for (int i = 0; i < 4; ++i) builders.emplace_back([&] { right += run() == 27.0f; });
  for (std::thread& builder : builders) builder.join();
  EXPECT_EQ(right, 4);
  ASSERT_EQ(entries().size(), 1u) << "nothing temporary stays";
  EXPECT_TRUE(CachedPlan(options_).load().has_value());
}

TEST_F(PlanCache, DoesWithoutAFolderThatCannotBe) {
  options_.plan_cache = options_.path / "plans";  // below a file
  EXPECT_FLOAT_EQ(run(), 27);
  options_.plan_cache.clear();
  EXPECT_FLOAT_EQ(run(), 27);
  EXPECT_EQ(warnings_.take(), "");
  EXPECT_FALSE(fs::exists(folder_ / "cache"));
}

TEST_F(PlanCache, DropsWhatWasNotUsedForLongest) {
  const fs::path plans = folder_ / "cache";
  fs::create_directories(plans);
  const auto now = fs::file_time_type::clock::now();
  int age = 0;
  for (const char* name : {"a.cached.plan", "b.cached.plan", "c.cached.plan", "mine.plan"}) {
    std::ofstream(plans / name) << std::string(100, 'x');
    fs::last_write_time(plans / name, now - std::chrono::hours(++age));
  }
  for (const char* name : {"d.cached.plan.tmp7-1", "d.cached.plan.tmp7-2"})
    std::ofstream(plans / name) << std::string(100, 'x');
  fs::last_write_time(plans / "d.cached.plan.tmp7-1", now - std::chrono::hours(2));
  prune_cached_plans(plans, plans / "c.cached.plan", 200);
  EXPECT_FALSE(fs::exists(plans / "d.cached.plan.tmp7-1")) << "left by a process that was killed";
  EXPECT_TRUE(fs::exists(plans / "d.cached.plan.tmp7-2")) << "may be being written";
  EXPECT_TRUE(fs::exists(plans / "a.cached.plan"));
  EXPECT_FALSE(fs::exists(plans / "b.cached.plan"));
  EXPECT_TRUE(fs::exists(plans / "c.cached.plan")) << "just written";
  EXPECT_TRUE(fs::exists(plans / "mine.plan")) << "none of ours";
}

}  // namespace
}  // namespace vireo::infer
