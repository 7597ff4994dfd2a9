// Operators that few networks have, imported, built, saved, loaded and run, with sizes that come at run time.
#include <cmath>
#include <filesystem>
#include <numeric>

#include "engine/api/builder.h"
#include "engine/api/engine.h"
#include "tests/import/model.h"

namespace vireo::import_testing {
namespace {

using Values = std::vector<double>;
constexpr int kInt64 = onnx::TensorProto::INT64, kBool = onnx::TensorProto::BOOL;

/// An input of a run.
struct Given {
  Dims dims;
  Values values;
};

/// A model as it runs: in a plan that was written and read again.
class Running {
 public:
  explicit Running(const Model& model) {
    BuildOptions options;
    options.budget_s = 0;
    const auto path = std::filesystem::temp_directory_path() /
                      ("uncommon" + std::to_string(reinterpret_cast<std::uintptr_t>(this)) + ".plan");
    build(model.load(), options).save(path);
    engine_ = Engine::load(path, {}, {.threads = 2});
    std::filesystem::remove(path);
    context_ = engine_->create_context();
  }

  /// Output `k`.
  Values operator()(const std::vector<Given>& inputs, std::size_t k = 0, Dims* dims = nullptr) {
    const Status status = start(inputs);
    EXPECT_TRUE(status.ok()) << status.message();
    if (!status.ok()) return {};
    const TensorInfo info = engine_->outputs()[k];
    const Dims extents = context_->shape(info.name);
    if (dims) *dims = extents;
    const Buffer data = context_->result(info.name);
    const auto bytes = byte_count(info.dtype, extents);
    return graph::to_reals(*graph::make_constant(info.dtype, extents, data.data(), bytes));
  }
  std::string error(const std::vector<Given>& inputs) {
    try {
      return std::string(start(inputs).message());
    } catch (const Error& error) {
      return error.what();
    }
  }

 private:
  Status start(const std::vector<Given>& inputs) {
    const auto infos = engine_->inputs();
    for (std::size_t k = 0; k < inputs.size(); ++k) context_->set_shape(infos[k].name, inputs[k].dims);
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const Buffer buffer = Buffer::host(std::max<std::size_t>(8 * inputs[k].values.size(), 8));
      for (std::size_t i = 0; i < inputs[k].values.size(); ++i) {
        const double value = inputs[k].values[i];
        if (infos[k].dtype == DataType::float32) buffer.as<float>()[i] = static_cast<float>(value);
        else if (infos[k].dtype == DataType::int64) buffer.as<std::int64_t>()[i] = static_cast<std::int64_t>(value);
        else buffer.as<std::uint8_t>()[i] = value != 0;
      }
      context_->bind(infos[k].name, buffer);
    }
    for (const TensorInfo& output : engine_->outputs()) {
      try {
        (void)context_->allocate(output.name);
      } catch (const Error& error) {  // result() tells then
        EXPECT_NE(std::string(error.what()).find("depends on data"), std::string::npos) << error.what();
      }
    }
    return context_->run();
  }

