// Every tactic of grid_sample against the reference: all modes, paddings and alignments on random grids that reach
// outside, with points on pixels, between them and on edges, huge, infinite and NaN coordinates, extents of 1, and maps
// with NaN. Tolerance: 2e-6 of the largest value around, float32 sums of up to 64 terms; what isn't a number must not
// be one either.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "engine/graph/evaluate.h"
#include "engine/ops/table.h"
#include "tests/kernels/run_launch.h"

namespace {

using namespace vireo;

struct Sampling {
  Dims x, grid;
  std::string mode, padding;
  bool align = false;
};

/// Runs the reference and every tactic; counts the tactics that took it.
int check(const Sampling& c, const std::vector<float>& x, const std::vector<float>& grid, std::mt19937& random) {
  const graph::Operator& op = *ops::find_operator("grid_sample");
  graph::Attributes attributes;
  attributes.set("mode", c.mode);
  attributes.set("padding_mode", c.padding);
  attributes.set("align_corners", std::int64_t{c.align});
  graph::Graph g;
  const graph::LayerId id = g.add_layer(
      op, "layer", {g.add_input("x", DataType::float32, c.x), g.add_input("grid", DataType::float32, c.grid)},
      attributes);
  const Dims out = g.tensor(g.layer(id).outputs[0]).dims;
  std::vector<float> expected(static_cast<std::size_t>(element_count(out)));
  graph::Problem problem{.op = &op, .attributes = &g.layer(id).attributes, .workers = 2};
  problem.inputs = {{DataType::float32, c.x, c.x.back(), nullptr}, {DataType::float32, c.grid, c.grid.back(), nullptr}};
  problem.outputs = {{DataType::float32, out, out.back(), nullptr}};
  const void* from[] = {x.data(), grid.data()};
  void* to = expected.data();
  graph::run_reference(problem, from, &to);
  float largest = 1;
  for (const float v : x)
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  int runs = 0;
  for (const graph::Tactic& tactic : op.tactics()) {
    if (!tests::available(tactic)) continue;
    SCOPED_TRACE(std::string(tactic.name) + " " + problem.key());
    EXPECT_EQ(tactic.refuse(problem), "");
    EXPECT_GT(tactic.predict(problem), 0);
    std::vector<float> y(expected.size(), 777.0f);
    std::vector<void*> outputs{y.data()};
    tests::run_launch(tactic.prepare(problem), {x.data(), grid.data()}, outputs, random);
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (std::isnan(expected[i]) ? std::isnan(y[i]) : std::abs(y[i] - expected[i]) <= 2e-6f * largest) continue;
      ADD_FAILURE() << "element " << i << " is " << y[i] << ", expected " << expected[i];
      return runs;
    }
    ++runs;
  }
  return runs;
}

std::vector<float> noise(const Dims& dims, std::mt19937& random, float most) {
  std::uniform_real_distribution<float> uniform(-most, most);
  std::vector<float> values(static_cast<std::size_t>(element_count(dims)));
  for (float& v : values) v = uniform(random);
  return values;
}

template <typename F>
void for_every_setting(F&& f) {
  for (const char* mode : {"nearest", "linear", "cubic"})
    for (const char* padding : {"zeros", "border", "reflection"})
      for (const bool align : {false, true}) f(mode, padding, align);
}

TEST(GridSample, agrees_with_the_reference_on_random_grids) {
  const unsigned seed = 15;
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  const std::pair<Dims, Dims> shapes[] = {
      {{2, 1, 5, 9}, {2, 4, 7, 2}},    {{1, 3, 16, 12}, {1, 20, 9, 2}},     {{2, 17, 7, 6}, {2, 13, 11, 2}},
      {{1, 70, 9, 8}, {1, 10, 10, 2}}, {{1, 5, 60, 60}, {1, 1, 3, 2}},      {{1, 133, 40, 33}, {1, 9, 1, 2}},
      {{1, 16, 31}, {1, 70, 1}},       {{1, 20, 4, 5, 6}, {1, 5, 4, 4, 3}},
  };
  int runs = 0;
  for (const auto& [x, grid] : shapes)
    for_every_setting([&](const char* mode, const char* padding, bool align) {
      runs += check({x, grid, mode, padding, align}, noise(x, random, 3), noise(grid, random, 1.7f), random);
    });
  EXPECT_GE(runs, 8 * 18);
}

/// Where roundings decide: on pixels, exactly between two, on both edges, and far outside.
TEST(GridSample, agrees_with_the_reference_on_awkward_coordinates) {
  std::mt19937 random(4);
  const float inf = INFINITY;
  for (const std::int64_t extent : {1, 2, 3, 8}) {
    std::vector<float> line{NAN, inf,   -inf,       1e30f,       -1e30f, 3e9f,  -3e9f, 1, -1,
                            0,   -0.0f, 1.0000001f, -1.0000001f, 2.5f,   -2.5f, 7,     -7};
    for (std::int64_t k = -2 * extent; k <= 4 * extent; ++k)
      line.push_back(static_cast<float>(k) / static_cast<float>(extent) - 1);
    if (extent > 1)
      for (std::int64_t k = -3; k <= 2 * extent; ++k)
        line.push_back(static_cast<float>(k) / static_cast<float>(extent - 1) - 1);
    const auto side = static_cast<std::int64_t>(line.size());
    std::vector<float> grid;
    for (const float y : line)
      for (const float x : line) grid.insert(grid.end(), {x, y});
    for (const std::int64_t channels : {1, 6, 40})
      for_every_setting([&](const char* mode, const char* padding, bool align) {
        const Dims x{1, channels, extent, extent};
        EXPECT_GT(check({x, {1, side, side, 2}, mode, padding, align}, noise(x, random, 3), grid, random), 0);
      });
  }
}

/// A pixel that weighs nothing, or lies outside, isn't read: its NaN reaches no other point.
TEST(GridSample, reads_no_pixel_that_weighs_nothing) {
  std::mt19937 random(8);
  const Dims map{1, 20, 3, 3};
  for (const std::int64_t points : {1, 90}) {  // in place and turned
    std::vector<float> grid;
    for (std::int64_t i = 0; i < points; ++i)
      grid.insert(grid.end(), {static_cast<float>(i % 3) - 1, static_cast<float>(i / 3 % 3) - 1});
    for_every_setting([&](const char* mode, const char* padding, bool) {
      std::vector<float> x = noise(map, random, 3);
      for (std::size_t c = 0; c < 20; ++c) x[c * 9 + 4] = NAN;
      EXPECT_GT(check({map, {1, points, 1, 2}, mode, padding, true}, x, grid, random), 0);
    });
  }
}

}  // namespace
