// TopK and NonMaxSuppression against their references where order is delicate: ties, NaN, infinities, rows that ascend,
// boxes without area, boxes that overlap by exactly the limit.

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "engine/ops/table.h"
#include "tests/kernels/run_launch.h"

namespace vireo::tests {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();

std::vector<std::vector<float>> awkward_rows(std::int64_t extent, std::mt19937& random) {
  const auto n = static_cast<std::size_t>(extent);
  std::vector<std::vector<float>> rows(7, std::vector<float>(n));
  std::uniform_real_distribution<float> real(-1, 1);
  std::uniform_int_distribution<int> few(-2, 2);
  for (std::size_t i = 0; i < n; ++i) {
    rows[0][i] = real(random);
    rows[1][i] = static_cast<float>(few(random));  // ties
    rows[2][i] = static_cast<float>(i);
    rows[3][i] = -static_cast<float>(i);
    rows[4][i] = few(random) == 0 ? kNaN : real(random);
    rows[5][i] = few(random) > 0 ? kInfinity : few(random) > 0 ? -kInfinity : few(random) > 0 ? -0.0f : 0.0f;
    rows[6][i] = kNaN;
  }
  return rows;
}

TEST(TopK, agrees_with_the_reference_on_awkward_rows) {
  const graph::Operator& op = *ops::find_operator("top_k");
  std::mt19937 random(7);
  for (const std::int64_t extent : {1, 5, 16, 333, 3000})
    for (const std::int64_t k : {std::int64_t{1}, (extent + 2) / 3, extent})
      for (const bool largest : {true, false}) {
        const auto rows = awkward_rows(extent, random);
        const auto outer = static_cast<std::int64_t>(rows.size());
        graph::Attributes attributes;
        attributes.set("axis", std::int64_t{1});
        attributes.set("largest", std::int64_t{largest});
        std::vector<float> x, expected(static_cast<std::size_t>(outer * k));
        for (const auto& row : rows) x.insert(x.end(), row.begin(), row.end());
        std::vector<std::int64_t> expected_at(expected.size());
        std::vector<graph::View> in{{DataType::float32, {outer, extent}, x.data()}};
        std::vector<graph::View> out{{DataType::float32, {outer, k}, expected.data()},
                                     {DataType::int64, {outer, k}, expected_at.data()}};
        op.reference({attributes, in, out});
        graph::Problem problem{.op = &op, .attributes = &attributes, .workers = 2};
        problem.inputs = {{DataType::float32, {outer, extent}, extent, nullptr}};
        problem.outputs = {{DataType::float32, {outer, k}, k, nullptr}, {DataType::int64, {outer, k}, k, nullptr}};
        for (const graph::Tactic& tactic : op.tactics()) {
          if (!available(tactic)) continue;
          SCOPED_TRACE(std::string(tactic.name) + ", " + std::to_string(k) + " of " + std::to_string(extent) +
                       (largest ? " largest" : " smallest"));
          ASSERT_EQ(tactic.refuse(problem), "");
          std::vector<float> y(expected.size());
          std::vector<std::int64_t> at(expected.size());
          std::vector<void*> outputs{y.data(), at.data()};
          run_launch(tactic.prepare(problem), {x.data()}, outputs, random);
          EXPECT_EQ(at, expected_at);
          for (std::size_t i = 0; i < y.size(); ++i)
            ASSERT_TRUE(y[i] == expected[i] || (y[i] != y[i] && expected[i] != expected[i])) << i;
        }
      }
}

/// Boxes on a coarse grid, so that many overlap alike, some without area, some with NaN.
std::vector<float> awkward_boxes(std::int64_t count, bool centre, std::mt19937& random) {
  std::uniform_int_distribution<int> place(0, 12), extent(-3, 5), dice(0, 40);
  std::vector<float> boxes;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto y = static_cast<float>(place(random)), x = static_cast<float>(place(random));
    const auto h = static_cast<float>(extent(random)), w = static_cast<float>(extent(random));
    const float odd = dice(random) == 0 ? kNaN : 0;
    if (centre) boxes.insert(boxes.end(), {x, y + odd, w, h});
    else boxes.insert(boxes.end(), {y, x, y + h, x + w + odd});
  }
  return boxes;
}

TEST(NonMaxSuppression, runs_as_the_reference_says) {
  const graph::Operator& op = *ops::find_operator("non_max_suppression");
  ASSERT_NE(op.evaluate_data_dependent, nullptr);
  std::mt19937 random(8);
  std::uniform_real_distribution<float> real(0, 1);
  std::int64_t kept = 0, dropped = 0;
  for (const std::int64_t count : {0, 1, 7, 40, 500})
    for (const std::int64_t most : {0, 3, 1000})
      for (const float limit : {0.0f, 0.5f, 1.0f})
        for (const bool centre : {false, true})
          for (const bool with_floor : {false, true}) {
            graph::Attributes attributes;
            attributes.set("center_point_box", std::int64_t{centre});
            std::vector<float> boxes = awkward_boxes(2 * count, centre, random),
                               scores(static_cast<std::size_t>(2 * 3 * count));
            for (float& s : scores) s = std::round(real(random) * 20) / 20 - 0.1f;
            if (count > 6) scores[2] = kNaN, scores[4] = -kInfinity, scores[5] = kInfinity;
            std::int64_t limit_of_class = most;
            float overlap = limit, floor = 0.25f;
            std::vector<graph::View> in{{DataType::float32, {2, count, 4}, boxes.data()},
                                        {DataType::float32, {2, 3, count}, scores.data()},
                                        {DataType::int64, {1}, &limit_of_class},
                                        {DataType::float32, {1}, &overlap}};
            if (with_floor) in.push_back({DataType::float32, {1}, &floor});
            const std::int64_t bound = 6 * count;
            std::vector<std::int64_t> expected(static_cast<std::size_t>(3 * bound)), found(expected.size());
            std::vector<graph::View> a{{DataType::int64, {bound, 3}, expected.data()}},
                b{{DataType::int64, {bound, 3}, found.data()}};
            op.reference({attributes, in, a});
            op.evaluate_data_dependent({attributes, in, b});
            EXPECT_EQ(a[0].dims, b[0].dims);
            EXPECT_EQ(expected, found);
            kept += a[0].dims[0];
            dropped += bound - a[0].dims[0];
          }
  EXPECT_GT(kept, 1000);
  EXPECT_GT(dropped, 1000);
}

}  // namespace
}  // namespace vireo::tests