  std::shared_ptr<Engine> engine_;
  std::unique_ptr<Context> context_;
};

TEST(Uncommon, UniqueGivesAllFourOutputsAndAsManyAsTheDataHave) {
  Model model;
  model.input("x", {-1}).node("Unique", {"x"}, {"y", "first", "kind", "count"}, {{"sorted", std::int64_t{0}}});
  model.output("y").output("first").output("kind").output("count");
  Running run(model);
  const Given six{{6}, {2, 1, 1, 3, 4, 3}}, three{{3}, {5, 5, 5}};
  EXPECT_VALUES(run({six}), Values{2, 1, 3, 4});
  EXPECT_VALUES(run({six}, 1), Values{0, 1, 3, 4});
  EXPECT_VALUES(run({six}, 2), Values{0, 1, 1, 2, 3, 2});
  EXPECT_VALUES(run({six}, 3), Values{1, 2, 2, 1});
  EXPECT_VALUES(run({three}), Values{5});
  EXPECT_VALUES(run({three}, 2), Values{0, 0, 0});
  EXPECT_VALUES(run({three}, 3), Values{3});
}

TEST(Uncommon, UniqueSubtensorsKeepTheirAxis) {
  Model model;
  model.input("x", {2, 3}).node("Unique", {"x"}, {"y"}, {{"axis", std::int64_t{1}}}).output("y");
  Dims dims;
  EXPECT_VALUES(Running(model)({{{2, 3}, {4, 1, 4, 5, 2, 5}}}, 0, &dims), Values{1, 4, 2, 5});
  EXPECT_EQ(dims, (Dims{2, 2}));
}

TEST(Uncommon, CropsAndPadsFollowAShapeThatComesAtRunTime) {
  Model model(18);
  model.input("x", {2, -1}).input("shape", {1}, kInt64);
  model.node("CenterCropPad", {"x", "shape"}, {"y"}, {{"axes", Ints{-1}}}).output("y");
  Running run(model);
  const Given x{{2, 3}, ramp(6)};
  EXPECT_VALUES(run({x, {{1}, {1}}}), Values{1, 4});
  EXPECT_VALUES(run({x, {{1}, {6}}}), Values{0, 0, 1, 2, 0, 0, 0, 3, 4, 5, 0, 0});
  EXPECT_VALUES(run({{{2, 1}, {7, 8}}, {{1}, {2}}}), Values{7, 0, 8, 0});
}

TEST(Uncommon, ImagesOfColumnsFollowAShapeThatComesAtRunTime) {
  Model model(18);
  model.input("x", {1, 4, -1}).input("image", {2}, kInt64).constant("block", Ints{2, 2});
  model.node("Col2Im", {"x", "image", "block"}, {"y"}).output("y");
  Running run(model);
  EXPECT_VALUES(run({{{1, 4, 2}, Values(8, 1)}, {{2}, {2, 3}}}), Values{1, 2, 1, 1, 2, 1});
  EXPECT_VALUES(run({{{1, 4, 4}, Values(16, 1)}, {{2}, {3, 3}}}), Values{1, 2, 1, 2, 4, 2, 1, 2, 1});
  EXPECT_NE(run.error({{{1, 4, 3}, Values(12, 1)}, {{2}, {3, 3}}}), "");
  EXPECT_VALUES(run({{{1, 4, 1}, Values(4, 1)}, {{2}, {2, 2}}}), Values(4, 1));
}

TEST(Uncommon, DropoutLeavesEverythingWhereTheFlagIsFalseAtRunTime) {
  Model model(13);
  model.input("x", {-1}).input("ratio", {}).input("training", {}, kBool);
  model.node("Dropout", {"x", "ratio", "training"}, {"y", "mask"}, {{"seed", std::int64_t{3}}})
      .output("y")
      .output("mask");
  Running run(model);
  const Given x{{1000}, Values(1000, 1)}, half{{}, {0.5}}, yes{{}, {1}}, no{{}, {0}};
  EXPECT_VALUES(run({x, half, no}), x.values);
  EXPECT_VALUES(run({x, half, no}, 1), x.values);
  const Values y = run({x, half, yes}), mask = run({x, half, yes}, 1);
  const double kept = std::accumulate(mask.begin(), mask.end(), 0.0);
  EXPECT_NEAR(kept, 500, 60);
  for (std::size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], 2 * mask[i]);
  EXPECT_VALUES(run({x, half, yes}), y);
}

TEST(Uncommon, RandomNumbersAreThoseOfTheirSeed) {
  const auto draw = [](float seed) {
    Model model;
    model.input("x", {-1, 3}).node("RandomNormalLike", {"x"}, {"y"}, {{"mean", 2.0f}, {"scale", 0.5f}, {"seed", seed}});
    return Running(model.output("y"));
  };
  Running run = draw(1), same = draw(1), other = draw(2);
  const Given large{{1000, 3}, Values(3000, 0)};
  const Values y = run({large});
  EXPECT_VALUES(same({large}), y);
  EXPECT_NE(other({large}), y);
  const double mean = std::accumulate(y.begin(), y.end(), 0.0) / 3000;
  double variance = 0;
  for (const double v : y) variance += (v - mean) * (v - mean) / 3000;
  EXPECT_NEAR(mean, 2, 0.05);
  EXPECT_NEAR(std::sqrt(variance), 0.5, 0.05);
  EXPECT_VALUES(run({{{2, 3}, Values(6, 0)}}), Values(y.begin(), y.begin() + 6));
}

TEST(Uncommon, MultinomialDrawsByTheProbabilities) {
  Model model;
  model.input("x", {2, 3}).node("Multinomial", {"x"}, {"y"}, {{"sample_size", std::int64_t{4000}}, {"seed", 5.0f}});
  Dims dims;
  // Probabilities 1/8, 1/8, 3/4 and 0, 1, 0.
  const Values y = Running(model.output("y"))({{{2, 3}, {0, 0, std::log(6.0), -100, 0, -100}}}, 0, &dims);
  ASSERT_EQ(dims, (Dims{2, 4000}));
  Values counts(6, 0);
  for (std::size_t i = 0; i < y.size(); ++i) counts.at(i / 4000 * 3 + static_cast<std::size_t>(y[i])) += 1;
  EXPECT_NEAR(counts[0], 500, 100);
  EXPECT_NEAR(counts[1], 500, 100);
  EXPECT_NEAR(counts[2], 3000, 150);
  EXPECT_EQ(counts[4], 4000);
}

