// What rounding to bfloat16 costs layers by their weights, who is let in by it, and that no tactic that changes
// arithmetic goes without being asked.

#include "engine/ops/shared/bf16_error.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <map>
#include <random>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/graph/operator.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/table.h"

namespace {

using namespace vireo;

/// A matrix [columns][depth] of these weights.
struct Matrix {
  std::vector<float> values;
  std::int64_t columns, depth;
  Matrix(std::int64_t columns_of, std::int64_t depth_of, const std::function<double()>& value)
      : columns(columns_of), depth(depth_of) {
    for (std::int64_t i = 0; i < columns * depth; ++i) values.push_back(static_cast<float>(value()));
  }
  [[nodiscard]] ops::WeightColumns view() const {
    return {.data = values.data(), .columns = columns, .depth = depth, .column_step = depth};
  }
};

std::mt19937& random_source() {
  static std::mt19937 random(11);
  return random;
}
double normal() { return std::normal_distribution<double>(0, 1)(random_source()); }

TEST(Bf16Error, OfUsualWeightsIsSmallWhateverTheirNumberAndScale) {
  for (const std::int64_t depth : {9, 64, 576, 4608})
    for (const double scale : {1e-20, 0.05, 1e20}) {
      const ops::Bf16Error error = ops::bf16_error(Matrix(24, depth, [&] { return normal() * scale; }).view());
      std::printf("%d weights of %g: centred %.2e, positive %.2e\n", static_cast<int>(depth), scale, error.centred,
                  error.positive);
      EXPECT_GT(error.centred, 5e-4);
      EXPECT_GT(error.positive, 5e-4);
      EXPECT_LT(error.worst(), 6e-3);
    }
  // All positive, as those of an average: what is alike in them cancels, but no more than the rest.
  EXPECT_LT(ops::bf16_error(Matrix(24, 64, [] { return 0.5 + 0.25 * std::sin(normal()); }).view()).worst(),
            ops::kBf16Error);
}

TEST(Bf16Error, GrowsWithWhatWeightsHaveInCommon) {
  double before = 0;
  for (const double mean : {0.0, 3.0, 30.0, 300.0}) {
    const ops::Bf16Error error = ops::bf16_error(Matrix(24, 256, [&] { return mean + normal(); }).view());
    std::printf("mean %g beside differences of 1: centred %.2e, positive %.2e\n", mean, error.centred, error.positive);
    EXPECT_GT(error.centred, before);
    EXPECT_EQ(error.worst() > ops::kBf16Error, mean >= 30);
    before = error.centred;
  }
}

TEST(Bf16Error, OfWeightsThatSumToZeroShowsBehindPositiveInputs) {
  double sum = 0;
  int i = 0;
  const Matrix edges(16, 64, [&] {  // every 64 of them sum to zero
    if (i++ % 64 == 63) return std::exchange(sum, 0) * -1;
    const double value = normal();
    sum += value;
    return value;
  });
  const ops::Bf16Error error = ops::bf16_error(edges.view());
  EXPECT_LT(error.centred, 6e-3);
  EXPECT_GT(error.positive, ops::kBf16Error);
}

TEST(Bf16Error, IsNoneWhereWeightsAreZeroAndInfiniteWhereTheyAreNoNumbers) {
  EXPECT_EQ(ops::bf16_error(Matrix(3, 8, [] { return 0.0; }).view()).worst(), 0);
  for (const double bad : {static_cast<double>(NAN), 3.4e38, static_cast<double>(INFINITY)}) {
    int i = 0;
    const Matrix weights(40, 8, [&] { return ++i == 100 ? bad : 1 + normal(); });
    EXPECT_EQ(ops::bf16_error(weights.view()).worst(), std::numeric_limits<double>::infinity()) << bad;
  }
  EXPECT_GT(ops::bf16_error(Matrix(8, 8, [] { return 1e-42 * normal(); }).view()).worst(), 0.9) << "subnormals go";
  int i = 0;  // a channel that training left for dead
  EXPECT_LT(ops::bf16_error(Matrix(8, 8, [&] { return (++i <= 8 ? 1e-42 : 1) * normal(); }).view()).worst(),
            ops::kBf16Error);
}

TEST(Bf16Error, IsTheSameHoweverTheMatrixLies) {
  const Matrix rows(6, 40, normal);
  Matrix columns = rows;
  for (std::int64_t j = 0; j < 6; ++j)
    for (std::int64_t k = 0; k < 40; ++k)
      columns.values[static_cast<std::size_t>(k * 6 + j)] = rows.values[static_cast<std::size_t>(j * 40 + k)];
  const auto a = ops::bf16_error(rows.view());
  const auto b = ops::bf16_error({.data = columns.values.data(), .columns = 6, .depth = 40, .depth_step = 6});
  const auto c = ops::bf16_error(
      {.data = rows.values.data(), .matrices = 2, .columns = 3, .depth = 40, .matrix_step = 120, .column_step = 40});
  EXPECT_EQ(a.centred, b.centred);
  EXPECT_EQ(a.positive, b.positive);
  EXPECT_EQ(a.centred, c.centred);
}

TEST(Bf16Error, OfLargeLayersTakesMilliseconds) {
  for (const std::int64_t depth : {4608, 25088}) {
    const Matrix weights(512, depth, [] { return static_cast<double>(random_source()() % 2001) - 1000; });
    const auto start = std::chrono::steady_clock::now();
    EXPECT_LT(ops::bf16_error(weights.view()).worst(), ops::kBf16Error);
    std::printf("512 columns of %d: %.1f ms\n", static_cast<int>(depth),
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() * 1e3);
  }
}

/// Counts what is measured, and keeps it.
class CountingStore : public graph::PackedWeights {
 public:
  std::shared_ptr<const std::byte> get(const std::string& key, std::size_t bytes,
                                       const graph::FillPacked& fill) override {
    auto& block = blocks[key];
    if (!block) {
      const std::shared_ptr<std::byte> fresh = base::allocate_aligned(bytes);
      fill(fresh.get());
      block = fresh;
    }
    return block;
  }
  std::map<std::string, std::shared_ptr<const std::byte>> blocks;
};

/// What tactics that round say of a layer whose input `known` holds these weights.
std::vector<std::string> verdicts(const char* op_name, std::vector<Dims> inputs, const Dims& output, std::size_t known,
                                  const graph::Attributes& attributes, const std::function<double()>& value,
                                  CountingStore* store = nullptr) {
  graph::Problem problem;
  problem.op = ops::find_operator(op_name);
  problem.attributes = &attributes;
  problem.packs = store;
  for (const Dims& dims : inputs) problem.inputs.push_back({DataType::float32, dims, dims.back(), nullptr});
  problem.outputs.push_back({DataType::float32, output, output.back(), nullptr});
  std::vector<float> values(static_cast<std::size_t>(element_count(inputs[known])));
  for (float& v : values) v = static_cast<float>(value());
  problem.inputs[known].constant = graph::make_constant(values, inputs[known]);
  std::vector<std::string> list;
  for (const graph::Tactic& tactic : problem.op->tactics()) {
    if (tactic.arithmetic != Precision::bf16) continue;
    EXPECT_EQ(tactic.refuse(problem), "") << tactic.name;
    list.push_back(tactic.admit(problem));
  }
  return list;
}

struct Layer {
  const char* op;
  std::vector<Dims> inputs;
  Dims output;
  std::size_t known;
  graph::Attributes attributes;
};

std::vector<Layer> layers() {
  graph::Attributes nhwc, trans_b;
  nhwc.set("layout", std::string("nhwc"));
  trans_b.set("transB", std::int64_t{1});
  return {{"conv", {{1, 7, 7, 32}, {24, 32, 3, 3}}, {1, 5, 5, 24}, 1, nhwc},
          {"gemm", {{4, 96}, {96, 40}}, {4, 40}, 1, {}},
          {"gemm", {{4, 96}, {40, 96}}, {4, 40}, 1, trans_b},
          {"matmul", {{2, 3, 96}, {2, 96, 40}}, {2, 3, 40}, 1, {}},
          {"matmul", {{5, 96}, {96, 40}}, {5, 40}, 0, {}}};
}

TEST(Bf16Guard, LetsUsualWeightsInAndRefusesThoseThatCancel) {
  for (const Layer& layer : layers()) {
    SCOPED_TRACE(layer.op);
    const auto say = [&](const std::function<double()>& value) {
      return verdicts(layer.op, layer.inputs, layer.output, layer.known, layer.attributes, value);
    };
    for (const std::string& why : say([] { return 0.05 * normal(); })) EXPECT_EQ(why, "");
    const std::vector<std::string> refusals = say([] { return 1 + 0.01 * normal(); });
    for (const std::string& why : refusals) {
      EXPECT_NE(why.find("rounded to bfloat16, the relative error with these weights is 0."), std::string::npos) << why;
      EXPECT_NE(why.find("more than 0.02"), std::string::npos) << why;
    }
#if defined(__x86_64__)
    EXPECT_EQ(refusals.size(), 2u);
#endif
  }
}

TEST(Bf16Guard, MeasuresOnceAndKeepsIt) {
  for (const Layer& layer : layers()) {
    CountingStore store;
    (void)verdicts(layer.op, layer.inputs, layer.output, layer.known, layer.attributes, normal, &store);
    if (store.blocks.empty()) GTEST_SKIP() << "no tactic rounds";
    ASSERT_EQ(store.blocks.size(), 1u) << layer.op;
    EXPECT_EQ(graph::elements_of(store.blocks.begin()->first), DataType::float64);
  }
}

TEST(Tactics, ThatChangeArithmeticAllSayWhomTheyAdmit) {
  int inexact = 0;
  for (const graph::Operator* op : ops::all_operators()) {
    if (!op->tactics) continue;
    for (const graph::Tactic& tactic : op->tactics()) {
      inexact += !tactic.exact;
      EXPECT_EQ(tactic.exact, tactic.admit == nullptr) << tactic.name;
      EXPECT_TRUE(tactic.exact ? tactic.arithmetic == Precision::fp32 : true) << tactic.name;
    }
  }
  EXPECT_GE(inexact, 3);
}

TEST(PackedWeights, SayInTheirKeyWhatTheyHold) {
  CountingStore store;
  graph::Problem problem;
  problem.packs = &store;
  for (const DataType type : {DataType::float32, DataType::bfloat16})
    (void)graph::packed(problem, "rows w8", type, {}, 64, [](std::byte*) {});
  ASSERT_EQ(store.blocks.size(), 2u);
  EXPECT_EQ(graph::elements_of(store.blocks.begin()->first), DataType::bfloat16);
  EXPECT_EQ(graph::elements_of(store.blocks.rbegin()->first), DataType::float32);
  EXPECT_EQ(graph::elements_of("rows w8 b64"), DataType::undefined);
  EXPECT_THROW((void)graph::packed(problem, "rows w8", DataType::float32, {}, 63, [](std::byte*) {}), Error);
}

/// What the kernels' own packed weights say of themselves.
TEST(PackedWeights, OfKernelsThatRoundAreOfBfloat16) {
  for (const Layer& layer : layers()) {
    if (layer.known != 1) continue;
    graph::Problem problem;
    problem.op = ops::find_operator(layer.op);
    problem.attributes = &layer.attributes;
    for (const Dims& dims : layer.inputs) problem.inputs.push_back({DataType::float32, dims, dims.back(), nullptr});
    problem.outputs.push_back({DataType::float32, layer.output, layer.output.back(), nullptr});
    problem.inputs[1].constant = graph::make_constant(
        std::vector<float>(static_cast<std::size_t>(element_count(layer.inputs[1])), 1.0f), layer.inputs[1]);
    for (const graph::Tactic& tactic : problem.op->tactics()) {
      if (tactic.device != "cpu" || !graph::runs_on(tactic.isa, base::cpu_features()) ||
          !tactic.refuse(problem).empty())
        continue;
      CountingStore store;
      problem.packs = &store;
      (void)tactic.prepare(problem);
      ASSERT_EQ(store.blocks.size(), 1u) << tactic.name;
      EXPECT_EQ(graph::elements_of(store.blocks.begin()->first),
                tactic.arithmetic == Precision::bf16 ? DataType::bfloat16 : DataType::float32)
          << tactic.name;
    }
  }
}

}  // namespace
