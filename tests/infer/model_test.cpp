// Models behind the batcher, on the real engine: networks made by hand, so that their batch extents are what the case
// needs.

#include "plugins/infer/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <random>

#include "engine/api/builder.h"

namespace vireo::infer {
namespace {

namespace fs = std::filesystem;

/// Two convolutions and a mean over the picture; `batch` may be kUnknown. `bake` flattens with the batch extent written
/// into the graph, as careless exporters do.
Network small_network(std::int64_t batch, bool bake = false) {
  Network network;
  std::mt19937 random(11);
  std::uniform_real_distribution<float> uniform(-0.5f, 0.5f);
  const auto weights = [&](const char* name, const Dims& dims) {
    std::vector<float> values(std::size_t(element_count(dims)));
    for (float& value : values) value = uniform(random);
    return network.add_constant(name, DataType::float32, dims, values.data(), values.size() * 4);
  };
  auto x = network.add_input("image", DataType::float32, {batch, 3, 32, 24});
  x = network.add_convolution(x, weights("w1", {8, 3, 3, 3}), weights("b1", {8}),
                              {.strides = {2, 2}, .pads = {1, 1, 1, 1}});
  x = network.add_convolution(x, weights("w2", {5, 8, 1, 1}), {}, {});
  if (bake) {
    const std::int64_t shape[] = {1, 5 * 16 * 12};
    x = network.add_layer("reshape", {x, network.add_constant("shape", DataType::int64, {2}, shape, sizeof shape)})[0];
  }
  network.mark_output(x, "scores");
  return network;
}

/// A plan file that goes away with the test.
struct PlanFile {
  fs::path path;
  explicit PlanFile(const Network& network, int most = 4) {
    std::string name = (fs::temp_directory_path() / "vireo-model-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path = fs::path(name) / "net.plan";
    BuildOptions options;
    options.budget_s = 0;
    if (!is_static(network.inputs()[0].dims)) {
      options.profiles.push_back({{"image", {1, 3, 32, 24}, {most, 3, 32, 24}, {most, 3, 32, 24}}});
    }
    build(network, options).save(path);
  }
  ~PlanFile() {
    std::error_code ignored;
    fs::remove_all(path.parent_path(), ignored);
  }
};

constexpr std::size_t kPixels = 3 * 32 * 24;

struct PictureJob : Job {
  explicit PictureJob(int number) : seed(number) {}
  void prepare(const Slot& slot, int) override {
    std::mt19937 random{unsigned(seed)};
    for (std::size_t i = 0; i < kPixels; ++i) static_cast<float*>(slot.memory())[i] = float(random() % 1000) / 500 - 1;
  }
  void decode(std::span<const sdk::TensorView> outputs, int) override {
    const auto count = std::size_t(element_count(outputs[0].dims));
    out.assign(outputs[0].as<float>(), outputs[0].as<float>() + count);
  }
  int seed;
  std::vector<float> out;
};

struct Collected {
  std::vector<std::vector<float>> outputs;
  int largest_batch = 0;
};
Collected run_all(Model& model, int frames) {
  Collected run;
  std::mutex mutex;
  auto stream = model.batcher().open({.max_inflight = 16, .max_delay = std::chrono::milliseconds(5)},
                                     [&](std::unique_ptr<Job> job, const Outcome& outcome) {
                                       std::lock_guard lock(mutex);
                                       EXPECT_EQ(outcome.fate, Fate::inferred) << outcome.message;
                                       run.outputs.push_back(static_cast<PictureJob&>(*job).out);
                                       run.largest_batch = std::max(run.largest_batch, outcome.batch);
                                     });
  for (int i = 0; i < frames; ++i) EXPECT_TRUE(stream->submit(std::make_unique<PictureJob>(i)));
  stream->drain();
  return run;
}

ModelOptions options_for(const PlanFile& file, int batch) {
  ModelOptions options;
  options.path = file.path;
  options.batch = batch;
  options.threads = 2;
  return options;
}

TEST(Model, GivesBatchedPicturesTheResultsOfSingleOnes) {
  const PlanFile open(small_network(kUnknown)), fixed(small_network(1));
  const auto batched = Model::open(options_for(open, 4)), single = Model::open(options_for(fixed, 1));
  EXPECT_EQ(batched->backend().max_batch(), 4);
  EXPECT_EQ(single->backend().max_batch(), 1);
  const Collected many = run_all(*batched, 41), one = run_all(*single, 41);
  EXPECT_GT(many.largest_batch, 1);
  EXPECT_EQ(one.largest_batch, 1);
  ASSERT_EQ(many.outputs.size(), one.outputs.size());
  for (std::size_t i = 0; i < many.outputs.size(); ++i) {
    ASSERT_EQ(many.outputs[i].size(), one.outputs[i].size());
    for (std::size_t k = 0; k < many.outputs[i].size(); ++k) ASSERT_NEAR(many.outputs[i][k], one.outputs[i][k], 1e-5);
  }
}

TEST(Model, ChoosesItsBatchByMeasurementWhereNoneIsWanted) {
  const PlanFile file(small_network(kUnknown));
  ModelOptions options;
  options.path = file.path;
  options.batch = 0;
  const auto model = Model::open(options);
  const int batch = model->backend().max_batch();
  EXPECT_TRUE(batch == 1 || batch == 2 || batch == 4) << batch;
  EXPECT_EQ(model->backend().batch_note(), "") << "nothing else was asked for";
  const PlanFile baked(small_network(kUnknown, true), 1);
  options.path = baked.path;
  EXPECT_EQ(Model::open(options)->backend().max_batch(), 1) << "it can't batch";
  EXPECT_EQ(Model::open(options)->backend().batch_note(), "");
}

TEST(Model, RunsNetworksWithAFixedBatchAtThatBatch) {
  const PlanFile three(small_network(3)), one(small_network(1));
  const auto model = Model::open(options_for(three, 8)), single = Model::open(options_for(one, 1));
  EXPECT_EQ(model->backend().max_batch(), 3);
  EXPECT_FALSE(model->backend().batch_note().empty());
  const Collected a = run_all(*model, 7), b = run_all(*single, 7);
  ASSERT_EQ(a.outputs.size(), 7u);
  for (std::size_t i = 0; i < 7; ++i) {
    for (std::size_t k = 0; k < a.outputs[i].size(); ++k) ASSERT_NEAR(a.outputs[i][k], b.outputs[i][k], 1e-5);
  }
}

TEST(Model, RunsOneByOneWhatCannotBatchAfterAll) {
  const PlanFile file(small_network(kUnknown, true), 1);
  const auto model = Model::open(options_for(file, 4));
  EXPECT_EQ(model->backend().max_batch(), 1);
  EXPECT_FALSE(model->backend().batch_note().empty());
  EXPECT_EQ(run_all(*model, 5).outputs.size(), 5u);
}

TEST(Model, IsSharedByEqualOptionsAndGoesWithItsLastUser) {
  const PlanFile file(small_network(1));
  auto a = Model::open(options_for(file, 1));
  EXPECT_EQ(a, Model::open(options_for(file, 1)));
  ModelOptions other = options_for(file, 1);
  other.contexts = 2;
  EXPECT_NE(a, Model::open(other));
  const std::weak_ptr<Model> gone = a;
  a.reset();
  EXPECT_TRUE(gone.expired());
}

TEST(Model, TellsDecodersHowTheOutputsComeAbout) {
  ModelOptions options;
  options.path = VIREO_SOURCE_DIR "/config/models/demo/street.onnx";
  options.build_budget_s = 0;
  const Model model(options);
  ASSERT_EQ(model.description().output_tail.size(), model.description().outputs.size());
  for (const std::vector<std::string>& tail : model.description().output_tail)
    EXPECT_NE(std::find(tail.begin(), tail.end(), "Conv"), tail.end());
}

TEST(Model, RefusesFilesThatAreNoModel) {
  ModelOptions options;
  options.path = "/nowhere/net.onnx";
  EXPECT_THROW((void)Model::open(options), Error);
  options.path = VIREO_SOURCE_DIR "/CMakeLists.txt";
  EXPECT_THROW((void)Model::open(options), Error);
}

}  // namespace
}  // namespace vireo::infer