TEST(Uncommon, SpectraComeOfASignalOfAnyLength) {
  Model model;
  model.input("x", {1, -1, 1}).constant("hop", Ints{4});
  model.node("Constant", {}, {"size"}, {{"value_int", std::int64_t{8}}}).node("HannWindow", {"size"}, {"window"});
  model.node("STFT", {"x", "hop", "window"}, {"y"}).output("y");
  Running run(model);
  for (const std::int64_t length : {8, 21}) {
    Values x;
    for (std::int64_t i = 0; i < length; ++i) x.push_back(std::cos(std::acos(-1.0) * static_cast<double>(i) / 2));
    Dims dims;
    const Values y = run({{{1, length, 1}, x}}, 0, &dims);
    ASSERT_EQ(dims, (Dims{1, (length - 8) / 4 + 1, 5, 2}));
    for (std::int64_t f = 0; f < dims[1]; ++f)  // a Hann window spreads a tone over three bins
      for (std::int64_t k = 0; k < 5; ++k)
        EXPECT_NEAR(y[static_cast<std::size_t>((f * 5 + k) * 2)], k == 2 ? 2 : k == 1 || k == 3 ? -1 : 0, 1e-5);
  }
}

TEST(Uncommon, ATransformAndBackIsTheSignal) {
  Model model(20);
  model.input("x", {2, -1, 1}).node("DFT", {"x"}, {"s"}, {{"onesided", std::int64_t{1}}});
  model.node("Shape", {"x"}, {"n"}, {{"start", std::int64_t{1}}, {"end", std::int64_t{2}}});
  model.node("DFT", {"s", "n"}, {"y"}, {{"onesided", std::int64_t{1}}, {"inverse", std::int64_t{1}}}).output("y");
  Running run(model);
  for (const std::int64_t n : {2, 9, 64, 37}) EXPECT_VALUES(run({{{2, n, 1}, ramp(2 * n, 0.25)}}), ramp(2 * n, 0.25));
}

TEST(Uncommon, LossesLeaveOutTheIgnoredLabel) {
  Model model;
  model.input("x", {-1, 3}).input("label", {-1}, kInt64).constant("w", {3}, Floats{1, 2, 4});
  model.node("NegativeLogLikelihoodLoss", {"x", "label", "w"}, {"y"}, {{"ignore_index", std::int64_t{-7}}}).output("y");
  Running run(model);
  EXPECT_VALUES(run({{{3, 3}, ramp(9)}, {{3}, {2, -7, 1}}}), Values{-(4 * 2 + 2 * 7) / 6.0});
  EXPECT_NE(run.error({{{1, 3}, ramp(3)}, {{1}, {3}}}), "");
}

TEST(Uncommon, UnpoolingPutsZerosBehindWhereTheShapeSaysSo) {
  Model model;
  model.input("x", {1, 1, 2, -1}).input("i", {1, 1, 2, -1}, kInt64).input("shape", {4}, kInt64);
  model.node("MaxUnpool", {"x", "i", "shape"}, {"y"}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}})
      .output("y");
  Running run(model);
  const Values y = run({{{1, 1, 2, 1}, {5, 6}}, {{1, 1, 2, 1}, {1, 6}}, {{4}, {1, 1, 4, 3}}});
  EXPECT_VALUES(y, Values{0, 5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0});
}

TEST(Uncommon, CubicSamplesBehindTheBorderWeighItsPixels) {
  Model model(20);
  model.input("x", {1, 1, 1, 4}).input("g", {1, 1, 1, 2});
  const Attribute cubic{"mode", std::string("cubic")}, border{"padding_mode", std::string("border")};
  model.node("GridSample", {"x", "g"}, {"y"}, {cubic, border, {"align_corners", std::int64_t{1}}}).output("y");
  // At -0.5: pixels 0 0 | 0 1 with the weights of half a step, -3/32 and 19/32.
  EXPECT_VALUES(Running(model)({{{1, 1, 1, 4}, {2, 10, 0, 0}}, {{1, 1, 1, 2}, {-4.0 / 3, 0}}}),
                Values{2 - 8 * 3.0 / 32});
}

TEST(Uncommon, WhatIsRefusedSaysWhatToDo) {
  ErrorCode code{};
  Model picture(20);
  picture.input("x", {-1}, onnx::TensorProto::UINT8).node("ImageDecoder", {"x"}, {"y"}).output("y");
  EXPECT_NE(error_of(picture.bytes(), &code).find("decode pictures before the network"), std::string::npos);
  EXPECT_EQ(code, ErrorCode::unsupported);
  Model training;
  training.import("ai.onnx.preview.training", 1).input("x", {2}).input("r", {}).input("t", {}, kInt64);
  training.node("Adam", {"r", "t", "x", "x", "x", "x"}, {"y", "v", "h"}, {}, "ai.onnx.preview.training").output("y");
  EXPECT_NE(error_of(training.bytes(), &code).find("export the network for inference"), std::string::npos);
  EXPECT_EQ(code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace vireo::import_testing
